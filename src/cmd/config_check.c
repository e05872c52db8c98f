/* mtls config check: what a start or a reload of the server would say, without either. */
#include "cmd/commands.h"
#include "cmd/config.h"
#include "cmd/lint_sarif.h"
#include "cmd/serve.h"

#include <time.h>

#define REPORT_BYTES_MAX ((size_t)64 << 10)

static json_t *moment(time_t at)
{
	char text[CLOCK_RFC3339_BYTES];
	return at ? json_string(clock_rfc3339(at, text)) : json_null();
}

/* ---- Lint ---- */

/* What the server's own warnings have said in its words. */
static bool is_said(enum code code, const struct server_checked *checked)
{
	size_t i;
	json_t *warning;
	if (code == CODE_KEY_FILE_READABLE)
		return true;
	if (code != CODE_EXPIRES_SOON && code != CODE_CRL_EXPIRES_SOON)
		return false;
	json_array_foreach(checked->warnings, i,
		warning) if (strstr(json_string_value(warning), "will end soon")) return true;
	return false;
}

/* Notes are for mtls lint: here only what refuses somebody, or will. */
static bool is_told(const struct lint_finding *finding, const struct server_checked *checked)
{
	return finding->rule->level > LINT_NOTE && !is_said(finding->rule->code, checked);
}

static size_t errors_of(const struct lint_report *report, const struct server_checked *checked)
{
	size_t count = 0;
	for (size_t i = 0; i < report->count; i++)
		count += report->findings[i].rule->level == LINT_ERROR &&
			 is_told(&report->findings[i], checked);
	return count;
}

static must_check bool lint_all(struct lint *lint, const char *const *files, size_t count,
	struct lint_report *ret, struct error *reterr)
{
	for (size_t i = 0; i < count; i++)
		if (!lint_file(lint, files[i], ret, reterr))
			return false;
	return true;
}

/* Every file that the configuration names, and itself, held against each other. */
static must_check bool lint_named(
	const struct server_options *options, struct lint_report *ret, struct error *reterr)
{
	const struct tls_options *tls = &options->tls;
	const struct lint_options wanted = { tls->passphrase, NULL, "server", time(NULL) };
	OWN(lint) struct lint *lint = lint_new(&wanted);
	bool asks = tls->verify_mode != TLS_VERIFY_NONE;
	if (!lint_file(lint, tls->cert, ret, reterr))
		return false;
	lint_role(lint, NULL);
	if (!lint_all(lint, &tls->key, 1, ret, reterr) ||
		!lint_all(lint, tls->ca, asks ? tls->ca_count : 0, ret, reterr) ||
		!lint_all(lint, tls->crl, tls->crl_count, ret, reterr) ||
		!lint_all(lint, &options->policy_path, options->policy_path != NULL, ret, reterr))
		return false;
	lint_together(lint, ret);
	return true;
}

static json_t *findings_json(const struct lint_report *report, const struct server_checked *checked)
{
	json_t *list = json_array();
	for (size_t i = 0; i < report->count; i++)
		if (is_told(&report->findings[i], checked))
			json_array_append_new(list, lint_finding_json(&report->findings[i]));
	return list;
}

static bool write_findings(const struct lint_report *report, const struct server_checked *checked,
	struct buffer *text, struct error *reterr)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct lint_finding *finding = &report->findings[i];
		if (is_told(finding, checked) &&
			!buffer_format(text, reterr, "%s: %s: %s [%s]\n%s%s%s",
				lint_level_name(finding->rule->level), finding->file, finding->text,
				code_name(finding->rule->code), *finding->fix ? "  fix: " : "",
				finding->fix, *finding->fix ? "\n" : ""))
			return false;
	}
	return true;
}

/* ---- The report ---- */

static json_t *checked_json(const struct server_options *options,
	const struct server_checked *checked, const struct lint_report *lint)
{
	const struct identity *own = checked->certificate;
	return json_pack("{s:b, s:{s:s, s:s, s:o}, s:{s:I, s:o}, s:{s:I, s:o, s:o}, s:o, s:O, s:o}",
		"ok", !errors_of(lint, checked), "certificate", "file", options->tls.cert,
		"subject", own->subject, "not_after", moment(own->not_after), "cas", "count",
		(json_int_t)checked->trust.anchors, "not_after",
		moment(checked->trust.anchors_until), "crls", "count",
		(json_int_t)checked->trust.crls, "last_update", moment(checked->trust.crls_since),
		"next_update", moment(checked->trust.crls_until), "policy",
		checked->has_policy ? json_pack("{s:s, s:I}", "file", options->policy_path, "rules",
					      (json_int_t)checked->rules)
				    : json_null(),
		"warnings", checked->warnings, "findings", findings_json(lint, checked));
}

