/* mtls bench: how much mutual TLS a server can do, and how long each of its clients waits. */
#include "bench/bench.h"
#include "client/client.h"
#include "cmd/bench_report.h"
#include "cmd/commands.h"
#include "cmd/config.h"
#include "cmd/payload.h"
#include "cmd/side.h"

#include <glob.h>
#include <stdio.h>
#include <unistd.h>

static const struct option options[] = {
	{ .name = "mode",
		.letter = 'm',
		.choices = "requests|full|resumed|idle",
		.value = "MODE",
		.preset = "requests",
		.help = "what to measure: see below" },
	{ .name = "connections",
		.letter = 'c',
		.value = "N",
		.preset = "16",
		.help = "connections at a time" },
	{ .name = "threads",
		.letter = 't',
		.value = "N",
		.preset = "1",
		.help = "threads of load" },
	{ .name = "duration",
		.letter = 'D',
		.value = "SECONDS",
		.preset = "10",
		.help = "measure for so long, 1 to 86400" },
	{ .name = "count",
		.letter = 'n',
		.value = "N",
		.help = "end after so many operations, if the time is not over before" },
	{ .name = "rate",
		.letter = 'r',
		.value = "N",
		.help = "begin so many operations a second, however slow the answers; each one's "
			"time runs from when it was due" },
	{ .name = "http2", .help = "ask over HTTP/2" },
	{ .name = "streams",
		.value = "N",
		.help = "over HTTP/2: requests at a time on each connection, 1 to 100" },
	{ .name = "timeout",
		.value = "SECONDS",
		.preset = "10",
		.help = "an operation that takes longer has failed, 1 to 3600" },
	PAYLOAD_OPTIONS,
	{ .name = "certs",
		.value = "DIR",
		.environment = "MTLS_CERTS",
		.preset = "certs",
		.help = "folder with ca.crt, client.crt and client.key; or a pattern of client "
			"certificates, each with its key beside it, that are used in turn" },
	SIDE_FILES_AND_RULES("server"),
	{ .name = "no-cert", .help = "show no certificate" },
	{ .name = "json", .help = "print the result as one JSON object" },
	CONFIG_OPTION,
	{ 0 },
};

struct job {
	struct args *args;
	struct side side;
	struct url url;
	struct payload payload;
	struct buffer request;
	struct h2_question question;
	struct http_header headers[H2_QUESTION_HEADERS_MAX];
	char *authority;
	struct bench_options bench;
	struct bench_certificate one, *many;
	char **names; /* the certificates and keys of `many` */
	size_t names_count;
	char *ca;
	const char *ca_list[1];
};

static void own_job(struct job *job)
{
	side_done(&job->side);
	url_done(&job->url);
	payload_done(&job->payload);
	buffer_done(&job->request);
	for (size_t i = 0; i < job->question.header_count; i++)
		free((char *)job->headers[i].name);
	free(job->authority);
	for (size_t i = 0; i < job->names_count; i++)
		free(job->names[i]);
	free(job->names);
	free(job->many);
	free(job->ca);
}

/* ---- Certificates ---- */

static bool take_matches(struct job *job, const char *pattern, const glob_t *found)
{
	(void)pattern;
	job->many = calloc(found->gl_pathc, sizeof *job->many);
	job->names = calloc(found->gl_pathc * 2, sizeof *job->names);
	if (!job->many || !job->names)
		bug("out of memory for %zu certificates", found->gl_pathc);
	for (size_t i = 0; i < found->gl_pathc; i++) {
		char *cert = text_copy(found->gl_pathv[i]), *key = side_key_beside(cert);
		job->names[job->names_count++] = cert;
		job->names[job->names_count++] = key;
		job->many[i] = (struct bench_certificate){ cert, key };
	}
	job->bench.certificates = job->many;
	job->bench.certificates_count = found->gl_pathc;
	return true;
}

/* The folder of the pattern holds the CA too, unless --ca says otherwise. */
static void trust_beside(struct job *job, const char *pattern)
{
	const char *slash = strrchr(pattern, '/');
	if (args_given(job->args, "ca"))
		return;
	job->ca = slash ? text_format("%.*s/ca.crt", (int)(slash - pattern), pattern)
			: text_copy("ca.crt");
	job->ca_list[0] = job->ca;
	job->side.tls.ca = job->ca_list;
	job->side.tls.ca_count = 1;
}

