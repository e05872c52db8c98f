/* What becomes of libcurl's results, of URLs and of pages that refuse; no server is needed. */
#include "certs.h"

#include "client/private.h"

static struct made *ca;
static const char *ca_path;

static int make_certificates(void **state)
{
	(void)state;
	ca = MAKE(NULL, .subject = "CN=Test CA", .extensions = CA_EXTENSIONS);
	ca_path = WRITE("ca.crt", ca->certificate);
	return 0;
}

static bool make(const char *url, struct client **ret, struct error *reterr)
{
	const struct client_options options = { .url = url,
		.tls = { .ca = &ca_path, .ca_count = 1, .verify = { .depth_max = -1 } } };
	return client_new(&options, ret, reterr);
}

static void takes_https_urls(void **state)
{
	(void)state;
	static const char *const good[] = { "https://localhost", "https://127.0.0.1:8443/todo",
		"https://[::1]:8443/", "https://xn--bcher-kva.example/a/../b?c=d" };
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct error error;
		OWN(client) struct client *client = NULL;
		if (!make(good[i], &client, &error))
			fail_msg("%s: %s", good[i], error.text);
		assert_string_equal(client_address(client), "");
		assert_null(client_identity(client));
		assert_false(client_outcome(client)->finished);
	}
}

static void refuses_other_urls(void **state)
{
	(void)state;
	static const struct {
		const char *url, *text;
	} bad[] = {
		{ "", "'' is no URL" },
		{ "http://localhost/", "the URL 'http://localhost/' is not https://" },
		{ "file:///etc/passwd", "'file:///etc/passwd' is" },
		{ "https://", "'https://' is no URL" },
		{ "https://localhost:99999/", "'https://localhost:99999/' is no URL" },
		{ "https://me:word@localhost/", "the URL holds a user name" },
		{ "https://b\xc3\xbc"
		  "cher.example/",
			"is not ASCII" },
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct error error;
		struct client *client = NULL;
		assert_false(make(bad[i].url, &client, &error));
		assert_null(client);
		assert_int_equal(error.kind, ERROR_USAGE);
		if (!strstr(error.text, bad[i].text))
			fail_msg("'%s': %s", bad[i].url, error.text);
	}
}

static void refuses_methods_and_headers_that_smuggle(void **state)
{
	(void)state;
	struct error error;
	OWN(client) struct client *client = NULL;
	assert_true(make("https://127.0.0.1:1/", &client, &error));
	static const char *const methods[] = { "", "get", "GET /", "GET\r\nX: y" };
	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
		OWN(client_response) struct client_response response = CLIENT_RESPONSE;
		const struct client_request request = { .method = methods[i] };
		assert_false(client_perform(client, &request, &response, &error));
		assert_int_equal(error.kind, ERROR_USAGE);
	}
	static const char *const headers[] = { "", "no colon", ": nameless", "A b: c",
		"A: b\r\nC: d", "A: b\nC: d", "A: \x7f" };
	for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
		OWN(client_response) struct client_response response = CLIENT_RESPONSE;
		const struct client_request request = {
			.method = "GET", .headers = &headers[i], .headers_count = 1
		};
		assert_false(client_perform(client, &request, &response, &error));
		assert_int_equal(error.kind, ERROR_USAGE);
		assert_non_null(strstr(error.text, "is no header of the form"));
	}
}

/* An address for a name, in the one form that we name; libcurl would take others. */
static void addresses_for_names_have_one_form(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ "localhost:8443:127.0.0.1", true },
		{ "localhost:8443:[::1]", true },
		{ "localhost:8443:127.0.0.1,[::1]", true },
		{ "*:8443:127.0.0.1", true },
		{ "", false },
		{ "localhost", false },
		{ "localhost:8443", false },
		{ "-localhost:8443", false },
		{ "-localhost:8443:127.0.0.1", false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct error error;
		OWN(client) struct client *client = NULL;
		const struct client_options options = { .url = "https://localhost/",
			.tls = { .ca = &ca_path, .ca_count = 1, .verify = { .depth_max = -1 } },
			.resolve = &rows[i].text,
			.resolve_count = 1 };
		if (client_new(&options, &client, &error) != rows[i].good)
			fail_msg("'%s'", rows[i].text);
		if (rows[i].good)
			continue;
		OWN(char) char *text = text_format("'%s' is no HOST:PORT:ADDRESS", rows[i].text);
		assert_int_equal(error.kind, ERROR_USAGE);
		assert_string_equal(error.text, text);
	}
}

