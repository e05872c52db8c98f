/* Policies: globs, who a certificate is, which rule decides, and every mistake with its line. */
#include "unit.h"

#include "server/policy_parts.h"

#include <unistd.h>

/* ---- Globs ---- */

static void test_globs(void **state)
{
	(void)state;
	static const struct {
		const char *glob, *text;
		char separator;
		bool fold, fits;
	} rows[] = {
		{ "", "", 0, false, true },
		{ "a", "a", 0, false, true },
		{ "a", "ab", 0, false, false },
		{ "a", "ba", 0, false, false },
		{ "a", "A", 0, false, false },
		{ "a", "A", 0, true, true },
		{ "*", "", '/', false, true },
		{ "*", "abc", '/', false, true },
		{ "*", "a/b", '/', false, false },
		{ "*", "a/b", 0, false, true },
		{ "**", "a/b", '/', false, true },
		{ "/todo", "/todo/1", '/', false, false },
		{ "/todo/*", "/todo/1", '/', false, true },
		{ "/todo/*", "/todo/1/2", '/', false, false },
		{ "/todo/*", "/todo", '/', false, false },
		{ "/todo/**", "/todo/1/2", '/', false, true },
		{ "/**/end", "/a/b/end", '/', false, true },
		{ "/**/end", "/a/b/ending", '/', false, false },
		{ "/a/*/c/**", "/a/b/c/d/e", '/', false, true },
		{ "/a/*/c/**", "/a/b/b/c/d", '/', false, false },
		{ "**/x*z", "/y/xyxz/xyz", '/', false, true },
		{ "*.ops.example", "a.ops.example", '.', true, true },
		{ "*.ops.example", "A.OPS.Example", '.', true, true },
		{ "*.ops.example", "a.b.ops.example", '.', true, false },
		{ "**.ops.example", "a.b.ops.example", '.', true, true },
		{ "*.ops.example", "ops.example", '.', true, false },
		{ "*.ops.example", "a.ops.example.evil", '.', true, false },
		{ "a*b*c", "aXbYc", 0, false, true },
		{ "a*b*c", "aXbYcZ", 0, false, false },
		{ "*@ops.example", "a@ops.example", '@', false, true },
		{ "*@ops.example", "a@b@ops.example", '@', false, false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (policy_glob(rows[i].glob, rows[i].text, rows[i].separator, rows[i].fold) !=
			rows[i].fits)
			fail_msg("'%s' and '%s'", rows[i].glob, rows[i].text);
	/* Work is bounded: this one would take for ever if it were tried in every way. */
	char text[1500];
	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = 0;
	assert_false(policy_glob("*a*a*a*a*a*a*a*a*b", text, 0, false));
}

/* ---- Deciding ---- */

static bool parse(const char *text, struct policy **ret, struct error *reterr)
{
	char path[] = "/tmp/mtls-policy-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	bool ok = policy_load(path, ret, reterr);
	unlink(path);
	return ok;
}

static struct policy *policy_of(const char *rules)
{
	struct policy *policy = NULL;
	struct error error;
	OWN(char) char *text = text_format("[policy]\n%s\n", rules);
	if (!parse(text, &policy, &error))
		fail_msg("%s", error.text);
	assert_non_null(policy);
	return policy;
}

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static char *alice_sans[] = { "DNS:a.ops.example", "DNS:b.test", "email:alice@ops.example",
	"IP:127.0.0.1" };
static char *alice_units[] = { "operations", "on call" };
static const struct identity alice = { .common_name = "alice",
	.subject = "CN=alice",
	.issuer = "CN=Demo CA,O=a\\, b",
	.sha256 = DIGEST,
	.spki_sha256 = DIGEST,
	.units = alice_units,
	.units_count = 2,
	.sans = alice_sans,
	.sans_count = 4 };
static char *robot_sans[] = { "URI:spiffe://demo/ns/a/sa/robot" };
static const struct identity robot = { .issuer = "CN=x", .sans = robot_sans, .sans_count = 1 };
static char *twins_sans[] = { "URI:spiffe://demo/ns/a/sa/robot", "URI:https://a.test/x" };
static const struct identity twins = { .issuer = "CN=x", .sans = twins_sans, .sans_count = 2 };
static char *page_sans[] = { "URI:https://a.test/x" };
static const struct identity page = { .issuer = "CN=x", .sans = page_sans, .sans_count = 1 };
/* Names that were made to be read in two ways. */
static char *odd_sans[] = { "DNS:*.ops.example", "DNS:a.ops.example\\x00.evil" };
static char *odd_units[] = { "oper*" };
static const struct identity odd = { .issuer = "CN=x",
	.common_name = "al*",
	.units = odd_units,
	.units_count = 1,
	.sans = odd_sans,
	.sans_count = 2 };

static const struct {
	const char *rules;
	const struct identity *identity;
	const char *method, *path;
	bool allowed;
	const char *rule; /* NULL: none */
} decisions[] = {
	/* Who. */
	{ "r = allow CN=alice; GET; /todo", &alice, "GET", "/todo", true, "r" },
	{ "r = allow CN=Alice; GET; /todo", &alice, "GET", "/todo", false, NULL },
	{ "r = allow CN=alic; GET; /todo", &alice, "GET", "/todo", false, NULL },
	{ "r = allow CN=al*; GET; /todo", &alice, "GET", "/todo", true, "r" },
	{ "r = allow cn = alice; GET; /todo", &alice, "GET", "/todo", true, "r" },
	{ "r = allow CN=alice; GET; /todo", NULL, "GET", "/todo", false, NULL },
	{ "r = allow CN=*; GET; /todo", NULL, "GET", "/todo", false, NULL },
	{ "r = allow CN=*; GET; /todo", &robot, "GET", "/todo", false, NULL },
	{ "r = allow OU=operations; GET; /todo", &alice, "GET", "/todo", true, "r" },
	{ "r = allow OU=on call; GET; /todo", &alice, "GET", "/todo", true, "r" },
	{ "r = allow OU=operation; GET; /todo", &alice, "GET", "/todo", false, NULL },
	{ "r = allow DNS=b.test; GET; /todo", &alice, "GET", "/todo", true, "r" },
	{ "r = allow DNS=*.OPS.example; GET; /todo", &alice, "GET", "/todo", true, "r" },
	{ "r = allow DNS=*.test.example; GET; /todo", &alice, "GET", "/todo", false, NULL },
	{ "r = allow email=*@ops.example; GET; /todo", &alice, "GET", "/todo", true, "r" },
	{ "r = allow email=bob@ops.example; GET; /todo", &alice, "GET", "/todo", false, NULL },
	{ "r = allow issuer=CN=Demo CA%2C*; GET; /todo", &alice, "GET", "/todo", true, "r" },
	{ "r = allow issuer=CN=Demo; GET; /todo", &alice, "GET", "/todo", false, NULL },
	{ "r = allow SHA256=" DIGEST "; GET; /todo", &alice, "GET", "/todo", true, "r" },
	{ "r = allow SPKI=" DIGEST "; GET; /todo", &alice, "GET", "/todo", true, "r" },
	{ "r = allow SPKI=" DIGEST "; GET; /todo", &robot, "GET", "/todo", false, NULL },
	{ "r = allow CN=alice, OU=operations; GET; /todo", &alice, "GET", "/todo", true, "r" },
	{ "r = allow CN=alice, OU=sales; GET; /todo", &alice, "GET", "/todo", false, NULL },
	{ "r = allow certificate; GET; /todo", &robot, "GET", "/todo", true, "r" },
	{ "r = allow certificate; GET; /todo", NULL, "GET", "/todo", false, NULL },
	{ "r = allow anonymous; GET; /todo", NULL, "GET", "/todo", true, "r" },
	{ "r = allow anonymous; GET; /todo", &alice, "GET", "/todo", false, NULL },
	{ "r = allow anyone; GET; /todo", NULL, "GET", "/todo", true, "r" },
	{ "r = allow anyone; GET; /todo", &alice, "GET", "/todo", true, "r" },
	/* SPIFFE: the only URI, or none (X509-SVID section 2). */
	{ "r = allow SPIFFE=spiffe://demo/ns/*/sa/robot; GET; /", &robot, "GET", "/", true, "r" },
	{ "r = allow SPIFFE=spiffe://demo/*; GET; /", &robot, "GET", "/", false, NULL },
	{ "r = allow SPIFFE=spiffe://demo/**; GET; /", &robot, "GET", "/", true, "r" },
	{ "r = allow SPIFFE=spiffe://demo/**; GET; /", &twins, "GET", "/", false, NULL },
	{ "r = allow URI=**; GET; /", &robot, "GET", "/", false, NULL },
	{ "r = allow URI=**; GET; /", &twins, "GET", "/", false, NULL },
	{ "r = allow URI=https://a.test/*; GET; /", &page, "GET", "/", true, "r" },
	{ "r = deny SPIFFE=spiffe://other/**; GET; /\nall = allow anyone; *; **", &twins, "GET",
		"/", false, "r" },
	/* Names with a star or escaped bytes: never allowed by name, always denied by one. */
	{ "r = allow DNS=*.ops.example; GET; /", &odd, "GET", "/", false, NULL },
	{ "r = allow DNS=**; GET; /", &odd, "GET", "/", false, NULL },
	{ "r = allow CN=*; GET; /", &odd, "GET", "/", false, NULL },
	{ "r = allow OU=*; GET; /", &odd, "GET", "/", false, NULL },
	{ "r = deny CN=alice; GET; /\nall = allow anyone; *; **", &odd, "GET", "/", false, "r" },
	{ "r = allow certificate; GET; /", &odd, "GET", "/", true, "r" },
	/* What. */
	{ "r = allow anyone; GET, POST; /a, /b", NULL, "POST", "/b", true, "r" },
	{ "r = allow anyone; GET, POST; /a, /b", NULL, "DELETE", "/b", false, NULL },
	{ "r = allow anyone; GET; /a", NULL, "HEAD", "/a", true, "r" },
	{ "r = allow anyone; POST; /a", NULL, "HEAD", "/a", false, NULL },
	{ "r = allow anyone; HEAD; /a", NULL, "GET", "/a", false, NULL },
	{ "r = allow anyone; *; /a", NULL, "PROPFIND", "/a", true, "r" },
	{ "r = allow anyone; *; **", NULL, "OPTIONS", "*", true, "r" },
	{ "r = allow anyone; *; /**", NULL, "OPTIONS", "*", false, NULL },
	{ "r = allow anyone; *; /a/*", NULL, "GET", "/a/%62", true, "r" },
	{ "r = allow anyone; *; /a b", NULL, "GET", "/a%20b", true, "r" },
	/* The order, and no as the last word. */
	{ "no = deny CN=alice; *; **\nyes = allow anyone; *; **", &alice, "GET", "/", false, "no" },
	{ "no = deny CN=alice; *; **\nyes = allow anyone; *; **", &robot, "GET", "/", true, "yes" },
	{ "yes = allow anyone; *; **\nno = deny CN=alice; *; **", &alice, "GET", "/", true, "yes" },
	{ "z = allow CN=alice; *; /a\na = deny anyone; *; /a", &alice, "GET", "/a", true, "z" },
	/* Paths that two readers would read in two ways. */
	{ "no = deny anyone; *; /b/**\nr = allow anyone; *; **", NULL, "GET", "/a", true, "r" },
	{ "no = deny anyone; *; /b/**\nr = allow anyone; *; **", NULL, "GET", "/%62/c", false,
		"no" },
	{ "no = deny anyone; *; /b/**\nr = allow anyone; *; **", NULL, "GET", "/a/../b/c", false,
		NULL },
	{ "no = deny anyone; *; /b/**\nr = allow anyone; *; **", NULL, "GET", "//b/c", false,
		NULL },
	{ "no = deny anyone; *; /b/**\nr = allow anyone; *; **", NULL, "GET", "/a/%2e%2e/b/c",
		false, NULL },
	{ "no = deny anyone; *; /b/**\nr = allow anyone; *; **", NULL, "GET", "/./b/c", false,
		NULL },
	{ "no = deny anyone; *; /b/**\nr = allow anyone; *; **", NULL, "GET", "/a%2f..%2fb", false,
		NULL },
	{ "r = allow anyone; *; **", NULL, "GET", "/a%00", false, NULL },
	{ "r = allow anyone; *; **", NULL, "GET", "/a%0d%0ab", false, NULL },
	{ "r = allow anyone; *; **", NULL, "GET", "/a%", false, NULL },
	{ "r = allow anyone; *; **", NULL, "GET", "/a%5cb", false, NULL },
	{ "r = allow anyone; *; **", NULL, "GET", "/...", true, "r" },
	{ "r = allow anyone; *; **", NULL, "GET", "/a/", true, "r" },
	{ "r = allow anyone; *; **", NULL, "GET", "a", false, NULL },
};

static void test_decisions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof decisions / sizeof *decisions; i++) {
		OWN(policy) struct policy *policy = policy_of(decisions[i].rules);
		struct policy_decision decision = policy_decide(
			policy, decisions[i].identity, decisions[i].method, decisions[i].path);
		const char *rule = decision.rule ? decision.rule : "-";
		const char *wanted = decisions[i].rule ? decisions[i].rule : "-";
		if (decision.allowed != decisions[i].allowed || strcmp(rule, wanted) != 0)
			fail_msg("row %zu: %s: %s %s: %d by %s", i, decisions[i].rules,
				decisions[i].method, decisions[i].path, decision.allowed, rule);
		assert_true(!decision.rule == !decision.line);
		assert_non_null(decision.why);
	}
	/* A path longer than is judged. */
	OWN(policy) struct policy *policy = policy_of("r = allow anyone; *; **");
	char path[2102];
	memset(path, 'a', sizeof path - 1);
	path[0] = '/';
	path[sizeof path - 1] = 0;
	assert_false(policy_decide(policy, NULL, "GET", path).allowed);
	path[1999] = 0;
	assert_true(policy_decide(policy, NULL, "GET", path).allowed);
}

