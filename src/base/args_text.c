/* The texts that come from the argument tables: synopsis, help, overview, shell completion. */
#include "base/args.h"

#include "base/text.h"

#include <stdio.h>

/* These texts are ours and bounded: a buffer that is too small is a bug. */
#define ADD(...) \
	do { \
		struct error error; \
		if (!buffer_format(ret, &error, __VA_ARGS__)) \
			bug("help text: %s", error.text); \
	} while (0)

enum { MARGIN = 32, COLUMNS = 80 };

/* Adds text whose first word stands at `column`, in lines of COLUMNS that begin at `margin`. */
static void add_wrapped(const char *text, size_t margin, size_t column, struct buffer *ret)
{
	while (*text) {
		size_t bytes = strcspn(text, " \n"), width = 0;
		for (size_t i = 0; i < bytes; i++)
			width += ((unsigned char)text[i] & 0xC0) != 0x80;
		if (column > margin && column + 1 + width > COLUMNS) {
			ADD("\n%*s", (int)margin, "");
			column = margin;
		} else if (column > margin) {
			ADD(" ");
			column++;
		}
		ADD("%.*s", (int)bytes, text);
		column += width;
		text += bytes;
		if (*text == '\n') {
			ADD("\n%*s", (int)margin, "");
			column = margin;
		}
		text += *text != 0;
	}
}

/* Words that stand where a command does, and have no table. */
static const struct {
	const char *name, *summary;
} built_in[] = {
	{ "completion", "Prints the completion script of a shell: bash, zsh, fish" },
	{ "help", "Prints the help of a command" },
};
#define BUILT_IN (sizeof built_in / sizeof *built_in)

static bool has_options(const struct command *command)
{
	return command->options && command->options->name;
}

static void synopsis(const struct command *command, struct buffer *ret)
{
	ADD("mtls %s%s%s%s", command->name, has_options(command) ? " [OPTION...]" : "",
		*command->operands ? " " : "", command->operands);
}

void args_help(const struct command *command, struct buffer *ret)
{
	ADD("%s.\n\nUsage: ", command->summary);
	synopsis(command, ret);
	ADD("\n\nOptions:\n");
	for (const struct option *o = command->options; o && o->name; o++) {
		char letter[8] = "    ";
		if (o->letter)
			snprintf(letter, sizeof letter, "-%c, ", o->letter);
		const char *value = o->choices ? o->choices : o->value;
		OWN(char) char *left = text_format(
			"  %s--%s%s%s", letter, o->name, value ? " " : "", value ? value : "");
		OWN(char) char *help = text_format("%s%s%s%s%s%s%s%s", o->help,
			o->repeats ? "; may be repeated" : "", o->preset ? " (default: " : "",
			o->preset ? o->preset : "", o->preset ? ")" : "",
			o->environment ? " [" : "", o->environment ? o->environment : "",
			o->environment ? "]" : "");
		bool fits = strlen(left) + 2 <= MARGIN;
		ADD("%-*s%s%*s", fits ? MARGIN : 0, left, fits ? "" : "\n", fits ? 0 : MARGIN, "");
		add_wrapped(help, MARGIN, MARGIN, ret);
		ADD("\n");
	}
	ADD("  %-28s  %s\n", "-h, --help", "print this help");
	if (command->details) {
		ADD("\n");
		add_wrapped(command->details, 0, 0, ret);
		ADD("\n");
	}
}

void args_overview(const struct command *const *commands, struct buffer *ret)
{
	ADD("mtls makes mutual-TLS certificates, serves and calls with them, and says in plain "
	    "words\n"
	    "why a handshake failed.\n\nUsage: mtls COMMAND [OPTION...] "
	    "[OPERAND...]\n\nCommands:\n");
	for (; *commands; commands++)
		ADD("  %-12s  %s\n", (*commands)->name, (*commands)->summary);
	ADD("  %-12s  %s\n", built_in[0].name, built_in[0].summary);
	ADD("\nmtls COMMAND --help, or man mtls-COMMAND, tells more. mtls --version prints the "
	    "version.\n"
	    "Exit codes: 0 done, 1 the peer or a check said no, 2 usage or input, 3 the machine or "
	    "the\n"
	    "network failed, 70 a bug of ours.\n");
}

/* The choices of an option, space-separated. */
static void add_choices(const struct option *option, struct buffer *ret)
{
	for (const char *c = option->choices; *c; c++)
		ADD("%c", *c == '|' ? ' ' : *c);
}

