/* mtls init: a CA, a server and a client from their .cnf files, and both chains verified. */
#include "cmd/commands.h"
#include "cmd/init_report.h"
#include "cmd/secret.h"

#include "tls/tls.h"

#include <stdio.h>
#include <unistd.h>

enum { ANSWER_BYTES_MAX = 4096 };

static const struct option options[] = {
	{ .name = "layout",
		.value = "NAME",
		.choices = "certs|folders",
		.preset = "certs",
		.help = "files in certs/, or in CA/, Server/, Client/ and CA2/" },
	{ .name = "key-type",
		.value = "TYPE",
		.help = "kind of the keys: " KEY_TYPES " (default: default_bits of the .cnf)" },
	{ .name = "ca-key-type",
		.value = "TYPE",
		.help = "kind of the CA's key (default: default_bits of ca.cnf)" },
	{ .name = "subject", .value = "NAME", .help = "the CA's subject: /CN=x/O=y or CN=x,O=y" },
	{ .name = "server-subject", .value = "NAME", .help = "the server's subject" },
	{ .name = "client-subject", .value = "NAME", .help = "the client's subject" },
	{ .name = "extensions",
		.value = "SECTION",
		.help = "section of the .cnf files with the extensions of server and client "
			"(default: v3_server, v3_client)" },
	{ .name = "days",
		.value = "N",
		.help = "how many days server and client are valid (default: 365)" },
	{ .name = "ca-days",
		.value = "N",
		.help = "how many days the CA is valid (default: 3650)" },
	{ .name = "passphrase-file",
		.value = "FILE",
		.help = "encrypt or open the CA's key with the first line of FILE" },
	{ .name = "passphrase-fd", .value = "N", .help = "the same, from file descriptor N" },
	{ .name = "passphrase-env",
		.value = "NAME",
		.help = "the same, from environment variable NAME" },
	{ .name = "pfx-password-file",
		.value = "FILE",
		.help = "protect client.pfx with the first line of FILE; else the password is "
			"asked "
			"for or generated" },
	{ .name = "pfx-password-fd", .value = "N", .help = "the same, from file descriptor N" },
	{ .name = "pfx-password-env",
		.value = "NAME",
		.help = "the same, from environment variable NAME" },
	{ .name = "force", .help = "replace keys and certificates; never a .cnf" },
	{ .name = "json", .help = "print the result as JSON" },
	{ 0 },
};

/* The secret that --PREFIX-file, -fd or -env names; untouched when none is given. */
static bool read_secret(struct args *args, const char *prefix, const char *what, struct buffer *ret,
	struct error *reterr)
{
	static const char *const sources[] = { "file", "fd", "env" };
	const char *first = NULL;
	for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
		OWN(char) char *name = text_format("%s-%s", prefix, sources[i]);
		const char *value = args_text(args, name);
		if (!value)
			continue;
		if (first)
			return error_set(reterr, ERROR_USAGE,
				"--%s-%s and --%s are given, and only one can count", prefix, first,
				name);
		first = sources[i];
		OWN(char) char *source = text_format("%s:%s", sources[i], value);
		if (!secret_read(source, what, ret, reterr))
			return false;
	}
	return true;
}

/* Asks a question of a .cnf with prompt = yes. */
static char *ask(void *context, const char *question, const char *preset)
{
	(void)context;
	OWN(char) char *line = NULL;
	size_t room = 0;
	fprintf(stderr, *preset ? "%s [%s]: " : "%s: ", question, preset);
	ssize_t bytes = getline(&line, &room, stdin);
	if (bytes < 0 || bytes > ANSWER_BYTES_MAX)
		return NULL;
	line[strcspn(line, "\r\n")] = 0;
	return TAKE(line);
}

/* On a terminal: how many keys are made, on one line that is cleared at the end. */
struct waiting {
	size_t made, wanted;
	unsigned ticks;
	bool shown;
};

static void show_progress(void *context, size_t index, bool made)
{
	(void)index;
	struct waiting *waiting = context;
	static const char turn[] = "|/-\\";
	waiting->made += made;
	waiting->shown = true;
	fprintf(stderr, "\r%c making keys side by side: %zu of %zu done ",
		turn[waiting->ticks++ % 4], waiting->made, waiting->wanted);
}

