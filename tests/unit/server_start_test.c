/* A server in this process: what keeps it from starting, what it says, and that a signal ends it.
 */
#include "unit.h"

#include "server/server.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/mtls-start-test.XXXXXX";
static int log_ends[2];
static char said[16384];

/* A CA, a server's certificate, and the files that are none; by the openssl command. */
static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(folder) || chdir(folder))
		return -1;
	return system(
		"exec 2>openssl.err; new='openssl req -x509 -newkey ec "
		"-pkeyopt ec_paramgen_curve:P-256 -nodes -days 30'\n"
		"printf '[req]\\ndistinguished_name=dn\\n[dn]\\n' >c.cnf\n"
		"$new -config c.cnf -subj /CN=ca -keyout ca.key -out ca.crt "
		"-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign &&"
		"$new -config c.cnf -subj /CN=localhost -keyout server.key -out server.crt "
		"-CA ca.crt -CAkey ca.key -addext basicConstraints=critical,CA:FALSE "
		"-addext subjectAltName=DNS:localhost -addext extendedKeyUsage=serverAuth &&"
		"chmod 600 *.key && cp server.key readable.key && chmod 640 readable.key &&"
		"mkdir trust root && cp ca.crt trust/ca.crt && cp ca.crt 'trust/od\td.crt' &&"
		"echo nothing >nothing && mkfifo fifo");
}

static int tear_down(void **state)
{
	(void)state;
	OWN(char) char *command = text_format("rm -rf '%s'", folder);
	return chdir("/") || system(command);
}

static int open_log(void **state)
{
	(void)state;
	return pipe(log_ends);
}

static int close_log(void **state)
{
	(void)state;
	close(log_ends[0]);
	close(log_ends[1]);
	return 0;
}

/* What was logged since the last call. */
static const char *logged(void)
{
	assert_int_equal(fcntl(log_ends[0], F_SETFL, O_NONBLOCK), 0);
	ssize_t bytes = read(log_ends[0], said, sizeof said - 1);
	said[bytes > 0 ? bytes : 0] = 0;
	return said;
}

static const char *const ours[] = { "trust/ca.crt" };
static const struct net_address local = { .host = "127.0.0.1" };

static struct server_options good(void)
{
	return (struct server_options){ .listen = &local,
		.listen_count = 1,
		.tls = { .server = true,
			.verify_mode = TLS_VERIFY_REQUIRED,
			.cert = "server.crt",
			.key = "server.key",
			.ca = ours,
			.ca_count = 1,
			.version_min = TLS_1_2,
			.alpn = "http/1.1",
			.verify = { .purpose = PURPOSE_CLIENT, .depth_max = -1 } },
		.limits = { .connections_max = 10,
			.handshakes_pending = 10,
			.handshake_ms_max = 10000,
			.idle_ms_max = 10000,
			.drain_ms_max = 10000,
			.http = HTTP_LIMITS_DEFAULT },
		.log = { .fd = log_ends[1], .level_min = LOG_INFO } };
}

static void starts_says_so_and_ends_by_a_signal(void **state)
{
	(void)state;
	static const struct {
		int number;
		const char *name;
	} signals[] = { { SIGTERM, "SIGTERM" }, { SIGINT, "Ctrl+C" } };
	for (size_t i = 0; i < 2; i++) {
		struct error error;
		OWN(server) struct server *server = NULL;
		struct server_options options = good();
		if (!server_new(&options, &server, &error))
			fail_msg("%s", error.text);
		int port = 0, used = 0;
		assert_int_equal(sscanf(logged(),
					 "[SERVER] mTLS server listening on https://127.0.0.1:%d\n"
					 "[SERVER] Requiring client cert signed by: ca.crt\n"
					 "[SERVER] Press Ctrl+C to stop.\n%n",
					 &port, &used),
			1);
		assert_int_equal(strlen(said), used);
		assert_in_range(port, 1, 65535);
		assert_int_equal(kill(getpid(), signals[i].number), 0);
		assert_true(server_run(server, &error));
		OWN(char) char *wanted =
			text_format("[SERVER] Stopping (%s): 0 connections open\n[SERVER] STOPPED "
				    "| connections=0 | handshakes=0 | requests=0\n",
				signals[i].name);
		assert_string_equal(logged(), wanted);
	}
}

/* Each row breaks one thing of the good options. */
static void no_address(struct server_options *options)
{
	options->listen_count = 0;
}
static void many_addresses(struct server_options *options)
{
	static struct net_address addresses[17];
	options->listen = addresses;
	options->listen_count = 17;
}
static void no_certificate(struct server_options *options)
{
	options->tls.cert = "absent.crt";
}
static void no_key(struct server_options *options)
{
	options->tls.key = "absent.key";
}
static void other_key(struct server_options *options)
{
	options->tls.key = "ca.key";
}
static void ca_is_nothing(struct server_options *options)
{
	static const char *const list[] = { "nothing" };
	options->tls.ca = list;
}
static void second_ca_is_missing(struct server_options *options)
{
	static const char *const list[] = { "trust/ca.crt", "absent.crt" };
	options->tls.ca = list;
	options->tls.ca_count = 2;
}
static void crl_is_a_certificate(struct server_options *options)
{
	static const char *const list[] = { "ca.crt" };
	options->tls.crl = list;
	options->tls.crl_count = 1;
}
static void root_is_a_file(struct server_options *options)
{
	options->root = "nothing";
}
static void root_is_missing(struct server_options *options)
{
	options->root = "absent";
}
static void no_such_cipher(struct server_options *options)
{
	options->tls.ciphers = "NO-SUCH-CIPHER";
}
static void foreign_address(struct server_options *options)
{
	static const struct net_address foreign = { .host = "192.0.2.1", .port = 8443 };
	options->listen = &foreign;
}

