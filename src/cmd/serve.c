/* mtls serve: the HTTPS server that wants to know who its clients are. */
#include "cmd/serve.h"
#include "cmd/again.h"
#include "cmd/commands.h"
#include "cmd/config.h"
#include "cmd/resumption.h"

#include <sched.h>
#include <unistd.h>

#define MS_MAX 86400000LL
/* More than a busy client needs, and less than a core can do. */
#define HANDSHAKES_PER_ADDRESS 200
#define CRL_GRACE_S_MAX (366 * 86400LL)

const struct option serve_options[] = {
	{ .name = "json", .help = "print what is found as JSON" },
	{ .name = "listen",
		.value = "HOST:PORT",
		.repeats = true,
		.help = "listen here instead of --host and --port; port 0 takes any free one" },
	{ .name = "host",
		.value = "HOST",
		.environment = "MTLS_SERVER_HOST",
		.preset = "127.0.0.1",
		.help = "listen on this host" },
	{ .name = "port",
		.value = "N",
		.environment = "MTLS_SERVER_PORT",
		.preset = "8443",
		.help = "listen on this port" },
	{ .name = "store",
		.value = "STORE",
		.environment = "MTLS_STORE",
		.preset = "sqlite:state/todo.db",
		.help = "keep the items in sqlite:FILE, in memory, or in "
			"postgresql://HOST/DATABASE" },
	{ .name = "store-ms-max",
		.value = "MS",
		.preset = "5000",
		.help = "milliseconds for the store to answer" },
	{ .name = "store-bytes-max",
		.value = "BYTES",
		.preset = "268435456",
		.help = "how large the file of sqlite: may become" },
	{ .name = "root", .value = "DIR", .help = "serve the files of this folder too" },
	{ .name = "verify",
		.value = "MODE",
		.choices = "required|optional|none",
		.preset = "required",
		.help = "whether a client needs a certificate" },
	{ .name = "http",
		.value = "VERSION",
		.choices = "any|1.1|2",
		.preset = "any",
		.help = "which versions of HTTP a client may choose" },
	SIDE_OPTIONS("client"),
	{ .name = "crl-grace",
		.value = "SECONDS",
		.preset = "0",
		.help = "for how long an expired CRL counts on; 0: it refuses everybody" },
	RESUMPTION_OPTIONS,
	{ .name = "sni",
		.value = "MODE",
		.choices = "any|strict",
		.preset = "any",
		.help = "strict refuses names that our certificate does not cover" },
	{ .name = "log",
		.value = "FORM",
		.choices = "text|json",
		.preset = "text",
		.help = "write the log, on standard error, as text or as JSON, a line each" },
	{ .name = "log-requests",
		.value = "WHICH",
		.choices = "all|failed",
		.preset = "all",
		.help = "which requests the log tells of: all, or only those that are refused or "
			"fail, with a status of 400 and more" },
	{ .name = "access-log",
		.value = "FILE",
		.environment = "MTLS_ACCESS_LOG",
		.help = "write a line of JSON for each request to this file, or with - to standard "
			"output" },
	{ .name = "control",
		.value = "PATH",
		.environment = "MTLS_CONTROL",
		.help = "take orders on a socket of this path, which mtls reload gives" },
	{ .name = "metrics",
		.value = "ADDRESS",
		.environment = "MTLS_METRICS",
		.help = "answer /metrics, /healthz and /readyz on HOST:PORT of this machine's "
			"loopback, or on unix:PATH, without TLS" },
	{ .name = "sandbox",
		.value = "MODE",
		.choices = "auto|require|off",
		.environment = "MTLS_SANDBOX",
		.preset = "auto",
		.help = "confine the server to its own folders: as far as this machine can, or not "
			"start without" },
	{ .name = "user",
		.value = "NAME",
		.environment = "MTLS_USER",
		.help = "when started as root, become this user" },
	{ .name = "workers",
		.value = "N",
		.help = "how many threads serve, 1 to 64; by default one for each processor that "
			"we may use, at most 16" },
	{ .name = "transcript", .help = "log of each connection which messages were sent, too" },
	{ .name = "connections-max",
		.value = "N",
		.preset = "10000",
		.help = "how many connections at a time; more are closed as they come" },
	{ .name = "handshakes-per-address",
		.value = "N",
		.help = "how many handshakes an address (of IPv6 a /64) may begin in a second, 0 "
			"for any number; by default 200, and any for this machine's own" },
	{ .name = "handshakes-pending",
		.value = "N",
		.preset = "2500",
		.help = "how many handshakes a worker has in progress at a time; more connections "
			"are closed as they come" },
	{ .name = "lag-ms-max",
		.value = "MS",
		.preset = "500",
		.help = "the same once a turn of a worker's loop took longer than this, with a "
			"tenth "
			"of them in progress; 0: however long" },
	{ .name = "handshake-ms-max",
		.value = "MS",
		.preset = "10000",
		.help = "milliseconds for a handshake" },
	{ .name = "idle-ms-max",
		.value = "MS",
		.preset = "60000",
		.help = "milliseconds between two requests of a connection" },
	{ .name = "header-ms-max",
		.value = "MS",
		.preset = "10000",
		.help = "milliseconds for the head of a request to arrive" },
	{ .name = "body-ms-max",
		.value = "MS",
		.preset = "30000",
		.help = "milliseconds for the body of a request to arrive" },
	{ .name = "send-ms-max",
		.value = "MS",
		.preset = "30000",
		.help = "milliseconds for a client to take the next piece of an answer" },
	{ .name = "drain-delay-ms",
		.value = "MS",
		.preset = "0",
		.help = "milliseconds to serve on after the signal to stop, while /readyz says "
			"no" },
	{ .name = "drain-ms-max",
		.value = "MS",
		.preset = "10000",
		.help = "milliseconds for the requests in flight to finish when the server is told "
			"to "
			"stop" },
	{ .name = "header-bytes-max",
		.value = "BYTES",
		.preset = "16384",
		.help = "how large the head of a request may be; one line may take half of it" },
	{ .name = "body-bytes-max",
		.value = "BYTES",
		.preset = "65536",
		.help = "how large the body of a request may be" },
	CONFIG_OPTION,
	{ 0 },
};

