/*
 * The load against a server that does as the test says: what is counted as done, what as failed and
 * by which name, and when it ends.
 */
#include "tls_server.h"

#include "bench/bench.h"

#include <sys/resource.h>

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define MISSING "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
#define REQUEST "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
static const char *const always[] = { OK, NULL };

/* Ends by its count; the duration is there so that a mistake ends the test at all. */
static struct bench_options options_for(const struct tls_server *server, enum bench_mode mode)
{
	static struct bench_certificate certificate;
	certificate = (struct bench_certificate){ good_cert, good_key };
	struct bench_options options = {
		.server = { .host = "127.0.0.1", .port = server->port },
		.request = REQUEST,
		.request_bytes = strlen(REQUEST),
		.tls = client_options(NULL, NULL, TLS_1_3),
		.certificates = &certificate,
		.certificates_count = 1,
		.mode = mode,
		.connections = 1,
		.threads = 1,
		.duration_ms = 60000,
		.timeout_ms = 60000,
	};
	return options;
}

static struct tls_server server_of(enum manner manner, const char *const *answers)
{
	return (struct tls_server){
		.manner = manner, .answers = answers, .options = server_options()
	};
}

static struct bench_result result; /* too large for a stack */

static void run_load(const struct bench_options *options)
{
	struct error error;
	if (!bench_run(options, &result, &error))
		fail_msg("%s", error.text);
}

