/* Parsing words against a command's table. The texts made from the tables are in args_text.c. */
#include "base/args.h"

#include "base/text.h"

struct value {
	const struct option *option;
	const char *text; /* NULL for a flag; borrowed from argv */
};

struct args {
	const struct command *command;
	struct value *values;
	size_t values_count;
	const char **operands;
	int operands_count;
	bool wants_help;
	args_lookup *lookup;
	void *lookup_context;
	const char **list; /* what args_list returns: a part of the array an option */
};

static const struct option *find_long(const struct command *command, const char *name, size_t bytes)
{
	for (const struct option *o = command->options; o && o->name; o++)
		if (strlen(o->name) == bytes && !memcmp(o->name, name, bytes))
			return o;
	return NULL;
}

static const struct option *find_letter(const struct command *command, char letter)
{
	for (const struct option *o = command->options; o && o->name; o++)
		if (o->letter && o->letter == letter)
			return o;
	return NULL;
}

static bool unknown(const struct command *command, const char *word, struct error *reterr)
{
	error_set(reterr, ERROR_USAGE, "mtls %s has no option %s", command->name, word);
	const struct option *nearest = NULL;
	size_t nearest_distance = 4;
	const char *name = word + strspn(word, "-");
	for (const struct option *o = command->options; o && o->name; o++) {
		size_t d = text_distance(name, o->name);
		if (d < nearest_distance && d < strlen(o->name)) {
			nearest_distance = d;
			nearest = o;
		}
	}
	if (nearest)
		return error_hint(reterr, "did you mean --%s?", nearest->name);
	return error_hint(reterr, "mtls %s --help lists the options", command->name);
}

static bool is_choice(const char *choices, const char *text)
{
	size_t bytes = strlen(text);
	while (*choices) {
		size_t choice = strcspn(choices, "|");
		if (choice == bytes && !memcmp(choices, text, bytes))
			return true;
		choices += choice + (choices[choice] == '|');
	}
	return false;
}

static bool check_choice(const struct args *args, const struct option *option, const char *text,
	struct error *reterr)
{
	if (!option->choices || !text || is_choice(option->choices, text))
		return true;
	return error_set(reterr, ERROR_USAGE, "mtls %s: --%s is one of %s, not '%s'",
		args->command->name, option->name, option->choices, text);
}

static bool is_one_of(const char *text, const char *const *words)
{
	while (*words && strcmp(text, *words) != 0)
		words++;
	return *words != NULL;
}

/* Most often a variable of a script that is not set; '' and "/x" behind it would be /x. */
static bool check_place(const struct args *args, const struct option *option, const char *text,
	struct error *reterr)
{
	static const char *const places[] = { "FILE", "DIR", NULL };
	if (!text || *text || !is_one_of(option->value, places))
		return true;
	return error_set(reterr, ERROR_USAGE, "mtls %s: --%s is empty, and needs a value: %s",
		args->command->name, option->name, option->value);
}

static bool keep(
	struct args *args, const struct option *option, const char *text, struct error *reterr)
{
	if (!option->repeats && args_given(args, option->name))
		return error_set(reterr, ERROR_USAGE, "mtls %s: --%s is given twice",
			args->command->name, option->name);
	if (!check_choice(args, option, text, reterr) || !check_place(args, option, text, reterr))
		return false;
	args->values[args->values_count++] = (struct value){ option, text };
	return true;
}

/* One word that begins with a dash; *index moves over a value that stands behind it. */
static bool parse_option(
	struct args *args, int count, char *const *words, int *index, struct error *reterr)
{
	const char *word = words[*index], *text = NULL;
	const struct option *option;
	if (word[1] == '-') {
		const char *name = word + 2;
		size_t bytes = strcspn(name, "=");
		option = find_long(args->command, name, bytes);
		if (option && name[bytes]) {
			text = name + bytes + 1;
			if (!option->value)
				return error_set(reterr, ERROR_USAGE,
					"mtls %s: --%s takes no value", args->command->name,
					option->name);
		}
	} else {
		option = find_letter(args->command, word[1]);
		if (option && word[2]) {
			if (!option->value)
				return unknown(args->command, word, reterr);
			text = word + 2;
		}
	}
	if (!option)
		return unknown(args->command, word, reterr);
	if (option->value && !text) {
		if (*index + 1 >= count)
			return error_set(reterr, ERROR_USAGE, "mtls %s: --%s needs a value: %s",
				args->command->name, option->name,
				option->choices ? option->choices : option->value);
		text = words[++*index];
	}
	return keep(args, option, text, reterr);
}

static bool names_no_folder(const struct args *args)
{
	bool empty = false;
	for (int i = 0; i < args->operands_count; i++)
		empty |= !*args->operands[i];
	return empty && strstr(args->command->operands, "DIR");
}

static bool check_operands(const struct args *args, struct error *reterr)
{
	const struct command *command = args->command;
	if (names_no_folder(args))
		error_set(reterr, ERROR_USAGE, "mtls %s: the name of a folder is empty",
			command->name);
	else if (args->operands_count < command->operands_min)
		error_set(
			reterr, ERROR_USAGE, "mtls %s needs %s", command->name, command->operands);
	else if (command->operands_max >= 0 && args->operands_count > command->operands_max)
		error_set(reterr, ERROR_USAGE, "mtls %s does not take '%s'", command->name,
			args->operands[command->operands_max]);
	else
		return true;
	return error_hint(reterr, "usage: mtls %s [OPTION...]%s%s", command->name,
		*command->operands ? " " : "", command->operands);
}

