/* New identities: key, request, certificate and the .cnf that says what they are. */
#include "pki/issue_parts.h"

#include "pki/extensions.h"
#include "pki/name.h"
#include "pki/request.h"

#define PEM_BYTES_MAX ((size_t)1 << 20)

void issued_done(struct issued *issued)
{
	X509_free(issued->certificate);
	free(issued->certificate_path);
	free(issued->key_path);
	free(issued->cnf_path);
	*issued = (struct issued){ 0 };
}

bool issue_fill(const struct ca *ca, const struct issue_source *source, X509 *certificate,
	struct error *reterr)
{
	return extensions_add(source->profile, source->section, ca_certificate(ca), certificate,
		       source->request, reterr) &&
	       (!source->names || extensions_set_names(certificate, source->names, reterr));
}

void issue_note(const struct issue_source *source, struct notes *notes)
{
	size_t count;
	const struct profile_warning *warnings = profile_warnings(source->profile, &count);
	for (size_t i = 0; source->edited && i < count; i++)
		notes_add(notes, "%s", warnings[i].text);
}

bool issue_begin(struct ca *ca, const struct issue_source *source, int days, struct notes *notes,
	X509 **ret, struct error *reterr)
{
	OWN(X509) X509 *certificate = NULL;
	if (!ca_begin(ca, source->subject, source->key, days, notes, &certificate, reterr) ||
		!issue_fill(ca, source, certificate, reterr))
		return false;
	issue_note(source, notes);
	*ret = TAKE(certificate);
	return true;
}

char *issue_name_text(const GENERAL_NAME *name)
{
	int type;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
	const char *kind = type == GEN_DNS     ? "DNS"
			   : type == GEN_URI   ? "URI"
			   : type == GEN_EMAIL ? "email"
					       : NULL;
	if (type == GEN_IPADD)
		return name_address_text(value);
	if (!kind || memchr(ASN1_STRING_get0_data(value), 0, (size_t)ASN1_STRING_length(value)))
		return NULL;
	return text_format("%s:%.*s", kind, ASN1_STRING_length(value),
		(const char *)ASN1_STRING_get0_data(value));
}

/* The body of [alt_names]. What a .cnf would expand or cut off is escaped. */
static char *alternative_names(const GENERAL_NAMES *names)
{
	OWN(char) char *body = text_copy("");
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		OWN(char) char *text = issue_name_text(sk_GENERAL_NAME_value(names, i));
		if (!text)
			bug("a name that was checked has no text");
		char *value = strchr(text, ':');
		*value++ = 0;
		OWN(char) char *line = text_format("%s%s.%d = ", body, text, i + 1);
		for (; *value; value++) {
			char *longer = text_format(
				"%s%s%c", line, strchr("$#\\\"'`;", *value) ? "\\" : "", *value);
			free(line);
			line = longer;
		}
		free(body);
		body = text_format("%s\n", line);
	}
	return TAKE(body);
}

/* The name becomes that of four files, and the common name. */
static bool check_name(const char *name, struct error *reterr)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t bytes = strlen(name);
	bool plain = bytes && bytes <= ISSUE_NAME_BYTES_MAX && *name != '.' && *name != '-';
	for (size_t i = 0; plain && i < bytes; i++)
		plain = strchr(letters, name[i]) || strchr("._-@+:", name[i]);
	if (plain)
		return true;
	char shown[ISSUE_NAME_BYTES_MAX * 4];
	text_escape(shown, sizeof shown, name, bytes);
	error_set(
		reterr, ERROR_USAGE, "'%s' cannot be the name of an identity and its files", shown);
	return error_hint(reterr,
		"up to %d letters, digits and ._-@+: that begin with none of . and -; other names "
		"go into --san or the .cnf",
		ISSUE_NAME_BYTES_MAX);
}

/* --san, or for what serves its own name. */
static bool choose_names(const char *name, const struct issue_options *options, GENERAL_NAMES **ret,
	struct error *reterr)
{
	if (options->san_count)
		return names_parse_all(options->sans, options->san_count, ret, reterr);
	if (options->role == ROLE_CLIENT)
		return true;
	OWN(char) char *own = text_format("%s:%s", name_is_address(name) ? "IP" : "DNS", name);
	if (names_parse(own, ret, reterr))
		return true;
	return error_hint(reterr, "name the host that clients call: --san DNS:host.example");
}

