/*
 * The strict profile. A row is a certificate that breaks one rule: the strict profile refuses it
 * with that rule's code, and the mtls profile, which has no such rule, accepts it. Its twin, the
 * same chain without the fault, passes both.
 */
#include "certs.h"

static struct made *good_root;

static struct made *root_with(const char *const *extensions)
{
	struct spec spec = { .subject = "CN=Strict Root", .key = "P-256#root" };
	for (size_t i = 0; i < EXTENSIONS_MAX && extensions[i]; i++)
		spec.extensions[i] = extensions[i];
	return certs_make(NULL, &spec);
}
#define ROOT(...) root_with((const char *const[]){ __VA_ARGS__, NULL })

static int make_world(void **state)
{
	(void)state;
	good_root = ROOT("subjectKeyIdentifier=hash", "basicConstraints=critical,CA:TRUE",
		"keyUsage=critical,keyCertSign,cRLSign");
	return 0;
}

static struct verify_result judge(struct made *root, struct made *sub, struct made *leaf,
	const char *crl, enum verify_purpose purpose, enum verify_profile profile)
{
	struct error error;
	struct verify_result result;
	OWN(trust) struct trust *trust = NULL;
	const char *ca = WRITE("ca.crt", root->certificate);
	if (!trust_load(&ca, 1, &crl, crl ? 1 : 0, &trust, &error))
		fail_msg("%s", error.text);
	unlink(certs_paths[--certs_path_count]);
	STACK_OF(X509) *sent = sk_X509_new_null();
	if (sub)
		sk_X509_push(sent, sub->certificate);
	struct verify_options options = { .profile = profile,
		.eku = EKU_STANDARD,
		.purpose = purpose,
		.at = NOW,
		.depth_max = -1 };
	verify_leaf(trust, leaf->certificate, sent, &options, &result);
	sk_X509_free(sent);
	return result;
}

static void refused(const char *what, struct made *root, struct made *sub, struct made *leaf,
	enum code code, int depth, enum code by_default)
{
	struct verify_result strict = judge(root, sub, leaf, NULL, PURPOSE_SERVER, PROFILE_STRICT);
	struct verify_result mtls = judge(root, sub, leaf, NULL, PURPOSE_SERVER, PROFILE_MTLS);
	if (strict.code != code || (code != CODE_NONE && strict.depth != depth))
		fail_msg("%s: strict should say '%s' at %d, says '%s' at %d: %s", what,
			code_name(code), depth, code_name(strict.code), strict.depth, strict.why);
	/* Without one OpenSSL would finish the handshake's check with an alert of its own choice.
	 */
	if (strict.ok != (strict.x509_error == 0))
		fail_msg("%s: '%s' has no X.509 error", what, code_name(strict.code));
	if (mtls.code != by_default)
		fail_msg("%s: mtls should say '%s', says '%s': %s", what, code_name(by_default),
			code_name(mtls.code), mtls.why);
	if (code != by_default && !strstr(strict.why, "RFC") && !strstr(strict.why, "BR section"))
		fail_msg("%s: no source: %s", what, strict.why);
}

/* The extensions of a good server, but for those that a row brings itself. */
static struct made *server_with(struct made *issuer, const struct spec *change)
{
	static const char *const usual[] = { "subjectKeyIdentifier=hash",
		"authorityKeyIdentifier=keyid", "basicConstraints=critical,CA:FALSE",
		"keyUsage=critical,digitalSignature", "extendedKeyUsage=serverAuth",
		"subjectAltName=DNS:a.example" };
	struct spec spec = *change;
	size_t count = 0;
	spec.subject = change->subject ? change->subject : "CN=a.example";
	memset(spec.extensions, 0, sizeof spec.extensions);
	for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
		bool replaced = false;
		for (size_t j = 0; j < EXTENSIONS_MAX && change->extensions[j]; j++)
			replaced = replaced || !strncmp(change->extensions[j], usual[i],
						       strcspn(usual[i], "=") + 1);
		if (!replaced)
			spec.extensions[count++] = usual[i];
	}
	/* "name=-" leaves the usual one out. */
	for (size_t j = 0; j < EXTENSIONS_MAX && change->extensions[j]; j++)
		if (strcmp(strchr(change->extensions[j], '='), "=-") != 0)
			spec.extensions[count++] = change->extensions[j];
	return certs_make(issuer, &spec);
}
#define LEAF(...) server_with(good_root, &(struct spec){ __VA_ARGS__ })
#define LEAF_BREAKS(what, code, ...) \
	refused(what, good_root, NULL, LEAF(__VA_ARGS__), code, 0, CODE_NONE)

