/* Loads what a side presents, and refuses what could not work before the first connection. */
#include "pki/credentials.h"

#include "pki/bundle.h"

void credentials_free(struct credentials *credentials)
{
	if (!credentials)
		return;
	X509_free(credentials->leaf);
	sk_X509_pop_free(credentials->chain, X509_free);
	EVP_PKEY_free(credentials->key);
	free(credentials);
}

static bool fits(const X509 *certificate, const EVP_PKEY *key)
{
	const EVP_PKEY *public_key = X509_get0_pubkey(certificate);
	return public_key && EVP_PKEY_eq(public_key, key) == 1;
}

/* The key tells which certificate is the leaf; OpenSSL would say no more than "mismatch". */
static bool check_order(const STACK_OF(X509) * certificates, const EVP_PKEY *key,
	const char *cert_path, const char *key_path, struct error *reterr)
{
	if (fits(sk_X509_value(certificates, 0), key))
		return true;
	for (int i = 1; i < sk_X509_num(certificates); i++)
		if (fits(sk_X509_value(certificates, i), key))
			return error_code(reterr, ERROR_INPUT, CODE_PEM_ORDER,
				"the key '%s' belongs to certificate %d of '%s', not to the first: "
				"the leaf must stand first",
				key_path, i + 1, cert_path);
	return error_code(reterr, ERROR_INPUT, CODE_KEY_MISMATCH,
		"the key '%s' does not belong to the certificate '%s'", key_path, cert_path);
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
	if (!bundle_read(cert_path, passphrase, &file, reterr))
		return false;
	if (!sk_X509_num(file->certificates))
		return error_set(reterr, ERROR_INPUT, "cannot use '%s': it is %s, not %s",
			cert_path, bundle_kind_name(file->kind),
			bundle_kind_name(BUNDLE_CERTIFICATE));
	if (!bundle_private_key(key_path, passphrase, &key, reterr) ||
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
