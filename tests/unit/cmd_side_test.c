/*
 * How options, environment and mtls.cnf become one side's options of TLS: each row is a command
 * line, and what is read from it or why it is refused.
 */
#include "unit.h"

#include "cmd/config.h"
#include "cmd/side.h"

#include <stdio.h>
#include <unistd.h>

static const struct option options[] = {
	SIDE_OPTIONS("server"),
	{ .name = "quiet", .help = "a flag" },
	CONFIG_OPTION,
	{ 0 },
};

static int run(struct args *args)
{
	(void)args;
	return 0;
}

static const struct command command = {
	.name = "probe", .summary = "x", .operands = "", .options = options, .run = run
};

#define WORDS_MAX 8

/* Parses the words and reads the side; the arguments stay the caller's, as the side borrows. */
static bool read_side(const char *const *words, bool bare, struct args **ret_args, struct side *ret,
	struct error *reterr)
{
	int count = 0;
	while (count < WORDS_MAX && words[count])
		count++;
	return args_parse(&command, count, (char *const *)words, ret_args, reterr) &&
	       side_read(*ret_args, "client", bare, ret, reterr);
}

static void reads(const char *const *words, struct args **ret_args, struct side *ret)
{
	struct error error;
	if (!read_side(words, false, ret_args, ret, &error))
		fail_msg("%s %s: %s", words[0] ? words[0] : "nothing", words[0] ? words[1] : "",
			error.text);
}

