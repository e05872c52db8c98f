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
		assert_true(strlen(row->title) > 0 && strlen(row->title) < 48);
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
				scenario_expected(&scenarios[i], versions[v]);
			if (scenarios[i].accepted) {
				assert_int_equal(expected.refuses, SIDE_NONE);
				assert_int_equal(expected.alert, -1);
				assert_int_equal(expected.http_status, 200);
				continue;
			}
			assert_true(
				expected.refuses == SIDE_SERVER || expected.refuses == SIDE_CLIENT);
			assert_true(expected.alert > 0);
			assert_int_equal(expected.http_status, 0);
			assert_int_equal(expected.code, scenarios[i].code);
		}
}

/* What both documents and RFC 8446 section 6 say about the best-known row. */
static void no_certificate_is_40_on_tls_1_2_and_116_on_1_3(void **state)
{
	(void)state;
	const struct scenario *row = scenario_find("no-client-certificate");
	assert_non_null(row);
	assert_int_equal(scenario_expected(row, TLS_1_2).alert, 40);
	assert_int_equal(scenario_expected(row, TLS_1_3).alert, 116);
	row = scenario_find("server-name-mismatch");
	assert_int_equal(scenario_expected(row, TLS_1_3).refuses, SIDE_CLIENT);
	assert_int_equal(scenario_expected(row, TLS_1_3).x509_error, 62);
	assert_int_equal(scenario_expected(row, TLS_1_3).alert, 42);
}

static bool minted(const char *path, size_t length)
{
	const char *name;
	for (size_t i = 0; (name = lab_minted_name(i)) != NULL; i++)
		if (strlen(name) == length && !memcmp(name, path, length))
			return true;
	return false;
}

/* A word that names a file in lab/ names one that is minted; the twin: certs/ is init's. */
static void check_words(const char *const *words)
{
	for (; *words; words++)
		if (!strncmp(*words, "lab/", 4))
			assert_true(minted(*words + 4, strcspn(*words + 4, ".")));
	assert_false(minted("ca", 2));
}

static void every_named_certificate_is_minted(void **state)
{
	(void)state;
	for (size_t i = 0; i < scenarios_count; i++) {
		check_words(scenarios[i].server);
		check_words(scenarios[i].client);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_has_a_name_a_title_and_a_lesson),
		cmocka_unit_test(a_row_is_accepted_or_somebody_refuses_with_an_alert),
		cmocka_unit_test(no_certificate_is_40_on_tls_1_2_and_116_on_1_3),
		cmocka_unit_test(every_named_certificate_is_minted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
