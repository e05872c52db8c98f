/* What is said for each of libcurl's results, and for the pages of servers that refuse late. */
#include "unit.h"

#include "client/private.h"

#include <errno.h>

/* ---- A libcurl of the test's own ---- */

static long system_error;

static CURLcode give_info(CURL *easy, CURLINFO info, ...)
{
	va_list list;
	(void)easy;
	assert_int_equal(info, CURLINFO_OS_ERRNO);
	va_start(list, info);
	*va_arg(list, long *) = system_error;
	va_end(list);
	return CURLE_OK;
}

static const char *give_word(CURLcode code)
{
	return code == CURLE_OUT_OF_MEMORY ? "Out of memory" : "another word";
}

static const struct curl curl = { .easy_getinfo = give_info, .easy_strerror = give_word };
static char url_text[] = "https://example.test:8443/todo", url_host[] = "example.test";

static struct client make(const char *message)
{
	struct client client = { .curl = &curl };
	client.url.text = url_text;
	client.url.host = url_host;
	tls_outcome_init(&client.outcome);
	snprintf(client.message, sizeof client.message, "%s", message);
	system_error = 0;
	return client;
}

#define BEGIN "cannot GET https://example.test:8443/todo: "

/* ---- Results ---- */

static const struct row {
	const char *what;
	CURLcode result;
	long system;
	int status; /* of the response, as far as it came */
	bool reached, finished;
	const char *message;
	enum error_kind kind;
	enum code code;
	const char *text, *hint; /* hint NULL: none */
} rows[] = {
	{ "no address", CURLE_COULDNT_RESOLVE_HOST, 0, 0, false, false, "ignored", ERROR_NETWORK,
		CODE_HOST_UNKNOWN, BEGIN "cannot find the address of 'example.test'",
		"correct the name, or name its address with --resolve HOST:PORT:ADDRESS" },
	{ "--resolve", CURLE_SETOPT_OPTION_SYNTAX, 0, 0, false, false, "bad entry", ERROR_USAGE,
		CODE_NONE,
		BEGIN "--resolve takes HOST:PORT:ADDRESS with a port and an address in numbers: "
		      "bad entry",
		NULL },
	{ "nobody listens", CURLE_COULDNT_CONNECT, ECONNREFUSED, 0, false, false, "ignored",
		ERROR_NETWORK, CODE_CONNECTION_REFUSED, BEGIN "nobody listens there", NULL },
	{ "no way there", CURLE_COULDNT_CONNECT, ENETUNREACH, 0, false, false, "ignored",
		ERROR_NETWORK, CODE_NONE, BEGIN "cannot connect: Network is unreachable", NULL },
	{ "no reason of the system", CURLE_COULDNT_CONNECT, 0, 0, false, false, "no port is free",
		ERROR_NETWORK, CODE_NONE, BEGIN "cannot connect: no port is free", NULL },
	{ "no connection in time", CURLE_OPERATION_TIMEDOUT, 0, 0, false, false, "ignored",
		ERROR_NETWORK, CODE_NONE, BEGIN "the connection took longer than allowed", NULL },
	{ "no handshake in time", CURLE_OPERATION_TIMEDOUT, 0, 0, true, false, "ignored",
		ERROR_NETWORK, CODE_HANDSHAKE_TIMEOUT,
		BEGIN "the handshake took longer than allowed", NULL },
	{ "no response in time", CURLE_OPERATION_TIMEDOUT, 0, 0, true, true, "ignored",
		ERROR_NETWORK, CODE_NONE, BEGIN "the response took longer than allowed", NULL },
	{ "half a response in time", CURLE_OPERATION_TIMEDOUT, 0, 200, true, true, "ignored",
		ERROR_NETWORK, CODE_NONE, BEGIN "the rest of the response took longer than allowed",
		NULL },
	{ "half a body", CURLE_PARTIAL_FILE, 0, 200, true, true, "ignored", ERROR_NETWORK,
		CODE_PEER_CLOSED,
		BEGIN "the server closed the connection in the middle of its response", NULL },
	{ "a reset in the body", CURLE_RECV_ERROR, ECONNRESET, 200, true, true, "ignored",
		ERROR_NETWORK, CODE_PEER_CLOSED,
		BEGIN "the server closed the connection in the middle of its response", NULL },
	{ "no HTTP behind a status", CURLE_WEIRD_SERVER_REPLY, 0, 200, true, true, "bad header",
		ERROR_REFUSED_BY_US, CODE_NONE, BEGIN "the answer is no HTTP: bad header", NULL },
	{ "HTTP/0.9", CURLE_UNSUPPORTED_PROTOCOL, 0, 0, true, true, "old", ERROR_REFUSED_BY_US,
		CODE_NONE, BEGIN "the answer is no HTTP: old", NULL },
	{ "libcurl's own sentence", CURLE_TOO_MANY_REDIRECTS, 0, 0, true, true, "ten of them",
		ERROR_NETWORK, CODE_NONE, BEGIN "ten of them", NULL },
	{ "libcurl's own word", CURLE_OUT_OF_MEMORY, 0, 0, true, true, "", ERROR_NETWORK, CODE_NONE,
		BEGIN "Out of memory", NULL },
};

