/* Signing requests: what each role grants, what a greedy request does not get, and how that is
 * said. */
#include "pki_ca_folder.h"

enum { ASKED_MAX = 6 };

/* A request's extensions, as lines of a .cnf would have them. */
struct asked {
	int nid;
	const char *value;
};

static EVP_PKEY *key_of(const char *type_text)
{
	struct error error;
	struct key_type type;
	EVP_PKEY *key = NULL;
	if (!key_type_parse(type_text, &type, &error) || !key_make(&type, &key, &error))
		fail_msg("%s", error.text);
	return key;
}

static void write_request(
	const char *path, const char *common_name, EVP_PKEY *key, const struct asked *asked)
{
	OWN(X509_REQ) X509_REQ *request = X509_REQ_new();
	OWN(X509_NAME) X509_NAME *name = fixture_name(common_name);
	STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
	assert_true(X509_REQ_set_subject_name(request, name));
	assert_true(X509_REQ_set_pubkey(request, key));
	X509V3_CTX context;
	X509V3_set_ctx(&context, NULL, NULL, request, NULL, 0);
	for (size_t i = 0; i < ASKED_MAX && asked[i].value; i++) {
		X509_EXTENSION *extension =
			X509V3_EXT_conf_nid(NULL, &context, asked[i].nid, asked[i].value);
		if (!extension)
			fail_msg("cannot ask for %s", asked[i].value);
		sk_X509_EXTENSION_push(extensions, extension);
	}
	if (sk_X509_EXTENSION_num(extensions))
		assert_true(X509_REQ_add_extensions(request, extensions));
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	bool edwards = EVP_PKEY_is_a(key, "ED25519");
	assert_true(X509_REQ_sign(request, key, edwards ? NULL : EVP_sha256()));
	FILE *file = fopen(path, "w");
	assert_true(PEM_write_X509_REQ(file, request));
	assert_int_equal(fclose(file), 0);
}

/* One extension as OpenSSL prints it, on one line; "" when it is not there. Static. */
static const char *shown(const X509 *certificate, int nid)
{
	static char text[1024];
	int at = X509_get_ext_by_NID(certificate, nid, -1);
	OWN(BIO) BIO *bio = BIO_new(BIO_s_mem());
	if (at < 0)
		return "";
	X509_EXTENSION *extension = X509_get_ext(certificate, at);
	BIO_puts(bio, X509_EXTENSION_get_critical(extension) ? "critical, " : "");
	X509V3_EXT_print(bio, extension, 0, 0);
	int bytes = BIO_read(bio, text, sizeof text - 1);
	text[bytes < 0 ? 0 : bytes] = 0;
	return text;
}

static bool sign_file(const char *path, const struct sign_options *options, struct notes *notes,
	struct notes *refused, struct issued *ret, struct error *reterr)
{
	OWN(ca) struct ca *ca = ca_folder_open();
	return issue_sign(ca, path, options, notes, refused, ret, reterr);
}

/* Signs x.csr, which asks for `asked`; what was refused, joined by bars, must be `expected`. */
static X509 *sign(const struct sign_options *options, const char *expected)
{
	struct error error;
	OWN(notes) struct notes notes = { 0 }, refused = { 0 };
	OWN(issued) struct issued issued = { 0 };
	if (!sign_file("x.csr", options, &notes, &refused, &issued, &error))
		fail_msg("%s", error.text);
	OWN(char) char *joined = text_copy("");
	for (size_t i = 0; i < refused.count; i++) {
		char *longer = text_format("%s%s%s", joined, i ? " | " : "", refused.texts[i]);
		free(joined);
		joined = longer;
	}
	assert_string_equal(joined, expected);
	assert_string_equal(issued.certificate_path, options->out ? options->out : "x.crt");
	assert_null(issued.key_path);
	X509 *certificate = TAKE(issued.certificate);
	assert_int_equal(X509_verify(certificate, ca_key), 1);
	return certificate;
}

static const char *const usage_of[ROLE_COUNT] = {
	[ROLE_SERVER] = "TLS Web Server Authentication",
	[ROLE_CLIENT] = "TLS Web Client Authentication",
	[ROLE_PEER] = "TLS Web Server Authentication, TLS Web Client Authentication",
};

