/* Names from the command line, in a long table: what is said of each, exactly. */
#include "unit.h"

#include "pki/pki.h"

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define D253 \
	L63 "." L63 "." L63 "." \
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LABELS "a label takes only letters, digits and hyphens"
#define WILDCARD "a wildcard must be the whole leftmost label, and only that"
#define HYPHEN "a label begins or ends with a hyphen"
#define ENCODED "a character in it must be percent-encoded (RFC 3986 section 2)"
#define AT "it needs one '@' with a mailbox before it"
#define MAILBOX "its mailbox has a character that is not allowed"
#define NO_ADDRESS "it is neither IPv4 nor IPv6"

/* Good ones have no fault. A fault stands behind "'NAME' is no KIND: ". */
static const struct {
	const char *kind, *value, *fault;
} rows[] = {
	{ "DNS", "a", NULL },
	{ "DNS", "A.Example", NULL },
	{ "DNS", "a-b.example", NULL },
	{ "DNS", "a--b.example", NULL },
	{ "DNS", "1.example", NULL },
	{ "DNS", "1a", NULL },
	{ "DNS", "4.3.2.1.in-addr.arpa", NULL },
	{ "DNS", "*.example", NULL },
	{ "DNS", "*.a.b.c", NULL },
	{ "DNS", "xn--n3h.example", NULL },
	{ "DNS", L63, NULL },
	{ "DNS", L63 ".example", NULL },
	{ "DNS", D253, NULL },
	{ "DNS", D253 "a", "it is longer than 253 characters" },
	{ "DNS", L63 "a", "a label is longer than 63 characters" },
	{ "DNS", "", "it is empty" },
	{ "DNS", ".", "it has an empty label" },
	{ "DNS", ".a", "it has an empty label" },
	{ "DNS", "a.", "it has an empty label" },
	{ "DNS", "a..b", "it has an empty label" },
	{ "DNS", "*.", "it has an empty label" },
	{ "DNS", "*", WILDCARD },
	{ "DNS", "**.a", WILDCARD },
	{ "DNS", "*a.b", WILDCARD },
	{ "DNS", "a*.b", WILDCARD },
	{ "DNS", "a.*", WILDCARD },
	{ "DNS", "*.*", WILDCARD },
	{ "DNS", "-a", HYPHEN },
	{ "DNS", "a-", HYPHEN },
	{ "DNS", "a.-b", HYPHEN },
	{ "DNS", "a-.b", HYPHEN },
	{ "DNS", "-", HYPHEN },
	{ "DNS", "a_b", LABELS },
	{ "DNS", "a b", LABELS },
	{ "DNS", "a/b", LABELS },
	{ "DNS", "a:8443", LABELS },
	{ "DNS", "https://a", LABELS },
	{ "DNS", "a@b", LABELS },
	{ "DNS", "a\\b", LABELS },
	{ "DNS", "a%2e", LABELS },
	{ "DNS", "\xc3\xb1", LABELS },
	{ "DNS", "10", "it ends in a number" },
	{ "DNS", "a.10", "it ends in a number" },
	{ "DNS", "1.2.3.4.5", "it ends in a number" },
	{ "DNS", "1.2.3.256", "it ends in a number" },
	{ "IP", "0.0.0.0", NULL },
	{ "IP", "255.255.255.255", NULL },
	{ "IP", "::", NULL },
	{ "IP", "2001:db8::1", NULL },
	{ "IP", "::ffff:10.0.0.1", NULL },
	{ "IP", "", NO_ADDRESS },
	{ "IP", "256.0.0.1", NO_ADDRESS },
	{ "IP", "1.2.3", NO_ADDRESS },
	{ "IP", "1.2.3.4.5", NO_ADDRESS },
	{ "IP", "01.2.3.4", NO_ADDRESS },
	{ "IP", "0x7f.0.0.1", NO_ADDRESS },
	{ "IP", "1.2.3.4 5", NO_ADDRESS },
	{ "IP", "1.2.3.4/24", NO_ADDRESS },
	{ "IP", "1::2::3", NO_ADDRESS },
	{ "IP", "[::1]", NO_ADDRESS },
	{ "IP", "fe80::1%eth0", NO_ADDRESS },
	{ "IP", "localhost", NO_ADDRESS },
	{ "URI", "spiffe://lab/a/b", NULL },
	{ "URI", "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", NULL },
	{ "URI", "https://a.example:8443/x?y=z#w", NULL },
	{ "URI", "a+b-c.d:x", NULL },
	{ "URI", "x:%20", NULL },
	{ "URI", "", "it has no scheme" },
	{ "URI", "nothing", "it has no scheme" },
	{ "URI", "//a/b", "it has no scheme" },
	{ "URI", "1a:b", "it has no scheme" },
	{ "URI", ":b", "it has no scheme" },
	{ "URI", "a_b:c", "its scheme takes only letters, digits, '+', '-' and '.'" },
	{ "URI", "http:", "nothing follows its scheme" },
	{ "URI", "http://a b", ENCODED },
	{ "URI", "http://<a>", ENCODED },
	{ "URI", "http://a\\b", ENCODED },
	{ "URI", "http://\xc3\xb1/", ENCODED },
	{ "email", "a@b", NULL },
	{ "email", "first.last+tag@mail.example", NULL },
	{ "email", "o'neil@a.example", NULL },
	{ "email", "", AT },
	{ "email", "a", AT },
	{ "email", "@b", AT },
	{ "email", "a@b@c", AT },
	{ "email", "a@", "it is empty" },
	{ "email", "a b@c", MAILBOX },
	{ "email", "<a@b>", MAILBOX },
	{ "email", "\xc3\xb1@b", MAILBOX },
	{ "email", "a@b_c", LABELS },
	{ "email", "a@-b", HYPHEN },
	{ "email", "a@*.b", "its host has a wildcard" },
};
enum { COUNT = sizeof rows / sizeof rows[0] };