static void each_result_has_its_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];
		struct client client = make(row->message);
		const struct client_response response = { .status = row->status };
		struct error error;
		system_error = row->system;
		client.reached = row->reached;
		client.outcome.finished = row->finished;
		assert_false(client_explain(&client, row->result, "GET", &response, &error));
		if (strcmp(error.text, row->text) != 0)
			fail_msg("%s:\n said %s\nnot  %s", row->what, error.text, row->text);
		assert_int_equal(error.kind, row->kind);
		assert_int_equal(error.code, row->code);
		assert_string_equal(error.hint, row->hint ? row->hint : "");
	}
}

/* What a callback of ours refused is the reason, whatever libcurl made of it. */
static void our_own_refusal_comes_first(void **state)
{
	(void)state;
	struct client client = make("Failed writing body");
	const struct client_response response = { .status = 200 };
	struct error error;
	error_set(&client.error, ERROR_LIMIT, "the body is larger than 5 bytes");
	error_hint(&client.error, "ask for less");
	assert_false(client_explain(&client, CURLE_WRITE_ERROR, "DELETE", &response, &error));
	assert_string_equal(error.text, "cannot DELETE https://example.test:8443/todo: the body is "
					"larger than 5 bytes");
	assert_string_equal(error.hint, "ask for less");
	assert_int_equal(error.kind, ERROR_LIMIT);
	/* The client's own stays as it was, for the next who asks. */
	assert_string_equal(client.error.text, "the body is larger than 5 bytes");
}

/* ---- TLS behind a result ---- */

static const CURLcode perhaps_tls[] = { CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION,
	CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_WEIRD_SERVER_REPLY,
	CURLE_PARTIAL_FILE };
static const CURLcode never_tls[] = { CURLE_COULDNT_CONNECT, CURLE_OPERATION_TIMEDOUT,
	CURLE_COULDNT_RESOLVE_HOST, CURLE_OUT_OF_MEMORY };

static void explain_alert(CURLcode result, int status, struct error *ret)
{
	struct client client = make("not said");
	const struct client_response response = { .status = status };
	client.outcome.version = "TLSv1.3";
	client.outcome.finished = true;
	client.outcome.certificate_requested = true;
	client.outcome.alert_received = 116; /* certificate_required (RFC 8446 section 6.2) */
	assert_false(client_explain(&client, result, "GET", &response, ret));
}

