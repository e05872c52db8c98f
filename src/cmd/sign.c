/* mtls sign: a certificate for a request that somebody else made. */
#include "cmd/commands.h"
#include "cmd/issue.h"

static const struct option options[] = {
	{ .name = "role",
		.value = "ROLE",
		.choices = "server|client|peer",
		.help = "what the certificate is for" },
	LEAF_OPTIONS,
	{ .name = "config",
		.value = "FILE",
		.help = "take the extensions from this .cnf (default: FILE.cnf beside FILE.csr)" },
	{ .name = "extensions",
		.value = "SECTION",
		.help = "take them from this section (default: v3_ROLE)" },
	{ .name = "out",
		.value = "FILE",
		.help = "write the certificate there (default: FILE.crt)" },
	CERTS_OPTION,
	ISSUER_OPTIONS,
	JSON_OPTION,
	{ 0 },
};

/*
 * What the certificate has become, whichever file its extensions came from. A configuration that
 * was warned about is to be put right first: the certificate would repeat it in other words.
 */
static void lint_issued(const struct issued *issued, const char *role, struct notes *notes)
{
	OWN(lint_report) struct lint_report report = { 0 };
	if (notes->count)
		return;
	lint_certificate(issued->certificate, issued->certificate_path, role, time(NULL), &report);
	for (size_t i = 0; i < report.count; i++) {
		const struct lint_finding *finding = &report.findings[i];
		if (finding->rule->level > LINT_NOTE)
			notes_add(notes, "%s [%s]", finding->text, code_name(finding->rule->code));
	}
}

static int run(struct args *args)
{
	struct error error;
	struct sign_options wanted = { .config = args_text(args, "config"),
		.extensions = args_text(args, "extensions"),
		.out = args_text(args, "out") };
	OWN(notes) struct notes notes = { 0 }, refused = { 0 };
	OWN(issued) struct issued issued = { 0 };
	OWN(ca) struct ca *ca = NULL;
	const char *role = args_text(args, "role");
	if (!role) {
		error_set(&error, ERROR_USAGE, "mtls sign needs --role server, client or peer");
		error_hint(&error, "the role decides what the certificate may be used for");
		return cmd_fail(&error);
	}
	if (!issue_read_options(args, role, &wanted.issue, &error) ||
		!issuer_open(args, &ca, &error) ||
		!issue_sign(ca, args_operand(args, 0), &wanted, &notes, &refused, &issued, &error))
		return cmd_fail(&error);
	lint_issued(&issued, role, &notes);
	return issue_report(args, role, &issued, &notes, &refused);
}

const struct command sign_command = {
	.name = "sign",
	.summary = "Signs a certificate request",
	ONE_OPERAND("FILE.csr"),
	.options = options,
	.run = run,
	.details = "The request's extensions are never copied: the certificate gets what its role "
		   "or the .cnf says, and the names that the request asks for once each is "
		   "checked. What is asked for and not granted is shown.",
};
