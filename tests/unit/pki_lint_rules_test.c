/* Each rule that one certificate can break: who breaks it alone, and the twins that break none. */
#include "certs.h"

#include "pki/lint.h"

#include <openssl/x509v3.h>

#define IDS "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid"
#define LEAF_CONSTRAINTS "basicConstraints=critical,CA:FALSE"
#define SIGNS "keyUsage=critical,digitalSignature"
#define LOCALHOST "subjectAltName=DNS:localhost"
#define SERVER_LEAF IDS, LEAF_CONSTRAINTS, SIGNS, "extendedKeyUsage=serverAuth"
#define CLIENT_LEAF IDS, LEAF_CONSTRAINTS, SIGNS, "extendedKeyUsage=clientAuth"
#define CA_CONSTRAINTS "basicConstraints=critical,CA:TRUE"
#define CA_USAGE "keyUsage=critical,keyCertSign,cRLSign"
#define SUB_CA IDS, CA_CONSTRAINTS, CA_USAGE
#define ROOT_CA "subjectKeyIdentifier=hash", CA_CONSTRAINTS, CA_USAGE

struct row {
	const char *role;  /* NULL: its own words */
	const char *codes; /* of all that is found, in this order */
	struct spec spec;
	bool root; /* signed by itself */
};

static char *codes_of(const struct lint_report *report)
{
	char *all = text_copy("");
	for (size_t i = 0; i < report->count; i++) {
		OWN(char) char *before = all;
		all = text_format(
			"%s%s%s", before, i ? " " : "", code_name(report->findings[i].rule->code));
	}
	return all;
}

static void check_rows(const struct row *rows, size_t count)
{
	struct made *ca = MAKE(NULL, "CN=The CA", .extensions = CA_EXTENSIONS, .key = "P-256#ca");
	bool failed = false;
	for (size_t i = 0; i < count; i++) {
		OWN(lint_report) struct lint_report report = { 0 };
		struct made *one = certs_make(rows[i].root ? NULL : ca, &rows[i].spec);
		lint_certificate(one->certificate, "x.crt", rows[i].role, NOW, &report);
		OWN(char) char *found = codes_of(&report);
		if (strcmp(found, rows[i].codes)) {
			print_message("row %zu: not '%s' but '%s'\n", i, rows[i].codes, found);
			failed = true;
		}
		for (size_t j = 0; j < report.count; j++) {
			const struct lint_finding *finding = &report.findings[j];
			assert_string_equal(finding->file, "x.crt");
			assert_int_equal(finding->line, 0);
			assert_string_equal(finding->fix, code_info(finding->rule->code)->hint);
			assert_null(strchr(finding->text, '\n'));
			assert_non_null(strstr(finding->text, "(serial "));
		}
	}
	assert_false(failed);
}
#define CHECK(rows) check_rows(rows, sizeof(rows) / sizeof *(rows))

