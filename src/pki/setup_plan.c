/* Planning a set of certificates: what is there, what the .cnf files ask for, what differs. */
#include "pki/setup.h"

#include "pki/bundle.h"
#include "pki/extensions.h"
#include "pki/folder.h"
#include "pki/name.h"
#include "pki/request.h"

#include <dirent.h>
#include <openssl/err.h>
#include <unistd.h>

/* A folder that we made goes again if nothing came into it, or only the lock of a CA's state. */
static void take_back(const char *folder)
{
	DIR *listing = opendir(folder);
	bool locked = false, used = false;
	if (!listing)
		return;
	for (const struct dirent *entry; (entry = readdir(listing));) {
		bool lock = !strcmp(entry->d_name, CA_LOCK_NAME);
		locked |= lock;
		used |= !lock && strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	}
	if (locked && !used)
		unlinkat(dirfd(listing), CA_LOCK_NAME, 0);
	closedir(listing);
	rmdir(folder); /* stays unless it is empty */
}

void setup_free(struct setup *setup)
{
	if (!setup)
		return;
	for (size_t i = 0; i < setup->count; i++) {
		struct setup_member *member = &setup->members[i];
		if (member->folder_made)
			take_back(member->folder);
		char *const texts[] = { member->folder, member->cnf, member->key_path,
			member->csr_path, member->crt_path, member->crt_copy };
		for (size_t j = 0; j < sizeof texts / sizeof texts[0]; j++)
			free(texts[j]);
		profile_free(member->profile);
		X509_NAME_free(member->subject);
		EVP_PKEY_free(member->key);
		X509_free(member->cert);
		X509_REQ_free(member->request);
	}
	free(setup->pfx_path);
	free(setup->pfx_password_path);
	notes_done(&setup->notes);
	if (setup->folder_made)
		take_back(setup->options.folder);
	if (setup->lock >= 0)
		close(setup->lock);
	free(setup);
}

/* What the command line says of the member's key type, or NULL. */
static const char *named_key_type(const struct setup *setup, const struct setup_member *member)
{
	const struct setup_options *options = &setup->options;
	bool own = member->role == ROLE_CA && options->ca_key_type;
	return own ? options->ca_key_type : options->key_type;
}

static bool plan_key_type(
	const struct setup *setup, struct setup_member *member, struct error *reterr)
{
	const char *text = named_key_type(setup, member);
	if (text)
		return key_type_parse(text, &member->key_type, reterr);
	/* Keys that are replaced stay of their kind; else the .cnf says how long RSA is. */
	const char *bits = profile_value(member->profile, "req", "default_bits");
	long long number = 0;
	if (member->had_cert)
		member->key_type = key_type_of(X509_get0_pubkey(member->cert));
	else if (bits && !text_number(bits, 2048, 16384, &number))
		return error_set(reterr, ERROR_INPUT,
			"cannot use the configuration '%s': default_bits = %s is no number from "
			"2048 to 16384",
			member->cnf, bits);
	else if (bits)
		member->key_type.bits = (unsigned)number;
	return true;
}

/* The type of a key not made yet shapes the .cnf that is written for it. */
static bool load_profile(struct setup *setup, struct setup_member *member, struct error *reterr)
{
	if (file_exists(member->cnf))
		return profile_load(member->cnf, &member->profile, reterr);
	const char *text = named_key_type(setup, member);
	if (text && !key_type_parse(text, &member->key_type, reterr))
		return false;
	OWN(char) char *content = setup_template(setup, member);
	member->make_cnf = true;
	for (const struct setup_member *other = setup->members; other < member; other++)
		if (!strcmp(other->cnf, member->cnf))
			member->make_cnf = false; /* two certificates of one file */
	return profile_parse(member->cnf, content, strlen(content), &member->profile, reterr);
}

/* Whether the file asks its subject although it is just as the layout has it. */
static bool is_own_question(const struct setup *setup, const struct setup_member *member)
{
	OWN(char) char *own = setup_template(setup, member);
	OWN(buffer) struct buffer text = BUFFER(FILE_INPUT_BYTES_MAX);
	struct error ignored;
	return setup->options.layout == SETUP_FOLDERS && member->role == ROLE_CA &&
	       (!file_exists(member->cnf) ||
		       (file_read(member->cnf, &text, &ignored) && !strcmp(text.data, own)));
}