/* Every kind of key, in every role: exactly the extensions of the role, and the request's names. */
static void each_role_gets_its_extensions(void **state)
{
	(void)state;
	static const char *const types[] = { "rsa:2048", "rsa:3072", "ec:P-256", "ec:P-384",
		"ec:P-521", "ed25519" };
	static const struct asked names[ASKED_MAX] = { { NID_subject_alt_name, "DNS:a.example" } };
	for (size_t i = 0; i < ROWS(types); i++) {
		OWN(EVP_PKEY) EVP_PKEY *key = key_of(types[i]);
		write_request("x.csr", "a.example", key, names);
		for (enum role role = ROLE_SERVER; role < ROLE_COUNT; role++) {
			const struct sign_options options = { .issue = {
								      .role = role, .days = 10 } };
			OWN(X509) X509 *leaf = sign(&options, "");
			assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(leaf), key), 1);
			assert_int_equal(X509_get_ext_count(leaf), 6);
			assert_string_equal(
				shown(leaf, NID_basic_constraints), "critical, CA:FALSE");
			assert_string_equal(
				shown(leaf, NID_key_usage), "critical, Digital Signature");
			assert_string_equal(shown(leaf, NID_ext_key_usage), usage_of[role]);
			assert_string_equal(shown(leaf, NID_subject_alt_name), "DNS:a.example");
			const ASN1_OCTET_STRING *own = X509_get0_subject_key_id(leaf);
			assert_int_equal(ASN1_STRING_length(own), 20);
			OWN(X509) X509 *ca = fixture_ca("Test CA", ca_key, 100);
			assert_int_equal(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(leaf),
						 X509_get0_subject_key_id(ca)),
				0);
		}
	}
}

/* What a request asks for, in which role, the names it gets, and what it is told that it did not.
 */
