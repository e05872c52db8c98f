/* mtls request: one HTTP request over mutual TLS, its response, and what the handshake showed. */
#include "client/client.h"
#include "cmd/commands.h"
#include "cmd/config.h"
#include "cmd/handshake.h"
#include "cmd/payload.h"
#include "cmd/side.h"
#include "lab/lab.h"

#include <stdio.h>

#define DRAWING_BYTES_MAX ((size_t)64 << 10)

static const struct option options[] = {
	SIDE_OPTIONS("server"),
	{ .name = "no-cert", .help = "send no certificate, even if the server asks" },
	PAYLOAD_OPTIONS,
	{ .name = "output",
		.letter = 'o',
		.value = "FILE",
		.help = "write the response's body to FILE instead of standard output" },
	{ .name = "include", .letter = 'i', .help = "print the response's headers too" },
	{ .name = "verbose",
		.letter = 'v',
		.help = "say on standard error what the handshake showed" },
	{ .name = "draw", .help = "draw the handshake on standard error, message by message" },
	{ .name = "json", .help = "print response, handshake and error as one JSON object" },
	{ .name = "resolve",
		.value = "HOST:PORT:ADDRESS",
		.repeats = true,
		.help = "connect to ADDRESS, and still expect the certificate of HOST" },
	{ .name = "http2", .help = "ask over HTTP/2, and nothing else" },
	{ .name = "http1.1", .help = "ask over HTTP/1.1, which is so unless mtls.cnf says http2" },
	{ .name = "alpn",
		.value = "LIST",
		.help = "offer these application protocols, comma-separated (default: HTTP's)" },
	{ .name = "timeout",
		.value = "SECONDS",
		.preset = "30",
		.help = "give up after so long, 1 to 3600" },
	CONFIG_OPTION,
	{ 0 },
};

struct job {
	struct args *args;
	struct side side;
	struct client_options client;
	struct client_request request;
	struct payload payload;
};

static void own_job(struct job *job)
{
	side_done(&job->side);
	payload_done(&job->payload);
}

static bool read_version(const struct args *args, bool *ret_http2, struct error *reterr)
{
	if (args_given(args, "http2") && args_given(args, "http1.1"))
		return error_set(reterr, ERROR_USAGE,
			"mtls request: --http2 and --http1.1 exclude each other");
	*ret_http2 = args_flag(args, "http2") && !args_given(args, "http1.1");
	if (*ret_http2 && args_text(args, "alpn"))
		return error_set(reterr, ERROR_USAGE,
			"mtls request: --http2 and --alpn exclude each other: HTTP/2's is h2");
	return true;
}

static bool read_job(struct args *args, struct job *ret, struct error *reterr)
{
	long long seconds = 0;
	ret->args = args;
	if (!side_read(args, "client", args_flag(args, "no-cert"), &ret->side, reterr) ||
		!args_number(args, "timeout", 1, 3600, &seconds, reterr) ||
		!payload_read(args, &ret->payload, reterr))
		return false;
	if (args_flag(args, "no-cert") && (args_given(args, "cert") || args_given(args, "key")))
		return error_set(reterr, ERROR_USAGE,
			"mtls request: --no-cert and --cert or --key exclude each other");
	if (!read_version(args, &ret->client.http2, reterr))
		return false;
	ret->client.tls = ret->side.tls;
	ret->client.tls.alpn = args_text(args, "alpn");
	ret->client.timeout_ms = (long)seconds * 1000;
	ret->client.resolve = args_list(args, "resolve", &ret->client.resolve_count);
	ret->client.url = ret->payload.url;
	ret->request.method = ret->payload.method;
	ret->request.body = ret->payload.body.data;
	ret->request.body_bytes = ret->payload.body.length;
	ret->request.headers = ret->payload.headers;
	ret->request.headers_count = ret->payload.headers_count;
	return true;
}

/* ---- Output ---- */

static json_t *headers_json(const struct client_response *response)
{
	json_t *list = json_array();
	const char *line = response->headers.data ? strstr(response->headers.data, "\r\n") : NULL;
	while (line && line[2] && line[2] != '\r') {
		char name[128], value[8192];
		line += 2;
		size_t bytes = strcspn(line, "\r\n"), colon = strcspn(line, ":");
		if (colon < bytes) {
			size_t skip = colon + 1 + strspn(line + colon + 1, " \t");
			text_escape(name, sizeof name, line, colon);
			text_escape(
				value, sizeof value, line + skip, bytes > skip ? bytes - skip : 0);
			json_array_append_new(
				list, json_pack("{s:s, s:s}", "name", name, "value", value));
		}
		line = strstr(line, "\r\n");
	}
	return list;
}

/* Bytes that are no text go into JSON as hexadecimal: {"hex": "00ff"}. */
static json_t *body_json(const struct buffer *body)
{
	if (!body->length)
		return json_string("");
	if (text_is_utf8(body->data, body->length))
		return json_stringn(body->data, body->length);
	char *hex = malloc(body->length * 2 + 1);
	if (!hex)
		bug("out of memory for a body");
	for (size_t i = 0; i < body->length; i++)
		snprintf(hex + 2 * i, 3, "%02x", (unsigned char)body->data[i]);
	json_t *json = json_pack("{s:s}", "hex", hex);
	free(hex);
	return json;
}

