/* Reading mtls.cnf for one command. */
#include "cmd/config.h"

#include "cmd/commands.h"
#include "pki/pki.h"

#include <ctype.h>

#define DEFAULT_PATH "mtls.cnf"

struct config {
	struct profile *file;
	const char *section;
};

static const char *lookup(void *context, const char *name)
{
	const struct config *config = context;
	return profile_own_value(config->file, config->section, name);
}

/* The option that NAME.2 is a value of, when NAME.1 is one, and NAME is not; the caller's, or NULL.
 */
static char *find_list(const struct args *args, const struct config *config, const char *name)
{
	const char *dot = strrchr(name, '.');
	long long number;
	if (!dot || dot[1] == '0' || !text_number(dot + 1, 1, ARGS_CONFIGURED_MAX, &number))
		return NULL;
	OWN(char) char *option = text_format("%.*s", (int)(dot - name), name);
	OWN(char) char *before = text_format("%s.%lld", option, number - 1);
	bool fits = args_knows(args, option) && args_repeats(args, option) &&
		    !lookup((void *)config, option) &&
		    (number == 1 || lookup((void *)config, before));
	return fits ? TAKE(option) : NULL;
}

/* NAME.2 where NAME takes one value, or has others that are numbered otherwise. */
static bool hint_list(const struct args *args, const char *name, struct error *reterr)
{
	const char *dot = strrchr(name, '.');
	OWN(char) char *option = text_format("%.*s", (int)(dot ? dot - name : 0), name);
	if (!args_knows(args, option))
		return false;
	if (args_repeats(args, option))
		error_hint(reterr,
			"several values are %s.1, %s.2 and so on to %d, without a gap, and "
			"without %s beside them",
			option, option, ARGS_CONFIGURED_MAX, option);
	else
		error_hint(reterr, "it takes one value, as %s", option);
	return true;
}

/* A misspelt name would be silently without effect, so it is refused. */
static bool check_names(const struct args *args, const struct config *config, struct error *reterr)
{
	const char *name;
	for (size_t i = 0; (name = profile_name_at(config->file, config->section, i)) != NULL;
		i++) {
		const char *path = profile_path(config->file);
		bool foreign = strcmp(config->section, args_command(args)->name) &&
			       !strcmp(name, "json"); /* ours, not that command's */
		OWN(char)
		char *option =
			args_knows(args, name) ? text_copy(name) : find_list(args, config, name);
		if (!option || foreign || !strcmp(name, "config")) {
			error_set(reterr, ERROR_USAGE, "'%s': mtls %s has no option '%s'", path,
				config->section, name);
			return hint_list(args, name, reterr)
				       ? false
				       : error_hint(reterr,
						 "mtls %s --help lists the options; section [%s] "
						 "takes them without dashes",
						 config->section, config->section);
		}
		if (!args_allows(args, option, lookup((void *)config, name), reterr))
			return error_context(reterr, "'%s'", path);
	}
	return true;
}

/* ---- Sections ---- */

#define SECTION_BYTES 40

static void lower(const char *text, char ret[static SECTION_BYTES])
{
	size_t i = 0;
	for (; text[i] && i < SECTION_BYTES - 1; i++)
		ret[i] = (char)tolower((unsigned char)text[i]);
	ret[i] = 0;
}

/*
 * The section that this one is a misspelling of; NULL when it is one of ours, or like none: the
 * same file may hold sections for openssl.
 */
static const char *meant(const char *section)
{
	static const char *const others[] = { "policy", "default" };
	const char *nearest = NULL;
	char folded[SECTION_BYTES];
	size_t best = strlen(section) < 4 ? 2 : 3, fixed = sizeof others / sizeof *others;
	lower(section, folded);
	for (size_t i = 0; i < fixed || cmd_table[i - fixed]; i++) {
		const char *name = i < fixed ? others[i] : cmd_table[i - fixed]->name;
		size_t distance = text_distance(folded, name);
		if (!strcmp(section, name))
			return NULL;
		if (distance < best) {
			best = distance;
			nearest = name;
		}
	}
	return nearest;
}

json_t *config_warnings(const struct config *config)
{
	json_t *list = json_array();
	const char *section;
	for (size_t i = 0; config && (section = profile_section_at(config->file, i)) != NULL; i++) {
		const char *name = meant(section);
		char shown[4 * SECTION_BYTES];
		if (!name)
			continue;
		text_escape(shown, sizeof shown, section, strlen(section));
		OWN(char) char *text =
			text_format("'%s' line %zu: section [%s] has no effect; is [%s] meant?",
				profile_path(config->file),
				profile_line(config->file, section, NULL, 0), shown, name);
		json_array_append_new(list, json_string(text));
	}
	return list;
}

const char *config_path(const struct args *args)
{
	const char *path = args_knows(args, "config") ? args_text(args, "config") : NULL;
	return path ? path : file_exists(DEFAULT_PATH) ? DEFAULT_PATH : NULL;
}

bool config_apply_of(
	struct args *args, const char *command, struct config **ret, struct error *reterr)
{
	const char *path = config_path(args);
	if (!path)
		return true;
	OWN(config) struct config *config = calloc(1, sizeof *config);
	if (!config)
		bug("out of memory for a configuration");
	config->section = command;
	if (!profile_load(path, &config->file, reterr) || !profile_is_whole(config->file, reterr) ||
		!check_names(args, config, reterr))
		return false;
	args_set_configuration(args, lookup, config);
	*ret = TAKE(config);
	return true;
}

bool config_apply(struct args *args, struct config **ret, struct error *reterr)
{
	struct config *config = NULL;
	size_t i;
	const json_t *warning;
	if (!config_apply_of(args, args_command(args)->name, &config, reterr))
		return false;
	OWN(json_t) json_t *warnings = config_warnings(config);
	json_array_foreach(warnings, i, warning) cmd_warn(json_string_value(warning));
	*ret = config;
	return true;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	profile_free(config->file);
	free(config);
}