static void each_mode_counts_what_it_does(void **state)
{
	(void)state;
	static const struct {
		enum bench_mode mode;
		size_t connections, threads;
		uint64_t count, operations;
		unsigned server_connections; /* at least; the probe's is one of them */
		bool resumes;
	} rows[] = {
		{ BENCH_REQUESTS, 1, 1, 1, 1, 2, false },
		/* One may have done it all before the others stand. */
		{ BENCH_REQUESTS, 3, 1, 20, 20, 2, false },
		{ BENCH_REQUESTS, 3, 2, 20, 20, 2, false },
		{ BENCH_FULL, 2, 1, 6, 6, 7, false },
		{ BENCH_FULL, 4, 2, 6, 6, 7, false },
		{ BENCH_RESUMED, 1, 1, 4, 4, 6, true },
		{ BENCH_IDLE, 4, 2, 4, 4, 5, false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		OWN(tls_sessions) struct tls_sessions *sessions = tls_sessions_new(64);
		struct tls_server server = server_of(ANSWERS_AGAIN, always);
		server.options.resumption = TLS_RESUMPTION_TICKETS;
		server.options.sessions = sessions;
		server.options.session_s_max = 3600;
		tls_server_start(&server);
		struct bench_options options = options_for(&server, rows[i].mode);
		options.connections = rows[i].connections;
		options.threads = rows[i].threads;
		options.count = rows[i].count;
		run_load(&options);
		tls_server_stop(&server);
		assert_int_equal(result.failed, 0);
		assert_int_equal(result.first_error.kind, ERROR_NONE);
		assert_int_equal(result.operations.count, rows[i].operations);
		assert_true(result.statuses[200] >= rows[i].operations);
		assert_true(server.connections >= rows[i].server_connections);
		assert_true(server.requests > rows[i].operations);
		assert_int_equal(result.received_bytes, result.statuses[200] * strlen(OK));
		assert_true(result.handshakes.count <= server.connections);
		assert_int_equal(result.resumed > 0, rows[i].resumes);
		assert_true(result.resumed <= server.resumed);
		if (rows[i].mode == BENCH_IDLE)
			assert_int_equal(result.held, rows[i].connections);
	}
}

/* What the first operation runs into is the call's error, and there is no load. */
static void the_first_operation_explains(void **state)
{
	(void)state;
	static const char *const missing[] = { MISSING, NULL };
	static const char *const short_answer[] = { "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx",
		NULL };
	static const char *const gibberish[] = { "SSH-2.0-OpenSSH\r\n", NULL };
	static const char *const none[] = { NULL };
	static const struct {
		enum manner manner;
		const char *const *answers;
		enum bench_mode mode;
		bool stranger, bare;
		enum error_kind kind;
		enum code code;
		const char *text;
	} rows[] = {
		{ ANSWERS, missing, BENCH_REQUESTS, false, false, ERROR_HTTP, CODE_NONE,
			"the server answered HTTP 404 Not Found" },
		{ LEAVES, short_answer, BENCH_REQUESTS, false, false, ERROR_NETWORK, CODE_NONE,
			"the server closed the connection before its answer was complete" },
		{ ANSWERS, gibberish, BENCH_FULL, false, false, ERROR_NETWORK, CODE_NONE,
			"the server's answer is no HTTP/1.1" },
		{ ANSWERS, none, BENCH_FULL, false, false, ERROR_NETWORK, CODE_NONE,
			"the server closed the connection before its answer was complete" },
		{ ANSWERS, always, BENCH_RESUMED, false, false, ERROR_CHECK, CODE_NONE,
			"the server gave no session to resume" },
		{ SILENT, none, BENCH_REQUESTS, false, false, ERROR_NETWORK, CODE_HANDSHAKE_TIMEOUT,
			"no answer within 1 ms" },
		{ ANSWERS, always, BENCH_FULL, false, true, ERROR_REFUSED_BY_PEER,
			CODE_NO_CLIENT_CERTIFICATE,
			"the server refused us with alert 116 (certificate_required): the client "
			"sent no certificate" },
		{ ANSWERS, always, BENCH_FULL, true, false, ERROR_REFUSED_BY_US, CODE_NONE,
			"we refused the server's certificate: certificate 'CN=localhost' (serial "
			"77000003): the server's certificate comes from a CA that the client does "
			"not trust" },
	};
	const char *const other = WRITE("other.crt", other_ca->certificate);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct tls_server server = server_of(rows[i].manner, rows[i].answers);
		struct error error = { .kind = ERROR_NONE };
		tls_server_start(&server);
		struct bench_options options = options_for(&server, rows[i].mode);
		options.count = 3;
		if (rows[i].stranger)
			options.tls.ca = &other;
		if (rows[i].bare)
			options.certificates_count = 0;
		if (rows[i].manner == SILENT)
			options.timeout_ms = 1;
		if (bench_run(&options, &result, &error))
			fail_msg("row %zu passes", i);
		tls_server_stop(&server);
		assert_string_equal(error.text, rows[i].text);
		assert_int_equal(error.kind, rows[i].kind);
		if (rows[i].code)
			assert_int_equal(error.code, rows[i].code);
		assert_int_equal(result.operations.count, 0);
		assert_int_equal(server.connections, 1);
	}
}

/* The probe's connection gets the first answer and leaves; the load's gets the rest. */
static void failures_under_load_are_counted(void **state)
{
	(void)state;
	static const char *const fickle[] = { OK, MISSING,
		"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 204 No Content\r\n\r\n", NULL };
	struct tls_server server = server_of(ANSWERS, fickle);
	tls_server_start(&server);
	struct bench_options options = options_for(&server, BENCH_REQUESTS);
	options.count = 5;
	run_load(&options);
	tls_server_stop(&server);
	assert_int_equal(result.operations.count, 2);
	assert_int_equal(result.failed, 3);
	assert_int_equal(result.errors[CODE_NONE], 3);
	assert_int_equal(result.statuses[200], 1);
	assert_int_equal(result.statuses[204], 1);
	assert_int_equal(result.statuses[404], 1);
	assert_int_equal(result.statuses[503], 1);
	assert_int_equal(result.first_error.kind, ERROR_HTTP);
	assert_string_equal(result.first_error.text, "the server answered HTTP 404 Not Found");
	assert_int_equal(server.requests, 6);
}

