/* What the lab writes for other programs: JUnit's XML, one page of HTML, JSON, drawings' edges. */
#include "unit.h"

#include "lab/draw.h"
#include "lab/html.h"
#include "lab/result.h"
#include "lab_seen.h"

#include <stdio.h>

static struct lab_result result_of(const char *name, enum tls_version version)
{
	const struct scenario *scenario = scenario_find(name);
	assert_non_null(scenario);
	struct lab_result result = { .run = { scenario, version, false },
		.seen = expected_of(scenario, version),
		.ms = 1234 };
	result.verdict = lab_judge(scenario, &result.seen);
	assert_true(result.verdict.as_expected);
	return result;
}

static struct lab_result differing(const char *why)
{
	struct lab_result result = result_of("client-expired", TLS_1_3);
	result.verdict.as_expected = false;
	snprintf(result.verdict.why, sizeof result.verdict.why, "%s", why);
	return result;
}

static struct lab_result skipped(const char *why)
{
	struct lab_result result = { .run = { scenario_find("server-expired"), TLS_1_2, true },
		.not_run = why };
	return result;
}

typedef bool writer(
	const struct lab_result *results, size_t count, struct buffer *ret, struct error *reterr);

/* The caller's to free. */
static char *written(writer *write, const struct lab_result *results, size_t count)
{
	OWN(buffer) struct buffer text = BUFFER((size_t)1 << 20);
	struct error error;
	if (!write(results, count, &text, &error))
		fail_msg("%s", error.text);
	return TAKE(text.data);
}

static void holds(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in: %s", part, text);
}

static void lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' in: %s", part, text);
}

static size_t times(const char *text, const char *part)
{
	size_t count = 0;
	for (; (text = strstr(text, part)) != NULL; text += strlen(part))
		count++;
	return count;
}

#define XML "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
#define SUITE(tests, failures, skips) \
	"  <testsuite name=\"mtls lab\" tests=\"" tests "\" failures=\"" failures \
	"\" errors=\"0\" skipped=\"" skips "\">\n"
#define END "  </testsuite>\n</testsuites>\n"

static void junit_has_a_case_for_each_run(void **state)
{
	(void)state;
	const struct lab_result good = result_of("good-client", TLS_1_2);
	OWN(char) char *one = written(lab_junit, &good, 1);
	assert_string_equal(one,
		XML SUITE("1", "0", "0") "    <testcase classname=\"mtls.lab.tls12.mtls\" "
					 "name=\"good-client\" time=\"1.234\"/>\n" END);
	const struct lab_result bad = differing("alert 46, says the server, instead of 45");
	OWN(char) char *failure = written(lab_junit, &bad, 1);
	assert_string_equal(failure,
		XML SUITE("1", "1", "0") "    <testcase classname=\"mtls.lab.tls13.mtls\" "
					 "name=\"client-expired\" time=\"1.234\">\n"
					 "      <failure message=\"alert 46, says the server, "
					 "instead of 45\">server: 45 certificate_expired, X.509 10"
					 "</failure>\n    </testcase>\n" END);
	const struct lab_result none = skipped("nobody is here");
	OWN(char) char *skip = written(lab_junit, &none, 1);
	assert_string_equal(skip,
		XML SUITE("1", "0", "1") "    <testcase classname=\"mtls.lab.tls12.openssl\" "
					 "name=\"server-expired\" time=\"0.000\">\n"
					 "      <skipped message=\"nobody is here\"></skipped>\n"
					 "    </testcase>\n" END);
	OWN(char) char *empty = written(lab_junit, NULL, 0);
	assert_string_equal(empty, XML SUITE("0", "0", "0") END);
}

static const struct {
	const char *text, *escaped;
} markup[] = {
	{ "plain", "plain" },
	{ "", "" },
	{ "<b>", "&lt;b&gt;" },
	{ "a & b", "a &amp; b" },
	{ "&lt;", "&amp;lt;" },
	{ "\"><script>x</script>", "&quot;&gt;&lt;script&gt;x&lt;/script&gt;" },
	{ "it's", "it's" },
	{ "]]>", "]]&gt;" },
	{ "\xc3\xb1 \xe2\x9c\x93", "\xc3\xb1 \xe2\x9c\x93" },
};

static void markup_is_escaped_wherever_text_goes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof markup / sizeof *markup; i++) {
		OWN(buffer) struct buffer text = BUFFER(200);
		struct error error;
		assert_true(buffer_text(&text, "", &error));
		assert_true(draw_escaped(markup[i].text, &text, &error));
		assert_string_equal(text.data, markup[i].escaped);
		const struct lab_result results[] = { differing(markup[i].text),
			skipped(markup[i].text) };
		OWN(char) char *xml = written(lab_junit, results, 2);
		OWN(char) char *failure =
			text_format("<failure message=\"%s\">", markup[i].escaped);
		OWN(char) char *skip = text_format("<skipped message=\"%s\">", markup[i].escaped);
		holds(xml, failure);
		holds(xml, skip);
		OWN(char) char *page = written(lab_html, results, 2);
		OWN(char) char *but = text_format("<p>But: %s</p>", markup[i].escaped);
		OWN(char) char *not_run = text_format("<p>Not run: %s</p>", markup[i].escaped);
		holds(page, but);
		holds(page, not_run);
	}
}

