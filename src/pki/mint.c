/* Mints certificates that are broken in exactly one way. */
#include "pki/mint.h"

#include "pki/bundle.h"
#include "pki/folder.h"
#include "pki/key.h"
#include "pki/request.h"

#include <openssl/ec.h>

struct mint {
	X509 *cert;
	EVP_PKEY *key;
};

void mint_free(struct mint *mint)
{
	if (!mint)
		return;
	X509_free(mint->cert);
	EVP_PKEY_free(mint->key);
	free(mint);
}

const X509 *mint_certificate(const struct mint *mint)
{
	return mint->cert;
}

bool mint_load(const char *cert_path, const char *key_path, struct mint **ret, struct error *reterr)
{
	OWN(mint) struct mint *mint = calloc(1, sizeof *mint);
	if (!mint)
		bug("out of memory");
	if (!bundle_certificate(cert_path, &mint->cert, reterr) ||
		!bundle_private_key(key_path, NULL, &mint->key, reterr))
		return false;
	*ret = TAKE(mint);
	return true;
}

static bool set_subject(X509 *cert, const char *common_name)
{
	OWN(X509_NAME) X509_NAME *name = X509_NAME_new();
	return name &&
	       X509_NAME_add_entry_by_txt(
		       name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1, 0) &&
	       X509_set_subject_name(cert, name);
}

static bool set_time(ASN1_TIME *target, time_t now, long long offset_s)
{
	enum { DAY_S = 24 * 60 * 60 };
	return X509_time_adj_ex(target, (int)(offset_s / DAY_S), (long)(offset_s % DAY_S), &now) !=
	       NULL;
}

static must_check bool add_extension(
	X509 *cert, X509V3_CTX *context, const struct mint_extension *wanted, struct error *reterr)
{
	X509_EXTENSION *extension = X509V3_EXT_nconf(NULL, context, wanted->name, wanted->value);
	bool ok = extension && X509_add_ext(cert, extension, -1);
	X509_EXTENSION_free(extension);
	if (!ok)
		return error_openssl(
			reterr, ERROR_BUG, "cannot mint %s = %s", wanted->name, wanted->value);
	return true;
}

static must_check bool add_extensions(
	X509 *cert, X509 *issuer, const struct mint_recipe *recipe, struct error *reterr)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
	for (size_t i = 0; i < MINT_EXTENSIONS_MAX && recipe->extensions[i].name; i++)
		if (!add_extension(cert, &context, &recipe->extensions[i], reterr))
			return false;
	static const struct mint_extension subject = { "subjectKeyIdentifier", "hash" };
	static const struct mint_extension authority = { "authorityKeyIdentifier", "keyid" };
	return add_extension(cert, &context, &subject, reterr) &&
	       (issuer == cert || add_extension(cert, &context, &authority, reterr));
}

bool mint_new(const struct mint_recipe *recipe, const struct mint *issuer, time_t now,
	struct mint **ret, struct error *reterr)
{
	OWN(mint) struct mint *mint = calloc(1, sizeof *mint);
	if (!mint)
		bug("out of memory");
	mint->key = EVP_EC_gen("P-256");
	mint->cert = X509_new();
	const struct mint *signer = issuer ? issuer : mint;
	X509 *cert = mint->cert;
	/* The key first: subjectKeyIdentifier=hash is the digest of what is there by then. */
	if (!mint->key || !cert || !X509_set_version(cert, X509_VERSION_3) ||
		!X509_set_pubkey(cert, mint->key) || !ca_random_serial(cert) ||
		!set_subject(cert, recipe->common_name) ||
		!X509_set_issuer_name(cert, X509_get_subject_name(signer->cert)) ||
		!set_time(X509_getm_notBefore(cert), now, recipe->not_before_s) ||
		!set_time(X509_getm_notAfter(cert), now, recipe->not_after_s))
		return error_openssl(reterr, ERROR_BUG, "cannot mint a certificate for '%s'",
			recipe->common_name);
	if (!add_extensions(cert, signer->cert, recipe, reterr))
		return false;
	const EVP_MD *digest;
	if (!key_digest(signer->key, NULL, &digest, reterr))
		return false;
	if (!X509_sign(cert, signer->key, digest))
		return error_openssl(reterr, ERROR_BUG, "cannot sign the certificate of '%s'",
			recipe->common_name);
	*ret = TAKE(mint);
	return true;
}

bool mint_save(
	const struct mint *mint, const char *cert_path, const char *key_path, struct error *reterr)
{
	OWN(file_set) struct file_set *set = file_set_new();
	OWN(buffer) struct buffer key = { .bytes_max = FILE_INPUT_BYTES_MAX, .secret = true };
	OWN(buffer) struct buffer cert = BUFFER(FILE_INPUT_BYTES_MAX);
	return pem_add_certificate(mint->cert, &cert, reterr) &&
	       key_encode(mint->key, NULL, &key, reterr) &&
	       file_set_add(set, key_path, FILE_PRIVATE, key.data, key.length, reterr) &&
	       file_set_add(set, cert_path, FILE_PUBLIC, cert.data, cert.length, reterr) &&
	       file_set_commit(set, true, reterr);
}
