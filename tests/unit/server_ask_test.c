/* What a request goes through before a handler sees it: version, host, standing and policy. */
#include "tls_pair.h"

#include "server/ask.h"

#include <stdio.h>

/* A connection that has shaken hands in memory, as far as a request's checks look at it. */
struct asked {
	struct pair pair;
	struct settings settings;
	struct snapshot snapshot;
	struct worker worker;
	struct connection connection;
	struct record_refusal refusal;
};

static int make_world(void **state)
{
	(void)state;
	const time_t today = time(NULL);
#define LIVES .not_before = today - DAY, .not_after = today + 30 * DAY
	ca = MAKE(NULL, .subject = "CN=CA/O=Lab", .key = "P-256#1", .extensions = CA_EXTENSIONS,
		LIVES);
	other_ca = MAKE(NULL, .subject = "CN=Other CA", .key = "P-256#2",
		.extensions = CA_EXTENSIONS, LIVES);
	struct made *server =
		MAKE(ca, .subject = "CN=localhost", .extensions = SERVER_EXTENSIONS, LIVES);
	struct made *client =
		MAKE(ca, .subject = "CN=mtls-client", .extensions = CLIENT_EXTENSIONS, LIVES);
	pair_write(server, client);
	return 0;
}

/* `rules` NULL: no policy. `anonymous`: the client shows no certificate. */
static void set_up(struct asked *asked, const char *rules, bool anonymous)
{
	struct error error;
	struct tls_options server = server_options();
	struct tls_options client =
		client_options(anonymous ? NULL : good_cert, anonymous ? NULL : good_key, TLS_1_3);
	server.verify.at = client.verify.at = 0;
	client.sni = "localhost";
	server.verify_mode = anonymous ? TLS_VERIFY_OPTIONAL : TLS_VERIFY_REQUIRED;
	*asked = (struct asked){ .snapshot.number = 1 };
	pair_init(&asked->pair, &server, &client);
	pair_handshake(&asked->pair);
	assert_true(tls_connection_outcome(asked->pair.server)->finished);
	if (rules) {
		OWN(char) char *text = text_format("[policy]\n%s\n", rules);
		const char *path = certs_write_bytes("mtls.cnf", text, strlen(text));
		if (!policy_load(path, &asked->snapshot.policy, &error))
			fail_msg("%s", error.text);
	}
	asked->snapshot.tls = asked->pair.server_context;
	asked->settings.limits.http = (struct http_limits)HTTP_LIMITS_DEFAULT;
	asked->worker.settings = &asked->settings;
	asked->worker.snapshot = &asked->snapshot;
	asked->connection.worker = &asked->worker;
	asked->connection.tls = asked->pair.server;
	asked->connection.keep_alive = true;
}

static void tear_down(struct asked *asked)
{
	policy_free(asked->snapshot.policy);
	pair_done(&asked->pair);
}

static struct http_response *ask(
	struct asked *asked, const char *method, const char *path, const char *authority)
{
	const struct http_request request = { .version = HTTP_1_1,
		.method = method,
		.target = path,
		.path = path,
		.authority = authority };
	asked->refusal = (struct record_refusal){ .text = "untouched" };
	return ask_check(&asked->connection, &request, &asked->refusal);
}

static void allowed(struct asked *asked, const char *method, const char *path, const char *host)
{
	struct http_response *response = ask(asked, method, path, host);
	if (response)
		fail_msg("%s %s of %s: %d", method, path, host, response->status);
	assert_string_equal(asked->refusal.text, "untouched");
	assert_true(asked->connection.keep_alive);
}

/* The client gets this status, and the sentence; the log the other one. */
static void refused(struct asked *asked, struct http_response *response, int status,
	const char *told, const char *logged, enum code code)
{
	struct error error;
	assert_non_null(response);
	assert_int_equal(response->status, status);
	assert_true(buffer_append(&response->bytes, "", 1, &error));
	if (!strstr(response->bytes.data, told))
		fail_msg("'%s' does not say '%s'", response->bytes.data, told);
	assert_string_equal(asked->refusal.text, logged);
	assert_int_equal(asked->refusal.code, code);
	http_response_free(response);
}

#define MISDIRECTED "the request's host is not the name that the connection is for"

static void a_host_of_another_name_is_misdirected(void **state)
{
	(void)state;
	static const struct {
		const char *host;
		bool same;
	} rows[] = { { "localhost", true }, { "localhost:8443", true }, { "LOCALHOST.", true },
		{ NULL, true }, { "other", false }, { "localhost.evil", false },
		{ "127.0.0.1:8443", false }, { "", false } };
	struct asked asked;
	set_up(&asked, NULL, false);
	assert_string_equal(tls_connection_outcome(asked.pair.server)->sni, "localhost");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].same)
			allowed(&asked, "GET", "/", rows[i].host);
		else
			refused(&asked, ask(&asked, "GET", "/", rows[i].host), 421, MISDIRECTED,
				MISDIRECTED, CODE_NONE);
		/* RFC 9110 section 15.5.20: another connection will do, and this one lives. */
		assert_true(asked.connection.keep_alive);
	}
	tear_down(&asked);
}

static void a_version_that_is_not_spoken(void **state)
{
	(void)state;
	static const char said[] = "only HTTP/2 is spoken here";
	struct asked asked;
	set_up(&asked, NULL, false);
	asked.settings.limits.http.version_min = HTTP_2;
	refused(&asked, ask(&asked, "GET", "/", "localhost"), 505, said, said, CODE_NONE);
	/* It is said before anything else. */
	refused(&asked, ask(&asked, "GET", "/", "other"), 505, said, said, CODE_NONE);
	asked.settings.limits.http.version_min = HTTP_1_1;
	allowed(&asked, "GET", "/", "localhost");
	tear_down(&asked);
}