static bool write_report(const struct server_options *options, const struct server_checked *checked,
	const struct lint_report *lint, struct buffer *report, struct error *reterr)
{
	const struct trust_dates *trust = &checked->trust;
	char until[CLOCK_RFC3339_BYTES], since[CLOCK_RFC3339_BYTES];
	size_t i;
	json_t *warning;
	if (!buffer_format(report, reterr,
		    "%s\n"
		    "certificate  '%s', %s, until %s\n",
		    errors_of(lint, checked) ? "not ok: mtls serve would start with these, and "
					       "peers would refuse them"
					     : "ok: mtls serve would start with these",
		    options->tls.cert, checked->certificate->subject,
		    clock_rfc3339(checked->certificate->not_after, until)))
		return false;
	if (!(trust->anchors ? buffer_format(report, reterr, "CAs          %zu, until %s\n",
				       trust->anchors, clock_rfc3339(trust->anchors_until, until))
			     : buffer_text(report,
				       "CAs          none: no client certificate is asked for\n",
				       reterr)))
		return false;
	if (!(trust->crls ? buffer_format(report, reterr, "CRLs         %zu, from %s until %s\n",
				    trust->crls, clock_rfc3339(trust->crls_since, since),
				    clock_rfc3339(trust->crls_until, until))
			  : buffer_text(
				    report, "CRLs         none: nobody can be revoked\n", reterr)))
		return false;
	if (!(checked->has_policy ? buffer_format(report, reterr, "policy       '%s', %zu rule%s\n",
					    options->policy_path, checked->rules,
					    checked->rules == 1 ? "" : "s")
				  : buffer_text(report,
					    "policy       none: who gets in may do everything\n",
					    reterr)))
		return false;
	json_array_foreach(checked->warnings, i,
		warning) if (!buffer_format(report, reterr, "warning: %s\n",
				     json_string_value(warning))) return false;
	return write_findings(lint, checked, report, reterr);
}

static int say_bad(struct args *args, const struct error *error)
{
	if (args_flag(args, "json"))
		cmd_print_json(json_pack("{s:b, s:s?, s:s, s:s}", "ok", false, "code",
			error->code == CODE_NONE ? NULL : code_name(error->code), "error",
			error->text, "hint", error_advice(error)));
	return cmd_fail(error);
}

static int say_good(struct args *args, const struct server_options *options,
	const struct server_checked *checked)
{
	struct error error;
	OWN(buffer) struct buffer report = BUFFER(REPORT_BYTES_MAX);
	OWN(lint_report) struct lint_report lint = { 0 };
	if (!lint_named(options, &lint, &error) ||
		!write_report(options, checked, &lint, &report, &error))
		return cmd_fail(&error);
	int exit_code = args_flag(args, "json")
				? cmd_print_json(checked_json(options, checked, &lint))
				: cmd_print(report.data, report.length);
	return exit_code ? exit_code : errors_of(&lint, checked) > 0;
}

static int config_run(struct args *args)
{
	struct error error;
	OWN(config) struct config *config = NULL;
	OWN(serving) struct serving serving = { 0 };
	struct server_checked checked;
	if (strcmp(args_operand(args, 0), "check") != 0) {
		error_set(&error, ERROR_USAGE, "mtls config: there is no '%s', only check",
			args_operand(args, 0));
		return cmd_fail(&error);
	}
	if (!config_apply_of(args, "serve", &config, &error) ||
		!serving_read(args, &serving, &error) ||
		!server_check(&serving.options, &checked, &error))
		return say_bad(args, &error);
	OWN(json_t) json_t *unheard = config_warnings(config);
	json_array_extend(checked.warnings, unheard);
	int exit_code = say_good(args, &serving.options, &checked);
	server_checked_done(&checked);
	return exit_code;
}

const struct command config_command = {
	.name = "config",
	.summary = "Says what a start or a reload with these options and files would say",
	ONE_OPERAND("check"),
	.options = serve_options,
	.run = config_run,
	.details =
		"Takes the options of mtls serve, and section [serve] of mtls.cnf, and loads what "
		"it would load: certificate, key, CAs, CRLs, policy. Each file is linted, too. It "
		"listens nowhere, and writes to no store.\n"
		"Exit codes: 0 it would start, with warnings or without; 1 it would, and lint "
		"finds "
		"an error that peers refuse; 2 it would not; 3 this machine lacks what it asks "
		"for.",
};
