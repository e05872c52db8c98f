/* Keys made side by side: each of its kind, each its own, and progress that adds up. */
#include "pki_fixture.h"

enum { KEYS_MAX = 8 };

struct told {
	size_t made[KEYS_MAX], waits, after_made;
	pid_t thread;
};

static void tell(void *context, size_t index, bool made)
{
	struct told *told = context;
	assert_in_range(index, 0, KEYS_MAX - 1);
	assert_int_equal(gettid(), told->thread);
	told->made[index] += made;
	told->waits += !made;
	if (!made)
		told->after_made += told->made[index]; /* it waits for what is there already */
}

static void each_key_is_of_its_kind_and_told_once(void **state)
{
	(void)state;
	static const struct {
		size_t count;
		const char *types[KEYS_MAX];
	} rows[] = {
		{ 0, { NULL } },
		{ 1, { "ec:P-256" } },
		{ 1, { "rsa:2048" } },
		{ 3, { "rsa:2048", "rsa:2048", "rsa:2048" } },
		{ 4, { "ed25519", "rsa:2048", "ec:P-384", "rsa:3072" } },
		{ 8, { "ec:P-256", "ec:P-256", "ed25519", "ed448", "ec:P-521", "rsa:2048",
			     "ec:P-384", "rsa:2048" } },
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct error error;
		struct key_type types[KEYS_MAX];
		EVP_PKEY *keys[KEYS_MAX] = { NULL };
		struct told told = { .thread = gettid() };
		for (size_t j = 0; j < rows[i].count; j++)
			assert_true(key_type_parse(rows[i].types[j], &types[j], &error));
		assert_true(key_make_all(types, rows[i].count, keys, tell, &told, &error));
		for (size_t j = 0; j < KEYS_MAX; j++) {
			assert_int_equal(told.made[j], j < rows[i].count);
			assert_int_equal(keys[j] != NULL, j < rows[i].count);
			if (!keys[j])
				continue;
			struct key_type made = key_type_of(keys[j]);
			assert_true(key_type_equal(&made, &types[j]));
			for (size_t k = 0; k < j; k++)
				assert_int_not_equal(EVP_PKEY_eq(keys[j], keys[k]), 1);
		}
		assert_int_equal(told.after_made, 0);
		for (size_t j = 0; j < KEYS_MAX; j++)
			EVP_PKEY_free(keys[j]);
	}
}

/* One kind that cannot be made spoils the set: the others are freed, and *ret_keys is untouched. */
static void a_key_that_cannot_be_made_ends_the_race(void **state)
{
	(void)state;
	static const struct {
		struct key_type bad;
		const char *text;
	} rows[] = {
		{ { .id = EVP_PKEY_RSA, .bits = 16 }, "cannot make an RSA-16 key: " },
		{ { .id = EVP_PKEY_EC, .curve = "P-1" }, "cannot make a " },
	};
	for (size_t i = 0; i < ROWS(rows); i++)
		for (size_t at = 0; at < 3; at++) {
			struct error error = { 0 };
			struct key_type types[3];
			EVP_PKEY *keys[3] = { NULL };
			for (size_t j = 0; j < 3; j++)
				assert_true(key_type_parse(
					j ? "rsa:2048" : "ec:P-256", &types[j], &error));
			types[at] = rows[i].bad;
			assert_false(key_make_all(types, 3, keys, NULL, NULL, &error));
			assert_int_equal(error.kind, ERROR_IO);
			if (strncmp(error.text, rows[i].text, strlen(rows[i].text)) != 0)
				fail_msg("%s", error.text);
			for (size_t j = 0; j < 3; j++)
				assert_null(keys[j]);
		}
}

/* Where a passphrase goes: into the PEM's encryption, and nowhere where it could be read. */
static void a_key_is_written_as_openssl_reads_it(void **state)
{
	(void)state;
	static const char *const types[] = { "rsa:2048", "ec:P-256", "ec:P-521", "ed25519",
		"ed448" };
	for (size_t i = 0; i < ROWS(types); i++) {
		struct error error;
		struct key_type type;
		OWN(EVP_PKEY) EVP_PKEY *key = NULL;
		assert_true(key_type_parse(types[i], &type, &error));
		assert_true(key_make(&type, &key, &error));
		static const char *const passphrases[] = { NULL, "a long one, \xc3\xb1" };
		for (size_t j = 0; j < ROWS(passphrases); j++) {
			OWN(buffer) struct buffer pem = BUFFER(1 << 16);
			OWN(EVP_PKEY) EVP_PKEY *again = NULL;
			int status;
			pem.secret = true;
			assert_true(key_encode(key, passphrases[j], &pem, &error));
			assert_int_equal(strncmp(pem.data,
						 passphrases[j] ? "-----BEGIN ENCRYPTED PRIVATE KEY"
								: "-----BEGIN PRIVATE KEY",
						 22),
				0);
			if (passphrases[j])
				assert_null(strstr(pem.data, passphrases[j]));
			fixture_write_bytes("x.key", pem.data, pem.length);
			assert_true(bundle_private_key("x.key", passphrases[j], &again, &error));
			assert_int_equal(EVP_PKEY_eq(again, key), 1);
			OWN(char)
			char *line = text_format("openssl pkey -in x.key -passin 'pass:%s' -noout",
				passphrases[j] ? passphrases[j] : "");
			fixture_says(line);
			fixture_shell(&status, "openssl pkey -in x.key -passin pass:wrong -noout");
			assert_int_equal(status == 0, !passphrases[j]);
			if (!passphrases[j])
				continue;
			const char *shown = fixture_says("openssl asn1parse -in x.key");
			assert_non_null(strstr(shown, ":PBKDF2"));
			assert_non_null(strstr(shown, ":hmacWithSHA256"));
			assert_non_null(strstr(shown, ":aes-256-cbc"));
			assert_non_null(strstr(shown, ":0927C0")); /* 600,000 rounds */
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_key_is_of_its_kind_and_told_once),
		cmocka_unit_test(a_key_that_cannot_be_made_ends_the_race),
		cmocka_unit_test(a_key_is_written_as_openssl_reads_it),
	};
	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
