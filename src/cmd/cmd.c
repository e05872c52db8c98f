/* Finds the subcommand, parses its arguments, and turns errors into sentences and exit codes. */
#include "cmd/cmd.h"

#include "cmd/commands.h"
#include "pki/pki.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

const struct command *const cmd_table[] = {
	&audit_command,
	&bench_command,
	&client_command,
	&config_command,
	&crl_command,
	&demo_command,
	&doctor_command,
	&init_command,
	&inspect_command,
	&issue_command,
	&lab_command_table,
	&lint_command,
	&pfx_command,
	&policy_command,
	&reload_command,
	&request_command,
	&revoke_command,
	&serve_command,
	&sign_command,
	&verify_command,
	NULL,
};

static int completion_run(struct args *args);

/* Not in the table, whose commands it writes the scripts for. */
static const struct command completion_command = {
	.name = "completion",
	.summary = "Prints the completion script of a shell",
	ONE_OPERAND("bash|zsh|fish"),
	.run = completion_run,
	.details =
		"Store what it prints where the shell looks for such scripts, or try it at once: "
		"source <(mtls completion bash)",
};

int cmd_fail(const struct error *error)
{
	fprintf(stderr, "mtls: %s", error->text);
	if (error->code != CODE_NONE)
		fprintf(stderr, " [%s]", code_name(error->code));
	fputc('\n', stderr);
	const char *hint = error_advice(error);
	if (*hint)
		fprintf(stderr, "hint: %s\n", hint);
	return error_exit_code(error->kind);
}

void cmd_warn(const char *text)
{
	fprintf(stderr, "warning: %s\n", text);
}

int cmd_print(const char *text, size_t bytes)
{
	struct error error;
	if (fwrite(text, 1, bytes, stdout) == bytes && fflush(stdout) == 0)
		return 0;
	error_errno(&error, ERROR_IO, "cannot write to standard output");
	return cmd_fail(&error);
}

bool cmd_write_report(const char *path, const char *text, size_t bytes, struct error *reterr)
{
	/* What is no PEM and has a "=" in its first line is taken for a .cnf: so is XML. */
	return bundle_check_target(path, BUNDLE_BIT(BUNDLE_CONFIGURATION), reterr) &&
	       file_write(path, FILE_PUBLIC, text, bytes, reterr);
}

int cmd_print_json(json_t *object)
{
	OWN(json_t) json_t *owned = object;
	OWN(char) char *text = json_dumps(owned, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
	if (!text)
		bug("a result that is no JSON");
	OWN(char) char *line = text_format("%s\n", text);
	return cmd_print(line, strlen(line));
}

int cmd_print_list(json_t *list, bool json)
{
	if (json)
		return cmd_print_json(list);
	json_decref(list);
	return cmd_print("", 0);
}

static int print_buffer(struct buffer *text)
{
	int exit_code = cmd_print(text->data, text->length);
	buffer_done(text);
	return exit_code;
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; cmd_table[i]; i++)
		if (!strcmp(cmd_table[i]->name, name))
			return cmd_table[i];
	return strcmp(name, completion_command.name) ? NULL : &completion_command;
}

/* Less than half of a name misspelt, and no more than two characters: names are short. */
static const char *nearest(const char *name)
{
	const char *found = NULL;
	size_t least = 3;
	for (size_t i = 0; cmd_table[i]; i++) {
		size_t distance = text_distance(name, cmd_table[i]->name);
		if (distance < least && 2 * distance < strlen(cmd_table[i]->name)) {
			least = distance;
			found = cmd_table[i]->name;
		}
	}
	return found;
}

static int unknown_command(const char *name)
{
	struct error error;
	const char *meant = nearest(name);
	error_set(&error, ERROR_USAGE, "there is no command '%s'", name);
	if (meant)
		error_hint(&error, "did you mean mtls %s?", meant);
	else
		error_hint(&error, "mtls --help lists the commands");
	return cmd_fail(&error);
}

/*
 * A descriptor that the caller closed would be taken by the next file or socket, which our messages
 * would then be written into. What stands there instead refuses to be read, and to be written.
 */
static void hold_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_Exit(error_exit_code(ERROR_IO));
}

static int print_help(const char *name, struct buffer *text)
{
	const struct command *about = name ? find(name) : NULL;
	if (name && !about)
		return unknown_command(name);
	if (about)
		args_help(about, text);
	else
		args_overview(cmd_table, text);
	return print_buffer(text);
}

#define TEXT_BYTES_MAX ((size_t)1 << 20)

static int completion_run(struct args *args)
{
	struct buffer text = BUFFER(TEXT_BYTES_MAX);
	struct error error;
	if (args_completion(args_operand(args, 0), cmd_table, &text))
		return print_buffer(&text);
	error_set(&error, ERROR_USAGE, "mtls completion takes one of: bash, zsh, fish");
	return cmd_fail(&error);
}

int cmd_main(int argc, char **argv)
{
	struct buffer text = BUFFER(TEXT_BYTES_MAX);
	struct error error;
	const char *name = argc > 1 ? argv[1] : "--help";
	static const char version[] = "mtls " MTLS_VERSION "\n";
	hold_standard_descriptors();
	if (!strcmp(name, "--version"))
		return cmd_print(version, strlen(version));
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help"))
		return print_help(argc > 2 ? argv[2] : NULL, &text);
	const struct command *command = find(name);
	if (!command)
		return unknown_command(name);
	OWN(args) struct args *args = NULL;
	if (!args_parse(command, argc - 2, argv + 2, &args, &error))
		return cmd_fail(&error);
	if (args_wants_help(args)) {
		args_help(command, &text);
		return print_buffer(&text);
	}
	openssl_begin();
	json_begin();
	return command->run(args);
}
