/*
 * PFX files (PKCS#12, RFC 7292): leaf, key and CA under one password, in the form that the program
 * at the other end reads, and opened again.
 */
#ifndef MTLS_PKI_PFX_H
#define MTLS_PKI_PFX_H

#include "pki/openssl.h"

#include <openssl/pkcs12.h>

#define PFX_BYTES_MAX ((size_t)1 << 20)
/* 128 random bits in lower-case hexadecimal, and NUL. */
#define PFX_PASSWORD_BYTES 33

enum pfx_target {
	PFX_MODERN,
	PFX_MACOS,
	PFX_WINDOWS,
	PFX_WINDOWS_2016,
	PFX_ANDROID,
	PFX_JAVA8,
	PFX_TARGETS,
};

/* What pfx_target_parse takes, separated by bars. */
#define PFX_TARGET_CHOICES "modern|macos|windows|windows-2016|android|java8"
must_check bool pfx_target_parse(const char *text, enum pfx_target *ret);

struct pfx_form {
	const char *name;            /* "modern" */
	const char *cipher;          /* for people: "AES-256-CBC" */
	const char *mac;             /* for people: "SHA-256" */
	int rounds_max;              /* under a person's password: the most that the target reads */
	const char *import;          /* a command with %s for the file; the password is asked for */
	const char *import_password; /* the same with %s for file and password file; or NULL */
};
const struct pfx_form *pfx_form(enum pfx_target target);

struct pfx_options {
	enum pfx_target target;
	bool generated; /* the password is 128 random bits: more rounds would add nothing */
};
int pfx_rounds(const struct pfx_options *options);

void pfx_password_make(char ret_password[static PFX_PASSWORD_BYTES]);

/*
 * Removes `path` when it holds a generated password, as pfx_password_make makes it, that is not
 * `password`: it opened the PFX that was just replaced, and opens nothing now. What anybody else
 * wrote there stays. ERROR_IO when it cannot be removed.
 */
must_check bool pfx_password_retire(
	const char *path, const char *password, bool *ret_removed, struct error *reterr);

/* What a PFX holds. */
struct pfx {
	X509 *leaf;                        /* NULL when a file has no key to say which it is */
	EVP_PKEY *key;                     /* likewise */
	STACK_OF(X509) * others;           /* the leaf's issuers; never NULL, may be empty */
	STACK_OF(PKCS12_SAFEBAG) * sealed; /* the key by pfx_seal, or NULL */
};
void pfx_free(struct pfx *pfx);
OWN_DEFINE(pfx, struct pfx, pfx_free);
/* In two steps, as a key is there before its certificate. Takes references of its own. */
struct pfx *pfx_of_key(EVP_PKEY *key);
/* `issuer` may be NULL. */
void pfx_certify(struct pfx *pfx, X509 *leaf, X509 *issuer);
/*
 * From files: the leaf first in `certificate_path`, its chain behind it and in `ca_paths`. A key
 * that is not the leaf's is KEY_MISMATCH, and a CA that did not issue it ERROR_INPUT, both naming
 * the files.
 */
must_check bool pfx_gather(const char *certificate_path, const char *key_path,
	const char *passphrase, const char *const *ca_paths, size_t ca_count, struct pfx **ret,
	struct error *reterr);

/*
 * Encrypts the key for the next pfx_make, under the same password and options: a third of its time,
 * and needs no certificate. An empty password is ERROR_INPUT.
 */
must_check bool pfx_seal(struct pfx *pfx, const char *password, const struct pfx_options *options,
	struct error *reterr);
/*
 * Appends a PFX in DER to `ret`, which should be secret; seals the key if that is not done. Cipher,
 * rounds and MAC are set explicitly.
 */
must_check bool pfx_make(struct pfx *pfx, const char *password, const struct pfx_options *options,
	struct buffer *ret, struct error *reterr);

/*
 * Opens what bundle_read found in `path`. The MAC is checked first: if it is right and the content
 * still cannot be read, an old algorithm is at fault, and not the password.
 */
must_check bool pfx_open(const char *path, PKCS12 *file, const char *password, struct pfx **ret,
	struct error *reterr);
/* Reads a file that was just written, and compares. */
must_check bool pfx_check(
	const char *path, const char *password, const struct pfx *expected, struct error *reterr);

/* The command that imports the file at the target; `password_path` may be NULL. The caller's to
 * free. */
char *pfx_import_command(enum pfx_target target, const char *path, const char *password_path);

#endif
