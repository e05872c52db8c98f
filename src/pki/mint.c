/* Mints certificates that are broken in exactly one way. */
#include "pki/mint.h"

#include "pki/bundle.h"
#include "pki/folder.h"
#include "pki/request.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

struct mint {
	X509 *cert;
	EVP_PKEY *key;
	/* What stands between it and the root, below which a loaded CA may be: whoever shows what
	 * was minted has to send that along (RFC 8446 section 4.4.2). Empty or NULL: nothing. */
	STACK_OF(X509) * above;
};

void mint_free(struct mint *mint)
{
	if (!mint)
		return;
	X509_free(mint->cert);
	EVP_PKEY_free(mint->key);
	sk_X509_pop_free(mint->above, X509_free);
	free(mint);
}

const X509 *mint_certificate(const struct mint *mint)
{
	return mint->cert;
}

/* The same certificates once more. */
static STACK_OF(X509) * share(const STACK_OF(X509) * certificates)
{
	STACK_OF(X509) *copy =
		certificates ? X509_chain_up_ref((STACK_OF(X509) *)certificates) : NULL;
	if (certificates && !copy)
		bug("out of memory");
	return copy;
}

struct mint *mint_copy(const struct mint *mint)
{
	struct mint *copy = calloc(1, sizeof *copy);
	if (!copy)
		bug("out of memory");
	*copy = *mint;
	if (!X509_up_ref(copy->cert) || (copy->key && !EVP_PKEY_up_ref(copy->key)))
		bug("a certificate has too many owners");
	copy->above = share(mint->above);
	return copy;
}

static bool is_root(X509 *certificate)
{
	return X509_NAME_cmp(
		       X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
}

/* The first certificate is the CA; a root, whether it is that or stands behind it, is not sent. */
static void take_chain(struct mint *mint, STACK_OF(X509) * all)
{
	mint->cert = sk_X509_value(all, 0);
	X509_up_ref(mint->cert);
	for (int i = sk_X509_num(all) - 1; i >= 0; i--)
		if (is_root(sk_X509_value(all, i)))
			X509_free(sk_X509_delete(all, i));
	mint->above = is_root(mint->cert) ? NULL : share(all);
}

bool mint_load(const char *cert_path, const char *key_path, struct mint **ret, struct error *reterr)
{
	OWN(mint) struct mint *mint = calloc(1, sizeof *mint);
	if (!mint)
		bug("out of memory");
	OWN(certificates) STACK_OF(X509) *all = NULL;
	if (!bundle_certificates(cert_path, &all, reterr))
		return false;
	take_chain(mint, all);
	if ((key_path &&
		    (!bundle_private_key(key_path, NULL, &mint->key, reterr) ||
			    !key_check_pair(mint->key, mint->cert, key_path, cert_path, reterr))))
		return false;
	*ret = TAKE(mint);
	return true;
}

bool mint_can_sign(const struct mint *mint)
{
	return mint->key != NULL;
}

static bool set_subject(X509 *cert, const char *common_name, const struct mint *named_after)
{
	if (named_after)
		return X509_set_subject_name(cert, X509_get_subject_name(named_after->cert));
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

static must_check bool make_key(
	struct mint *mint, const struct mint_recipe *recipe, struct error *reterr)
{
	static const struct key_type usual = { .id = EVP_PKEY_EC, .curve = "P-256" };
	return key_make(recipe->key.id ? &recipe->key : &usual, &mint->key, reterr);
}

static must_check bool fill_in(X509 *cert, const struct mint *mint, const struct mint *signer,
	const struct mint_recipe *recipe, time_t now, struct error *reterr)
{
	long version = recipe->faults & MINT_V1 ? X509_VERSION_1 : X509_VERSION_3;
	/* The key first: subjectKeyIdentifier=hash is the digest of what is there by then. */
	if (!X509_set_version(cert, version) || !X509_set_pubkey(cert, mint->key) ||
		!ca_random_serial(cert) ||
		!set_subject(cert, recipe->common_name, recipe->named_after) ||
		!X509_set_issuer_name(cert, X509_get_subject_name(signer->cert)) ||
		!set_time(X509_getm_notBefore(cert), now, recipe->not_before_s) ||
		!set_time(X509_getm_notAfter(cert), now, recipe->not_after_s))
		return error_openssl(reterr, ERROR_BUG, "cannot mint a certificate for '%s'",
			recipe->common_name);
	return recipe->faults & (MINT_V1 | MINT_BARE) ||
	       add_extensions(cert, signer->cert, recipe, reterr);
}

static must_check bool sign(
	X509 *cert, EVP_PKEY *key, const struct mint_recipe *recipe, struct error *reterr)
{
	const EVP_MD *digest = NULL;
	/* Not key_digest alone: that rightly takes no weak one. */
	if (!key_digest(key, NULL, &digest, reterr))
		return false;
	if (recipe->digest)
		digest = EVP_get_digestbyname(recipe->digest);
	if (X509_sign(cert, key, digest))
		return true;
	return error_openssl(
		reterr, ERROR_BUG, "cannot sign the certificate of '%s'", recipe->common_name);
}

/* The last byte of an ECDSA signature is the end of its second number: it stays well-formed. */
static void corrupt(X509 *cert)
{
	const ASN1_BIT_STRING *signature;
	X509_get0_signature(&signature, NULL, cert);
	signature->data[signature->length - 1] ^= 1;
}

/* Every check of the pair compares public halves only, so that this one passes: until it signs. */
static must_check bool use_foreign_key(struct mint *mint, struct error *reterr)
{
	OWN(EVP_PKEY) EVP_PKEY *other = EVP_EC_gen("P-256");
	OWN(BIGNUM) BIGNUM *secret = NULL;
	unsigned char public[128];
	size_t public_bytes;
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *joined = NULL;
	OSSL_PARAM *parameters = NULL;
	bool ok =
		other && builder && context &&
		EVP_PKEY_get_bn_param(other, OSSL_PKEY_PARAM_PRIV_KEY, &secret) &&
		EVP_PKEY_get_octet_string_param(
			mint->key, OSSL_PKEY_PARAM_PUB_KEY, public, sizeof public, &public_bytes) &&
		OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) &&
		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, secret) &&
		OSSL_PARAM_BLD_push_octet_string(
			builder, OSSL_PKEY_PARAM_PUB_KEY, public, public_bytes) &&
		(parameters = OSSL_PARAM_BLD_to_param(builder)) != NULL &&
		EVP_PKEY_fromdata_init(context) > 0 &&
		EVP_PKEY_fromdata(context, &joined, EVP_PKEY_KEYPAIR, parameters) > 0;
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(context);
	if (!ok)
		return error_openssl(reterr, ERROR_BUG, "cannot join two halves of keys");
	EVP_PKEY_free(mint->key);
	mint->key = joined;
	return true;
}