static void names(void **state)
{
	static const struct row rows[] = {
		{ NULL, "", { "CN=localhost", { SERVER_LEAF, LOCALHOST } }, false },
		{ NULL, "", { "CN=localhost", { SERVER_LEAF, LOCALHOST ",DNS:*.example.org" } },
			false },
		{ NULL, "", { "CN=localhost", { SERVER_LEAF, LOCALHOST ",IP:::1" } }, false },
		{ NULL, "server-no-san", { "CN=localhost", { SERVER_LEAF } }, false },
		{ NULL, "server-no-san",
			{ "CN=localhost", { SERVER_LEAF, "subjectAltName=email:a@example.org" } },
			false },
		{ NULL, "", { "CN=me", { CLIENT_LEAF, "subjectAltName=email:a@example.org" } },
			false },
		{ NULL, "cn-not-in-san", { "CN=elsewhere.test", { SERVER_LEAF, LOCALHOST } },
			false },
		{ NULL, "san-address-as-dns",
			{ "CN=localhost", { SERVER_LEAF, LOCALHOST ",DNS:127.0.0.1" } }, false },
		{ NULL, "san-bad-dns",
			{ "CN=localhost", { SERVER_LEAF, LOCALHOST ",DNS:-a.test" } }, false },
		{ NULL, "san-bad-dns",
			{ "CN=localhost", { SERVER_LEAF, LOCALHOST ",DNS:a..test" } }, false },
		{ NULL, "san-wide-wildcard",
			{ "CN=localhost", { SERVER_LEAF, LOCALHOST ",DNS:*.org" } }, false },
		{ NULL, "san-empty", { "CN=me", { CLIENT_LEAF, "subjectAltName=DER:3000" } },
			false },
		{ NULL, "san-not-critical", { "", { SERVER_LEAF, LOCALHOST } }, false },
		{ NULL, "", { "", { SERVER_LEAF, "subjectAltName=critical,DNS:localhost" } },
			false },
		{ NULL, "san-critical",
			{ "CN=localhost",
				{ SERVER_LEAF, "subjectAltName=critical,DNS:localhost" } },
			false },
		{ NULL, "san-bad-uri",
			{ "CN=localhost", { SERVER_LEAF, LOCALHOST ",URI:no-scheme" } }, false },
		{ NULL, "", { "CN=localhost", { SERVER_LEAF, LOCALHOST ",URI:urn:example:a" } },
			false },
		{ NULL, "san-bad-email",
			{ "CN=localhost", { SERVER_LEAF, LOCALHOST ",email:nobody" } }, false },
		{ NULL, "san-bad-address",
			{ "CN=me", { CLIENT_LEAF, "subjectAltName=DER:30058703010203" } }, false },
	};
	(void)state;
	CHECK(rows);
}

static void usages(void **state)
{
	static const struct row rows[] = {
		{ NULL, "", { "CN=me", { CLIENT_LEAF } }, false },
		{ "client", "client-no-eku", { "CN=me", { IDS, LEAF_CONSTRAINTS, SIGNS } }, false },
		{ "server", "server-no-eku",
			{ "CN=localhost", { IDS, LEAF_CONSTRAINTS, SIGNS, LOCALHOST } }, false },
		{ "client", "client-wrong-eku", { "CN=localhost", { SERVER_LEAF, LOCALHOST } },
			false },
		{ "server", "server-wrong-eku", { "CN=localhost", { CLIENT_LEAF, LOCALHOST } },
			false },
		{ "peer", "server-wrong-eku", { "CN=localhost", { CLIENT_LEAF, LOCALHOST } },
			false },
		{ "peer", "",
			{ "CN=localhost", { IDS, LEAF_CONSTRAINTS, SIGNS, LOCALHOST,
						  "extendedKeyUsage=clientAuth,serverAuth" } },
			false },
		{ NULL, "client-wrong-key-usage",
			{ "CN=me", { IDS, LEAF_CONSTRAINTS, "keyUsage=critical,keyAgreement",
					   "extendedKeyUsage=clientAuth" } },
			false },
		{ NULL, "server-wrong-key-usage",
			{ "CN=localhost",
				{ IDS, LEAF_CONSTRAINTS, "keyUsage=critical,keyEncipherment",
					"extendedKeyUsage=serverAuth", LOCALHOST } },
			false },
		{ NULL, "key-usage-leaf-signs",
			{ "CN=me", { IDS, LEAF_CONSTRAINTS,
					   "keyUsage=critical,digitalSignature,keyCertSign",
					   "extendedKeyUsage=clientAuth" } },
			false },
		{ NULL, "eku-critical",
			{ "CN=me", { IDS, LEAF_CONSTRAINTS, SIGNS,
					   "extendedKeyUsage=critical,clientAuth" } },
			false },
		{ NULL, "eku-any",
			{ "CN=me", { IDS, LEAF_CONSTRAINTS, SIGNS,
					   "extendedKeyUsage=clientAuth,anyExtendedKeyUsage" } },
			false },
		{ "client", "client-is-ca client-no-eku client-wrong-key-usage",
			{ "CN=me", { SUB_CA } }, false },
		{ "server", "server-is-ca server-no-eku server-wrong-key-usage",
			{ "CN=localhost", { SUB_CA, LOCALHOST } }, false },
		{ "ca", "ca-without-constraints key-usage-leaf-signs",
			{ "CN=Sub", { IDS, CA_USAGE } }, false },
		{ NULL, "constraints-not-critical",
			{ "CN=Sub", { IDS, "basicConstraints=CA:TRUE", CA_USAGE } }, false },
		{ "ca", "key-usage-missing", { "CN=Sub", { IDS, CA_CONSTRAINTS } }, false },
		{ "ca", "key-usage-no-cert-sign",
			{ "CN=Sub", { IDS, CA_CONSTRAINTS, "keyUsage=critical,cRLSign" } }, false },
		{ NULL, "client-wrong-key-usage key-usage-empty",
			{ "CN=me", { IDS, LEAF_CONSTRAINTS, "keyUsage=critical,DER:03020700",
					   "extendedKeyUsage=clientAuth" } },
			false },
		{ NULL, "", { "CN=Root", { ROOT_CA } }, true },
		{ NULL, "eku-in-root", { "CN=Root", { ROOT_CA, "extendedKeyUsage=clientAuth" } },
			true },
		{ NULL, "client-self-signed",
			{ "CN=me", { "subjectKeyIdentifier=hash", LEAF_CONSTRAINTS, SIGNS,
					   "extendedKeyUsage=clientAuth" } },
			true },
		{ NULL, "server-self-signed",
			{ "CN=localhost", { "subjectKeyIdentifier=hash", LEAF_CONSTRAINTS, SIGNS,
						  "extendedKeyUsage=serverAuth", LOCALHOST } },
			true },
	};
	(void)state;
	CHECK(rows);
}

