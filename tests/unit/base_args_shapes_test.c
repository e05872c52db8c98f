/* Every shape that words can have: what each means, what is refused, and the texts of the tables.
 */
#include "unit.h"

#include "base/base.h"

#include <stdio.h>

static const struct option options[] = {
	{ .name = "file", .letter = 'f', .value = "FILE", .help = "a file" },
	{ .name = "ca", .value = "FILE", .repeats = true, .help = "a CA" },
	{ .name = "mode", .value = "MODE", .choices = "on|off", .preset = "on", .help = "a mode" },
	{ .name = "number", .value = "N", .environment = "MTLS_TEST_NUMBER", .help = "a number" },
	{ .name = "quiet", .letter = 'q', .environment = "MTLS_TEST_QUIET", .help = "say less" },
	{ 0 },
};
static const struct command any = { .name = "any",
	.summary = "Takes anything",
	.operands = "[WORD...]",
	.operands_max = -1,
	.options = options,
	.details = "More." };
static const struct command two = { .name = "two",
	.summary = "Takes two",
	.operands = "FROM TO",
	.operands_min = 2,
	.operands_max = 2,
	.options = options };
static const struct command bare = { .name = "bare", .summary = "Takes none", .operands = "" };

/* Cuts `line` at its spaces; "''" is an empty word. */
static size_t cut(char *line, char *words[static 16])
{
	size_t count = 0;
	for (char *rest = NULL, *word = strtok_r(line, " ", &rest); word;
		word = strtok_r(NULL, " ", &rest)) {
		assert_true(count < 16);
		words[count] = word;
		if (!strcmp(word, "''"))
			words[count] = word + 2;
		count++;
	}
	return count;
}

/* What the words mean, as "option=value ... | operand ...", or the refusal. */
static char *meaning(const struct command *command, const char *line)
{
	OWN(char) char *copy = text_copy(line);
	OWN(args) struct args *args = NULL;
	OWN(buffer) struct buffer text = BUFFER(4096);
	struct error error;
	char *words[16];
	size_t count = cut(copy, words);
	if (!args_parse(command, (int)count, words, &args, &error)) {
		assert_int_equal(error.kind, ERROR_USAGE);
		assert_true(*error.hint || !strstr(error.text, "has no option"));
		return text_format("%s", error.text);
	}
	if (args_wants_help(args))
		return text_copy("help");
	bool ok = true;
	for (const struct option *o = options; o->name && command->options; o++) {
		size_t values;
		const char *const *list = args_list(args, o->name, &values);
		if (!args_given(args, o->name))
			continue;
		for (size_t i = 0; i < values; i++)
			ok &= buffer_format(
				&text, &error, "%s=%s ", o->name, list[i] ? list[i] : "yes");
	}
	ok &= buffer_text(&text, "|", &error);
	for (int i = 0; i < args_count(args); i++)
		ok &= buffer_format(&text, &error, " %s", args_operand(args, i));
	assert_null(args_operand(args, args_count(args)));
	assert_null(args_operand(args, -1));
	assert_true(ok);
	return text_copy(text.data);
}