static const struct {
	void (*spoil)(struct server_options *options);
	enum error_kind kind;
	const char *code, *names; /* a part of the sentence */
} spoilt[] = {
	{ no_address, ERROR_USAGE, "", "a server listens on 1 to 16 addresses" },
	{ many_addresses, ERROR_USAGE, "", "a server listens on 1 to 16 addresses" },
	{ no_certificate, ERROR_INPUT, "", "'absent.crt'" },
	{ no_key, ERROR_INPUT, "", "'absent.key'" },
	{ other_key, ERROR_INPUT, "key-mismatch", "'ca.key'" },
	{ ca_is_nothing, ERROR_INPUT, "", "'nothing'" },
	{ second_ca_is_missing, ERROR_INPUT, "", "'absent.crt'" },
	{ crl_is_a_certificate, ERROR_INPUT, "", "'ca.crt'" },
	{ root_is_a_file, ERROR_INPUT, "", "serve the folder 'nothing': Not a directory" },
	{ root_is_missing, ERROR_INPUT, "", "serve the folder 'absent': No such file" },
	{ no_such_cipher, ERROR_USAGE, "", "NO-SUCH-CIPHER" },
	{ foreign_address, ERROR_NETWORK, "", "cannot listen on 192.0.2.1:8443" },
};

static void does_not_start_with_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof spoilt / sizeof *spoilt; i++) {
		struct error error;
		struct server *untouched = NULL;
		struct server_options options = good();
		spoilt[i].spoil(&options);
		if (server_new(&options, &untouched, &error))
			fail_msg("row %zu starts", i);
		assert_null(untouched);
		if (!strstr(error.text, spoilt[i].names))
			fail_msg("'%s' does not name %s", error.text, spoilt[i].names);
		assert_string_equal(code_name(error.code), spoilt[i].code);
		assert_int_equal(error_exit_code(error.kind), error_exit_code(spoilt[i].kind));
		assert_string_equal(logged(), "");
	}
	server_free(NULL);
}

/* Whom it lets in, and what is dangerous, is said before it says that it is ready. */
static void greets(const struct server_options *options, const char *greeting)
{
	struct error error;
	OWN(server) struct server *server = NULL;
	if (!server_new(options, &server, &error))
		fail_msg("%s", error.text);
	logged();
	if (!strstr(said, greeting))
		fail_msg("'%s' is not in: %s", greeting, said);
}

static void warns_of_what_is_dangerous(void **state)
{
	(void)state;
	struct server_options options = good();
	options.tls.key = "readable.key";
	greets(&options, "[SERVER] WARNING: 'readable.key' can be read by others: chmod 600 "
			 "'readable.key'\n");
	static const char *const beside[] = { "ca.crt" };
	options = good();
	options.tls.ca = beside;
	greets(&options, "[SERVER] WARNING: 'ca.key' can be read by this server, which never needs "
			 "it: who breaks in here can issue certificates\n");
	options = good();
	options.tls.verify_mode = TLS_VERIFY_OPTIONAL;
	greets(&options, "[SERVER] WARNING: a client cert is optional: clients without one are let "
			 "in. If given, it must be signed by: ca.crt\n");
	options = good();
	options.tls.verify_mode = TLS_VERIFY_NONE;
	greets(&options, "[SERVER] WARNING: no client cert is asked for: every client is let in\n");
	static const char *const odd[] = { "trust/ca.crt", "trust/od\td.crt" };
	options = good();
	options.tls.ca = odd;
	options.tls.ca_count = 2;
	greets(&options, "[SERVER] Requiring client cert signed by: ca.crt, od\\x09d.crt\n");
	/* The twin: nothing of that is said where nothing is dangerous. */
	options = good();
	greets(&options, "Press Ctrl+C");
	assert_null(strstr(said, "WARNING"));
}

static void listens_on_several_addresses(void **state)
{
	(void)state;
	static const struct net_address both[] = { { .host = "127.0.0.1" },
		{ .host = "127.0.0.2" } };
	struct server_options options = good();
	options.listen = both;
	options.listen_count = 2;
	greets(&options, "listening on https://127.0.0.1:");
	assert_non_null(strstr(said, "listening on https://127.0.0.2:"));
}

/* Whatever failed half-way has given back all descriptors, and so has a server that ran. */
static void leaves_no_descriptor_open(void **state)
{
	(void)state;
	struct error error;
	int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(before);
	for (size_t i = 0; i < sizeof spoilt / sizeof *spoilt; i++) {
		struct server *none = NULL;
		struct server_options options = good();
		spoilt[i].spoil(&options);
		assert_false(server_new(&options, &none, &error));
	}
	struct server_options options = good();
	options.root = "root";
	greets(&options, "Server running on");
	int after = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(after);
	assert_int_equal(before, after);
}

int main(void)
{
#define LOGGED(name) cmocka_unit_test_setup_teardown(name, open_log, close_log)
	const struct CMUnitTest tests[] = {
		LOGGED(starts_says_so_and_ends_by_a_signal),
		LOGGED(does_not_start_with_what_is_wrong),
		LOGGED(warns_of_what_is_dangerous),
		LOGGED(listens_on_several_addresses),
		LOGGED(leaves_no_descriptor_open),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