/* ---- Mistakes ---- */

static const struct {
	const char *text, *said; /* said: behind the file's name */
} mistakes[] = {
	{ "[policy]\n", "' line 1: [policy] has no rule, so that nobody could do anything" },
	{ "[policy]\n\nr = allow\n",
		"' line 3: the rule 'r': a rule is \"allow WHO; METHODS; PATHS\", or the same with "
		"deny" },
	{ "[policy]\nr = allow anyone; GET\n",
		"' line 2: the rule 'r': a rule is \"allow WHO; METHODS; PATHS\", or the same with "
		"deny" },
	{ "[policy]\nr = allow anyone; GET; /; /\n",
		"' line 2: the rule 'r': a rule is \"allow WHO; METHODS; PATHS\", or the same with "
		"deny" },
	{ "[policy]\nr = permit anyone; GET; /\n",
		"' line 2: the rule 'r': a rule begins with the word allow or deny" },
	{ "[policy]\nr = allow; GET; /\n", "' line 2: the rule 'r': it does not say who" },
	{ "[policy]\nr = Allow anyone; GET; /\n",
		"' line 2: the rule 'r': a rule begins with the word allow or deny" },
	{ "[policy]\nr = allow alice; GET; /\n",
		"' line 2: the rule 'r': 'alice' is nobody: write anyone, anonymous, certificate, "
		"or "
		"CN=, OU=, DNS=, URI=, email=, SPIFFE=, issuer=, SHA256=, SPKI=" },
	{ "[policy]\nr = allow O=a; GET; /\n",
		"' line 2: the rule 'r': 'O' is nobody: write anyone, anonymous, certificate, or "
		"CN=, OU=, DNS=, URI=, email=, SPIFFE=, issuer=, SHA256=, SPKI=" },
	{ "[policy]\nr = allow CN=; GET; /\n", "' line 2: the rule 'r': CN has no value" },
	{ "[policy]\nr = allow CN=a, ; GET; /\n",
		"' line 2: the rule 'r': '' is nobody: write anyone, anonymous, certificate, or "
		"CN=, OU=, DNS=, URI=, email=, SPIFFE=, issuer=, SHA256=, SPKI=" },
	{ "[policy]\nr = allow anyone, CN=a; GET; /\n",
		"' line 2: the rule 'r': anyone, anonymous and certificate stand alone" },
	{ "[policy]\nr = allow CN=a***; GET; /\n",
		"' line 2: the rule 'r': CN: *** means nothing; write ** or *" },
	{ "[policy]\nr = allow CN=a%2; GET; /\n",
		"' line 2: the rule 'r': %HH in the value of CN is not two hexadecimal digits, or "
		"NUL" },
	{ "[policy]\nr = allow CN=a%00; GET; /\n",
		"' line 2: the rule 'r': %HH in the value of CN is not two hexadecimal digits, or "
		"NUL" },
	{ "[policy]\nr = allow CN=a%ff; GET; /\n",
		"' line 2: the rule 'r': CN holds a backslash or bytes that are no UTF-8" },
	{ "[policy]\nr = allow URI=spiffe://a/b; GET; /\n",
		"' line 2: the rule 'r': a SPIFFE ID is matched with SPIFFE=, which makes sure "
		"that "
		"it is the only URI" },
	{ "[policy]\nr = allow SPIFFE=*; GET; /\n",
		"' line 2: the rule 'r': SPIFFE takes spiffe://TRUST-DOMAIN/PATH" },
	{ "[policy]\nr = allow SHA256=abc*; GET; /\n", "' line 2: the rule 'r': SHA256 takes the "
						       "64 hexadecimal digits of a SHA-256, and no "
						       "star" },
	{ "[policy]\nr = allow anyone; get; /\n",
		"' line 2: the rule 'r': 'get' is no method such as GET, and not *" },
	{ "[policy]\nr = allow anyone; GET,; /\n",
		"' line 2: the rule 'r': '' is no method such as GET, and not *" },
	{ "[policy]\nr = allow anyone; GET; todo\n", "' line 2: the rule 'r': the path 'todo' does "
						     "not begin with /, and is not ** (all of "
						     "them)" },
	{ "[policy]\nr = allow anyone; GET; /a?b\n", "' line 2: the rule 'r': the path '/a?b' "
						     "holds ?, # or %: paths are written decoded "
						     "and end before the query" },
	{ "[policy]\na = allow anyone; GET; /\n[other]\nx = y\n[policy]\na = deny anyone; *; /\n",
		"' line 6: the rule 'a' stands in line 2 already" },
};

