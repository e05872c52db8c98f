/* Reading any file of certificates and keys, and saying what it is. */
#include "pki/bundle.h"
#include "pki/ciphers.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <sys/stat.h>

/* More objects than this in one file is no certificate file (system stores have about 150). */
#define OBJECTS_MAX 4096

static const char *const kind_names[BUNDLE_KINDS] = {
	[BUNDLE_CERTIFICATE] = "a certificate",
	[BUNDLE_REQUEST] = "a certificate request",
	[BUNDLE_CRL] = "a CRL",
	[BUNDLE_KEY] = "a private key",
	[BUNDLE_PUBLIC_KEY] = "a public key",
	[BUNDLE_PFX] = "a PFX (PKCS#12)",
	[BUNDLE_CONFIGURATION] = "a configuration",
};

const char *bundle_kind_name(enum bundle_kind kind)
{
	return kind_names[kind];
}

void bundle_free(struct bundle *bundle)
{
	if (!bundle)
		return;
	sk_X509_pop_free(bundle->certificates, X509_free);
	sk_X509_CRL_pop_free(bundle->crls, X509_CRL_free);
	X509_REQ_free(bundle->request);
	EVP_PKEY_free(bundle->key);
	PKCS12_free(bundle->pfx);
	free(bundle);
}

static struct bundle *bundle_new(void)
{
	struct bundle *bundle = calloc(1, sizeof *bundle);
	if (bundle) {
		bundle->certificates = sk_X509_new_null();
		bundle->crls = sk_X509_CRL_new_null();
	}
	if (!bundle || !bundle->certificates || !bundle->crls)
		bug("out of memory");
	return bundle;
}

static void count(struct bundle *bundle, enum bundle_kind kind)
{
	bool first = true;
	for (size_t i = 0; i < BUNDLE_KINDS; i++)
		first = first && !bundle->counts[i];
	if (first)
		bundle->kind = kind;
	bundle->counts[kind]++;
}

/* Each takes DER; false when it is something else. Trailing bytes are refused by the caller. */

/*
 * A thread of a server has a library context that knows less than OpenSSL's own (tls_thread_begin).
 * What cannot be read in that one is read in the other, which also says what is wrong.
 */
static bool reads_in_part(void)
{
	return OSSL_LIB_CTX_set0_default(NULL) != OSSL_LIB_CTX_get0_global_default();
}

static OSSL_LIB_CTX *read_in_whole(void)
{
	ERR_clear_error();
	return OSSL_LIB_CTX_set0_default(OSSL_LIB_CTX_get0_global_default());
}

static bool keep_certificate(struct bundle *bundle, X509 *certificate)
{
	bool whole = certificate && (!reads_in_part() || X509_get0_pubkey(certificate));
	if (whole && sk_X509_push(bundle->certificates, certificate))
		return true;
	X509_free(certificate);
	return false;
}

static bool take_certificate(struct bundle *bundle, const unsigned char **at, long bytes)
{
	return keep_certificate(bundle, d2i_X509(NULL, at, bytes));
}

/* OpenSSL's own form, with trust settings behind the certificate, which we leave alone. */
static bool take_trusted(struct bundle *bundle, const unsigned char **at, long bytes)
{
	return keep_certificate(bundle, d2i_X509_AUX(NULL, at, bytes));
}

static bool take_request(struct bundle *bundle, const unsigned char **at, long bytes)
{
	OWN(X509_REQ) X509_REQ *request = d2i_X509_REQ(NULL, at, bytes);
	if (!request)
		return false;
	if (!bundle->request)
		bundle->request = TAKE(request);
	return true;
}

static bool take_crl(struct bundle *bundle, const unsigned char **at, long bytes)
{
	OWN(X509_CRL) X509_CRL *crl = d2i_X509_CRL(NULL, at, bytes);
	if (!crl || !sk_X509_CRL_push(bundle->crls, crl))
		return false;
	(void)TAKE(crl);
	return true;
}