/* One file: nothing is asked of any other host, and nothing but its own style and script runs. */
static void the_page_stands_alone(void **state)
{
	(void)state;
	const struct lab_result results[] = { result_of("good-client", TLS_1_2),
		result_of("good-client", TLS_1_3), differing("another alert"),
		skipped("no store") };
	OWN(char) char *page = written(lab_html, results, 4);
	assert_memory_equal(page, "<!DOCTYPE html>\n<html lang=\"en\">", 31);
	holds(page, "<meta charset=\"utf-8\">");
	holds(page, "content=\"default-src 'none'; style-src 'unsafe-inline'; script-src "
		    "'unsafe-inline'; img-src data:\"");
	static const char *const strange[] = { "http://", "https://", "src=", "@import", "url(",
		"fetch(", "innerHTML", " onclick" };
	for (size_t i = 0; i < sizeof strange / sizeof *strange; i++)
		lacks(page, strange[i]);
	holds(page, "<p>3 scenarios, 4 runs: 2 as expected, 1 not as expected, 1 not run.</p>");
	holds(page, "<summary><b>good-client</b> <span>TLS 1.2, our rules</span> <span>accepted, "
		    "HTTP 200</span> <span class=\"ok\">ok</span></summary>");
	holds(page, "<details data-code=\"client-expired\" data-side=\"server\" "
		    "data-verdict=\"differs\" data-tls=\"1.3\">");
	holds(page, "<span>TLS 1.2, OpenSSL's rules</span> <span>not run</span> <span "
		    "class=\"not-run\">not-run</span>");
	assert_int_equal(times(page, "<details "), 4);
	assert_int_equal(times(page, "</details>"), 4);
	assert_int_equal(times(page, "<p>But: "), 1);
	assert_int_equal(times(page, "<p>Not run: "), 1);
	assert_int_equal(times(page, "<svg"), 0);
	holds(page, "</html>\n");
}

static void every_scenario_has_its_place_on_the_page(void **state)
{
	(void)state;
	struct lab_result *plan = NULL;
	size_t count = 0;
	struct error error;
	assert_true(lab_plan(NULL, 0, TLS_VERSION_ANY, true, true, &plan, &count, &error));
	for (size_t i = 0; i < count; i++)
		if (!plan[i].not_run) {
			plan[i].seen = expected_of(plan[i].run.scenario, plan[i].run.version);
			plan[i].verdict.as_expected = true;
		}
	OWN(char) char *page = written(lab_html, plan, count);
	OWN(char) char *xml = written(lab_junit, plan, count);
	assert_int_equal(times(page, "<details "), count);
	assert_int_equal(times(xml, "<testcase "), count);
	assert_int_equal(times(xml, "<failure "), 0);
	for (size_t i = 0; i < scenarios_count; i++) {
		OWN(char) char *name = text_format("<b>%s</b>", scenario_name(&scenarios[i]));
		OWN(char) char *test = text_format("name=\"%s\"", scenario_name(&scenarios[i]));
		holds(page, name);
		holds(xml, test);
	}
	free(plan);
}

static void what_does_not_fit_is_no_page(void **state)
{
	(void)state;
	const struct lab_result results[] = { differing("x"), skipped("y") };
	static writer *const writers[] = { lab_html, lab_junit };
	for (size_t w = 0; w < 2; w++) {
		OWN(char) char *whole = written(writers[w], results, 2);
		for (size_t room = 0; room < strlen(whole); room += 1 + room / 9) {
			OWN(buffer) struct buffer text = BUFFER(room);
			struct error error;
			assert_false(writers[w](results, 2, &text, &error));
			assert_int_equal(error.kind, ERROR_LIMIT);
		}
	}
}

/* ---- Plans and sums ---- */

static const struct {
	const char *name;
	enum tls_version version;
	bool ours, stack;
	size_t runs;
} plans[] = {
	{ "good-client", TLS_VERSION_ANY, true, false, 2 },
	{ "good-client", TLS_1_2, true, false, 1 },
	{ "good-client", TLS_1_3, true, false, 1 },
	{ "good-client", TLS_VERSION_ANY, false, true, 2 },
	/* OpenSSL by itself comes to the same: once is enough. */
	{ "good-client", TLS_VERSION_ANY, true, true, 2 },
	{ "good-client", TLS_1_3, false, false, 0 },
};

static void a_plan_has_the_runs_that_were_asked_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
		struct lab_result *plan = NULL;
		size_t count = 0;
		struct error error;
		assert_true(lab_plan(&plans[i].name, 1, plans[i].version, plans[i].ours,
			plans[i].stack, &plan, &count, &error));
		assert_int_equal(count, plans[i].runs);
		for (size_t run = 0; run < count; run++) {
			assert_int_equal(plan[run].run.stack, !plans[i].ours);
			assert_int_equal(plan[run].run.version, plans[i].version ? plans[i].version
								: run            ? TLS_1_3
										 : TLS_1_2);
		}
		free(plan);
	}
}