/* What is wrong with our own files is said before there is a connection. */
static void our_own_faults_come_first(void **state)
{
	(void)state;
	static const char *const missing = "/nonexistent/ca.crt";
	struct error error;
	OWN(client) struct client *client = NULL;
	struct client_options options = { .url = "https://127.0.0.1:1/",
		.tls = { .ca = &missing, .ca_count = 1, .verify = { .depth_max = -1 } } };
	assert_false(client_new(&options, &client, &error));
	assert_int_equal(error.kind, ERROR_INPUT);
	assert_non_null(strstr(error.text, "'/nonexistent/ca.crt'"));
	options.tls.ca = &ca_path;
	options.tls.cert = options.tls.key = "/nonexistent/client.pem";
	assert_false(client_new(&options, &client, &error));
	assert_int_equal(error.kind, ERROR_INPUT);
	assert_non_null(strstr(error.text, "'/nonexistent/client.pem'"));
	options.tls.cert = options.tls.key = NULL;
	options.tls.ciphers = "NONSENSE";
	assert_false(client_new(&options, &client, &error));
	assert_int_equal(error.kind, ERROR_USAGE);
	options.tls.ciphers = NULL;
	assert_true(client_new(&options, &client, &error));
}

/* Port 1 of loopback: nobody listens there. */
static void nobody_listens(void **state)
{
	(void)state;
	struct error error;
	OWN(client) struct client *client = NULL;
	OWN(client_response) struct client_response response = CLIENT_RESPONSE;
	const struct client_request request = { .method = "GET" };
	assert_true(make("https://127.0.0.1:1/", &client, &error));
	assert_false(client_perform(client, &request, &response, &error));
	assert_int_equal(error.kind, ERROR_NETWORK);
	assert_int_equal(error.code, CODE_CONNECTION_REFUSED);
	assert_string_equal(error.text, "cannot GET https://127.0.0.1:1/: nobody listens there");
}

struct fact {
	CURLcode result;
	bool reached, finished;
	int alert, status;
	enum error_kind kind;
	enum code code;
	const char *text;
};

static const struct fact facts[] = {
	/* A refusal beats the network error in whose shape it came. */
	{ CURLE_RECV_ERROR, true, true, 116, 0, ERROR_REFUSED_BY_PEER, CODE_NO_CLIENT_CERTIFICATE,
		"alert 116 (certificate_required)" },
	{ CURLE_SEND_ERROR, true, true, 116, 0, ERROR_REFUSED_BY_PEER, CODE_NO_CLIENT_CERTIFICATE,
		"alert 116 (certificate_required)" },
	{ CURLE_SSL_CONNECT_ERROR, true, false, 70, 0, ERROR_REFUSED_BY_PEER, CODE_TLS_VERSION,
		"alert 70 (protocol_version)" },
	{ CURLE_GOT_NOTHING, true, true, -1, 0, ERROR_NETWORK, CODE_PEER_CLOSED,
		"without an alert" },
	{ CURLE_RECV_ERROR, true, true, -1, 200, ERROR_NETWORK, CODE_PEER_CLOSED,
		"in the middle of its response" },
	{ CURLE_PARTIAL_FILE, true, true, -1, 200, ERROR_NETWORK, CODE_PEER_CLOSED,
		"in the middle of its response" },
	{ CURLE_OPERATION_TIMEDOUT, false, false, -1, 0, ERROR_NETWORK, CODE_NONE,
		"the connection took longer" },
	{ CURLE_OPERATION_TIMEDOUT, true, false, -1, 0, ERROR_NETWORK, CODE_HANDSHAKE_TIMEOUT,
		"the handshake took longer" },
	{ CURLE_OPERATION_TIMEDOUT, true, true, -1, 0, ERROR_NETWORK, CODE_NONE,
		"the response took longer" },
	{ CURLE_OPERATION_TIMEDOUT, true, true, -1, 200, ERROR_NETWORK, CODE_NONE,
		"the rest of the response took longer" },
	{ CURLE_COULDNT_RESOLVE_HOST, false, false, -1, 0, ERROR_NETWORK, CODE_HOST_UNKNOWN,
		"cannot find the address of 'localhost'" },
	{ CURLE_UNSUPPORTED_PROTOCOL, true, true, -1, 0, ERROR_REFUSED_BY_US, CODE_NONE,
		"the answer is no HTTP" },
	{ CURLE_SETOPT_OPTION_SYNTAX, false, false, -1, 0, ERROR_USAGE, CODE_NONE,
		"--resolve takes HOST:PORT:ADDRESS" },
	{ CURLE_TOO_MANY_REDIRECTS, true, true, -1, 0, ERROR_NETWORK, CODE_NONE, "redirects" },
};