static bool take_key(struct bundle *bundle, const unsigned char **at, long bytes)
{
	OWN(EVP_PKEY) EVP_PKEY *key = d2i_AutoPrivateKey(NULL, at, bytes);
	if (!key)
		return false;
	if (!bundle->counts[BUNDLE_KEY]) {
		EVP_PKEY_free(bundle->key);
		bundle->key = TAKE(key);
	}
	return true;
}

static bool take_public_key(struct bundle *bundle, const unsigned char **at, long bytes)
{
	OWN(EVP_PKEY) EVP_PKEY *key = d2i_PUBKEY(NULL, at, bytes);
	if (!key)
		return false;
	if (!bundle->key)
		bundle->key = TAKE(key);
	return true;
}

static bool take_pfx(struct bundle *bundle, const unsigned char **at, long bytes)
{
	OWN(PKCS12) PKCS12 *pfx = d2i_PKCS12(NULL, at, bytes);
	if (!pfx)
		return false;
	if (!bundle->pfx)
		bundle->pfx = TAKE(pfx);
	return true;
}

struct form {
	const char *label; /* between PEM's dashes */
	enum bundle_kind kind;
	bool (*take)(struct bundle *bundle, const unsigned char **at, long bytes);
	bool der; /* also tried on a file that is no PEM, in this order */
};

static const struct form forms[] = {
	{ "CERTIFICATE", BUNDLE_CERTIFICATE, take_certificate, true },
	{ "X509 CERTIFICATE", BUNDLE_CERTIFICATE, take_certificate, false },
	{ "TRUSTED CERTIFICATE", BUNDLE_CERTIFICATE, take_trusted, false },
	{ "CERTIFICATE REQUEST", BUNDLE_REQUEST, take_request, true },
	{ "NEW CERTIFICATE REQUEST", BUNDLE_REQUEST, take_request, false },
	{ "X509 CRL", BUNDLE_CRL, take_crl, true },
	{ "PKCS12", BUNDLE_PFX, take_pfx, true },
	{ "PRIVATE KEY", BUNDLE_KEY, take_key, true },
	{ "RSA PRIVATE KEY", BUNDLE_KEY, take_key, false },
	{ "EC PRIVATE KEY", BUNDLE_KEY, take_key, false },
	{ "DSA PRIVATE KEY", BUNDLE_KEY, take_key, false },
	{ "PUBLIC KEY", BUNDLE_PUBLIC_KEY, take_public_key, true },
};

static bool take(
	struct bundle *bundle, const struct form *form, const unsigned char **at, long bytes)
{
	const unsigned char *start = *at;
	bool part = reads_in_part(), ok = form->take(bundle, at, bytes);
	if (!part)
		return ok;
	if (!ok) {
		*at = start;
		OSSL_LIB_CTX *before = read_in_whole();
		ok = form->take(bundle, at, bytes);
		OSSL_LIB_CTX_set0_default(before);
	}
	if (ok) /* of the ways that were tried before */
		ERR_clear_error();
	return ok;
}

static int give_passphrase(char *target, int bytes, int writing, void *context)
{
	(void)writing;
	const char *passphrase = context;
	size_t length = strlen(passphrase);
	if (bytes < 0 || length > (size_t)bytes)
		return -1;
	memcpy(target, passphrase, length);
	return (int)length;
}

/*
 * OpenSSL asks for a passphrase by way of its user interface, whose buffer (ui_read of ui_util.c,
 * and pbuf of its decoder) stays behind on the stack as it was. So what lies below us is
 * overwritten.
 */
__attribute__((noinline)) static void wipe_stack(void)
{
	char below[32768];
	explicit_bzero(below, sizeof below);
}

