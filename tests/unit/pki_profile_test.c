/* The .cnf: sections, subjects, and a warning for each thing that OpenSSL does in silence. */
#include "unit.h"

#include "pki/pki.h"

static struct profile *parse(const char *text)
{
	struct profile *profile = NULL;
	struct error error;
	if (!profile_parse("test.cnf", text, strlen(text), &profile, &error))
		fail_msg("%s", error.text);
	return profile;
}

static size_t warned(const struct profile *profile, enum code code)
{
	size_t count, found = 0;
	const struct profile_warning *warnings = profile_warnings(profile, &count);
	for (size_t i = 0; i < count; i++)
		found += warnings[i].code == code;
	return found;
}

static void warns_of(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum code code;
		size_t times;
	} rows[] = {
		{ "[a]\nx = 1\n[b]\nx = 1\n", CODE_CNF_DUPLICATE_KEY, 0 },
		{ "[a]\nx = 1\nx = 2\n", CODE_CNF_DUPLICATE_KEY, 1 },
		{ "[a]\nx = 1\n[ b ]\n[a]\nx = 2\n", CODE_CNF_DUPLICATE_KEY, 1 },
		{ "[a]\nx = 1\n#x = 2\n", CODE_CNF_DUPLICATE_KEY, 0 },
		{ "[a]\nx = one\\\nx = 2\n", CODE_CNF_DUPLICATE_KEY, 0 },
		{ "[a]\nx = \"#\" \nx = 2", CODE_CNF_DUPLICATE_KEY, 1 },
		{ "[a]\r\nx = 1\r\nx = 2\r\n", CODE_CNF_DUPLICATE_KEY, 1 },
		{ "x = 1\n[a]\na::x = 1\nx = 3\n", CODE_CNF_DUPLICATE_KEY, 1 },
		{ "[a]\nx = 1\n[ a ]\ny = 2\n", CODE_CNF_DUPLICATE_SECTION, 1 },
		{ "[a]\n[b]\n[a]\n[a]\n", CODE_CNF_DUPLICATE_SECTION, 2 },
		{ "[a]\n# [a]\n", CODE_CNF_DUPLICATE_SECTION, 0 },
		{ "[a]\nx = $ENV::HOME\n", CODE_CNF_ENVIRONMENT, 1 },
		{ "[a]\nx = ${ENV::HOME}\ny = $(ENV::PATH)\n", CODE_CNF_ENVIRONMENT, 2 },
		{ "[a]\nx = ENV::HOME # $ENV::HOME\n", CODE_CNF_ENVIRONMENT, 0 },
		{ ".include /dev/null\n", CODE_CNF_INCLUDE, 1 },
		{ ".include = /dev/null\n", CODE_CNF_INCLUDE, 1 },
		{ "# .include /dev/null\n", CODE_CNF_INCLUDE, 0 },
		{ "[req]\ndistinguished_name = dn\n[dn]\nCN = MyCA\n", CODE_CNF_PROMPT, 1 },
		{ "[req]\ndistinguished_name = dn\nprompt = yes\n[dn]\nCN = Common Name\n",
			CODE_CNF_PROMPT, 0 },
		{ "[req]\ndistinguished_name = dn\n[dn]\nCN = MyCA\nCN_default = x\n",
			CODE_CNF_PROMPT, 0 },
		{ "[req]\ndistinguished_name = dn\nprompt = no\n[dn]\nCN = MyCA\n", CODE_CNF_PROMPT,
			0 },
		{ "[req]\ndistinguished_name = dn\nprompt = no\n[dn]\nCN = M\xc3\xbcller\n"
		  "OU = Jos\xc3\xa9\n",
			CODE_CNF_ENCODING, 2 },
		{ "[req]\ndistinguished_name = dn\nprompt = no\nutf8 = yes\n[dn]\n"
		  "CN = M\xc3\xbcller\n",
			CODE_CNF_ENCODING, 0 },
		{ "[req]\ndistinguished_name = dn\nprompt = no\nutf8 = no\n[dn]\n"
		  "CN = M\xc3\xbcller\n",
			CODE_CNF_ENCODING, 1 },
		/* Latin-1, as OpenSSL takes it: nothing is garbled. */
		{ "[req]\ndistinguished_name = dn\nprompt = no\n[dn]\nCN = M\xfcller\n",
			CODE_CNF_ENCODING, 0 },
		/* What nobody uses, and remarks. */
		{ "[req]\ndistinguished_name = dn\nprompt = no\n[dn]\nCN = x # M\xc3\xbcller\n"
		  "[other]\nCN = M\xc3\xbcller\n",
			CODE_CNF_ENCODING, 0 },
		/* Questions may be in any language, what is proposed as an answer may not. */
		{ "[req]\ndistinguished_name = dn\n[dn]\nCN = Name (f\xc3\xbcr alle)\n",
			CODE_CNF_ENCODING, 0 },
		{ "[req]\ndistinguished_name = dn\n[dn]\nCN = Name:\nCN_default = M\xc3\xbcller\n",
			CODE_CNF_ENCODING, 1 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		OWN(profile) struct profile *profile = parse(rows[i].text);
		if (warned(profile, rows[i].code) != rows[i].times)
			fail_msg("%s in: %s", code_name(rows[i].code), rows[i].text);
	}
}

