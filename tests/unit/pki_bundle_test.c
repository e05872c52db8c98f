/* Any file of certificates and keys: what it is, in each form, whole, cut and altered. */
#include "pki_fixture.h"

#include <openssl/rand.h>

/* One of each kind, as DER; PEM is the same between lines with its label. */
struct sample {
	const char *label;
	enum bundle_kind kind;
	bool der; /* told from other DER files by itself */
	unsigned char *bytes;
	int count;
};

static EVP_PKEY *key, *rsa_key;
static X509 *certificate;
static struct sample samples[16];
static size_t sample_count;

static void add(const char *label, enum bundle_kind kind, bool der, unsigned char *bytes, int count)
{
	assert_true(count > 0 && sample_count < ROWS(samples));
	samples[sample_count++] = (struct sample){ label, kind, der, bytes, count };
}
#define ADD(label, kind, der, encode, object) \
	do { \
		unsigned char *bytes = NULL; \
		int count = encode(object, &bytes); \
		add(label, kind, der, bytes, count); \
	} while (0)

static X509_REQ *make_request(void)
{
	X509_REQ *request = X509_REQ_new();
	OWN(X509_NAME) X509_NAME *name = fixture_name("asker");
	assert_true(X509_REQ_set_subject_name(request, name));
	assert_true(X509_REQ_set_pubkey(request, key));
	assert_true(X509_REQ_sign(request, key, EVP_sha256()));
	return request;
}

static X509_CRL *make_crl(void)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *now = ASN1_TIME_set(NULL, time(NULL));
	assert_true(X509_CRL_set_version(crl, X509_CRL_VERSION_2));
	assert_true(X509_CRL_set_issuer_name(crl, X509_get_subject_name(certificate)));
	assert_true(X509_CRL_set1_lastUpdate(crl, now) && X509_CRL_set1_nextUpdate(crl, now));
	assert_true(X509_CRL_sign(crl, key, EVP_sha256()));
	ASN1_TIME_free(now);
	return crl;
}

static int make(void **state)
{
	if (enter_folder(state) != 0)
		return -1;
	key = EVP_EC_gen("P-256");
	rsa_key = EVP_RSA_gen(2048);
	certificate = fixture_ca("Test CA", key, 10);
	OWN(X509_REQ) X509_REQ *request = make_request();
	OWN(X509_CRL) X509_CRL *crl = make_crl();
	OWN(PKCS12) PKCS12 *pfx = PKCS12_create(
		"x", "x", key, certificate, NULL, NID_aes_256_cbc, NID_aes_256_cbc, 1, 1, 0);
	PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(key);
	ADD("CERTIFICATE", BUNDLE_CERTIFICATE, true, i2d_X509, certificate);
	ADD("X509 CERTIFICATE", BUNDLE_CERTIFICATE, true, i2d_X509, certificate);
	ADD("TRUSTED CERTIFICATE", BUNDLE_CERTIFICATE, true, i2d_X509_AUX, certificate);
	ADD("CERTIFICATE REQUEST", BUNDLE_REQUEST, true, i2d_X509_REQ, request);
	ADD("NEW CERTIFICATE REQUEST", BUNDLE_REQUEST, true, i2d_X509_REQ, request);
	ADD("X509 CRL", BUNDLE_CRL, true, i2d_X509_CRL, crl);
	ADD("PKCS12", BUNDLE_PFX, true, i2d_PKCS12, pfx);
	ADD("PRIVATE KEY", BUNDLE_KEY, true, i2d_PKCS8_PRIV_KEY_INFO, plain);
	ADD("EC PRIVATE KEY", BUNDLE_KEY, true, i2d_PrivateKey, key);
	ADD("RSA PRIVATE KEY", BUNDLE_KEY, true, i2d_PrivateKey, rsa_key);
	ADD("PUBLIC KEY", BUNDLE_PUBLIC_KEY, true, i2d_PUBKEY, rsa_key);
	PKCS8_PRIV_KEY_INFO_free(plain);
	return 0;
}

static int drop(void **state)
{
	while (sample_count)
		OPENSSL_free(samples[--sample_count].bytes);
	EVP_PKEY_free(key);
	EVP_PKEY_free(rsa_key);
	X509_free(certificate);
	return leave_folder(state);
}

