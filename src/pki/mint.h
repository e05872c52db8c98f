/*
 * Certificates made to order, broken ones among them: what a CA folder would rightly refuse to
 * issue. For demonstrations and tests; nothing that issues for real use comes here.
 */
#ifndef MTLS_PKI_MINT_H
#define MTLS_PKI_MINT_H

#include "pki/openssl.h"

/* One extension as in an OpenSSL configuration file. Our own data, never a user's: it is expanded
 * as a file would be. */
struct mint_extension {
	const char *name, *value;
};

#define MINT_EXTENSIONS_MAX 6

struct mint_recipe {
	const char *common_name;
	long long not_before_s, not_after_s; /* seconds from now; both may be negative */
	struct mint_extension extensions[MINT_EXTENSIONS_MAX]; /* ends where a name is NULL */
};

/* A certificate with its key: what was minted, or a CA to mint from. */
struct mint;
void mint_free(struct mint *mint);
OWN_DEFINE(mint, struct mint, mint_free);

/* Takes a CA from its files (PEM, key not encrypted). ERROR_INPUT names the file. */
must_check bool mint_load(
	const char *cert_path, const char *key_path, struct mint **ret, struct error *reterr);

/*
 * Makes a P-256 key and a certificate for it, version 3, a random serial, SHA-256, with the
 * recipe's extensions, subjectKeyIdentifier and (unless self-signed) authorityKeyIdentifier.
 * `issuer` NULL makes it self-signed.
 */
must_check bool mint_new(const struct mint_recipe *recipe, const struct mint *issuer, time_t now,
	struct mint **ret, struct error *reterr);

/* Writes both as PEM, the key 0600; existing files are replaced. */
must_check bool mint_save(
	const struct mint *mint, const char *cert_path, const char *key_path, struct error *reterr);

const X509 *mint_certificate(const struct mint *mint); /* borrowed */

#endif