static void warns_of_a_role(void **state)
{
	(void)state;
	static const struct {
		enum role role;
		const char *extensions;
		enum code code;
		bool expected;
	} rows[] = {
		{ ROLE_SERVER, "subjectAltName = DNS:a", CODE_SERVER_NO_SAN, false },
		{ ROLE_SERVER, "keyUsage = digitalSignature", CODE_SERVER_NO_SAN, true },
		{ ROLE_CLIENT, "keyUsage = digitalSignature", CODE_SERVER_NO_SAN, false },
		{ ROLE_SERVER, "subjectAltName = DNS:127.0.0.1", CODE_SAN_ADDRESS_AS_DNS, true },
		{ ROLE_SERVER, "subjectAltName = IP:127.0.0.1", CODE_SAN_ADDRESS_AS_DNS, false },
		{ ROLE_SERVER, "subjectAltName = DNS:bad name", CODE_SAN_BAD_DNS, true },
		{ ROLE_SERVER, "subjectAltName = DNS:*.*.com", CODE_SAN_BAD_DNS, true },
		{ ROLE_SERVER, "subjectAltName = DNS:*.b.com", CODE_SAN_BAD_DNS, false },
		{ ROLE_SERVER, "extendedKeyUsage = clientAuth", CODE_SERVER_WRONG_EKU, true },
		{ ROLE_SERVER, "extendedKeyUsage = serverAuth", CODE_SERVER_WRONG_EKU, false },
		{ ROLE_SERVER, "keyUsage = digitalSignature", CODE_SERVER_NO_EKU, true },
		{ ROLE_CLIENT, "extendedKeyUsage = serverAuth", CODE_CLIENT_WRONG_EKU, true },
		{ ROLE_CLIENT, "keyUsage = digitalSignature", CODE_CLIENT_NO_EKU, true },
		{ ROLE_PEER, "extendedKeyUsage = serverAuth", CODE_CLIENT_WRONG_EKU, true },
		{ ROLE_PEER, "extendedKeyUsage = serverAuth, clientAuth", CODE_CLIENT_WRONG_EKU,
			false },
		{ ROLE_CLIENT, "basicConstraints = CA:TRUE", CODE_CLIENT_IS_CA, true },
		{ ROLE_SERVER, "basicConstraints = CA:TRUE", CODE_SERVER_IS_CA, true },
		{ ROLE_SERVER, "basicConstraints = CA:FALSE", CODE_SERVER_IS_CA, false },
		{ ROLE_CA, "basicConstraints = CA:TRUE", CODE_CONSTRAINTS_NOT_CRITICAL, true },
		{ ROLE_CA, "basicConstraints = critical, CA:TRUE", CODE_CONSTRAINTS_NOT_CRITICAL,
			false },
		{ ROLE_CA, "keyUsage = keyCertSign", CODE_CA_WITHOUT_CONSTRAINTS, true },
		{ ROLE_CA, "authorityKeyIdentifier = keyid", CODE_AKI_SELF_SIGNED, true },
		{ ROLE_CA, "authorityKeyIdentifier = keyid:always", CODE_AKI_SELF_SIGNED, false },
		{ ROLE_SERVER, "authorityKeyIdentifier = keyid", CODE_AKI_SELF_SIGNED, false },
		{ ROLE_CLIENT, "subjectAltName = email:j\xc3\xbcrgen@example.com",
			CODE_CNF_ENCODING, true },
		{ ROLE_CLIENT, "subjectAltName = email:juergen@example.com", CODE_CNF_ENCODING,
			false },
		{ ROLE_CLIENT,
			"subjectAltName = @names\n[names]\nemail.1 = a@b.example\n"
			"URI.1 = https://a.example/\xc3\xbc",
			CODE_CNF_ENCODING, true },
		{ ROLE_CLIENT, "subjectAltName = @names\n[names]\nemail.1 = a@b.example",
			CODE_CNF_ENCODING, false },
		{ ROLE_CLIENT,
			"subjectAltName = @names\n[names]\n"
			"otherName.1 = 1.3.6.1.5.5.7.8.9;FORMAT:UTF8,UTF8:j\xc3\xbcrgen@a.example",
			CODE_CNF_ENCODING, false },
		/* A host name is a bad one, once. */
		{ ROLE_SERVER, "subjectAltName = DNS:\xc3\xbc.example", CODE_CNF_ENCODING, false },
		{ ROLE_SERVER, "subjectAltName = DNS:\xc3\xbc.example", CODE_SAN_BAD_DNS, true },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		OWN(char) char *text = text_format("[chosen]\n%s\n", rows[i].extensions);
		OWN(profile) struct profile *profile = parse(text);
		const char *section = NULL;
		struct error error;
		assert_true(profile_section(profile, rows[i].role, "chosen", &section, &error));
		assert_string_equal(section, "chosen");
		if ((warned(profile, rows[i].code) != 0) != rows[i].expected)
			fail_msg("%s as %s: %s", code_name(rows[i].code), role_name(rows[i].role),
				rows[i].extensions);
	}
}

