/*
 * Certificates and CRLs for unit tests, made with OpenSSL's API so that they can be wrong in any
 * way. Nothing here is freed one by one: a test's certificates live until certs_done.
 */
#ifndef MTLS_TESTS_CERTS_H
#define MTLS_TESTS_CERTS_H

#include "unit.h"

#include "pki/pki.h"

#include <openssl/dsa.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <unistd.h>

#define DAY 86400
/* The moment at which these tests live: 2026-06-01T00:00:00Z. */
#define NOW ((time_t)1780272000)

/* Extensions as lines of a .cnf; a value may be `DER:...`. */
#define EXTENSIONS_MAX 10

struct spec {
	const char *subject; /* "CN=a/O=b"; NULL: the twin's, "": an empty name */
	const char *extensions[EXTENSIONS_MAX];
	const char *key;    /* "P-256" (NULL), "P-224", "rsa:2048", "dsa", "ed25519" */
	const char *digest; /* NULL: SHA-256 */
	const char *serial; /* hexadecimal; NULL: one of its own */
	long version;       /* X509_VERSION_...; 0 (v1) only with `v1`, else v3 */
	bool v1;
	time_t not_before, not_after; /* 0: NOW - a day, NOW + a year */
	bool corrupt;                 /* the signature, after signing */
	unsigned char unique_id;      /* 0x81: the issuer's, 0x82: the subject's; 0: none */
};

struct made {
	X509 *certificate;
	EVP_PKEY *key;
};

#define MADE_MAX 512
static struct made made[MADE_MAX];
static size_t made_count;
static EVP_PKEY *spare_keys[16];
static const char *spare_names[16];

static inline EVP_PKEY *certs_dsa_key(void)
{
	EVP_PKEY *parameters = NULL, *key = NULL;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
	EVP_PKEY_paramgen_init(context);
	EVP_PKEY_CTX_set_dsa_paramgen_bits(context, 2048);
	assert_true(EVP_PKEY_paramgen(context, &parameters) > 0);
	EVP_PKEY_CTX_free(context);
	context = EVP_PKEY_CTX_new_from_pkey(NULL, parameters, NULL);
	EVP_PKEY_keygen_init(context);
	assert_true(EVP_PKEY_keygen(context, &key) > 0);
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(parameters);
	return key;
}

/* One key a kind and slot: making them anew each time would only cost time. */
static inline EVP_PKEY *certs_key(const char *kind)
{
	size_t i = 0;
	kind = kind ? kind : "P-256";
	for (; i < 16 && spare_names[i]; i++)
		if (!strcmp(spare_names[i], kind))
			return spare_keys[i];
	assert_true(i < 16);
	spare_names[i] = kind;
	if (!strncmp(kind, "rsa:", 4))
		spare_keys[i] = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)atoi(kind + 4));
	else if (!strcmp(kind, "dsa"))
		spare_keys[i] = certs_dsa_key();
	else if (!strcmp(kind, "ed25519"))
		spare_keys[i] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	else
		/* "P-256#2": another key of that curve */
		spare_keys[i] = EVP_PKEY_Q_keygen(NULL, NULL, "EC",
			!strncmp(kind, "P-224", 5)   ? "P-224"
			: !strncmp(kind, "P-384", 5) ? "P-384"
						     : "P-256");
	assert_non_null(spare_keys[i]);
	return spare_keys[i];
}

static inline void certs_name(X509_NAME *name, const char *text)
{
	char copy[256];
	snprintf(copy, sizeof copy, "%s", text);
	char *rest = NULL;
	for (char *part = strtok_r(copy, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
		char *value = strchr(part, '=');
		*value++ = 0;
		assert_true(X509_NAME_add_entry_by_txt(
			name, part, MBSTRING_UTF8, (unsigned char *)value, -1, -1, 0));
	}
}

static inline X509_EXTENSION *certs_extension(X509V3_CTX *context, const char *line)
{
	char name[128];
	const char *value = strchr(line, '=');
	snprintf(name, sizeof name, "%.*s", (int)(value - line), line);
	X509_EXTENSION *extension = X509V3_EXT_conf(NULL, context, name, value + 1);
	if (!extension)
		fail_msg("cannot make the extension %s", line);
	return extension;
}

static inline void certs_extensions(X509 *certificate, X509 *issuer, const char *const *lines)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, issuer ? issuer : certificate, certificate, NULL, NULL, 0);
	for (size_t i = 0; i < EXTENSIONS_MAX && lines[i]; i++) {
		X509_EXTENSION *extension = certs_extension(&context, lines[i]);
		X509_add_ext(certificate, extension, -1);
		X509_EXTENSION_free(extension);
	}
}

static inline const EVP_MD *certs_digest(const EVP_PKEY *key, const char *name)
{
	if (EVP_PKEY_is_a(key, "ED25519"))
		return NULL;
	return name ? EVP_get_digestbyname(name) : EVP_sha256();
}

