/* mtls lint: what is wrong with files for mutual TLS, how bad it is, who minds, and what to do. */
#include "cmd/commands.h"
#include "cmd/issuer.h"
#include "cmd/lint_sarif.h"

#include <stdio.h>
#include <time.h>

#define TEXT_BYTES_MAX ((size_t)16 << 20)

static const struct option options[] = {
	{ .name = "role",
		.value = "ROLE",
		.choices = "ca|server|client|peer",
		.help = "what the certificates are for (default: what each says itself)" },
	SECRET_OPTIONS,
	{ .name = "sarif",
		.value = "FILE",
		.help = "write the findings as SARIF too, for a code host" },
	{ .name = "list", .help = "list everything that lint can find, and who minds it" },
	JSON_OPTION,
	{ 0 },
};

struct job {
	struct args *args;
	struct lint_report report;
	json_t *unreadable;
	bool bad_input;
};

static void own_job(struct job *job)
{
	lint_report_done(&job->report);
	json_decref(job->unreadable);
}

/* ---- Output ---- */

static json_t *rule_json(const struct lint_rule *rule)
{
	const struct code_info *info = code_info(rule->code);
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "code", info->name, "severity",
		lint_level_name(rule->level), "text", info->text, "fix", info->hint, "minds",
		rule->minds);
}

static int list(struct args *args)
{
	json_t *all = json_array();
	OWN(buffer) struct buffer text = BUFFER(TEXT_BYTES_MAX);
	struct error error;
	const struct lint_rule *rule;
	for (size_t i = 0; (rule = lint_rule_at(i)) != NULL; i++) {
		json_array_append_new(all, rule_json(rule));
		if (!buffer_format(&text, &error, "%-7s %-29s %s\n%38sminds: %s\n",
			    lint_level_name(rule->level), code_name(rule->code),
			    code_info(rule->code)->text, "",
			    *rule->minds ? rule->minds : "nobody yet")) {
			json_decref(all);
			return cmd_fail(&error);
		}
	}
	if (args_flag(args, "json"))
		return cmd_print_json(all);
	json_decref(all);
	return cmd_print(text.data, text.length);
}

static json_t *report_json(const struct job *job)
{
	json_t *findings = json_array();
	for (size_t i = 0; i < job->report.count; i++)
		json_array_append_new(findings, lint_finding_json(&job->report.findings[i]));
	return json_pack("{s:i, s:o, s:O, s:I, s:I, s:I}", "files", args_count(job->args),
		"findings", findings, "unreadable", job->unreadable, "errors",
		(json_int_t)job->report.counts[LINT_ERROR], "warnings",
		(json_int_t)job->report.counts[LINT_WARNING], "notes",
		(json_int_t)job->report.counts[LINT_NOTE]);
}

static bool write_text(const struct job *job, struct buffer *text, struct error *reterr)
{
	const struct lint_report *report = &job->report;
	int files = args_count(job->args);
	for (size_t i = 0; i < report->count; i++) {
		const struct lint_finding *finding = &report->findings[i];
		if (!buffer_format(text, reterr, "%s", finding->file) ||
			(finding->line && !buffer_format(text, reterr, ":%zu", finding->line)) ||
			!buffer_format(text, reterr, ": %s: %s [%s]\n",
				lint_level_name(finding->rule->level), finding->text,
				code_name(finding->rule->code)) ||
			(*finding->fix &&
				!buffer_format(text, reterr, "  fix: %s\n", finding->fix)) ||
			(*finding->rule->minds && !buffer_format(text, reterr, "  minds: %s\n",
							  finding->rule->minds)))
			return false;
	}
	return buffer_format(text, reterr, "%d file%s: %zu error%s, %zu warning%s, %zu note%s\n",
		files, files == 1 ? "" : "s", report->counts[LINT_ERROR],
		report->counts[LINT_ERROR] == 1 ? "" : "s", report->counts[LINT_WARNING],
		report->counts[LINT_WARNING] == 1 ? "" : "s", report->counts[LINT_NOTE],
		report->counts[LINT_NOTE] == 1 ? "" : "s");
}

static bool write_sarif(const struct job *job, const char *path, struct error *reterr)
{
	OWN(json_t) json_t *log = lint_sarif(&job->report);
	OWN(char) char *text = log ? json_dumps(log, JSON_INDENT(2)) : NULL;
	if (!text)
		return error_set(reterr, ERROR_USAGE,
			"cannot write SARIF about a file whose name is no UTF-8");
	OWN(char) char *line = text_format("%s\n", text);
	return cmd_write_report(path, line, strlen(line), reterr);
}

static int print(const struct job *job)
{
	struct error error;
	OWN(buffer) struct buffer text = BUFFER(TEXT_BYTES_MAX);
	const char *sarif = args_text(job->args, "sarif");
	if (sarif && !write_sarif(job, sarif, &error))
		return cmd_fail(&error);
	if (args_flag(job->args, "json"))
		return cmd_print_json(report_json(job));
	return write_text(job, &text, &error) ? cmd_print(text.data, text.length)
					      : cmd_fail(&error);
}

/* ---- Work ---- */

/* One file that cannot be read does not keep the others from being looked at. */
static void look(struct job *job, const struct lint_options *wanted)
{
	struct error error;
	OWN(lint) struct lint *lint = lint_new(wanted);
	for (int i = 0; i < args_count(job->args); i++) {
		const char *path = args_operand(job->args, i);
		if (lint_file(lint, path, &job->report, &error))
			continue;
		job->bad_input = true;
		json_array_append_new(
			job->unreadable, json_pack("{s:s, s:s}", "file", path, "text", error.text));
		cmd_fail(&error);
	}
	lint_together(lint, &job->report);
}

static int run(struct args *args)
{
	struct error error;
	OWN(job) struct job job = { .args = args, .unreadable = json_array() };
	OWN(buffer) struct buffer passphrase = SECRET;
	OWN(buffer) struct buffer password = SECRET;
	if (args_flag(args, "list"))
		return list(args);
	if (!args_count(args)) {
		error_set(&error, ERROR_USAGE, "mtls lint needs FILE...");
		error_hint(&error, "usage: mtls lint [OPTION...] FILE...");
		return cmd_fail(&error);
	}
	if (!issuer_passphrase(
		    args, "key-pass", "the passphrase of the key", &passphrase, &error) ||
		!issuer_passphrase(args, "password", "the password of the PFX", &password, &error))
		return cmd_fail(&error);
	const struct lint_options wanted = { passphrase.data, password.data,
		args_text(args, "role"), time(NULL) };
	look(&job, &wanted);
	/* Nothing could be read, which was said: that is no result. */
	bool nothing = (int)json_array_size(job.unreadable) == args_count(args);
	int code = nothing && !args_flag(args, "json") ? 0 : print(&job);
	if (code)
		return code;
	return job.bad_input ? error_exit_code(ERROR_INPUT) : job.report.counts[LINT_ERROR] > 0;
}

const struct command lint_command = {
	.name = "lint",
	.summary = "Finds what is wrong with certificates, keys and configurations",
	.operands = "FILE...",
	.operands_min = 0,
	.operands_max = -1,
	.options = options,
	.run = run,
	.details =
		"FILE holds certificates, a key, a request, CRLs, a PFX or a .cnf; what it is, its "
		"content tells. Files given together are held against each other: a leaf against "
		"its CA, a CRL against its issuer; the key of NAME.crt is NAME.key beside it.\n"
		"Exit codes: 0 no finding of severity error, 1 there is one, 2 a file cannot be "
		"read.",
};
