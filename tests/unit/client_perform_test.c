/* Whole requests against a server that does as the test says: what comes back, and each failure. */
#include "tls_server.h"

#include "client/client.h"

static const char *const silent[] = { NULL };

struct asked {
	struct client *client;
	struct client_response response;
	struct error error;
	bool ok;
};

/* `method` to the server's root; the client and the response are the caller's. */
static void ask(struct tls_server *server, const struct client_options *wanted, const char *method,
	struct asked *ret)
{
	struct client_options options = *wanted;
	const struct client_request request = { .method = method };
	OWN(char) char *to = text_format("localhost:%u:127.0.0.1", server->port);
	OWN(char) char *url = text_format("https://localhost:%u/", server->port);
	const char *const resolve = to;
	*ret = (struct asked){ .response = CLIENT_RESPONSE };
	options.url = url;
	options.resolve = &resolve;
	options.resolve_count = 1;
	if (!client_new(&options, &ret->client, &ret->error))
		fail_msg("%s", ret->error.text);
	ret->ok = client_perform(ret->client, &request, &ret->response, &ret->error);
}

static void ask_once(struct tls_server *server, const struct client_options *wanted,
	const char *method, struct asked *ret)
{
	server->options = server_options();
	tls_server_start(server);
	ask(server, wanted, method, ret);
	tls_server_stop(server);
}

static void forget(struct asked *asked)
{
	client_free(asked->client);
	client_response_done(&asked->response);
}

static struct client_options good_options(enum tls_version version)
{
	return (struct client_options){ .tls = client_options(good_cert, good_key, version),
		.timeout_ms = 60000 };
}

static void assert_error(const struct asked *asked, const struct tls_server *server,
	enum error_kind kind, enum code code, const char *why)
{
	OWN(char)
	char *text = text_format("cannot GET https://localhost:%u/: %s", server->port, why);
	assert_false(asked->ok);
	assert_string_equal(asked->error.text, text);
	assert_int_equal(asked->error.kind, kind);
	assert_int_equal(asked->error.code, code);
}

static void any_status_is_a_success(void **state)
{
	(void)state;
	static const struct {
		const char *method, *answer, *body;
		int status;
	} rows[] = {
		{ "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", 200 },
		{ "GET", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone", "none", 404 },
		{ "GET",
			"HTTP/1.1 500 Internal Server Error\r\nTransfer-Encoding: "
			"chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
			"abcde", 500 },
		{ "DELETE", "HTTP/1.1 204 No Content\r\n\r\n", NULL, 204 },
		{ "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", NULL, 200 },
		{ "PUT",
			"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: "
			"1\r\n\r\nx",
			"x", 201 },
	};
	for (size_t v = 0; v < 2; v++)
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
			const char *const answers[] = { rows[i].answer, NULL };
			struct tls_server server = { .manner = ANSWERS, .answers = answers };
			struct client_options options = good_options(versions[v]);
			struct asked asked;
			ask_once(&server, &options, rows[i].method, &asked);
			if (!asked.ok)
				fail_msg("row %zu: %s", i, asked.error.text);
			assert_int_equal(asked.response.status, rows[i].status);
			assert_int_equal(asked.response.body.length,
				rows[i].body ? strlen(rows[i].body) : 0);
			if (rows[i].body)
				assert_string_equal(asked.response.body.data, rows[i].body);
			assert_string_equal(server.sni, "localhost");
			assert_memory_equal(server.request, rows[i].method, strlen(rows[i].method));
			assert_true(client_outcome(asked.client)->finished);
			assert_non_null(client_peer(asked.client)->certificate);
			forget(&asked);
		}
}