static bool plan_subject(struct setup *setup, struct setup_member *member, struct error *reterr)
{
	static const char *const options[ROLE_COUNT] = { "--subject", "--server-subject",
		"--client-subject" };
	const char *given = setup->options.subjects[member->role];
	const char *prompt = profile_value(member->profile, "req", "prompt");
	bool asks = !prompt || strcmp(prompt, "no") != 0;
	if (given)
		return subject_parse(given, &member->subject, reterr);
	if (asks && member->had_cert) {
		/* A question does not change: the answer that was given stands. */
		member->subject = X509_NAME_dup(X509_get_subject_name(member->cert));
		return true;
	}
	if (asks && is_own_question(setup, member))
		return subject_common_name(
			setup_common_name(setup, member), &member->subject, reterr);
	return profile_subject(member->profile, options[member->role], setup->options.ask,
		setup->options.ask_context, &member->subject, reterr);
}

/* Keys stay unless forced; an encrypted one is opened only when something must be signed. */
static bool plan_key(struct setup *setup, struct setup_member *member, struct error *reterr)
{
	member->had_key = file_exists(member->key_path);
	member->make_key = !member->had_key || setup->options.force;
	if (!member->make_key) {
		OWN(bundle) struct bundle *bundle = NULL;
		const char *passphrase = member->role == ROLE_CA ? setup->options.passphrase : NULL;
		if (!bundle_read(member->key_path, passphrase, &bundle, reterr))
			return false;
		bool locked = bundle->key_locked && member->role == ROLE_CA && member->had_cert;
		if (!locked &&
			!bundle_private_key(member->key_path, passphrase, &member->key, reterr))
			return false;
	}
	if (!plan_key_type(setup, member, reterr))
		return false;
	if (!member->key)
		return true;
	struct key_type there = key_type_of(member->key);
	char name[KEY_NAME_BYTES];
	if (named_key_type(setup, member) && !key_type_equal(&there, &member->key_type))
		notes_add(&setup->notes,
			"'%s' is kept, although it is of another type (%s): "
			"--force replaces it",
			member->key_path, key_type_name(&there, name));
	member->key_type = there;
	return true;
}

/* The certificate's names and extensions as the .cnf now makes them, to compare. */
static bool make_trial(const struct setup *setup, const struct setup_member *member, X509 **ret,
	struct error *reterr)
{
	const struct setup_member *issuer =
		member->issuer < 0 ? NULL : &setup->members[member->issuer];
	OWN(X509) X509 *trial = X509_new();
	EVP_PKEY *key = member->key ? member->key : X509_get0_pubkey(member->cert);
	if (!trial || !X509_set_version(trial, X509_VERSION_3) ||
		!X509_set_serialNumber(trial, X509_get_serialNumber(member->cert)) ||
		!X509_set_subject_name(trial, member->subject) ||
		!X509_set_issuer_name(trial, issuer ? issuer->subject : member->subject) ||
		!X509_set_pubkey(trial, key))
		return error_openssl(reterr, ERROR_BUG, "cannot build a certificate");
	if (!extensions_add(member->profile, member->section, issuer ? issuer->cert : NULL, trial,
		    NULL, reterr))
		return false;
	*ret = TAKE(trial);
	return true;
}

/* Why the certificate that is there cannot stay, or NULL in *ret. */
static bool find_difference(const struct setup *setup, const struct setup_member *member,
	const char **ret, struct error *reterr)
{
	const struct setup_member *issuer =
		member->issuer < 0 ? member : &setup->members[member->issuer];
	if (member->make_key)
		*ret = "its key is new";
	else if (member->key && X509_check_private_key(member->cert, member->key) != 1)
		*ret = "its key is another one";
	else if (issuer != member && issuer->make_cert)
		*ret = "its CA's certificate is new";
	else if (X509_verify(member->cert, X509_get0_pubkey(issuer->cert)) != 1)
		*ret = "another key has signed it";
	else if (X509_cmp_current_time(X509_get0_notAfter(member->cert)) < 0)
		*ret = "it has expired";
	ERR_clear_error();
	if (*ret)
		return true;
	OWN(X509) X509 *trial = NULL;
	if (!make_trial(setup, member, &trial, reterr))
		return false;
	if (X509_NAME_cmp(X509_get_subject_name(trial), X509_get_subject_name(member->cert)) != 0)
		*ret = "its subject has changed";
	else if (X509_NAME_cmp(X509_get_issuer_name(trial), X509_get_issuer_name(member->cert)))
		*ret = "its CA's name has changed";
	else if (!extensions_equal(trial, member->cert))
		*ret = "its extensions have changed";
	return true;
}

