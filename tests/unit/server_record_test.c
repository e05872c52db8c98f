/* What the server logs: every fact of a failed handshake, in text and in JSON, one line each. */
#include "unit.h"

#include "server/record.h"

#include <stdio.h>
#include <unistd.h>

static char written[16384];

/* Runs `record` with a log that ends in `written`. */
static const char *log_of(bool json, void (*record)(struct worker *worker))
{
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	struct settings settings = { .log = { .fd = ends[1], .json = json } };
	struct worker worker = { .settings = &settings, .line = BUFFER(SIZE_MAX) };
	record(&worker);
	buffer_done(&worker.line);
	close(ends[1]);
	size_t total = 0;
	ssize_t count;
	while ((count = read(ends[0], written + total, sizeof written - 1 - total)) > 0)
		total += (size_t)count;
	close(ends[0]);
	written[total] = 0;
	return written;
}

static json_t *only_record(void)
{
	json_error_t error;
	json_t *record = json_loads(written, 0, &error);
	assert_non_null(record);
	return record;
}

static const char *text_of(const json_t *record, const char *name)
{
	const char *text = json_string_value(json_object_get(record, name));
	return text ? text : "";
}

static const struct net_peer peer = { .host = "192.0.2.7", .port = 4711 };

static void revoked(struct worker *worker)
{
	struct verify_result refused = { .code = CODE_CLIENT_REVOKED,
		.x509_error = 23,
		.subject = "CN=a",
		.issuer = "CN=CA",
		.serial = "0A",
		.why = "it is revoked" };
	char name[] = "localhost";
	struct tls_outcome outcome = {
		.version = "TLSv1.3",
		.sni = name,
		.alert_sent = 44,
		.alert_received = -1,
		.peer_certificate = true,
		.refused = &refused,
	};
	struct error why;
	error_code(&why, ERROR_REFUSED_BY_US, CODE_CLIENT_REVOKED, "we refused it");
	record_failure(worker, &peer, &outcome, &why);
	assert_int_equal(counts_failed(&worker->counts, CODE_CLIENT_REVOKED), 1);
	assert_int_equal(counts_failed(&worker->counts, CODE_NONE), 0);
}

static void a_refusal_has_every_fact(void **state)
{
	(void)state;
	assert_string_equal(log_of(false, revoked),
		"[SERVER] HANDSHAKE FAILED | peer=192.0.2.7:4711 | code=client-revoked | "
		"refused-by=server | alert-sent=44 certificate_revoked | x509-error=23 | depth=0 | "
		"subject=CN=a | issuer=CN=CA | serial=0A | sni=localhost | version=TLSv1.3 | "
		"why=we refused it | hint=issue a new certificate for this client\n");
	log_of(true, revoked);
	OWN(json_t) json_t *record = only_record();
	assert_string_equal(text_of(record, "event"), "handshake-failed");
	assert_string_equal(text_of(record, "level"), "warning");
	assert_string_equal(text_of(record, "peer"), "192.0.2.7:4711");
	assert_string_equal(text_of(record, "code"), "client-revoked");
	assert_string_equal(text_of(record, "refused-by"), "server");
	assert_string_equal(text_of(record, "subject"), "CN=a");
	assert_string_equal(text_of(record, "serial"), "0A");
	assert_int_equal(json_integer_value(json_object_get(record, "x509-error")), 23);
	const json_t *alert = json_object_get(record, "alert-sent");
	assert_int_equal(json_integer_value(json_object_get(alert, "number")), 44);
	assert_string_equal(text_of(alert, "name"), "certificate_revoked");
	assert_null(json_object_get(record, "alert-received"));
}

static void gone(struct worker *worker)
{
	struct tls_outcome outcome;
	struct error why;
	tls_outcome_init(&outcome);
	error_code(&why, ERROR_NETWORK, CODE_PEER_CLOSED, "the client closed the connection");
	record_failure(worker, &peer, &outcome, &why);
}

static void refused_by_the_client(struct worker *worker)
{
	struct tls_outcome outcome;
	struct error why;
	tls_outcome_init(&outcome);
	outcome.alert_received = 48;
	error_set(&why, ERROR_REFUSED_BY_PEER, "the client refused us");
	error_hint(&why, "look there");
	record_failure(worker, &peer, &outcome, &why);
	assert_int_equal(counts_failed(&worker->counts, CODE_NONE), 1);
}

static void who_refused_is_told_apart(void **state)
{
	(void)state;
	assert_non_null(strstr(log_of(false, gone), "code=peer-closed | refused-by=nobody | why="));
	assert_string_equal(log_of(false, refused_by_the_client),
		"[SERVER] HANDSHAKE FAILED | peer=192.0.2.7:4711 | code=unknown | "
		"refused-by=client | alert-received=48 unknown_ca | why=the client refused us | "
		"hint=look there\n");
}

