/* Host against server name: what is the same, and what gets 421. */
#include "unit.h"

#include "server/host.h"

static const struct {
	const char *authority, *sni;
	bool same;
} rows[] = {
	{ "localhost", "localhost", true },
	{ "localhost:8443", "localhost", true },
	{ "LocalHost:8443", "localhost", true },
	{ "localhost", "LOCALHOST", true },
	{ "localhost.", "localhost", true },
	{ "localhost.:8443", "localhost", true },
	{ "localhost", "localhost.", true },
	/* No name in the handshake: a client that connects to an address sends none. */
	{ "127.0.0.1:8443", "", true },
	{ "[::1]:8443", "", true },
	{ "localhost", "", true },
	{ "localhost", NULL, true },
	/* HTTP/1.0 has no Host. */
	{ NULL, "localhost", true },
	{ "other", "localhost", false },
	{ "localhost.evil", "localhost", false },
	{ "localhos", "localhost", false },
	{ "127.0.0.1", "localhost", false },
	{ "[::1]:8443", "localhost", false },
	{ "", "localhost", false },
	{ ":8443", "localhost", false },
};

static void host_and_server_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (host_is_server_name(rows[i].authority, rows[i].sni) != rows[i].same)
			fail_msg("Host %s, server name %s", rows[i].authority, rows[i].sni);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(host_and_server_name) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
