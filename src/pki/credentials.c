/* Loads what a side presents, and refuses what could not work before the first connection. */
#include "pki/credentials.h"

#include "pki/bundle.h"
#include "pki/key.h"

#include <openssl/err.h>

/* RSA's are as long as the key, 16,384 bits at most (OPENSSL_RSA_MAX_MODULUS_BITS). */
#define SIGNATURE_BYTES_MAX 2048

void credentials_free(struct credentials *credentials)
{
	if (!credentials)
		return;
	X509_free(credentials->leaf);
	sk_X509_pop_free(credentials->chain, X509_free);
	EVP_PKEY_free(credentials->key);
	free(credentials);
}

/* The key tells which certificate is the leaf; OpenSSL would say no more than "mismatch". */
static bool check_order(const STACK_OF(X509) * certificates, const EVP_PKEY *key,
	const char *cert_path, const char *key_path, struct error *reterr)
{
	int at = 1, count = sk_X509_num(certificates);
	if (key_check_pair(key, sk_X509_value(certificates, 0), key_path, cert_path, reterr))
		return true;
	while (at < count && X509_check_private_key(sk_X509_value(certificates, at), key) != 1)
		at++;
	ERR_clear_error();
	if (at == count)
		return false;
	return error_code(reterr, ERROR_INPUT, CODE_PEM_ORDER,
		"the key '%s' belongs to certificate %d of '%s', not to the first: the leaf must "
		"stand first",
		key_path, at + 1, cert_path);
}

/* A root at the end helps nobody: who trusts it has it (RFC 8446 section 4.4.2). */
static void drop_root(STACK_OF(X509) * chain)
{
	int count = sk_X509_num(chain);
	X509 *last = count ? sk_X509_value(chain, count - 1) : NULL;
	if (last && X509_check_issued(last, last) == X509_V_OK)
		X509_free(sk_X509_pop(chain));
}

bool credentials_load(const char *cert_path, const char *key_path, const char *passphrase,
	struct credentials **ret, struct error *reterr)
{
	OWN(bundle) struct bundle *file = NULL;
	OWN(EVP_PKEY) EVP_PKEY *key = NULL;
	/* One file may hold both; its key is then read with the passphrase, below. */
	if (!bundle_read_kind(cert_path, passphrase, BUNDLE_CERTIFICATE, &file, reterr) ||
		!bundle_private_key(key_path, passphrase, &key, reterr) ||
		!check_order(file->certificates, key, cert_path, key_path, reterr))
		return false;
	struct credentials *credentials = calloc(1, sizeof *credentials);
	if (!credentials)
		bug("out of memory for credentials");
	credentials->leaf = sk_X509_shift(file->certificates);
	credentials->chain = TAKE(file->certificates);
	credentials->key = TAKE(key);
	drop_root(credentials->chain);
	*ret = credentials;
	return true;
}

bool credentials_prove(const struct credentials *credentials)
{
	static const unsigned char said[] = "what CertificateVerify would sign";
	unsigned char signature[SIGNATURE_BYTES_MAX];
	size_t bytes = sizeof signature;
	const EVP_MD *digest = NULL;
	struct error unused;
	OWN(EVP_MD_CTX) EVP_MD_CTX *signs = EVP_MD_CTX_new();
	OWN(EVP_MD_CTX) EVP_MD_CTX *verifies = EVP_MD_CTX_new();
	EVP_PKEY *public = X509_get0_pubkey(credentials->leaf);
	bool proven = public && key_digest(credentials->key, NULL, &digest, &unused) &&
		      EVP_DigestSignInit(signs, NULL, digest, NULL, credentials->key) == 1 &&
		      EVP_DigestSign(signs, signature, &bytes, said, sizeof said) == 1 &&
		      EVP_DigestVerifyInit(verifies, NULL, digest, NULL, public) == 1 &&
		      EVP_DigestVerify(verifies, signature, bytes, said, sizeof said) == 1;
	ERR_clear_error();
	return proven;
}
