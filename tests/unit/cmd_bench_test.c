/* mtls bench from its words on: what it sends, whom it asks for, what it prints. */
#include "tls_server.h"

#include "cmd_run.h"

#include <time.h>

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
static const char *const always[] = { OK, NULL };

/* The command's clock is the machine's. */
static int make_certificates(void **state)
{
	(void)state;
	const time_t from = time(NULL) - DAY, until = from + 30 * DAY;
	ca = MAKE(NULL, .subject = "CN=CA/O=Lab", .key = "P-256#1", .extensions = CA_EXTENSIONS,
		.not_before = from, .not_after = until);
	struct made *server = MAKE(ca, .subject = "CN=localhost", .extensions = SERVER_EXTENSIONS,
		.not_before = from, .not_after = until);
	struct made *client = MAKE(ca, .subject = "CN=mtls-client", .extensions = CLIENT_EXTENSIONS,
		.not_before = from, .not_after = until);
	ca_path = WRITE("ca.crt", ca->certificate);
	server_cert = WRITE("server.crt", server->certificate);
	server_key = certs_write_key("server.key", server->key, NULL);
	good_cert = WRITE("client.crt", client->certificate);
	good_key = certs_write_key("client.key", client->key, NULL);
	unsetenv("MTLS_CONFIG");
	return chdir(certs_folder);
}

static void start(struct tls_server *server, const char *const *answers)
{
	*server = (struct tls_server){
		.manner = ANSWERS_AGAIN, .answers = answers, .options = server_options()
	};
	server->options.verify.at = 0;
	tls_server_start(server);
}

