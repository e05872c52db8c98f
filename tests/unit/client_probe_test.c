/* One probe against a server that does as the test says: what it keeps of each outcome. */
#include "tls_server.h"

#include "client/probe.h"

#define MS_MAX 60000

/* Starts the server, probes it with the client's options, and stops it. */
static void probe_it(struct tls_server *server, const struct tls_options *client, const char *path,
	unsigned ms_max, struct probe *ret)
{
	OWN(net_places) struct net_places *places = NULL;
	OWN(target) struct target target = { .path = NULL };
	struct error error;
	if (!server->options.server)
		server->options = server_options();
	tls_server_start(server);
	OWN(char) char *url = text_format("https://127.0.0.1:%u/", server->port);
	if (!target_parse(url, "DNS:localhost", &target, &error) ||
		!net_places_find(&target.address, MS_MAX, &places, &error) ||
		!probe_run(places, &target, client, path, ms_max, ret, &error))
		fail_msg("%s", error.text);
	tls_server_stop(server);
}

static void a_whole_answer_ends_it(void **state)
{
	(void)state;
	static const struct {
		const char *answer;
		int status;
	} rows[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200 },
		{ "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", 403 },
		{ "HTTP/2.0 204 No Content\r\nCONTENT-LENGTH: 1\r\n\r\nx", 204 },
		{ "HTTP/1.1 200 OK\r\nContent-Length:    3\r\n\r\nabc", 200 },
		{ "nonsense\r\nContent-Length: 0\r\n\r\n", 0 },
	};
	for (size_t v = 0; v < 2; v++)
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
			const char *const answers[] = { rows[i].answer, NULL };
			struct tls_server server = { .manner = ANSWERS, .answers = answers };
			OWN(probe) struct probe probe;
			struct tls_options client =
				client_options(good_cert, good_key, versions[v]);
			probe_it(&server, &client, "/x", MS_MAX, &probe);
			assert_true(probe.connected && probe.finished);
			assert_false(probe.refused);
			assert_int_equal(probe.error.kind, ERROR_NONE);
			assert_int_equal(probe.status, rows[i].status);
			assert_string_equal(probe.response.data, rows[i].answer);
			assert_true(probe.outcome.certificate_requested);
			assert_true(probe.outcome.certificate_sent);
			assert_non_null(probe.peer.certificate);
			assert_memory_equal(server.request,
				"GET /x HTTP/1.1\r\nHost: localhost\r\n",
				strlen("GET /x HTTP/1.1\r\nHost: localhost\r\n"));
		}
}

/* Without a length the end of the connection is the answer's. */
static void an_answer_without_a_length_ends_with_the_connection(void **state)
{
	(void)state;
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\nX-Content-Length: 0\r\n\r\nsome text", NULL
	};
	struct tls_server server = { .manner = LEAVES, .answers = answers };
	struct tls_options client = client_options(good_cert, good_key, TLS_1_3);
	OWN(probe) struct probe probe;
	probe_it(&server, &client, "/", MS_MAX, &probe);
	assert_false(probe.refused);
	assert_int_equal(probe.status, 200);
	assert_string_equal(probe.response.data, answers[0]);
}

static void an_end_without_an_answer_is_a_refusal(void **state)
{
	(void)state;
	static const char *const none[] = { NULL };
	struct tls_server server = { .manner = ANSWERS, .answers = none };
	struct tls_options client = client_options(good_cert, good_key, TLS_1_3);
	OWN(probe) struct probe probe;
	probe_it(&server, &client, "/", MS_MAX, &probe);
	assert_true(probe.finished);
	assert_true(probe.refused);
	assert_int_equal(probe.status, 0);
	assert_int_equal(probe.error.kind, ERROR_NETWORK);
	assert_int_equal(probe.error.code, CODE_PEER_CLOSED);
	assert_int_equal(probe.error.alert, -1);
	assert_string_equal(probe.error.text, "the server closed the connection without an answer");
}

/* Without a path nothing is asked, and what TLS 1.3 refuses after the handshake goes unseen. */
static void a_handshake_alone_asks_nothing(void **state)
{
	(void)state;
	static const char *const none[] = { NULL };
	for (size_t v = 0; v < 2; v++) {
		struct tls_server server = { .manner = ANSWERS, .answers = none };
		struct tls_options client = client_options(NULL, NULL, versions[v]);
		OWN(probe) struct probe probe;
		probe_it(&server, &client, NULL, MS_MAX, &probe);
		assert_int_equal(probe.finished, versions[v] == TLS_1_3);
		assert_int_equal(probe.refused, versions[v] == TLS_1_2);
		assert_int_equal(server.requests, 0);
		assert_null(probe.response.data);
	}
}

