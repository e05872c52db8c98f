/* What speaks against a client's certificate from its own files alone, and how sure that is. */
#include "unit.h"

#include "certs.h"

#include "pki/suspect.h"

static struct made *ca, *other_ca, *sub_ca;
static const char *ca_path;

static int make_cas(void **state)
{
	(void)state;
	ca = MAKE(NULL, "/CN=The CA", .extensions = CA_EXTENSIONS, .key = "P-256#ca");
	other_ca = MAKE(NULL, "/CN=Another CA", .extensions = CA_EXTENSIONS, .key = "P-256#other");
	sub_ca = MAKE(ca, "/CN=Below", .extensions = SUB_EXTENSIONS, .key = "P-256#sub");
	ca_path = WRITE("ca.cer", ca->certificate);
	return 0;
}

/* Asks about the file; `named` is the one CA that the server asks for, or NULL. */
static struct suspects ask_about(const char *path, const char *named, const char *crl)
{
	struct suspects found;
	struct error error;
	OWN(json_t) json_t *authorities = named ? json_pack("[s]", named) : json_array();
	const struct suspects_question question = { .cert = path,
		.ca = &ca_path,
		.ca_count = 1,
		.crl = &crl,
		.crl_count = crl != NULL,
		.authorities = authorities,
		.now = NOW };
	if (!suspects_find(&question, &found, &error))
		fail_msg("%s", error.text);
	return found;
}

static const struct suspect *find(const struct suspects *all, const char *code)
{
	for (size_t i = 0; i < all->count; i++)
		if (!strcmp(code_name(all->list[i].code), code))
			return &all->list[i];
	return NULL;
}

static void expect(const struct suspects *all, const char *code, bool proven, bool soft)
{
	const struct suspect *one = find(all, code);
	if (!one)
		fail_msg("%s is not suspected, but %zu others", code, all->count);
	if (one->proven != proven || one->soft != soft)
		fail_msg("%s: proven %d, soft %d", code, one->proven, one->soft);
	assert_true(*one->evidence);
	assert_null(strchr(one->evidence, '\n'));
}

static void a_good_one_is_not_suspected(void **state)
{
	(void)state;
	struct made *good = MAKE(ca, "/CN=good", .extensions = CLIENT_EXTENSIONS);
	struct suspects all = ask_about(WRITE("good.pem", good->certificate), "CN=The CA", NULL);
	assert_int_equal(all.count, 0);
	assert_true(all.names_given);
	assert_true(all.names_ours);
	assert_true(all.verified);
	assert_int_equal(all.chain_count, 0);
	assert_string_equal(all.subject, "CN=good");
	assert_string_equal(all.issuer, "CN=The CA");
	all = ask_about(WRITE("good2.pem", good->certificate), NULL, NULL);
	assert_int_equal(all.count, 0);
	assert_false(all.names_given);
}

static void its_own_faults_are_proven(void **state)
{
	static const struct {
		const char *code;
		bool soft;
		struct spec spec;
	} rows[] = {
		{ "client-expired", false,
			{ .subject = "/CN=x",
				.extensions = CLIENT_EXTENSIONS,
				.not_before = 1000,
				.not_after = 2000 } },
		{ "client-not-yet-valid", false,
			{ .subject = "/CN=x",
				.extensions = CLIENT_EXTENSIONS,
				.not_before = 4000000000,
				.not_after = 4100000000 } },
		{ "client-wrong-eku", false,
			{ .subject = "/CN=x", .extensions = SERVER_EXTENSIONS } },
		{ "client-no-eku", true,
			{ .subject = "/CN=x", .extensions = { "keyUsage=digitalSignature" } } },
		{ "client-is-ca", true, { .subject = "/CN=x", .extensions = SUB_EXTENSIONS } },
		{ "client-v1", true, { .subject = "/CN=x", .v1 = true } },
		{ "client-wrong-key-usage", true,
			{ .subject = "/CN=x",
				.extensions = { "keyUsage=keyAgreement",
					"extendedKeyUsage=clientAuth" } } },
		{ "client-wrong-key-usage", false,
			{ .subject = "/CN=x",
				.extensions = { "keyUsage=keyEncipherment",
					"extendedKeyUsage=clientAuth" } } },
		{ "client-weak-digest", false,
			{ .subject = "/CN=x", .extensions = CLIENT_EXTENSIONS, .digest = "SHA1" } },
		{ "client-weak-key", false,
			{ .subject = "/CN=x",
				.extensions = CLIENT_EXTENSIONS,
				.key = "rsa:1024" } },
		{ "client-bad-signature", false,
			{ .subject = "/CN=x", .extensions = CLIENT_EXTENSIONS, .corrupt = true } },
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		OWN(char) char *name = text_format("own-%zu.pem", i);
		struct made *one = certs_make(ca, &rows[i].spec);
		const char *path = WRITE(name, one->certificate);
		struct suspects all = ask_about(path, "CN=The CA", NULL);
		expect(&all, rows[i].code, true, rows[i].soft);
	}
}

