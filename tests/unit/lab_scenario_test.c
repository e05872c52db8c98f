/* The table of scenarios is whole: names, expectations, and certificates for every row. */
#include "unit.h"

#include "lab/certificates.h"
#include "lab/scenario.h"

static void every_row_has_a_name_a_title_and_a_lesson(void **state)
{
	(void)state;
	for (size_t i = 0; i < scenarios_count; i++) {
		const struct scenario *row = &scenarios[i];
		assert_true(*scenario_name(row));
		assert_ptr_equal(
			scenario_find(scenario_name(row)), row); /* so no name stands twice */
		assert_true(strlen(row->title) > 0 && strlen(row->title) < 52);
		assert_true(strlen(row->lesson) > 0);
	}
	assert_null(scenario_find("no-such-scenario"));
	assert_ptr_equal(scenario_find("good-client"), &scenarios[0]);
}

static void a_row_is_accepted_or_somebody_refuses_with_an_alert(void **state)
{
	(void)state;
	static const enum tls_version versions[] = { TLS_1_2, TLS_1_3 };
	for (size_t i = 0; i < scenarios_count; i++)
		for (size_t v = 0; v < 2; v++) {
			struct scenario_expected expected =
				scenario_expected(&scenarios[i], versions[v], false);
			if (scenarios[i].accepted) {
				assert_int_equal(expected.refuses, SIDE_NONE);
				assert_int_equal(expected.alert, -1);
				assert_int_equal(expected.http_status, 200);
				continue;
			}
			if (expected.http_status == 403) {
				assert_int_equal(expected.refuses, SIDE_SERVER);
				assert_int_equal(expected.alert, -1);
				continue; /* once TLS was done */
			}
			if (scenarios[i].way != WAY_REQUEST && scenarios[i].way != WAY_RESUMES) {
				assert_true(expected.code != CODE_NONE);
				continue; /* TLS did not come far enough for an alert */
			}
			assert_true(
				expected.refuses == SIDE_SERVER || expected.refuses == SIDE_CLIENT);
			assert_true(expected.alert > 0);
			assert_int_equal(expected.http_status, 0);
			if (!scenarios[i].named[v])
				assert_int_equal(expected.code, scenarios[i].code);
		}
}

/* What both documents and RFC 8446 section 6 say about the best-known row. */
static void no_certificate_is_40_on_tls_1_2_and_116_on_1_3(void **state)
{
	(void)state;
	const struct scenario *row = scenario_find("no-client-certificate");
	assert_non_null(row);
	assert_int_equal(scenario_expected(row, TLS_1_2, false).alert, 40);
	assert_int_equal(scenario_expected(row, TLS_1_3, false).alert, 116);
	row = scenario_find("server-name-mismatch");
	assert_int_equal(scenario_expected(row, TLS_1_3, false).refuses, SIDE_CLIENT);
	assert_int_equal(scenario_expected(row, TLS_1_3, false).x509_error, 62);
	assert_int_equal(scenario_expected(row, TLS_1_3, false).alert, 42);
}

/* A row may expect another X.509 error than its code has, and a copy is the client itself. */
static void an_address_has_an_error_of_its_own(void **state)
{
	(void)state;
	const struct scenario *row = scenario_find("server-no-san/address");
	assert_int_equal(scenario_expected(row, TLS_1_2, false).x509_error, 64);
	assert_int_equal(scenario_expected(row, TLS_1_2, true).x509_error, 64);
	row = scenario_find("server-no-san");
	assert_int_equal(scenario_expected(row, TLS_1_2, false).x509_error, 62);
	row = scenario_find("server-no-san/dropped");
	assert_int_equal(scenario_expected(row, TLS_1_3, false).code, CODE_SERVER_V1);
}

