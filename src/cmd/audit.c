/* mtls audit: a server or a client that somebody else made, against everything that it must refuse.
 */
#include "cmd/commands.h"
#include "cmd/interrupt.h"
#include "cmd/side.h"
#include "lab/lab.h"

#include <stdio.h>
#include <unistd.h>

#define REPORT_BYTES_MAX ((size_t)16 << 20)
#define NAMES_MAX 256

struct job {
	struct args *args;
	enum audit_side side;
	bool json, progress, colour;
	unsigned ms_max;
	struct audit_results results;
	const char *const *command; /* of a client; NULL: a server is audited */
	struct audit_server *server;
	struct audit_client *client;
};

/* ---- Telling it ---- */

/* The line that is overwritten: on a terminal only, and never among results. */
static void show_progress(const struct job *job, size_t at)
{
	if (!job->progress)
		return;
	fprintf(stderr, "\r\033[K");
	if (at < job->results.count)
		fprintf(stderr, "%zu of %zu: %s", at + 1, job->results.count,
			scenario_name(job->results.list[at].scenario));
	fflush(stderr);
}

static const char *mark(const struct job *job, enum audit_verdict verdict)
{
	static const char *const plain[] = { "refused", "refused", "ACCEPTED", "not run" };
	static const char *const coloured[] = { "\033[32mrefused\033[0m ",
		"\033[32mrefused\033[0m ", "\033[31mACCEPTED\033[0m", "\033[33mnot run\033[0m " };
	return (job->colour ? coloured : plain)[verdict];
}

static void print_row(const struct job *job, const struct audit_result *result)
{
	OWN(char)
	char *name = text_format("%s%s%s", scenario_name(result->scenario),
		result->way ? " by " : "", result->way ? result->way : "");
	if (job->json)
		return;
	printf("%-40s %s  %-8s  %s\n", name, audit_version_name(result->version),
		mark(job, result->verdict), result->seen);
	fflush(stdout);
}

static int print_list(const struct job *job)
{
	json_t *list = json_array();
	for (size_t i = 0; i < job->results.count; i++) {
		const struct scenario *scenario = job->results.list[i].scenario;
		if (i && scenario == job->results.list[i - 1].scenario)
			continue;
		json_array_append_new(
			list, json_pack("{s:s, s:s}", "scenario", scenario_name(scenario), "title",
				      scenario->title));
		if (!job->json)
			printf("%-30s %s\n", scenario_name(scenario), scenario->title);
	}
	return cmd_print_list(list, job->json);
}

static must_check bool report(const struct job *job, const char *audited, struct error *reterr)
{
	struct audit_summary summary = audit_summarize(&job->results);
	const char *path = args_text(job->args, "junit");
	OWN(buffer) struct buffer text = BUFFER(REPORT_BYTES_MAX);
	if (path && (!audit_junit(&job->results, job->side, &text, reterr) ||
			    !cmd_write_report(path, text.data, text.length, reterr)))
		return false;
	if (job->json && cmd_print_json(audit_json(audited, &job->results)) != 0)
		return error_set(reterr, ERROR_IO, "cannot write the results");
	if (!job->json)
		printf("%zu runs: %zu refused as they should be, %zu refused for another reason, "
		       "%zu accepted, %zu not run\n",
			job->results.count, summary.refused, summary.otherwise, summary.accepted,
			summary.not_run);
	if (!summary.accepted)
		return true;
	return error_set(reterr, ERROR_CHECK, "%s accepted %zu of %zu that it must refuse", audited,
		summary.accepted, job->results.count - summary.not_run);
}

/* ---- Doing it ---- */

static must_check bool run_all(struct job *job, struct error *reterr)
{
	for (size_t i = 0; i < job->results.count; i++) {
		struct audit_result *result = &job->results.list[i];
		show_progress(job, i);
		bool ok = !process_interrupted || error_set(reterr, ERROR_CHECK, "interrupted");
		ok = ok && (job->client ? audit_client_run(job->client, result, reterr)
					: audit_server_run(job->server, result, reterr));
		show_progress(job, job->results.count);
		if (!ok)
			return false;
		print_row(job, result);
	}
	return true;
}

static must_check bool audit_a_server(struct job *job, const char *folder, struct error *reterr)
{
	struct args *args = job->args;
	struct side side = { 0 };
	bool bare = !args_text(args, "cert");
	struct audit_server_options options = { .url = args_operand(args, 1),
		.other_url = args_text(args, "other-url"),
		.client_ca = args_text(args, "client-ca"),
		.client_ca_key = args_text(args, "client-ca-key"),
		.client_name = args_text(args, "client-name"),
		.reload_command = args_text(args, "reload-command"),
		.crl_out = args_text(args, "crl-out"),
		.folder = folder,
		.ms_max = job->ms_max };
	bool ok = side_read(args, "client", bare, &side, reterr);
	options.tls = side.tls;
	ok = ok && audit_server_new(&options, &job->server, reterr) &&
	     audit_server_begin(job->server, &job->results, reterr) && run_all(job, reterr) &&
	     audit_server_end(job->server, reterr);
	audit_server_free(job->server);
	side_done(&side);
	return ok && report(job, options.url, reterr);
}

static must_check bool audit_a_client(struct job *job, const char *folder, struct error *reterr)
{
	const struct audit_client_options options = {
		.command = job->command, .folder = folder, .ms_max = job->ms_max
	};
	bool ok = audit_client_new(&options, &job->client, reterr) &&
		  audit_client_begin(job->client, &job->results, reterr) && run_all(job, reterr);
	audit_client_free(job->client);
	return ok && report(job, job->command[0], reterr);
}