bool issue_write_profile(const struct issue_wanted *wanted, const char *name, char **ret_text,
	GENERAL_NAMES **ret_names, struct error *reterr)
{
	enum role role = wanted->options.role;
	OWN(GENERAL_NAMES) GENERAL_NAMES *names = NULL;
	if (!choose_names(name, &wanted->options, &names, reterr))
		return false;
	OWN(char) char *body = names ? alternative_names(names) : NULL;
	OWN(char)
	char *follow = text_format(
		"`mtls sign %s.csr --role %s` on the request beside it", name, role_name(role));
	*ret_text = profile_template(role, wanted->key_type.bits, name, body, follow);
	*ret_names = TAKE(names);
	return true;
}

static bool load_profile(const struct issue_wanted *wanted, const char *name,
	struct new_identity *identity, struct error *reterr)
{
	OWN(char) char *path = issue_path(identity->stem, "cnf");
	if (file_exists(path)) {
		if (!wanted->options.san_count)
			return profile_load(path, &identity->profile, reterr);
		error_set(reterr, ERROR_USAGE,
			"--san does not change '%s', which says what the certificate is", path);
		return error_hint(reterr, "edit its subjectAltName, or take another name");
	}
	OWN(GENERAL_NAMES) GENERAL_NAMES *names = NULL;
	OWN(char) char *text = NULL;
	if (!issue_write_profile(wanted, name, &text, &names, reterr) ||
		!profile_parse(path, text, strlen(text), &identity->profile, reterr))
		return false;
	identity->cnf_text = TAKE(text);
	return true;
}

static bool check_file(const char *path, bool force, struct error *reterr)
{
	if (force || !file_exists(path))
		return true;
	error_set(reterr, ERROR_INPUT, "'%s' exists already, and is not overwritten", path);
	return error_hint(reterr, "--force replaces key and certificate; to keep the key, sign its "
				  "request again: mtls sign FILE.csr --role ROLE");
}

void new_identity_done(struct new_identity *identity)
{
	free(identity->stem);
	free(identity->cnf_text);
	profile_free(identity->profile);
	X509_NAME_free(identity->subject);
	EVP_PKEY_free(identity->key);
	X509_REQ_free(identity->request);
}

char *issue_path(const char *stem, const char *suffix)
{
	return text_format("%s.%s", stem, suffix);
}

static bool check_absent(const char *stem, bool force, struct error *reterr)
{
	OWN(char) char *key = issue_path(stem, "key");
	OWN(char) char *crt = issue_path(stem, "crt");
	return check_file(key, force, reterr) && check_file(crt, force, reterr);
}

char *issue_stem(const struct issue_wanted *wanted, const char *name)
{
	return text_format("%s/%s", wanted->folder, name);
}

bool new_identity_plan(const struct issue_wanted *wanted, const char *name,
	struct new_identity *ret, struct error *reterr)
{
	if (!check_name(name, reterr))
		return false;
	ret->stem = issue_stem(wanted, name);
	return check_absent(ret->stem, wanted->force, reterr);
}

bool new_identity_make(const struct issue_wanted *wanted, const char *name, EVP_PKEY_CTX *maker,
	struct new_identity *identity, struct error *reterr)
{
	return load_profile(wanted, name, identity, reterr) &&
	       profile_subject(identity->profile, NULL, NULL, NULL, &identity->subject, reterr) &&
	       key_make_by(maker, &wanted->key_type, &identity->key, reterr) &&
	       request_make(identity->profile, identity->subject, identity->key, &identity->request,
		       reterr);
}

bool new_identity_source(const struct new_identity *identity, enum role role,
	struct issue_source *ret, struct error *reterr)
{
	*ret = (struct issue_source){ .profile = identity->profile,
		.request = identity->request,
		.key = identity->key,
		.subject = identity->subject,
		.edited = !identity->cnf_text };
	return profile_section(identity->profile, role, NULL, &ret->section, reterr);
}

