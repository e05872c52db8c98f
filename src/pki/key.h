/* Private keys: which kinds we make, and how they are written (PEM, PKCS#8, RFC 5958); bundle.h
 * reads. */
#ifndef MTLS_PKI_KEY_H
#define MTLS_PKI_KEY_H

#include "pki/openssl.h"

/* PBKDF2 rounds under a person's passphrase; OpenSSL's own default is 2048. */
#define KEY_PBKDF2_ROUNDS 600000

struct key_type {
	int id;            /* EVP_PKEY_RSA, EVP_PKEY_EC, EVP_PKEY_ED25519 or EVP_PKEY_ED448 */
	unsigned bits;     /* RSA only */
	const char *curve; /* EC only: "P-256", "P-384" or "P-521" */
};

/* What --key-type takes, for help texts. */
#define KEY_TYPES "rsa:2048, rsa:3072, rsa:4096, ec:P-256, ec:P-384, ec:P-521, ed25519, ed448"

/* "rsa:2048", "ec:P-256", "ed25519" and so on; anything else is ERROR_USAGE listing what goes. */
must_check bool key_type_parse(const char *text, struct key_type *ret, struct error *reterr);
struct key_type key_type_of(const EVP_PKEY *key);
bool key_type_equal(const struct key_type *a, const struct key_type *b);
/* "RSA-2048", "P-256", "Ed25519" for people. The text is static or in `target`. */
#define KEY_NAME_BYTES 32
const char *key_type_name(const struct key_type *type, char target[static KEY_NAME_BYTES]);

must_check bool key_make(const struct key_type *type, EVP_PKEY **ret, struct error *reterr);
/*
 * The same for who makes many of one kind: what a kind needs, such as a curve, is set up once,
 * which for P-256 takes longer than the key. One maker a thread; the caller's to free.
 */
must_check bool key_maker_new(
	const struct key_type *type, EVP_PKEY_CTX **ret, struct error *reterr);
must_check bool key_make_by(
	EVP_PKEY_CTX *maker, const struct key_type *type, EVP_PKEY **ret, struct error *reterr);

/*
 * Makes `count` keys, RSA ones side by side on all cores; an idle core starts a second search for a
 * key that is still being searched, and the first to finish wins. `progress` (may be NULL) is
 * called on the calling thread, once for each finished key (`made` true) and some times a second
 * in between (`made` false; `index` is then that of a key still being searched).
 */
typedef void key_progress(void *context, size_t index, bool made);
must_check bool key_make_all(const struct key_type *types, size_t count, EVP_PKEY **ret_keys,
	key_progress *progress, void *context, struct error *reterr);

/*
 * Appends the key as PEM PKCS#8: encrypted with AES-256-CBC under PBKDF2 (HMAC-SHA-256,
 * KEY_PBKDF2_ROUNDS) when `passphrase` is not NULL. `ret` should be a secret buffer.
 */
must_check bool key_encode(
	EVP_PKEY *key, const char *passphrase, struct buffer *ret, struct error *reterr);

/*
 * The key as PKCS#8, unencrypted; NULL: OpenSSL's queue says why. The caller's to free, which wipes
 * it.
 */
PKCS8_PRIV_KEY_INFO *key_pkcs8(EVP_PKEY *key);
OWN_DEFINE(PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free);

/*
 * Both halves of a P-256 key, for who writes it more than once; false: another kind, or another
 * form. The caller wipes it.
 */
enum {
	KEY_P256_SCALAR_BYTES = 32,
	KEY_P256_POINT_BYTES = 65,
	KEY_P256_PUBLIC_BYTES = 26 + KEY_P256_POINT_BYTES,
};
struct key_p256 {
	unsigned char scalar[KEY_P256_SCALAR_BYTES];
	unsigned char point[KEY_P256_POINT_BYTES]; /* uncompressed (SEC 1 section 2.3.3) */
};
must_check bool key_p256_read(const EVP_PKEY *key, struct key_p256 *ret);
/* SubjectPublicKeyInfo (RFC 5480). */
void key_p256_public(const struct key_p256 *key, unsigned char ret[static KEY_P256_PUBLIC_BYTES]);
/* Appends what key_encode would without a passphrase. */
must_check bool key_p256_encode(
	const struct key_p256 *key, struct buffer *ret, struct error *reterr);

/* Enough for RSA-16384. */
#define KEY_SIGNATURE_BYTES_MAX 2048
struct key_signature {
	size_t count;
	unsigned char bytes[KEY_SIGNATURE_BYTES_MAX];
};
/* Signs as X509_sign does; `digest` as key_digest gives it. False: OpenSSL's queue says why. */
must_check bool key_sign(EVP_PKEY *key, const EVP_MD *digest, const void *data, size_t bytes,
	struct key_signature *ret);

/*
 * Puts the public key into a certificate or request in the making (X509_get_X509_PUBKEY) if it is
 * of a kind that needs no encoder of OpenSSL, else false. What holds it then gives no
 * X509_get0_pubkey before it was written and read again.
 */
bool key_put_public(EVP_PKEY *key, X509_PUBKEY *target);

/* Whether the key is the certificate's; if not, KEY_MISMATCH names both files. */
must_check bool key_check_pair(const EVP_PKEY *key, const X509 *certificate, const char *key_path,
	const char *certificate_path, struct error *reterr);

/* The digest to sign with: `wanted` ("sha256"; NULL: the default), NULL for Ed25519 and Ed448. */
must_check bool key_digest(
	const EVP_PKEY *key, const char *wanted, const EVP_MD **ret, struct error *reterr);

#endif