static bool read_pattern(struct job *job, const char *pattern, struct error *reterr)
{
	glob_t found;
	if (args_given(job->args, "cert") || args_given(job->args, "key"))
		return error_set(reterr, ERROR_USAGE,
			"mtls bench: --cert and a pattern in --certs exclude each other");
	if (!side_read(job->args, "client", true, &job->side, reterr))
		return false;
	trust_beside(job, pattern);
	int status = glob(pattern, 0, NULL, &found);
	bool ok = status == 0 && take_matches(job, pattern, &found);
	globfree(&found);
	return ok || error_set(reterr, ERROR_INPUT, "no certificate matches '%s'", pattern);
}

static bool read_side(struct job *job, struct error *reterr)
{
	const char *certs = args_text(job->args, "certs");
	bool bare = args_flag(job->args, "no-cert");
	if (!bare && certs[strcspn(certs, "*?[")])
		return read_pattern(job, certs, reterr);
	if (bare && (args_given(job->args, "cert") || args_given(job->args, "key")))
		return error_set(reterr, ERROR_USAGE,
			"mtls bench: --no-cert and --cert or --key exclude each other");
	if (!side_read(job->args, "client", bare, &job->side, reterr))
		return false;
	job->one = (struct bench_certificate){ job->side.tls.cert, job->side.tls.key };
	job->bench.certificates = &job->one;
	job->bench.certificates_count = !bare;
	return true;
}

/* ---- The load ---- */

static enum bench_mode parse_mode(const char *text)
{
	enum bench_mode mode = BENCH_REQUESTS;
	while (strcmp(bench_report_mode(mode), text) != 0)
		mode++;
	return mode;
}

static bool read_numbers(struct job *job, struct error *reterr)
{
	long long connections = 0, threads = 0, seconds = 0, count = 0, rate = 0, timeout = 0;
	struct args *args = job->args;
	if (!args_number(args, "connections", 1, BENCH_CONNECTIONS_MAX, &connections, reterr) ||
		!args_number(args, "threads", 1, BENCH_THREADS_MAX, &threads, reterr) ||
		!args_number(args, "duration", 1, 86400, &seconds, reterr) ||
		!args_number(args, "count", 1, 1000000000000, &count, reterr) ||
		!args_number(args, "rate", 1, 10000000, &rate, reterr) ||
		!args_number(args, "timeout", 1, 3600, &timeout, reterr))
		return false;
	if (threads > connections)
		return error_set(reterr, ERROR_USAGE,
			"mtls bench: %lld threads have nothing to do with %lld connections",
			threads, connections);
	job->bench.mode = parse_mode(args_text(args, "mode"));
	if (rate && job->bench.mode == BENCH_IDLE)
		return error_set(reterr, ERROR_USAGE,
			"mtls bench: --rate and --mode idle exclude each other");
	job->bench.connections = (size_t)connections;
	job->bench.threads = (size_t)threads;
	job->bench.duration_ms = (uint64_t)seconds * 1000;
	job->bench.count = (uint64_t)count;
	job->bench.rate = (double)rate;
	job->bench.timeout_ms = (uint64_t)timeout * 1000;
	return true;
}

/* A header or method with a line break in it would be another request. */
static bool is_one_line(const char *text)
{
	return !text[strcspn(text, "\r\n")];
}

static bool write_request(struct job *job, struct error *reterr)
{
	const struct payload *payload = &job->payload;
	const struct url *url = &job->url;
	struct buffer *request = &job->request;
	const char *method = payload->method;
	*request = (struct buffer)BUFFER(CLIENT_BODY_BYTES_MAX + CLIENT_HEADER_BYTES_MAX);
	if (!*method || method[strcspn(method, " \r\n\t")])
		return error_set(reterr, ERROR_USAGE, "'%s' is no HTTP method", method);
	if (!buffer_format(request, reterr,
		    "%s %s HTTP/1.1\r\nHost: %s:%u\r\nUser-Agent: mtls/" MTLS_VERSION "\r\n",
		    method, url->target, url->host, url->port))
		return false;
	for (size_t i = 0; i < payload->headers_count; i++)
		if (!is_one_line(payload->headers[i]) || !strchr(payload->headers[i], ':'))
			return error_set(reterr, ERROR_USAGE, "the header '%s' is no NAME: VALUE",
				payload->headers[i]);
		else if (!buffer_format(request, reterr, "%s\r\n", payload->headers[i]))
			return false;
	if (payload->body.data &&
		!buffer_format(request, reterr, "Content-Length: %zu\r\n", payload->body.length))
		return false;
	if (!buffer_text(request, "\r\n", reterr) ||
		(payload->body.length &&
			!buffer_append(request, payload->body.data, payload->body.length, reterr)))
		return false;
	job->bench.request = request->data;
	job->bench.request_bytes = request->length;
	job->bench.head = !strcmp(method, "HEAD");
	return true;
}