static void test_mistakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
		struct policy *policy = NULL;
		struct error error;
		assert_false(parse(mistakes[i].text, &policy, &error));
		assert_null(policy);
		assert_int_equal(error.kind, ERROR_INPUT);
		const char *said = strstr(error.text, "' line");
		if (!said || strcmp(said, mistakes[i].said) != 0)
			fail_msg("row %zu: %s", i, error.text);
	}
}

static void test_limits(void **state)
{
	(void)state;
	struct policy *policy = NULL;
	struct error error;
	OWN(buffer) struct buffer text = BUFFER(1 << 20);
	assert_true(buffer_text(&text, "[policy]\n", &error));
	for (int i = 0; i < POLICY_RULES_MAX; i++)
		assert_true(buffer_format(&text, &error, "r%d = allow CN=c%d; GET; /\n", i, i));
	assert_true(parse(text.data, &policy, &error));
	assert_int_equal(policy_rule_count(policy), POLICY_RULES_MAX);
	assert_string_equal(policy->rules[255].name, "r255");
	assert_int_equal(policy->rules[255].line, 257);
	policy_free(policy);
	policy = NULL;
	assert_true(buffer_text(&text, "one_more = allow anyone; GET; /\n", &error));
	assert_false(parse(text.data, &policy, &error));
	assert_non_null(strstr(error.text, "[policy] has more than 256 rules"));
	char many[200] = "[policy]\nr = allow anyone; GET; ";
	for (int i = 0; i <= POLICY_MATCHES_MAX; i++)
		strcat(many, i ? ",/" : "/");
	assert_false(parse(many, &policy, &error));
	assert_non_null(strstr(error.text, "more than 16 in one rule"));
	OWN(char) char *wide = text_format("[policy]\nr = allow CN=%0600d; GET; /", 1);
	assert_false(parse(wide, &policy, &error));
	assert_non_null(strstr(error.text, "CN is longer than 512 bytes"));
}

/* No section is no policy; a file that cannot be read is not that. */
static void test_files(void **state)
{
	(void)state;
	struct policy *policy = NULL;
	struct error error;
	assert_true(parse("[serve]\nport = 1\n", &policy, &error));
	assert_null(policy);
	assert_false(policy_load("/nowhere/mtls.cnf", &policy, &error));
	assert_int_equal(error.kind, ERROR_INPUT);
	assert_false(parse("[policy\n", &policy, &error));
	assert_null(policy);
}

static void test_digest(void **state)
{
	(void)state;
	unsigned char one[DESCRIBE_SHA256_BYTES], two[DESCRIBE_SHA256_BYTES];
	OWN(policy) struct policy *a = policy_of("r = allow anyone; GET; /");
	OWN(policy) struct policy *b = policy_of("\n# a remark\nr = allow anyone; GET; /");
	OWN(policy) struct policy *c = policy_of("r = allow anyone; GET; /x");
	policy_digest(a, one);
	policy_digest(b, two);
	assert_memory_equal(one, two, sizeof one);
	policy_digest(c, two);
	assert_memory_not_equal(one, two, sizeof one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_globs),
		cmocka_unit_test(test_decisions),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_digest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