static char *pem_of(const struct sample *sample)
{
	OWN(BIO) BIO *bio = BIO_new(BIO_s_mem());
	assert_true(PEM_write_bio(bio, sample->label, "", sample->bytes, sample->count));
	char *text;
	long bytes = BIO_get_mem_data(bio, &text);
	return text_format("%.*s", (int)bytes, text);
}

static const struct sample *sample_of(const char *label)
{
	for (size_t i = 0; i < sample_count; i++)
		if (!strcmp(samples[i].label, label))
			return &samples[i];
	fail_msg("no sample %s", label);
	return NULL;
}

static struct bundle *must_read(const char *path, const char *passphrase)
{
	struct error error;
	struct bundle *bundle = NULL;
	if (!bundle_read(path, passphrase, &bundle, &error))
		fail_msg("%s", error.text);
	return bundle;
}

static void assert_only(const struct bundle *bundle, enum bundle_kind kind, const char *what)
{
	for (size_t i = 0; i < BUNDLE_KINDS; i++)
		if (bundle->counts[i] != (i == kind))
			fail_msg("%s: %zu of %s", what, bundle->counts[i],
				bundle_kind_name((enum bundle_kind)i));
	assert_int_equal(bundle->kind, kind);
	assert_int_equal(sk_X509_num(bundle->certificates), kind == BUNDLE_CERTIFICATE);
	assert_int_equal(sk_X509_CRL_num(bundle->crls), kind == BUNDLE_CRL);
	assert_int_equal(bundle->request != NULL, kind == BUNDLE_REQUEST);
	assert_int_equal(bundle->pfx != NULL, kind == BUNDLE_PFX);
	assert_int_equal(bundle->key != NULL, kind == BUNDLE_KEY || kind == BUNDLE_PUBLIC_KEY);
}

static void each_kind_is_told_in_both_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < sample_count; i++) {
		OWN(char) char *pem = pem_of(&samples[i]);
		fixture_write_text("x", pem);
		OWN(bundle) struct bundle *text = must_read("x", NULL);
		assert_true(text->pem);
		assert_only(text, samples[i].kind, samples[i].label);
		fixture_write_bytes("x", samples[i].bytes, (size_t)samples[i].count);
		OWN(bundle) struct bundle *der = must_read("x", NULL);
		assert_false(der->pem);
		assert_only(der, samples[i].kind, samples[i].label);
	}
}

static char *with_crlf(const char *text)
{
	char *result = calloc(2, strlen(text) + 1), *write = result;
	assert_non_null(result);
	for (; *text; text++) {
		if (*text == '\n')
			*write++ = '\r';
		*write++ = *text;
	}
	return result;
}

/* What people and programs put around and into PEM. */
static void pem_is_read_as_it_comes(void **state)
{
	(void)state;
	static const char *const around[][2] = {
		{ "", "" },
		{ "\n\n", "\n\n" },
		{ "Bag Attributes\n    friendlyName: a\nsubject=CN = a\n", "" },
		{ "Certificate:\n    Data:\n        Version: 3 (0x2)\n", "that was it" },
		{ "\xef\xbb\xbf", "" },
		{ "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n",
			"" },
		{ "\xff\xfe not UTF-8 \x80\n", "" },
	};
	for (size_t i = 0; i < sample_count; i++)
		for (size_t j = 0; j < ROWS(around); j++) {
			OWN(char) char *pem = pem_of(&samples[i]);
			OWN(char) char *whole =
				text_format("%s%s%s", around[j][0], pem, around[j][1]);
			OWN(char) char *crlf = with_crlf(whole);
			fixture_write_text("unix", whole);
			fixture_write_text("windows", crlf);
			OWN(bundle) struct bundle *one = must_read("unix", NULL);
			OWN(bundle) struct bundle *two = must_read("windows", NULL);
			assert_only(one, samples[i].kind, around[j][0]);
			assert_only(two, samples[i].kind, around[j][0]);
		}
}

/* One sentence about `path`, and nothing in *ret. */
static void assert_refused(const char *path, size_t at, const char *what)
{
	struct error error;
	struct bundle *bundle = NULL;
	if (bundle_read(path, NULL, &bundle, &error))
		fail_msg("%s at %zu is read as %s", what, at, bundle_kind_name(bundle->kind));
	assert_null(bundle);
	assert_one_sentence(&error);
	assert_int_equal(error.kind, ERROR_INPUT);
	assert_non_null(strstr(error.text, "'cut'"));
}