static void each_value_is_taken_or_told_its_fault(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		struct error error = { 0 };
		OWN(GENERAL_NAMES) GENERAL_NAMES *names = NULL;
		OWN(char) char *text = text_format("%s:%s", rows[i].kind, rows[i].value);
		bool ok = names_parse(text, &names, &error);
		if (ok != !rows[i].fault)
			fail_msg("%s: %s", text, ok ? "taken" : error.text);
		if (ok) {
			assert_int_equal(sk_GENERAL_NAME_num(names), 1);
			continue;
		}
		char shown[400];
		text_escape(shown, sizeof shown, text, strlen(text));
		OWN(char)
		char *expected = text_format("'%.*s' is no %s: %s", 305, shown,
			!strcmp(rows[i].kind, "DNS")  ? "DNS name"
			: !strcmp(rows[i].kind, "IP") ? "address"
						      : rows[i].kind,
			rows[i].fault);
		assert_string_equal(error.text, expected);
		assert_int_equal(error.kind, ERROR_USAGE);
		assert_null(names);
	}
}

/* Good ones may stand side by side in any order; one bad one spoils the list. */
static void a_list_is_as_good_as_its_worst(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		struct error error = { 0 };
		OWN(GENERAL_NAMES) GENERAL_NAMES *names = NULL;
		OWN(char)
		char *text = text_format("dns:first , %s:%s\t,IP:::1", rows[i].kind, rows[i].value);
		bool ok = names_parse(text, &names, &error);
		assert_int_equal(ok, !rows[i].fault);
		assert_int_equal(names ? sk_GENERAL_NAME_num(names) : 0, ok ? 3 : 0);
	}
}

/* The bytes that get into the certificate are those of the command line. */
static void values_become_the_object_that_openssl_makes(void **state)
{
	(void)state;
	X509V3_CTX context;
	X509V3_set_ctx_test(&context);
	for (size_t i = 0; i < COUNT; i++) {
		struct error error;
		OWN(GENERAL_NAMES) GENERAL_NAMES *ours = NULL;
		if (rows[i].fault || strpbrk(rows[i].value, "#"))
			continue;
		OWN(char) char *text = text_format("%s:%s", rows[i].kind, rows[i].value);
		assert_true(names_parse(text, &ours, &error));
		X509_EXTENSION *extension =
			X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, text);
		assert_non_null(extension);
		GENERAL_NAMES *theirs = X509V3_EXT_d2i(extension);
		if (GENERAL_NAME_cmp(
			    sk_GENERAL_NAME_value(ours, 0), sk_GENERAL_NAME_value(theirs, 0)) != 0)
			fail_msg("%s", text);
		GENERAL_NAMES_free(theirs);
		X509_EXTENSION_free(extension);
	}
}

static void an_address_in_a_dns_name_is_told_where_to_go(void **state)
{
	(void)state;
	static const char *const addresses[] = { "127.0.0.1", "10.0.0.1", "::1", "2001:db8::1" };
	for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
		struct error error;
		OWN(GENERAL_NAMES) GENERAL_NAMES *names = NULL;
		OWN(char) char *wrong = text_format("DNS:%s", addresses[i]);
		OWN(char) char *right = text_format("IP:%s", addresses[i]);
		OWN(char) char *text = text_format("'%s' is an address, not a DNS name", wrong);
		OWN(char) char *hint = text_format("write %s", right);
		assert_false(names_parse(wrong, &names, &error));
		assert_string_equal(error.text, text);
		assert_string_equal(error.hint, hint);
		assert_true(names_parse(right, &names, &error));
		assert_true(name_is_address(addresses[i]));
		assert_false(name_is_address(wrong));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_value_is_taken_or_told_its_fault),
		cmocka_unit_test(a_list_is_as_good_as_its_worst),
		cmocka_unit_test(values_become_the_object_that_openssl_makes),
		cmocka_unit_test(an_address_in_a_dns_name_is_told_where_to_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
