/* The comparison over every field and every row: whatever one side reports otherwise is seen. */
#include "unit.h"

#include "lab_seen.h"

#include "lab/certificates.h"
#include "lab/report.h"

static const enum tls_version versions[] = { TLS_1_2, TLS_1_3 };

struct change {
	const char *name;
	void (*make)(struct lab_report *report);
	bool of_refuser;  /* only the side that refused has the field */
	bool of_refusals; /* and only where somebody refuses */
	bool of_versions; /* not where the versions are the matter */
};

static void absent(struct lab_report *report)
{
	report->present = false;
}
static void other_refuser(struct lab_report *report)
{
	report->refused = report->refused == SIDE_SERVER ? SIDE_CLIENT : SIDE_SERVER;
}
static void own_configuration(struct lab_report *report)
{
	report->refused = SIDE_OWN;
}
static void other_code(struct lab_report *report)
{
	report->code = CODE_PEER_CLOSED;
}
static void no_code(struct lab_report *report)
{
	report->code = CODE_NONE;
}
static void other_alert(struct lab_report *report)
{
	report->alert++;
}
static void no_alert(struct lab_report *report)
{
	report->alert = -1;
}
static void other_x509_error(struct lab_report *report)
{
	report->x509_error++;
}
static void other_status(struct lab_report *report)
{
	report->http_status++;
}
static void other_version(struct lab_report *report)
{
	report->version = report->version == TLS_1_3 ? TLS_1_2 : TLS_1_3;
}

static const struct change changes[] = {
	{ "nothing reported", absent, false, false, false },
	{ "another who refuses", other_refuser, false, false, false },
	{ "a fault of its own", own_configuration, false, false, false },
	{ "another code", other_code, true, true, false },
	{ "no code", no_code, true, true, false },
	{ "another alert", other_alert, false, true, false },
	{ "no alert", no_alert, false, true, false },
	{ "another X.509 error", other_x509_error, true, true, false },
	{ "another status", other_status, false, false, false },
	{ "another version", other_version, false, false, true },
};

static bool applies(const struct change *change, const struct scenario *scenario,
	enum code_side side, enum code_side refuses)
{
	if (change->of_refusals && refuses == SIDE_NONE)
		return false;
	if (change->of_refuser && side != refuses)
		return false;
	/* Without a handshake there is less to look at. */
	if (scenario->way != WAY_REQUEST)
		return false;
	/* An answer over HTTP has no alert to lack. */
	if (change->make == no_alert && scenario->code == CODE_NOT_AUTHORIZED)
		return false;
	return !change->of_versions || scenario->code != CODE_TLS_VERSION;
}

static void every_field_of_every_row_is_looked_at(void **state)
{
	(void)state;
	size_t looked = 0;
	for (size_t i = 0; i < scenarios_count; i++)
		for (size_t v = 0; v < 2; v++)
			for (size_t c = 0; c < 2 * sizeof changes / sizeof *changes; c++) {
				const struct scenario *scenario = &scenarios[i];
				const struct change *change = &changes[c / 2];
				enum code_side side = c % 2 ? SIDE_CLIENT : SIDE_SERVER;
				struct lab_observation seen = expected_of(scenario, versions[v]);
				assert_true(lab_judge(scenario, &seen).as_expected);
				enum code_side refuses =
					scenario_expected(scenario, versions[v], false).refuses;
				if (!applies(change, scenario, side, refuses))
					continue;
				change->make(side == SIDE_CLIENT ? &seen.client : &seen.server);
				struct lab_verdict verdict = lab_judge(scenario, &seen);
				if (verdict.as_expected || !*verdict.why)
					fail_msg("%s: %s, says the %s: not seen",
						scenario_name(scenario), change->name,
						side == SIDE_CLIENT ? "client" : "server");
				assert_true(strlen(verdict.why) < LAB_TEXT_BYTES - 1);
				looked++;
			}
	assert_true(looked > scenarios_count * 2 * 8);
}

/* Some rows come to the same in two ways: then one passes for the other, and only then. */
static bool comes_to_the_same(
	const struct scenario *a, const struct scenario *b, enum tls_version version)
{
	struct scenario_expected x = scenario_expected(a, version, false);
	struct scenario_expected y = scenario_expected(b, version, false);
	return x.refuses == y.refuses && x.code == y.code && x.alert == y.alert &&
	       x.x509_error == y.x509_error && x.http_status == y.http_status &&
	       (!x.other_side || x.other_side == y.other_side);
}

/* A row never passes for another: what one scenario looks like is not what another expects. */
static void no_row_passes_for_another(void **state)
{
	(void)state;
	for (size_t i = 0; i < scenarios_count; i++)
		for (size_t j = 0; j < scenarios_count; j++)
			for (size_t v = 0; v < 2; v++) {
				struct lab_observation seen =
					expected_of(&scenarios[j], versions[v]);
				bool same = comes_to_the_same(
					&scenarios[i], &scenarios[j], versions[v]);
				if (lab_judge(&scenarios[i], &seen).as_expected != same)
					fail_msg("%s passes for %s", scenario_name(&scenarios[j]),
						scenario_name(&scenarios[i]));
			}
}

