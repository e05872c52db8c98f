/* What files show, alone and together: order, keys, requests, CRLs, configurations. Exact words. */
#include "certs.h"

#include "pki/lint.h"

#include <sys/stat.h>

static struct made *ca, *sub, *leaf;

static int make_world(void **state)
{
	(void)state;
	ca = MAKE(NULL, "CN=The CA", .extensions = CA_EXTENSIONS, .key = "P-256#ca", .serial = "0A",
		.not_after = NOW + 3650L * DAY);
	sub = MAKE(ca, "CN=Below", .extensions = SUB_EXTENSIONS, .key = "P-256#sub", .serial = "0B",
		.not_after = NOW + 1000L * DAY);
	leaf = MAKE(sub, "CN=me", .extensions = CLIENT_EXTENSIONS, .serial = "0C");
	return 0;
}

/* All files together; what is found as "code: text" lines, `@` being the folder. */
static void expect_all(const char *const *paths, const char *passphrase, const char *wanted)
{
	const struct lint_options options = { .passphrase = passphrase, .now = NOW };
	OWN(lint) struct lint *lint = lint_new(&options);
	OWN(lint_report) struct lint_report report = { 0 };
	OWN(buffer) struct buffer text = BUFFER(1 << 16);
	struct error error;
	for (; *paths; paths++)
		if (!lint_file(lint, *paths, &report, &error))
			fail_msg("%s", error.text);
	lint_together(lint, &report);
	assert_true(buffer_text(&text, "", &error));
	for (size_t i = 0; i < report.count; i++) {
		assert_true(buffer_format(&text, &error, "%s%s: ", i ? "\n" : "",
			code_name(report.findings[i].rule->code)));
		for (const char *at = report.findings[i].text; *at;) {
			bool folder = !strncmp(at, certs_folder, strlen(certs_folder));
			assert_true(buffer_append(&text, folder ? "@" : at, 1, &error));
			at += folder ? strlen(certs_folder) : 1;
		}
	}
	assert_string_equal(text.length ? text.data : "", wanted);
}
#define EXPECT(wanted, ...) expect_all((const char *const[]){ __VA_ARGS__, NULL }, NULL, wanted)
#define EXPECT_OPEN(passphrase, wanted, path) \
	expect_all((const char *const[]){ path, NULL }, passphrase, wanted)

static void the_order_of_a_chain(void **state)
{
	X509 *l = leaf->certificate, *s = sub->certificate, *r = ca->certificate;
	(void)state;
	EXPECT("", WRITE("one.crt", l));
	EXPECT("", WRITE("chain.crt", l, s));
	EXPECT("", WRITE("anchors.crt", r, s));
	EXPECT("pem-order: the first certificate of '@/order.crt' is the CA 'CN=Below' (serial "
	       "0B); the leaf is number 2",
		WRITE("order.crt", s, l));
	EXPECT("pem-order: the first certificate of '@/last.crt' is the CA 'CN=The CA' (serial "
	       "0A); the leaf is number 3",
		WRITE("last.crt", r, s, l));
	EXPECT("chain-order: certificate 2 of '@/gap.crt', 'CN=The CA' (serial 0A), did not issue "
	       "the one before it, 'CN=me' (serial 0C)",
		WRITE("gap.crt", l, r, s));
	EXPECT("chain-order: certificate 3 of '@/twice.crt', 'CN=Below' (serial 0B), did not issue "
	       "the one before it, 'CN=Below' (serial 0B)",
		WRITE("twice.crt", l, s, s));
	EXPECT("chain-with-root: '@/root.crt' ends with the root 'CN=The CA' (serial 0A)",
		WRITE("root.crt", l, s, r));
}

static void files_held_against_each_other(void **state)
{
	struct made *twin = MAKE(sub, "CN=twin", .extensions = CLIENT_EXTENSIONS, .serial = "0C");
	struct made *other = MAKE(ca, "CN=other", .extensions = CLIENT_EXTENSIONS, .serial = "0C");
	struct made *old = MAKE(sub, "CN=old", .extensions = CLIENT_EXTENSIONS, .serial = "0D",
		.not_after = NOW + 1000L * DAY + 1);
	struct made *even = MAKE(sub, "CN=even", .extensions = CLIENT_EXTENSIONS, .serial = "0E",
		.not_after = NOW + 1000L * DAY);
	const char *me = WRITE("me.crt", leaf->certificate);
	const char *below = WRITE("below.crt", sub->certificate);
	(void)state;
	EXPECT("", me, below);
	EXPECT("", me, me);
	EXPECT("", me, WRITE("other.crt", other->certificate));
	EXPECT("serial-duplicate: 'CN=twin' (serial 0C) and 'CN=me' (serial 0C) in '@/me.crt' are "
	       "two certificates of one CA",
		me, WRITE("twin.crt", twin->certificate));
	EXPECT("outlives-issuer: 'CN=old' (serial 0D) is valid until 2029-02-25T00:00:01Z, its "
	       "issuer 'CN=Below' (serial 0B) only until 2029-02-25T00:00:00Z",
		WRITE("old.crt", old->certificate), below);
	EXPECT("", WRITE("alone.crt", old->certificate));
	EXPECT("", WRITE("even.crt", even->certificate), below);
}