static void good_certificates_pass(void **state)
{
	(void)state;
	LEAF_BREAKS("nothing", CODE_NONE, .subject = NULL);
	LEAF_BREAKS("an Ed25519 key", CODE_NONE, .key = "ed25519");
	LEAF_BREAKS("an RSA-2048 key", CODE_NONE, .key = "rsa:2048");
	LEAF_BREAKS("a P-384 key", CODE_NONE, .key = "P-384");
	LEAF_BREAKS("an empty subject with a critical SAN", CODE_NONE, .subject = "",
		.extensions = { "subjectAltName=critical,DNS:a.example" });
	LEAF_BREAKS("every kind of name", CODE_NONE,
		.extensions = { "subjectAltName=DNS:a.example,DNS:*.b.example,IP:::1,IP:10.0.0.1,"
				"URI:spiffe://lab/x,email:a@b.example" });
	LEAF_BREAKS("no key usage in a leaf", CODE_NONE, .extensions = { "keyUsage=-" });
	LEAF_BREAKS("a serial of 20 octets", CODE_NONE,
		.serial = "7fffffffffffffffffffffffffffffffffffffff");
	LEAF_BREAKS("a serial of one", CODE_NONE, .serial = "1");
	LEAF_BREAKS("a leaf until 2060", CODE_NONE, .not_after = NOW + (time_t)34 * 365 * DAY);
}

static void serials(void **state)
{
	(void)state;
	LEAF_BREAKS("a serial of zero", CODE_SERIAL_ZERO, .serial = "0");
	LEAF_BREAKS("a negative serial", CODE_SERIAL_NEGATIVE, .serial = "-5");
	LEAF_BREAKS("a serial of 21 octets", CODE_SERIAL_TOO_LONG,
		.serial = "010000000000000000000000000000000000000000");
	LEAF_BREAKS("20 octets whose first bit is set take 21", CODE_SERIAL_TOO_LONG,
		.serial = "8000000000000000000000000000000000000000");
}

static void unique_identifiers(void **state)
{
	(void)state;
	LEAF_BREAKS("one of the issuer", CODE_UNIQUE_ID, .unique_id = 0x81);
	LEAF_BREAKS("one of the subject", CODE_UNIQUE_ID, .unique_id = 0x82);
}

static void keys_and_signatures(void **state)
{
	(void)state;
	LEAF_BREAKS("an RSA key of 2050 bits", CODE_KEY_RSA_ODD_SIZE, .key = "rsa:2050");
	LEAF_BREAKS("a DSA key", CODE_KEY_DSA, .key = "dsa");
	LEAF_BREAKS("an EC key on P-224", CODE_KEY_CURVE, .key = "P-224");
	refused("an RSA key of 1024 bits", good_root, NULL, LEAF(.key = "rsa:1024"),
		CODE_SERVER_WEAK_KEY, 0, CODE_SERVER_WEAK_KEY);
	refused("a SHA-1 signature", good_root, NULL, LEAF(.digest = "sha1"),
		CODE_SERVER_WEAK_DIGEST, 0, CODE_SERVER_WEAK_DIGEST);
}

static void key_identifiers(void **state)
{
	(void)state;
	LEAF_BREAKS("no authority key identifier", CODE_AKI_MISSING,
		.extensions = { "authorityKeyIdentifier=-" });
	LEAF_BREAKS("one with issuer and serial too", CODE_AKI_WITH_ISSUER,
		.extensions = { "authorityKeyIdentifier=keyid,issuer:always" });
	LEAF_BREAKS("an empty one", CODE_AKI_WITHOUT_KEY_ID,
		.extensions = { "authorityKeyIdentifier=-", "2.5.29.35=DER:3000" });
	LEAF_BREAKS("an empty subject key identifier", CODE_SKI_EMPTY,
		.extensions = { "subjectKeyIdentifier=-", "2.5.29.14=DER:0400" });
	/* OpenSSL understands it only when it is not critical. */
	refused("a critical one", good_root, NULL,
		LEAF(.extensions = { "subjectKeyIdentifier=critical,hash" }),
		CODE_SERVER_CRITICAL_EXTENSION, 0, CODE_SERVER_CRITICAL_EXTENSION);
	LEAF_BREAKS("none in a leaf", CODE_NONE, .extensions = { "subjectKeyIdentifier=-" });
}

