/*
 * The program begins with fewer old names of ciphers than OpenSSL does, but reads each encrypted
 * key that OpenSSL's own table would have let it read.
 */
#include "pki_fixture.h"

#include "pki/openssl.h"

#include <glob.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <sys/wait.h>
#include <unistd.h>

#define PASSPHRASE "a word"

/* ---- As OpenSSL begins by itself: in a process of its own, before this one has begun ---- */

static bool write_key(const char *path, EVP_PKEY *key, const EVP_CIPHER *cipher)
{
	OWN(BIO) BIO *file = BIO_new_file(path, "w");
	return file &&
	       PEM_write_bio_PrivateKey_traditional(file, key, cipher,
		       (const unsigned char *)PASSPHRASE, (int)strlen(PASSPHRASE), NULL, NULL);
}

static bool read_key(const char *path)
{
	OWN(BIO) BIO *file = BIO_new_file(path, "r");
	OWN(EVP_PKEY) EVP_PKEY *key =
		file ? PEM_read_bio_PrivateKey(file, NULL, NULL, (void *)(uintptr_t)PASSPHRASE)
		     : NULL;
	return key;
}

/*
 * A file of each cipher that is to be had without the legacy provider, and that OpenSSL reads. Of
 * what wraps keys (RFC 5649) it reads one file in some, by luck.
 */
static void write_one(const OBJ_NAME *name, void *key)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name->name, NULL);
	char path[100];
	snprintf(path, sizeof path, "%s.key", name->name);
	if (cipher && EVP_CIPHER_get_mode(cipher) != EVP_CIPH_WRAP_MODE &&
		(!write_key(path, key, EVP_get_cipherbyname(name->name)) || !read_key(path)))
		unlink(path);
	EVP_CIPHER_free(cipher);
}

static int as_openssl_begins(void **state)
{
	if (enter_folder(state))
		return -1;
	pid_t child = fork();
	if (!child) {
		EVP_PKEY *key = EVP_EC_gen("P-256");
		EVP_get_cipherbyname("AES-128-CBC"); /* the table is made */
		OBJ_NAME_do_all_sorted(OBJ_NAME_TYPE_CIPHER_METH, write_one, key);
		_exit(key ? 0 : 1);
	}
	int status;
	if (waitpid(child, &status, 0) != child || status)
		return -1;
	openssl_begin();
	return 0;
}

/* ---- As the program begins ---- */

static void rare_names_are_not_there_at_first(void **state)
{
	(void)state;
	assert_non_null(EVP_get_cipherbyname("AES-256-CBC"));
	assert_non_null(EVP_get_cipherbyname("des-ede3-cbc"));
	assert_null(EVP_get_cipherbyname("AES-256-CFB"));
	assert_null(EVP_get_cipherbyname("CAMELLIA-128-CTR"));
}

static void a_wrong_word_opens_none(void **state)
{
	(void)state;
	OWN(bundle) struct bundle *bundle = NULL;
	struct error error = { 0 };
	assert_false(bundle_read("aes-256-cfb.key", "another word", &bundle, &error));
	assert_int_equal(error.code, CODE_KEY_PASSPHRASE);
}

static void each_encrypted_key_is_read(void **state)
{
	(void)state;
	glob_t found;
	assert_int_equal(glob("*.key", 0, NULL, &found), 0);
	assert_in_range(found.gl_pathc, 60, 200);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		OWN(bundle) struct bundle *bundle = NULL;
		struct error error = { 0 };
		if (!bundle_read(found.gl_pathv[i], PASSPHRASE, &bundle, &error) || !bundle->key)
			fail_msg("%s: %s", found.gl_pathv[i], error.text);
	}
	globfree(&found);
	assert_non_null(EVP_get_cipherbyname("AES-256-CFB"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rare_names_are_not_there_at_first),
		cmocka_unit_test(a_wrong_word_opens_none),
		cmocka_unit_test(each_encrypted_key_is_read),
	};
	return cmocka_run_group_tests(tests, as_openssl_begins, leave_folder);
}