static inline void certs_corrupt(X509 *certificate)
{
	const ASN1_BIT_STRING *signature;
	X509_get0_signature(&signature, NULL, certificate);
	signature->data[signature->length - 1] ^= 1;
}

/*
 * With a unique identifier of one byte, 0x55, which no function of OpenSSL sets: the bytes go
 * behind the public key (RFC 5280 section 4.1), and both lengths before it have two bytes.
 */
static inline X509 *certs_with_unique_id(X509 *certificate, unsigned char tag)
{
	const unsigned char id[] = { tag, 2, 0, 0x55 };
	unsigned char *der = NULL, *key = NULL, patched[4096];
	int bytes = i2d_X509(certificate, &der);
	int key_bytes = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key);
	assert_true(bytes > 256 && (size_t)bytes + sizeof id <= sizeof patched);
	const unsigned char *found = memmem(der, (size_t)bytes, key, (size_t)key_bytes);
	assert_non_null(found);
	size_t before = (size_t)(found - der) + (size_t)key_bytes;
	memcpy(patched, der, before);
	memcpy(patched + before, id, sizeof id);
	memcpy(patched + before + sizeof id, der + before, (size_t)bytes - before);
	for (size_t at = 2; at <= 6; at += 4) { /* of the certificate, of what is signed */
		unsigned length = (unsigned)(patched[at] << 8 | patched[at + 1]) + sizeof id;
		patched[at] = (unsigned char)(length >> 8);
		patched[at + 1] = (unsigned char)length;
	}
	const unsigned char *at = patched;
	X509 *with = d2i_X509(NULL, &at, bytes + (int)sizeof id);
	assert_non_null(with);
	X509_free(certificate);
	OPENSSL_free(der);
	OPENSSL_free(key);
	return with;
}

/* `issuer` NULL: self-signed. */
static inline struct made *certs_make(struct made *issuer, const struct spec *spec)
{
	assert_true(made_count < MADE_MAX);
	struct made *one = &made[made_count++];
	EVP_PKEY *signer;
	one->key = certs_key(spec->key);
	X509 *x = one->certificate = X509_new();
	X509_set_version(x, spec->v1 ? X509_VERSION_1 : X509_VERSION_3);
	BIGNUM *serial = NULL;
	char counted[32];
	snprintf(counted, sizeof counted, "77%06zX", made_count);
	BN_hex2bn(&serial, spec->serial ? spec->serial : counted);
	BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x));
	BN_free(serial);
	ASN1_TIME_set(X509_getm_notBefore(x), spec->not_before ? spec->not_before : NOW - DAY);
	ASN1_TIME_set(X509_getm_notAfter(x), spec->not_after ? spec->not_after : NOW + 365 * DAY);
	certs_name(X509_get_subject_name(x), spec->subject);
	X509_set_issuer_name(
		x, X509_get_subject_name(issuer ? issuer->certificate : one->certificate));
	X509_set_pubkey(x, one->key);
	certs_extensions(x, issuer ? issuer->certificate : NULL, spec->extensions);
	signer = issuer ? issuer->key : one->key;
	assert_true(X509_sign(x, signer, certs_digest(signer, spec->digest)) > 0);
	if (spec->unique_id) {
		x = certs_with_unique_id(x, spec->unique_id);
		assert_true(X509_sign(x, signer, certs_digest(signer, spec->digest)) > 0);
	}
	if (spec->corrupt)
		certs_corrupt(x);
	/* As it comes from a file: with its encoding cached and its extensions not yet. */
	unsigned char *der = NULL;
	int bytes = i2d_X509(x, &der);
	const unsigned char *at = der;
	X509_free(x);
	one->certificate = d2i_X509(NULL, &at, bytes);
	OPENSSL_free(der);
	assert_non_null(one->certificate);
	return one;
}
#define MAKE(issuer, ...) certs_make((issuer), &(struct spec){ __VA_ARGS__ })

static inline void certs_done(void)
{
	while (made_count)
		X509_free(made[--made_count].certificate);
	for (size_t i = 0; i < 16 && spare_names[i]; i++) {
		EVP_PKEY_free(spare_keys[i]);
		spare_names[i] = NULL;
	}
}

/* ---- CRLs ---- */

struct crl_spec {
	time_t last_update, next_update; /* 0: NOW - a day, NOW + a week */
	const X509 *revoked;             /* or NULL */
	bool without_number, without_key_id, without_next_update;
	bool v1;               /* which has no extensions */
	const char *extension; /* one more, as a line of a .cnf */
};

