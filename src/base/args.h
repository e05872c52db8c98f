/*
 * Arguments: a command describes itself in one table, and parsing, --help, shell completion and
 * the check of the man pages' synopses all come from it.
 *
 *	static const struct option options[] = {
 *		{ .name = "ca", .value = "FILE", .repeats = true, .help = "trust this CA" },
 *		{ .name = "json", .help = "print JSON" },
 *		{ 0 }
 *	};
 *	const struct command verify_command = { "verify", "Verifies a certificate chain",
 *		ONE_OPERAND("LEAF"),
 *		.options = options, .run = verify_run };
 */
#ifndef MTLS_BASE_ARGS_H
#define MTLS_BASE_ARGS_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct args;

struct option {
	const char *name;    /* long name without dashes; the table ends where it is NULL */
	char letter;         /* short name or 0 */
	const char *value;   /* what stands for the value in help (FILE, DIR, N); NULL for a flag */
	const char *choices; /* "a|b|c": other values are refused and completion offers these */
	const char *environment; /* the variable that gives the value when the flag does not */
	const char *preset;      /* the value when nothing gives one; shown in help */
	bool repeats;            /* may be given several times */
	const char *help;
};

struct command {
	const char *name;
	const char *summary;            /* one line, a verb first, no full stop */
	const char *operands;           /* as in the synopsis: "[DIR]", "LEAF"; "" for none */
	int operands_min, operands_max; /* max -1: any number */
	const struct option *options;
	int (*run)(struct args *args); /* returns the exit code */
	const char *details;           /* paragraphs below the options in --help, or NULL */
};

/* For most of them. */
#define ONE_OPERAND(name) .operands = (name), .operands_min = 1, .operands_max = 1

/*
 * Parses what stands after the command's name. Options and operands may be mixed; `--` ends the
 * options; `--name=value` works. An unknown option is ERROR_USAGE with the nearest known name as
 * hint.
 */
must_check bool args_parse(const struct command *command, int count, char *const *words,
	struct args **ret, struct error *reterr);
void args_free(struct args *args);
OWN_DEFINE(args, struct args, args_free);

/*
 * Where a value comes from when neither a flag nor the environment gives it: the command's section
 * of the configuration file. `lookup` returns NULL or text that lives as long as `context`.
 * Unknown names in that section are for the caller to refuse (args_knows).
 */
typedef const char *args_lookup(void *context, const char *name);
void args_set_configuration(struct args *args, args_lookup *lookup, void *context);
bool args_knows(const struct args *args, const char *name);
/* Whether `text` may be the value of that option: one of its choices, where it has some; yes or no
 * for a flag. */
must_check bool args_allows(
	const struct args *args, const char *name, const char *text, struct error *reterr);

const struct command *args_command(const struct args *args);
/* Whether --help or -h was among the words: then operands are not checked. */
bool args_wants_help(const struct args *args);
/* Each names an option of the command's table; another name is a bug. */
bool args_flag(const struct args *args, const char *name);
const char *args_text(const struct args *args, const char *name); /* NULL when not given */
/*
 * All values of a repeatable option, in order. In the configuration it has one value, as NAME, or
 * several: NAME.1, NAME.2 and so on, as SANs have theirs in OpenSSL's files.
 */
#define ARGS_CONFIGURED_MAX 32
const char *const *args_list(const struct args *args, const char *name, size_t *ret_count);
bool args_repeats(const struct args *args, const char *name);
/* A number within bounds; `*ret` is untouched when the option is not given. */
must_check bool args_number(const struct args *args, const char *name, long long min, long long max,
	long long *ret, struct error *reterr);
/* Whether a flag (not the environment, configuration or preset) gave it. */
bool args_given(const struct args *args, const char *name);

int args_count(const struct args *args);
const char *args_operand(const struct args *args, int index); /* NULL beyond the last */

/* The texts that come from the tables. `commands` ends with a NULL entry. */
void args_help(const struct command *command, struct buffer *ret);
void args_overview(const struct command *const *commands, struct buffer *ret);
/* `shell` is "bash", "zsh" or "fish"; false for another. */
must_check bool args_completion(
	const char *shell, const struct command *const *commands, struct buffer *ret);

#endif