static void a_file_cut_anywhere_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sample_count; i++) {
		OWN(char) char *pem = pem_of(&samples[i]);
		size_t pem_bytes = strlen(pem), der_bytes = (size_t)samples[i].count;
		/* Two at every byte, as an example of each; the longer others here and there. */
		size_t step = !strcmp(samples[i].label, "CERTIFICATE") ||
					      !strcmp(samples[i].label, "EC PRIVATE KEY")
				      ? 1
				      : 13;
		/* Without its last line end it is still whole. */
		for (size_t at = 0; at < pem_bytes - 1; at += step) {
			fixture_write_bytes("cut", pem, at);
			assert_refused("cut", at, samples[i].label);
		}
		for (size_t at = 0; at < der_bytes; at += step) {
			fixture_write_bytes("cut", samples[i].bytes, at);
			assert_refused("cut", at, samples[i].label);
		}
		fixture_write_bytes("cut", pem, pem_bytes - 1);
		OWN(bundle) struct bundle *whole = must_read("cut", NULL);
		assert_only(whole, samples[i].kind, "without line end");
	}
}

/* Bytes all over it are others, one at a time: it may still be something, but it is said, or told
 * in a sentence.
 */
static void an_altered_file_never_ends_the_program(void **state)
{
	(void)state;
	for (size_t i = 0; i < sample_count; i++) {
		OWN(char) char *pem = pem_of(&samples[i]);
		size_t refused = 0;
		struct {
			void *bytes;
			size_t count, step;
		} forms[] = { { samples[i].bytes, (size_t)samples[i].count, 5 },
			{ pem, strlen(pem), 17 } };
		for (size_t form = 0; form < 2; form++)
			for (size_t at = 0; at < forms[form].count; at += forms[form].step) {
				unsigned char *byte = (unsigned char *)forms[form].bytes + at;
				struct error error;
				OWN(bundle) struct bundle *bundle = NULL;
				*byte = (unsigned char)(*byte ^ 1U << at % 8);
				fixture_write_bytes("cut", forms[form].bytes, forms[form].count);
				*byte = (unsigned char)(*byte ^ 1U << at % 8);
				if (bundle_read("cut", NULL, &bundle, &error))
					continue;
				refused++;
				assert_null(bundle);
				assert_one_sentence(&error);
			}
		assert_true(refused > 0);
	}
}

static void stray_bytes_and_nul_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sample_count; i++) {
		struct error error;
		struct bundle *bundle = NULL;
		struct sample longer = samples[i];
		longer.bytes = calloc(1, (size_t)longer.count + 1);
		assert_non_null(longer.bytes);
		memcpy(longer.bytes, samples[i].bytes, (size_t)longer.count++);
		OWN(char) char *pem = pem_of(&longer);
		OWN(char)
		char *expected = text_format("cannot read 'cut': %s in it is %s",
			bundle_kind_name(longer.kind),
			strcmp(longer.label, "TRUSTED CERTIFICATE") ? "followed by stray bytes"
								    : "malformed");
		fixture_write_bytes("cut", longer.bytes, (size_t)longer.count);
		assert_refused("cut", (size_t)longer.count, longer.label);
		fixture_write_text("cut", pem);
		assert_false(bundle_read("cut", NULL, &bundle, &error));
		if (strncmp(error.text, expected, strlen(expected)) != 0)
			fail_msg("%s: %s", longer.label, error.text);
		/* What stands behind a NUL would not be seen. */
		OWN(char) char *whole = pem_of(&samples[i]);
		size_t bytes = strlen(whole);
		fixture_write_bytes("cut", whole, bytes + 1);
		assert_refused("cut", bytes, longer.label);
		free(longer.bytes);
	}
}

