/* What inspect says of each kind of file, and that what somebody else wrote cannot break a line. */
#include "pki_fixture.h"

static EVP_PKEY *ca_key, *leaf_key;
static X509 *ca;

static int make(void **state)
{
	if (enter_folder(state) != 0)
		return -1;
	ca_key = EVP_EC_gen("P-256");
	leaf_key = EVP_EC_gen("P-384");
	ca = fixture_ca("Test CA", ca_key, 10);
	fixture_write_certificate("ca.crt", ca);
	fixture_write_key("ca.key", ca_key, NULL);
	fixture_write_key("locked.key", leaf_key, "secret");
	return 0;
}

static int drop(void **state)
{
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(leaf_key);
	X509_free(ca);
	return leave_folder(state);
}

/* The first object of a file; borrowed from *ret. */
static const json_t *show(const char *path, const struct show_options *options, json_t **ret)
{
	struct error error;
	if (!show_file(path, options, ret, &error))
		fail_msg("%s", error.text);
	return json_array_get(json_object_get(*ret, "objects"), 0);
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text ? text : "";
}

static void a_certificate_tells_all(void **state)
{
	(void)state;
	OWN(json_t) json_t *shown = NULL;
	const json_t *object = show("ca.crt", &(struct show_options){ .now = time(NULL) }, &shown);
	assert_string_equal(text_of(shown, "form"), "PEM");
	assert_string_equal(text_of(object, "kind"), "a certificate");
	assert_string_equal(text_of(object, "subject"), "CN=Test CA");
	assert_string_equal(text_of(object, "serial"), "1267");
	assert_string_equal(text_of(object, "basic_constraints"), "critical, CA:TRUE");
	assert_string_equal(text_of(object, "key"), "P-256");
	assert_string_equal(text_of(object, "status"), "in its time");
	assert_string_equal(text_of(object, "key_file"), "ca.key");
	assert_true(json_is_true(json_object_get(object, "key_matches")));
	const json_t *usage = json_object_get(object, "key_usage");
	assert_int_equal(json_array_size(usage), 2);
	assert_string_equal(json_string_value(json_array_get(usage, 0)), "keyCertSign");
	assert_int_equal(strlen(text_of(object, "sha256")), 64);
	assert_int_equal(strlen(text_of(object, "subject_key_identifier")), 40);
}