static void a_stranger_is_proven_only_where_cas_are_named(void **state)
{
	(void)state;
	struct made *one = MAKE(other_ca, "/CN=x", .extensions = CLIENT_EXTENSIONS);
	const char *path = WRITE("stranger.pem", one->certificate);
	struct suspects all = ask_about(path, "CN=The CA", NULL);
	/* Its issuer is not at hand: it may be a stranger, or an intermediate. */
	expect(&all, "client-unknown-ca", false, false);
	expect(&all, "client-chain-incomplete", false, false);
	WRITE("stranger-ca.crt", other_ca->certificate);
	all = ask_about(path, "CN=The CA", NULL);
	expect(&all, "client-unknown-ca", true, false);
	assert_null(find(&all, "client-chain-incomplete"));
	assert_false(all.names_ours);
	all = ask_about(path, NULL, NULL);
	expect(&all, "client-unknown-ca", false, false);
	/* A server that asks for its CA trusts it: nothing is wrong. */
	all = ask_about(path, "CN=Another CA", NULL);
	assert_null(find(&all, "client-unknown-ca"));
	assert_true(all.names_ours);
}

static void a_gap_is_proven_when_its_filler_is_at_hand(void **state)
{
	(void)state;
	struct made *one = MAKE(sub_ca, "/CN=x", .extensions = CLIENT_EXTENSIONS);
	const char *path = WRITE("gap.pem", one->certificate);
	struct suspects all = ask_about(path, "CN=The CA", NULL);
	expect(&all, "client-chain-incomplete", false, false);
	const char *filler = WRITE("filler.crt", sub_ca->certificate);
	all = ask_about(path, "CN=The CA", NULL);
	expect(&all, "client-chain-incomplete", true, false);
	OWN(char) char *fix =
		text_format("cat %s %s >chain.pem, then --cert chain.pem", path, filler);
	assert_string_equal(find(&all, "client-chain-incomplete")->fix, fix);
	/* And whoever sends it is not suspected. */
	all = ask_about(
		WRITE("full.pem", one->certificate, sub_ca->certificate), "CN=The CA", NULL);
	assert_int_equal(all.count, 0);
	assert_int_equal(all.chain_count, 1);
}

static void a_rekeyed_ca_is_proven_by_our_copy(void **state)
{
	(void)state;
	struct made *twin =
		MAKE(NULL, "/CN=The CA", .extensions = CA_EXTENSIONS, .key = "P-256#twin");
	struct made *one = MAKE(twin, "/CN=x", .extensions = CLIENT_EXTENSIONS);
	const char *path = WRITE("rekeyed.pem", one->certificate);
	struct suspects all = ask_about(path, "CN=The CA", NULL);
	expect(&all, "client-ca-rekeyed", true, false);
	all = ask_about(path, NULL, NULL);
	expect(&all, "client-ca-rekeyed", false, false);
}

static void a_crl_proves_a_revocation_and_an_old_one_nothing(void **state)
{
	(void)state;
	struct made *one = MAKE(ca, "/CN=x", .extensions = CLIENT_EXTENSIONS);
	const char *path = WRITE("revoked.pem", one->certificate);
	const char *crl = certs_write_crl(
		"listed.crl", ca, &(struct crl_spec){ .revoked = one->certificate });
	const char *clean = certs_write_crl("clean.crl", ca, &(struct crl_spec){ 0 });
	const char *old = certs_write_crl(
		"old.crl", ca, &(struct crl_spec){ .last_update = 1000, .next_update = 2000 });
	struct suspects all = ask_about(path, "CN=The CA", crl);
	expect(&all, "client-revoked", true, false);
	all = ask_about(path, "CN=The CA", clean);
	assert_int_equal(all.count, 0);
	all = ask_about(path, "CN=The CA", old);
	expect(&all, "crl-expired", false, false);
}

static void files_that_cannot_be_read_are_errors(void **state)
{
	struct suspects found;
	struct error error;
	const struct suspects_question question = { .cert = "/none.crt", .now = NOW };
	(void)state;
	assert_false(suspects_find(&question, &found, &error));
	assert_int_equal(error.kind, ERROR_INPUT);
	assert_non_null(strstr(error.text, "/none.crt"));
}

static void a_servers_words_lead_to_codes(void **state)
{
	(void)state;
	assert_int_equal(suspect_error_in("... certificate has expired ..."), 10);
	assert_int_equal(suspect_error_in("x CERT_REVOKED y"), 23);
	assert_int_equal(suspect_error_in("all is well"), 0);
	assert_string_equal(code_name(suspect_code(10)), "client-expired");
	assert_string_equal(code_name(suspect_code(3)), "crl-missing");
	assert_int_equal(suspect_code(0), CODE_NONE);
	assert_int_equal(suspect_code(9999), CODE_NONE);
	assert_string_equal(suspect_error_text(23), "certificate revoked");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_one_is_not_suspected),
		cmocka_unit_test(its_own_faults_are_proven),
		cmocka_unit_test(a_stranger_is_proven_only_where_cas_are_named),
		cmocka_unit_test(a_gap_is_proven_when_its_filler_is_at_hand),
		cmocka_unit_test(a_rekeyed_ca_is_proven_by_our_copy),
		cmocka_unit_test(a_crl_proves_a_revocation_and_an_old_one_nothing),
		cmocka_unit_test(files_that_cannot_be_read_are_errors),
		cmocka_unit_test(a_servers_words_lead_to_codes),
	};
	return cmocka_run_group_tests(tests, make_cas, certs_end);
}
