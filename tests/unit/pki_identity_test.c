/* Who a leaf says its holder is; its JSON is what Python's ssl module says of the same file. */
#include "certs.h"

static struct made *root(void)
{
	return MAKE(NULL, .subject = "C=ES/O=Lab, \"quoted\"/CN=Root", .key = "P-256#root",
		.extensions = CA_EXTENSIONS);
}

/* Prints the dict as JSON with sorted keys: tuples are arrays there. */
static char *python_says(const char *path)
{
	static char text[65536];
	char command[512];
	snprintf(command, sizeof command,
		"/usr/bin/python3 -c 'import ssl, json, sys; print(json.dumps("
		"ssl._ssl._test_decode_cert(sys.argv[1]), sort_keys=True))' %s",
		path);
	FILE *pipe = popen(command, "r");
	size_t count = fread(text, 1, sizeof text - 1, pipe);
	assert_int_equal(pclose(pipe), 0);
	text[count] = 0;
	text[strcspn(text, "\n")] = 0;
	return text;
}

static void agrees_with_python(struct made *one)
{
	static int run;
	char name[32];
	snprintf(name, sizeof name, "identity-%d.crt", run++);
	OWN(identity) struct identity *identity = identity_new(one->certificate);
	json_error_t error;
	json_t *theirs = json_loads(python_says(WRITE(name, one->certificate)), 0, &error);
	assert_non_null(theirs);
	char *ours_text = json_dumps(identity->peercert, JSON_SORT_KEYS);
	char *theirs_text = json_dumps(theirs, JSON_SORT_KEYS);
	assert_string_equal(ours_text, theirs_text);
	free(ours_text);
	free(theirs_text);
	json_decref(theirs);
}

static void peercert_is_what_python_says(void **state)
{
	(void)state;
	struct made *ca = root();
	if (access("/usr/bin/python3", X_OK) != 0)
		skip();
	agrees_with_python(ca);
	agrees_with_python(MAKE(ca, .subject = "CN=localhost", .extensions = SERVER_EXTENSIONS));
	agrees_with_python(MAKE(ca, .subject = "CN=a client/emailAddress=a@b.example/OU=x/OU=y",
		.extensions = CLIENT_EXTENSIONS));
	agrees_with_python(MAKE(ca,
		.subject = "CN=A\xc3\xb1"
			   "adir/1.2.3.4.5=odd",
		.serial = "0", .not_before = NOW - 26 * DAY, .extensions = CLIENT_EXTENSIONS));
	agrees_with_python(MAKE(ca, .subject = "", .serial = "-0123",
		.extensions = { "subjectAltName=critical,DNS:a,email:b@c,URI:spiffe://d/e,"
				"IP:10.0.0.1,IP:2001:db8::1,RID:1.2.3.4,otherName:1.2.3;UTF8:x" }));
	agrees_with_python(MAKE(ca, .subject = "CN=points",
		.extensions = { "authorityInfoAccess=OCSP;URI:http://o.example/,"
				"caIssuers;URI:http://i.example/ca.crt,OCSP;URI:http://p.example/",
			"crlDistributionPoints=URI:http://c.example/a.crl,"
			"URI:http://c.example/b.crl" }));
	agrees_with_python(MAKE(ca, .subject = "CN=old", .v1 = true));
}

