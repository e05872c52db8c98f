/* Keys: the kinds, making several at once, and what is written of them. */
#include "unit.h"

#include "pki/pki.h"

#include <openssl/pem.h>

static void types_are_parsed_and_named(void **state)
{
	(void)state;
	static const struct {
		const char *text, *name;
	} rows[] = { { "rsa:2048", "RSA-2048" }, { "rsa:4096", "RSA-4096" },
		{ "ec:P-256", "P-256" }, { "EC:p-384", "P-384" }, { "ed25519", "Ed25519" },
		{ "ed448", "Ed448" } };
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct key_type type;
		struct error error;
		char name[KEY_NAME_BYTES];
		assert_true(key_type_parse(rows[i].text, &type, &error));
		assert_string_equal(key_type_name(&type, name), rows[i].name);
	}
}

static void other_types_are_refused(void **state)
{
	(void)state;
	static const char *const rows[] = { "", "rsa", "rsa:1024", "rsa:2048 ", "ec:P-192", "dsa",
		"ed25519\n" };
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct key_type type = { .id = 7 };
		struct error error = { 0 };
		assert_false(key_type_parse(rows[i], &type, &error));
		assert_int_equal(error.kind, ERROR_USAGE);
		assert_non_null(strstr(error.text, "is no key type"));
		assert_string_equal(error.hint, "one of " KEY_TYPES);
		assert_int_equal(type.id, 7);
	}
}

struct seen {
	unsigned made[4];
};

static void note(void *context, size_t index, bool made)
{
	struct seen *seen = context;
	seen->made[index] += made;
}

static void keys_are_made_together(void **state)
{
	(void)state;
	static const char *const kinds[] = { "rsa:2048", "ec:P-256", "rsa:2048", "ed25519" };
	struct key_type types[4];
	EVP_PKEY *keys[4];
	struct seen seen = { { 0 } };
	struct error error;
	for (size_t i = 0; i < 4; i++)
		assert_true(key_type_parse(kinds[i], &types[i], &error));
	assert_true(key_make_all(types, 4, keys, note, &seen, &error));
	for (size_t i = 0; i < 4; i++) {
		struct key_type made = key_type_of(keys[i]);
		assert_true(key_type_equal(&made, &types[i]));
		assert_int_equal(seen.made[i], 1);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(EVP_PKEY_eq(keys[i], keys[j]), 1);
	}
	for (size_t i = 0; i < 4; i++)
		EVP_PKEY_free(keys[i]);
	assert_true(key_make_all(NULL, 0, NULL, NULL, NULL, &error));
}

static void a_key_that_cannot_be_made_is_an_error(void **state)
{
	(void)state;
	/* The second is impossible: the first must not leak, nor the search go on for ever. */
	struct key_type types[] = { { .id = EVP_PKEY_RSA, .bits = 2048 },
		{ .id = EVP_PKEY_RSA, .bits = 16 } };
	EVP_PKEY *keys[2] = { NULL };
	struct error error = { 0 };
	assert_false(key_make_all(types, 2, keys, NULL, NULL, &error));
	assert_int_equal(error.kind, ERROR_IO);
	assert_non_null(strstr(error.text, "cannot make an RSA-16 key"));
	assert_null(keys[0]);
	types[1] = (struct key_type){ .id = EVP_PKEY_EC, .curve = "P-0" };
	assert_false(key_make_all(types, 2, keys, NULL, NULL, &error));
	assert_null(keys[0]);
}

static int ask_passphrase(char *target, int bytes, int writing, void *context)
{
	(void)writing;
	size_t length = strlen(context);
	assert_true((int)length <= bytes);
	memcpy(target, context, length);
	return (int)length;
}

static EVP_PKEY *read_back(const struct buffer *pem, const char *passphrase)
{
	OWN(BIO) BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->length);
	OWN(char) char *copy = text_copy(passphrase);
	return PEM_read_bio_PrivateKey(bio, NULL, ask_passphrase, copy);
}

/* Each by the same maker, and yet its own; of the kind that was asked for. */
static void one_maker_makes_many_keys(void **state)
{
	(void)state;
	static const char *const kinds[] = { "ec:P-256", "ec:P-384", "ec:P-521", "ed25519", "ed448",
		"rsa:2048" };
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		struct key_type type;
		struct error error;
		OWN(EVP_PKEY_CTX) EVP_PKEY_CTX *maker = NULL;
		OWN(EVP_PKEY) EVP_PKEY *first = NULL;
		OWN(EVP_PKEY) EVP_PKEY *second = NULL;
		assert_true(key_type_parse(kinds[i], &type, &error));
		assert_true(key_maker_new(&type, &maker, &error));
		assert_true(key_make_by(maker, &type, &first, &error));
		assert_true(key_make_by(maker, &type, &second, &error));
		assert_int_equal(EVP_PKEY_eq(first, second), 0);
		struct key_type made = key_type_of(second);
		assert_true(key_type_equal(&made, &type));
	}
}

