/* mtls demo: the whole story, told by running it. */
#include "cmd/commands.h"
#include "cmd/interrupt.h"
#include "lab/lab.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define TABLE_BYTES_MAX ((size_t)1 << 20)

/* What the steps share. */
struct demo {
	struct lab *lab;
	const char *folder, *key_type;
	bool json, colour;
	char *serving; /* the server's command line that was shown last */
	json_t *results;
	struct buffer table;
	int wrong, runs;
	struct lab_run *plan; /* each scenario on TLS 1.2, then on 1.3 */
	size_t plan_count;
};

/* ---- Telling it ---- */

__attribute__((format(printf, 2, 3))) static void say(
	const struct demo *demo, const char *format, ...)
{
	if (demo->json)
		return;
	va_list arguments;
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	fflush(stdout); /* what the commands write comes behind it */
}

static void heading(const struct demo *demo, const char *text)
{
	say(demo, "\n%s%s%s\n\n", demo->colour ? "\033[1m" : "", text,
		demo->colour ? "\033[0m" : "");
}

static void command_line(const struct demo *demo, const char *line)
{
	say(demo, "%s$ %s%s\n", demo->colour ? "\033[36m" : "", line,
		demo->colour ? "\033[0m" : "");
}

static const char *mark(const struct demo *demo, bool good)
{
	if (!demo->colour)
		return good ? "ok" : "NOT AS EXPECTED";
	return good ? "\033[32mok\033[0m" : "\033[31mNOT AS EXPECTED\033[0m";
}

/* Shows the command, runs it, and lets its own output stand below. */
static must_check bool step(const struct demo *demo, const char *const *words, struct error *reterr)
{
	OWN(buffer) struct buffer line = BUFFER(4096);
	if (!buffer_text(&line, "mtls", reterr))
		return false;
	for (size_t i = 0; words[i]; i++)
		if (!buffer_format(&line, reterr, " %s", words[i]))
			return false;
	command_line(demo, line.data);
	return lab_command(demo->lab, words, demo->json, reterr);
}

/* The server that a run is about, unless it is still the one that was shown last. */
static void show_server(struct demo *demo, const struct lab_run *run)
{
	OWN(char) char *serve = lab_server_line(demo->lab, run);
	if (demo->serving && !strcmp(serve, demo->serving))
		return;
	command_line(demo, serve);
	free(demo->serving);
	demo->serving = TAKE(serve);
}

/* ---- The steps ---- */

static must_check bool make_certificates(const struct demo *demo, struct error *reterr)
{
	const char *plain[] = { "init", NULL };
	const char *typed[] = { "init", "--key-type", demo->key_type, "--ca-key-type",
		demo->key_type, NULL };
	const char *second[] = { "issue", "client", "client-revoked", "--key-type",
		demo->key_type ? demo->key_type : "rsa:2048", NULL };
	const char *revoke[] = { "revoke", "certs/client-revoked.crt", NULL };
	const char *list[] = { "crl", NULL };
	OWN(char) char *revoked = text_format("%s/certs/client-revoked.crt", demo->folder);
	heading(demo,
		"1. Certificates: a CA of our own, one certificate for the server, one for the "
		"client");
	if (!step(demo, demo->key_type ? typed : plain, reterr))
		return false;
	say(demo, "\nA second client, whose certificate is taken back at once; the list of such\n"
		  "certificates (CRL) is for the server.\n\n");
	if (!file_exists(revoked) && (!step(demo, second, reterr) || !step(demo, revoke, reterr)))
		return false;
	return step(demo, list, reterr) && lab_mint(demo->folder, reterr);
}

static const struct lab_run good = { .scenario = &scenarios[0], .version = TLS_1_3 };

static must_check bool show_log(
	const struct demo *demo, const char *event, int count, struct error *reterr)
{
	OWN(buffer) struct buffer text = BUFFER(TABLE_BYTES_MAX);
	if (!lab_messages(demo->lab, &good, event, count, &text, reterr))
		return false;
	say(demo, "\nMeanwhile the server wrote:\n%s", text.data);
	return true;
}

static must_check bool tell_both_calls(struct demo *demo, struct error *reterr)
{
	const char *url = lab_url(demo->lab, &good);
	heading(demo, "2. A server that lets nobody in without a certificate from that CA");
	show_server(demo, &good);
	say(demo, "%s", lab_greeting(demo->lab, &good));
	heading(demo, "3. A client with its certificate: POST /todo, then GET /todo");
	const char *client[] = { "client", url, NULL };
	if (!step(demo, client, reterr) || !show_log(demo, "authenticated", 2, reterr))
		return false;
	heading(demo, "4. The same client without a certificate");
	const char *without[] = { "client", url, "--no-cert", NULL };
	return step(demo, without, reterr) && show_log(demo, "handshake-failed", 1, reterr);
}

