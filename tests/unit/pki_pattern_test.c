/* Certificates after a pattern: byte by byte what OpenSSL makes, or no pattern at all. */
#include "pki_ca_folder.h"

#include "pki/folder_state.h"
#include "pki/issue_pattern.h"
#include "pki/request.h"

#include <openssl/err.h>

static const struct key_type p256 = { .id = EVP_PKEY_EC, .curve = "P-256" };

/* An identity as OpenSSL makes it, with what a pattern would need to write it. */
struct sample {
	struct new_identity identity;
	X509 *certificate;
	struct key_p256 key;
	GENERAL_NAMES *names;
	struct pattern_fields fields;
};

static void sample_done(struct sample *sample)
{
	new_identity_done(&sample->identity);
	X509_free(sample->certificate);
	GENERAL_NAMES_free(sample->names);
}

/* The .cnf is edited before it is used: `from` becomes `to`. */
static void sample_edit(struct sample *sample, const char *from, const char *to)
{
	char *text = sample->identity.cnf_text, *at = strstr(text, from);
	assert_non_null(at);
	sample->identity.cnf_text =
		text_format("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	free(text);
}

static void sample_make(struct sample *sample, struct ca *ca, enum role role, const char *name,
	const char *from, const char *to)
{
	struct error error;
	struct issue_source source;
	struct issue_wanted wanted = {
		.folder = "certs", .key_type = p256, .options = { .role = role, .days = 9 }
	};
	struct new_identity *identity = &sample->identity;
	*sample = (struct sample){ .identity = { .stem = issue_stem(&wanted, name) } };
	assert_true(
		issue_write_profile(&wanted, name, &identity->cnf_text, &sample->names, &error));
	if (from)
		sample_edit(sample, from, to);
	assert_true(profile_parse(
		name, identity->cnf_text, strlen(identity->cnf_text), &identity->profile, &error));
	assert_true(
		profile_subject(identity->profile, NULL, NULL, NULL, &identity->subject, &error));
	assert_true(key_make(&p256, &identity->key, &error));
	assert_true(request_make(
		identity->profile, identity->subject, identity->key, &identity->request, &error));
	assert_true(new_identity_source(identity, role, &source, &error));
	assert_true(issue_begin(ca, &source, 9, NULL, &sample->certificate, &error));
	assert_true(ca_sign(ca, sample->certificate, &error));
	assert_true(key_p256_read(identity->key, &sample->key));
	sample->fields = (struct pattern_fields){ .name = name,
		.serial = X509_get0_serialNumber(sample->certificate),
		.key = &sample->key,
		.names = sample->names };
}

/* The same dates as another's: the seconds may have changed between them. */
static void sample_date(struct sample *sample, struct ca *ca, const X509 *other)
{
	struct error error;
	X509 *certificate = sample->certificate;
	assert_true(X509_set1_notBefore(certificate, X509_get0_notBefore(other)));
	assert_true(X509_set1_notAfter(certificate, X509_get0_notAfter(other)));
	assert_true(ca_sign(ca, certificate, &error));
}

static struct pattern *learn(const struct sample *sample, struct ca *ca)
{
	struct pattern *pattern =
		pattern_learn(&sample->identity, sample->certificate, ca, &sample->fields);
	assert_int_equal(ERR_peek_error(), 0);
	return pattern;
}

static void assert_der(const struct der *der, unsigned char *wanted, int count)
{
	size_t written;
	const unsigned char *bytes = der_bytes(der, &written);
	assert_int_equal(written, count);
	assert_memory_equal(bytes, wanted, written);
	OPENSSL_free(wanted);
}

/* What is signed is as OpenSSL has it; the signature, which is another each time, holds. */
static void assert_certificate(
	const struct pattern *pattern, const struct sample *sample, struct ca *ca)
{
	static struct der content, whole;
	struct error error;
	unsigned char *wanted = NULL;
	assert_true(
		pattern_write_certificate(pattern, &sample->fields, ca, &content, &whole, &error));
	int count = i2d_re_X509_tbs(sample->certificate, &wanted);
	assert_der(&content, wanted, count);
	size_t bytes;
	const unsigned char *at = der_bytes(&whole, &bytes);
	OWN(X509) X509 *certificate = d2i_X509(NULL, &at, (long)bytes);
	assert_non_null(certificate);
	assert_int_equal(X509_verify(certificate, X509_get0_pubkey(ca_certificate(ca))), 1);
	assert_int_equal(X509_check_private_key(certificate, sample->identity.key), 1);
	assert_int_equal(i2d_X509(certificate, NULL), bytes);
}

static void assert_request(const struct pattern *pattern, const struct sample *sample)
{
	static struct der content, whole;
	struct error error;
	unsigned char *wanted = NULL;
	assert_true(pattern_write_request(
		pattern, &sample->fields, sample->identity.key, &content, &whole, &error));
	int count = i2d_re_X509_REQ_tbs(sample->identity.request, &wanted);
	assert_der(&content, wanted, count);
	size_t bytes;
	const unsigned char *at = der_bytes(&whole, &bytes);
	OWN(X509_REQ) X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)bytes);
	assert_non_null(request);
	assert_int_equal(X509_REQ_verify(request, sample->identity.key), 1);
	assert_int_equal(i2d_X509_REQ(request, NULL), bytes);
}

