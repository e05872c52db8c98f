/* mtls revoke: a certificate that no longer counts. */
#include "cmd/commands.h"
#include "cmd/crl.h"

static const struct option options[] = {
	{ .name = "reason",
		.value = "REASON",
		.choices = REVOKE_REASONS,
		.help = "the reason that the CRL gives" },
	{ .name = "days",
		.value = "N",
		.preset = "30",
		.help = "how many days the new CRL is valid" },
	CERTS_OPTION,
	ISSUER_OPTIONS,
	JSON_OPTION,
	{ 0 },
};

static bool revoke(
	struct args *args, struct ca *ca, int days, struct revoked *ret, struct error *reterr)
{
	bool refresh = file_exists(ca_crl_path(ca));
	OWN(file_set) struct file_set *set = file_set_new();
	/* The key is opened first: nothing is revoked when the CRL could not follow. */
	return (!refresh || issuer_unlock(args, ca, reterr)) &&
	       ca_revoke(ca, args_operand(args, 0), args_text(args, "reason"), ret, reterr) &&
	       (refresh ? crl_write(ca, days, ca_crl_path(ca), reterr)
			: ca_save(ca, set, reterr) && file_set_commit(set, true, reterr));
}

static int run(struct args *args)
{
	struct error error;
	long long days;
	OWN(ca) struct ca *ca = NULL;
	OWN(revoked) struct revoked revoked = { 0 };
	if (!args_number(args, "days", 1, CA_DAYS_MAX, &days, &error) ||
		!issuer_open_locked(args, &ca, &error))
		return cmd_fail(&error);
	const char *crl = file_exists(ca_crl_path(ca)) ? ca_crl_path(ca) : NULL;
	if (!revoke(args, ca, (int)days, &revoked, &error))
		return cmd_fail(&error);
	if (args_flag(args, "json"))
		return cmd_print_json(json_pack("{s:s, s:s, s:s?}", "serial", revoked.serial,
			"subject", revoked.subject, "crl", crl));
	char subject[256];
	text_escape(subject, sizeof subject, revoked.subject, strlen(revoked.subject));
	OWN(char) char *next =
		crl ? text_format("%s is refreshed: give it to everybody who checks it", crl)
		    : text_copy("nobody is told yet: make a CRL with mtls crl, and check it "
				"(mtls serve --crl)");
	OWN(char) char *line =
		text_format("revoked: %s, serial %s\n%s\n", subject, revoked.serial, next);
	return cmd_print(line, strlen(line));
}

const struct command revoke_command = {
	.name = "revoke",
	.summary = "Revokes a certificate",
	ONE_OPERAND("CERT"),
	.options = options,
	.run = run,
	.details =
		"CERT is a certificate's file, or its serial number in hexadecimal. A CRL that is "
		"there already is written anew.",
};
