/* mtls inspect: what a file is, and what stands in it. */
#include "cmd/commands.h"
#include "cmd/issuer.h"

#include <time.h>

#define TEXT_BYTES_MAX ((size_t)16 << 20)

static const struct option options[] = {
	{ .name = "key-pass",
		.value = SECRET_SOURCES,
		.help = "where the passphrase of an encrypted key comes from" },
	{ .name = "password",
		.value = SECRET_SOURCES,
		.help = "where the password of a PFX comes from" },
	JSON_OPTION,
	{ 0 },
};

static int run(struct args *args)
{
	struct error error;
	const char *path = args_operand(args, 0);
	OWN(buffer) struct buffer passphrase = SECRET;
	OWN(buffer) struct buffer password = SECRET;
	OWN(buffer) struct buffer text = BUFFER(TEXT_BYTES_MAX);
	OWN(json_t) json_t *shown = NULL;
	if (!issuer_passphrase(
		    args, "key-pass", "the passphrase of the key", &passphrase, &error) ||
		!issuer_passphrase(args, "password", "the password of the PFX", &password, &error))
		return cmd_fail(&error);
	const struct show_options wanted = { passphrase.data, password.data, time(NULL) };
	if (!show_file(path, &wanted, &shown, &error))
		return cmd_fail(&error);
	if (args_flag(args, "json"))
		return cmd_print_json(TAKE(shown));
	return show_text(shown, &text, &error) ? cmd_print(text.data, text.length)
					       : cmd_fail(&error);
}

const struct command inspect_command = {
	.name = "inspect",
	.summary = "Says what a file is and what it contains",
	.operands = "FILE",
	.operands_min = 1,
	.operands_max = 1,
	.options = options,
	.run = run,
	.details = "FILE holds certificates, a key, a request, CRLs, a PFX or a .cnf, in PEM or "
		   "DER; - is standard input.",
};