static void compare(struct ca *ca, enum role role, const char *first, const char *second)
{
	struct sample known, other;
	sample_make(&known, ca, role, first, NULL, NULL);
	OWN(pattern) struct pattern *pattern = learn(&known, ca);
	assert_non_null(pattern);
	assert_ptr_equal(pattern_certificate(pattern), known.certificate);
	sample_make(&other, ca, role, second, NULL, NULL);
	sample_date(&other, ca, known.certificate);
	assert_certificate(pattern, &other, ca);
	assert_request(pattern, &other);
	sample_done(&known);
	sample_done(&other);
}

static void others_are_as_openssl_makes_them(void **state)
{
	(void)state;
	static const char *const names[] = { "a", "b.example", "192.0.2.7", "fd00::1", "UPPER",
		"sixty-four-letters-are-the-most-that-fit-into-a-common-name.test" };
	OWN(ca) struct ca *ca = ca_folder_open();
	for (enum role role = ROLE_SERVER; role < ROLE_COUNT; role++)
		for (size_t i = 0; i < ROWS(names); i++)
			compare(ca, role, names[i], names[(i + 1) % ROWS(names)]);
	compare(ca, ROLE_CLIENT, "bob@example.com", "a+b_c:d");
}

/* Whatever the CA's key is. */
static void another_kind_of_ca_goes_as_well(void **state)
{
	(void)state;
	static const char *const kinds[] = { "rsa:2048", "ed25519", "ec:P-384" };
	for (size_t i = 0; i < ROWS(kinds); i++) {
		struct key_type type;
		struct error error;
		OWN(EVP_PKEY) EVP_PKEY *key = NULL;
		assert_true(key_type_parse(kinds[i], &type, &error));
		assert_true(key_make(&type, &key, &error));
		const EVP_MD *digest;
		assert_true(key_digest(key, NULL, &digest, &error));
		OWN(X509) X509 *root = fixture_ca("Another CA", ca_key, 100);
		assert_true(X509_set_pubkey(root, key));
		assert_true(X509_sign(root, key, digest));
		OWN(ca) struct ca *ca = NULL;
		assert_true(ca_adopt("other", "ca", root, key, &ca, &error));
		compare(ca, ROLE_SERVER, "a.example", "b.example");
	}
}