/* An encrypted key; OpenSSL reads both forms (PKCS#8, and the old one with its headers). */
static bool take_encrypted(struct bundle *bundle, const char *path, const char *block,
	const char *passphrase, struct error *reterr)
{
	count(bundle, BUNDLE_KEY);
	if (bundle->counts[BUNDLE_KEY] > 1)
		return true;
	bundle->key_encrypted = true;
	bundle->key_locked = !passphrase;
	if (!passphrase)
		return true;
	ciphers_add_rare();
	OSSL_LIB_CTX *before = read_in_whole();
	OWN(BIO) BIO *bio = BIO_new_mem_buf(block, -1);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(
				      bio, NULL, give_passphrase, (void *)(uintptr_t)passphrase)
			    : NULL;
	OSSL_LIB_CTX_set0_default(before);
	wipe_stack();
	if (!key) {
		ERR_clear_error();
		return error_code(reterr, ERROR_INPUT, CODE_KEY_PASSPHRASE,
			"cannot read the key '%s': the passphrase is wrong", path);
	}
	EVP_PKEY_free(bundle->key);
	bundle->key = key;
	return true;
}

static bool malformed(
	const char *path, enum bundle_kind kind, const char *what, struct error *reterr)
{
	return error_openssl(reterr, ERROR_INPUT, "cannot read '%s': %s in it is %s", path,
		kind_names[kind], what);
}

static bool take_block(struct bundle *bundle, const char *path, const char *block,
	const char *label, const char *header, const unsigned char *der, long bytes,
	const char *passphrase, struct error *reterr)
{
	if (!strcmp(label, "ENCRYPTED PRIVATE KEY") || strstr(header, "ENCRYPTED"))
		return take_encrypted(bundle, path, block, passphrase, reterr);
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		const struct form *form = &forms[i];
		const unsigned char *at = der;
		if (strcmp(label, form->label) != 0)
			continue;
		if (!take(bundle, form, &at, bytes))
			return malformed(path, form->kind, "malformed", reterr);
		if (at != der + bytes)
			return malformed(path, form->kind, "followed by stray bytes", reterr);
		count(bundle, form->kind);
		break; /* another label, such as EC PARAMETERS, is passed over */
	}
	return true;
}

/* One block after another; text between them is allowed, as `openssl x509 -text` writes it. */
static bool read_pem(struct bundle *bundle, const char *path, const char *text,
	const char *passphrase, struct error *reterr)
{
	const char *block = text;
	for (int objects = 0; (block = strstr(block, "-----BEGIN ")) != NULL; objects++) {
		if (objects == OBJECTS_MAX)
			return error_set(reterr, ERROR_LIMIT,
				"cannot read '%s': it holds more than %d objects", path,
				OBJECTS_MAX);
		OWN(BIO) BIO *bio = BIO_new_mem_buf(block, -1);
		char *label = NULL, *header = NULL;
		unsigned char *der = NULL;
		long bytes = 0;
		if (!bio || !PEM_read_bio(bio, &label, &header, &der, &bytes))
			return error_openssl(reterr, ERROR_INPUT,
				"cannot read '%s': a PEM block in it is cut short or malformed",
				path);
		bool ok = take_block(
			bundle, path, block, label, header, der, bytes, passphrase, reterr);
		OPENSSL_free(label);
		OPENSSL_free(header);
		OPENSSL_clear_free(der, (size_t)bytes);
		if (!ok)
			return false;
		block += strlen("-----BEGIN ");
	}
	return true;
}

static bool read_der(struct bundle *bundle, const struct buffer *data)
{
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		const unsigned char *start = (const unsigned char *)data->data, *at = start;
		if (forms[i].der && take(bundle, &forms[i], &at, (long)data->length) &&
			at == start + data->length) {
			count(bundle, forms[i].kind);
			ERR_clear_error();
			return true;
		}
	}
	ERR_clear_error();
	return false;
}

/* Good enough to tell a .cnf from anything else: text whose first line of substance fits one. */
static bool is_configuration(const struct buffer *data)
{
	if (!text_is_utf8(data->data, data->length))
		return false;
	const char *line = data->data;
	for (;;) {
		line += strspn(line, " \t\r\n");
		if (*line != '#')
			break;
		line += strcspn(line, "\n");
	}
	size_t length = strcspn(line, "\r\n");
	return (*line == '[' && memchr(line, ']', length)) || memchr(line, '=', length) ||
	       !strncmp(line, ".include", strlen(".include"));
}