static void chooses_the_section(void **state)
{
	(void)state;
	static const char all[] = "[req]\nx509_extensions = roots\nreq_extensions = asked\n"
				  "[roots]\n[asked]\n[v3_server]\n[other]\n";
	static const struct {
		enum role role;
		const char *wanted, *expected;
		bool dropped;
	} rows[] = {
		{ ROLE_CA, NULL, "roots", false },
		{ ROLE_CA, "other", "other", false },
		{ ROLE_SERVER, NULL, "v3_server", false },
		{ ROLE_SERVER, "other", "other", false },
		{ ROLE_CLIENT, NULL, "asked", true },
		{ ROLE_PEER, NULL, "asked", true },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		OWN(profile) struct profile *profile = parse(all);
		const char *section = NULL;
		struct error error;
		assert_true(
			profile_section(profile, rows[i].role, rows[i].wanted, &section, &error));
		assert_string_equal(section, rows[i].expected);
		assert_int_equal(warned(profile, CODE_CNF_REQUEST_EXTENSIONS), rows[i].dropped);
	}
	OWN(profile) struct profile *profile = parse("[req]\nreq_extensions = gone\n");
	const char *section = "untouched";
	struct error error;
	assert_false(profile_section(profile, ROLE_SERVER, NULL, &section, &error));
	assert_non_null(strstr(error.text, "it has no section [gone], which req_extensions names"));
	assert_false(profile_section(profile, ROLE_SERVER, "nowhere", &section, &error));
	assert_string_equal(section, "untouched");
	assert_true(profile_section(profile, ROLE_CA, NULL, &section, &error));
	assert_null(section);
}