static void the_policy_of_now_decides(void **state)
{
	(void)state;
	static const char told[] = "the server's policy does not allow this client to do that";
	struct asked asked;
	set_up(&asked,
		"no = deny CN=mtls-client; DELETE; /**\n"
		"yes = allow CN=mtls-client; *; /todo",
		false);
	allowed(&asked, "GET", "/todo", "localhost");
	allowed(&asked, "HEAD", "/todo", "localhost");
	refused(&asked, ask(&asked, "GET", "/other", "localhost"), 403, told,
		"not authorized: no rule allows it", CODE_NOT_AUTHORIZED);
	assert_null(asked.refusal.rule);
	refused(&asked, ask(&asked, "GET", "/a/../todo", "localhost"), 403, told,
		"not authorized: the path could be read in two ways", CODE_NOT_AUTHORIZED);
	OWN(char)
	char *wanted = text_format("not authorized: the rule 'no' (%s line 2) denies it",
		policy_path(asked.snapshot.policy));
	refused(&asked, ask(&asked, "DELETE", "/todo", "localhost"), 403, told, wanted,
		CODE_NOT_AUTHORIZED);
	assert_string_equal(asked.refusal.rule, "no");
	/* A wrong host is told before the rules are asked. */
	refused(&asked, ask(&asked, "DELETE", "/todo", "other"), 421, MISDIRECTED, MISDIRECTED,
		CODE_NONE);
	/* The rules are gone with the next snapshot, and so is the refusal. */
	struct snapshot next = { .number = 2, .tls = asked.pair.server_context };
	asked.worker.snapshot = &next;
	allowed(&asked, "DELETE", "/todo", "localhost");
	tear_down(&asked);
}

static void a_refusal_tells_no_rule_and_is_not_kept(void **state)
{
	(void)state;
	struct asked asked;
	set_up(&asked, "secret-name = deny anyone; *; **", false);
	OWN(http_response)
	struct http_response *response = ask(&asked, "GET", "/", "localhost");
	struct error error;
	assert_non_null(response);
	assert_true(buffer_append(&response->bytes, "", 1, &error));
	assert_null(strstr(response->bytes.data, "secret-name"));
	assert_non_null(strstr(response->bytes.data, "\"code\": \"not-authorized\""));
	assert_string_equal(asked.refusal.rule, "secret-name");
	tear_down(&asked);
}

static void nobody_is_told_that_nobody_may(void **state)
{
	(void)state;
	static const char told[] =
		"the server's policy does not allow this without a client certificate";
	struct asked asked;
	set_up(&asked,
		"open = allow anonymous; GET; /healthz\n"
		"rest = allow certificate; *; **",
		true);
	assert_null(tls_connection_identity(asked.pair.server));
	allowed(&asked, "GET", "/healthz", "localhost");
	refused(&asked, ask(&asked, "GET", "/todo", "localhost"), 403, told,
		"not authorized: no rule allows it", CODE_NOT_AUTHORIZED);
	tear_down(&asked);
}

/* Whoever was let in is judged again by the trust of now. */
static void a_certificate_that_is_good_no_more(void **state)
{
	(void)state;
	static const char revoked[] =
		"the client's certificate was revoked while the connection lived";
	struct asked asked;
	struct error error;
	set_up(&asked, NULL, false);
	allowed(&asked, "GET", "/", "localhost");
	const time_t today = time(NULL);
	/* The client's is the fourth that was made. */
	crl_path = certs_write_crl("now.crl", ca,
		&(struct crl_spec){ .last_update = today - DAY,
			.next_update = today + DAY,
			.revoked = made[3].certificate });
	struct tls_options options = server_options();
	options.verify.at = 0;
	crl_path = NULL;
	struct snapshot next = { .number = 2 };
	if (!tls_context_new(&options, &next.tls, &error))
		fail_msg("%s", error.text);
	asked.worker.snapshot = &next;
	refused(&asked, ask(&asked, "GET", "/", "localhost"), 403, revoked, revoked,
		CODE_REVOKED_WHILE_CONNECTED);
	assert_false(asked.connection.keep_alive);
	/* Before its host is looked at, and each time. */
	refused(&asked, ask(&asked, "GET", "/", "other"), 403, revoked, revoked,
		CODE_REVOKED_WHILE_CONNECTED);
	tls_context_free(next.tls);
	tear_down(&asked);
}

static void a_refusal_is_one_sentence_without_a_code(void **state)
{
	(void)state;
	struct record_refusal refusal = ask_refusal("because");
	assert_string_equal(refusal.text, "because");
	assert_int_equal(refusal.code, CODE_NONE);
	assert_null(refusal.rule);
	/* A longer one than there is room for is cut. */
	char text[400];
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = 0;
	assert_int_equal(strlen(ask_refusal(text).text), sizeof refusal.text - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_of_another_name_is_misdirected),
		cmocka_unit_test(a_version_that_is_not_spoken),
		cmocka_unit_test(the_policy_of_now_decides),
		cmocka_unit_test(a_refusal_tells_no_rule_and_is_not_kept),
		cmocka_unit_test(nobody_is_told_that_nobody_may),
		cmocka_unit_test(a_certificate_that_is_good_no_more),
		cmocka_unit_test(a_refusal_is_one_sentence_without_a_code),
	};
	return cmocka_run_group_tests(tests, make_world, certs_end);
}