/* RFC 9112 section 9.5: whoever closes a connection that nobody uses does nothing wrong. */
static void a_server_may_end_what_nobody_uses(void **state)
{
	(void)state;
	struct tls_server server;
	uint64_t in_time_ns;
	do {
		server = server_of(LEAVES, always);
		tls_server_start(&server);
		struct bench_options options = options_for(&server, BENCH_REQUESTS);
		options.count = 2;
		options.rate = 2; /* the second is due after 500 ms */
		in_time_ns = clock_monotonic_ns() + 400000000;
		run_load(&options);
		tls_server_stop(&server);
		/* On a busy machine the goodbye may cross the second request: it says nothing then.
		 */
	} while (result.failed && atomic_load(&server.goodbye_ns) > in_time_ns);
	if (result.failed)
		fail_msg("%s", result.first_error.text);
	assert_int_equal(result.operations.count, 2);
	assert_int_equal(result.handshakes.count, 2);
	assert_int_equal(server.connections, 3);
}

/* But connections that were to be held are lost. */
static void lost_idle_connections_are_failures(void **state)
{
	(void)state;
	struct tls_server server = server_of(LEAVES, always);
	tls_server_start(&server);
	struct bench_options options = options_for(&server, BENCH_IDLE);
	options.connections = 2;
	options.count = 4; /* two done, two lost */
	run_load(&options);
	tls_server_stop(&server);
	assert_int_equal(result.operations.count, 2);
	assert_int_equal(result.failed, 2);
	assert_int_equal(result.held, 0);
	assert_int_equal(result.first_error.kind, ERROR_NETWORK);
	assert_string_equal(
		result.first_error.text, "the server closed the connection while it was idle");
}

/* Of an answer's bytes none is waited for where the method is HEAD. */
static void head_has_no_body(void **state)
{
	(void)state;
	static const char *const head[] = { "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n",
		NULL };
	struct tls_server server = server_of(ANSWERS_AGAIN, head);
	tls_server_start(&server);
	struct bench_options options = options_for(&server, BENCH_REQUESTS);
	options.head = true;
	options.count = 4;
	run_load(&options);
	tls_server_stop(&server);
	assert_int_equal(result.operations.count, 4);
	assert_int_equal(result.failed, 0);
}

static void it_asks_for_the_name_or_for_none(void **state)
{
	(void)state;
	static const char *const names[] = { NULL, "localhost", "other.test" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct tls_server server = server_of(ANSWERS_AGAIN, always);
		tls_server_start(&server);
		struct bench_options options = options_for(&server, BENCH_FULL);
		options.tls.sni = names[i];
		options.count = 1;
		run_load(&options);
		tls_server_stop(&server);
		assert_string_equal(server.sni, names[i] ? names[i] : "");
		assert_string_equal(server.request, REQUEST);
	}
}

/* With a rate the schedule decides: what was due and not done when time was over is overdue. */
static void what_was_due_and_not_done_is_overdue(void **state)
{
	(void)state;
	struct tls_server server = server_of(ANSWERS_AGAIN, always);
	tls_server_start(&server);
	struct bench_options options = options_for(&server, BENCH_REQUESTS);
	options.rate = 1000000;
	options.duration_ms = 20;
	run_load(&options);
	tls_server_stop(&server);
	assert_int_equal(result.failed, 0);
	assert_int_equal(result.operations.count + result.overdue, 20000);
	assert_true(result.overdue > 0);
	/* The last one was due when it began at the latest. */
	assert_true(result.operations.max_ns >= result.operations.min_ns);
}

static void nobody_listens(void **state)
{
	(void)state;
	struct tls_server server = server_of(ANSWERS, always);
	struct error error;
	tls_server_start(&server);
	tls_server_stop(&server);
	struct bench_options options = options_for(&server, BENCH_FULL);
	OWN(char)
	char *text = text_format("cannot connect to 127.0.0.1:%u: Connection refused", server.port);
	assert_false(bench_run(&options, &result, &error));
	assert_int_equal(error.kind, ERROR_NETWORK);
	assert_string_equal(error.text, text);
}