static const struct {
	const struct command *command;
	const char *words, *meaning;
} rows[] = {
	{ &any, "", "|" },
	{ &any, "a b", "| a b" },
	{ &any, "--file a b", "file=a | b" },
	{ &any, "--file=a b", "file=a | b" },
	{ &any, "-f a b", "file=a | b" },
	{ &any, "-fa b", "file=a | b" },
	{ &any, "b --file a", "file=a | b" },
	{ &any, "--file=a=b", "file=a=b |" },
	{ &any, "--file --quiet", "file=--quiet |" },
	{ &any, "--file -- b", "file=-- | b" },
	{ &any, "-f -", "file=- |" },
	{ &any, "-", "| -" },
	{ &any, "- --quiet", "quiet=yes | -" },
	{ &any, "-- --quiet -f", "| --quiet -f" },
	{ &any, "a -- -- b", "| a -- b" },
	{ &any, "'' b", "|  b" },
	{ &any, "--ca a --ca b --ca a", "ca=a ca=b ca=a |" },
	{ &any, "--quiet -f a", "file=a quiet=yes |" },
	{ &any, "--mode off", "mode=off |" },
	{ &two, "a b", "| a b" },
	{ &two, "-- a --b", "| a --b" },
	{ &bare, "", "|" },
	/* --help anywhere but behind -- or as a value, even where the rest is wrong */
	{ &any, "--help", "help" },
	{ &any, "a -h", "help" },
	{ &two, "--help", "help" },
	{ &two, "a b c --help", "help" },
	{ &bare, "-h", "help" },
	{ &any, "-- --help", "| --help" },
	{ &any, "--file --help", "file=--help |" },
	/* refused */
	{ &any, "--fil a", "mtls any has no option --fil" },
	{ &any, "--FILE a", "mtls any has no option --FILE" },
	{ &any, "--filee=a", "mtls any has no option --filee=a" },
	{ &any, "--=a", "mtls any has no option --=a" },
	{ &any, "-x", "mtls any has no option -x" },
	{ &any, "-qf", "mtls any has no option -qf" },
	{ &any, "-file", "file=ile |" },
	{ &any, "--file", "mtls any: --file needs a value: FILE" },
	{ &any, "a -f", "mtls any: --file needs a value: FILE" },
	{ &any, "--file '' b", "mtls any: --file is empty, and needs a value: FILE" },
	{ &any, "--quiet=yes", "mtls any: --quiet takes no value" },
	{ &any, "--quiet=", "mtls any: --quiet takes no value" },
	{ &any, "--quiet -q", "mtls any: --quiet is given twice" },
	{ &any, "-f a --file a", "mtls any: --file is given twice" },
	{ &any, "--mode", "mtls any: --mode needs a value: on|off" },
	{ &any, "--mode ON", "mtls any: --mode is one of on|off, not 'ON'" },
	{ &any, "--mode o", "mtls any: --mode is one of on|off, not 'o'" },
	{ &any, "--mode on|off", "mtls any: --mode is one of on|off, not 'on|off'" },
	{ &any, "--mode=", "mtls any: --mode is one of on|off, not ''" },
	{ &two, "a", "mtls two needs FROM TO" },
	{ &two, "", "mtls two needs FROM TO" },
	{ &two, "a b c d", "mtls two does not take 'c'" },
	{ &bare, "a", "mtls bare does not take 'a'" },
	{ &bare, "--quiet", "mtls bare has no option --quiet" },
};

static void every_shape_has_one_meaning(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		OWN(char) char *seen = meaning(rows[i].command, rows[i].words);
		if (strcmp(seen, rows[i].meaning) != 0)
			fail_msg("%s %s: '%s'", rows[i].command->name, rows[i].words, seen);
	}
}

static void hints_name_the_nearest_option_or_the_usage(void **state)
{
	(void)state;
	static const struct {
		const char *word, *hint;
	} near[] = {
		{ "--fiel", "did you mean --file?" },
		{ "--modes", "did you mean --mode?" },
		{ "--numbre", "did you mean --number?" },
		{ "--entirely-else", "mtls two --help lists the options" },
		{ "--x", "mtls two --help lists the options" },
		{ "extra", "usage: mtls two [OPTION...] FROM TO" },
	};
	for (size_t i = 0; i < sizeof near / sizeof *near; i++) {
		struct error error;
		struct args *untouched = NULL;
		char *words[] = { "a", "b", (char *)(uintptr_t)near[i].word };
		assert_false(args_parse(&two, 3, words, &untouched, &error));
		if (strcmp(error.hint, near[i].hint) != 0)
			fail_msg("%s: %s", near[i].word, error.hint);
		assert_null(untouched);
	}
}

static const char *configured(void *context, const char *name)
{
	return strcmp(name, context) ? NULL : "5";
}