static must_check bool run_one(struct demo *demo, const struct lab_run *run, struct error *reterr)
{
	const struct scenario *scenario = run->scenario;
	struct lab_observation seen;
	char expected[LAB_TEXT_BYTES], observed[LAB_TEXT_BYTES];
	if (!lab_run(demo->lab, run, &seen, reterr))
		return false;
	OWN(json_t) json_t *messages = seen.messages;
	struct lab_verdict verdict = lab_judge(scenario, &seen);
	bool first = run->version == TLS_1_2;
	(void)messages;
	show_server(demo, run);
	OWN(char) char *line = lab_client_line(demo->lab, run);
	command_line(demo, line);
	lab_expected_text(scenario, run->version, false, expected);
	lab_observed_text(&seen, observed);
	say(demo, "TLS 1.%c  %s  %s\n", first ? '2' : '3', observed,
		mark(demo, verdict.as_expected));
	if (!verdict.as_expected)
		say(demo, "         expected %s; but %s\n", expected, verdict.why);
	demo->runs++;
	demo->wrong += !verdict.as_expected;
	json_array_append_new(demo->results, lab_result_json(scenario, &seen, &verdict));
	return buffer_format(&demo->table, reterr, "%-24s %-44s %s  %-44s %s\n",
		first ? scenario_name(scenario) : "", expected, first ? "1.2" : "1.3", observed,
		mark(demo, verdict.as_expected));
}

static must_check bool run_all(struct demo *demo, struct error *reterr)
{
	heading(demo, "5. Who is let in, who is refused, and by whom: on TLS 1.2 and on TLS 1.3");
	for (size_t i = 0; i < demo->plan_count; i++) {
		const struct lab_run *run = &demo->plan[i];
		if (run->version == TLS_1_2)
			say(demo, "%s%s. %s\n", i ? "\n" : "", run->scenario->title,
				run->scenario->lesson);
		if (!run_one(demo, run, reterr))
			return false;
	}
	return true;
}

static must_check bool print_end(const struct demo *demo, struct error *reterr)
{
	OWN(buffer) struct buffer text = BUFFER(TABLE_BYTES_MAX);
	if (demo->json)
		return cmd_print_json(json_pack("{s:b, s:O}", "ok", demo->wrong == 0, "results",
			       demo->results)) == 0;
	heading(demo, "6. The whole, as a table (who refuses: alert and its name, X.509 error)");
	return buffer_format(&text, reterr, "%-24s %-44s TLS  %s\n%s\n", "scenario", "expected",
		       "observed", demo->table.data) &&
	       buffer_format(
		       &text, reterr, "%d runs, %d not as expected.\n", demo->runs, demo->wrong) &&
	       cmd_print(text.data, text.length) == 0;
}

static must_check bool tell(struct demo *demo, struct error *reterr)
{
	say(demo,
		"Mutual TLS: before anything is said, each side proves with a certificate who it "
		"is.\n"
		"Here it happens, and then every way in which one side refuses the other. Each "
		"line\n"
		"that begins with $ is the command that runs, in the folder\n%s\n",
		demo->folder);
	return make_certificates(demo, reterr) &&
	       lab_serve(demo->lab, demo->plan, demo->plan_count, reterr) &&
	       tell_both_calls(demo, reterr) && run_all(demo, reterr) && print_end(demo, reterr);
}

static void make_plan(struct demo *demo)
{
	demo->plan = calloc(scenarios_count * 2, sizeof *demo->plan);
	if (!demo->plan)
		bug("out of memory");
	for (size_t i = 0; i < scenarios_count * 2; i++)
		if (scenarios[i / 2].demo)
			demo->plan[demo->plan_count++] =
				(struct lab_run){ .scenario = &scenarios[i / 2],
					.version = i % 2 ? TLS_1_3 : TLS_1_2 };
}

static must_check bool in_folder(struct demo *demo, struct error *reterr)
{
	OWN(lab) struct lab *lab = NULL;
	if (!file_make_folder(demo->folder, reterr) || !lab_new(demo->folder, &lab, reterr))
		return false;
	demo->lab = lab;
	return tell(demo, reterr);
}

static int demo_run(struct args *args)
{
	const char *given = args_operand(args, 0);
	const char *no_colour = getenv("NO_COLOR");
	struct error error;
	struct demo demo = { .key_type = args_text(args, "key-type"),
		.json = args_flag(args, "json"),
		.colour = isatty(STDOUT_FILENO) && !(no_colour && *no_colour),
		.table = BUFFER(TABLE_BYTES_MAX) };
	OWN(char) char *folder = NULL;
	if (given)
		folder = text_copy(given);
	else if (!lab_folder_make(&folder, &error))
		return cmd_fail(&error);
	OWN(json_t) json_t *results = json_array();
	demo.folder = folder;
	demo.results = results;
	make_plan(&demo);
	interrupt_catch();
	bool ok = in_folder(&demo, &error);
	buffer_done(&demo.table);
	free(demo.serving);
	free(demo.plan);
	if (!given)
		lab_folder_remove(folder);
	interrupt_end();
	if (ok && demo.wrong)
		ok = error_set(&error, ERROR_CHECK, "%d of %d runs were not as expected",
			demo.wrong, demo.runs);
	return ok ? 0 : cmd_fail(&error);
}

static const struct option options[] = {
	{ .name = "key-type",
		.value = "TYPE",
		.help = "kind of all keys: " KEY_TYPES " (default: as mtls init)" },
	{ .name = "json", .help = "print the results as JSON, and nothing else" },
	{ 0 },
};

const struct command demo_command = {
	.name = "demo",
	.summary = "Shows the whole story: certificates, server, client, every refusal",
	.operands = "[DIR]",
	.operands_max = 1,
	.options = options,
	.run = demo_run,
	.details =
		"Everything happens in DIR, which stays, so that each command that is shown can be "
		"repeated there; without DIR, in a temporary folder that is removed.\n"
		"Exit codes: 0 everything went as expected on TLS 1.2 and 1.3, 1 something did "
		"not, 2 usage or input, 3 the machine or the network failed.",
};
