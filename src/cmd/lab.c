/* mtls lab: every way to be refused, run for real, and compared with what is expected. */
#include "lab/lab.h"
#include "cmd/commands.h"
#include "cmd/interrupt.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define DRAWING_BYTES_MAX ((size_t)64 << 10)
#define REPORT_BYTES_MAX ((size_t)64 << 20)
#define SCENARIO_OPERANDS_MAX 256

struct job {
	struct args *args;
	bool json, colour, progress;
	struct lab_result *results;
	size_t count;
};

/* ---- Telling it ---- */

static bool is_colourful(void)
{
	const char *none = getenv("NO_COLOR");
	return isatty(STDOUT_FILENO) && !(none && *none);
}

static const char *mark(const struct job *job, const struct lab_result *result)
{
	static const char *const plain[] = { "ok", "DIFFERS", "not run" };
	static const char *const coloured[] = { "\033[32mok\033[0m", "\033[31mDIFFERS\033[0m",
		"\033[33mnot run\033[0m" };
	size_t which = result->not_run ? 2 : !result->verdict.as_expected;
	return (job->colour ? coloured : plain)[which];
}

/* The line that is overwritten: on a terminal only, and never among results. */
static void show_progress(const struct job *job, size_t at)
{
	if (!job->progress)
		return;
	fprintf(stderr, "\r\033[K");
	if (at < job->count)
		fprintf(stderr, "%zu of %zu: %s", at + 1, job->count,
			scenario_name(job->results[at].run.scenario));
	fflush(stderr);
}

static void print_drawing(const struct lab_result *result)
{
	OWN(buffer) struct buffer text = BUFFER(DRAWING_BYTES_MAX);
	struct error ignored; /* it is not that long */
	if (draw_text(result->seen.messages, &text, &ignored))
		printf("%s\n", text.data);
}

static void print_row(const struct job *job, const struct lab_result *result)
{
	char text[LAB_TEXT_BYTES];
	if (job->json)
		return;
	printf("%-30s %s  %-8s %-44s %s\n", scenario_name(result->run.scenario),
		result->run.version == TLS_1_3 ? "1.3" : "1.2",
		result->run.stack ? "openssl" : "mtls",
		result->not_run ? "" : lab_observed_text(&result->seen, text), mark(job, result));
	if (result->not_run)
		printf("    %s\n", result->not_run);
	else if (!result->verdict.as_expected)
		printf("    expected %s; but %s\n",
			lab_expected_text(
				result->run.scenario, result->run.version, result->run.stack, text),
			result->verdict.why);
	if (args_flag(job->args, "draw") && json_array_size(result->seen.messages))
		print_drawing(result);
	fflush(stdout);
}

static int print_list(const struct job *job)
{
	json_t *list = json_array();
	for (size_t i = 0; i < job->count; i++) {
		const struct scenario *scenario = job->results[i].run.scenario;
		if (i && scenario == job->results[i - 1].run.scenario)
			continue;
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:s?}", "scenario",
				      scenario_name(scenario), "title", scenario->title, "lesson",
				      scenario->lesson, "not_run", job->results[i].not_run));
		if (!job->json)
			printf("%-30s %s\n", scenario_name(scenario), scenario->title);
	}
	return cmd_print_list(list, job->json);
}

/* ---- Doing it ---- */

static must_check bool run_all(struct job *job, struct lab *lab, struct error *reterr)
{
	struct lab_run *runs = calloc(job->count + 1, sizeof *runs);
	size_t count = 0;
	if (!runs)
		bug("out of memory");
	for (size_t i = 0; i < job->count; i++)
		if (!job->results[i].not_run)
			runs[count++] = job->results[i].run;
	bool ok = lab_serve(lab, runs, count, reterr);
	free(runs);
	for (size_t i = 0; ok && i < job->count; i++) {
		struct lab_result *result = &job->results[i];
		show_progress(job, i);
		uint64_t began = clock_monotonic_ms();
		ok = result->not_run || lab_run(lab, &result->run, &result->seen, reterr);
		if (!ok)
			break;
		result->ms = clock_monotonic_ms() - began;
		result->seen.version = result->run.version;
		result->seen.stack = result->run.stack;
		result->verdict = lab_judge(result->run.scenario, &result->seen);
		show_progress(job, job->count);
		print_row(job, result);
	}
	return ok;
}