static bool make(struct setup *setup, const char *pfx_password, struct error *reterr)
{
	struct waiting waiting = { 0 };
	for (size_t i = 0; i < setup->count; i++)
		waiting.wanted += setup->members[i].make_key;
	bool ok = setup_make(setup, pfx_password, isatty(STDERR_FILENO) ? show_progress : NULL,
		&waiting, reterr);
	if (waiting.shown)
		fputs("\r\033[K", stderr);
	return ok;
}

static bool read_options(struct args *args, struct setup_options *ret, struct error *reterr)
{
	long long days = 0, ca_days = 0;
	if (!args_number(args, "days", 1, CA_DAYS_MAX, &days, reterr) ||
		!args_number(args, "ca-days", 1, CA_DAYS_MAX, &ca_days, reterr))
		return false;
	bool on_terminal = secret_can_ask();
	*ret = (struct setup_options){
		.folder = args_count(args) ? args_operand(args, 0) : ".",
		.layout =
			strcmp(args_text(args, "layout"), "folders") ? SETUP_CERTS : SETUP_FOLDERS,
		.force = args_flag(args, "force"),
		.key_type = args_text(args, "key-type"),
		.ca_key_type = args_text(args, "ca-key-type"),
		.extensions = args_text(args, "extensions"),
		.days = (int)days,
		.ca_days = (int)ca_days,
		.subjects = { [ROLE_CA] = args_text(args, "subject"),
			[ROLE_SERVER] = args_text(args, "server-subject"),
			[ROLE_CLIENT] = args_text(args, "client-subject") },
		.ask = on_terminal ? ask : NULL,
	};
	return true;
}

/* The CA key's passphrase: given, or asked for when a key that is there needs one. */
static bool plan(struct args *args, struct setup_options *wanted, struct buffer *passphrase,
	struct setup **ret, struct error *reterr)
{
	if (!read_secret(args, "passphrase", "the passphrase of the CA's key", passphrase, reterr))
		return false;
	wanted->passphrase = passphrase->data;
	if (setup_plan(wanted, ret, reterr))
		return true;
	if (reterr->code != CODE_KEY_PASSPHRASE || wanted->passphrase || !wanted->ask)
		return false;
	if (!secret_ask("the passphrase of the CA's key", false, passphrase, reterr))
		return false;
	wanted->passphrase = passphrase->data;
	return setup_plan(wanted, ret, reterr);
}

/* Given, else asked for twice on a terminal. */
static bool read_pfx_password(
	struct args *args, const struct setup *setup, struct buffer *ret, struct error *reterr)
{
	if (!setup->make_pfx)
		return true;
	if (!read_secret(args, "pfx-password", "the password of client.pfx", ret, reterr))
		return false;
	if (ret->data || !setup->options.ask || file_exists(setup->pfx_password_path))
		return true;
	return secret_ask("the password of client.pfx", true, ret, reterr);
}

static int init_run(struct args *args)
{
	struct error error;
	struct setup_options wanted;
	OWN(buffer) struct buffer passphrase = SECRET;
	OWN(buffer) struct buffer pfx_password = SECRET;
	OWN(setup) struct setup *setup = NULL;
	bool json = args_flag(args, "json");
	tls_thread_begin();
	if (!read_options(args, &wanted, &error) ||
		!plan(args, &wanted, &passphrase, &setup, &error))
		return cmd_fail(&error);
	init_warn(setup);
	if (!json && wanted.force)
		init_announce(setup);
	if (!read_pfx_password(args, setup, &pfx_password, &error) ||
		(setup_has_work(setup) && !make(setup, pfx_password.data, &error)))
		return cmd_fail(&error);
	return init_report(setup, pfx_password.data != NULL, json);
}

const struct command init_command = {
	.name = "init",
	.summary = "Makes a CA, a server and a client certificate, and verifies them",
	.operands = "[DIR]",
	.operands_max = 1,
	.options = options,
	.run = init_run,
	.details =
		"Works in DIR, or in the working folder. Each certificate follows its .cnf file: "
		"edit one and run mtls init again. What is missing is written; a .cnf that is "
		"there is never changed, and a key only with --force.",
};