static bool same_request(X509_REQ *a, X509_REQ *b)
{
	unsigned char *left = NULL, *right = NULL;
	int left_bytes = i2d_re_X509_REQ_tbs(a, &left);
	int right_bytes = i2d_re_X509_REQ_tbs(b, &right);
	bool same = left_bytes > 0 && left_bytes == right_bytes &&
		    !memcmp(left, right, (size_t)left_bytes);
	OPENSSL_free(left);
	OPENSSL_free(right);
	return same;
}

/* A request that is missing, damaged or asks for something else is made anew. */
static bool plan_request(struct setup_member *member, struct error *reterr)
{
	OWN(X509_REQ) X509_REQ *there = NULL;
	struct error ignored;
	member->make_request = true;
	if (member->make_key || !file_exists(member->csr_path) ||
		!request_load(member->csr_path, &there, &ignored))
		return true;
	if (!request_make(member->profile, member->subject, member->key, &member->request, reterr))
		return false;
	member->make_request = !same_request(there, member->request);
	return true;
}

static bool plan_member(struct setup *setup, struct setup_member *member, struct error *reterr)
{
	member->had_cert = file_exists(member->crt_path);
	if (member->had_cert && !bundle_certificate(member->crt_path, &member->cert, reterr))
		return false;
	const char *wanted = member->role == ROLE_CA ? NULL : setup->options.extensions;
	if (!load_profile(setup, member, reterr) || !plan_key(setup, member, reterr) ||
		!plan_subject(setup, member, reterr) ||
		!profile_section(member->profile, member->role, wanted, &member->section, reterr))
		return false;
	member->make_cert = !member->had_cert;
	if (member->had_cert) {
		if (!find_difference(setup, member, &member->why, reterr))
			return false;
		member->make_cert = member->why != NULL;
	}
	if (member->crt_copy && !file_exists(member->crt_copy))
		member->make_cert = true;
	return !member->csr_path || plan_request(member, reterr);
}

/* What signs must be open: an encrypted CA key that was left closed is needed after all. */
static bool open_signers(struct setup *setup, struct error *reterr)
{
	for (size_t i = 0; i < setup->count; i++) {
		struct setup_member *member = &setup->members[i];
		struct setup_member *issuer =
			member->issuer < 0 ? member : &setup->members[member->issuer];
		if (member->make_cert && !issuer->make_key && !issuer->key &&
			!bundle_private_key(
				issuer->key_path, setup->options.passphrase, &issuer->key, reterr))
			return false;
	}
	return true;
}

static bool make_folders(struct setup *setup, struct error *reterr)
{
	setup->folder_made = !file_exists(setup->options.folder);
	for (size_t i = 0; i < setup->count; i++) {
		struct setup_member *member = &setup->members[i];
		member->folder_made = !file_exists(member->folder);
		if (!file_make_folder(member->folder, reterr))
			return false;
	}
	return true;
}

bool setup_plan(const struct setup_options *options, struct setup **ret, struct error *reterr)
{
	OWN(setup) struct setup *setup = calloc(1, sizeof *setup);
	if (!setup)
		bug("out of memory");
	setup->options = *options;
	setup->lock = -1;
	setup_lay_out(setup);
	if (!make_folders(setup, reterr) ||
		!file_lock_folder(setup->members[0].folder, &setup->lock, reterr))
		return false;
	for (size_t i = 0; i < setup->count; i++)
		file_sweep(setup->members[i].folder);
	for (size_t i = 0; i < setup->count; i++)
		if (!plan_member(setup, &setup->members[i], reterr))
			return false;
	const struct setup_member *client = &setup->members[2];
	setup->make_pfx = setup->pfx_path &&
			  (client->make_key || client->make_cert || setup->members[0].make_cert ||
				  !file_exists(setup->pfx_path));
	if (!open_signers(setup, reterr))
		return false;
	*ret = TAKE(setup);
	return true;
}

bool setup_has_work(const struct setup *setup)
{
	for (size_t i = 0; i < setup->count; i++) {
		const struct setup_member *member = &setup->members[i];
		if (member->make_cnf || member->make_key || member->make_cert ||
			member->make_request)
			return true;
	}
	return setup->make_pfx;
}