/* A server of TLS 1.3 refuses after our handshake: the alert explains whichever result it made. */
static void an_alert_explains_what_broke(void **state)
{
	(void)state;
	struct error error;
	for (size_t i = 0; i < sizeof perhaps_tls / sizeof *perhaps_tls; i++)
		for (int status = 0; status <= 200; status += 200) {
			explain_alert(perhaps_tls[i], status, &error);
			assert_string_equal(error.text,
				BEGIN "the server refused us with alert 116 (certificate_required)"
				      ": the client sent no certificate");
			assert_int_equal(error.kind, ERROR_REFUSED_BY_PEER);
			assert_int_equal(error.code, CODE_NO_CLIENT_CERTIFICATE);
			assert_int_equal(error.alert, 116);
		}
	for (size_t i = 0; i < sizeof never_tls / sizeof *never_tls; i++) {
		explain_alert(never_tls[i], 0, &error);
		assert_int_equal(error.kind, ERROR_NETWORK);
		assert_null(strstr(error.text, "alert"));
	}
}

static void a_certificate_that_we_refused_is_the_reason(void **state)
{
	(void)state;
	struct client client = make("SSL certificate problem");
	const struct client_response response = { .status = 0 };
	struct error error;
	struct verify_result refused = { .x509_error = 10, .why = "it ended in May" };
	client.outcome.refused = &refused;
	client.outcome.alert_sent = 45;
	assert_false(
		client_explain(&client, CURLE_PEER_FAILED_VERIFICATION, "HEAD", &response, &error));
	assert_string_equal(error.text, "cannot HEAD https://example.test:8443/todo: we refused "
					"the server's certificate: it ended in May");
	assert_int_equal(error.kind, ERROR_REFUSED_BY_US);
	assert_int_equal(error.x509_error, 10);
	assert_int_equal(error.alert, 45);
}

/* ---- Statuses ---- */

#define PAGE_NONE "<center>No required SSL certificate was sent</center>"
#define PAGE_BAD "<center>The SSL certificate error</center>"
#define ANSWERED "https://example.test:8443/todo answered HTTP "

static void a_page_that_refuses_is_read(void **state)
{
	(void)state;
	static const char hint[] = "the server verified it after the handshake and does not say "
				   "why it refused: its log does (unknown CA, expired, revoked, "
				   "wrong extended key usage, ...)";
	static const struct {
		int status;
		const char *body;
		bool identity;
		enum code code;
		const char *text, *hint;
	} pages[] = {
		{ 404, NULL, false, CODE_NONE, ANSWERED "404", "" },
		{ 400, NULL, false, CODE_NONE, ANSWERED "400", "" },
		{ 400, "", true, CODE_NONE, ANSWERED "400", "" },
		{ 400, "something else", true, CODE_NONE, ANSWERED "400", "" },
		{ 400, PAGE_NONE, false, CODE_NO_CLIENT_CERTIFICATE,
			ANSWERED "400: the server wants a client certificate", "" },
		{ 400, PAGE_NONE, true, CODE_CLIENT_KEY_TYPE,
			ANSWERED "400: the server wants a client certificate", "" },
		{ 403, PAGE_NONE, false, CODE_NONE, ANSWERED "403", "" },
		{ 400, PAGE_BAD, true, CODE_NONE,
			ANSWERED "400: the server refused the client's certificate", hint },
		{ 500, PAGE_BAD, true, CODE_NONE, ANSWERED "500", "" },
	};
	char mark;
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		struct client client = make("");
		struct client_response response = CLIENT_RESPONSE;
		struct error error;
		response.status = pages[i].status;
		if (pages[i].body)
			assert_true(buffer_text(&response.body, pages[i].body, &error));
		/* Only whether there is one is looked at. */
		client.identity = pages[i].identity ? (struct identity *)(void *)&mark : NULL;
		assert_false(client_explain_status(&client, &response, &error));
		assert_string_equal(error.text, pages[i].text);
		assert_string_equal(error.hint, pages[i].hint);
		assert_int_equal(error.code, pages[i].code);
		assert_int_equal(error.kind, ERROR_HTTP);
		client_response_done(&response);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_result_has_its_sentence),
		cmocka_unit_test(our_own_refusal_comes_first),
		cmocka_unit_test(an_alert_explains_what_broke),
		cmocka_unit_test(a_certificate_that_we_refused_is_the_reason),
		cmocka_unit_test(a_page_that_refuses_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