static void usages(void **state)
{
	(void)state;
	LEAF_BREAKS("keyCertSign in a leaf", CODE_KEY_USAGE_LEAF_SIGNS,
		.extensions = { "keyUsage=critical,digitalSignature,keyCertSign" });
	LEAF_BREAKS("a critical extended key usage", CODE_EKU_CRITICAL,
		.extensions = { "extendedKeyUsage=critical,serverAuth" });
	LEAF_BREAKS("anyExtendedKeyUsage beside another", CODE_EKU_ANY,
		.extensions = { "extendedKeyUsage=serverAuth,anyExtendedKeyUsage" });
	LEAF_BREAKS("a critical authority information access", CODE_NONE,
		.extensions = { "authorityInfoAccess=OCSP;URI:http://o.example/" });
	refused("pathlen without CA", good_root, NULL,
		LEAF(.extensions = { "basicConstraints=critical,CA:FALSE,pathlen:0" }),
		CODE_PATHLEN_MISPLACED, 0, CODE_NONE);
	refused("a leaf that is a CA", good_root, NULL,
		LEAF(.extensions = { "basicConstraints=critical,CA:TRUE" }), CODE_SERVER_IS_CA, 0,
		CODE_SERVER_IS_CA);
	refused("a critical policy is none of ours", good_root, NULL,
		LEAF(.extensions = { "policyConstraints=requireExplicitPolicy:0" }),
		CODE_POLICY_NOT_CRITICAL, 0, CODE_NONE);
}

static void extensions_as_such(void **state)
{
	(void)state;
	LEAF_BREAKS("a malformed information access", CODE_EXTENSION_MALFORMED,
		.extensions = { "1.3.6.1.5.5.7.1.1=DER:0500" });
	LEAF_BREAKS("an unknown extension, not critical", CODE_NONE,
		.extensions = { "1.2.3.4.5=DER:0500" });
	LEAF_BREAKS("an unknown extension twice", CODE_EXTENSION_DUPLICATE,
		.extensions = { "1.2.3.4.5=DER:0500", "1.2.3.4.5=DER:0101ff" });
}

static void alternative_names(void **state)
{
	(void)state;
	LEAF_BREAKS("none", CODE_SERVER_NO_SAN, .extensions = { "subjectAltName=-" });
	LEAF_BREAKS("an empty list", CODE_SERVER_NO_SAN,
		.extensions = { "subjectAltName=-", "2.5.29.17=DER:3000" });
	LEAF_BREAKS("critical beside a subject", CODE_SAN_CRITICAL,
		.extensions = { "subjectAltName=critical,DNS:a.example" });
	LEAF_BREAKS("not critical without a subject", CODE_SAN_NOT_CRITICAL, .subject = "");
	LEAF_BREAKS("a common name that is none of them", CODE_CN_NOT_IN_SAN,
		.subject = "CN=b.example");
	LEAF_BREAKS("one in other letters", CODE_CN_NOT_IN_SAN, .subject = "CN=A.example");
	LEAF_BREAKS("two common names, the second of them none", CODE_CN_NOT_IN_SAN,
		.subject = "CN=a.example/CN=b.example");
	LEAF_BREAKS("no common name", CODE_NONE, .subject = "O=Lab");
	LEAF_BREAKS("an address as common name", CODE_NONE, .subject = "CN=127.0.0.1",
		.extensions = { "subjectAltName=IP:127.0.0.1" });
	LEAF_BREAKS("an address not in its usual text", CODE_CN_NOT_IN_SAN,
		.subject = "CN=2001:DB8::1", .extensions = { "subjectAltName=IP:2001:db8::1" });
}