static void files_have_their_usual_places(void **state)
{
	(void)state;
	static const struct {
		const char *words[WORDS_MAX], *cert, *key, *ca;
	} rows[] = {
		{ { NULL }, "certs/client.crt", "certs/client.key", "certs/ca.crt" },
		{ { "--certs", "x" }, "x/client.crt", "x/client.key", "x/ca.crt" },
		{ { "--certs", "/a/b/" }, "/a/b//client.crt", "/a/b//client.key", "/a/b//ca.crt" },
		{ { "--cert", "y/z.crt" }, "y/z.crt", "y/z.key", "certs/ca.crt" },
		{ { "--cert", "both.pem" }, "both.pem", "both.pem", "certs/ca.crt" },
		{ { "--cert", "no-dot" }, "no-dot", "no-dot", "certs/ca.crt" },
		{ { "--cert", "a.crt.d/x" }, "a.crt.d/x", "a.crt.d/x", "certs/ca.crt" },
		{ { "--key", "k" }, "certs/client.crt", "k", "certs/ca.crt" },
		{ { "--cert", "c.crt", "--key", "k.pem" }, "c.crt", "k.pem", "certs/ca.crt" },
		{ { "--ca", "other.crt" }, "certs/client.crt", "certs/client.key", "other.crt" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		OWN(args) struct args *args = NULL;
		OWN(side) struct side side = { 0 };
		reads(rows[i].words, &args, &side);
		assert_string_equal(side.tls.cert, rows[i].cert);
		assert_string_equal(side.tls.key, rows[i].key);
		assert_int_equal(side.tls.ca_count, 1);
		assert_string_equal(side.tls.ca[0], rows[i].ca);
		assert_int_equal(side.tls.crl_count, 0);
		assert_null(side.tls.passphrase);
	}
}

static void a_bare_side_has_trust_alone(void **state)
{
	(void)state;
	static const char *const words[WORDS_MAX] = { "--certs", "x" };
	struct error error;
	OWN(args) struct args *args = NULL;
	OWN(side) struct side side = { 0 };
	assert_true(read_side(words, true, &args, &side, &error));
	assert_null(side.tls.cert);
	assert_null(side.tls.key);
	assert_string_equal(side.tls.ca[0], "x/ca.crt");
}

static void lists_keep_their_order(void **state)
{
	(void)state;
	static const char *const words[WORDS_MAX] = { "--ca", "a", "--crl", "c", "--ca=b", "--crl",
		"d" };
	struct error error;
	OWN(args) struct args *args = NULL;
	OWN(side) struct side side = { 0 };
	assert_true(read_side(words, false, &args, &side, &error));
	assert_int_equal(side.tls.ca_count, 2);
	assert_int_equal(side.tls.crl_count, 2);
	assert_string_equal(side.tls.ca[0], "a");
	assert_string_equal(side.tls.ca[1], "b");
	assert_string_equal(side.tls.crl[0], "c");
	assert_string_equal(side.tls.crl[1], "d");
}

static void rules_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *words[WORDS_MAX];
		enum verify_profile profile;
		enum verify_eku eku;
		int depth;
		enum tls_version lowest, highest;
	} rows[] = {
		{ { NULL }, PROFILE_MTLS, EKU_DEFAULT, -1, TLS_1_2, TLS_VERSION_ANY },
		{ { "--profile", "openssl" }, PROFILE_OPENSSL, EKU_DEFAULT, -1, TLS_1_2,
			TLS_VERSION_ANY },
		{ { "--profile", "strict", "--eku", "strict" }, PROFILE_STRICT, EKU_STRICT, -1,
			TLS_1_2, TLS_VERSION_ANY },
		{ { "--eku", "standard", "--depth", "0" }, PROFILE_MTLS, EKU_STANDARD, 0, TLS_1_2,
			TLS_VERSION_ANY },
		{ { "--depth=100" }, PROFILE_MTLS, EKU_DEFAULT, 100, TLS_1_2, TLS_VERSION_ANY },
		{ { "--tls-min", "1.0" }, PROFILE_MTLS, EKU_DEFAULT, -1, TLS_1_0, TLS_VERSION_ANY },
		{ { "--tls-min", "1.1", "--tls-max", "1.1" }, PROFILE_MTLS, EKU_DEFAULT, -1,
			TLS_1_1, TLS_1_1 },
		{ { "--tls-max", "1.2" }, PROFILE_MTLS, EKU_DEFAULT, -1, TLS_1_2, TLS_1_2 },
		{ { "--tls-min", "1.3", "--tls-max", "1.3" }, PROFILE_MTLS, EKU_DEFAULT, -1,
			TLS_1_3, TLS_1_3 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		OWN(args) struct args *args = NULL;
		OWN(side) struct side side = { 0 };
		reads(rows[i].words, &args, &side);
		assert_int_equal(side.tls.verify.profile, rows[i].profile);
		assert_int_equal(side.tls.verify.eku, rows[i].eku);
		assert_int_equal(side.tls.verify.depth_max, rows[i].depth);
		assert_int_equal(side.tls.version_min, rows[i].lowest);
		assert_int_equal(side.tls.version_max, rows[i].highest);
		assert_null(side.tls.ciphers);
	}
}

static void what_cannot_be_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *words[WORDS_MAX], *text;
	} rows[] = {
		{ { "--tls-min", "1.3", "--tls-max", "1.2" },
			"--tls-max 1.2 is below --tls-min 1.3" },
		/* The lowest that is preset counts too. */
		{ { "--tls-max", "1.1" }, "--tls-max 1.1 is below --tls-min 1.2" },
		{ { "--depth", "-1" },
			"mtls probe: --depth is a whole number from 0 to 100, not '-1'" },
		{ { "--depth", "101" },
			"mtls probe: --depth is a whole number from 0 to 100, not '101'" },
		{ { "--depth", "" },
			"mtls probe: --depth is a whole number from 0 to 100, not ''" },
		{ { "--eku", "STRICT" },
			"mtls probe: --eku is one of default|strict|standard, not 'STRICT'" },
		{ { "--profile", "" },
			"mtls probe: --profile is one of openssl|mtls|strict, not ''" },
		{ { "--cert", "a", "--cert", "b" }, "mtls probe: --cert is given twice" },
		{ { "--quiet=1" }, "mtls probe: --quiet takes no value" },
		{ { "--key-pass", "word" },
			"the passphrase of 'certs/client.key' comes from one of "
			"file:FILE|fd:N|env:NAME|ask" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct error error;
		OWN(args) struct args *args = NULL;
		OWN(side) struct side side = { 0 };
		assert_false(read_side(rows[i].words, false, &args, &side, &error));
		assert_int_equal(error.kind, ERROR_USAGE);
		assert_string_equal(error.text, rows[i].text);
	}
}