void issue_files_begin(struct issue_files *files, const char *cnf)
{
	*files = (struct issue_files){ .cnf = cnf,
		.key = { .bytes_max = PEM_BYTES_MAX, .secret = true },
		.csr = BUFFER(PEM_BYTES_MAX),
		.crt = BUFFER(PEM_BYTES_MAX) };
}

void issue_files_done(struct issue_files *files)
{
	buffer_done(&files->key);
	buffer_done(&files->csr);
	buffer_done(&files->crt);
}

static bool add(struct file_set *set, const char *stem, const char *suffix, enum file_mode mode,
	const char *content, size_t bytes, struct error *reterr)
{
	OWN(char) char *path = issue_path(stem, suffix);
	return file_set_add(set, path, mode, content, bytes, reterr);
}

bool issue_files_add(const struct issue_files *files, const char *stem, struct file_set *set,
	struct error *reterr)
{
	const struct buffer *key = &files->key, *csr = &files->csr, *crt = &files->crt;
	return (!files->cnf || add(set, stem, "cnf", FILE_PUBLIC, files->cnf, strlen(files->cnf),
				       reterr)) &&
	       add(set, stem, "key", FILE_PRIVATE, key->data, key->length, reterr) &&
	       add(set, stem, "csr", FILE_PUBLIC, csr->data, csr->length, reterr) &&
	       add(set, stem, "crt", FILE_PUBLIC, crt->data, crt->length, reterr);
}

bool new_identity_add(const struct new_identity *identity, X509 *certificate, struct file_set *set,
	struct error *reterr)
{
	OWN(issue_files) struct issue_files files;
	issue_files_begin(&files, identity->cnf_text);
	return key_encode(identity->key, NULL, &files.key, reterr) &&
	       pem_add_request(identity->request, &files.csr, reterr) &&
	       pem_add_certificate(certificate, &files.crt, reterr) &&
	       issue_files_add(&files, identity->stem, set, reterr);
}

bool issue_check_target(const struct ca *ca, const char *stem, bool force, struct error *reterr)
{
	OWN(char) char *crt = issue_path(stem, "crt");
	if (!strcmp(crt, ca_certificate_path(ca)))
		return error_set(reterr, ERROR_USAGE, "'%s' is the CA's own certificate", crt);
	return check_absent(stem, force, reterr);
}

static bool certify(struct ca *ca, const struct issue_wanted *wanted,
	const struct new_identity *identity, struct notes *notes, struct issued *ret,
	struct error *reterr)
{
	OWN(file_set) struct file_set *set = file_set_new();
	OWN(issued) struct issued issued = { .certificate_path = issue_path(identity->stem, "crt"),
		.key_path = issue_path(identity->stem, "key"),
		.cnf_path = issue_path(identity->stem, "cnf") };
	struct issue_source source;
	if (!issue_check_target(ca, identity->stem, wanted->force, reterr) ||
		!new_identity_source(identity, wanted->options.role, &source, reterr) ||
		!issue_begin(
			ca, &source, wanted->options.days, notes, &issued.certificate, reterr) ||
		!ca_finish(ca, issued.certificate, set, reterr) ||
		!certificate_complete(&issued.certificate, reterr) ||
		!new_identity_add(identity, issued.certificate, set, reterr) ||
		!file_set_commit(set, true, reterr))
		return false;
	*ret = issued;
	issued = (struct issued){ 0 };
	return true;
}

bool issue_new(const struct issue_wanted *wanted, const char *name, issue_open_ca *open,
	void *context, struct notes *notes, struct issued *ret, struct error *reterr)
{
	OWN(new_identity) struct new_identity identity = { 0 };
	OWN(EVP_PKEY_CTX) EVP_PKEY_CTX *maker = NULL;
	OWN(ca) struct ca *ca = NULL;
	/* The CA is opened last, so that others do not wait for the key. */
	if (!new_identity_plan(wanted, name, &identity, reterr) ||
		!key_maker_new(&wanted->key_type, &maker, reterr) ||
		!new_identity_make(wanted, name, maker, &identity, reterr) ||
		!open(context, &ca, reterr))
		return false;
	file_sweep(wanted->folder); /* what is left of a run that was killed */
	return certify(ca, wanted, &identity, notes, ret, reterr);
}