static must_check bool in_folder(struct job *job, struct error *reterr)
{
	OWN(char) char *folder = NULL;
	if (!lab_folder_make(&folder, reterr))
		return false;
	interrupt_catch();
	bool ok = job->command ? audit_a_client(job, folder, reterr)
			       : audit_a_server(job, folder, reterr);
	show_progress(job, job->results.count);
	lab_folder_remove(folder);
	interrupt_end();
	return ok;
}

static enum tls_version version_of(const char *text)
{
	if (!strcmp(text, "any"))
		return TLS_VERSION_ANY;
	return !strcmp(text, "1.3") ? TLS_1_3 : TLS_1_2;
}

/* Behind "server" stand a URL and scenarios, behind "client" the words of a command. */
static must_check bool plan(struct job *job, const char **words, struct error *reterr)
{
	struct args *args = job->args;
	const char *who = args_operand(args, 0);
	size_t count, operands = (size_t)args_count(args) - 1, first = 0;
	const char *const *listed = args_list(args, "scenario", &count);
	long long seconds = 0;
	job->side = strcmp(who, "client") ? AUDIT_SERVER : AUDIT_CLIENT;
	if (strcmp(who, "server") != 0 && job->side != AUDIT_CLIENT)
		return error_set(reterr, ERROR_USAGE,
			"mtls audit takes 'server' or 'client' first, not '%s'", who);
	if (!operands && !args_flag(args, "list"))
		return error_set(reterr, ERROR_USAGE, "mtls audit %s needs %s", who,
			job->side == AUDIT_CLIENT ? "a command" : "a URL");
	if (!args_number(args, "timeout", 1, 600, &seconds, reterr))
		return false;
	if (count + operands >= NAMES_MAX)
		return error_set(
			reterr, ERROR_USAGE, "mtls audit takes less than %d words", NAMES_MAX);
	job->ms_max = (unsigned)seconds * 1000;
	/* One list: the command and its end, or nothing; then the scenarios. */
	if (job->side == AUDIT_CLIENT) {
		for (; first < operands; first++)
			words[first] = args_operand(args, (int)first + 1);
		words[first++] = NULL;
		job->command = words;
	}
	const char **names = words + first;
	for (size_t i = 0; i < count; i++)
		names[i] = listed[i];
	for (size_t i = 1; job->side == AUDIT_SERVER && i < operands; i++)
		names[count++] = args_operand(args, (int)i + 1);
	return audit_plan(
		job->side, names, count, version_of(args_text(args, "tls")), &job->results, reterr);
}

static int run(struct args *args)
{
	struct error error;
	const char *no_colour = getenv("NO_COLOR");
	const char *words[NAMES_MAX + 1];
	struct job job = { .args = args,
		.json = args_flag(args, "json"),
		.colour = isatty(STDOUT_FILENO) && !(no_colour && *no_colour),
		.progress = isatty(STDERR_FILENO) };
	int code = 0;
	if (!plan(&job, words, &error))
		code = cmd_fail(&error);
	else if (args_flag(args, "list"))
		code = print_list(&job);
	else if (!in_folder(&job, &error))
		code = cmd_fail(&error);
	audit_results_done(&job.results);
	return code;
}

static const struct option options[] = {
	{ .name = "client-ca",
		.value = "FILE",
		.help = "of a server: a CA that it trusts for clients" },
	{ .name = "client-ca-key",
		.value = "FILE",
		.help = "the key of that CA, to mint clients with; without it, only what needs "
			"none" },
	{ .name = "client-name",
		.value = "NAME",
		.help = "the common name of minted clients, for a server that lets in some only" },
	{ .name = "reload-command",
		.value = "CMD",
		.help = "makes the server load the CRL that was written to --crl-out" },
	{ .name = "crl-out",
		.value = "FILE",
		.help = "where to write the CRL in which the audit's client is revoked" },
	{ .name = "other-url",
		.value = "URL",
		.help = "another listener of the server, which asks for no certificate" },
	{ .name = "tls",
		.value = "VERSION",
		.choices = "1.2|1.3|any",
		.preset = "any",
		.help = "on this version of TLS, or on both" },
	{ .name = "scenario",
		.value = "CODE",
		.repeats = true,
		.help = "this scenario only, as mtls lab names it" },
	{ .name = "timeout",
		.value = "SECONDS",
		.preset = "10",
		.help = "give up a connection, or a run of the command, after so long, 1 to 600" },
	{ .name = "list", .help = "list the scenarios and run nothing" },
	{ .name = "json", .help = "print the results as JSON, and nothing else" },
	{ .name = "junit", .value = "FILE", .help = "write the results as JUnit XML too" },
	SIDE_OPTIONS("server"),
	{ 0 },
};

const struct command audit_command = {
	.name = "audit",
	.summary = "Tries what must be refused on somebody else's server or client",
	.operands = "server URL [SCENARIO...] | client -- CMD...",
	.operands_min = 1,
	.operands_max = -1,
	.options = options,
	.run = run,
	.details =
		"Of a server: a good client is tried first: --cert and --key, or one that is "
		"minted. Then each "
		"scenario's client, with certificates minted for the moment; and the good one "
		"again. A page of HTTP 400, 401, 403, 495 or 496 is a refusal.\n"
		"CMD is run once for each broken server; in its words {url}, {host}, {port}, {ca}, "
		"{cert}, {key} and {crl} stand for what it is to use. It has accepted a server to "
		"which it sends a request, whatever its exit code.\n"
		"Exit codes: 0 nothing was accepted that must be refused, 1 something was, or "
		"what is good is not let in, 2 usage or input, 3 the machine or the network "
		"failed.",
};