/* ---- The table beside the table of codes ---- */

static void rows_say_what_the_codes_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < scenarios_count; i++) {
		const struct scenario *row = &scenarios[i];
		const struct code_info *info = code_info(row->code);
		if (!row->name)
			assert_string_equal(scenario_name(row), info->name);
		else if (row->code != CODE_NONE)
			assert_memory_equal(row->name, info->name, strlen(info->name));
		for (size_t v = 0; v < 2; v++) {
			struct scenario_expected expected =
				scenario_expected(row, versions[v], false);
			if (row->named[v])
				info = code_info(row->named[v]);
			if (row->accepted) {
				assert_int_equal(expected.code, CODE_NONE);
				assert_int_equal(expected.x509_error, 0);
				continue;
			}
			assert_int_equal(expected.refuses, info->side);
			assert_int_equal(expected.alert, v ? info->alert13 : info->alert12);
			assert_int_equal(expected.x509_error,
				row->x509_error ? row->x509_error : info->x509_error);
		}
	}
}

/* Whoever is at fault has the words: a client's row changes the client or what the server trusts.
 */
static void the_words_end_and_name_options(void **state)
{
	(void)state;
	for (size_t i = 0; i < scenarios_count; i++)
		for (size_t side = 0; side < 2; side++) {
			const char *const *words = side ? scenarios[i].client : scenarios[i].server;
			size_t count = 0;
			while (words[count])
				count++;
			assert_true(count <= SCENARIO_WORDS_MAX);
			assert_true(!count || !strncmp(words[0], "--", 2));
			for (size_t w = 0; w < count; w++) {
				assert_true(*words[w]);
				assert_null(strpbrk(words[w], " \t\n'\"$"));
			}
		}
}

static void lessons_are_sentences(void **state)
{
	(void)state;
	for (size_t i = 0; i < scenarios_count; i++) {
		const char *lesson = scenarios[i].lesson, *title = scenarios[i].title;
		size_t bytes = strlen(lesson);
		assert_true(bytes > 20 && lesson[bytes - 1] == '.');
		assert_true(lesson[0] >= 'A' && lesson[0] <= 'Z');
		assert_true(title[strlen(title) - 1] != '.');
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(lesson, scenarios[j].lesson);
	}
}

/* Whether a row's words, or another certificate's, name it. */
static bool is_used(const struct lab_certificate *row)
{
	OWN(char) char *file = text_format("%s.crt", row->name);
	bool used = !strncmp(row->name, "certs/", 6);
	for (size_t i = 0; i < scenarios_count; i++)
		for (size_t w = 0; w < SCENARIO_WORDS_MAX; w++)
			used |= (scenarios[i].server[w] && !strcmp(scenarios[i].server[w], file)) ||
				(scenarios[i].client[w] && !strcmp(scenarios[i].client[w], file));
	for (const struct lab_certificate *other = lab_certificates; other->name; other++)
		used |= other->issuer && !strcmp(other->issuer, row->name);
	return used;
}

static void minted_names_stand_once_and_are_used(void **state)
{
	(void)state;
	size_t count = 0;
	for (const struct lab_certificate *row = lab_certificates; row->name; row++, count++) {
		for (const struct lab_certificate *other = lab_certificates; other < row; other++)
			assert_string_not_equal(row->name, other->name);
		if (!is_used(row))
			fail_msg("%s is minted for nobody", row->name);
		assert_true(*row->what);
	}
	assert_true(count >= 40);
}

/* ---- Reports as JSON, there and back ---- */

static void results_hold_both_sides(void **state)
{
	(void)state;
	for (size_t i = 0; i < scenarios_count; i++)
		for (size_t v = 0; v < 2; v++) {
			struct lab_observation seen = expected_of(&scenarios[i], versions[v]);
			struct lab_verdict verdict = lab_judge(&scenarios[i], &seen);
			OWN(json_t) json_t *json = lab_result_json(&scenarios[i], &seen, &verdict);
			assert_string_equal(json_string_value(json_object_get(json, "scenario")),
				scenario_name(&scenarios[i]));
			assert_string_equal(
				json_string_value(json_object_get(json, "tls")), v ? "1.3" : "1.2");
			assert_true(json_is_true(json_object_get(json, "as_expected")));
			const json_t *observed = json_object_get(json, "observed");
			assert_true(json_is_object(json_object_get(observed, "client")));
			assert_true(json_is_object(json_object_get(observed, "server")));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_of_every_row_is_looked_at),
		cmocka_unit_test(no_row_passes_for_another),
		cmocka_unit_test(rows_say_what_the_codes_say),
		cmocka_unit_test(the_words_end_and_name_options),
		cmocka_unit_test(lessons_are_sentences),
		cmocka_unit_test(minted_names_stand_once_and_are_used),
		cmocka_unit_test(results_hold_both_sides),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