/* ---- mtls.cnf ---- */

static char folder[] = "/tmp/mtls-side-XXXXXX";

static void write_configuration(const char *text)
{
	FILE *file = fopen("mtls.cnf", "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* What --certs comes to, with these words and that file; NULL and the error when refused. */
static char *certs_folder_of(const char *const *words, struct error *reterr)
{
	int count = 0;
	OWN(args) struct args *args = NULL;
	OWN(config) struct config *config = NULL;
	while (words[count])
		count++;
	if (!args_parse(&command, count, (char *const *)words, &args, reterr) ||
		!config_apply(args, &config, reterr))
		return NULL;
	return text_copy(args_text(args, "certs"));
}

static void each_place_beats_the_next(void **state)
{
	(void)state;
	static const char *const none[] = { NULL }, *const flag[] = { "--certs", "flag", NULL };
	static const struct {
		const char *what, *file, *environment;
		const char *const *words;
		const char *expected;
	} rows[] = {
		{ "the preset", "# nothing\n", NULL, none, "certs" },
		{ "the file", "[probe]\ncerts = file\n", NULL, none, "file" },
		{ "the environment", "[probe]\ncerts = file\n", "environment", none,
			"environment" },
		{ "an empty variable", "[probe]\ncerts = file\n", "", none, "file" },
		{ "the flag", "[probe]\ncerts = file\n", "environment", flag, "flag" },
		{ "the flag alone", "# nothing\n", NULL, flag, "flag" },
		{ "another's section", "[other]\ncerts = file\n", NULL, none, "certs" },
		{ "before any section", "certs = file\n", NULL, none, "certs" },
		{ "an empty value", "[probe]\ncerts =\n", NULL, none, "certs" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct error error;
		write_configuration(rows[i].file);
		if (rows[i].environment)
			setenv("MTLS_CERTS", rows[i].environment, 1);
		OWN(char) char *seen = certs_folder_of(rows[i].words, &error);
		unsetenv("MTLS_CERTS");
		if (!seen || strcmp(seen, rows[i].expected) != 0)
			fail_msg("%s: %s", rows[i].what, seen ? seen : error.text);
	}
}

static void a_wrong_name_is_not_passed_over(void **state)
{
	(void)state;
	static const char *const none[] = { NULL };
	static const struct {
		const char *file, *text;
	} rows[] = {
		{ "[probe]\ncert-s = x\n", "'mtls.cnf': mtls probe has no option 'cert-s'" },
		{ "[probe]\n--certs = x\n", "'mtls.cnf': mtls probe has no option '--certs'" },
		{ "[probe]\nconfig = x\n", "'mtls.cnf': mtls probe has no option 'config'" },
		{ "[probe]\neku = lax\n",
			"'mtls.cnf': mtls probe: --eku is one of default|strict|standard, not "
			"'lax'" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct error error;
		write_configuration(rows[i].file);
		assert_null(certs_folder_of(none, &error));
		assert_int_equal(error_exit_code(error.kind), 2);
		assert_string_equal(error.text, rows[i].text);
	}
}

static int enter_folder(void **state)
{
	(void)state;
	unsetenv("MTLS_CERTS");
	unsetenv("MTLS_CONFIG");
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
	(void)state;
	unlink("mtls.cnf");
	return chdir("/") == 0 ? rmdir(folder) : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_have_their_usual_places),
		cmocka_unit_test(a_bare_side_has_trust_alone),
		cmocka_unit_test(lists_keep_their_order),
		cmocka_unit_test(rules_are_read),
		cmocka_unit_test(what_cannot_be_is_refused),
		cmocka_unit_test(each_place_beats_the_next),
		cmocka_unit_test(a_wrong_name_is_not_passed_over),
	};
	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