static void request_of(struct worker *worker, const char *name, const char *target, int status,
	const char *refusal)
{
	char *common_name = name ? text_copy(name) : NULL;
	struct identity identity = { .common_name = common_name, .serial = "0B" };
	struct http_request request = { .version = HTTP_1_1, .method = "GET", .target = target };
	struct record_refusal why = { .code = CODE_NONE };
	snprintf(why.text, sizeof why.text, "%s", refusal ? refusal : "");
	record_request(worker, &(struct record_request){
				       .peer = &peer,
				       .identity = name ? &identity : NULL,
				       .request = target ? &request : NULL,
				       .refusal = refusal ? &why : NULL,
				       .status = status,
			       });
	free(common_name);
}

static void good_request(struct worker *worker)
{
	request_of(worker, "mtls-client", "/todo", 200, NULL);
}

static void hostile_request(struct worker *worker)
{
	request_of(worker, "it's", "/\" 200 - \\n", 404, NULL);
}

static void no_request(struct worker *worker)
{
	request_of(worker, NULL, NULL, 400, "a header line is folded");
}

static void requests_are_the_documents_line(void **state)
{
	(void)state;
	assert_string_equal(log_of(false, good_request),
		"[SERVER] REQUEST | peer=192.0.2.7 | cert-CN='mtls-client' | "
		"\"GET /todo HTTP/1.1\" 200 -\n");
	assert_string_equal(log_of(false, no_request),
		"[SERVER] REQUEST | peer=192.0.2.7 | cert-CN=None | \"-\" 400 -\n"
		"[SERVER] REFUSED | CN=None | a header line is folded\n");
	log_of(true, good_request);
	OWN(json_t) json_t *record = only_record();
	assert_string_equal(text_of(record, "event"), "request");
	assert_string_equal(text_of(record, "client"), "mtls-client");
	assert_string_equal(text_of(record, "request"), "GET /todo HTTP/1.1");
	assert_int_equal(json_integer_value(json_object_get(record, "status")), 200);
	assert_int_equal(json_integer_value(json_object_get(record, "port")), 4711);
}

static void good_request_in_silence(struct worker *worker)
{
	worker->settings->log_failed_only = true;
	good_request(worker);
}

static void no_request_in_silence(struct worker *worker)
{
	worker->settings->log_failed_only = true;
	no_request(worker);
}

static void only_what_fails_is_told_if_so_asked(void **state)
{
	(void)state;
	assert_string_equal(log_of(false, good_request_in_silence), "");
	assert_string_equal(log_of(true, good_request_in_silence), "");
	assert_string_equal(log_of(false, no_request_in_silence),
		"[SERVER] REQUEST | peer=192.0.2.7 | cert-CN=None | \"-\" 400 -\n"
		"[SERVER] REFUSED | CN=None | a header line is folded\n");
}

/* A target cannot end the quotes and add a status of its own, nor can a name. */
static void nothing_breaks_out_of_its_quotes(void **state)
{
	(void)state;
	assert_string_equal(log_of(false, hostile_request),
		"[SERVER] REQUEST | peer=192.0.2.7 | cert-CN=\"it's\" | "
		"\"GET /\\x22 200 - \\x5cn HTTP/1.1\" 404 -\n");
}

static void counts(struct worker *worker)
{
	worker->counts.connections = 5;
	worker->counts.handshakes = 3;
	worker->counts.requests = 7;
	counts_failure(&worker->counts, CODE_CLIENT_EXPIRED, "TLSv1.3");
	counts_failure(&worker->counts, CODE_CLIENT_EXPIRED, "TLSv1.2");
	record_summary(&worker->settings->log, &worker->counts);
}

static void the_summary_counts_by_code(void **state)
{
	(void)state;
	assert_string_equal(log_of(false, counts),
		"[SERVER] STOPPED | connections=5 | handshakes=3 | "
		"requests=7 | client-expired=2\n");
}

static void counts_of_a_flood(struct worker *worker)
{
	count_more(&worker->counts.shed[SHED_ADDRESS], 2);
	count_more(&worker->counts.shed[SHED_OVERLOAD], 40);
	counts(worker);
}

static void the_summary_counts_who_was_sent_away(void **state)
{
	(void)state;
	assert_string_equal(log_of(false, counts_of_a_flood),
		"[SERVER] STOPPED | connections=5 | handshakes=3 | requests=7 | shed=42 | "
		"too-frequent=2 | server-overloaded=40 | client-expired=2\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refusal_has_every_fact),
		cmocka_unit_test(who_refused_is_told_apart),
		cmocka_unit_test(requests_are_the_documents_line),
		cmocka_unit_test(only_what_fails_is_told_if_so_asked),
		cmocka_unit_test(nothing_breaks_out_of_its_quotes),
		cmocka_unit_test(the_summary_counts_by_code),
		cmocka_unit_test(the_summary_counts_who_was_sent_away),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
