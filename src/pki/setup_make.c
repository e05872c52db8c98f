/* Making a planned set of certificates, and writing it whole. */
#include "pki/setup.h"

#include "pki/bundle.h"
#include "pki/extensions.h"
#include "pki/folder.h"
#include "pki/request.h"

#include <openssl/err.h>
#include <pthread.h>

enum { CLOCK_SKEW_S = 300, PEM_BYTES_MAX = 1 << 20 };

static bool make_keys(
	struct setup *setup, key_progress *progress, void *context, struct error *reterr)
{
	struct key_type types[SETUP_MEMBERS_MAX];
	EVP_PKEY *keys[SETUP_MEMBERS_MAX];
	size_t wanted[SETUP_MEMBERS_MAX], count = 0;
	for (size_t i = 0; i < setup->count; i++)
		if (setup->members[i].make_key) {
			wanted[count] = i;
			types[count++] = setup->members[i].key_type;
		}
	if (!key_make_all(types, count, keys, progress, context, reterr))
		return false;
	for (size_t i = 0; i < count; i++) {
		EVP_PKEY_free(setup->members[wanted[i]].key);
		setup->members[wanted[i]].key = keys[i];
	}
	return true;
}

static bool make_root(struct setup_member *member, struct error *reterr)
{
	const EVP_MD *digest;
	const char *wanted = profile_value(member->profile, "req", "default_md");
	if (!key_digest(member->key, wanted, &digest, reterr))
		return false;
	ERR_clear_error();
	OWN(X509) X509 *cert = X509_new();
	if (!cert || !X509_set_version(cert, X509_VERSION_3) || !ca_random_serial(cert) ||
		!X509_set_subject_name(cert, member->subject) ||
		!X509_set_issuer_name(cert, member->subject) ||
		!X509_gmtime_adj(X509_getm_notBefore(cert), -CLOCK_SKEW_S) ||
		!X509_time_adj_ex(X509_getm_notAfter(cert), member->days, 0, NULL) ||
		!X509_set_pubkey(cert, member->key))
		return error_openssl(reterr, ERROR_BUG, "cannot build a CA certificate");
	if (!extensions_add(member->profile, member->section, NULL, cert, NULL, reterr))
		return false;
	if (!X509_sign(cert, member->key, digest))
		return error_openssl(
			reterr, ERROR_INPUT, "cannot sign with the key '%s'", member->key_path);
	X509_free(member->cert);
	member->cert = TAKE(cert);
	return true;
}

static bool make_leaf(struct setup *setup, struct setup_member *member, struct ca *ca,
	struct file_set *set, struct error *reterr)
{
	OWN(X509) X509 *cert = NULL;
	if (!ca_begin(
		    ca, member->subject, member->key, member->days, &setup->notes, &cert, reterr) ||
		!extensions_add(member->profile, member->section, ca_certificate(ca), cert,
			member->request, reterr) ||
		!ca_finish(ca, cert, set, reterr))
		return false;
	X509_free(member->cert);
	member->cert = TAKE(cert);
	return true;
}

static bool add_key(const struct setup *setup, const struct setup_member *member,
	struct file_set *set, struct error *reterr)
{
	OWN(buffer) struct buffer pem = BUFFER(PEM_BYTES_MAX);
	pem.secret = true;
	const char *passphrase = member->role == ROLE_CA ? setup->options.passphrase : NULL;
	return key_encode(member->key, passphrase, &pem, reterr) &&
	       file_set_add(set, member->key_path, FILE_PRIVATE, pem.data, pem.length, reterr);
}

static bool add_certificate(
	const struct setup_member *member, struct file_set *set, struct error *reterr)
{
	OWN(buffer) struct buffer pem = BUFFER(PEM_BYTES_MAX);
	return pem_add_certificate(member->cert, &pem, reterr) &&
	       file_set_add(set, member->crt_path, FILE_PUBLIC, pem.data, pem.length, reterr) &&
	       (!member->crt_copy || file_set_add(set, member->crt_copy, FILE_PUBLIC, pem.data,
					     pem.length, reterr));
}

static bool add_request(struct setup_member *member, struct file_set *set, struct error *reterr)
{
	OWN(buffer) struct buffer pem = BUFFER(PEM_BYTES_MAX);
	X509_REQ_free(TAKE(member->request));
	return request_make(
		       member->profile, member->subject, member->key, &member->request, reterr) &&
	       pem_add_request(member->request, &pem, reterr) &&
	       file_set_add(set, member->csr_path, FILE_PUBLIC, pem.data, pem.length, reterr);
}