/* One line may take half of it, and more bytes allow more lines; fewer bytes are limit enough. */
static void raise_header_limits(struct http_limits *limits, size_t header_bytes)
{
	if (header_bytes > limits->header_bytes_max) {
		limits->headers_max = limits->headers_max * header_bytes / limits->header_bytes_max;
		limits->header_line_bytes_max = header_bytes / 2;
	}
	limits->header_bytes_max = header_bytes;
}

static bool read_limits(struct args *args, struct server_limits *ret, struct store_options *store,
	struct error *reterr)
{
	long long header_bytes = 0, body_bytes = 0;
	const struct {
		const char *name;
		long long min, max, *ret;
	} rows[] = {
		{ "connections-max", 1, 1000000, &ret->connections_max },
		{ "handshakes-pending", 1, 1000000, &ret->handshakes_pending },
		{ "lag-ms-max", 0, MS_MAX, &ret->lag_ms_max },
		{ "handshake-ms-max", 1, MS_MAX, &ret->handshake_ms_max },
		{ "idle-ms-max", 1, MS_MAX, &ret->idle_ms_max },
		{ "header-ms-max", 1, MS_MAX, &ret->header_ms_max },
		{ "body-ms-max", 1, MS_MAX, &ret->body_ms_max },
		{ "send-ms-max", 1, MS_MAX, &ret->send_ms_max },
		{ "drain-delay-ms", 0, MS_MAX, &ret->drain_delay_ms },
		{ "drain-ms-max", 0, MS_MAX, &ret->drain_ms_max },
		{ "header-bytes-max", 256, 1 << 20, &header_bytes },
		{ "body-bytes-max", 0, 16 << 20, &body_bytes },
		{ "store-ms-max", 1, MS_MAX, &store->ms_max },
		{ "store-bytes-max", 65536, 1LL << 40, &store->bytes_max },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (!args_number(args, rows[i].name, rows[i].min, rows[i].max, rows[i].ret, reterr))
			return false;
	ret->handshakes_per_address = -1;
	if (!args_number(args, "handshakes-per-address", 0, 1000000, &ret->handshakes_per_address,
		    reterr))
		return false;
	ret->handshakes_given = ret->handshakes_per_address >= 0;
	if (!ret->handshakes_given)
		ret->handshakes_per_address = HANDSHAKES_PER_ADDRESS;
	ret->http = (struct http_limits)HTTP_LIMITS_DEFAULT;
	raise_header_limits(&ret->http, (size_t)header_bytes);
	ret->http.body_bytes_max = (size_t)body_bytes;
	if (!strcmp(args_text(args, "http"), "2"))
		ret->http.version_min = HTTP_2;
	return true;
}

#define WORKERS_DEFAULT_MAX 16

static bool read_workers(struct args *args, size_t *ret, struct error *reterr)
{
	long long workers = (long long)cores_usable(WORKERS_DEFAULT_MAX);
	if (!args_number(args, "workers", 1, SERVER_WORKERS_MAX, &workers, reterr))
		return false;
	*ret = (size_t)workers;
	return true;
}

/* Host and port of the environment beat a `listen` of the configuration file, and a flag both. */
static bool prefers_host_and_port(const struct args *args)
{
	static const char *const names[] = { "host", "port" };
	static const char *const variables[] = { "MTLS_SERVER_HOST", "MTLS_SERVER_PORT" };
	for (size_t i = 0; i < 2; i++) {
		const char *value = getenv(variables[i]);
		if (args_given(args, names[i]) || (value && *value))
			return true;
	}
	return false;
}

static bool read_listen(struct args *args, struct net_address ret[static SERVE_LISTEN_MAX],
	size_t *ret_count, struct error *reterr)
{
	size_t count;
	const char *const *texts = args_list(args, "listen", &count);
	if (count && (args_given(args, "listen") || !prefers_host_and_port(args))) {
		if (count > SERVE_LISTEN_MAX)
			return error_set(reterr, ERROR_USAGE,
				"mtls serve: --listen is given more than %d times",
				SERVE_LISTEN_MAX);
		for (size_t i = 0; i < count; i++)
			if (!net_address_parse(texts[i], &ret[i], reterr))
				return error_context(reterr, "mtls serve: --listen");
		*ret_count = count;
		return true;
	}
	const char *host = args_text(args, "host");
	bool bare_ipv6 = strchr(host, ':') && host[0] != '[';
	OWN(char) char *text = text_format("%s%s%s:%s", bare_ipv6 ? "[" : "", host,
		bare_ipv6 ? "]" : "", args_text(args, "port"));
	*ret_count = 1;
	return net_address_parse(text, &ret[0], reterr) ||
	       error_context(reterr, "mtls serve: --host and --port");
}

static enum tls_verify verify_mode(const struct args *args)
{
	switch (*args_text(args, "verify")) {
	case 'o':
		return TLS_VERIFY_OPTIONAL;
	case 'n':
		return TLS_VERIFY_NONE;
	default:
		return TLS_VERIFY_REQUIRED;
	}
}

static enum confine_mode sandbox_mode(const struct args *args)
{
	switch (*args_text(args, "sandbox")) {
	case 'r':
		return CONFINE_REQUIRE;
	case 'o':
		return CONFINE_OFF;
	default:
		return CONFINE_AUTO;
	}
}

/* What is offered in the handshake, the preferred first (RFC 7301). */
static const char *alpn(const struct args *args)
{
	switch (*args_text(args, "http")) {
	case '1':
		return "http/1.1";
	case '2':
		return "h2";
	default:
		return "h2,http/1.1";
	}
}

bool serving_read(struct args *args, struct serving *ret, struct error *reterr)
{
	struct server_options *options = &ret->options;
	*options = (struct server_options){
		.listen = ret->listen,
		.root = args_text(args, "root"),
		.log = { .fd = STDERR_FILENO,
			.json = !strcmp(args_text(args, "log"), "json"),
			.level_min = LOG_INFO },
	};
	if (!read_listen(args, ret->listen, &options->listen_count, reterr) ||
		!read_limits(args, &options->limits, &options->store, reterr) ||
		!read_workers(args, &options->workers, reterr) ||
		!side_read(args, "server", false, &ret->side, reterr))
		return false;
	options->store.where = args_text(args, "store");
	options->tls = ret->side.tls;
	if (!args_number(args, "crl-grace", 0, CRL_GRACE_S_MAX, &options->tls.verify.crl_grace_s,
		    reterr))
		return false;
	if (!resumption_read(args, &options->tls, &ret->sessions, reterr))
		return false;
	options->tls.server = true;
	options->log_failed_only = !strcmp(args_text(args, "log-requests"), "failed");
	options->log_transcripts = args_flag(args, "transcript");
	/* The page shows one, too; with --root there is no page. */
	options->tls.transcript = options->log_transcripts || !options->root;
	options->tls.verify_mode = verify_mode(args);
	options->tls.verify.purpose = PURPOSE_CLIENT;
	options->tls.sni_strict = !strcmp(args_text(args, "sni"), "strict");
	options->tls.alpn = alpn(args);
	options->policy_path = config_path(args);
	options->control = args_text(args, "control");
	options->access_log = args_text(args, "access-log");
	options->metrics = args_text(args, "metrics");
	if (options->metrics && !server_metrics_check(options->metrics, reterr))
		return error_context(reterr, "mtls serve: --metrics");
	options->sandbox = sandbox_mode(args);
	options->user = args_text(args, "user");
	return true;
}

void serving_done(struct serving *serving)
{
	tls_sessions_free(serving->sessions);
	server_supervision_done(&serving->options.supervision);
	side_done(&serving->side);
}

/* In the log's own form, which a program may read. */
static void log_warnings(const struct log *log, const struct config *config)
{
	OWN(json_t) json_t *warnings = config_warnings(config);
	const json_t *warning;
	size_t i;
	json_array_foreach(warnings, i, warning) log_event(log, LOG_WARNING, "configuration", NULL,
		"[SERVER] WARNING: %s", json_string_value(warning));
}

static bool serve(struct args *args, const struct config *config, struct error *reterr)
{
	OWN(serving) struct serving serving = { 0 };
	OWN(server) struct server *server = NULL;
	if (!serving_read(args, &serving, reterr))
		return false;
	log_warnings(&serving.options.log, config);
	return server_supervision_read(&serving.options.supervision, reterr) &&
	       server_new(&serving.options, &server, reterr) && server_run(server, reterr);
}

static int serve_run(struct args *args)
{
	struct error error;
	OWN(config) struct config *config = NULL;
	if (!config_apply_of(args, "serve", &config, &error))
		return cmd_fail(&error);
	again_if_faster(args);
	return serve(args, config, &error) ? 0 : cmd_fail(&error);
}

const struct command serve_command = {
	.name = "serve",
	.summary = "Serves /todo, /whoami and files to clients with a certificate",
	.operands = "",
	.options = serve_options + 1,
	.run = serve_run,
	.details = "HTTP/2 and HTTP/1.1 are offered in the handshake (ALPN), and the same is "
		   "answered on both; a client that chooses neither speaks HTTP/1.1.\n"
		   "The first signal to stop (Ctrl+C, SIGTERM) lets requests in flight finish; the "
		   "second ends the server at once.\n"
		   "Exit codes: 0 stopped, 2 usage or input, 3 the address or the store cannot be "
		   "used.",
};