/* What the parts do not say is not guessed. */
static void wrong_fields_make_no_pattern(void **state)
{
	(void)state;
	OWN(ca) struct ca *ca = ca_folder_open();
	struct sample a, b;
	sample_make(&a, ca, ROLE_SERVER, "a.example", NULL, NULL);
	sample_make(&b, ca, ROLE_SERVER, "b.example", NULL, NULL);
	const struct pattern_fields right = a.fields;
	for (int wrong = 0; wrong < 5; wrong++) {
		a.fields = right;
		a.fields.name = wrong == 0 ? b.fields.name : right.name;
		a.fields.serial = wrong == 1 ? b.fields.serial : right.serial;
		a.fields.key = wrong == 2 ? b.fields.key : right.key;
		a.fields.names = wrong == 3 ? b.fields.names : right.names;
		if (wrong == 4)
			a.fields.names = NULL;
		assert_null(learn(&a, ca));
	}
	a.fields = right;
	OWN(pattern) struct pattern *pattern = learn(&a, ca);
	assert_non_null(pattern);
	sample_done(&a);
	sample_done(&b);
}

static void what_stands_in_a_cnf_may_make_none(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to;
		bool learned;
	} rows[] = {
		{ "[ v3_server ]\n", "[ v3_server ]\nnsComment = some\n", true },
		{ "default_md         = sha256", "default_md = sha384", true },
		{ "CN = a.example", "O = more\nCN = a.example", false },
		{ "CN = a.example", "O = a.example", false },
		{ "[ v3_server ]\nsubjectAltName         = ",
			"[ v3_server ]\nsubjectAltName = critical, ", false },
		{ "[ v3_server ]\nsubjectAltName         = @alt_names",
			"[ v3_server ]\nsubjectAltName = DNS:b.example", false },
		{ "[ req_ext ]\nsubjectAltName         = @alt_names\n", "[ req_ext ]\n", false },
		{ "subjectKeyIdentifier   = hash", "subjectKeyIdentifier = 0011", false },
		{ "req_extensions     = req_ext\n", "", false },
	};
	OWN(ca) struct ca *ca = ca_folder_open();
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct sample sample;
		sample_make(&sample, ca, ROLE_SERVER, "a.example", rows[i].from, rows[i].to);
		OWN(pattern) struct pattern *pattern = learn(&sample, ca);
		if ((pattern != NULL) != rows[i].learned)
			fail_msg("%s", rows[i].to);
		if (pattern)
			assert_certificate(pattern, &sample, ca);
		sample_done(&sample);
	}
}

/* So that a longer name has room in what was measured for the first. */
static void a_long_one_makes_no_pattern(void **state)
{
	(void)state;
	OWN(ca) struct ca *ca = ca_folder_open();
	for (int bytes = 4000; bytes <= 16000; bytes += 12000) {
		struct sample sample;
		OWN(char) char *to = text_format("[ v3_client ]\nnsComment = %0*d\n", bytes, 1);
		sample_make(&sample, ca, ROLE_CLIENT, "a", "[ v3_client ]\n", to);
		OWN(pattern) struct pattern *pattern = learn(&sample, ca);
		assert_int_equal(pattern != NULL, bytes == 4000);
		sample_done(&sample);
	}
}

/* The signature is tried before anybody relies on it. */
static void a_signature_that_does_not_hold_makes_no_pattern(void **state)
{
	(void)state;
	OWN(ca) struct ca *ca = ca_folder_open();
	struct sample sample;
	sample_make(&sample, ca, ROLE_CLIENT, "a", NULL, NULL);
	EVP_PKEY *own = ca->key;
	ca->key = leaf_key;
	assert_null(learn(&sample, ca));
	ca->key = own;
	EVP_PKEY *leaf = sample.identity.key;
	sample.identity.key = leaf_key;
	assert_null(learn(&sample, ca));
	sample.identity.key = leaf;
	OWN(pattern) struct pattern *pattern = learn(&sample, ca);
	assert_non_null(pattern);
	sample_done(&sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_are_as_openssl_makes_them),
		cmocka_unit_test(another_kind_of_ca_goes_as_well),
		cmocka_unit_test(wrong_fields_make_no_pattern),
		cmocka_unit_test(what_stands_in_a_cnf_may_make_none),
		cmocka_unit_test(a_long_one_makes_no_pattern),
		cmocka_unit_test(a_signature_that_does_not_hold_makes_no_pattern),
	};
	return cmocka_run_group_tests(tests, ca_folder_make, ca_folder_drop);
}