static json_t *answer_json(const struct job *job, const struct client *client,
	const struct client_response *response, const struct error *error)
{
	json_t *body = args_text(job->args, "output") ? json_null() : body_json(&response->body);
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "method", job->request.method,
		"url", job->client.url, "status",
		response->status ? json_integer(response->status) : json_null(), "headers",
		headers_json(response), "body", body, "tls", handshake_json(client), "error",
		error ? handshake_error_json(error) : json_null());
}

static int print_response(const struct job *job, const struct client_response *response)
{
	struct error error;
	const char *output = args_text(job->args, "output");
	int code = 0;
	if (args_flag(job->args, "include") && response->headers.length)
		code = cmd_print(response->headers.data, response->headers.length);
	if (output && (!bundle_check_target(output,
			       ~(BUNDLE_BIT(BUNDLE_KEY) | BUNDLE_BIT(BUNDLE_PFX)), &error) ||
			      !file_write(output, FILE_PUBLIC, response->body.data,
				      response->body.length, &error)))
		return cmd_fail(&error);
	if (!output && response->body.length && !code)
		code = cmd_print(response->body.data, response->body.length);
	return code;
}

static void draw_handshake(const struct client *client)
{
	OWN(buffer) struct buffer text = BUFFER(DRAWING_BYTES_MAX);
	OWN(json_t) json_t *said = tls_transcript_json(&client_peer(client)->transcript, false);
	OWN(json_t) json_t *messages = draw_merge(said, NULL);
	struct error ignored; /* it is not that long */
	if (draw_text(messages, &text, &ignored))
		fputs(text.data, stderr);
}

static int report(const struct job *job, const struct client *client,
	const struct client_response *response, const struct error *error)
{
	int code = 0;
	bool json = args_flag(job->args, "json");
	if (args_flag(job->args, "verbose"))
		handshake_print(stderr, client);
	if (args_flag(job->args, "draw"))
		draw_handshake(client);
	if (json && !args_text(job->args, "output"))
		code = cmd_print_json(answer_json(job, client, response, error));
	else if (response->status)
		code = print_response(job, response);
	if (!code && json && args_text(job->args, "output"))
		code = cmd_print_json(answer_json(job, client, response, error));
	if (code || !error)
		return code;
	return json ? error_exit_code(error->kind) : cmd_fail(error);
}

static bool perform(struct client *client, const struct job *job, struct client_response *response,
	struct error *reterr)
{
	return client_perform(client, &job->request, response, reterr) &&
	       (response->status < 400 || client_explain_status(client, response, reterr));
}

static int run(struct args *args)
{
	struct error error;
	OWN(job) struct job job = { 0 };
	OWN(client) struct client *client = NULL;
	OWN(client_response) struct client_response response = CLIENT_RESPONSE;
	OWN(config) struct config *config = NULL;
	if (!config_apply(args, &config, &error) || !read_job(args, &job, &error) ||
		!client_new(&job.client, &client, &error))
		return cmd_fail(&error);
	bool ok = perform(client, &job, &response, &error);
	return report(&job, client, &response, ok ? NULL : &error);
}

static json_t *answer(struct args *args, const struct error *parsed)
{
	struct error error;
	OWN(job) struct job job = { 0 };
	OWN(client) struct client *client = NULL;
	OWN(client_response) struct client_response response = CLIENT_RESPONSE;
	if (parsed)
		return json_pack("{s:o}", "error", handshake_error_json(parsed));
	if (!read_job(args, &job, &error) || !client_new(&job.client, &client, &error))
		return json_pack("{s:o}", "error", handshake_error_json(&error));
	bool ok = perform(client, &job, &response, &error);
	return answer_json(&job, client, &response, ok ? NULL : &error);
}

json_t *request_answer(const char *const *words)
{
	/* Words of main() may be written to, so theirs are not const; nobody does. */
	union {
		const char *const *given;
		char *const *taken;
	} list = { .given = words };
	struct error error;
	int count = 0;
	while (words[count])
		count++;
	OWN(args) struct args *args = NULL;
	bool ok = args_parse(&request_command, count, list.taken, &args, &error);
	return answer(args, ok ? NULL : &error);
}

const struct command request_command = {
	.name = "request",
	.summary = "Sends one HTTP request over mutual TLS and prints the response",
	PAYLOAD_OPERANDS,
	.options = options,
	.run = run,
	.details =
		"METHOD is GET, or POST with --data, unless given. Without -H Content-Type a body "
		"that is JSON is sent as application/json. Certificates come from DIR/client.crt, "
		"DIR/client.key and DIR/ca.crt unless given; the key of NAME.crt is NAME.key.\n"
		"Exit codes: 0 answered, 1 refused (by either side, or HTTP 400 and above), 2 "
		"usage or input, 3 nobody listens or the network failed.",
};