static void each_end_has_its_sentence(void **state)
{
	(void)state;
	static const char *const cut[] = { "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", NULL };
	static const char *const open[] = {
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", NULL
	};
	static const struct {
		const char *const *answers;
		const char *why;
	} rows[] = {
		{ cut, "the server closed the connection in the middle of its response" },
		{ open, "the server closed the connection in the middle of its response" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct tls_server server = { .manner = LEAVES, .answers = rows[i].answers };
		struct client_options options = good_options(TLS_1_3);
		struct asked asked;
		ask_once(&server, &options, "GET", &asked);
		assert_error(&asked, &server, ERROR_NETWORK, CODE_PEER_CLOSED, rows[i].why);
		assert_int_equal(asked.response.status, 200);
		forget(&asked);
	}
}

/* Which of the three waits was too long. */
static void time_is_over_in_three_places(void **state)
{
	(void)state;
	static const char *const begun[] = { "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx",
		NULL };
	struct client_options options = good_options(TLS_1_3);
	struct asked asked;
	options.timeout_ms = 100;
	struct tls_server deaf = { .manner = SILENT, .answers = silent };
	ask_once(&deaf, &options, "GET", &asked);
	assert_error(&asked, &deaf, ERROR_NETWORK, CODE_HANDSHAKE_TIMEOUT,
		code_info(CODE_HANDSHAKE_TIMEOUT)->text);
	assert_false(client_outcome(asked.client)->finished);
	forget(&asked);
	struct tls_server slow = { .manner = ANSWERS_AGAIN, .answers = begun };
	options.timeout_ms = 1000;
	ask_once(&slow, &options, "GET", &asked);
	assert_error(&asked, &slow, ERROR_NETWORK, CODE_NONE,
		"the rest of the response took longer than allowed");
	forget(&asked);
}

static void refusals_have_their_side(void **state)
{
	(void)state;
	static const char *const always[] = { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		NULL };
	struct asked asked;
	for (size_t v = 0; v < 2; v++) {
		struct tls_server server = { .manner = ANSWERS, .answers = always };
		struct client_options options = good_options(versions[v]);
		options.tls = client_options(NULL, NULL, versions[v]);
		ask_once(&server, &options, "GET", &asked);
		assert_false(asked.ok);
		assert_int_equal(asked.error.kind, ERROR_REFUSED_BY_PEER);
		assert_int_equal(asked.error.code, CODE_NO_CLIENT_CERTIFICATE);
		assert_int_equal(asked.error.alert, versions[v] == TLS_1_2 ? 40 : 116);
		assert_int_equal(server.requests, 0);
		assert_null(client_identity(asked.client));
		forget(&asked);
	}
	const char *const other = WRITE("other.crt", other_ca->certificate);
	struct tls_server server = { .manner = ANSWERS, .answers = always };
	struct client_options options = good_options(TLS_1_3);
	options.tls.ca = &other;
	ask_once(&server, &options, "GET", &asked);
	assert_false(asked.ok);
	assert_int_equal(asked.error.kind, ERROR_REFUSED_BY_US);
	assert_int_equal(asked.response.status, 0);
	assert_int_equal(server.requests, 0);
	forget(&asked);
}

/* The connection is kept between requests, and made anew when the server has ended it. */
static void a_connection_is_kept(void **state)
{
	(void)state;
	static const char *const two[] = { "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1",
		"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n2", NULL };
	const struct client_request request = { .method = "GET" };
	struct tls_server server = { .manner = ANSWERS, .answers = two };
	struct client_options options = good_options(TLS_1_3);
	struct asked asked;
	server.options = server_options();
	tls_server_start(&server);
	ask(&server, &options, "GET", &asked);
	assert_true(asked.ok);
	for (int i = 0; i < 3; i++) {
		OWN(client_response) struct client_response more = CLIENT_RESPONSE;
		if (!client_perform(asked.client, &request, &more, &asked.error))
			fail_msg("%s", asked.error.text);
		assert_string_equal(more.body.data, i == 1 ? "1" : "2");
	}
	OWN(char) char *address = text_format("127.0.0.1:%u", server.port);
	assert_string_equal(client_address(asked.client), address);
	tls_server_stop(&server);
	assert_int_equal(server.requests, 4);
	assert_int_equal(server.connections, 2);
	forget(&asked);
}

static void what_is_no_http_is_said(void **state)
{
	(void)state;
	static const char *const other[] = { "SSH-2.0-OpenSSH_9.2\r\n", NULL };
	struct tls_server server = { .manner = LEAVES, .answers = other };
	struct client_options options = good_options(TLS_1_3);
	struct asked asked;
	ask_once(&server, &options, "GET", &asked);
	assert_error(&asked, &server, ERROR_REFUSED_BY_US, CODE_NONE,
		"the answer is no HTTP: Received HTTP/0.9 when not allowed");
	assert_int_equal(asked.response.status, 0);
	forget(&asked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_status_is_a_success),
		cmocka_unit_test(each_end_has_its_sentence),
		cmocka_unit_test(time_is_over_in_three_places),
		cmocka_unit_test(refusals_have_their_side),
		cmocka_unit_test(a_connection_is_kept),
		cmocka_unit_test(what_is_no_http_is_said),
	};
	return cmocka_run_group_tests(tests, pair_world_make, certs_end);
}