static void a_mixture_is_counted_and_kept_in_order(void **state)
{
	(void)state;
	static const char *const order[] = { "X509 CRL", "CERTIFICATE", "PUBLIC KEY",
		"CERTIFICATE REQUEST", "EC PRIVATE KEY", "X509 CERTIFICATE", "RSA PRIVATE KEY",
		"X509 CRL", "PKCS12" };
	OWN(char) char *text = text_copy("");
	for (size_t i = 0; i < ROWS(order); i++) {
		OWN(char) char *pem = pem_of(sample_of(order[i]));
		char *longer = text_format("%s# %zu\n%s", text, i, pem);
		free(text);
		text = longer;
	}
	OWN(X509) X509 *second = fixture_ca("Second CA", rsa_key, 10);
	fixture_write_text("mixed", text);
	FILE *file = fopen("mixed", "a");
	assert_true(PEM_write_X509(file, second));
	assert_int_equal(fclose(file), 0);

	struct error error;
	OWN(bundle) struct bundle *bundle = must_read("mixed", NULL);
	static const size_t counts[BUNDLE_KINDS] = { [BUNDLE_CERTIFICATE] = 3,
		[BUNDLE_REQUEST] = 1,
		[BUNDLE_CRL] = 2,
		[BUNDLE_KEY] = 2,
		[BUNDLE_PUBLIC_KEY] = 1,
		[BUNDLE_PFX] = 1 };
	assert_memory_equal(bundle->counts, counts, sizeof counts);
	assert_int_equal(bundle->kind, BUNDLE_CRL);
	assert_int_equal(X509_cmp(sk_X509_value(bundle->certificates, 0), certificate), 0);
	assert_int_equal(X509_cmp(sk_X509_value(bundle->certificates, 2), second), 0);
	/* The first private key, although a public one stands before it and another behind. */
	assert_int_equal(EVP_PKEY_eq(bundle->key, key), 1);

	OWN(certificates) STACK_OF(X509) *all = NULL;
	OWN(X509) X509 *first = NULL;
	OWN(X509_REQ) X509_REQ *request = NULL;
	OWN(EVP_PKEY) EVP_PKEY *private_key = NULL;
	assert_true(bundle_certificates("mixed", &all, &error));
	assert_int_equal(sk_X509_num(all), 3);
	assert_true(bundle_certificate("mixed", &first, &error));
	assert_int_equal(X509_cmp(first, certificate), 0);
	assert_true(bundle_request("mixed", &request, &error));
	assert_true(bundle_private_key("mixed", NULL, &private_key, &error));
	assert_int_equal(EVP_PKEY_eq(private_key, key), 1);
	/* One damaged block spoils the file: half of a bundle is not what somebody meant. */
	char *middle = strstr(text, "-----END EC PRIVATE KEY-----");
	middle[-5] = '!';
	fixture_write_text("cut", text);
	assert_refused("cut", 0, "a mixture");
}

static void another_kind_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < sample_count; i++) {
		struct error error[3];
		OWN(X509) X509 *one = NULL;
		OWN(X509_REQ) X509_REQ *request = NULL;
		OWN(EVP_PKEY) EVP_PKEY *private_key = NULL;
		OWN(char) char *pem = pem_of(&samples[i]);
		fixture_write_text("x", pem);
		const struct {
			enum bundle_kind wanted;
			bool ok;
		} tried[] = {
			{ BUNDLE_CERTIFICATE, bundle_certificate("x", &one, &error[0]) },
			{ BUNDLE_REQUEST, bundle_request("x", &request, &error[1]) },
			{ BUNDLE_KEY, bundle_private_key("x", NULL, &private_key, &error[2]) },
		};
		for (size_t j = 0; j < ROWS(tried); j++) {
			assert_int_equal(tried[j].ok, samples[i].kind == tried[j].wanted);
			if (tried[j].ok)
				continue;
			OWN(char)
			char *expected = text_format("cannot use 'x': it is %s, not %s",
				bundle_kind_name(samples[i].kind),
				bundle_kind_name(tried[j].wanted));
			assert_string_equal(error[j].text, expected);
			assert_int_equal(error[j].kind, ERROR_INPUT);
		}
	}
}

