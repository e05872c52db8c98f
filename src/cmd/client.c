/* mtls client: creates an item and lists them all; with --no-cert, proves that nobody else can. */
#include "client/client.h"
#include "cmd/commands.h"
#include "cmd/config.h"
#include "cmd/handshake.h"
#include "cmd/side.h"

#include <stdarg.h>
#include <stdio.h>

#define URL_DEFAULT "https://127.0.0.1:8443/todo"
#define PATH_DEFAULT "/todo"

static const struct option table[] = {
	SIDE_OPTIONS("server"),
	{ .name = "no-cert",
		.help = "run the negative test: the server must let us in with our certificate and "
			"refuse us without" },
	{ .name = "task",
		.value = "TEXT",
		.preset = "Añadir endpoint POST",
		.help = "text of the item that is added" },
	{ .name = "verbose",
		.letter = 'v',
		.help = "say on standard error what the handshakes showed" },
	CONFIG_OPTION,
	{ 0 },
};

/* "host:port" alone means the list of items there. */
static char *items_url(const char *given)
{
	OWN(char) char *url = url_full(given);
	const char *host = strstr(url, "://") + strlen("://");
	return text_format("%s%s", url, host[strcspn(host, "/?#")] ? "" : PATH_DEFAULT);
}

static const char *url_path(const char *url)
{
	const char *path = strchr(strstr(url, "://") + strlen("://"), '/');
	return path ? path : url;
}

/* Prints whole lines; 0 or the exit code of a failed write. */
static int say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int say(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	OWN(char) char *text = text_format_list(format, arguments);
	va_end(arguments);
	return cmd_print(text, strlen(text));
}

/* ---- The answers ---- */

/* The list with one item a line, as the rest with two blanks a level. */
static char *list_text(const json_t *answer, const json_t *todos)
{
	OWN(json_t) json_t *client = json_copy(json_object_get(answer, "client"));
	OWN(char) char *name = json_dumps(client, JSON_ENCODE_ANY);
	char *text = text_format("{\n  \"client\": %s,\n  \"todos\": [", name ? name : "null");
	size_t index;
	json_t *item;
	json_array_foreach((json_t *)todos, index, item)
	{
		OWN(char) char *before = text;
		OWN(char) char *line = json_dumps(item, JSON_ENCODE_ANY);
		text = text_format("%s%s\n    %s", before, index ? "," : "", line ? line : "null");
	}
	OWN(char) char *all = text;
	return text_format("%s\n  ]\n}\n", all);
}

static bool parse_answer(const struct client_response *response, const char *method,
	const char *url, json_t **ret, struct error *reterr)
{
	json_error_t where;
	const char *text = response->body.data ? response->body.data : "";
	*ret = json_loadb(text, response->body.length, JSON_REJECT_DUPLICATES, &where);
	if (*ret)
		return true;
	return error_set(reterr, ERROR_CHECK, "%s %s was answered with something that is no JSON",
		method, url);
}

struct session {
	struct client *client;
	const char *url;
	bool verbose;
};

/* One request whose status must be `expected`; its JSON in *ret_answer. */
static bool ask(const struct session *session, const struct client_request *request, int expected,
	json_t **ret_answer, struct error *reterr)
{
	OWN(client_response) struct client_response response = CLIENT_RESPONSE;
	bool ok = client_perform(session->client, request, &response, reterr);
	if (session->verbose)
		handshake_print(stderr, session->client);
	if (!ok)
		return false;
	if (response.status >= 400)
		return client_explain_status(session->client, &response, reterr);
	if (response.status != expected)
		return error_set(reterr, ERROR_CHECK, "%s %s was answered with HTTP %d, not %d",
			request->method, session->url, response.status, expected);
	return parse_answer(&response, request->method, session->url, ret_answer, reterr);
}

static int create_item(const struct session *session, const char *task)
{
	static const char *const headers[] = { "Content-Type: application/json" };
	struct error error;
	OWN(json_t) json_t *item = json_pack("{s:s, s:b}", "task", task, "done", 0);
	OWN(char) char *body = item ? json_dumps(item, 0) : NULL;
	OWN(json_t) json_t *answer = NULL;
	if (!body) {
		error_set(&error, ERROR_USAGE, "mtls client: --task is no UTF-8");
		return cmd_fail(&error);
	}
	const struct client_request request = { .method = "POST",
		.headers = headers,
		.headers_count = 1,
		.body = body,
		.body_bytes = strlen(body) };
	int code = say("[CLIENT] Creating new TODO with POST %s ...\n", url_path(session->url));
	if (code)
		return code;
	if (!ask(session, &request, 201, &answer, &error))
		return cmd_fail(&error);
	OWN(char) char *text = json_dumps(answer, JSON_INDENT(2));
	return say("[CLIENT] POST response (HTTP 201):\n%s\n", text ? text : "");
}

