/*
 * What a file holds: certificates, a request, CRLs, a key, a PFX, a configuration; PEM or DER.
 * Every file that a user names comes in here, so that each mistake is said in the same words.
 */
#ifndef MTLS_PKI_BUNDLE_H
#define MTLS_PKI_BUNDLE_H

#include "pki/openssl.h"

#include <openssl/pkcs12.h>

OWN_DEFINE(PKCS12, PKCS12, PKCS12_free);

enum bundle_kind {
	BUNDLE_CERTIFICATE,
	BUNDLE_REQUEST,
	BUNDLE_CRL,
	BUNDLE_KEY,        /* private */
	BUNDLE_PUBLIC_KEY, /* public alone */
	BUNDLE_PFX,
	BUNDLE_CONFIGURATION, /* a .cnf: text with a [section] or a `name = value` in it */
	BUNDLE_KINDS,
};

struct bundle {
	size_t counts[BUNDLE_KINDS];   /* how many of each kind stand in the file */
	enum bundle_kind kind;         /* of what stands first */
	bool pem;                      /* as opposed to DER */
	STACK_OF(X509) * certificates; /* in the file's order; may be empty */
	STACK_OF(X509_CRL) * crls;     /* likewise */
	X509_REQ *request;             /* the first, or NULL */
	EVP_PKEY *key;                 /* the first private or public key, or NULL */
	bool key_encrypted;            /* the private key needs a passphrase */
	bool key_locked;               /* and none was given: `key` is NULL */
	PKCS12 *pfx;                   /* not opened: see pfx_open */
};

/*
 * Reads a file ("-": standard input). `passphrase` is for an encrypted private key; NULL leaves
 * such a key locked, never a prompt. ERROR_INPUT when the file is missing, empty, malformed, or
 * nothing that we know; KEY_PASSPHRASE when the passphrase is wrong.
 */
must_check bool bundle_read(
	const char *path, const char *passphrase, struct bundle **ret, struct error *reterr);
/* The same, and ERROR_INPUT, saying what the file is instead, when it has nothing of that kind. */
must_check bool bundle_read_kind(const char *path, const char *passphrase, enum bundle_kind wanted,
	struct bundle **ret, struct error *reterr);
/* As bundle_read, of bytes in memory, at least one of them; `path` only names them in errors. */
must_check bool bundle_parse(const char *path, const struct buffer *data, const char *passphrase,
	struct bundle **ret, struct error *reterr);
void bundle_free(struct bundle *bundle);
OWN_DEFINE(bundle, struct bundle, bundle_free);

/* "a certificate", "a private key", ... */
const char *bundle_kind_name(enum bundle_kind kind);

/*
 * One object from a file, which may hold others: the first certificate, request, private key. What
 * the file is instead is part of the error. The object is the caller's.
 */
must_check bool bundle_certificates(const char *path, STACK_OF(X509) * *ret,
	struct error *reterr); /* all of them, at least one */
must_check bool bundle_certificate(const char *path, X509 **ret, struct error *reterr);
must_check bool bundle_request(const char *path, X509_REQ **ret, struct error *reterr);
/* An encrypted key without a passphrase, or with a wrong one, is KEY_PASSPHRASE. */
must_check bool bundle_private_key(
	const char *path, const char *passphrase, EVP_PKEY **ret, struct error *reterr);

/*
 * For a file that a user names to be written: what a slip of the hand would destroy there is
 * ERROR_USAGE, namely anything that we know, but for the kinds of `may_go` (BUNDLE_BIT of each).
 */
#define BUNDLE_BIT(kind) (1U << (kind))
must_check bool bundle_check_target(const char *path, unsigned may_go, struct error *reterr);

#endif