static void malformed_names(void **state)
{
	(void)state;
	static const struct {
		const char *what, *line;
		enum code code;
	} rows[] = {
		{ "an underscore", "DNS:a_b.example", CODE_SAN_BAD_DNS },
		{ "a trailing dot", "DNS:b.example.", CODE_SAN_BAD_DNS },
		{ "a leading dot", "DNS:.b.example", CODE_SAN_BAD_DNS },
		{ "an empty label", "DNS:b..example", CODE_SAN_BAD_DNS },
		{ "a space", "DNS:b c.example", CODE_SAN_BAD_DNS },
		{ "a hyphen at the end", "DNS:b-.example", CODE_SAN_BAD_DNS },
		{ "an address as a DNS name", "DNS:127.0.0.1", CODE_SAN_BAD_DNS },
		{ "a label of 64",
			"DNS:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
			"example",
			CODE_SAN_BAD_DNS },
		{ "a lone wildcard", "DNS:*", CODE_SAN_BAD_DNS },
		{ "a wildcard in the middle", "DNS:b.*.example", CODE_SAN_BAD_DNS },
		{ "a wildcard in a label", "DNS:b*.c.example", CODE_SAN_BAD_DNS },
		{ "two wildcards", "DNS:*.*.example", CODE_SAN_BAD_DNS },
		{ "a wildcard below a top-level name", "DNS:*.example", CODE_SAN_WIDE_WILDCARD },
		{ "a wildcard", "DNS:*.b.example", CODE_NONE },
		{ "a relative URI", "URI:/path", CODE_SAN_BAD_URI },
		{ "a URI with a space", "URI:http://a b/", CODE_SAN_BAD_URI },
		{ "a URI", "URI:https://a.example/b?c", CODE_NONE },
		{ "an e-mail address without host", "email:a@", CODE_SAN_BAD_EMAIL },
		{ "an e-mail address with two signs", "email:a@b@c.example", CODE_SAN_BAD_EMAIL },
		{ "an e-mail address", "email:a.b+c@d.example", CODE_NONE },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char line[160];
		snprintf(line, sizeof line, "subjectAltName=DNS:a.example,%s", rows[i].line);
		LEAF_BREAKS(rows[i].what, rows[i].code, .extensions = { line });
	}
	LEAF_BREAKS("an address of five octets", CODE_SAN_BAD_ADDRESS,
		.extensions = { "subjectAltName=-",
			"2.5.29.17=DER:301282096c6f63616c686f737487050102030405" },
		.subject = "CN=localhost");
	LEAF_BREAKS("a NUL in a DNS name", CODE_SAN_BAD_DNS,
		.extensions = { "subjectAltName=-", "2.5.29.17=DER:300a8203610062820361002e" },
		.subject = "O=Lab");
}

/* ---- Roots ---- */

static void root_breaks(const char *what, struct made *root, enum code code, enum code by_default)
{
	struct made *leaf = server_with(root, &(struct spec){ .subject = NULL });
	refused(what, root, NULL, leaf, code, 1, by_default);
}

#define SKI "subjectKeyIdentifier=hash"
#define BC "basicConstraints=critical,CA:TRUE"
#define KU "keyUsage=critical,keyCertSign,cRLSign"

static void roots(void **state)
{
	(void)state;
	struct made *no_ski = ROOT(BC, KU);
	/* Without the root's identifier the leaf can have none of it either. */
	struct made *leaf =
		server_with(no_ski, &(struct spec){ .extensions = { "authorityKeyIdentifier=-",
							    "2.5.29.35=DER:3006800401020304" } });
	refused("no subject key identifier", no_ski, NULL, leaf, CODE_SKI_MISSING, 1, CODE_NONE);
	root_breaks("not critical", ROOT(SKI, "basicConstraints=CA:TRUE", KU),
		CODE_CONSTRAINTS_NOT_CRITICAL, CODE_NONE);
	root_breaks("no basic constraints", ROOT(SKI, KU), CODE_CA_WITHOUT_CONSTRAINTS, CODE_NONE);
	root_breaks("no key usage is taken of an anchor", ROOT(SKI, BC), CODE_NONE, CODE_NONE);
	root_breaks("an extended key usage", ROOT(SKI, BC, KU, "extendedKeyUsage=serverAuth"),
		CODE_EKU_IN_ROOT, CODE_NONE);
	root_breaks("key usage not critical", ROOT(SKI, BC, "keyUsage=keyCertSign"), CODE_NONE,
		CODE_NONE);
	/* What `authorityKeyIdentifier = keyid` makes of a self-signed certificate: nothing. */
	root_breaks("an empty authority key identifier",
		ROOT(SKI, "authorityKeyIdentifier=keyid", BC, KU), CODE_AKI_WITHOUT_KEY_ID,
		CODE_NONE);
	struct made *zero = MAKE(NULL, .subject = "CN=Zero", .serial = "0", .key = "P-256#root",
		.extensions = CA_EXTENSIONS);
	root_breaks("a root's serial is its own affair", zero, CODE_NONE, CODE_NONE);
	struct made *sha1 = MAKE(NULL, .subject = "CN=Old", .digest = "sha1", .key = "P-256#root",
		.extensions = CA_EXTENSIONS);
	root_breaks("so is its signature", sha1, CODE_NONE, CODE_NONE);
	struct made *v1 = MAKE(NULL, .subject = "CN=V1", .v1 = true, .key = "P-256#root");
	struct made *of_v1 =
		server_with(v1, &(struct spec){ .extensions = { "authorityKeyIdentifier=-",
							"2.5.29.35=DER:3006800401020304" } });
	refused("a root of version 1", v1, NULL, of_v1, CODE_VERSION_NOT_3, 1, CODE_NONE);
}