static const struct {
	enum role role;
	struct asked asked[ASKED_MAX];
	const char *names, *refused;
} requests[] = {
	{ ROLE_CLIENT, { { 0 } }, "", "" },
	{ ROLE_CLIENT, { { NID_ext_key_usage, "clientAuth" } }, "", "" },
	{ ROLE_CLIENT, { { NID_ext_key_usage, "critical,clientAuth" } }, "", "" },
	{ ROLE_CLIENT, { { NID_ext_key_usage, "serverAuth" } }, "",
		"extended key usage TLS Web Server Authentication" },
	{ ROLE_CLIENT, { { NID_ext_key_usage, "clientAuth,codeSigning,1.2.3.4" } }, "",
		"extended key usage Code Signing | extended key usage 1.2.3.4" },
	{ ROLE_PEER,
		{ { NID_ext_key_usage, "clientAuth,serverAuth" },
			{ NID_subject_alt_name, "DNS:a" } },
		"DNS:a", "" },
	{ ROLE_CLIENT, { { NID_ext_key_usage, "anyExtendedKeyUsage" } }, "",
		"extended key usage Any Extended Key Usage" },
	{ ROLE_CLIENT, { { NID_key_usage, "digitalSignature" } }, "", "" },
	{ ROLE_CLIENT, { { NID_key_usage, "critical,digitalSignature" } }, "", "" },
	{ ROLE_CLIENT, { { NID_key_usage, "digitalSignature,keyCertSign" } }, "",
		"X509v3 Key Usage (Digital Signature, Certificate Sign)" },
	{ ROLE_CLIENT, { { NID_key_usage, "cRLSign" } }, "", "X509v3 Key Usage (CRL Sign)" },
	{ ROLE_CLIENT, { { NID_key_usage, "decipherOnly" } }, "",
		"X509v3 Key Usage (Decipher Only)" },
	{ ROLE_CLIENT, { { NID_basic_constraints, "CA:FALSE" } }, "", "" },
	{ ROLE_CLIENT, { { NID_basic_constraints, "CA:TRUE" } }, "",
		"X509v3 Basic Constraints (CA:TRUE)" },
	{ ROLE_CLIENT, { { NID_basic_constraints, "critical,CA:TRUE,pathlen:0" } }, "",
		"X509v3 Basic Constraints (CA:TRUE, pathlen:0)" },
	{ ROLE_CLIENT, { { NID_name_constraints, "permitted;DNS:.evil" } }, "",
		"X509v3 Name Constraints (Permitted:   DNS:.evil)" },
	{ ROLE_CLIENT, { { NID_netscape_comment, "hello" } }, "", "Netscape Comment (hello)" },
	{ ROLE_CLIENT, { { NID_subject_alt_name, "DNS:a,IP:10.0.0.1,email:b@c" } },
		"DNS:a, IP Address:10.0.0.1, email:b@c", "" },
	{ ROLE_SERVER, { { NID_subject_alt_name, "URI:spiffe://a/b,IP:::1" } },
		"URI:spiffe://a/b, IP Address:0:0:0:0:0:0:0:1", "" },
	{ ROLE_SERVER, { { NID_subject_alt_name, "DNS:good,DNS:b ad" } }, "DNS:good",
		"subject alternative name DNS:b ad" },
	{ ROLE_SERVER, { { NID_subject_alt_name, "DNS:good,DNS:10.0.0.1" } }, "DNS:good",
		"subject alternative name DNS:10.0.0.1" },
	{ ROLE_SERVER, { { NID_subject_alt_name, "DNS:good,DNS:*.*.com" } }, "DNS:good",
		"subject alternative name DNS:*.*.com" },
	{ ROLE_SERVER, { { NID_subject_alt_name, "DNS:good,RID:1.2.3" } }, "DNS:good",
		"subject alternative name of another kind" },
	{ ROLE_SERVER, { { NID_subject_alt_name, "DNS:good,otherName:1.2.3;UTF8:x" } }, "DNS:good",
		"subject alternative name of another kind" },
	{ ROLE_CLIENT, { { NID_subject_alt_name, "URI:no-scheme,email:nobody" } }, "",
		"subject alternative name URI:no-scheme | subject alternative name "
		"email:nobody" },
	{ ROLE_CLIENT,
		{ { NID_basic_constraints, "CA:TRUE" }, { NID_key_usage, "keyCertSign" },
			{ NID_ext_key_usage, "serverAuth,clientAuth" },
			{ NID_subject_alt_name, "DNS:ok,DNS:n ot" } },
		"DNS:ok",
		"X509v3 Basic Constraints (CA:TRUE) | X509v3 Key Usage (Certificate Sign) "
		"| extended key usage TLS Web Server Authentication | subject alternative "
		"name DNS:n ot" },
};

static void a_request_gets_what_its_role_allows_and_no_more(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(requests); i++) {
		const struct sign_options options = { .issue = { .role = requests[i].role,
							      .days = 5 } };
		write_request("x.csr", "greedy", leaf_key, requests[i].asked);
		OWN(X509) X509 *leaf = sign(&options, requests[i].refused);
		assert_string_equal(shown(leaf, NID_subject_alt_name), requests[i].names);
		assert_string_equal(shown(leaf, NID_ext_key_usage), usage_of[requests[i].role]);
		assert_string_equal(shown(leaf, NID_basic_constraints), "critical, CA:FALSE");
		assert_string_equal(shown(leaf, NID_key_usage), "critical, Digital Signature");
		assert_string_equal(shown(leaf, NID_name_constraints), "");
		assert_string_equal(shown(leaf, NID_netscape_comment), "");
	}
}

