/* mtls verify: one chain, judged as our servers and clients would, with the reason. */
#include "cmd/commands.h"
#include "pki/pki.h"

static bool read_time(struct args *args, time_t *ret, struct error *reterr)
{
	const char *text = args_text(args, "time");
	time_t at = 0;
	if (!text)
		return true;
	if (!clock_from_rfc3339(text, &at)) {
		error_set(
			reterr, ERROR_USAGE, "mtls verify: --time takes RFC 3339, not '%s'", text);
		return error_hint(reterr, "for example 2027-01-31T12:00:00Z");
	}
	/* The one moment that the verifier takes for "now". */
	if (!at)
		return error_set(
			reterr, ERROR_USAGE, "mtls verify: --time cannot be the epoch itself");
	*ret = at;
	return true;
}

static bool read_options(struct args *args, struct verify_options *ret, struct error *reterr)
{
	long long depth = -1;
	*ret = (struct verify_options){ .name = args_text(args, "name") };
	if (!verify_profile_parse(args_text(args, "profile"), &ret->profile) ||
		!verify_eku_parse(args_text(args, "eku"), &ret->eku) ||
		!verify_purpose_parse(args_text(args, "purpose"), &ret->purpose))
		bug("an option's choices are not what the verifier knows");
	if (ret->name && !verify_name_check(ret->name, reterr))
		return false;
	if (!args_number(args, "depth", 0, 100, &depth, reterr))
		return false;
	ret->depth_max = (int)depth;
	return read_time(args, &ret->at, reterr);
}

static bool load_trust(struct args *args, struct trust **ret, struct error *reterr)
{
	size_t ca_count, crl_count;
	OWN(char) char *usual = text_format("%s/ca.crt", args_text(args, "certs"));
	const char *const usual_list[] = { usual };
	const char *const *ca = args_list(args, "ca", &ca_count);
	const char *const *crl = args_list(args, "crl", &crl_count);
	return trust_load(
		ca_count ? ca : usual_list, ca_count ? ca_count : 1, crl, crl_count, ret, reterr);
}

static json_t *result_json(struct args *args, const struct verify_result *result)
{
	json_t *object = json_pack("{sssbssssssssss}", "file", args_operand(args, 0), "ok",
		result->ok, "profile", args_text(args, "profile"), "purpose",
		args_text(args, "purpose"), "subject", result->subject, "issuer", result->issuer,
		"serial", result->serial);
	if (!result->ok)
		json_object_set_new(object, "failure",
			json_pack("{sssisissss}", "code", code_name(result->code), "x509_error",
				result->x509_error, "depth", result->depth, "why", result->why,
				"hint", code_info(result->code)->hint));
	return object;
}

static int verify_run(struct args *args)
{
	struct error error;
	struct verify_options options;
	struct verify_result result;
	OWN(trust) struct trust *trust = NULL;
	size_t chain_count;
	const char *const *chain = args_list(args, "chain", &chain_count);
	if (!read_options(args, &options, &error) || !load_trust(args, &trust, &error) ||
		!verify_file(trust, args_operand(args, 0), chain, chain_count, &options, &result,
			&error))
		return cmd_fail(&error);
	int exit_code = 0;
	if (args_flag(args, "json"))
		exit_code = cmd_print_json(result_json(args, &result));
	if (!result.ok) {
		error_code(&error, ERROR_CHECK, result.code, "%s: %s", args_operand(args, 0),
			result.why);
		return cmd_fail(&error);
	}
	if (args_flag(args, "json"))
		return exit_code;
	OWN(char)
	char *line = text_format("%s: good, '%s' (serial %s) issued by '%s'\n",
		args_operand(args, 0), result.subject, result.serial, result.issuer);
	return cmd_print(line, strlen(line));
}

static const struct option options[] = {
	{ .name = "ca",
		.value = "FILE",
		.repeats = true,
		.help = "trust this CA (default: DIR/ca.crt)" },
	{ .name = "certs",
		.value = "DIR",
		.environment = "MTLS_CERTS",
		.preset = "certs",
		.help = "folder with ca.crt" },
	{ .name = "chain",
		.value = "FILE",
		.repeats = true,
		.help = "intermediates that would come with the leaf" },
	{ .name = "crl",
		.value = "FILE",
		.repeats = true,
		.help = "check revocation; every CA in the chain then needs a CRL" },
	{ .name = "purpose",
		.value = "ROLE",
		.choices = "any|server|client",
		.preset = "any",
		.help = "what the leaf is to be used as" },
	{ .name = "name",
		.value = "NAME",
		.help = "DNS:host, IP:address or email:address that the leaf must be for" },
	{ .name = "time",
		.value = "RFC3339",
		.help = "verify as of this time, such as 2030-01-31T12:00:00Z (default: now)" },
	{ .name = "depth",
		.value = "N",
		.help = "intermediates allowed between leaf and CA, 0 to 100" },
	{ .name = "profile",
		.value = "NAME",
		.choices = "openssl|mtls|strict",
		.preset = "mtls",
		.help = "rules for the certificate" },
	{ .name = "eku",
		.value = "RULE",
		.choices = "default|strict|standard",
		.preset = "default",
		.help = "which extended key usage the leaf needs" },
	{ .name = "json", .help = "print the result as JSON" },
	{ 0 },
};

const struct command verify_command = { .name = "verify",
	.summary = "Verifies a certificate as our servers and clients would",
	ONE_OPERAND("LEAF"),
	.options = options,
	.run = verify_run,
	.details =
		"LEAF is the file with the certificate (the leaf), and may hold its intermediates "
		"after it. Files are PEM or DER and may hold several certificates. Profiles: "
		"openssl is what OpenSSL does by itself; mtls adds the role of the leaf, and "
		"looks for names in the SAN alone; strict adds named rules of RFC 5280 and of the "
		"CA/Browser baseline. The system's trust store is never used.\n"
		"Exit codes: 0 good, 1 refused (with the code of the cause), 2 usage or input." };