/* Both forms of an encrypted key: PKCS#8, and the old one with its headers. */
static void an_encrypted_key_needs_its_passphrase(void **state)
{
	(void)state;
	fixture_write_key("new.key", key, "secret");
	OWN(BIO) BIO *file = BIO_new_file("old.key", "w");
	assert_true(PEM_write_bio_PrivateKey_traditional(
		file, key, EVP_aes_256_cbc(), (const unsigned char *)"secret", 6, NULL, NULL));
	assert_int_equal(BIO_flush(file), 1);
	static const char *const paths[] = { "new.key", "old.key" };
	for (size_t i = 0; i < ROWS(paths); i++) {
		struct error error;
		OWN(EVP_PKEY) EVP_PKEY *opened = NULL;
		OWN(bundle) struct bundle *closed = must_read(paths[i], NULL);
		assert_true(closed->key_encrypted && closed->key_locked);
		assert_null(closed->key);
		assert_int_equal(closed->counts[BUNDLE_KEY], 1);
		OWN(bundle) struct bundle *open = must_read(paths[i], "secret");
		assert_true(open->key_encrypted && !open->key_locked);
		assert_int_equal(EVP_PKEY_eq(open->key, key), 1);
		static const struct {
			const char *passphrase, *why;
		} wrong[] = {
			{ NULL, "it is encrypted, and no passphrase is given" },
			{ "", "the passphrase is wrong" },
			{ "Secret", "the passphrase is wrong" },
			{ "secretsecret", "the passphrase is wrong" },
		};
		for (size_t j = 0; j < ROWS(wrong); j++) {
			OWN(char)
			char *expected =
				text_format("cannot read the key '%s': %s", paths[i], wrong[j].why);
			assert_false(
				bundle_private_key(paths[i], wrong[j].passphrase, &opened, &error));
			assert_string_equal(error.text, expected);
			assert_int_equal(error.code, CODE_KEY_PASSPHRASE);
			assert_null(opened);
		}
		assert_true(bundle_private_key(paths[i], "secret", &opened, &error));
	}
	/* A passphrase for a key that needs none is no mistake. */
	fixture_write_key("plain.key", key, NULL);
	OWN(bundle) struct bundle *plain = must_read("plain.key", "secret");
	assert_false(plain->key_encrypted);
}

static void a_configuration_is_text_with_something_in_it(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool configuration;
	} rows[] = {
		{ "[ req ]\n", true },
		{ "[req]", true },
		{ "# a comment\n\n  [ req ]\n", true },
		{ "name = value\n", true },
		{ "\r\n# x\r\nname=value\r\n", true },
		{ ".include other.cnf\n", true },
		{ "[ req\n", false },
		{ "# only = a comment\n", false },
		{ "hello\nname = value\n", false },
		{ "-----BEGIN", false },
		{ "\n", false },
		{ "name = \xff\n", false },
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct error error;
		OWN(bundle) struct bundle *bundle = NULL;
		fixture_write_text("x.cnf", rows[i].text);
		bool known = bundle_read("x.cnf", NULL, &bundle, &error);
		if (known != rows[i].configuration)
			fail_msg("%s: %d", rows[i].text, known);
		if (known)
			assert_only(bundle, BUNDLE_CONFIGURATION, rows[i].text);
	}
}

static void too_many_objects_are_a_limit(void **state)
{
	(void)state;
	static const char block[] = "-----BEGIN X-----\nAAAA\n-----END X-----\n";
	for (int count = 4096; count <= 4097; count++) {
		struct error error;
		struct bundle *bundle = NULL;
		FILE *file = fopen("many", "w");
		for (int i = 0; i < count; i++)
			fputs(block, file);
		assert_int_equal(fclose(file), 0);
		assert_false(bundle_read("many", NULL, &bundle, &error));
		assert_int_equal(error.kind, count == 4096 ? ERROR_INPUT : ERROR_LIMIT);
		assert_one_sentence(&error);
		if (count > 4096)
			assert_string_equal(
				error.text, "cannot read 'many': it holds more than 4096 objects");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_is_told_in_both_forms),
		cmocka_unit_test(pem_is_read_as_it_comes),
		cmocka_unit_test(a_file_cut_anywhere_is_refused),
		cmocka_unit_test(an_altered_file_never_ends_the_program),
		cmocka_unit_test(stray_bytes_and_nul_are_refused),
		cmocka_unit_test(a_mixture_is_counted_and_kept_in_order),
		cmocka_unit_test(another_kind_is_named),
		cmocka_unit_test(an_encrypted_key_needs_its_passphrase),
		cmocka_unit_test(a_configuration_is_text_with_something_in_it),
		cmocka_unit_test(too_many_objects_are_a_limit),
	};
	return cmocka_run_group_tests(tests, make, drop);
}
