/*
 * Certificates made to order, broken ones among them: what a CA folder would rightly refuse to
 * issue. For demonstrations and tests; nothing that issues for real use comes here.
 */
#ifndef MTLS_PKI_MINT_H
#define MTLS_PKI_MINT_H

#include "pki/key.h"

/* One extension as in an OpenSSL configuration file. Our own data, never a user's: it is expanded
 * as a file would be. */
struct mint_extension {
	const char *name, *value;
};

#define MINT_EXTENSIONS_MAX 6

struct mint;

struct mint_recipe {
	const char *common_name;
	const struct mint
		*named_after; /* whose subject it has, instead of a common name; or NULL */
	long long not_before_s, not_after_s; /* seconds from now; both may be negative */
	struct mint_extension extensions[MINT_EXTENSIONS_MAX]; /* ends where a name is NULL */
	struct key_type key; /* id 0: P-256; a weak one is made without a word */
	const char *digest;  /* "sha1"; NULL: SHA-256 */
	unsigned faults;     /* MINT_..., or'ed */
};

enum {
	MINT_V1 = 1,          /* X.509 version 1, without any extension */
	MINT_BARE = 2,        /* version 3, and no extension at all */
	MINT_CORRUPT = 4,     /* one bit of the signature is flipped */
	MINT_FOREIGN_KEY = 8, /* its key file holds the private half of another P-256 key */
};

/* A certificate with its key: what was minted, or a CA to mint from. */
void mint_free(struct mint *mint);
OWN_DEFINE(mint, struct mint, mint_free);

/*
 * Takes a CA from its files (PEM, key not encrypted). ERROR_INPUT names the file, KEY_MISMATCH
 * both. Without a key (NULL) nothing can be minted from it.
 */
/* Where the file's first certificate is an intermediate, it and those behind it that are no root
 * belong behind whatever it issues. */
must_check bool mint_load(
	const char *cert_path, const char *key_path, struct mint **ret, struct error *reterr);
bool mint_can_sign(const struct mint *mint);
/* The same certificate and key once more. */
struct mint *mint_copy(const struct mint *mint);

/*
 * Makes a key and a certificate for it, version 3, a random serial, with the recipe's extensions,
 * subjectKeyIdentifier and (unless self-signed) authorityKeyIdentifier. `issuer` NULL makes it
 * self-signed.
 */
must_check bool mint_new(const struct mint_recipe *recipe, const struct mint *issuer, time_t now,
	struct mint **ret, struct error *reterr);

/* Writes both as PEM, the key 0600; existing files are replaced. */
must_check bool mint_save(
	const struct mint *mint, const char *cert_path, const char *key_path, struct error *reterr);

const X509 *mint_certificate(const struct mint *mint); /* borrowed */

/* Append its certificate, and its key (under a passphrase unless NULL), as PEM. */
must_check bool mint_add_certificate(
	const struct mint *mint, struct buffer *ret, struct error *reterr);
must_check bool mint_add_key(
	const struct mint *mint, const char *passphrase, struct buffer *ret, struct error *reterr);

/* Appends what has to be sent behind the certificates that it is minted from: see mint_load. */
must_check bool mint_add_above(const struct mint *mint, struct buffer *ret, struct error *reterr);

/*
 * Appends a CRL of `issuer` as PEM, its times in seconds from now, that lists `revoked` (NULL:
 * nobody).
 */
must_check bool mint_add_crl(const struct mint *issuer, const struct mint *revoked,
	long long from_s, long long until_s, struct buffer *ret, struct error *reterr);

#endif