static void identifiers_and_limits(void **state)
{
	static const struct row rows[] = {
		{ NULL, "", { "CN=Sub", { SUB_CA } }, false },
		{ NULL, "aki-missing",
			{ "CN=Sub", { "subjectKeyIdentifier=hash", CA_CONSTRAINTS, CA_USAGE } },
			false },
		{ NULL, "aki-with-issuer",
			{ "CN=Sub", { "subjectKeyIdentifier=hash",
					    "authorityKeyIdentifier=keyid,issuer:always",
					    CA_CONSTRAINTS, CA_USAGE } },
			false },
		{ NULL, "ski-missing",
			{ "CN=Sub", { "authorityKeyIdentifier=keyid", CA_CONSTRAINTS, CA_USAGE } },
			false },
		{ NULL, "ski-critical",
			{ "CN=Sub", { "subjectKeyIdentifier=critical,DER:04020102",
					    "authorityKeyIdentifier=keyid", CA_CONSTRAINTS,
					    CA_USAGE } },
			false },
		{ NULL, "ski-empty",
			{ "CN=Sub",
				{ "subjectKeyIdentifier=DER:0400", "authorityKeyIdentifier=keyid",
					CA_CONSTRAINTS, CA_USAGE } },
			false },
		{ NULL, "ski-of-nothing",
			{ "CN=Sub", { "subjectKeyIdentifier="
				      "DER:0414da39a3ee5e6b4b0d3255bfef95601890afd80709",
					    "authorityKeyIdentifier=keyid", CA_CONSTRAINTS,
					    CA_USAGE } },
			false },
		{ NULL, "aia-critical",
			{ "CN=Sub", { SUB_CA, "authorityInfoAccess="
					      "critical,OCSP;URI:http://ocsp.test/" } },
			false },
		{ NULL, "",
			{ "CN=Sub", { SUB_CA, "authorityInfoAccess=OCSP;URI:http://ocsp.test/" } },
			false },
		{ NULL, "policy-not-critical",
			{ "CN=Sub", { SUB_CA, "policyConstraints=requireExplicitPolicy:0" } },
			false },
		{ NULL, "",
			{ "CN=Sub",
				{ SUB_CA, "policyConstraints=critical,requireExplicitPolicy:0" } },
			false },
		{ NULL, "",
			{ "CN=Sub", { SUB_CA, "nameConstraints=critical,permitted;DNS:a.test" } },
			false },
		{ NULL, "name-constraints-not-critical",
			{ "CN=Sub", { SUB_CA, "nameConstraints=permitted;DNS:a.test" } }, false },
		{ NULL, "name-constraints-empty",
			{ "CN=Sub", { SUB_CA, "nameConstraints=critical,DER:3000" } }, false },
		{ NULL, "name-constraints-in-leaf",
			{ "CN=me",
				{ CLIENT_LEAF, "nameConstraints=critical,permitted;DNS:a.test" } },
			false },
		{ NULL, "pathlen-misplaced",
			{ "CN=me", { IDS, "basicConstraints=critical,CA:FALSE,pathlen:0", SIGNS,
					   "extendedKeyUsage=clientAuth" } },
			false },
		{ NULL, "",
			{ "CN=Sub",
				{ IDS, "basicConstraints=critical,CA:TRUE,pathlen:0", CA_USAGE } },
			false },
	};
	(void)state;
	CHECK(rows);
}

