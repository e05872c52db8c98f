/* Keys and certificates for the tests of pki/, made while they run, and a folder to work in. */
#ifndef MTLS_TESTS_PKI_FIXTURE_H
#define MTLS_TESTS_PKI_FIXTURE_H

#include "unit.h"

#include "pki/pki.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROWS(table) (sizeof(table) / sizeof(table)[0])

/* Enters an empty folder that is left behind under the build folder's temporary one. */
static inline int enter_folder(void **state)
{
	(void)state;
	static char folder[] = "/tmp/mtls-unit.XXXXXX";
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

/* Removes the folder's files, and it. */
static inline int leave_folder(void **state)
{
	(void)state;
	char folder[4096];
	if (!getcwd(folder, sizeof folder) || chdir("/") != 0)
		return -1;
	OWN(char) char *command = text_format("rm -rf '%s'", folder);
	return system(command);
}

static inline X509_NAME *fixture_name(const char *common_name)
{
	X509_NAME *name = X509_NAME_new();
	assert_true(X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1, 0));
	return name;
}

static inline void fixture_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	assert_non_null(extension);
	assert_true(X509_add_ext(certificate, extension, -1));
	X509_EXTENSION_free(extension);
}

/* A self-signed CA, valid from an hour ago for `days`. */
static inline X509 *fixture_ca(const char *common_name, EVP_PKEY *key, int days)
{
	X509 *certificate = X509_new();
	X509_NAME *name = fixture_name(common_name);
	assert_true(X509_set_version(certificate, X509_VERSION_3));
	assert_true(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 4711));
	assert_true(X509_set_subject_name(certificate, name));
	assert_true(X509_set_issuer_name(certificate, name));
	assert_true(X509_set_pubkey(certificate, key));
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_time_adj_ex(X509_getm_notAfter(certificate), days, 0, NULL);
	fixture_extension(certificate, certificate, NID_subject_key_identifier, "hash");
	fixture_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
	fixture_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
	assert_true(X509_sign(certificate, key, EVP_sha256()));
	X509_NAME_free(name);
	return certificate;
}

static inline void fixture_write_certificate(const char *path, X509 *certificate)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(PEM_write_X509(file, certificate));
	assert_int_equal(fclose(file), 0);
}

/* `passphrase` may be NULL. */
static inline void fixture_write_key(const char *path, EVP_PKEY *key, const char *passphrase)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(PEM_write_PKCS8PrivateKey(file, key, passphrase ? EVP_aes_256_cbc() : NULL,
		passphrase, passphrase ? (int)strlen(passphrase) : 0, NULL, NULL));
	assert_int_equal(fclose(file), 0);
}

static inline void fixture_write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* Up to 64 KiB, static. */
static inline const char *fixture_read(const char *path)
{
	static char text[1 << 16];
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	text[fread(text, 1, sizeof text - 1, file)] = 0;
	assert_int_equal(fclose(file), 0);
	return text;
}

static inline void fixture_write_bytes(const char *path, const void *bytes, size_t count)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, count, file), count);
	assert_int_equal(fclose(file), 0);
}

/*
 * Runs a line of shell, for what another program says of our files. Its exit code in *ret_status;
 * both its outputs, up to 64 KiB, static.
 */
static inline const char *fixture_shell(int *ret_status, const char *line)
{
	static char text[1 << 16];
	OWN(char) char *command = text_format("{ %s\n} 2>&1", line);
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	text[fread(text, 1, sizeof text - 1, pipe)] = 0;
	int status = pclose(pipe);
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return text;
}

/* The same for one that must succeed. */
static inline const char *fixture_says(const char *line)
{
	int status;
	const char *text = fixture_shell(&status, line);
	if (status != 0)
		fail_msg("exit %d of %s: %s", status, line, text);
	return text;
}

/* An error is one sentence for a terminal: a line, no more, and for bad input exit code 2. */
static inline void assert_one_sentence(const struct error *error)
{
	if (error_exit_code(error->kind) != 2 || strpbrk(error->text, "\r\n\x1b") ||
		!text_is_utf8(error->text, strlen(error->text)) || strlen(error->text) < 10)
		fail_msg("kind %d: %s", (int)error->kind, error->text);
}

/* What a PFX is to hold; `issuer` may be NULL. */
static inline struct pfx *pfx_of(X509 *leaf, EVP_PKEY *key, X509 *issuer)
{
	struct pfx *pfx = pfx_of_key(key);
	pfx_certify(pfx, leaf, issuer);
	return pfx;
}

#endif
