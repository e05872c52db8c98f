/* mtls issue: one certificate per identity, with its key, request and .cnf. */
#include "cmd/issue.h"

#include "cmd/commands.h"

#include <stdio.h>

static const struct option options[] = {
	LEAF_OPTIONS,
	{ .name = "key-type",
		.value = "TYPE",
		.preset = "rsa:2048",
		.help = "kind of the key: " KEY_TYPES },
	{ .name = "force", .help = "replace key and certificate; never the .cnf" },
	CERTS_OPTION,
	ISSUER_OPTIONS,
	JSON_OPTION,
	{ 0 },
};

bool issue_read_options(
	const struct args *args, const char *role, struct issue_options *ret, struct error *reterr)
{
	long long days;
	*ret = (struct issue_options){ 0 };
	if (!role_parse(role, &ret->role) || ret->role == ROLE_CA)
		return error_set(reterr, ERROR_USAGE,
			"a certificate is for a server, a client or a peer, not for '%s'", role);
	if (!args_number(args, "days", 1, CA_DAYS_MAX, &days, reterr))
		return false;
	ret->days = (int)days;
	ret->sans = args_list(args, "san", &ret->san_count);
	return true;
}

static json_t *sentences(const struct notes *notes)
{
	json_t *list = json_array();
	for (size_t i = 0; notes && i < notes->count; i++)
		json_array_append_new(list, json_string(notes->texts[i]));
	return list;
}

int issue_report(const struct args *args, const char *role, const struct issued *issued,
	const struct notes *notes, const struct notes *refused)
{
	OWN(identity) struct identity *identity = identity_new(issued->certificate);
	char until[CLOCK_RFC3339_BYTES];
	clock_rfc3339(identity->not_after, until);
	if (args_flag(args, "json"))
		return cmd_print_json(json_pack(
			"{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s?, s:s?, s:o, s:o}", "role", role,
			"subject", identity->subject, "issuer", identity->issuer, "serial",
			identity->serial, "not_after", until, "names", identity_sans(identity),
			"certificate", issued->certificate_path, "key", issued->key_path, "cnf",
			issued->cnf_path, "warnings", sentences(notes), "not_granted",
			sentences(refused)));
	issuer_warn(notes);
	for (size_t i = 0; refused && i < refused->count; i++)
		fprintf(stderr, "asked for and not granted: %s\n", refused->texts[i]);
	OWN(buffer) struct buffer text = BUFFER((size_t)1 << 20);
	struct error error;
	bool ok = buffer_format(&text, &error, "%s: %s, %s, until %s\n", issued->certificate_path,
		role, identity->subject, until);
	for (size_t i = 0; ok && i < identity->sans_count; i++)
		ok = buffer_format(&text, &error, "  name   %s\n", identity->sans[i]);
	ok = ok && buffer_format(&text, &error, "  serial %s\n", identity->serial);
	if (ok && issued->key_path)
		ok = buffer_format(&text, &error, "  key    %s\n", issued->key_path);
	if (ok && issued->cnf_path)
		ok = buffer_format(&text, &error, "  from   %s\n", issued->cnf_path);
	return ok ? cmd_print(text.data, text.length) : cmd_fail(&error);
}

static bool open_ca(void *context, struct ca **ret, struct error *reterr)
{
	return issuer_open(context, ret, reterr);
}

static int run(struct args *args)
{
	struct error error;
	struct issue_options wanted;
	struct key_type key_type;
	OWN(notes) struct notes notes = { 0 };
	OWN(issued) struct issued issued = { 0 };
	const char *role = args_operand(args, 0);
	if (!issue_read_options(args, role, &wanted, &error) ||
		!key_type_parse(args_text(args, "key-type"), &key_type, &error) ||
		!issue_new(args_text(args, "certs"), args_operand(args, 1), &key_type,
			args_flag(args, "force"), &wanted, open_ca, args, &notes, &issued, &error))
		return cmd_fail(&error);
	return issue_report(args, role, &issued, &notes, NULL);
}

const struct command issue_command = {
	.name = "issue",
	.summary = "Issues a certificate for a server, a client or a peer",
	.operands = "server|client|peer NAME",
	.operands_min = 2,
	.operands_max = 2,
	.options = options,
	.run = run,
	.details =
		"Writes NAME.cnf, NAME.key, NAME.csr and NAME.crt. If NAME.cnf is there already, "
		"the certificate is what it says. A peer is both server and client. Without "
		"--san a server or peer is for the host NAME.",
};