static void fields_and_keys(void **state)
{
	static const struct row rows[] = {
		{ NULL, "serial-zero",
			{ .subject = "CN=me", .extensions = { CLIENT_LEAF }, .serial = "0" },
			false },
		{ NULL, "serial-negative",
			{ .subject = "CN=me", .extensions = { CLIENT_LEAF }, .serial = "-5" },
			false },
		{ NULL, "serial-too-long",
			{ .subject = "CN=me",
				.extensions = { CLIENT_LEAF },
				.serial = "010203040506070809101112131415161718192021" },
			false },
		{ NULL, "",
			{ .subject = "CN=me",
				.extensions = { CLIENT_LEAF },
				.serial = "0102030405060708091011121314151617181920" },
			false },
		{ NULL, "subject-empty san-not-critical",
			{ .subject = "", .extensions = { SUB_CA } }, false },
		{ NULL, "signature-digest",
			{ .subject = "CN=me", .extensions = { CLIENT_LEAF }, .digest = "SHA1" },
			false },
		{ NULL, "",
			{ .subject = "CN=me", .extensions = { CLIENT_LEAF }, .digest = "SHA384" },
			false },
		{ NULL, "key-rsa-short",
			{ .subject = "CN=me", .extensions = { CLIENT_LEAF }, .key = "rsa:1024" },
			false },
		{ NULL, "key-curve",
			{ .subject = "CN=me", .extensions = { CLIENT_LEAF }, .key = "P-224" },
			false },
		{ NULL, "", { .subject = "CN=me", .extensions = { CLIENT_LEAF }, .key = "P-384" },
			false },
		{ NULL, "", { .subject = "CN=me", .extensions = { CLIENT_LEAF }, .key = "ed25519" },
			false },
	};
	(void)state;
	CHECK(rows);
}

/* An extension that cannot be read is the one finding: nobody knows what is missing in it. */
static void unreadable_extensions(void **state)
{
	static const struct row rows[] = {
		{ NULL, "extension-duplicate",
			{ "CN=localhost", { SERVER_LEAF, LOCALHOST,
						  "2.5.29.37=DER:300a06082b06010505070301" } },
			false },
		{ "client", "extension-duplicate",
			{ "CN=me", { CLIENT_LEAF, "2.5.29.37=DER:300a06082b06010505070302" } },
			false },
		{ "server", "extension-duplicate",
			{ "CN=localhost", { SERVER_LEAF, LOCALHOST, "2.5.29.17=DER:3003820161" } },
			false },
		{ "ca", "extension-duplicate", { "CN=Sub", { SUB_CA, "2.5.29.19=DER:30030101ff" } },
			false },
		{ "client", "extension-malformed",
			{ "CN=me", { IDS, LEAF_CONSTRAINTS, SIGNS, "2.5.29.37=DER:0500" } },
			false },
		{ NULL, "serial-zero extension-duplicate",
			{ .subject = "CN=me",
				.extensions = { CLIENT_LEAF,
					"2.5.29.37=DER:300a06082b06010505070302" },
				.serial = "0" },
			false },
		/* One that nobody reads leaves the others as they are. */
		{ "client", "client-no-eku extension-duplicate",
			{ "CN=me", { IDS, LEAF_CONSTRAINTS, SIGNS, "1.2.3.4.5=DER:0500",
					   "1.2.3.4.5=DER:0101ff" } },
			false },
		{ "client", "client-no-eku extension-malformed",
			{ "CN=me", { IDS, LEAF_CONSTRAINTS, SIGNS, "1.3.6.1.5.5.7.1.1=DER:0500" } },
			false },
	};
	(void)state;
	CHECK(rows);
}

