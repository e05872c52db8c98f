/* mtls crl: the list of a CA's revoked certificates, signed and fresh. */
#include "cmd/crl.h"

#include "cmd/commands.h"

static const struct option options[] = {
	{ .name = "days", .value = "N", .preset = "30", .help = "how many days the CRL is valid" },
	{ .name = "out", .value = "FILE", .help = "write the CRL there (default: DIR/ca.crl)" },
	CERTS_OPTION,
	ISSUER_OPTIONS,
	JSON_OPTION,
	{ 0 },
};

bool crl_write(struct ca *ca, int days, const char *path, struct error *reterr)
{
	OWN(buffer) struct buffer pem = BUFFER(CRL_BYTES_MAX);
	OWN(file_set) struct file_set *set = file_set_new();
	return ca_crl(ca, days, &pem, reterr) && ca_save(ca, set, reterr) &&
	       file_set_add(set, path, FILE_PUBLIC, pem.data, pem.length, reterr) &&
	       file_set_commit(set, true, reterr);
}

static int run(struct args *args)
{
	struct error error;
	long long days;
	OWN(ca) struct ca *ca = NULL;
	if (!args_number(args, "days", 1, CA_DAYS_MAX, &days, &error) ||
		!issuer_open(args, &ca, &error))
		return cmd_fail(&error);
	const char *out = args_text(args, "out");
	const char *path = out ? out : ca_crl_path(ca);
	if ((out && !bundle_check_target(out, BUNDLE_BIT(BUNDLE_CRL), &error)) ||
		!crl_write(ca, (int)days, path, &error))
		return cmd_fail(&error);
	size_t count = ca_revoked_count(ca);
	if (args_flag(args, "json"))
		return cmd_print_json(json_pack("{s:s, s:I, s:I}", "crl", path, "revoked",
			(json_int_t)count, "days", (json_int_t)days));
	OWN(char) char *line =
		text_format("%s: %zu revoked, valid for %lld days\n", path, count, days);
	return cmd_print(line, strlen(line));
}

const struct command crl_command = {
	.name = "crl",
	.summary = "Writes the list of revoked certificates (CRL)",
	.operands = "",
	.options = options,
	.run = run,
	.details =
		"A server that checks the CRL refuses all clients once the CRL has expired: make a "
		"new one in time, from cron for example.",
};
