/* Which addresses nobody but this machine can reach, as they are written and not as they resolve.
 */
#include "unit.h"

#include "net/net.h"

static void only_loopback_is_loopback(void **state)
{
	(void)state;
	static const struct {
		const char *host;
		bool is;
	} rows[] = {
		{ "127.0.0.1", true },
		{ "127.255.255.254", true },
		{ "127.0.0.0", true },
		{ "::1", true },
		{ "0:0:0:0:0:0:0:1", true },
		{ "localhost", true },
		{ "LocalHost", true },
		{ "0.0.0.0", false },
		{ "128.0.0.1", false },
		{ "126.255.255.255", false },
		{ "10.0.0.1", false },
		{ "::", false },
		{ "::2", false },
		{ "::ffff:127.0.0.1", false },
		{ "fe80::1", false },
		{ "127.1", false }, /* what a resolver may make of it is its business */
		{ "127.0.0.1.example", false },
		{ "localhost.example", false },
		{ "localhost.", false },
		{ "example.com", false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct net_address address = { .port = 1 };
		strcpy(address.host, rows[i].host);
		if (net_address_is_loopback(&address) != rows[i].is)
			fail_msg("%s", rows[i].host);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(only_loopback_is_loopback) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