#define AT(days) (NOW + (time_t)(days)*DAY)
static void times(void **state)
{
	static const struct {
		const char *code, *text;
		struct spec spec;
	} rows[] = {
		{ "client-expired", "'CN=me' (serial 77) expired on 2026-05-31T23:59:59Z",
			{ "CN=me", { CLIENT_LEAF }, .not_before = NOW - DAY,
				.not_after = NOW - 1 } },
		{ "server-expired", "'CN=localhost' (serial 77) expired on 2026-05-31T23:59:59Z",
			{ "CN=localhost", { SERVER_LEAF, LOCALHOST }, .not_after = NOW - 1 } },
		{ "ca-expired", "'CN=Sub' (serial 77) expired on 2026-05-31T23:59:59Z",
			{ "CN=Sub", { SUB_CA }, .not_after = NOW - 1 } },
		{ "client-not-yet-valid",
			"'CN=me' (serial 77) is not valid before 2026-06-01T00:00:01Z",
			{ "CN=me", { CLIENT_LEAF }, .not_before = NOW + 1 } },
		{ "server-not-yet-valid",
			"'CN=localhost' (serial 77) is not valid before 2026-06-01T00:00:01Z",
			{ "CN=localhost", { SERVER_LEAF, LOCALHOST }, .not_before = NOW + 1 } },
		{ "ca-not-yet-valid",
			"'CN=Sub' (serial 77) is not valid before 2026-06-01T00:00:01Z",
			{ "CN=Sub", { SUB_CA }, .not_before = NOW + 1 } },
		{ "expires-soon", "'CN=me' (serial 77) expires on 2026-06-01T00:00:00Z",
			{ "CN=me", { CLIENT_LEAF }, .not_after = NOW } },
		{ "expires-soon", "'CN=me' (serial 77) expires on 2026-06-30T23:59:59Z",
			{ "CN=me", { CLIENT_LEAF }, .not_after = AT(30) - 1 } },
		{ NULL, NULL, { "CN=me", { CLIENT_LEAF }, .not_after = AT(30) } },
		{ NULL, NULL, { "CN=me", { CLIENT_LEAF }, .not_before = NOW } },
	};
	struct made *ca = MAKE(NULL, "CN=The CA", .extensions = CA_EXTENSIONS, .key = "P-256#ca");
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		OWN(lint_report) struct lint_report report = { 0 };
		struct spec spec = rows[i].spec;
		spec.serial = "77";
		struct made *one = certs_make(ca, &spec);
		lint_certificate(one->certificate, "x.crt", NULL, NOW, &report);
		assert_int_equal(report.count, rows[i].code != NULL);
		if (!rows[i].code)
			continue;
		assert_string_equal(code_name(report.findings[0].rule->code), rows[i].code);
		assert_string_equal(report.findings[0].text, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(usages),
		cmocka_unit_test(identifiers_and_limits),
		cmocka_unit_test(fields_and_keys),
		cmocka_unit_test(unreadable_extensions),
		cmocka_unit_test(times),
	};
	return cmocka_run_group_tests(tests, NULL, certs_end);
}
