/* Reading mtls.cnf for one command. */
#include "cmd/config.h"

#include "pki/pki.h"

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
	if (!profile_load(path, &config->file, reterr) || !check_names(args, config, reterr))
		return false;
	args_set_configuration(args, lookup, config);
	*ret = TAKE(config);
	return true;
}

bool config_apply(struct args *args, struct config **ret, struct error *reterr)
{
	return config_apply_of(args, args_command(args)->name, ret, reterr);
}

void config_free(struct config *config)
{
	if (!config)
		return;
	profile_free(config->file);
	free(config);
}