static void a_validity_is_measured_against_the_clock(void **state)
{
	(void)state;
	static const struct {
		long long days; /* the clock, from now */
		const char *status;
		long long days_left;
	} rows[] = {
		{ -1, "not valid yet", 10 },
		{ 5, "in its time", 4 },
		{ 11, "expired", -2 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		/* An hour on, so that the second in which the test runs does not count. */
		time_t now = time(NULL) + (time_t)(rows[i].days * 86400 + 3600);
		OWN(json_t) json_t *object = show_certificate(ca, now);
		assert_string_equal(text_of(object, "status"), rows[i].status);
		assert_int_equal(json_integer_value(json_object_get(object, "days_left")),
			rows[i].days_left);
	}
}

static void another_key_beside_it_is_noticed(void **state)
{
	(void)state;
	OWN(json_t) json_t *shown = NULL;
	OWN(json_t) json_t *locked = NULL;
	const struct show_options options = { .now = time(NULL) };
	fixture_write_certificate("mixed.crt", ca);
	fixture_write_key("mixed.key", leaf_key, NULL);
	const json_t *object = show("mixed.crt", &options, &shown);
	assert_true(json_is_false(json_object_get(object, "key_matches")));
	fixture_write_key("mixed.key", leaf_key, "secret");
	object = show("mixed.crt", &options, &locked);
	assert_true(json_is_null(json_object_get(object, "key_matches")));
}

static void an_encrypted_key_stays_closed_without_its_passphrase(void **state)
{
	(void)state;
	struct error error;
	OWN(json_t) json_t *closed = NULL;
	OWN(json_t) json_t *open = NULL;
	OWN(json_t) json_t *wrong = NULL;
	const json_t *object = show("locked.key", &(struct show_options){ 0 }, &closed);
	assert_true(json_is_true(json_object_get(object, "encrypted")));
	assert_null(json_object_get(object, "key"));
	object = show("locked.key", &(struct show_options){ .passphrase = "secret" }, &open);
	assert_string_equal(text_of(object, "key"), "P-384");
	assert_false(show_file(
		"locked.key", &(struct show_options){ .passphrase = "no" }, &wrong, &error));
	assert_int_equal(error.code, CODE_KEY_PASSPHRASE);
	assert_null(wrong);
}

static void hostile_names_cannot_break_a_line(void **state)
{
	(void)state;
	struct error error;
	OWN(X509) X509 *hostile = fixture_ca("a\nfake: line\x1b[31m", ca_key, 1);
	fixture_write_certificate("hostile.crt", hostile);
	OWN(json_t) json_t *shown = NULL;
	OWN(buffer) struct buffer text = BUFFER(1 << 16);
	show("hostile.crt", &(struct show_options){ .now = time(NULL) }, &shown);
	assert_true(show_text(shown, &text, &error));
	assert_null(strstr(text.data, "\nfake"));
	assert_null(strchr(text.data, '\x1b'));
	assert_non_null(strstr(text.data, "fake: line"));
}

static void a_bundle_and_a_configuration_are_told_apart(void **state)
{
	(void)state;
	const struct show_options options = { .now = time(NULL) };
	OWN(json_t) json_t *two = NULL;
	OWN(json_t) json_t *file = NULL;
	OWN(char) char *pem = text_copy(fixture_read("ca.crt"));
	OWN(char) char *twice = text_format("%s%s", pem, pem);
	fixture_write_text("two.pem", twice);
	show("two.pem", &options, &two);
	assert_int_equal(json_array_size(json_object_get(two, "objects")), 2);
	fixture_write_text(
		"x.cnf", "[ req ]\ndistinguished_name = dn\nprompt = no\n[ dn ]\nCN=a\n");
	const json_t *object = show("x.cnf", &options, &file);
	assert_string_equal(text_of(object, "kind"), "a configuration");
	assert_string_equal(text_of(file, "form"), "text");
}

static void what_cannot_be_read_has_one_sentence(void **state)
{
	(void)state;
	OWN(char) char *pem = text_copy(fixture_read("ca.crt"));
	pem[strlen(pem) / 2] = 0;
	fixture_write_text("cut.crt", pem);
	fixture_write_text("empty.crt", "");
	fixture_write_text("noise.crt", "\x01\x02\x03 nothing");
	fixture_write_text(
		"label.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	fixture_write_text(
		"other.pem", "-----BEGIN SOMETHING-----\nAAAA\n-----END SOMETHING-----\n");
	static const struct {
		const char *path, *text;
	} rows[] = {
		{ "missing.crt", "cannot read 'missing.crt': No such file or directory" },
		{ "empty.crt", "cannot use 'empty.crt': it is empty" },
		{ "cut.crt", "cannot read 'cut.crt': a PEM block in it is cut short or malformed" },
		{ "label.crt", "cannot read 'label.crt': a certificate in it is malformed" },
		{ "noise.crt", "cannot read 'noise.crt': it is no certificate, key, request, CRL, "
			       "PFX or .cnf that we know, or it is damaged" },
		{ "other.pem", "cannot read 'other.pem': it is no certificate, key" },
		{ ".", "cannot read '.': it is a folder, not a file" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct error error;
		OWN(json_t) json_t *shown = NULL;
		assert_false(show_file(rows[i].path, &(struct show_options){ 0 }, &shown, &error));
		assert_int_equal(error_exit_code(error.kind), 2);
		assert_non_null(strstr(error.text, rows[i].text));
		assert_null(shown);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_tells_all),
		cmocka_unit_test(a_validity_is_measured_against_the_clock),
		cmocka_unit_test(another_key_beside_it_is_noticed),
		cmocka_unit_test(an_encrypted_key_stays_closed_without_its_passphrase),
		cmocka_unit_test(hostile_names_cannot_break_a_line),
		cmocka_unit_test(a_bundle_and_a_configuration_are_told_apart),
		cmocka_unit_test(what_cannot_be_read_has_one_sentence),
	};
	return cmocka_run_group_tests(tests, make, drop);
}
