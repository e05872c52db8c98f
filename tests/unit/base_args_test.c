/* The argument tables: what is taken, what is refused and with which sentence. */
#include "unit.h"

#include "base/base.h"

static const struct option options[] = {
	{ .name = "ca", .value = "FILE", .repeats = true, .help = "trust this CA" },
	{ .name = "verify",
		.value = "MODE",
		.choices = "required|optional|none",
		.preset = "required",
		.help = "ask for a certificate" },
	{ .name = "listen",
		.value = "HOST:PORT",
		.environment = "MTLS_TEST_LISTEN",
		.help = "listen" },
	{ .name = "verbose", .letter = 'v', .help = "say more" },
	{ 0 },
};
static const struct command command = { .name = "serve",
	.summary = "Serves",
	.operands = "[DIR]",
	.operands_max = 1,
	.options = options };

static struct args *parse(struct error *reterr, int count, char **words)
{
	struct args *args = NULL;
	return args_parse(&command, count, words, &args, reterr) ? args : NULL;
}
#define PARSE(...) \
	parse(&error, (int)(sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *)), \
		(char *[]){ __VA_ARGS__ })

static void takes_values_flags_and_operands(void **state)
{
	(void)state;
	struct error error;
	OWN(args) struct args *args = PARSE("--ca", "a", "dir", "--ca=b", "-v");
	assert_non_null(args);
	size_t count;
	const char *const *list = args_list(args, "ca", &count);
	assert_int_equal(count, 2);
	assert_string_equal(list[0], "a");
	assert_string_equal(list[1], "b");
	assert_true(args_flag(args, "verbose"));
	assert_string_equal(args_text(args, "verify"), "required");
	assert_false(args_given(args, "verify"));
	assert_string_equal(args_operand(args, 0), "dir");
	assert_null(args_operand(args, 1));
}

static const char *from_configuration(void *context, const char *name)
{
	return strcmp(name, "listen") ? NULL : context;
}

static void flag_beats_environment_beats_configuration(void **state)
{
	(void)state;
	struct error error;
	OWN(args) struct args *flag = PARSE("--listen", "flag:1");
	OWN(args) struct args *none = PARSE("dir");
	args_set_configuration(none, from_configuration, "file:1");
	assert_string_equal(args_text(none, "listen"), "file:1");
	setenv("MTLS_TEST_LISTEN", "environment:1", 1);
	assert_string_equal(args_text(none, "listen"), "environment:1");
	assert_string_equal(args_text(flag, "listen"), "flag:1");
	unsetenv("MTLS_TEST_LISTEN");
}

/* "ca.1", "ca.2" and so on, as far as they go. */
static const char *numbered(void *context, const char *name)
{
	static char seen[8];
	int count = *(int *)context, number = 0;
	if (sscanf(name, "ca.%d", &number) != 1 || number > count)
		return NULL;
	return strcpy(seen, "many");
}

static void a_list_has_numbered_values_in_the_configuration(void **state)
{
	(void)state;
	static const size_t wanted[] = { 0, 1, 2, ARGS_CONFIGURED_MAX, ARGS_CONFIGURED_MAX };
	static int counts[] = { 0, 1, 2, ARGS_CONFIGURED_MAX, 100 };
	for (size_t i = 0; i < 5; i++) {
		struct error error;
		size_t count;
		OWN(args) struct args *none = PARSE("dir");
		args_set_configuration(none, numbered, &counts[i]);
		const char *const *list = args_list(none, "ca", &count);
		assert_int_equal(count, wanted[i]);
		for (size_t j = 0; j < count; j++)
			assert_string_equal(list[j], "many");
		OWN(args) struct args *flag = PARSE("--ca", "one");
		args_set_configuration(flag, numbered, &counts[i]);
		assert_string_equal(args_list(flag, "ca", &count)[0], "one");
		assert_int_equal(count, 1);
		assert_true(args_repeats(none, "ca"));
		assert_false(args_repeats(none, "verify"));
	}
}

static void refuses_with_a_sentence(void **state)
{
	(void)state;
	struct error error;
	assert_null(PARSE("--verfy", "none"));
	assert_int_equal(error.kind, ERROR_USAGE);
	assert_string_equal(error.text, "mtls serve has no option --verfy");
	assert_string_equal(error.hint, "did you mean --verify?");
	assert_null(PARSE("--verify", "maybe"));
	assert_string_equal(
		error.text, "mtls serve: --verify is one of required|optional|none, not 'maybe'");
	assert_null(PARSE("--ca"));
	assert_string_equal(error.text, "mtls serve: --ca needs a value: FILE");
	assert_null(PARSE("--verbose=1"));
	assert_string_equal(error.text, "mtls serve: --verbose takes no value");
	assert_null(PARSE("--listen", "a", "--listen", "b"));
	assert_string_equal(error.text, "mtls serve: --listen is given twice");
	assert_null(PARSE("one", "two"));
	assert_string_equal(error.text, "mtls serve does not take 'two'");
	assert_null(PARSE("--ca", ""));
	assert_string_equal(error.text, "mtls serve: --ca is empty, and needs a value: FILE");
	assert_null(PARSE("--ca="));
	assert_null(PARSE(""));
	assert_int_equal(error.kind, ERROR_USAGE);
	assert_string_equal(error.text, "mtls serve: the name of a folder is empty");
	assert_string_equal(error.hint, "usage: mtls serve [OPTION...] [DIR]");
}

static void completes_every_option(void **state)
{
	(void)state;
	const struct command *const commands[] = { &command, NULL };
	const char *const shells[] = { "bash", "zsh", "fish" };
	for (size_t i = 0; i < 3; i++) {
		OWN(buffer) struct buffer text = BUFFER(65536);
		assert_true(args_completion(shells[i], commands, &text));
		for (const struct option *o = options; o->name; o++)
			assert_non_null(strstr(text.data, o->name));
	}
	OWN(buffer) struct buffer text = BUFFER(65536);
	assert_false(args_completion("tcsh", commands, &text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_values_flags_and_operands),
		cmocka_unit_test(flag_beats_environment_beats_configuration),
		cmocka_unit_test(a_list_has_numbered_values_in_the_configuration),
		cmocka_unit_test(refuses_with_a_sentence),
		cmocka_unit_test(completes_every_option),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