static void name_constraints(void **state)
{
	(void)state;
	root_breaks("a permitted name",
		ROOT(SKI, BC, KU, "nameConstraints=critical,permitted;DNS:example"), CODE_NONE,
		CODE_NONE);
	root_breaks("not critical", ROOT(SKI, BC, KU, "nameConstraints=permitted;DNS:example"),
		CODE_NAME_CONSTRAINTS_NOT_CRITICAL, CODE_NONE);
	root_breaks("empty", ROOT(SKI, BC, KU, "2.5.29.30=critical,DER:3000"),
		CODE_NAME_CONSTRAINTS_EMPTY, CODE_NONE);
	root_breaks("a leading period",
		ROOT(SKI, BC, KU, "nameConstraints=critical,permitted;DNS:.example"),
		CODE_NAME_CONSTRAINTS_MALFORMED, CODE_NONE);
	LEAF_BREAKS("in a leaf", CODE_NAME_CONSTRAINTS_IN_LEAF,
		.extensions = { "nameConstraints=critical,permitted;DNS:example" });
	struct made *excluding =
		ROOT(SKI, BC, KU, "nameConstraints=critical,excluded;DNS:x.b.example");
	struct made *wild = server_with(excluding,
		&(struct spec){ .extensions = { "subjectAltName=DNS:a.example,DNS:*.b.example" } });
	refused("a wildcard over an excluded name", excluding, NULL, wild, CODE_WILDCARD_EXCLUDED,
		0, CODE_NONE);
	struct made *apart = server_with(excluding,
		&(struct spec){ .extensions = { "subjectAltName=DNS:a.example,DNS:*.c.example" } });
	refused("a wildcard elsewhere", excluding, NULL, apart, CODE_NONE, 0, CODE_NONE);
}

/* ---- Intermediates ---- */

static void intermediate(const char *what, enum code code, const struct spec *spec)
{
	struct spec named = *spec;
	named.subject = spec->subject ? spec->subject : "CN=Strict Sub";
	named.key = spec->key ? spec->key : "P-256#sub";
	struct made *sub = certs_make(good_root, &named);
	refused(what, good_root, sub, server_with(sub, &(struct spec){ .subject = NULL }), code, 1,
		CODE_NONE);
}
#define SUB_BREAKS(what, code, ...) intermediate(what, code, &(struct spec){ __VA_ARGS__ })
#define AKI "authorityKeyIdentifier=keyid"

static void intermediates(void **state)
{
	(void)state;
	SUB_BREAKS("nothing", CODE_NONE, .extensions = { SKI, AKI, BC, KU });
	SUB_BREAKS("no key usage", CODE_KEY_USAGE_MISSING, .extensions = { SKI, AKI, BC });
	SUB_BREAKS("no authority key identifier", CODE_AKI_MISSING, .extensions = { SKI, BC, KU });
	SUB_BREAKS("constraints not critical", CODE_CONSTRAINTS_NOT_CRITICAL,
		.extensions = { SKI, AKI, "basicConstraints=CA:TRUE", KU });
	SUB_BREAKS("a serial of zero", CODE_SERIAL_ZERO, .serial = "0",
		.extensions = { SKI, AKI, BC, KU });
	SUB_BREAKS("an extended key usage", CODE_NONE,
		.extensions = { SKI, AKI, BC, KU, "extendedKeyUsage=serverAuth" });
	SUB_BREAKS("anyExtendedKeyUsage beside", CODE_EKU_ANY,
		.extensions = {
			SKI, AKI, BC, KU, "extendedKeyUsage=serverAuth,anyExtendedKeyUsage" });
	SUB_BREAKS("pathlen without key usage", CODE_KEY_USAGE_MISSING,
		.extensions = { SKI, AKI, "basicConstraints=critical,CA:TRUE,pathlen:0" });
}