/* RFC 6066 section 3: a name is asked for; an address is not. */
static void the_name_is_asked_for_and_an_address_is_not(void **state)
{
	(void)state;
	static const struct {
		const char *host, *sni;
	} rows[] = {
		{ "localhost", "localhost" },
		{ "127.0.0.1", "" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct tls_server server;
		struct ran ran;
		start(&server, always);
		OWN(char)
		char *url = text_format("https://%s:%u/x?y=1", rows[i].host, server.port);
		const char *const words[] = { url, "--certs", certs_folder, "-n", "1", "-c", "1",
			"--json", NULL };
		run_command(&bench_command, words, &ran);
		tls_server_stop(&server);
		if (ran.code)
			fail_msg("%s: %s", url, ran.err);
		assert_string_equal(server.sni, rows[i].sni);
		OWN(char)
		char *request = text_format("GET /x?y=1 HTTP/1.1\r\nHost: %s:%u\r\nUser-Agent: "
					    "mtls/" MTLS_VERSION "\r\n\r\n",
			rows[i].host, server.port);
		assert_string_equal(server.request, request);
	}
}

static void the_request_is_what_the_words_say(void **state)
{
	(void)state;
	static const struct {
		const char *words[6], *head, *tail;
	} rows[] = {
		{ { "-d", "x=1" }, "POST / HTTP/1.1\r\n",
			"\r\nContent-Type: application/octet-stream\r\nContent-Length: 3\r\n\r\nx="
			"1" },
		{ { "-d", "{\"a\": 1}" }, "POST / HTTP/1.1\r\n",
			"\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{\"a\": "
			"1}" },
		{ { "-d", "[]", "-H", "Content-TYPE: a/b" }, "POST / HTTP/1.1\r\n",
			"\r\nContent-TYPE: a/b\r\nContent-Length: 2\r\n\r\n[]" },
		{ { "-H", "X-One: 1", "-H", "X-Two: 2" }, "GET / HTTP/1.1\r\n",
			"\r\nX-One: 1\r\nX-Two: 2\r\n\r\n" },
		{ { "-d", "" }, "POST / HTTP/1.1\r\n",
			"\r\nContent-Type: application/octet-stream\r\nContent-Length: 0\r\n\r\n" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct tls_server server;
		struct ran ran;
		start(&server, always);
		OWN(char) char *url = text_format("https://localhost:%u", server.port);
		const char *words[WORDS_MAX] = { url, "--certs", certs_folder, "-n", "1", "-c",
			"1" };
		memcpy(words + 7, rows[i].words, sizeof rows[i].words);
		run_command(&bench_command, words, &ran);
		tls_server_stop(&server);
		if (ran.code)
			fail_msg("row %zu: %s", i, ran.err);
		size_t sent = strlen(server.request), tail = strlen(rows[i].tail);
		assert_memory_equal(server.request, rows[i].head, strlen(rows[i].head));
		assert_true(sent > tail);
		assert_string_equal(server.request + sent - tail, rows[i].tail);
	}
}

static void the_result_has_every_member(void **state)
{
	(void)state;
	struct tls_server server;
	struct ran ran;
	json_t *result, *statuses;
	start(&server, always);
	OWN(char) char *url = text_format("https://localhost:%u/", server.port);
	const char *const words[] = { url, "--certs", certs_folder, "-n", "5", "-c", "2", "-m",
		"full", "--json", NULL };
	run_command(&bench_command, words, &ran);
	tls_server_stop(&server);
	assert_int_equal(ran.code, 0);
	assert_string_equal(ran.err, "");
	result = json_loads(ran.out, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(result);
	statuses = json_object_get(result, "statuses");
	assert_string_equal(json_string_value(json_object_get(result, "mode")), "full");
	assert_int_equal(json_integer_value(json_object_get(result, "operations")), 5);
	assert_int_equal(json_integer_value(json_object_get(result, "failed")), 0);
	assert_int_equal(json_object_size(statuses), 1);
	assert_int_equal(json_integer_value(json_object_get(statuses, "200")), 5);
	assert_true(json_is_null(json_object_get(result, "first_error")));
	json_decref(result);
}

static void what_cannot_be_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *words[6];
		int code;
		const char *text;
	} rows[] = {
		{ { "https://h/", "-c", "0" }, 2,
			"mtls bench: --connections is a whole number from 1 to 1000000, not '0'" },
		{ { "https://h/", "-t", "65" }, 2,
			"mtls bench: --threads is a whole number from 1 to 64, not '65'" },
		{ { "https://h/", "-D", "1.5" }, 2,
			"mtls bench: --duration is a whole number from 1 to 86400, not '1.5'" },
		{ { "https://h/", "-n", "-1" }, 2,
			"mtls bench: --count is a whole number from 1 to 1000000000000, not '-1'" },
		{ { "https://h/", "-r", "" }, 2,
			"mtls bench: --rate is a whole number from 1 to 10000000, not ''" },
		{ { "https://h/", "--timeout", "3601" }, 2,
			"mtls bench: --timeout is a whole number from 1 to 3600, not '3601'" },
		{ { "https://h/", "-m", "fast" }, 2,
			"mtls bench: --mode is one of requests|full|resumed|idle, not 'fast'" },
		{ { "https://h/", "-c", "2", "-t", "3" }, 2,
			"mtls bench: 3 threads have nothing to do with 2 connections" },
		{ { "https://h/", "-r", "1", "-m", "idle" }, 2,
			"mtls bench: --rate and --mode idle exclude each other" },
		{ { "", "https://h/" }, 2, "'' is no HTTP method" },
		{ { "GET\tX", "https://h/" }, 2, "is no HTTP method" },
		{ { "https://h/", "-H", "a: b\r\nc: d" }, 2, "is no NAME: VALUE" },
		{ { "https://h/", "-d", "@/nonexistent" }, 2, "'/nonexistent'" },
		{ { "https://h/", "--no-cert", "--key", "k" }, 2,
			"mtls bench: --no-cert and --cert or --key exclude each other" },
		{ { "https://h/", "--certs", "*.none" }, 2, "no certificate matches '*.none'" },
		{ { "https://h/", "--certs", "*.crt", "--key", "k" }, 2,
			"mtls bench: --cert and a pattern in --certs exclude each other" },
		{ { "http://h/" }, 2, "the URL 'http://h/' is not https://" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ran ran;
		run_command(&bench_command, rows[i].words, &ran);
		if (ran.code != rows[i].code || !strstr(ran.err, rows[i].text))
			fail_msg("row %zu: %d %s", i, ran.code, ran.err);
		assert_string_equal(ran.out, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_name_is_asked_for_and_an_address_is_not),
		cmocka_unit_test(the_request_is_what_the_words_say),
		cmocka_unit_test(the_result_has_every_member),
		cmocka_unit_test(what_cannot_be_is_refused),
	};
	return cmocka_run_group_tests(tests, make_certificates, certs_end);
}