static void a_maker_of_what_is_no_kind_is_refused(void **state)
{
	(void)state;
	static const struct key_type rows[] = { { .id = EVP_PKEY_EC, .curve = "P-257" },
		{ .id = EVP_PKEY_RSA, .bits = 100 }, { .id = NID_undef } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct error error = { 0 };
		EVP_PKEY_CTX *maker = NULL;
		EVP_PKEY *key = NULL;
		/* OpenSSL looks at some of it only when a key is made. */
		assert_false(key_maker_new(&rows[i], &maker, &error) &&
			     key_make_by(maker, &rows[i], &key, &error));
		assert_int_equal(error.kind, ERROR_IO);
		assert_memory_equal(error.text, "cannot make a ", 14);
		assert_null(key);
		EVP_PKEY_CTX_free(maker);
	}
}

static void keys_are_written_and_read_back(void **state)
{
	(void)state;
	static const char *const kinds[] = { "ec:P-256", "ed25519", "rsa:2048" };
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		struct key_type type;
		struct error error;
		OWN(EVP_PKEY) EVP_PKEY *key = NULL;
		OWN(buffer) struct buffer pem = BUFFER(16384);
		assert_true(key_type_parse(kinds[i], &type, &error));
		assert_true(key_make(&type, &key, &error));
		assert_true(key_encode(key, NULL, &pem, &error));
		assert_memory_equal(pem.data, "-----BEGIN PRIVATE KEY-----", 27);
		OWN(EVP_PKEY) EVP_PKEY *again = read_back(&pem, "");
		assert_int_equal(EVP_PKEY_eq(key, again), 1);
	}
}

/* One kind is enough: the rounds that slow an attacker down slow this test down too. */
static void a_passphrase_encrypts(void **state)
{
	(void)state;
	struct key_type type = { .id = EVP_PKEY_EC, .curve = "P-256" };
	struct error error;
	OWN(EVP_PKEY) EVP_PKEY *key = NULL;
	OWN(buffer) struct buffer pem = BUFFER(16384);
	assert_true(key_make(&type, &key, &error));
	assert_true(key_encode(key, "correct horse", &pem, &error));
	assert_memory_equal(pem.data, "-----BEGIN ENCRYPTED PRIVATE KEY-----", 37);
	OWN(EVP_PKEY) EVP_PKEY *again = read_back(&pem, "correct horse");
	assert_int_equal(EVP_PKEY_eq(key, again), 1);
	assert_null(read_back(&pem, "wrong horse"));
}

static void digests_follow_key_and_file(void **state)
{
	(void)state;
	struct key_type types[] = { { .id = EVP_PKEY_EC, .curve = "P-256" },
		{ .id = EVP_PKEY_ED25519 } };
	EVP_PKEY *keys[2];
	struct error error;
	const EVP_MD *digest = NULL;
	assert_true(key_make_all(types, 2, keys, NULL, NULL, &error));
	assert_true(key_digest(keys[0], NULL, &digest, &error));
	assert_ptr_equal(digest, EVP_sha256());
	assert_true(key_digest(keys[0], "sha384", &digest, &error));
	assert_int_equal(EVP_MD_get_size(digest), 48);
	assert_true(key_digest(keys[1], "sha256", &digest, &error));
	assert_null(digest);
	assert_false(key_digest(keys[0], "sha1", &digest, &error));
	assert_string_equal(error.text, "cannot sign with 'sha1': the digest is too weak");
	assert_false(key_digest(keys[0], "shake128", &digest, &error));
	assert_false(key_digest(keys[0], "nonsense", &digest, &error));
	assert_non_null(strstr(error.text, "it is no digest that OpenSSL knows"));
	EVP_PKEY_free(keys[0]);
	EVP_PKEY_free(keys[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_are_parsed_and_named),
		cmocka_unit_test(other_types_are_refused),
		cmocka_unit_test(keys_are_made_together),
		cmocka_unit_test(a_key_that_cannot_be_made_is_an_error),
		cmocka_unit_test(one_maker_makes_many_keys),
		cmocka_unit_test(a_maker_of_what_is_no_kind_is_refused),
		cmocka_unit_test(keys_are_written_and_read_back),
		cmocka_unit_test(a_passphrase_encrypts),
		cmocka_unit_test(digests_follow_key_and_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