static void our_own_files_come_first(void **state)
{
	(void)state;
	const struct tls_server server = { .port = 1 };
	struct bench_certificate wrong = { "/nonexistent/client.crt", "/nonexistent/client.key" };
	struct error error;
	struct bench_options options = options_for(&server, BENCH_FULL);
	options.certificates = &wrong;
	assert_false(bench_run(&options, &result, &error));
	assert_int_equal(error.kind, ERROR_INPUT);
	assert_non_null(strstr(error.text, "'/nonexistent/client.crt'"));
	options = options_for(&server, BENCH_FULL);
	snprintf(options.server.host, sizeof options.server.host, "no-such-host.invalid");
	assert_false(bench_run(&options, &result, &error));
	assert_int_equal(error.kind, ERROR_NETWORK);
	assert_non_null(strstr(error.text, "cannot find the host 'no-such-host.invalid': "));
}

#define MANY 8000
/* Thousands that fail at once, each within the one before, would be a stack too deep. */
static void no_sockets_left_is_counted(void **state)
{
	(void)state;
	static int taken[MANY + 64];
	size_t count = 0;
	struct rlimit before, limit;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = before;
	limit.rlim_cur = MANY + 64;
	if (limit.rlim_max < limit.rlim_cur)
		skip();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	struct tls_server server = server_of(ANSWERS_AGAIN, always);
	tls_server_start(&server);
	while (count < MANY + 64 && (taken[count] = dup(STDERR_FILENO)) >= 0)
		count++;
	bool limited = count < MANY + 64; /* under valgrind it is not */
	for (int i = 0; i < 48; i++)
		close(taken[--count]);
	struct bench_options options = options_for(&server, BENCH_IDLE);
	options.connections = MANY;
	options.duration_ms = 100; /* all of them fail before that begins to run */
	if (limited)
		run_load(&options);
	while (count)
		close(taken[--count]);
	tls_server_stop(&server);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	if (!limited)
		skip();
	assert_true(result.failed > MANY - 48);
	assert_int_equal(result.first_error.kind, ERROR_NETWORK);
	assert_non_null(strstr(result.first_error.text, ": Too many open files"));
}

static void too_few_descriptors_are_said_before(void **state)
{
	(void)state;
	const struct tls_server server = { .port = 1 };
	struct rlimit limit;
	struct error error;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_max >= (rlim_t)BENCH_CONNECTIONS_MAX + 64)
		limit.rlim_max = limit.rlim_cur = 4096; /* ours alone: for good */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	struct bench_options options = options_for(&server, BENCH_IDLE);
	options.connections = BENCH_CONNECTIONS_MAX;
	assert_false(bench_run(&options, &result, &error));
	OWN(char)
	char *text = text_format("this process may open %llu descriptors, too few for %d "
				 "connections",
		(unsigned long long)limit.rlim_max, BENCH_CONNECTIONS_MAX);
	assert_int_equal(error.kind, ERROR_IO);
	assert_string_equal(error.text, text);
	assert_string_equal(
		error.hint, "raise the hard limit (ulimit -Hn), or use fewer connections");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mode_counts_what_it_does),
		cmocka_unit_test(the_first_operation_explains),
		cmocka_unit_test(failures_under_load_are_counted),
		cmocka_unit_test(a_server_may_end_what_nobody_uses),
		cmocka_unit_test(lost_idle_connections_are_failures),
		cmocka_unit_test(head_has_no_body),
		cmocka_unit_test(it_asks_for_the_name_or_for_none),
		cmocka_unit_test(what_was_due_and_not_done_is_overdue),
		cmocka_unit_test(nobody_listens),
		cmocka_unit_test(our_own_files_come_first),
		cmocka_unit_test(no_sockets_left_is_counted),
		cmocka_unit_test(too_few_descriptors_are_said_before),
	};
	return cmocka_run_group_tests(tests, pair_world_make, certs_end);
}
