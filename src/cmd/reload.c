/* mtls reload: has a running server read its files again, and says what came of it. */
#include "cmd/commands.h"
#include "net/net.h"
#include "server/server.h"

/* A server reads its files at once, and waits a little for its workers to take them. */
#define ANSWER_MS_MAX 30000
#define ANSWER_BYTES_MAX ((size_t)16 << 10)

/* One line of JSON; the object is the caller's. */
static bool receive(struct net_dial *dial, struct buffer *line, json_t **ret, struct error *reterr)
{
	char piece[1024];
	size_t count = 1;
	while (count && !(line->length && line->data[line->length - 1] == '\n')) {
		if (!net_dial_receive(dial, piece, sizeof piece, ANSWER_MS_MAX, &count))
			return error_errno(reterr, ERROR_NETWORK,
				"no answer from the server on '%s'", net_dial_address(dial));
		if (!buffer_append(line, piece, count, reterr))
			return false;
	}
	OWN(json_t) json_t *answer = json_loadb(line->data, line->length, 0, NULL);
	if (!json_is_string(json_object_get(answer, "result")))
		return error_set(reterr, ERROR_NETWORK,
			"what listens on '%s' gives no answer that mtls serve would give",
			net_dial_address(dial));
	*ret = TAKE(answer);
	return true;
}

static bool ask(const char *path, json_t **ret, struct error *reterr)
{
	static const char order[] = "reload\n";
	OWN(net_dial) struct net_dial *dial = NULL;
	if (!net_dial_local(path, &dial, reterr))
		return error_hint(
			reterr, "is a server running there, started with --control of this path?");
	if (!net_dial_send(dial, order, strlen(order), ANSWER_MS_MAX))
		return error_errno(reterr, ERROR_NETWORK, "cannot ask the server on '%s'", path);
	struct buffer line = BUFFER(ANSWER_BYTES_MAX);
	bool ok = receive(dial, &line, ret, reterr);
	buffer_done(&line);
	return ok;
}

static const char *text_of(const json_t *answer, const char *name)
{
	const char *text = json_string_value(json_object_get(answer, name));
	return text ? text : "";
}

/* The server's sentence in ours; the code and the hint are its own. */
static int say_refused(const json_t *answer)
{
	struct error error;
	enum code code = code_from_name(text_of(answer, "code"));
	error_code(&error, ERROR_CHECK, code,
		"the reload is refused, and what was loaded stays: %s", text_of(answer, "error"));
	error_hint(&error, "%s", text_of(answer, "hint"));
	return cmd_fail(&error);
}

/* Nobody who has just revoked a client may take that for done. */
static int say_late(const char *result, json_int_t snapshot, json_int_t late)
{
	struct error error;
	error_set(&error, ERROR_IO,
		"%s: snapshot %lld is not in force everywhere: %lld of the workers %s not taken it "
		"up after %d s, and %s by what was loaded before",
		result, (long long)snapshot, (long long)late, late == 1 ? "has" : "have",
		RELOAD_LATE_MS / 1000, late == 1 ? "judges" : "judge");
	error_hint(&error,
		"until it has, a client that was revoked may still be served there: ask again, and "
		"restart the server if that stays so");
	return cmd_fail(&error);
}

static int say(struct args *args, json_t *answer)
{
	const char *result = text_of(answer, "result");
	bool refused = !strcmp(result, CONTROL_REFUSED);
	json_int_t snapshot = json_integer_value(json_object_get(answer, "snapshot"));
	json_int_t late = json_integer_value(json_object_get(answer, "late"));
	int exit_code = 0;
	if (args_flag(args, "json"))
		exit_code = cmd_print_json(json_incref(answer));
	if (refused)
		return say_refused(answer);
	if (late)
		return say_late(result, snapshot, late);
	if (exit_code || args_flag(args, "json"))
		return exit_code;
	OWN(char) char *line =
		text_format("%s: snapshot %lld is in force%s\n", result, (long long)snapshot,
			strcmp(result, CONTROL_UNCHANGED) ? "" : ", as no file has changed since");
	return cmd_print(line, strlen(line));
}

static int reload_run(struct args *args)
{
	struct error error;
	OWN(json_t) json_t *answer = NULL;
	if (!ask(args_text(args, "control"), &answer, &error))
		return cmd_fail(&error);
	return say(args, answer);
}

static const struct option options[] = {
	{ .name = "control",
		.value = "PATH",
		.environment = "MTLS_CONTROL",
		.preset = "state/mtls.sock",
		.help = "the socket on which the server takes orders" },
	{ .name = "json", .help = "print the server's answer as JSON" },
	{ 0 },
};

const struct command reload_command = {
	.name = "reload",
	.summary = "Has a running server read its files again, and says what came of it",
	.operands = "",
	.options = options,
	.run = reload_run,
	.details =
		"Certificate, key, CAs, CRLs and policy are replaced all together, or not at all. "
		"Only the user who runs the server, and root, may ask.\n"
		"Exit codes: 0 accepted, or no file has changed; 1 refused; 2 usage; 3 nobody "
		"listens, or gives no answer, or a worker has not taken the files up yet.",
};