static void keys_and_their_certificates(void **state)
{
	const char *mine = WRITE("pair.crt", leaf->certificate);
	const char *key = certs_write_key("pair.key", leaf->key, NULL);
	(void)state;
	assert_int_equal(chmod(key, 0600), 0);
	EXPECT("", mine);
	EXPECT("", key);
	/* The group may read it: that is how servers get theirs. */
	assert_int_equal(chmod(key, 0640), 0);
	EXPECT("", mine);
	assert_int_equal(chmod(key, 0644), 0);
	EXPECT("key-file-readable: '@/pair.key' holds a private key without a passphrase and has "
	       "mode 0644",
		mine, key);
	/* Without rounds enough, whoever may read it. */
	key = certs_write_key("sealed.key", leaf->key, "open sesame");
	assert_int_equal(chmod(key, 0644), 0);
	EXPECT("key-few-rounds: the passphrase of '@/sealed.key' is stretched by 2048 rounds; "
	       "600000 are usual",
		key);
	EXPECT_OPEN("open sesame",
		"key-few-rounds: the passphrase of '@/sealed.key' is stretched by 2048 rounds; "
		"600000 are usual",
		key);
}

static void a_key_of_another(void **state)
{
	const struct lint_options options = { .now = NOW };
	OWN(lint) struct lint *lint = lint_new(&options);
	OWN(lint_report) struct lint_report report = { 0 };
	struct error error;
	const char *path = WRITE("mixed.crt", leaf->certificate);
	const char *key = certs_write_key("mixed.key", ca->key, NULL);
	(void)state;
	assert_int_equal(chmod(key, 0600), 0);
	assert_true(lint_file(lint, path, &report, &error));
	assert_int_equal(report.count, 1);
	assert_string_equal(code_name(report.findings[0].rule->code), "key-mismatch");
	assert_string_equal(report.findings[0].file, path);
	assert_non_null(strstr(report.findings[0].text, key));
	assert_non_null(strstr(report.findings[0].text, path));
}

static const char *write_request(const char *name, const char *const *lines, bool corrupt)
{
	const char *path = certs_path(name);
	X509_REQ *request = X509_REQ_new();
	STACK_OF(X509_EXTENSION) *asked = sk_X509_EXTENSION_new_null();
	X509V3_CTX context;
	X509V3_set_ctx(&context, NULL, NULL, request, NULL, 0);
	certs_name(X509_REQ_get_subject_name(request), "CN=asks");
	X509_REQ_set_pubkey(request, leaf->key);
	for (size_t i = 0; lines[i]; i++)
		sk_X509_EXTENSION_push(asked, certs_extension(&context, lines[i]));
	if (lines[0])
		X509_REQ_add_extensions(request, asked);
	sk_X509_EXTENSION_pop_free(asked, X509_EXTENSION_free);
	/* Signed with another's key the signature does not hold. */
	assert_true(X509_REQ_sign(request, corrupt ? ca->key : leaf->key, EVP_sha256()) > 0);
	FILE *file = fopen(path, "w");
	assert_true(PEM_write_X509_REQ(file, request));
	fclose(file);
	X509_REQ_free(request);
	return path;
}
#define DROPS "which `openssl x509 -req` drops without -copy_extensions"

static void requests(void **state)
{
	static const char *const none[] = { NULL };
	static const char *const one[] = { "keyUsage=digitalSignature", NULL };
	static const char *const two[] = { "basicConstraints=critical,CA:TRUE",
		"keyUsage=keyCertSign", NULL };
	static const char *const leafs[] = { "basicConstraints=critical,CA:FALSE", NULL };
	(void)state;
	EXPECT("", write_request("plain.csr", none, false));
	EXPECT("request-bad-signature: the signature of the request '@/bad.csr' does not hold",
		write_request("bad.csr", none, true));
	EXPECT("request-extensions: the request '@/one.csr' asks for 1 extension, " DROPS,
		write_request("one.csr", one, false));
	EXPECT("request-extensions: the request '@/leaf.csr' asks for 1 extension, " DROPS,
		write_request("leaf.csr", leafs, false));
	EXPECT("request-asks-ca: the request '@/two.csr' asks for CA:TRUE\n"
	       "request-extensions: the request '@/two.csr' asks for 2 extensions, " DROPS,
		write_request("two.csr", two, false));
}