struct answers {
	const char *const *texts; /* NULL ends the input */
	unsigned asked;
};

static char *answer(void *context, const char *question, const char *preset)
{
	struct answers *answers = context;
	assert_non_null(question);
	assert_non_null(preset);
	const char *text = answers->texts[answers->asked++];
	return text ? text_copy(text) : NULL;
}

static void subjects_are_answers_or_questions(void **state)
{
	(void)state;
	static const char questions[] =
		"[req]\ndistinguished_name = dn\n[dn]\nC = Country (2 letter code)\n"
		"C_default = ES\nO = Organization\nCN = Common Name\nCN_max = 8\n";
	const struct {
		const char *text;
		const char *const *answers;
		const char *expected, *error;
	} rows[] = {
		{ "[req]\nprompt=no\ndistinguished_name=dn\n[dn]\nC=ES\nCN=x\n", NULL, "CN=x,C=ES",
			NULL },
		{ "[req]\nprompt=no\ndistinguished_name=dn\n[dn]\n1.OU=a\n2.OU=b\n+CN=x\n", NULL,
			"CN=x+OU=b,OU=a", NULL },
		{ "[req]\nprompt=no\nutf8=yes\ndistinguished_name=dn\n[dn]\nCN=ñ\n", NULL, "CN=ñ",
			NULL },
		{ questions, (const char *const[]){ "", ".", "me" }, "CN=me,C=ES", NULL },
		{ questions, (const char *const[]){ "FR", "Lab", "me" }, "CN=me,O=Lab,C=FR", NULL },
		{ questions, (const char *const[]){ "", "", "much too long" }, NULL,
			"'much too long' is too long for CN: at most 8" },
		{ questions, (const char *const[]){ "", NULL }, NULL,
			"nobody answered 'Organization', which 'test.cnf' asks" },
		{ questions, (const char *const[]){ "", ".", "M\xc3\xbcller" },
			"CN=M\xc3\x83\xc2\xbcller,C=ES", NULL },
		{ questions, NULL, NULL, "there is no terminal to ask on" },
		{ "[req]\ndistinguished_name=dn\n[dn]\nCN=MyCA\n", NULL, NULL,
			"so 'MyCA' in [dn] is the question, not the answer" },
		{ "[req]\nprompt=no\ndistinguished_name=dn\n[dn]\nCN=\n", NULL, NULL,
			"[dn] CN =  does not fit" },
		{ "[req]\n", NULL, NULL, "[req] names no distinguished_name" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		OWN(profile) struct profile *profile = parse(rows[i].text);
		OWN(X509_NAME) X509_NAME *name = NULL;
		struct answers answers = { .texts = rows[i].answers };
		struct error error;
		bool ok = profile_subject(profile, "--subject", rows[i].answers ? answer : NULL,
			&answers, &name, &error);
		OWN(char) char *text = ok ? subject_text(name) : text_copy(error.text);
		if (ok != !rows[i].error ||
			(ok ? strcmp(text, rows[i].expected) != 0 : !strstr(text, rows[i].error)))
			fail_msg("row %zu: %s", i, text);
		bool garbled = ok && strstr(text, "\xc3\x83") != NULL;
		assert_int_equal(warned(profile, CODE_CNF_ENCODING), garbled);
	}
}

static void bad_files_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t bytes;
		const char *why;
	} rows[] = {
		{ "[a]\nx = 1\0y", 11, "it is binary, not text" },
		{ "-----BEGIN CERTIFICATE-----\n", 28, "it is a PEM file" },
		{ "[a\n", 3, "line 1: missing close square bracket" },
		{ "[a]\nnothing\n", 12, "line 2: missing equal sign" },
		{ "[a]\nx = $nowhere\n", 17, "variable has no value" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct profile *profile = NULL;
		struct error error;
		assert_false(
			profile_parse("test.cnf", rows[i].text, rows[i].bytes, &profile, &error));
		assert_null(profile);
		assert_int_equal(error.kind, ERROR_INPUT);
		if (!strstr(error.text, rows[i].why))
			fail_msg("row %zu: %s", i, error.text);
	}
	struct profile *profile = NULL;
	struct error error;
	assert_false(profile_load("/nowhere/x.cnf", &profile, &error));
	assert_non_null(strstr(error.text, "'/nowhere/x.cnf'"));
}