/* A name with a comma inside would be two names for OpenSSL's own parser of such texts. */
static void names_made_to_deceive_are_not_granted(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		int count;
		const char *refused;
	} rows[] = {
		{ "a,DNS:evil.example", 18, "subject alternative name DNS:a,DNS:evil.example" },
		{ "a\0.example", 10, "subject alternative name of another kind" },
		{ "a\nb", 3, "subject alternative name DNS:a\\x0ab" },
		{ "\x1b[31m", 5, "subject alternative name DNS:\\x1b[31m" },
		{ "", 0, "subject alternative name DNS:" },
		{ "\xff", 1, "subject alternative name DNS:\\xff" },
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		static const struct asked good[ASKED_MAX] = { { NID_subject_alt_name,
			"DNS:AAAAAAAAAAAAAAAAAA" } };
		OWN(GENERAL_NAMES) GENERAL_NAMES *names = GENERAL_NAMES_new();
		GENERAL_NAME *name = GENERAL_NAME_new();
		ASN1_IA5STRING *text = ASN1_IA5STRING_new();
		ASN1_STRING_set(text, rows[i].bytes, rows[i].count);
		GENERAL_NAME_set0_value(name, GEN_DNS, text);
		sk_GENERAL_NAME_push(names, name);
		OWN(X509_REQ) X509_REQ *request = X509_REQ_new();
		STACK_OF(X509_EXTENSION) *extensions = NULL;
		assert_true(X509V3_add1_i2d(&extensions, NID_subject_alt_name, names, 0, 0));
		assert_true(X509_REQ_set_pubkey(request, leaf_key));
		assert_true(X509_REQ_add_extensions(request, extensions));
		sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
		assert_true(X509_REQ_sign(request, leaf_key, EVP_sha256()));
		FILE *file = fopen("x.csr", "w");
		assert_true(PEM_write_X509_REQ(file, request));
		assert_int_equal(fclose(file), 0);
		struct sign_options options = { .issue = { .role = ROLE_CLIENT, .days = 5 } };
		OWN(X509) X509 *leaf = sign(&options, rows[i].refused);
		assert_string_equal(shown(leaf, NID_subject_alt_name), "");
		/* And the same role with a plain name. */
		write_request("x.csr", "plain", leaf_key, good);
		OWN(X509) X509 *twin = sign(&options, "");
		assert_string_equal(shown(twin, NID_subject_alt_name), good[0].value);
	}
}

/* --san replaces what the request asked for; the .cnf beside it outweighs both role and request. */
static void names_come_from_where_they_should(void **state)
{
	(void)state;
	static const struct asked asked[ASKED_MAX] = { { NID_subject_alt_name, "DNS:asked" } };
	static const char *const sans[] = { "DNS:given,IP:10.0.0.9" };
	static const char own[] =
		"[v3_server]\nsubjectAltName=DNS:file\nextendedKeyUsage=serverAuth"
		"\n[other]\nsubjectAltName=DNS:section\n";
	static const char refused[] = "subject alternative name DNS:asked";
	static const struct {
		const char *cnf; /* beside the request, or NULL */
		const char *config, *extensions;
		bool san;
		const char *names, *refused;
	} rows[] = {
		{ NULL, NULL, NULL, false, "DNS:asked", "" },
		{ NULL, NULL, NULL, true, "DNS:given, IP Address:10.0.0.9", refused },
		{ own, NULL, NULL, false, "DNS:file", refused },
		{ own, NULL, NULL, true, "DNS:given, IP Address:10.0.0.9", refused },
		{ own, NULL, "other", false, "DNS:section", refused },
		{ NULL, "else.cnf", NULL, false, "DNS:elsewhere", refused },
		{ own, "else.cnf", NULL, false, "DNS:elsewhere", refused },
	};
	fixture_write_text("else.cnf", "[v3_server]\nsubjectAltName=DNS:elsewhere\n");
	write_request("x.csr", "a", leaf_key, asked);
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct sign_options options = { .issue = { .role = ROLE_SERVER,
							.days = 5,
							.sans = sans,
							.san_count = rows[i].san },
			.config = rows[i].config,
			.extensions = rows[i].extensions };
		if (rows[i].cnf)
			fixture_write_text("x.cnf", rows[i].cnf);
		OWN(X509) X509 *leaf = sign(&options, rows[i].refused);
		assert_string_equal(shown(leaf, NID_subject_alt_name), rows[i].names);
		unlink("x.cnf");
	}
}