static int list_items(const struct session *session)
{
	struct error error;
	OWN(json_t) json_t *answer = NULL;
	const struct client_request request = { .method = "GET" };
	int code = say("[CLIENT] Fetching TODO list with GET %s ...\n", url_path(session->url));
	if (code)
		return code;
	if (!ask(session, &request, 200, &answer, &error))
		return cmd_fail(&error);
	const json_t *todos = json_object_get(answer, "todos");
	OWN(char) char *name = json_dumps(json_object_get(answer, "client"), JSON_ENCODE_ANY);
	if (!json_is_array(todos)) {
		error_set(&error, ERROR_CHECK, "GET %s was answered without a list of todos",
			session->url);
		return cmd_fail(&error);
	}
	OWN(char) char *text = list_text(answer, todos);
	return say("[CLIENT] Authenticated as: %s\n[CLIENT] Response (HTTP 200):\n%s",
		name ? name : "null", text);
}

static int run_positive(struct args *args, const struct client_options *options)
{
	struct error error;
	OWN(client) struct client *client = NULL;
	if (!client_new(options, &client, &error))
		return cmd_fail(&error);
	const struct session session = { client, options->url, args_flag(args, "verbose") };
	int code = say("[CLIENT] Connecting to %s\n[CLIENT] Client cert: %s\n"
		       "[CLIENT] CA trust: %s\n",
		options->url, file_name(options->tls.cert), file_name(options->tls.ca[0]));
	if (!code)
		code = create_item(&session, args_text(args, "task"));
	return code ? code : list_items(&session);
}

/* ---- The negative test ---- */

/* RFC 8446 section 6.2 and RFC 5246 section 7.2.2: what says that a certificate is missing. */
static bool is_right_alert(const struct tls_outcome *outcome)
{
	const struct code_info *info = code_info(CODE_NO_CLIENT_CERTIFICATE);
	if (!outcome->version || !outcome->certificate_requested)
		return false;
	return outcome->alert_received ==
	       (strcmp(outcome->version, "TLSv1.3") ? info->alert12 : info->alert13);
}

/* One GET; whether the right alert came, its status (0: no answer) and, if it failed, *reterr. */
static bool attempt(const struct client_options *options, bool verbose, bool *ret_right_alert,
	int *ret_status, struct error *reterr)
{
	OWN(client) struct client *client = NULL;
	OWN(client_response) struct client_response response = CLIENT_RESPONSE;
	const struct client_request request = { .method = "GET" };
	if (!client_new(options, &client, reterr))
		return false;
	bool ok = client_perform(client, &request, &response, reterr);
	if (verbose)
		handshake_print(stderr, client);
	*ret_right_alert = is_right_alert(client_outcome(client));
	*ret_status = response.status;
	if (ok && response.status >= 400)
		return client_explain_status(client, &response, reterr);
	return ok;
}

static int fail_negative(const char *why, const struct error *error)
{
	int code = say("[NEGATIVE TEST] FAIL: %s\n", why);
	if (error)
		return cmd_fail(error);
	return code ? code : 1;
}

static int run_negative(struct args *args, const struct client_options *options)
{
	struct error error;
	bool right_alert = false;
	int status = 0;
	bool verbose = args_flag(args, "verbose");
	struct client_options bare = *options;
	bare.tls.cert = bare.tls.key = bare.tls.passphrase = NULL;
	int code = say("[NEGATIVE TEST] Attempting connection WITHOUT client certificate...\n"
		       "[NEGATIVE TEST] Target: %s\n",
		options->url);
	if (code)
		return code;
	/* A server that refuses everybody, or that is not there, would prove nothing. */
	if (!attempt(options, verbose, &right_alert, &status, &error))
		return fail_negative(
			"The server does not serve a client WITH a certificate.", &error);
	if (attempt(&bare, verbose, &right_alert, &status, &error))
		return fail_negative("Server accepted a client without a certificate.", NULL);
	if (error_exit_code(error.kind) == 1 && !right_alert)
		return fail_negative(
			"The server did not refuse the handshake for want of a certificate.",
			&error);
	if (!right_alert)
		return fail_negative("The connection broke without an alert.", &error);
	return say("[NEGATIVE TEST] Connection rejected as expected.\n"
		   "[NEGATIVE TEST] Error: %s\n"
		   "[NEGATIVE TEST] PASS: Server correctly refused unauthenticated client.\n",
		error.text);
}

static int run(struct args *args)
{
	struct error error;
	OWN(side) struct side side = { 0 };
	const char *operand = args_operand(args, 0);
	OWN(char) char *url = items_url(operand ? operand : URL_DEFAULT);
	OWN(config) struct config *config = NULL;
	if (!config_apply(args, &config, &error) ||
		!side_read(args, "client", false, &side, &error))
		return cmd_fail(&error);
	const struct client_options options = { .url = url, .tls = side.tls };
	return args_flag(args, "no-cert") ? run_negative(args, &options)
					  : run_positive(args, &options);
}

const struct command client_command = {
	.name = "client",
	.summary = "Adds a TODO item on a server and lists them all",
	.operands = "[URL]",
	.operands_max = 1,
	.options = table,
	.run = run,
	.details = "URL is " URL_DEFAULT " unless given. With --no-cert the test passes only if "
		   "the server answers us with our certificate, and refuses us without it with the "
		   "right TLS alert: 116 on TLS 1.3, 40 on TLS 1.2.\n"
		   "Exit codes: 0 done or passed, 1 refused or failed, 2 usage or input, 3 nobody "
		   "listens or the network failed.",
};