/* OpenSSL goes on without an included file in silence; here that is known, and said. */
static void what_an_include_lacks_is_known(void **state)
{
	(void)state;
	static const struct {
		const char *text, *lacking;
	} rows[] = {
		{ "a = b\n", NULL },
		{ ".include /dev/null\n", NULL },
		{ ".include /nowhere/x.cnf\n", "/nowhere/x.cnf" },
		{ ".include = /nowhere/x.cnf\n[ a ]\nb = c\n", "/nowhere/x.cnf" },
		{ ".include /dev/null\n.include /nowhere/y.cnf\n", "/nowhere/y.cnf" },
		{ "# .include /nowhere/x.cnf\n", NULL },
		{ ".include /nowhere/\x1b[2J.cnf\n", "/nowhere/\\x1b[2J.cnf" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		OWN(profile) struct profile *profile = parse(rows[i].text);
		struct error error;
		size_t count, said = 0;
		const struct profile_warning *warnings = profile_warnings(profile, &count);
		for (size_t w = 0; w < count; w++)
			said += strstr(warnings[w].text, "OpenSSL goes on without it") != NULL;
		assert_int_equal(said, rows[i].lacking != NULL);
		if (!rows[i].lacking) {
			assert_true(profile_is_whole(profile, &error));
			continue;
		}
		assert_false(profile_is_whole(profile, &error));
		assert_int_equal(error.kind, ERROR_INPUT);
		OWN(char) char *wanted = text_format("'test.cnf' includes '%s', which cannot be "
						     "read: No such file or directory",
			rows[i].lacking);
		assert_string_equal(error.text, wanted);
	}
}

/* Every beginning of a file, so that the reader of lines meets each in mid-word. */
static void any_beginning_is_read_or_refused(void **state)
{
	(void)state;
	static const char text[] = ".include /dev/null\n[ a ]\r\nx = \"q#\\\"uoted\" # c\\\n y = "
				   "$ENV::HOME \\\n 'more'\n[b]\na::z = `1`\n\\\n[";
	for (size_t bytes = 1; bytes < sizeof text; bytes++) {
		OWN(profile) struct profile *profile = NULL;
		struct error error;
		OWN(char) char *copy = text_format("%.*s", (int)bytes, text);
		if (!profile_parse("test.cnf", copy, bytes, &profile, &error))
			assert_int_equal(error.kind, ERROR_INPUT);
	}
}

static void own_templates_have_no_fault(void **state)
{
	(void)state;
	for (enum role role = 0; role < ROLE_COUNT; role++) {
		OWN(char) char *text = profile_template(
			role, 2048, "name", role == ROLE_CA ? NULL : "DNS.1 = a\n", "`it`");
		OWN(profile) struct profile *profile = parse(text);
		OWN(X509_NAME) X509_NAME *name = NULL;
		const char *section = NULL;
		struct error error;
		size_t count;
		assert_true(profile_section(profile, role, NULL, &section, &error));
		assert_true(profile_subject(profile, NULL, NULL, NULL, &name, &error));
		profile_warnings(profile, &count);
		assert_int_equal(count, 0);
		OWN(profile) struct profile *builtin = NULL;
		assert_true(profile_builtin(role, &builtin, &error));
		assert_true(profile_section(builtin, role, NULL, &section, &error));
		assert_non_null(section);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(warns_of),
		cmocka_unit_test(warns_of_a_role),
		cmocka_unit_test(chooses_the_section),
		cmocka_unit_test(subjects_are_answers_or_questions),
		cmocka_unit_test(bad_files_are_refused),
		cmocka_unit_test(what_an_include_lacks_is_known),
		cmocka_unit_test(any_beginning_is_read_or_refused),
		cmocka_unit_test(own_templates_have_no_fault),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
