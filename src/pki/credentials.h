/* A leaf, its chain and its key, as a side of a connection presents them. */
#ifndef MTLS_PKI_CREDENTIALS_H
#define MTLS_PKI_CREDENTIALS_H

#include "pki/openssl.h"

struct credentials {
	X509 *leaf;
	STACK_OF(X509) * chain; /* intermediates, may be empty */
	EVP_PKEY *key;
};

/*
 * Loads a certificate file (leaf first, then intermediates; a root at the end is dropped) and its
 * key. Codes: KEY_MISMATCH (naming both files), PEM_ORDER, KEY_PASSPHRASE. `passphrase` may be
 * NULL: an encrypted key is then an error, never a prompt.
 */
must_check bool credentials_load(const char *cert_path, const char *key_path,
	const char *passphrase, struct credentials **ret, struct error *reterr);
/*
 * Whether what the key signs verifies with the certificate: a key file carries its public half as
 * well, and that alone is compared when the two are loaded.
 */
must_check bool credentials_prove(const struct credentials *credentials);
void credentials_free(struct credentials *credentials);
OWN_DEFINE(credentials, struct credentials, credentials_free);

#endif