static void fields_are_taken_from_the_leaf(void **state)
{
	(void)state;
	struct made *one = MAKE(root(), .subject = "O=Lab/CN=first/CN=second", .serial = "0abc",
		.extensions = { "subjectAltName=DNS:a.example,IP:127.0.0.1,IP:::1,"
				"URI:spiffe://lab/x,email:a@b" });
	OWN(identity) struct identity *identity = identity_new(one->certificate);
	assert_string_equal(identity->common_name, "second");
	assert_string_equal(identity->subject, "CN=second,CN=first,O=Lab");
	assert_string_equal(identity->issuer, "CN=Root,O=Lab\\x5c, \\x5c\"quoted\\x5c\",C=ES");
	assert_string_equal(identity->serial, "0ABC");
	assert_int_equal(identity->not_before, NOW - DAY);
	assert_int_equal(identity->not_after, NOW + 365 * DAY);
	assert_int_equal(identity->sans_count, 5);
	assert_string_equal(identity->sans[0], "DNS:a.example");
	assert_string_equal(identity->sans[1], "IP:127.0.0.1");
	assert_string_equal(identity->sans[2], "IP:::1");
	assert_string_equal(identity->sans[3], "URI:spiffe://lab/x");
	assert_string_equal(identity->sans[4], "email:a@b");
	unsigned char digest[32];
	char hex[65];
	X509_digest(one->certificate, EVP_sha256(), digest, NULL);
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	assert_string_equal(identity->sha256, hex);
}

static void a_leaf_may_have_no_names_at_all(void **state)
{
	(void)state;
	OWN(identity)
	struct identity *identity = identity_new(MAKE(root(), .subject = "")->certificate);
	assert_null(identity->common_name);
	assert_string_equal(identity->subject, "");
	assert_int_equal(identity->sans_count, 0);
	assert_null(json_object_get(identity->peercert, "subjectAltName"));
}

static void adds_name_with_nul(X509_NAME *name, int nid, const char *bytes, int count)
{
	X509_NAME_add_entry_by_NID(
		name, nid, V_ASN1_UTF8STRING, (const unsigned char *)bytes, count, -1, 0);
}

static void names_made_to_deceive_are_no_names(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		int count;
	} names[] = { { "admin\0.evil", 11 }, { "admin\r", 6 }, { "a\nb", 3 }, { "a\rb", 3 } };
	struct made *one = MAKE(root(), .subject = "");
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		X509 *x = X509_dup(one->certificate);
		adds_name_with_nul(
			X509_get_subject_name(x), NID_commonName, names[i].bytes, names[i].count);
		OWN(identity) struct identity *identity = identity_new(x);
		assert_null(identity->common_name);
		assert_null(strpbrk(identity->subject, "\r\n"));
		/* As JSON it stands there whole, and nothing of it is lost. */
		char *text = json_dumps(identity->peercert, 0);
		assert_non_null(text);
		assert_null(strpbrk(text, "\r\n"));
		free(text);
		X509_free(x);
	}
}

static void text_that_is_none_is_escaped(void **state)
{
	(void)state;
	X509 *x = X509_dup(MAKE(root(), .subject = "CN=x")->certificate);
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();
	ASN1_STRING_set(text, "a\0b\xff\n", 5);
	GENERAL_NAME_set0_value(name, GEN_DNS, text);
	sk_GENERAL_NAME_push(names, name);
	X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, X509V3_ADD_REPLACE);
	OWN(identity) struct identity *identity = identity_new(x);
	assert_string_equal(identity->sans[0], "DNS:a\\x00b\\xff\\x0a");
	json_t *pair = json_array_get(json_object_get(identity->peercert, "subjectAltName"), 0);
	assert_string_equal(json_string_value(json_array_get(pair, 1)), "a\\x00b\\xff\\x0a");
	GENERAL_NAMES_free(names);
	X509_free(x);
}

static void an_address_of_another_length_is_said_to_be_malformed(void **state)
{
	(void)state;
	struct made *one =
		MAKE(root(), .subject = "CN=x", .extensions = { "2.5.29.17=DER:30058703010203" });
	OWN(identity) struct identity *identity = identity_new(one->certificate);
	assert_string_equal(identity->sans[0], "IP:malformed");
	agrees_with_python(one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peercert_is_what_python_says),
		cmocka_unit_test(fields_are_taken_from_the_leaf),
		cmocka_unit_test(a_leaf_may_have_no_names_at_all),
		cmocka_unit_test(names_made_to_deceive_are_no_names),
		cmocka_unit_test(text_that_is_none_is_escaped),
		cmocka_unit_test(an_address_of_another_length_is_said_to_be_malformed),
	};
	return cmocka_run_group_tests(tests, NULL, certs_end);
}