bool mint_new(const struct mint_recipe *recipe, const struct mint *issuer, time_t now,
	struct mint **ret, struct error *reterr)
{
	OWN(mint) struct mint *mint = calloc(1, sizeof *mint);
	if (!mint || !(mint->cert = X509_new()))
		bug("out of memory");
	const struct mint *signer = issuer ? issuer : mint;
	if (!make_key(mint, recipe, reterr) ||
		!fill_in(mint->cert, mint, signer, recipe, now, reterr) ||
		!sign(mint->cert, signer->key, recipe, reterr))
		return false;
	mint->above = issuer ? share(issuer->above) : NULL;
	if (recipe->faults & MINT_CORRUPT)
		corrupt(mint->cert);
	if (recipe->faults & MINT_FOREIGN_KEY && !use_foreign_key(mint, reterr))
		return false;
	*ret = TAKE(mint);
	return true;
}

bool mint_add_certificate(const struct mint *mint, struct buffer *ret, struct error *reterr)
{
	return pem_add_certificate(mint->cert, ret, reterr);
}

bool mint_add_above(const struct mint *mint, struct buffer *ret, struct error *reterr)
{
	for (int i = 0; i < sk_X509_num(mint->above); i++)
		if (!pem_add_certificate(sk_X509_value(mint->above, i), ret, reterr))
			return false;
	return true;
}

bool mint_add_key(
	const struct mint *mint, const char *passphrase, struct buffer *ret, struct error *reterr)
{
	return key_encode(mint->key, passphrase, ret, reterr);
}

static bool list_revoked(X509_CRL *crl, const struct mint *revoked, const ASN1_TIME *when)
{
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_INTEGER *serial = X509_get_serialNumber(revoked->cert);
	if (entry && X509_REVOKED_set_serialNumber(entry, serial) &&
		X509_REVOKED_set_revocationDate(entry, (ASN1_TIME *)when) &&
		X509_CRL_add0_revoked(crl, entry))
		return true;
	X509_REVOKED_free(entry);
	return false;
}

bool mint_add_crl(const struct mint *issuer, const struct mint *revoked, long long from_s,
	long long until_s, struct buffer *ret, struct error *reterr)
{
	time_t now = time(NULL);
	OWN(X509_CRL) X509_CRL *crl = X509_CRL_new();
	OWN(BIO) BIO *bio = BIO_new(BIO_s_mem());
	ASN1_TIME *from = ASN1_TIME_adj(NULL, now, 0, (long)from_s);
	ASN1_TIME *until = ASN1_TIME_adj(NULL, now, 0, (long)until_s);
	const EVP_MD *digest = NULL;
	bool ok = crl && bio && from && until && key_digest(issuer->key, NULL, &digest, reterr) &&
		  X509_CRL_set_version(crl, X509_CRL_VERSION_2) &&
		  X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->cert)) &&
		  X509_CRL_set1_lastUpdate(crl, from) && X509_CRL_set1_nextUpdate(crl, until) &&
		  (!revoked || list_revoked(crl, revoked, from)) &&
		  X509_CRL_sign(crl, issuer->key, digest) && PEM_write_bio_X509_CRL(bio, crl);
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
	char *text;
	long bytes = ok ? BIO_get_mem_data(bio, &text) : 0;
	if (!ok)
		return error_openssl(reterr, ERROR_BUG, "cannot mint a CRL");
	return buffer_append(ret, text, (size_t)bytes, reterr);
}

bool mint_save(
	const struct mint *mint, const char *cert_path, const char *key_path, struct error *reterr)
{
	OWN(file_set) struct file_set *set = file_set_new();
	OWN(buffer) struct buffer key = { .bytes_max = FILE_INPUT_BYTES_MAX, .secret = true };
	OWN(buffer) struct buffer cert = BUFFER(FILE_INPUT_BYTES_MAX);
	return pem_add_certificate(mint->cert, &cert, reterr) &&
	       mint_add_above(mint, &cert, reterr) && key_encode(mint->key, NULL, &key, reterr) &&
	       file_set_add(set, key_path, FILE_PRIVATE, key.data, key.length, reterr) &&
	       file_set_add(set, cert_path, FILE_PUBLIC, cert.data, cert.length, reterr) &&
	       file_set_commit(set, true, reterr);
}