static void crls(void **state)
{
	static const struct {
		const char *name, *wanted;
		struct crl_spec spec;
	} rows[] = {
		{ "good.crl", "", { 0 } },
		{ "late.crl",
			"crl-expired: the CRL '@/late.crl' expired on 2026-05-31T23:59:59Z: who "
			"uses it refuses everybody",
			{ .next_update = NOW - 1 } },
		{ "soon.crl",
			"crl-expires-soon: the CRL '@/soon.crl' expires on 2026-06-01T23:59:59Z",
			{ .next_update = NOW + DAY - 1 } },
		{ "day.crl", "", { .next_update = NOW + DAY } },
		{ "early.crl",
			"crl-not-yet-valid: the CRL '@/early.crl' is not valid before "
			"2026-06-01T00:00:01Z",
			{ .last_update = NOW + 1 } },
		{ "now.crl", "", { .last_update = NOW } },
	};
	const char *issuer = WRITE("issuer.crt", ca->certificate);
	struct made *namesake =
		MAKE(NULL, "CN=The CA", .extensions = CA_EXTENSIONS, .key = "P-256#namesake");
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		EXPECT(rows[i].wanted, issuer, certs_write_crl(rows[i].name, ca, &rows[i].spec));
	const char *forged = certs_write_crl("forged.crl", namesake, &(struct crl_spec){ 0 });
	EXPECT("crl-bad-signature: the CRL '@/forged.crl' is not signed by the CA of its name",
		issuer, forged);
	/* Where that CA is not at hand nobody can say; and with both at hand it is one's own. */
	EXPECT("", forged);
	EXPECT("", forged, WRITE("sub.crt", sub->certificate));
	EXPECT("", issuer, forged, WRITE("namesake.crt", namesake->certificate));
}

static void crls_without_their_extensions(void **state)
{
	const struct lint_options options = { .now = NOW };
	static const struct {
		const char *name, *code;
		struct crl_spec spec;
	} rows[] = {
		{ "number.crl", "crl-no-number", { .without_number = true } },
		{ "aki.crl", "crl-no-aki", { .without_key_id = true } },
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		OWN(lint) struct lint *lint = lint_new(&options);
		OWN(lint_report) struct lint_report report = { 0 };
		struct error error;
		const char *path = certs_write_crl(rows[i].name, ca, &rows[i].spec);
		assert_true(lint_file(lint, path, &report, &error));
		assert_int_equal(report.count, 1);
		assert_int_equal(report.counts[LINT_NOTE], 1);
		assert_string_equal(code_name(report.findings[0].rule->code), rows[i].code);
	}
}

#define NAME_AND "[req]\ndistinguished_name = dn\nprompt = no\n[dn]\nCN = x\n"
static void configurations(void **state)
{
	static const struct {
		const char *code;
		size_t line;
		const char *text;
	} rows[] = {
		{ NULL, 0, NAME_AND },
		{ NULL, 0, NAME_AND "[other]\na = 1\nb = 2\n" },
		{ "cnf-duplicate-section", 6, NAME_AND "[req]\ndefault_md = sha256\n" },
		{ "cnf-duplicate-key", 6, NAME_AND "CN = y\n" },
		{ "cnf-prompt", 0, "[req]\nprompt = yes\ndistinguished_name = dn\n[dn]\nCN = x\n" },
		{ "cnf-encoding", 5,
			"[req]\ndistinguished_name = dn\nprompt = no\n[dn]\nCN = J\xc3\xbcrgen\n" },
		{ NULL, 0,
			"[req]\nutf8 = yes\ndistinguished_name = dn\nprompt = no\n[dn]\nCN = "
			"J\xc3\xbcrgen\n" },
		{ "cnf-encoding", 7,
			NAME_AND
			"[v3_client]\nsubjectAltName = "
			"email:j\xc3\xbcrgen@example.com\nextendedKeyUsage = clientAuth\n" },
	};
	const struct lint_options options = { .now = NOW };
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		OWN(lint) struct lint *lint = lint_new(&options);
		OWN(lint_report) struct lint_report report = { 0 };
		struct error error;
		OWN(char) char *name = text_format("row-%zu.cnf", i);
		const char *path = certs_write_bytes(name, rows[i].text, strlen(rows[i].text));
		if (!lint_file(lint, path, &report, &error))
			fail_msg("row %zu: %s", i, error.text);
		if (report.count != (rows[i].code != NULL))
			fail_msg("row %zu: %zu findings, %s", i, report.count,
				report.count ? report.findings[0].text : "");
		if (!rows[i].code)
			continue;
		assert_string_equal(code_name(report.findings[0].rule->code), rows[i].code);
		if (report.findings[0].line != rows[i].line)
			fail_msg("row %zu: line %zu", i, report.findings[0].line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_order_of_a_chain),
		cmocka_unit_test(files_held_against_each_other),
		cmocka_unit_test(keys_and_their_certificates),
		cmocka_unit_test(a_key_of_another),
		cmocka_unit_test(requests),
		cmocka_unit_test(crls),
		cmocka_unit_test(crls_without_their_extensions),
		cmocka_unit_test(configurations),
	};
	return cmocka_run_group_tests(tests, make_world, certs_end);
}