static inline X509_CRL *certs_crl(struct made *issuer, const struct crl_spec *spec)
{
	X509_CRL *crl = X509_CRL_new();
	X509_CRL_set_version(crl, spec->v1 ? X509_CRL_VERSION_1 : X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->certificate));
	ASN1_TIME *time = ASN1_TIME_set(NULL, spec->last_update ? spec->last_update : NOW - DAY);
	X509_CRL_set1_lastUpdate(crl, time);
	ASN1_TIME_set(time, spec->next_update ? spec->next_update : NOW + 7 * DAY);
	if (!spec->without_next_update)
		X509_CRL_set1_nextUpdate(crl, time);
	if (spec->revoked) {
		X509_REVOKED *entry = X509_REVOKED_new();
		ASN1_INTEGER *serial = ASN1_INTEGER_dup(X509_get0_serialNumber(spec->revoked));
		X509_REVOKED_set_serialNumber(entry, serial);
		ASN1_TIME_set(time, NOW - DAY);
		X509_REVOKED_set_revocationDate(entry, time);
		X509_CRL_add0_revoked(crl, entry);
		ASN1_INTEGER_free(serial);
	}
	ASN1_TIME_free(time);
	X509V3_CTX context;
	X509V3_set_ctx(&context, issuer->certificate, NULL, NULL, crl, 0);
	const char *const lines[] = { spec->without_key_id ? spec->extension
							   : "authorityKeyIdentifier=keyid",
		spec->without_key_id ? NULL : spec->extension };
	for (size_t i = 0; i < 2 && lines[i] && !spec->v1; i++) {
		X509_EXTENSION *extension = certs_extension(&context, lines[i]);
		X509_CRL_add_ext(crl, extension, -1);
		X509_EXTENSION_free(extension);
	}
	/* OpenSSL's .cnf has no word for it. */
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	ASN1_INTEGER_set(number, 1);
	if (!spec->without_number && !spec->v1)
		X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0);
	ASN1_INTEGER_free(number);
	X509_CRL_sort(crl);
	assert_true(X509_CRL_sign(crl, issuer->key, certs_digest(issuer->key, NULL)) > 0);
	return crl;
}

/* ---- Files: a fresh folder, removed by certs_folder_done ---- */

static char certs_folder[] = "/tmp/mtls-unit-XXXXXX";
static char certs_paths[256][96];
static size_t certs_path_count;

static inline const char *certs_path(const char *name)
{
	if (strstr(certs_folder, "XXXXXX"))
		assert_non_null(mkdtemp(certs_folder));
	assert_true(certs_path_count < 256);
	char *path = certs_paths[certs_path_count++];
	snprintf(path, sizeof certs_paths[0], "%s/%s", certs_folder, name);
	return path;
}

static inline void certs_folder_done(void)
{
	while (certs_path_count)
		unlink(certs_paths[--certs_path_count]);
	rmdir(certs_folder);
}

/* The teardown of a group that used any of the above. */
static inline int certs_end(void **state)
{
	(void)state;
	certs_folder_done();
	certs_done();
	return 0;
}

/* Ends where a certificate is NULL. */
static inline const char *certs_write(const char *name, X509 *const *certificates)
{
	const char *path = certs_path(name);
	FILE *file = fopen(path, "w");
	for (; *certificates; certificates++)
		assert_true(PEM_write_X509(file, *certificates));
	fclose(file);
	return path;
}
#define WRITE(name, ...) certs_write((name), (X509 *const[]){ __VA_ARGS__, NULL })

static inline const char *certs_write_crl(
	const char *name, struct made *issuer, const struct crl_spec *spec)
{
	const char *path = certs_path(name);
	X509_CRL *crl = certs_crl(issuer, spec);
	FILE *file = fopen(path, "w");
	assert_true(PEM_write_X509_CRL(file, crl));
	fclose(file);
	X509_CRL_free(crl);
	return path;
}

static inline const char *certs_write_key(const char *name, EVP_PKEY *key, const char *passphrase)
{
	const char *path = certs_path(name);
	FILE *file = fopen(path, "w");
	assert_true(PEM_write_PKCS8PrivateKey(file, key, passphrase ? EVP_aes_256_cbc() : NULL,
		passphrase, passphrase ? (int)strlen(passphrase) : 0, NULL, NULL));
	fclose(file);
	return path;
}

static inline const char *certs_write_bytes(const char *name, const void *bytes, size_t count)
{
	const char *path = certs_path(name);
	FILE *file = fopen(path, "w");
	assert_int_equal(fwrite(bytes, 1, count, file), count);
	fclose(file);
	return path;
}

/* ---- The usual ones ---- */

#define CA_EXTENSIONS \
	{ \
		"subjectKeyIdentifier=hash", "basicConstraints=critical,CA:TRUE", \
			"keyUsage=critical,keyCertSign,cRLSign" \
	}
#define SUB_EXTENSIONS \
	{ \
		"subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid", \
			"basicConstraints=critical,CA:TRUE", \
			"keyUsage=critical,keyCertSign,cRLSign" \
	}
#define CLIENT_EXTENSIONS \
	{ \
		"subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid", \
			"basicConstraints=critical,CA:FALSE", \
			"keyUsage=critical,digitalSignature", "extendedKeyUsage=clientAuth" \
	}
#define SERVER_EXTENSIONS \
	{ \
		"subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid", \
			"basicConstraints=critical,CA:FALSE", \
			"keyUsage=critical,digitalSignature", "extendedKeyUsage=serverAuth", \
			"subjectAltName=DNS:localhost,IP:127.0.0.1" \
	}

#endif