bool args_parse(const struct command *command, int count, char *const *words, struct args **ret,
	struct error *reterr)
{
	OWN(args) struct args *args = calloc(1, sizeof *args);
	if (!args)
		bug("out of memory");
	args->command = command;
	args->values = calloc((size_t)count + 1, sizeof *args->values);
	args->operands = calloc((size_t)count + 1, sizeof *args->operands);
	if (!args->values || !args->operands)
		bug("out of memory");
	bool options_ended = false;
	for (int i = 0; i < count; i++) {
		const char *word = words[i];
		if (options_ended || word[0] != '-' || !word[1])
			args->operands[args->operands_count++] = word;
		else if (!strcmp(word, "--"))
			options_ended = true;
		else if (!strcmp(word, "--help") || !strcmp(word, "-h"))
			args->wants_help = true;
		else if (!parse_option(args, count, words, &i, reterr))
			return false;
	}
	for (const struct option *o = command->options; o && o->name; o++)
		if (o->environment && !check_choice(args, o, getenv(o->environment), reterr))
			return error_context(reterr, "%s", o->environment);
	if (!args->wants_help && !check_operands(args, reterr))
		return false;
	*ret = TAKE(args);
	return true;
}

void args_free(struct args *args)
{
	if (!args)
		return;
	free(args->values);
	free(args->operands);
	free(args->list);
	free(args);
}

void args_set_configuration(struct args *args, args_lookup *lookup, void *context)
{
	args->lookup = lookup;
	args->lookup_context = context;
}

bool args_knows(const struct args *args, const char *name)
{
	return find_long(args->command, name, strlen(name)) != NULL;
}

const struct command *args_command(const struct args *args)
{
	return args->command;
}

bool args_wants_help(const struct args *args)
{
	return args->wants_help;
}

static const struct option *known(const struct args *args, const char *name)
{
	const struct option *option = find_long(args->command, name, strlen(name));
	if (!option)
		bug("mtls %s asks for its unknown option '%s'", args->command->name, name);
	return option;
}

bool args_given(const struct args *args, const char *name)
{
	const struct option *option = known(args, name);
	for (size_t i = 0; i < args->values_count; i++)
		if (args->values[i].option == option)
			return true;
	return false;
}

/* A flag beats the environment, which beats the configuration file, which beats the preset. */
static const char *fallback(const struct args *args, const struct option *option)
{
	const char *text = option->environment ? getenv(option->environment) : NULL;
	if ((!text || !*text) && args->lookup)
		text = args->lookup(args->lookup_context, option->name);
	return text && *text ? text : option->preset;
}

static bool is_yes(const char *text)
{
	static const char *const words[] = { "yes", "true", "1", NULL };
	return is_one_of(text, words);
}

bool args_allows(const struct args *args, const char *name, const char *text, struct error *reterr)
{
	static const char *const off[] = { "no", "false", "0", "", NULL };
	const struct option *option = known(args, name);
	if (!option->value && text && !is_yes(text) && !is_one_of(text, off))
		return error_set(reterr, ERROR_USAGE, "mtls %s: --%s is yes or no, not '%s'",
			args->command->name, option->name, text);
	return check_choice(args, option, text, reterr);
}

bool args_flag(const struct args *args, const char *name)
{
	if (args_given(args, name))
		return true;
	const char *text = fallback(args, known(args, name));
	return text && is_yes(text);
}

const char *args_text(const struct args *args, const char *name)
{
	const struct option *option = known(args, name);
	for (size_t i = 0; i < args->values_count; i++)
		if (args->values[i].option == option)
			return args->values[i].text;
	return fallback(args, option);
}

bool args_repeats(const struct args *args, const char *name)
{
	return known(args, name)->repeats;
}

/* NAME.1 and those behind it; how many there are. */
static size_t read_numbered(const struct args *args, const struct option *option, const char **list)
{
	size_t count = 0;
	bool more = args->lookup && option->repeats;
	while (more && count < ARGS_CONFIGURED_MAX) {
		OWN(char) char *name = text_format("%s.%zu", option->name, count + 1);
		list[count] = args->lookup(args->lookup_context, name);
		more = list[count] != NULL;
		count += more;
	}
	return count;
}

const char *const *args_list(const struct args *args, const char *name, size_t *ret_count)
{
	const struct option *option = known(args, name);
	/* Each option has its own part of one array, so that several lists live side by side. */
	struct args *own = (struct args *)args;
	size_t options = 0, index = 0;
	for (const struct option *o = args->command->options; o->name; o++) {
		if (o == option)
			index = options;
		options++;
	}
	size_t stride = args->values_count + ARGS_CONFIGURED_MAX;
	if (!own->list)
		own->list = calloc(options * stride, sizeof *own->list);
	if (!own->list)
		bug("out of memory");
	const char **list = own->list + index * stride;
	size_t count = 0;
	for (size_t i = 0; i < args->values_count; i++)
		if (args->values[i].option == option)
			list[count++] = args->values[i].text;
	if (!count && (list[0] = fallback(args, option)) != NULL)
		count = 1;
	if (!count)
		count = read_numbered(args, option, list);
	*ret_count = count;
	return list;
}

bool args_number(const struct args *args, const char *name, long long min, long long max,
	long long *ret, struct error *reterr)
{
	const char *text = args_text(args, name);
	if (!text || text_number(text, min, max, ret))
		return true;
	return error_set(reterr, ERROR_USAGE,
		"mtls %s: --%s is a whole number from %lld to %lld, not '%s'", args->command->name,
		name, min, max, text);
}

int args_count(const struct args *args)
{
	return args->operands_count;
}

const char *args_operand(const struct args *args, int index)
{
	return index >= 0 && index < args->operands_count ? args->operands[index] : NULL;
}
