/* mtls config check: what a start or a reload of the server would say, without either. */
#include "cmd/commands.h"
#include "cmd/config.h"
#include "cmd/serve.h"

#define REPORT_BYTES_MAX ((size_t)64 << 10)

static json_t *moment(time_t at)
{
	char text[CLOCK_RFC3339_BYTES];
	return at ? json_string(clock_rfc3339(at, text)) : json_null();
}

static json_t *checked_json(
	const struct server_options *options, const struct server_checked *checked)
{
	const struct identity *own = checked->certificate;
	return json_pack("{s:b, s:{s:s, s:s, s:o}, s:{s:I, s:o}, s:{s:I, s:o, s:o}, s:o, s:O}",
		"ok", true, "certificate", "file", options->tls.cert, "subject", own->subject,
		"not_after", moment(own->not_after), "cas", "count",
		(json_int_t)checked->trust.anchors, "not_after",
		moment(checked->trust.anchors_until), "crls", "count",
		(json_int_t)checked->trust.crls, "last_update", moment(checked->trust.crls_since),
		"next_update", moment(checked->trust.crls_until), "policy",
		checked->has_policy ? json_pack("{s:s, s:I}", "file", options->policy_path, "rules",
					      (json_int_t)checked->rules)
				    : json_null(),
		"warnings", checked->warnings);
}

static bool write_report(const struct server_options *options, const struct server_checked *checked,
	struct buffer *report, struct error *reterr)
{
	const struct trust_dates *trust = &checked->trust;
	char until[CLOCK_RFC3339_BYTES], since[CLOCK_RFC3339_BYTES];
	size_t i;
	json_t *warning;
	if (!buffer_format(report, reterr,
		    "ok: mtls serve would start with these\n"
		    "certificate  '%s', %s, until %s\n",
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
	return true;
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
	if (args_flag(args, "json"))
		return cmd_print_json(checked_json(options, checked));
	struct buffer report = BUFFER(REPORT_BYTES_MAX);
	int exit_code = write_report(options, checked, &report, &error)
				? cmd_print(report.data, report.length)
				: cmd_fail(&error);
	buffer_done(&report);
	return exit_code;
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
	int exit_code = say_good(args, &serving.options, &checked);
	server_checked_done(&checked);
	return exit_code;
}

const struct command config_command = {
	.name = "config",
	.summary = "Says what a start or a reload with these options and files would say",
	.operands = "check",
	.operands_min = 1,
	.operands_max = 1,
	.options = serve_options,
	.run = config_run,
	.details =
		"Takes the options of mtls serve, and section [serve] of mtls.cnf, and loads what "
		"it would load: certificate, key, CAs, CRLs, policy. It listens nowhere, and "
		"opens no store.\n"
		"Exit codes: 0 it would start, with warnings or without; 2 it would not.",
};
