/* The page for a browser: its files, their headers, and that nothing else is one of them. */
#include "unit.h"

#include "server/page.h"
#include "server_ask.h"

#include <strings.h>

static const struct {
	const char *path, *type, *begin;
} files[] = {
	{ "/", "text/html; charset=utf-8", "<!DOCTYPE html>" },
	{ "/page.css", "text/css; charset=utf-8", "" },
	{ "/page.js", "text/javascript; charset=utf-8", "" },
};

static const struct {
	const char *name, *value;
} headers[] = {
	{ "Content-Security-Policy",
		"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
		"img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cache-Control", "no-cache" },
};

static void each_file_has_its_type_and_the_policy(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		assert_true(page_has(files[i].path));
		ask(NULL, "GET", files[i].path, "", NULL);
		assert_int_equal(seen.status, 200);
		assert_string_equal(field_of(seen.response, "Content-Type"), files[i].type);
		for (size_t h = 0; h < sizeof headers / sizeof *headers; h++)
			assert_string_equal(
				field_of(seen.response, headers[h].name), headers[h].value);
		assert_int_equal(
			strncasecmp(seen.body.data, files[i].begin, strlen(files[i].begin)), 0);
		assert_true(seen.body.length > 100);
		/* The files are text: no NUL, and nothing that the policy forbids. */
		assert_int_equal(strlen(seen.body.data), seen.body.length);
		assert_null(strstr(seen.body.data, "http://"));
		assert_null(strstr(seen.body.data, "https://"));
		assert_null(strstr(seen.body.data, "innerHTML"));
		assert_null(strstr(seen.body.data, "eval("));
		ask(NULL, "HEAD", files[i].path, "", NULL);
		assert_int_equal(seen.status, 200);
		assert_int_equal(seen.body.length, 0);
	}
}

static void the_document_has_nothing_inline(void **state)
{
	(void)state;
	ask(NULL, "GET", "/", "", NULL);
	assert_non_null(strstr(seen.body.data, "page.css"));
	assert_non_null(strstr(seen.body.data, "page.js"));
	assert_null(strstr(seen.body.data, "<style"));
	assert_null(strstr(seen.body.data, "<script>"));
	assert_null(strstr(seen.body.data, " style="));
	assert_null(strstr(seen.body.data, " onclick="));
}

static const char *const others[] = { "/index.html", "/page.html", "/page.css/", "/Page.css",
	"/page.css.map", "/page.j", "/favicon.ico", "//" };

static void nothing_else_is_one_of_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		assert_false(page_has(others[i]));
		assert_null(page_answer(&(struct http_request){ .path = others[i] }));
		ask(NULL, "GET", others[i], "", NULL);
		if (seen.status != 404 && seen.status != 400)
			fail_msg("%s: %d", others[i], seen.status);
		assert_null(field_of(seen.response, "Content-Security-Policy"));
	}
	static const char *const methods[] = { "POST", "PATCH", "DELETE" };
	for (size_t i = 0; i < 3; i++) {
		ask(NULL, methods[i], "/page.js", "", NULL);
		assert_int_equal(seen.status, 405);
		assert_string_equal(field_of(seen.response, "Allow"), "GET, HEAD, OPTIONS");
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, routes_set_up, routes_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(each_file_has_its_type_and_the_policy),
		TEST(the_document_has_nothing_inline),
		TEST(nothing_else_is_one_of_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