static bool add_cnf(const struct setup *setup, const struct setup_member *member,
	struct file_set *set, struct error *reterr)
{
	OWN(char) char *text = setup_template(setup, member);
	return file_set_add(set, member->cnf, FILE_PUBLIC, text, strlen(text), reterr);
}

static bool make_member(struct setup *setup, struct setup_member *member, struct ca *ca,
	struct file_set *set, struct error *reterr)
{
	return (!member->make_cnf || add_cnf(setup, member, set, reterr)) &&
	       (!member->make_key || add_key(setup, member, set, reterr)) &&
	       (!member->make_request || add_request(member, set, reterr)) &&
	       (!member->make_cert || ((ca ? make_leaf(setup, member, ca, set, reterr)
					   : make_root(member, reterr)) &&
					      add_certificate(member, set, reterr)));
}

/* A password of the file beside it, made when there is none. */
static bool generated_password(
	const struct setup *setup, struct file_set *set, struct buffer *ret, struct error *reterr)
{
	const char *path = setup->pfx_password_path;
	if (file_exists(path)) {
		if (!file_read(path, ret, reterr))
			return false;
		ret->length = strcspn(ret->data, "\r\n");
		ret->data[ret->length] = 0;
		return true;
	}
	char password[PFX_PASSWORD_BYTES];
	pfx_password_make(password);
	OWN(buffer) struct buffer line = BUFFER(PFX_PASSWORD_BYTES + 1);
	line.secret = true;
	bool ok = buffer_text(ret, password, reterr) && buffer_text(&line, password, reterr) &&
		  buffer_text(&line, "\n", reterr) &&
		  file_set_add(set, path, FILE_PRIVATE, line.data, line.length, reterr);
	OPENSSL_cleanse(password, sizeof password);
	return ok;
}

/*
 * The PFX is made on a thread of its own, in two steps: its key derivation takes as long as all the
 * rest of a set with elliptic keys. The first step, which needs only the key, goes on beside the
 * making of the client's certificate (1 ms less in all).
 */
struct pfx_work {
	pthread_t thread;
	bool started, ok;
	OSSL_LIB_CTX *library; /* of the thread that all of this is for */
	struct pfx *content;
	struct buffer password, made;
	struct pfx_options options;
	struct error error;
};

static void *seal_key(void *context)
{
	struct pfx_work *work = context;
	OSSL_LIB_CTX_set0_default(work->library);
	work->ok = pfx_seal(work->content, work->password.data, &work->options, &work->error);
	return NULL;
}

static void *make_file(void *context)
{
	struct pfx_work *work = context;
	OSSL_LIB_CTX_set0_default(work->library);
	work->ok = pfx_make(
		work->content, work->password.data, &work->options, &work->made, &work->error);
	return NULL;
}

static void begin_step(struct pfx_work *work, void *(*step)(void *))
{
	work->library = OSSL_LIB_CTX_set0_default(NULL);
	work->started = pthread_create(&work->thread, NULL, step, work) == 0;
	if (!work->started)
		step(work);
}

/* Ends the step that goes on, whatever became of the rest. */
static bool end_step(struct pfx_work *work, struct error *reterr)
{
	if (work->started)
		pthread_join(work->thread, NULL);
	work->started = false;
	if (work->content && !work->ok)
		*reterr = work->error;
	return !work->content || work->ok;
}

/* Once there are keys. */
static bool begin_pfx(const struct setup *setup, const char *given, struct file_set *set,
	struct pfx_work *work, struct error *reterr)
{
	if (!setup->make_pfx)
		return true;
	if (given ? !buffer_text(&work->password, given, reterr)
		  : !generated_password(setup, set, &work->password, reterr))
		return false;
	work->content = pfx_of_key(setup->members[2].key);
	work->options = (struct pfx_options){ .target = PFX_MODERN, .generated = !given };
	begin_step(work, seal_key);
	return true;
}

/* Once there are certificates. */
static bool continue_pfx(const struct setup *setup, struct pfx_work *work, struct error *reterr)
{
	if (!end_step(work, reterr))
		return false;
	pfx_certify(work->content, setup->members[2].cert, setup->members[0].cert);
	begin_step(work, make_file);
	return true;
}

