/* mtls policy check from its words on: the answer, the rule that gave it, and each mistake. */
#include "certs.h"

#include "cmd_run.h"

static const char *cnf;

static const char policy_text[] = "[policy]\n"
				  "health = allow anyone; GET; /health\n"
				  "guests = deny anonymous; *; **\n"
				  "reading = allow CN=reader; GET, HEAD; /todo\n"
				  "\n"
				  "writing = allow CN=writer; *; /todo/**\n";

static int make_files(void **state)
{
	(void)state;
	struct made *ca = MAKE(NULL, .subject = "CN=CA", .extensions = CA_EXTENSIONS);
	struct made *reader = MAKE(ca, .subject = "CN=reader", .extensions = CLIENT_EXTENSIONS);
	struct made *nameless = MAKE(ca, .subject = "O=Lab", .extensions = CLIENT_EXTENSIONS);
	WRITE("reader.crt", reader->certificate);
	WRITE("nameless.crt", nameless->certificate);
	certs_write_bytes("broken.crt", "no PEM", 6);
	cnf = certs_write_bytes("policy.cnf", policy_text, strlen(policy_text));
	certs_write_bytes("other.cnf", "[serve]\nlisten = x\n", 19);
	certs_write_bytes("wrong.cnf", "[policy]\nr = allow\n", 19);
	unsetenv("MTLS_CONFIG");
	return chdir(certs_folder);
}

