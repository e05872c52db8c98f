/* Names from the command line: what is taken becomes an object, what is not is named. */
#include "unit.h"

#include "pki/pki.h"

/* The names as one text, as OpenSSL prints them. */
static char *printed(const GENERAL_NAMES *names)
{
	OWN(BIO) BIO *bio = BIO_new(BIO_s_mem());
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		BIO_puts(bio, i ? ", " : "");
		GENERAL_NAME_print(bio, sk_GENERAL_NAME_value(names, i));
	}
	char *text;
	long bytes = BIO_get_mem_data(bio, &text);
	return text_format("%.*s", (int)bytes, text);
}

static void names_become_objects(void **state)
{
	(void)state;
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{ "DNS:localhost", "DNS:localhost" },
		{ "dns:a.example , IP:127.0.0.1", "DNS:a.example, IP Address:127.0.0.1" },
		{ "DNS:*.a.example,IP:::1", "DNS:*.a.example, IP Address:0:0:0:0:0:0:0:1" },
		{ "URI:spiffe://lab/server", "URI:spiffe://lab/server" },
		{ "email:me@a.example", "email:me@a.example" },
		{ "DNS:xn--e1afmkfd.example", "DNS:xn--e1afmkfd.example" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		OWN(GENERAL_NAMES) GENERAL_NAMES *names = NULL;
		struct error error;
		assert_true(names_parse(rows[i].text, &names, &error));
		OWN(char) char *text = printed(names);
		assert_string_equal(text, rows[i].expected);
	}
}

static void bad_names_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", "is no subject alternative name" },
		{ "localhost", "is no subject alternative name" },
		{ "RID:1.2.3", "is no subject alternative name" },
		{ "DNS:a,", "is no subject alternative name" },
		{ "DNS:", "it is empty" },
		{ "DNS:127.0.0.1", "is an address, not a DNS name" },
		{ "DNS:::1", "is an address, not a DNS name" },
		{ "DNS:1.2.3", "it ends in a number" },
		{ "DNS:bad name", "a label takes only letters, digits and hyphens" },
		{ "DNS:under_score", "a label takes only letters, digits and hyphens" },
		{ "DNS:a\nb", "a label takes only letters, digits and hyphens" },
		{ "DNS:ñ.example", "a label takes only letters, digits and hyphens" },
		{ "DNS:*.*.com", "a wildcard must be the whole leftmost label" },
		{ "DNS:a*.com", "a wildcard must be the whole leftmost label" },
		{ "DNS:a.*.com", "a wildcard must be the whole leftmost label" },
		{ "DNS:*", "a wildcard must be the whole leftmost label" },
		{ "DNS:a..b", "it has an empty label" },
		{ "DNS:a.", "it has an empty label" },
		{ "DNS:-a", "a label begins or ends with a hyphen" },
		{ "DNS:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			"a label is longer than 63 characters" },
		{ "IP:1.2.3", "it is neither IPv4 nor IPv6" },
		{ "IP:localhost", "it is neither IPv4 nor IPv6" },
		{ "IP:10.0.0.0/8", "it is neither IPv4 nor IPv6" },
		{ "URI:nothing", "it has no scheme" },
		{ "URI:a:", "nothing follows its scheme" },
		{ "URI:http://a b", "must be percent-encoded" },
		{ "email:nobody", "it needs one '@'" },
		{ "email:a@b@c", "it needs one '@'" },
		{ "email:a@*.b", "its host has a wildcard" },
		{ "DNS:good,DNS:e vil", "'DNS:e vil' is no DNS name" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		GENERAL_NAMES *names = NULL;
		struct error error = { 0 };
		assert_false(names_parse(rows[i].text, &names, &error));
		assert_null(names);
		assert_int_equal(error.kind, ERROR_USAGE);
		if (!strstr(error.text, rows[i].why))
			fail_msg("'%s': %s", rows[i].text, error.text);
	}
}

static void several_texts_make_one_list(void **state)
{
	(void)state;
	const char *const texts[] = { "DNS:a", "DNS:b,IP:::1" };
	OWN(GENERAL_NAMES) GENERAL_NAMES *names = NULL;
	struct error error;
	assert_true(names_parse_all(texts, 2, &names, &error));
	assert_int_equal(sk_GENERAL_NAME_num(names), 3);
	GENERAL_NAMES *none = NULL;
	assert_true(names_parse_all(NULL, 0, &none, &error));
	assert_null(none);
}

static void subjects_are_read_in_each_form(void **state)
{
	(void)state;
	/* Printed as RFC 4514 does: the last RDN first. */
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{ "/CN=x/O=y", "O=y,CN=x" },
		{ "/CN=x/O=y/", "O=y,CN=x" },
		{ "O=y,CN=x", "O=y,CN=x" },
		{ "cn=x, o=y", "CN=x,O=y" },
		{ "plain name", "CN=plain name" },
		{ "mtls-client", "CN=mtls-client" },
		{ "/CN=a\\/b", "CN=a/b" },
		{ "CN=a\\,b", "CN=a\\,b" },
		{ "CN=a\\2Cb", "CN=a\\,b" },
		{ "/O=Añadir", "O=Añadir" },
		{ "CN=A\\C3\\B1adir", "CN=Añadir" },
		{ "/CN=x+OU=y/O=z", "O=z,OU=y+CN=x" },
		{ "CN=x+OU=y,O=z", "CN=x+OU=y,O=z" },
		{ "/2.5.4.3=x", "CN=x" },
		{ "DC=lab,DC=example", "DC=lab,DC=example" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		OWN(X509_NAME) X509_NAME *name = NULL;
		struct error error;
		if (!subject_parse(rows[i].text, &name, &error))
			fail_msg("'%s': %s", rows[i].text, error.text);
		OWN(char) char *text = subject_text(name);
		if (strcmp(text, rows[i].expected) != 0)
			fail_msg("'%s' became '%s'", rows[i].text, text);
	}
}

static void bad_subjects_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", "it is empty" },
		{ "/", "a part of it is not TYPE=VALUE" },
		{ "/nonsense", "a part of it is not TYPE=VALUE" },
		{ "/CN=x/O", "a part of it is not TYPE=VALUE" },
		{ "CN=x,,O=y", "a part of it is not TYPE=VALUE" },
		{ "CN=", "a value in it is empty" },
		{ "/CN=x\\", "it ends in a backslash" },
		{ "CN=#0403", "hexadecimal BER is not supported" },
		{ "/NONSENSE=x", "'NONSENSE' is no attribute type" },
		{ "/C=Spain", "'C' does not take 'Spain'" },
		{ "/CN=a\nb", "is not plain UTF-8 text" },
		{ "/CN=\xff", "is not plain UTF-8 text" },
		{ "/CN=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			"does not take" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		X509_NAME *name = NULL;
		struct error error = { 0 };
		assert_false(subject_parse(rows[i].text, &name, &error));
		assert_null(name);
		assert_int_equal(error.kind, ERROR_USAGE);
		if (!strstr(error.text, rows[i].why))
			fail_msg("'%s': %s", rows[i].text, error.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_become_objects),
		cmocka_unit_test(bad_names_are_refused),
		cmocka_unit_test(several_texts_make_one_list),
		cmocka_unit_test(subjects_are_read_in_each_form),
		cmocka_unit_test(bad_subjects_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