static void results_become_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
		const struct fact *fact = &facts[i];
		struct error error;
		OWN(client) struct client *client = NULL;
		const struct client_response response = { .status = fact->status };
		assert_true(make("https://localhost/", &client, &error));
		client->reached = fact->reached;
		client->outcome.finished = fact->finished;
		client->outcome.version = fact->finished ? "TLSv1.3" : NULL;
		client->outcome.certificate_requested = fact->alert == 116;
		client->outcome.alert_received = fact->alert;
		assert_false(client_explain(client, fact->result, "GET", &response, &error));
		if (error.kind != fact->kind || error.code != fact->code ||
			!strstr(error.text, fact->text) ||
			strncmp(error.text, "cannot GET https://localhost/: ", 31) != 0)
			fail_msg("%zu: %s [%s] %s", i, error_kind_name(error.kind),
				code_name(error.code), error.text);
	}
}

/* What a callback of ours refused is the cause, whatever libcurl makes of it. */
static void our_callbacks_have_the_word(void **state)
{
	(void)state;
	struct error error;
	OWN(client) struct client *client = NULL;
	const struct client_response response = { .status = 0 };
	assert_true(make("https://localhost/", &client, &error));
	error_set(&client->error, ERROR_REFUSED_BY_US, "not verified");
	assert_false(client_explain(client, CURLE_ABORTED_BY_CALLBACK, "POST", &response, &error));
	assert_int_equal(error.kind, ERROR_REFUSED_BY_US);
	assert_string_equal(error.text, "cannot POST https://localhost/: not verified");
}

static void explain_page(int status, const char *page, struct error *reterr)
{
	OWN(client) struct client *client = NULL;
	OWN(client_response) struct client_response response = CLIENT_RESPONSE;
	response.status = status;
	assert_true(make("https://localhost/", &client, reterr));
	assert_true(buffer_text(&response.body, page, reterr));
	assert_false(client_explain_status(client, &response, reterr));
	assert_int_equal(reterr->kind, ERROR_HTTP);
	assert_int_equal(error_exit_code(reterr->kind), 1);
}

static void knows_pages_that_refuse_a_certificate(void **state)
{
	(void)state;
	struct error error;
	explain_page(400, "<title>400 No required SSL certificate was sent</title>", &error);
	assert_int_equal(error.code, CODE_NO_CLIENT_CERTIFICATE);
	explain_page(400, "<title>400 The SSL certificate error</title>", &error);
	assert_int_equal(error.code, CODE_NONE);
	assert_non_null(strstr(error.hint, "its log does"));
	explain_page(404, "No required SSL certificate was sent", &error);
	assert_int_equal(error.code, CODE_NONE);
	assert_string_equal(error.text, "https://localhost/ answered HTTP 404");
	explain_page(500, "", &error);
	assert_string_equal(error.text, "https://localhost/ answered HTTP 500");
}

/* The library that is loaded runs on our OpenSSL, or nothing of it is used. */
static void loads_once(void **state)
{
	(void)state;
	struct error error;
	const struct curl *first = NULL, *second = NULL;
	assert_true(curl_load(&first, &error));
	assert_true(curl_load(&second, &error));
	assert_ptr_equal(first, second);
	const char *version = first->version_info(CURLVERSION_NOW)->ssl_version;
	assert_non_null(strstr(version, tls_library_version()));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_https_urls),
		cmocka_unit_test(refuses_other_urls),
		cmocka_unit_test(refuses_methods_and_headers_that_smuggle),
		cmocka_unit_test(addresses_for_names_have_one_form),
		cmocka_unit_test(our_own_faults_come_first),
		cmocka_unit_test(nobody_listens),
		cmocka_unit_test(results_become_errors),
		cmocka_unit_test(our_callbacks_have_the_word),
		cmocka_unit_test(knows_pages_that_refuse_a_certificate),
		cmocka_unit_test(loads_once),
	};
	return cmocka_run_group_tests(tests, make_certificates, certs_end);
}