/* HTTP/2's names are in lower case, and what belongs to one connection is not sent (RFC 9113 8.2).
 */
static bool write_question(struct job *job, struct error *reterr)
{
	const struct payload *payload = &job->payload;
	struct h2_question *question = &job->question;
	if (payload->headers_count > H2_QUESTION_HEADERS_MAX)
		return error_set(reterr, ERROR_USAGE, "mtls bench: at most %d headers over HTTP/2",
			H2_QUESTION_HEADERS_MAX);
	for (size_t i = 0; i < payload->headers_count; i++) {
		const char *colon = strchr(payload->headers[i], ':');
		char *name = text_copy(payload->headers[i]);
		name[colon - payload->headers[i]] = 0;
		for (char *c = name; *c; c++)
			*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 'a' - 'A') : *c;
		job->headers[question->header_count++] =
			(struct http_header){ name, colon + 1 + strspn(colon + 1, " \t") };
	}
	job->authority = text_format("%s:%u", job->url.host, job->url.port);
	question->method = payload->method;
	question->authority = job->authority;
	question->path = job->url.target;
	question->headers = job->headers;
	question->body = payload->body.data;
	question->body_bytes = payload->body.length;
	job->bench.question = question;
	return true;
}

static bool read_http2(struct job *job, struct error *reterr)
{
	long long streams = 1;
	bool http2 = args_flag(job->args, "http2");
	if (!args_number(job->args, "streams", 1, H2_STREAMS_MAX, &streams, reterr))
		return false;
	if (args_given(job->args, "streams") && !http2)
		return error_set(reterr, ERROR_USAGE, "mtls bench: --streams needs --http2");
	if (streams > 1 && job->bench.mode != BENCH_REQUESTS)
		return error_set(
			reterr, ERROR_USAGE, "mtls bench: --streams is for --mode requests");
	job->bench.streams = (size_t)streams;
	return !http2 || write_question(job, reterr);
}

static bool read_job(struct args *args, struct job *job, struct error *reterr)
{
	job->args = args;
	if (!payload_read(args, &job->payload, reterr) ||
		!url_parse(job->payload.url, &job->url, reterr) || !read_numbers(job, reterr) ||
		!write_request(job, reterr) || !read_http2(job, reterr) || !read_side(job, reterr))
		return false;
	struct net_address *server = &job->bench.server;
	const char *host = job->url.host + (*job->url.host == '[');
	snprintf(server->host, sizeof server->host, "%.*s", (int)strcspn(host, "]"), host);
	server->port = job->url.port;
	job->bench.tls = job->side.tls;
	job->bench.tls.alpn = job->bench.question ? "h2" : "http/1.1";
	job->bench.tls.verify.purpose = PURPOSE_SERVER;
	job->bench.tls.verify.name = job->url.name;
	/* Without it a server of many names shows its first certificate (RFC 6066 section 3). */
	if (!strncmp(job->url.name, "DNS:", 4))
		job->bench.tls.sni = job->url.name + 4;
	if (isatty(STDERR_FILENO))
		job->bench.progress = bench_report_progress;
	return true;
}

static int run(struct args *args)
{
	struct error error;
	OWN(config) struct config *config = NULL;
	OWN(job) struct job job = { 0 };
	if (!config_apply(args, &config, &error) || !read_job(args, &job, &error))
		return cmd_fail(&error);
	struct bench_result *result = calloc(1, sizeof *result);
	if (!result)
		bug("out of memory for a result");
	bool ok = bench_run(&job.bench, result, &error);
	if (job.bench.progress)
		bench_report_progress_end();
	int code = ok ? 0 : cmd_fail(&error);
	if (ok)
		code = args_flag(args, "json") ? bench_report_json(job.url.text, &job.bench, result)
					       : bench_report_text(&job.bench, result);
	if (!code && result->failed)
		code = 1;
	free(result);
	return code;
}

const struct command bench_command = {
	.name = "bench",
	.summary = "Measures a server under mutual TLS: handshakes, requests, latency",
	PAYLOAD_OPERANDS,
	.options = options,
	.run = run,
	.details =
		"Modes: requests, one after the other on connections that stay; full, each on a "
		"connection of its own with a full handshake; resumed, the same with the session "
		"of the connection before; idle, connections that ask once and then stay silent.\n"
		"Before the load each certificate makes one request, so that a refusal is "
		"explained and not counted. A result with failures (of handshakes, connections, or "
		"HTTP 400 and above) has exit code 1.",
};