static void a_plan_for_nobody_is_refused(void **state)
{
	(void)state;
	static const char *const names[] = { "good-client", "bad-client" };
	struct lab_result *plan = NULL;
	size_t count = 7;
	struct error error;
	assert_false(lab_plan(names, 2, TLS_VERSION_ANY, true, false, &plan, &count, &error));
	assert_string_equal(error.text, "there is no scenario 'bad-client'");
	assert_string_equal(error_advice(&error), "mtls lab --list names them all");
	assert_int_equal(error.kind, ERROR_USAGE);
	assert_null(plan);
	assert_int_equal(count, 7);
}

static void json_says_what_came_of_it(void **state)
{
	(void)state;
	struct lab_result results[] = { result_of("good-client", TLS_1_3), skipped("no store") };
	OWN(json_t) json_t *fine = lab_json(results, 2);
	assert_true(json_is_true(json_object_get(fine, "ok")));
	const json_t *list = json_object_get(fine, "results");
	const json_t *ran = json_array_get(list, 0), *not_run = json_array_get(list, 1);
	assert_null(json_object_get(ran, "not_run"));
	assert_null(json_object_get(ran, "messages"));
	assert_true(json_is_true(json_object_get(ran, "as_expected")));
	assert_string_equal(json_string_value(json_object_get(not_run, "not_run")), "no store");
	static const char *const left_out[] = { "observed", "as_expected", "why" };
	for (size_t i = 0; i < 3; i++)
		assert_null(json_object_get(not_run, left_out[i]));
	/* What was not run is no failure; what differs is. */
	results[0] = differing("x");
	OWN(json_t) json_t *bad = lab_json(results, 2);
	OWN(char)
	char *summary = json_dumps(json_object_get(bad, "summary"), JSON_COMPACT | JSON_SORT_KEYS);
	assert_true(json_is_false(json_object_get(bad, "ok")));
	assert_string_equal(summary, "{\"differ\":1,\"not_run\":1,\"runs\":2,\"scenarios\":2}");
}

/* ---- Drawings ---- */

static json_t *message(const char *from, const char *name, long long bytes)
{
	return json_pack("[{s:s, s:s, s:I, s:b, s:b}]", "from", from, "message", name, "bytes",
		(json_int_t)bytes, "read", 1, "encrypted", 0);
}

static void a_line_keeps_its_width_whatever_it_says(void **state)
{
	(void)state;
	static const char *const sides[] = { "client", "server" };
	char name[201];
	for (size_t bytes = 0; bytes <= 200; bytes += 7)
		for (size_t side = 0; side < 2; side++) {
			memset(name, 'm', bytes);
			name[bytes] = 0;
			OWN(json_t) json_t *messages = message(sides[side], name, 1LL << 40);
			OWN(buffer) struct buffer text = BUFFER(1000);
			struct error error;
			assert_true(draw_text(messages, &text, &error));
			const char *line = strchr(text.data, '\n') + 1;
			assert_int_equal(strcspn(line, "\n"), 64);
			assert_memory_equal(line, side ? "  |<" : "  |-", 4);
			assert_memory_equal(line + 62, side ? "-|" : ">|", 2);
		}
}

static void nothing_said_is_drawn_as_nothing(void **state)
{
	(void)state;
	OWN(json_t) json_t *none = json_array();
	OWN(json_t) json_t *odd = json_pack("[{}]");
	OWN(buffer) struct buffer text = BUFFER(1000);
	OWN(buffer) struct buffer svg = BUFFER(2000);
	struct error error;
	assert_true(draw_text(none, &text, &error));
	assert_int_equal(times(text.data, "\n"), 2);
	assert_true(draw_svg(none, "", &svg, &error));
	assert_int_equal(times(svg.data, "<g"), 0);
	holds(svg.data, "aria-label=\"\"");
	/* A message without its members is nobody's, of no bytes, and was not read. */
	text.length = 0;
	assert_true(draw_text(odd, &text, &error));
	holds(text.data, "  |x-- , 0 bytes -");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(junit_has_a_case_for_each_run),
		cmocka_unit_test(markup_is_escaped_wherever_text_goes),
		cmocka_unit_test(the_page_stands_alone),
		cmocka_unit_test(every_scenario_has_its_place_on_the_page),
		cmocka_unit_test(what_does_not_fit_is_no_page),
		cmocka_unit_test(a_plan_has_the_runs_that_were_asked_for),
		cmocka_unit_test(a_plan_for_nobody_is_refused),
		cmocka_unit_test(json_says_what_came_of_it),
		cmocka_unit_test(a_line_keeps_its_width_whatever_it_says),
		cmocka_unit_test(nothing_said_is_drawn_as_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
