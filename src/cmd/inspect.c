/* mtls inspect: what a file is, and what stands in it; and what a server shows. */
#include "cmd/commands.h"
#include "cmd/issuer.h"
#include "cmd/look_text.h"

#include <time.h>

#define TEXT_BYTES_MAX ((size_t)16 << 20)

static const struct option options[] = {
	SECRET_OPTIONS,
	{ .name = "ca",
		.value = "FILE",
		.repeats = true,
		.help = "of a URL: say whether this CA's trust leads to the server" },
	{ .name = "name",
		.value = "NAME",
		.help = "of a URL: expect a certificate for this name, and ask for it" },
	{ .name = "timeout",
		.value = "SECONDS",
		.preset = "10",
		.help = "of a URL: give up a step after so long, 1 to 600" },
	JSON_OPTION,
	{ 0 },
};

static int look(struct args *args, const char *url)
{
	struct error error;
	long long seconds = 0;
	OWN(json_t) json_t *shown = NULL;
	OWN(buffer) struct buffer text = BUFFER(TEXT_BYTES_MAX);
	struct doctor_options wanted = { .url = url, .name = args_text(args, "name") };
	wanted.tls.verify.depth_max = -1;
	wanted.tls.ca = args_list(args, "ca", &wanted.tls.ca_count);
	if (!args_number(args, "timeout", 1, 600, &seconds, &error))
		return cmd_fail(&error);
	wanted.ms_max = (unsigned)seconds * 1000;
	if (!doctor_look(&wanted, &shown, &error))
		return cmd_fail(&error);
	if (args_flag(args, "json"))
		return cmd_print_json(TAKE(shown));
	return look_text(shown, &text, &error) ? cmd_print(text.data, text.length)
					       : cmd_fail(&error);
}

static int run(struct args *args)
{
	struct error error;
	const char *path = args_operand(args, 0);
	OWN(buffer) struct buffer passphrase = SECRET;
	OWN(buffer) struct buffer password = SECRET;
	OWN(buffer) struct buffer text = BUFFER(TEXT_BYTES_MAX);
	OWN(json_t) json_t *shown = NULL;
	if (strstr(path, "://"))
		return look(args, path);
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
	.summary = "Says what a file contains, or what a server shows",
	ONE_OPERAND("FILE|URL"),
	.options = options,
	.run = run,
	.details =
		"FILE holds certificates, a key, a request, CRLs, a PFX or a .cnf, in PEM or "
		"DER; - is standard input. Of https://HOST:PORT it shows the versions of TLS, the "
		"chain, whether a client certificate is asked for and of which CAs, and what "
		"other names get. No certificate of ours is sent, and no request.",
};