struct making {
	struct setup *setup;
	struct file_set *set;
	const char *pfx_password;
	struct pfx_work pfx;
	struct ca *authorities[SETUP_MEMBERS_MAX];
};

/*
 * A CA and then all that it issues, under the lock of its state. The client comes first, so that
 * its PFX is made meanwhile.
 */
static bool make_family(struct making *making, size_t root, struct error *reterr)
{
	struct setup *setup = making->setup;
	struct setup_member *member = &setup->members[root];
	if (root == 0 && !begin_pfx(setup, making->pfx_password, making->set, &making->pfx, reterr))
		return false;
	if (!make_member(setup, member, NULL, making->set, reterr))
		return false;
	struct ca **ca = &making->authorities[root];
	if (member->key &&
		!ca_adopt(member->folder, member->name, member->cert, member->key, ca, reterr))
		return false;
	for (size_t i = setup->count; i-- > root;) {
		struct setup_member *leaf = &setup->members[i];
		if (leaf->issuer != (int)root)
			continue;
		if (!make_member(setup, leaf, *ca, making->set, reterr))
			return false;
		if (setup->make_pfx && leaf->role == ROLE_CLIENT &&
			!continue_pfx(setup, &making->pfx, reterr))
			return false;
	}
	return true;
}

static bool complete_leaves(struct setup *setup, struct error *reterr)
{
	for (size_t i = 0; i < setup->count; i++) {
		struct setup_member *member = &setup->members[i];
		if (member->make_cert && member->issuer >= 0 &&
			!certificate_complete(&member->cert, reterr))
			return false;
	}
	return true;
}

bool setup_read_certificate(const struct setup_member *member, X509 **ret, struct error *reterr)
{
	OWN(buffer) struct buffer there = BUFFER(PEM_BYTES_MAX);
	OWN(buffer) struct buffer ours = BUFFER(PEM_BYTES_MAX);
	if (!file_read(member->crt_path, &there, reterr) ||
		!pem_add_certificate(member->cert, &ours, reterr))
		return false;
	if (strcmp(there.data, ours.data) != 0)
		return bundle_certificate(member->crt_path, ret, reterr);
	if (!X509_up_ref(member->cert))
		bug("a certificate cannot be shared");
	*ret = member->cert;
	return true;
}

static bool write_set(struct making *making, struct error *reterr)
{
	struct setup *setup = making->setup;
	struct pfx_work *pfx = &making->pfx;
	if (pfx->content && !file_set_add(making->set, setup->pfx_path, FILE_PRIVATE,
				    pfx->made.data, pfx->made.length, reterr))
		return false;
	/* Decoding takes as long as the files do to reach the disk: both at once. */
	file_set_flush(making->set);
	if (!complete_leaves(setup, reterr) || !file_set_commit(making->set, true, reterr))
		return false;
	return !pfx->content || !making->pfx_password ||
	       pfx_password_retire(setup->pfx_password_path, making->pfx_password,
		       &setup->pfx_password_removed, reterr);
}

bool setup_make(struct setup *setup, const char *pfx_password, key_progress *progress,
	void *context, struct error *reterr)
{
	OWN(file_set) struct file_set *set = file_set_new();
	struct making making = { .setup = setup, .set = set, .pfx_password = pfx_password };
	struct pfx_work *pfx = &making.pfx;
	pfx->password = (struct buffer){ .bytes_max = PEM_BYTES_MAX, .secret = true };
	pfx->made = (struct buffer){ .bytes_max = PFX_BYTES_MAX, .secret = true };
	bool ok = make_keys(setup, progress, context, reterr);
	for (size_t i = 0; ok && i < setup->count; i++)
		if (setup->members[i].issuer < 0)
			ok = make_family(&making, i, reterr);
	struct error pfx_error;
	bool pfx_ok = end_step(pfx, &pfx_error);
	if (ok && !pfx_ok)
		*reterr = pfx_error;
	ok = ok && pfx_ok && write_set(&making, reterr);
	for (size_t i = 0; i < setup->count; i++)
		ca_free(making.authorities[i]);
	pfx_free(pfx->content);
	buffer_done(&pfx->password);
	buffer_done(&pfx->made);
	return ok;
}