static void refusals_have_their_codes(void **state)
{
	(void)state;
	static const char *const always[] = { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		NULL };
	for (size_t v = 0; v < 2; v++) {
		struct tls_server server = { .manner = ANSWERS, .answers = always };
		struct tls_options client = client_options(NULL, NULL, versions[v]);
		OWN(probe) struct probe probe;
		probe_it(&server, &client, "/", MS_MAX, &probe);
		assert_true(probe.refused);
		assert_int_equal(probe.error.kind, ERROR_REFUSED_BY_PEER);
		assert_int_equal(probe.error.code, CODE_NO_CLIENT_CERTIFICATE);
		assert_int_equal(probe.outcome.alert_received, versions[v] == TLS_1_2 ? 40 : 116);
		assert_int_equal(server.requests, 0);
	}
	const char *const other = WRITE("other.crt", other_ca->certificate);
	struct tls_server server = { .manner = ANSWERS, .answers = always };
	struct tls_options client = client_options(good_cert, good_key, TLS_1_3);
	client.ca = &other;
	OWN(probe) struct probe probe;
	probe_it(&server, &client, "/", MS_MAX, &probe);
	assert_true(probe.refused);
	assert_false(probe.finished);
	assert_int_equal(probe.error.kind, ERROR_REFUSED_BY_US);
	assert_int_equal(probe.outcome.alert_sent, 48); /* unknown_ca */
}

static void a_server_that_speaks_no_tls_is_told_apart(void **state)
{
	(void)state;
	static const char *const plain[] = {
		"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", NULL
	};
	struct tls_server server = { .manner = ANSWERS_PLAIN, .answers = plain };
	struct tls_options client = client_options(good_cert, good_key, TLS_1_3);
	OWN(probe) struct probe probe;
	probe_it(&server, &client, "/", MS_MAX, &probe);
	assert_true(probe.connected);
	assert_false(probe.finished);
	assert_true(probe.refused);
	assert_int_not_equal(probe.error.kind, ERROR_NONE);
	assert_int_equal(probe.status, 0);
	assert_null(probe.session);
}

/* Time is over in the handshake, or after it: the connection stood, and it is a refusal. */
static void time_ends_it(void **state)
{
	(void)state;
	static const char *const none[] = { NULL };
	static const enum manner manners[] = { SILENT, MUTE };
	for (size_t i = 0; i < 2; i++) {
		struct tls_server server = { .manner = manners[i], .answers = none };
		struct tls_options client = client_options(good_cert, good_key, TLS_1_3);
		OWN(probe) struct probe probe;
		probe_it(&server, &client, "/", 50, &probe);
		assert_true(probe.refused);
		assert_int_not_equal(probe.error.kind, ERROR_NONE);
		assert_int_equal(probe.status, 0);
		if (manners[i] == SILENT)
			assert_false(probe.finished);
	}
}

/* More than is kept: the beginning, with its status, is. */
static void a_flood_is_cut(void **state)
{
	(void)state;
	static char flood[PROBE_RESPONSE_BYTES_MAX + 5000];
	const char *const answers[] = { flood, NULL };
	memset(flood, 'x', sizeof flood - 1);
	memcpy(flood, "HTTP/1.1 200 OK\r\n\r\n", 19);
	struct tls_server server = { .manner = ANSWERS, .answers = answers };
	struct tls_options client = client_options(good_cert, good_key, TLS_1_3);
	OWN(probe) struct probe probe;
	probe_it(&server, &client, "/", MS_MAX, &probe);
	assert_false(probe.refused);
	assert_int_equal(probe.error.kind, ERROR_NONE);
	assert_true(probe.response.length <= PROBE_RESPONSE_BYTES_MAX);
	assert_true(probe.response.length > PROBE_RESPONSE_BYTES_MAX / 2);
	assert_int_equal(probe.status, 200);
}

static void options_without_files_are_the_calls_error(void **state)
{
	(void)state;
	const struct net_address address = { .host = "127.0.0.1", .port = 1 };
	struct tls_options client =
		client_options("/nonexistent/c.crt", "/nonexistent/c.key", TLS_1_3);
	OWN(net_places) struct net_places *places = NULL;
	OWN(probe) struct probe probe;
	struct target target = { .address = address };
	struct error error;
	assert_true(net_places_find(&address, MS_MAX, &places, &error));
	assert_false(probe_run(places, &target, &client, "/", MS_MAX, &probe, &error));
	assert_int_equal(error.kind, ERROR_INPUT);
	assert_non_null(strstr(error.text, "'/nonexistent/c.crt'"));
	assert_false(probe.connected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_answer_ends_it),
		cmocka_unit_test(an_answer_without_a_length_ends_with_the_connection),
		cmocka_unit_test(an_end_without_an_answer_is_a_refusal),
		cmocka_unit_test(a_handshake_alone_asks_nothing),
		cmocka_unit_test(refusals_have_their_codes),
		cmocka_unit_test(a_server_that_speaks_no_tls_is_told_apart),
		cmocka_unit_test(time_ends_it),
		cmocka_unit_test(a_flood_is_cut),
		cmocka_unit_test(options_without_files_are_the_calls_error),
	};
	return cmocka_run_group_tests(tests, pair_world_make, certs_end);
}