bool bundle_parse(const char *path, const struct buffer *data, const char *passphrase,
	struct bundle **ret, struct error *reterr)
{
	ERR_clear_error();
	OWN(bundle) struct bundle *bundle = bundle_new();
	/* A NUL would end the text early, and with it what we see of the file. */
	bundle->pem = !memchr(data->data, 0, data->length) && strstr(data->data, "-----BEGIN ");
	bool known = true;
	if (bundle->pem && !read_pem(bundle, path, data->data, passphrase, reterr))
		return false;
	if (!bundle->pem && !(known = read_der(bundle, data)) &&
		(known = is_configuration(data)) != false)
		count(bundle, BUNDLE_CONFIGURATION);
	for (size_t i = 0, found = 0; bundle->pem && i < BUNDLE_KINDS; i++) {
		found += bundle->counts[i];
		known = found > 0;
	}
	if (!known)
		return error_set(reterr, ERROR_INPUT,
			"cannot read '%s': it is no certificate, key, request, CRL, PFX or .cnf "
			"that we know, or it is damaged",
			path);
	*ret = TAKE(bundle);
	return true;
}

bool bundle_read(
	const char *path, const char *passphrase, struct bundle **ret, struct error *reterr)
{
	OWN(buffer) struct buffer data = BUFFER(FILE_INPUT_BYTES_MAX);
	data.secret = true;
	return file_read(path, &data, reterr) && bundle_parse(path, &data, passphrase, ret, reterr);
}

bool bundle_read_kind(const char *path, const char *passphrase, enum bundle_kind wanted,
	struct bundle **ret, struct error *reterr)
{
	OWN(bundle) struct bundle *bundle = NULL;
	if (!bundle_read(path, passphrase, &bundle, reterr))
		return false;
	if (!bundle->counts[wanted])
		return error_set(reterr, ERROR_INPUT, "cannot use '%s': it is %s, not %s", path,
			kind_names[bundle->kind], kind_names[wanted]);
	*ret = TAKE(bundle);
	return true;
}

bool bundle_certificates(const char *path, STACK_OF(X509) * *ret, struct error *reterr)
{
	OWN(bundle) struct bundle *bundle = NULL;
	if (!bundle_read_kind(path, NULL, BUNDLE_CERTIFICATE, &bundle, reterr))
		return false;
	*ret = TAKE(bundle->certificates);
	return true;
}

bool bundle_certificate(const char *path, X509 **ret, struct error *reterr)
{
	OWN(certificates) STACK_OF(X509) *all = NULL;
	if (!bundle_certificates(path, &all, reterr))
		return false;
	*ret = sk_X509_shift(all);
	return true;
}

bool bundle_request(const char *path, X509_REQ **ret, struct error *reterr)
{
	OWN(bundle) struct bundle *bundle = NULL;
	if (!bundle_read_kind(path, NULL, BUNDLE_REQUEST, &bundle, reterr))
		return false;
	*ret = TAKE(bundle->request);
	return true;
}

bool bundle_private_key(
	const char *path, const char *passphrase, EVP_PKEY **ret, struct error *reterr)
{
	OWN(bundle) struct bundle *bundle = NULL;
	if (!bundle_read_kind(path, passphrase, BUNDLE_KEY, &bundle, reterr))
		return false;
	if (bundle->key_locked)
		return error_code(reterr, ERROR_INPUT, CODE_KEY_PASSPHRASE,
			"cannot read the key '%s': it is encrypted, and no passphrase is given",
			path);
	*ret = TAKE(bundle->key);
	return true;
}

bool bundle_check_target(const char *path, unsigned may_go, struct error *reterr)
{
	OWN(bundle) struct bundle *there = NULL;
	struct stat about;
	struct error unknown; /* what we cannot read is nothing that we know */
	if (stat(path, &about) != 0 || !S_ISREG(about.st_mode) ||
		!bundle_read(path, NULL, &there, &unknown) || may_go & BUNDLE_BIT(there->kind))
		return true;
	error_set(reterr, ERROR_USAGE, "'%s' exists already, and is %s", path,
		bundle_kind_name(there->kind));
	return error_hint(reterr, "take another name, or remove it first");
}