static must_check bool run_in(struct job *job, struct lab *lab, struct error *reterr)
{
	lab_call_by(lab, request_answer);
	return run_all(job, lab, reterr);
}

/* What the caller's surroundings say to our commands is not meant for these. */
static void forget_surroundings(void)
{
	static const char *const names[] = { "MTLS_CERTS", "MTLS_CONFIG", "MTLS_SERVER_HOST",
		"MTLS_SERVER_PORT" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unsetenv(names[i]);
}

static must_check bool in_folder(struct job *job, const char *folder, struct error *reterr)
{
	OWN(lab_minted) struct lab_minted *minted = NULL;
	OWN(lab) struct lab *lab = NULL;
	return lab_minted_new(NULL, &minted, reterr) && lab_minted_write(minted, folder, reterr) &&
	       lab_new(folder, &lab, reterr) && run_in(job, lab, reterr);
}

typedef bool make_report(
	const struct lab_result *results, size_t count, struct buffer *ret, struct error *reterr);

static must_check bool write_report(
	const struct job *job, const char *option, make_report *make, struct error *reterr)
{
	const char *path = args_text(job->args, option);
	OWN(buffer) struct buffer text = BUFFER(REPORT_BYTES_MAX);
	return !path || (make(job->results, job->count, &text, reterr) &&
				cmd_write_report(path, text.data, text.length, reterr));
}

static must_check bool report(const struct job *job, struct error *reterr)
{
	struct lab_summary summary = lab_summarize(job->results, job->count);
	if (!write_report(job, "junit", lab_junit, reterr) ||
		!write_report(job, "html", lab_html, reterr))
		return false;
	if (job->json && cmd_print_json(lab_json(job->results, job->count)) != 0)
		return error_set(reterr, ERROR_IO, "cannot write the results");
	OWN(char) char *words = lab_summary_text(&summary);
	if (!job->json)
		printf("%s\n", words);
	if (summary.differ)
		return error_set(reterr, ERROR_CHECK, "%zu of %zu runs were not as expected",
			summary.differ, summary.runs);
	return true;
}

static enum tls_version version_of(const char *text)
{
	if (!strcmp(text, "any"))
		return TLS_VERSION_ANY;
	return !strcmp(text, "1.3") ? TLS_1_3 : TLS_1_2;
}

static must_check bool plan(struct job *job, struct error *reterr)
{
	const char *profile = args_text(job->args, "profile");
	const char *names[SCENARIO_OPERANDS_MAX];
	size_t count = (size_t)args_count(job->args);
	if (count > SCENARIO_OPERANDS_MAX)
		return error_set(reterr, ERROR_USAGE, "mtls lab takes up to %d scenarios",
			SCENARIO_OPERANDS_MAX);
	for (size_t i = 0; i < count; i++)
		names[i] = args_operand(job->args, (int)i);
	return lab_plan(names, count, version_of(args_text(job->args, "tls")),
		strcmp(profile, "openssl") != 0, strcmp(profile, "mtls") != 0, &job->results,
		&job->count, reterr);
}

static must_check bool run(struct job *job, struct error *reterr)
{
	OWN(char) char *folder = NULL;
	if (!lab_folder_make(&folder, reterr))
		return false;
	int home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (home < 0 || chdir(folder) != 0)
		return error_errno(reterr, ERROR_IO, "cannot work in '%s'", folder);
	interrupt_catch();
	forget_surroundings();
	bool ok = in_folder(job, ".", reterr);
	show_progress(job, job->count);
	if (fchdir(home) != 0)
		bug("the working folder is gone");
	close(home);
	lab_folder_remove(folder);
	interrupt_end();
	return ok && report(job, reterr);
}

/* mtls lab make SCENARIO DIR */
static int make_main(struct args *args)
{
	struct error error;
	OWN(json_t) json_t *files = json_array();
	size_t index;
	json_t *name;
	if (args_count(args) != 3) {
		error_set(&error, ERROR_USAGE, "mtls lab make needs SCENARIO DIR");
		return cmd_fail(&error);
	}
	if (!lab_make(args_operand(args, 1), args_operand(args, 2), files, &error))
		return cmd_fail(&error);
	if (args_flag(args, "json"))
		return cmd_print_json(json_pack("{s:O}", "files", files));
	json_array_foreach(files, index, name)
		printf("%s/%s\n", args_operand(args, 2), json_string_value(name));
	return cmd_print("", 0);
}

/* mtls lab explain SCENARIO */
static int explain_main(struct args *args)
{
	struct error error;
	OWN(buffer) struct buffer text = BUFFER(DRAWING_BYTES_MAX);
	json_t *object;
	if (args_count(args) != 2) {
		error_set(&error, ERROR_USAGE, "mtls lab explain needs SCENARIO");
		return cmd_fail(&error);
	}
	if (args_flag(args, "json"))
		return lab_explain_json(args_operand(args, 1), &object, &error)
			       ? cmd_print_json(object)
			       : cmd_fail(&error);
	return lab_explain_text(args_operand(args, 1), &text, &error)
		       ? cmd_print(text.data, text.length)
		       : cmd_fail(&error);
}

static int lab_main(struct args *args)
{
	struct error error;
	const char *verb = args_operand(args, 0);
	if (verb && !strcmp(verb, "make"))
		return make_main(args);
	if (verb && !strcmp(verb, "explain"))
		return explain_main(args);
	struct job job = { .args = args,
		.json = args_flag(args, "json"),
		.colour = is_colourful(),
		.progress = isatty(STDERR_FILENO) };
	int code = 0;
	if (!plan(&job, &error))
		code = cmd_fail(&error);
	else if (args_flag(args, "list"))
		code = print_list(&job);
	else if (!run(&job, &error))
		code = cmd_fail(&error);
	for (size_t i = 0; i < job.count; i++)
		json_decref(job.results[i].seen.messages);
	free(job.results);
	return code;
}

static const struct option options[] = {
	{ .name = "list", .help = "list the scenarios and run nothing" },
	{ .name = "tls",
		.value = "VERSION",
		.choices = "1.2|1.3|any",
		.preset = "any",
		.help = "on this version of TLS, or on both" },
	{ .name = "profile",
		.value = "NAME",
		.choices = "mtls|openssl|both",
		.preset = "both",
		.help = "with our rules, with OpenSSL's alone, or with ours and then, where they "
			"come to something else, with OpenSSL's" },
	{ .name = "draw", .help = "draw each handshake, message by message" },
	{ .name = "json", .help = "print the results as JSON, and nothing else" },
	{ .name = "html",
		.value = "FILE",
		.help = "write a page with results and drawn handshakes too" },
	{ .name = "junit", .value = "FILE", .help = "write the results as JUnit XML too" },
	{ 0 },
};

const struct command lab_command_table = {
	.name = "lab",
	.summary = "Runs every way to be refused, and compares with what is expected",
	.operands = "[SCENARIO...]",
	.operands_max = -1,
	.options = options,
	.run = lab_main,
	.details =
		"Each scenario is run with this program's own server and client, over the "
		"loopback interface, with certificates made on the spot. SCENARIO is a code; "
		"without one all are run.\n"
		"mtls lab make SCENARIO DIR writes its certificates, keys and CRLs into DIR, and "
		"a README.txt that says which is which; mtls lab explain SCENARIO says what it "
		"is, why, what others do, how to fix it, and how to see it with openssl.\n"
		"Exit codes: 0 no run differs from what is expected, 1 one does, 2 usage or "
		"input, 3 the machine or the network failed.",
};