static void each_answer_names_its_rule(void **state)
{
	(void)state;
	static const struct {
		const char *cert, *method, *path;
		int code;
		const char *text; /* on stdout when allowed, else on stderr */
	} rows[] = {
		{ NULL, "GET", "/health", 0,
			"a client without a certificate may GET /health: the rule 'health' "
			"(policy.cnf line 2) allows it\n" },
		{ NULL, "GET", "/health?x=/todo", 0, "may GET /health: the rule 'health'" },
		{ NULL, "GET", "/todo", 1,
			"a client without a certificate may not GET /todo: the rule 'guests' "
			"(policy.cnf line 3) denies it" },
		{ NULL, "POST", "/health", 1, "the rule 'guests' (policy.cnf line 3) denies it" },
		{ "reader.crt", "GET", "/todo", 0,
			"reader may GET /todo: the rule 'reading' (policy.cnf line 4) allows "
			"it\n" },
		{ "reader.crt", "HEAD", "/todo", 0, "the rule 'reading'" },
		{ "reader.crt", "get", "/todo", 1, "reader may not get /todo: " },
		{ "reader.crt", "POST", "/todo", 1,
			"reader may not POST /todo: no rule allows it" },
		{ "reader.crt", "GET", "/todo/1", 1, "no rule allows it" },
		{ "reader.crt", "GET", "", 1, "reader may not GET : " },
		{ "nameless.crt", "GET", "/todo", 1, "may not GET /todo: no rule allows it" },
		{ "nameless.crt", "GET", "/health", 0, "may GET /health: the rule 'health'" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *const words[] = { "check", rows[i].method, rows[i].path, "--config",
			"policy.cnf", rows[i].cert ? "--cert" : "--no-cert", rows[i].cert, NULL };
		struct ran ran;
		run_command(&policy_command, words, &ran);
		const char *said = rows[i].code ? ran.err : ran.out;
		if (ran.code != rows[i].code || !strstr(said, rows[i].text))
			fail_msg("row %zu: %d '%s' '%s'", i, ran.code, ran.out, ran.err);
		assert_string_equal(rows[i].code ? ran.out : ran.err, "");
		assert_int_equal(strstr(ran.err, "[not-authorized]") != NULL, rows[i].code == 1);
	}
}

/* As JSON the answer stands on stdout, be it yes or no. */
static void json_has_the_same_answer(void **state)
{
	(void)state;
	static const struct {
		const char *path, *rule;
		int line;
		bool allowed;
	} rows[] = { { "/todo?all", "reading", 4, true }, { "/else", NULL, 0, false } };
	for (size_t i = 0; i < 2; i++) {
		const char *const words[] = { "check", "GET", rows[i].path, "--config",
			"policy.cnf", "--cert", "reader.crt", "--json", NULL };
		struct ran ran;
		run_command(&policy_command, words, &ran);
		json_t *answer = json_loads(ran.out, JSON_REJECT_DUPLICATES, NULL);
		assert_int_equal(ran.code, !rows[i].allowed);
		assert_non_null(answer);
		assert_int_equal(json_is_true(json_object_get(answer, "allowed")), rows[i].allowed);
		const char *rule = json_string_value(json_object_get(answer, "rule"));
		assert_int_equal(rule != NULL, rows[i].rule != NULL);
		if (rule)
			assert_string_equal(rule, rows[i].rule);
		assert_int_equal(json_integer_value(json_object_get(answer, "line")), rows[i].line);
		assert_string_equal(json_string_value(json_object_get(answer, "client")), "reader");
		assert_null(strchr(json_string_value(json_object_get(answer, "path")), '?'));
		json_decref(answer);
	}
}

static void mistakes_are_said(void **state)
{
	(void)state;
	static const struct {
		const char *words[9], *text, *hint;
	} rows[] = {
		{ { "explain", "GET", "/" }, "mtls policy: there is no 'explain', only check",
			NULL },
		{ { "check", "GET", "/" },
			"mtls policy check: give either --cert FILE or --no-cert", NULL },
		{ { "check", "GET", "/", "--no-cert", "--cert", "reader.crt" },
			"mtls policy check: give either --cert FILE or --no-cert", NULL },
		{ { "check", "GET", "/", "--no-cert" }, "there is no mtls.cnf here, so no policy",
			"name the file with --config" },
		{ { "check", "GET", "/", "--no-cert", "--config", "other.cnf" },
			"'other.cnf' has no section [policy]",
			"without one, whoever gets through the handshake may do everything" },
		{ { "check", "GET", "/", "--no-cert", "--config", "absent.cnf" }, "'absent.cnf'",
			NULL },
		{ { "check", "GET", "/", "--no-cert", "--config", "wrong.cnf" }, "wrong.cnf",
			NULL },
		{ { "check", "GET", "/", "--cert", "absent.crt", "--config", "policy.cnf" },
			"'absent.crt'", NULL },
		{ { "check", "GET", "/", "--cert", "broken.crt", "--config", "policy.cnf" },
			"'broken.crt'", NULL },
		{ { "check", "GET" }, "mtls policy", NULL },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ran ran;
		run_command(&policy_command, rows[i].words, &ran);
		if (ran.code != 2 || !strstr(ran.err, rows[i].text) ||
			(rows[i].hint && !strstr(ran.err, rows[i].hint)))
			fail_msg("row %zu: %d %s", i, ran.code, ran.err);
		assert_string_equal(ran.out, "");
	}
}

/* MTLS_CONFIG names the file as --config does, and --config beats it. */
static void the_environment_names_the_file_too(void **state)
{
	(void)state;
	static const char *const asked[] = { "check", "GET", "/health", "--no-cert", NULL };
	static const char *const told[] = { "check", "GET", "/health", "--no-cert", "--config",
		"other.cnf", NULL };
	struct ran ran;
	setenv("MTLS_CONFIG", cnf, 1);
	run_command(&policy_command, asked, &ran);
	assert_int_equal(ran.code, 0);
	assert_non_null(strstr(ran.out, cnf));
	run_command(&policy_command, told, &ran);
	assert_int_equal(ran.code, 2);
	assert_non_null(strstr(ran.err, "'other.cnf' has no section [policy]"));
	unsetenv("MTLS_CONFIG");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_answer_names_its_rule),
		cmocka_unit_test(json_has_the_same_answer),
		cmocka_unit_test(mistakes_are_said),
		cmocka_unit_test(the_environment_names_the_file_too),
	};
	return cmocka_run_group_tests(tests, make_files, certs_end);
}