static void copies_are_of_what_was_minted_before(void **state)
{
	(void)state;
	OWN(lab_minted) struct lab_minted *minted = NULL;
	OWN(buffer) struct buffer original = BUFFER(1 << 20);
	OWN(buffer) struct buffer copy = BUFFER(1 << 20);
	const char *what;
	struct error error;
	assert_true(lab_minted_new(NULL, &minted, &error));
	assert_true(lab_minted_file(minted, "certs/client.key", &original, &what, &error));
	assert_true(lab_minted_file(minted, "lab/client-copied.key", &copy, &what, &error));
	assert_int_equal(original.length, copy.length);
	assert_memory_equal(original.data, copy.data, copy.length);
	assert_string_equal(what, "the good client's files, as somebody else has them");
}

static void what_happens_later_is_refused_as_it_would_be_at_first(void **state)
{
	(void)state;
	const struct scenario *row = scenario_find("resumed-after-revocation");
	struct scenario_expected expected = scenario_expected(row, TLS_1_2, false);
	assert_int_equal(expected.code, CODE_CLIENT_REVOKED);
	assert_int_equal(expected.alert, 44);
	assert_int_equal(expected.x509_error, 23);
	row = scenario_find("resumed-across-listeners");
	assert_string_equal(row->other[0], "--ca"); /* the session is another server's */
	assert_int_equal(scenario_expected(row, TLS_1_3, false).alert, 116);
	static const char *const names[] = { "not-authorized", "expired-while-connected",
		"revoked-while-connected" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		expected = scenario_expected(scenario_find(names[i]), TLS_1_3, false);
		assert_int_equal(expected.http_status, 403);
		assert_string_equal(code_name(expected.code), names[i]);
	}
	/* The twin: a session that nothing speaks against is resumed. */
	row = scenario_find("resumed-without-context");
	assert_int_equal(scenario_expected(row, TLS_1_2, false).http_status, 200);
}

/* Every file that a row names is one that the lab can make; nothing else is. */
static void check_words(const struct lab_minted *minted, const char *const *words)
{
	for (; *words; words++) {
		const char *file = strstr(*words, "lab/");
		if (!file || strchr(*words, ' ') || (file != *words && file[-1] != ':'))
			continue;
		OWN(buffer) struct buffer bytes = BUFFER(1 << 20);
		const char *what = NULL;
		struct error error;
		assert_true(lab_minted_file(minted, file, &bytes, &what, &error));
		assert_true(bytes.length > 0 && *what);
	}
}

static void openssl_by_itself_accepts_where_we_do_not(void **state)
{
	(void)state;
	size_t differ = 0;
	for (size_t i = 0; i < scenarios_count; i++) {
		bool ours = scenario_expected(&scenarios[i], TLS_1_3, false).refuses != SIDE_NONE;
		bool stack = scenario_expected(&scenarios[i], TLS_1_3, true).refuses != SIDE_NONE;
		assert_int_equal(ours != stack, scenarios[i].stack == STACK_ACCEPTS);
		differ += ours != stack;
	}
	assert_true(differ >= 6);
	assert_true(scenario_matches(scenario_find("client-wrong-eku/any"), "client-wrong-eku"));
	assert_false(scenario_matches(scenario_find("client-wrong-eku"), "client-wrong-eku/any"));
	assert_false(scenario_matches(scenario_find("good-client"), ""));
}

static void every_named_certificate_is_minted(void **state)
{
	(void)state;
	OWN(lab_minted) struct lab_minted *minted = NULL;
	struct error error;
	assert_true(lab_minted_new(NULL, &minted, &error));
	for (size_t i = 0; i < scenarios_count; i++) {
		check_words(minted, scenarios[i].server);
		check_words(minted, scenarios[i].client);
		check_words(minted, scenarios[i].other);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_has_a_name_a_title_and_a_lesson),
		cmocka_unit_test(an_address_has_an_error_of_its_own),
		cmocka_unit_test(copies_are_of_what_was_minted_before),
		cmocka_unit_test(a_row_is_accepted_or_somebody_refuses_with_an_alert),
		cmocka_unit_test(no_certificate_is_40_on_tls_1_2_and_116_on_1_3),
		cmocka_unit_test(what_happens_later_is_refused_as_it_would_be_at_first),
		cmocka_unit_test(openssl_by_itself_accepts_where_we_do_not),
		cmocka_unit_test(every_named_certificate_is_minted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
