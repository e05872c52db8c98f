/* Where a URL leads, and which name its server must have; and what is no URL. */
#include "unit.h"

#include "client/probe.h"

static const struct {
	const char *url, *name;                 /* `name` is the option's, or NULL */
	const char *host, *path, *expect, *sni; /* `sni` NULL: none is asked for */
	unsigned port;
} rows[] = {
	{ "https://a.example/", NULL, "a.example", "/", "DNS:a.example", "a.example", 443 },
	{ "https://a.example", NULL, "a.example", "/", "DNS:a.example", "a.example", 443 },
	{ "HTTPS://a.example:8443/x?y=1#z", NULL, "a.example", "/x?y=1", "DNS:a.example",
		"a.example", 8443 },
	{ "https://a.example?q", NULL, "a.example", "/?q", "DNS:a.example", "a.example", 443 },
	{ "a.example:1", NULL, "a.example", "/", "DNS:a.example", "a.example", 1 },
	{ "https://127.0.0.1:8443/todo", NULL, "127.0.0.1", "/todo", "IP:127.0.0.1", NULL, 8443 },
	{ "https://[::1]:8443", NULL, "::1", "/", "IP:::1", NULL, 8443 },
	{ "https://[::1]", NULL, "::1", "/", "IP:::1", NULL, 443 },
	{ "::1", NULL, "::1", "/", "IP:::1", NULL, 443 },
	{ "[::1]:1/x", NULL, "::1", "/x", "IP:::1", NULL, 1 },
	{ "a.example/x?from=http://b.example", NULL, "a.example", "/x?from=http://b.example",
		"DNS:a.example", "a.example", 443 },
	{ "https://a.example/http://b.example", NULL, "a.example", "/http://b.example",
		"DNS:a.example", "a.example", 443 },
	{ "https://a.example.", NULL, "a.example", "/", "DNS:a.example", "a.example", 443 },
	{ "https://127.0.0.1", "DNS:b.example", "127.0.0.1", "/", "DNS:b.example", "b.example",
		443 },
	{ "https://a.example", "IP:127.0.0.1", "a.example", "/", "IP:127.0.0.1", "a.example", 443 },
};

static void urls_lead_somewhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		OWN(target) struct target target = { .path = NULL };
		struct error error;
		if (!target_parse(rows[i].url, rows[i].name, &target, &error))
			fail_msg("%s: %s", rows[i].url, error.text);
		assert_string_equal(target.address.host, rows[i].host);
		assert_int_equal(target.address.port, rows[i].port);
		assert_string_equal(target.path, rows[i].path);
		assert_string_equal(target.name, rows[i].expect);
		if (rows[i].sni)
			assert_string_equal(target.sni, rows[i].sni);
		else
			assert_null(target.sni);
	}
}

static const struct {
	const char *url, *name, *text;
} faults[] = {
	{ "http://a.example/", NULL, "the URL 'http://a.example/' is not https://" },
	{ "ftp://a.example/", NULL, "the URL 'ftp://a.example/' is not https://" },
	{ "https://", NULL, "'https://' is no URL" },
	{ "https://:8443", NULL, "'https://:8443' is no URL" },
	{ "https://a:0", NULL, "'https://a:0' is no URL" },
	{ "https://a:65536", NULL, "'https://a:65536' is no URL" },
	{ "https://a:b", NULL, "'https://a:b' is no URL" },
	{ "https://a b", NULL, "'https://a b' is no URL" },
	{ "https://me@a.example", NULL, "'https://me@a.example' is no URL" },
	{ "https://[::1", NULL, "'https://[::1' is no URL" },
	{ "https://[::1]8443", NULL, "'https://[::1]8443' is no URL" },
	{ "https://[::1]x:8443", NULL, "'https://[::1]x:8443' is no URL" },
	{ "https://[::1]:1:2", NULL, "'https://[::1]:1:2' is no URL" },
	{ "https://[::1]:", NULL, "'https://[::1]:' is no URL" },
	{ "https://a:", NULL, "'https://a:' is no URL" },
	{ "https://a:-1", NULL, "'https://a:-1' is no URL" },
	{ "https://[]", NULL, "'https://[]' is no URL" },
	{ "://a", NULL, "the URL '://a' is not https://" },
	{ "", NULL, "'' is no URL" },
	{ "https://a.example", "DNS:a b", "a b" },
};

static void what_is_none_is_said(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		OWN(target) struct target target = { .path = NULL };
		struct error error = { .kind = ERROR_NONE };
		if (target_parse(faults[i].url, faults[i].name, &target, &error))
			fail_msg("'%s' is taken for %s", faults[i].url, target.address.host);
		assert_int_equal(error.kind, ERROR_USAGE);
		if (!strstr(error.text, faults[i].text))
			fail_msg("%s: %s", faults[i].url, error.text);
		assert_null(target.path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_lead_somewhere),
		cmocka_unit_test(what_is_none_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