static void numbers_have_bounds_wherever_they_come_from(void **state)
{
	(void)state;
	struct error error;
	OWN(args) struct args *none = NULL;
	long long value = 42;
	assert_true(args_parse(&any, 0, NULL, &none, &error));
	assert_true(args_number(none, "number", 1, 9, &value, &error));
	assert_int_equal(value, 42);
	args_set_configuration(none, configured, (void *)(uintptr_t) "number");
	assert_true(args_number(none, "number", 1, 9, &value, &error));
	assert_int_equal(value, 5);
	assert_false(args_number(none, "number", 6, 9, &value, &error));
	assert_string_equal(
		error.text, "mtls any: --number is a whole number from 6 to 9, not '5'");
	setenv("MTLS_TEST_NUMBER", "9", 1);
	assert_true(args_number(none, "number", 1, 9, &value, &error));
	assert_int_equal(value, 9);
	setenv("MTLS_TEST_NUMBER", "", 1); /* set to nothing: as if it were not set */
	assert_true(args_number(none, "number", 1, 9, &value, &error));
	assert_int_equal(value, 5);
	setenv("MTLS_TEST_NUMBER", "nine", 1);
	assert_false(args_number(none, "number", 1, 9, &value, &error));
	assert_int_equal(value, 5);
	unsetenv("MTLS_TEST_NUMBER");
}

static void a_flag_is_set_by_yes_true_and_1_alone(void **state)
{
	(void)state;
	static const struct {
		const char *value;
		bool set;
	} values[] = { { "yes", true }, { "true", true }, { "1", true }, { "no", false },
		{ "", false }, { "0", false }, { "YES", false }, { "2", false } };
	struct error error;
	OWN(args) struct args *args = NULL;
	assert_true(args_parse(&any, 0, NULL, &args, &error));
	assert_false(args_flag(args, "quiet"));
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		setenv("MTLS_TEST_QUIET", values[i].value, 1);
		assert_int_equal(args_flag(args, "quiet"), values[i].set);
		assert_false(args_given(args, "quiet"));
	}
	unsetenv("MTLS_TEST_QUIET");
}

static void the_tables_are_shown_as_they_are(void **state)
{
	(void)state;
	OWN(buffer) struct buffer text = BUFFER(65536);
	args_help(&bare, &text);
	assert_string_equal(text.data, "Takes none.\n\nUsage: mtls bare\n\nOptions:\n"
				       "  -h, --help                    print this help\n");
	buffer_done(&text);
	args_help(&any, &text);
	assert_string_equal(text.data,
		"Takes anything.\n\nUsage: mtls any [OPTION...] [WORD...]\n\nOptions:\n"
		"  -f, --file FILE               a file\n"
		"      --ca FILE                 a CA; may be repeated\n"
		"      --mode on|off             a mode (default: on)\n"
		"      --number N                a number [MTLS_TEST_NUMBER]\n"
		"  -q, --quiet                   say less [MTLS_TEST_QUIET]\n"
		"  -h, --help                    print this help\n\nMore.\n");
}

/* However long the choices are, --help shows all of them. */
static void long_choices_are_shown_whole(void **state)
{
	(void)state;
	char choices[500];
	memset(choices, 'c', sizeof choices - 1);
	for (size_t i = 9; i < sizeof choices - 1; i += 10)
		choices[i] = '|';
	choices[sizeof choices - 1] = 0;
	const struct option wide[] = {
		{ .name = "wide", .value = "X", .choices = choices, .help = "wide" }, { 0 }
	};
	const struct command command = {
		.name = "wide", .summary = "Is wide", .operands = "", .options = wide
	};
	OWN(buffer) struct buffer text = BUFFER(65536);
	args_help(&command, &text);
	OWN(char) char *line =
		text_format("      --wide %s\n                                wide\n", choices);
	assert_non_null(strstr(text.data, line));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_shape_has_one_meaning),
		cmocka_unit_test(hints_name_the_nearest_option_or_the_usage),
		cmocka_unit_test(numbers_have_bounds_wherever_they_come_from),
		cmocka_unit_test(a_flag_is_set_by_yes_true_and_1_alone),
		cmocka_unit_test(the_tables_are_shown_as_they_are),
		cmocka_unit_test(long_choices_are_shown_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
