/* URLs: their parts, and the sentence for each that is none of ours. */
#include "unit.h"

#include "client/client.h"

static void parts_are_found(void **state)
{
	(void)state;
	static const struct {
		const char *text, *host, *name, *target;
		uint16_t port;
	} rows[] = {
		{ "https://localhost:8443/todo", "localhost", "DNS:localhost", "/todo", 8443 },
		{ "https://localhost", "localhost", "DNS:localhost", "/", 443 },
		{ "https://a.test./x?y=1&z", "a.test.", "DNS:a.test", "/x?y=1&z", 443 },
		{ "https://127.0.0.1:1/", "127.0.0.1", "IP:127.0.0.1", "/", 1 },
		{ "https://[::1]:65535/a/../b", "[::1]", "IP:::1", "/a/../b", 65535 },
		{ "HTTPS://h/#fragment", "h", "DNS:h", "/", 443 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		OWN(url) struct url url = { 0 };
		struct error error;
		assert_true(url_parse(rows[i].text, &url, &error));
		assert_string_equal(url.text, rows[i].text);
		assert_string_equal(url.host, rows[i].host);
		assert_string_equal(url.name, rows[i].name);
		assert_string_equal(url.target, rows[i].target);
		assert_int_equal(url.port, rows[i].port);
	}
}

static void others_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "ftp://h/", "the URL 'ftp://h/' is not https://" },
		{ "", "'' is no URL" },
		{ ":8443", "':8443' is no URL" },
		{ "http://localhost/", "the URL 'http://localhost/' is not https://" },
		{ "https://", "'https://' is no URL" },
		{ "https://h:99999/", "'https://h:99999/' is no URL" },
		{ "https://me@h/",
			"the URL holds a user name; the client certificate says who we are" },
		{ "https://\xc3\xb1.test/",
			"'\xc3\xb1.test' is not ASCII; write the name as it stands in "
			"certificates (xn--...)" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct url url = { 0 };
		struct error error;
		assert_false(url_parse(rows[i].text, &url, &error));
		assert_int_equal(error.kind, ERROR_USAGE);
		assert_string_equal(error.text, rows[i].why);
		assert_null(url.text);
	}
}

static void without_a_scheme_it_is_https(void **state)
{
	(void)state;
	static const struct {
		const char *text, *full, *host, *target;
		uint16_t port;
	} rows[] = {
		{ "localhost:8443/todo", "https://localhost:8443/todo", "localhost", "/todo",
			8443 },
		{ "localhost", "https://localhost", "localhost", "/", 443 },
		{ "[::1]:1", "https://[::1]:1", "[::1]", "/", 1 },
		{ "h?next=http://b/", "https://h?next=http://b/", "h", "/?next=http://b/", 443 },
		{ "h/http://b", "https://h/http://b", "h", "/http://b", 443 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		OWN(url) struct url url = { 0 };
		struct error error;
		if (!url_parse(rows[i].text, &url, &error))
			fail_msg("%s: %s", rows[i].text, error.text);
		assert_string_equal(url.text, rows[i].full);
		assert_string_equal(url.host, rows[i].host);
		assert_string_equal(url.target, rows[i].target);
		assert_int_equal(url.port, rows[i].port);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_found),
		cmocka_unit_test(without_a_scheme_it_is_https),
		cmocka_unit_test(others_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