/* What is refused, exactly why, and that neither certificate nor state was touched. */
static void what_cannot_be_signed_is_left_alone(void **state)
{
	(void)state;
	static const struct asked none[ASKED_MAX] = { { 0 } };
	static const struct {
		const char *path;
		struct sign_options options;
		enum error_kind kind;
		const char *text;
	} rows[] = {
		{ "none.csr", { .issue.role = ROLE_CLIENT }, ERROR_INPUT,
			"cannot read 'none.csr': No such file or directory" },
		{ "certs/ca.crt", { .issue.role = ROLE_CLIENT }, ERROR_INPUT,
			"cannot use 'certs/ca.crt': it is a certificate, not a certificate "
			"request" },
		{ "bare.csr", { .issue.role = ROLE_SERVER }, ERROR_INPUT,
			"cannot sign 'bare.csr' for a server: it would name no host (no subject "
			"alternative name)" },
		{ "bare.csr", { .issue.role = ROLE_PEER }, ERROR_INPUT,
			"cannot sign 'bare.csr' for a peer: it would name no host (no subject "
			"alternative name)" },
		{ "weak.csr", { .issue.role = ROLE_CLIENT }, ERROR_INPUT,
			"cannot sign 'weak.csr': its key is too weak (RSA, 1024 bits)" },
		{ "altered.csr", { .issue.role = ROLE_CLIENT }, ERROR_INPUT,
			"cannot use 'altered.csr': the request is not signed by its own key" },
		{ "bare.csr", { .issue.role = ROLE_CLIENT, .extensions = "x" }, ERROR_USAGE,
			"there is no section [x]: 'bare.cnf' is missing, and no --config is "
			"given" },
		{ "bare.csr", { .issue.role = ROLE_CLIENT, .config = "no.cnf" }, ERROR_INPUT,
			"cannot read 'no.cnf': No such file or directory" },
		{ "bare.csr", { .issue.role = ROLE_CLIENT, .out = "certs/ca.crt" }, ERROR_USAGE,
			"'certs/ca.crt' is the CA's own certificate" },
		{ "bare.csr", { .issue.role = ROLE_CLIENT, .out = "certs/ca.key" }, ERROR_INPUT,
			"only a certificate is replaced: cannot use 'certs/ca.key': it is a "
			"private key, not a certificate" },
		{ "bare.csr", { .issue.role = ROLE_CLIENT, .out = "no/x.crt" }, ERROR_IO,
			"cannot write 'no/x.crt': No such file or directory" },
	};
	OWN(EVP_PKEY) EVP_PKEY *weak = EVP_RSA_gen(1024);
	write_request("bare.csr", "bare", leaf_key, none);
	write_request("weak.csr", "weak", weak, none);
	OWN(char) char *pem = text_copy(fixture_read("bare.csr"));
	/* Within the public key's own bits: it still is a point only by luck, or another's. */
	OWN(X509_REQ) X509_REQ *altered = NULL;
	struct error error;
	assert_true(bundle_request("bare.csr", &altered, &error));
	OWN(X509_NAME) X509_NAME *other = fixture_name("another");
	assert_true(X509_REQ_set_subject_name(altered, other));
	FILE *file = fopen("altered.csr", "w");
	assert_true(PEM_write_X509_REQ(file, altered));
	assert_int_equal(fclose(file), 0);
	OWN(char) char *index = text_copy(fixture_read("certs/index.txt"));
	OWN(char) char *root = text_copy(fixture_read("certs/ca.crt"));
	for (size_t i = 0; i < ROWS(rows); i++) {
		OWN(notes) struct notes notes = { 0 }, refused = { 0 };
		OWN(issued) struct issued issued = { 0 };
		struct sign_options options = rows[i].options;
		options.issue.days = 5;
		assert_false(sign_file(rows[i].path, &options, &notes, &refused, &issued, &error));
		assert_string_equal(error.text, rows[i].text);
		assert_int_equal(error.kind, rows[i].kind);
		assert_null(issued.certificate);
		assert_null(issued.certificate_path);
		assert_string_equal(fixture_read("certs/index.txt"), index);
		assert_string_equal(fixture_read("certs/ca.crt"), root);
		assert_string_equal(fixture_read("bare.csr"), pem);
		assert_int_not_equal(access("bare.crt", F_OK), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_role_gets_its_extensions),
		cmocka_unit_test(a_request_gets_what_its_role_allows_and_no_more),
		cmocka_unit_test(names_made_to_deceive_are_not_granted),
		cmocka_unit_test(names_come_from_where_they_should),
		cmocka_unit_test(what_cannot_be_signed_is_left_alone),
	};
	return cmocka_run_group_tests(tests, ca_folder_make, ca_folder_drop);
}