static void bash(const struct command *const *commands, struct buffer *ret)
{
	ADD("_mtls() {\n\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
	    "\tlocal commands=\"");
	for (size_t i = 0; commands[i]; i++)
		ADD("%s ", commands[i]->name);
	for (size_t i = 0; i < BUILT_IN; i++)
		ADD("%s ", built_in[i].name);
	ADD("\"\n\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	    "\t\tCOMPREPLY=($(compgen -W \"$commands --help --version\" -- \"$word\"))\n"
	    "\t\treturn\n\tfi\n\tcase \"${COMP_WORDS[1]} $before\" in\n");
	for (size_t i = 0; commands[i]; i++)
		for (const struct option *o = commands[i]->options; o && o->name; o++)
			if (o->choices) {
				ADD("\t'%s --%s') COMPREPLY=($(compgen -W '", commands[i]->name,
					o->name);
				add_choices(o, ret);
				ADD("' -- \"$word\")); return ;;\n");
			}
	ADD("\tesac\n\tlocal options=\n\tcase ${COMP_WORDS[1]} in\n");
	for (size_t i = 0; commands[i]; i++) {
		ADD("\t%s) options='", commands[i]->name);
		for (const struct option *o = commands[i]->options; o && o->name; o++)
			ADD("--%s ", o->name);
		ADD("--help' ;;\n");
	}
	ADD("\tcompletion) COMPREPLY=($(compgen -W 'bash zsh fish' -- \"$word\")); return ;;\n"
	    "\thelp) COMPREPLY=($(compgen -W \"$commands\" -- \"$word\")); return ;;\n"
	    "\tesac\n\tcase $word in\n"
	    "\t-*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
	    "\t*) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n\tesac\n}\n"
	    "complete -o filenames -F _mtls mtls\n");
}

/* Text inside single quotes, for zsh and fish; zsh's option specs reserve [ ] and :. */
static void add_quoted(const char *text, bool zsh, struct buffer *ret)
{
	for (; *text; text++)
		if (*text == '\'')
			ADD("%s", zsh ? "'\\''" : "\\'");
		else if (zsh && strchr("[]:", *text))
			ADD("\\%c", *text);
		else
			ADD("%c", *text);
}

static void zsh(const struct command *const *commands, struct buffer *ret)
{
	ADD("#compdef mtls\n_mtls() {\n\tif (( CURRENT == 2 )); then\n\t\tlocal -a commands=(\n");
	for (size_t i = 0; commands[i]; i++) {
		ADD("\t\t\t'%s:", commands[i]->name);
		add_quoted(commands[i]->summary, true, ret);
		ADD("'\n");
	}
	for (size_t i = 0; i < BUILT_IN; i++)
		ADD("\t\t\t'%s:%s'\n", built_in[i].name, built_in[i].summary);
	ADD("\t\t)\n\t\t_describe command commands\n\t\treturn\n\tfi\n"
	    "\tlocal command=$words[2]\n\tshift words\n\t(( CURRENT-- ))\n\tcase $command in\n");
	for (size_t i = 0; commands[i]; i++) {
		ADD("\t%s) _arguments", commands[i]->name);
		for (const struct option *o = commands[i]->options; o && o->name; o++) {
			ADD(" \\\n\t\t'%s--%s[", o->repeats ? "*" : "", o->name);
			add_quoted(o->help, true, ret);
			ADD("]");
			if (o->choices) {
				ADD(":%s:(", o->name);
				add_choices(o, ret);
				ADD(")");
			} else if (o->value) {
				ADD(":%s:%s", o->value,
					!strcmp(o->value, "FILE")  ? "_files"
					: !strcmp(o->value, "DIR") ? "_files -/"
								   : " ");
			}
			ADD("'");
		}
		ADD(" \\\n\t\t'*:file:_files' ;;\n");
	}
	ADD("\tcompletion) _values shell bash zsh fish ;;\n\tesac\n}\n_mtls \"$@\"\n");
}

static void fish(const struct command *const *commands, struct buffer *ret)
{
	for (size_t i = 0; commands[i]; i++) {
		ADD("complete -c mtls -n __fish_use_subcommand -f -a %s -d '", commands[i]->name);
		add_quoted(commands[i]->summary, false, ret);
		ADD("'\n");
		for (const struct option *o = commands[i]->options; o && o->name; o++) {
			ADD("complete -c mtls -n '__fish_seen_subcommand_from %s' -l %s",
				commands[i]->name, o->name);
			if (o->letter)
				ADD(" -s %c", o->letter);
			if (o->choices) {
				ADD(" -x -a '");
				add_choices(o, ret);
				ADD("'");
			} else if (o->value) {
				ADD(" -r");
			}
			ADD(" -d '");
			add_quoted(o->help, false, ret);
			ADD("'\n");
		}
	}
	for (size_t i = 0; i < BUILT_IN; i++)
		ADD("complete -c mtls -n __fish_use_subcommand -f -a %s -d '%s'\n",
			built_in[i].name, built_in[i].summary);
	ADD("complete -c mtls -n '__fish_seen_subcommand_from completion' -x -a 'bash zsh fish'\n");
}

bool args_completion(const char *shell, const struct command *const *commands, struct buffer *ret)
{
	static const struct {
		const char *name;
		void (*write)(const struct command *const *commands, struct buffer *ret);
	} shells[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };
	for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++)
		if (!strcmp(shells[i].name, shell)) {
			shells[i].write(commands, ret);
			return true;
		}
	return false;
}
