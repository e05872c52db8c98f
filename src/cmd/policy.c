/* mtls policy check: what the server would decide, and which rule of [policy] says so. */
#include "cmd/commands.h"
#include "cmd/config.h"
#include "pki/pki.h"
#include "server/server.h"

static bool read_identity(struct args *args, struct identity **ret, struct error *reterr)
{
	const char *cert = args_text(args, "cert");
	bool none = args_flag(args, "no-cert");
	if (!cert == !none)
		return error_set(reterr, ERROR_USAGE,
			"mtls policy check: give either --cert FILE or --no-cert");
	if (none)
		return true;
	return identity_load(cert, ret, reterr);
}

static bool read_policy(struct args *args, struct policy **ret, struct error *reterr)
{
	const char *path = config_path(args);
	if (!path) {
		error_set(reterr, ERROR_INPUT, "there is no mtls.cnf here, so no policy");
		return error_hint(reterr, "name the file with --config");
	}
	if (!policy_load(path, ret, reterr))
		return false;
	if (*ret)
		return true;
	error_set(reterr, ERROR_INPUT, "'%s' has no section [policy]", path);
	return error_hint(
		reterr, "without one, whoever gets through the handshake may do everything");
}

/* "the rule 'reading' (mtls.cnf line 4)", or why no rule was the one. The caller's to free. */
static char *decided_by(const struct policy *policy, const struct policy_decision *decision)
{
	if (!decision->rule)
		return text_copy(decision->why);
	return text_format(
		"the rule '%s' (%s line %zu)", decision->rule, policy_path(policy), decision->line);
}

static json_t *decision_json(struct args *args, const struct policy *policy,
	const struct policy_decision *decision, const struct identity *identity, const char *path)
{
	return json_pack("{s:b, s:s?, s:o, s:s, s:s, s:s, s:s, s:s?}", "allowed", decision->allowed,
		"rule", decision->rule, "line",
		decision->line ? json_integer((json_int_t)decision->line) : json_null(), "file",
		policy_path(policy), "why", decision->why, "method", args_operand(args, 1), "path",
		path, "client", identity ? identity->common_name : NULL);
}

static int check(struct args *args, const struct policy *policy, const struct identity *identity)
{
	struct error error;
	const char *method = args_operand(args, 1);
	OWN(char) char *path = text_copy(args_operand(args, 2));
	path[strcspn(path, "?")] = 0;
	struct policy_decision decision = policy_decide(policy, identity, method, path);
	OWN(char) char *by = decided_by(policy, &decision);
	const char *who = !identity               ? "a client without a certificate"
			  : identity->common_name ? identity->common_name
						  : identity->subject;
	int exit_code = 0;
	if (args_flag(args, "json"))
		exit_code = cmd_print_json(decision_json(args, policy, &decision, identity, path));
	if (!decision.allowed) {
		error_code(&error, ERROR_CHECK, CODE_NOT_AUTHORIZED, "%s may not %s %s: %s%s", who,
			method, path, by, decision.rule ? " denies it" : "");
		return cmd_fail(&error);
	}
	if (exit_code || args_flag(args, "json"))
		return exit_code;
	OWN(char) char *line = text_format("%s may %s %s: %s allows it\n", who, method, path, by);
	return cmd_print(line, strlen(line));
}

static int policy_run(struct args *args)
{
	struct error error;
	OWN(identity) struct identity *identity = NULL;
	OWN(policy) struct policy *policy = NULL;
	if (strcmp(args_operand(args, 0), "check") != 0) {
		error_set(&error, ERROR_USAGE, "mtls policy: there is no '%s', only check",
			args_operand(args, 0));
		return cmd_fail(&error);
	}
	if (!read_identity(args, &identity, &error) || !read_policy(args, &policy, &error))
		return cmd_fail(&error);
	return check(args, policy, identity);
}

static const struct option options[] = {
	{ .name = "cert", .value = "FILE", .help = "the certificate of the client" },
	{ .name = "no-cert", .help = "a client without a certificate" },
	{ .name = "config",
		.value = "FILE",
		.environment = "MTLS_CONFIG",
		.help = "the file with the section [policy] (default: mtls.cnf)" },
	{ .name = "json", .help = "print the decision as JSON" },
	{ 0 },
};

const struct command policy_command = {
	.name = "policy",
	.summary = "Says whether the policy lets a client do something, and which rule decides",
	.operands = "check METHOD PATH",
	.operands_min = 3,
	.operands_max = 3,
	.options = options,
	.run = policy_run,
	.details = "The certificate is read, not verified: that is what mtls verify does. PATH is "
		   "percent-encoded, as in a URL; its query does not count.\n"
		   "Exit codes: 0 allowed, 1 refused (not-authorized), 2 usage or input, a mistake "
		   "in the policy among it.",
};