/* Rules that a stricter one of OpenSSL or of ours hides in most chains. */
static void what_others_hide(void **state)
{
	(void)state;
	struct made *early = LEAF(.subject = NULL);
	ASN1_TIME *end = ASN1_GENERALIZEDTIME_set(NULL, NOW + (time_t)30 * DAY);
	assert_true(X509_set1_notAfter(early->certificate, end));
	assert_true(X509_sign(early->certificate, good_root->key, EVP_sha256()));
	ASN1_STRING_free(end);
	refused("a GeneralizedTime before 2050", good_root, NULL, early, CODE_VALIDITY_ENCODING, 0,
		CODE_NONE);
	/* OpenSSL itself calls a key usage without a bit invalid. */
	struct made *useless =
		LEAF(.extensions = { "keyUsage=-", "2.5.29.15=critical,DER:030100" });
	assert_int_equal(judge(good_root, NULL, useless, NULL, PURPOSE_ANY, PROFILE_STRICT).code,
		CODE_EXTENSION_MALFORMED);
	struct made *unnamed = MAKE(good_root, .subject = "CN=a client",
		.extensions = { SKI, AKI, "basicConstraints=critical,CA:FALSE",
			"keyUsage=critical,digitalSignature", "extendedKeyUsage=clientAuth",
			"2.5.29.17=DER:3000" });
	assert_int_equal(judge(good_root, NULL, unnamed, NULL, PURPOSE_CLIENT, PROFILE_STRICT).code,
		CODE_SAN_EMPTY);
	assert_true(judge(good_root, NULL, unnamed, NULL, PURPOSE_CLIENT, PROFILE_MTLS).ok);
	struct made *nameless =
		MAKE(NULL, .subject = "", .key = "P-256#root", .extensions = CA_EXTENSIONS);
	refused("a CA without a name", nameless, NULL,
		server_with(nameless, &(struct spec){ .subject = NULL }), CODE_ISSUER_EMPTY, 0,
		CODE_NONE);
}

static void clients_need_no_names(void **state)
{
	(void)state;
	struct made *client =
		MAKE(good_root, .subject = "CN=a client", .extensions = CLIENT_EXTENSIONS);
	assert_int_equal(judge(good_root, NULL, client, NULL, PURPOSE_CLIENT, PROFILE_STRICT).code,
		CODE_NONE);
}

/* Each rule of CRLs, broken alone; for the mtls profile the list counts as it is. */
static void crls(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		struct crl_spec spec;
		enum code code;
		const char *why;
	} rows[] = {
		{ "good", { 0 }, CODE_NONE, "" },
		{ "no number", { .without_number = true }, CODE_CRL_NO_NUMBER,
			"CRLs are numbered (RFC 5280 section 5.2.3)" },
		{ "no key identifier", { .without_key_id = true }, CODE_CRL_NO_AKI,
			"CRLs name their issuer's key (RFC 5280 section 5.2.1)" },
		{ "version 1", { .v1 = true }, CODE_CRL_NOT_V2,
			"CRLs have version 2 (RFC 5280 section 5.1.2.1)" },
		{ "no nextUpdate", { .without_next_update = true }, CODE_CRL_NO_NEXT_UPDATE,
			"CRLs say when the next one comes (RFC 5280 section 5.1.2.5)" },
	};
	struct made *leaf = LEAF(.subject = NULL);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *crl = certs_write_crl("a.crl", good_root, &rows[i].spec);
		struct verify_result strict =
			judge(good_root, NULL, leaf, crl, PURPOSE_SERVER, PROFILE_STRICT);
		struct verify_result mtls =
			judge(good_root, NULL, leaf, crl, PURPOSE_SERVER, PROFILE_MTLS);
		if (strict.code != rows[i].code || !strstr(strict.why, rows[i].why))
			fail_msg("%s: strict says '%s': %s", rows[i].what, code_name(strict.code),
				strict.why);
		if (!mtls.ok)
			fail_msg("%s: mtls says '%s'", rows[i].what, code_name(mtls.code));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_certificates_pass),
		cmocka_unit_test(serials),
		cmocka_unit_test(unique_identifiers),
		cmocka_unit_test(keys_and_signatures),
		cmocka_unit_test(key_identifiers),
		cmocka_unit_test(usages),
		cmocka_unit_test(extensions_as_such),
		cmocka_unit_test(alternative_names),
		cmocka_unit_test(malformed_names),
		cmocka_unit_test(roots),
		cmocka_unit_test(name_constraints),
		cmocka_unit_test(intermediates),
		cmocka_unit_test(what_others_hide),
		cmocka_unit_test(clients_need_no_names),
		cmocka_unit_test(crls),
	};
	return cmocka_run_group_tests(tests, make_world, certs_end);
}
