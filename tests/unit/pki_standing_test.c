/* Whether a chain that was good still is: by the clock, by other anchors, by other CRLs. */
#include "certs.h"

static struct made *root, *sub, *other, *leaf;

static int set_up(void **state)
{
	(void)state;
	root = MAKE(NULL, .subject = "CN=Root", .key = "P-256#root", .extensions = CA_EXTENSIONS,
		.not_after = NOW + 900 * DAY);
	other = MAKE(
		NULL, .subject = "CN=Other", .key = "P-256#other", .extensions = CA_EXTENSIONS);
	sub = MAKE(root, .subject = "CN=Sub", .key = "P-256#sub", .extensions = CA_EXTENSIONS,
		.not_after = NOW + 300 * DAY);
	leaf = MAKE(sub, .subject = "CN=leaf", .not_after = NOW + 10 * DAY);
	return 0;
}

static struct standing *of(struct made *const *chain)
{
	STACK_OF(X509) *stack = sk_X509_new_null();
	for (; *chain; chain++)
		sk_X509_push(stack, (*chain)->certificate);
	struct standing *standing = standing_new(stack, NOW);
	sk_X509_free(stack);
	return standing;
}
#define OF(...) of((struct made *const[]){ __VA_ARGS__, NULL })

static struct trust *trusting(const char *ca, const char *const *crls)
{
	struct trust *trust = NULL;
	struct error error;
	size_t count = 0;
	while (crls && crls[count])
		count++;
	if (!trust_load(&ca, 1, crls, count, &trust, &error))
		fail_msg("%s", error.text);
	return trust;
}
#define CRLS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* The answer, with *until -1 when it is no. */
static enum code ask(const struct standing *standing, const char *ca, const char *const *crls,
	time_t at, time_t *until)
{
	OWN(trust) struct trust *trust = trusting(ca, crls);
	*until = -1;
	return standing_check(standing, trust, at, until);
}

static void the_clock_ends_it(void **state)
{
	(void)state;
	const char *ca = WRITE("root.crt", root->certificate);
	time_t until;
	OWN(standing) struct standing *standing = OF(leaf, sub, root);
	assert_int_equal(standing_verified_at(standing), NOW);
	assert_int_equal(standing_not_after(standing), NOW + 10 * DAY);
	assert_int_equal(ask(standing, ca, NULL, NOW, &until), CODE_NONE);
	assert_int_equal(until, NOW + 10 * DAY);
	assert_int_equal(ask(standing, ca, NULL, NOW + 10 * DAY, &until), CODE_NONE);
	assert_int_equal(ask(standing, ca, NULL, NOW + 10 * DAY + 1, &until), CODE_CLIENT_EXPIRED);
	assert_int_equal(until, -1);
	/* An intermediate may be the first to go, and so may the anchor. */
	struct made *long_leaf = MAKE(sub, .subject = "CN=long", .not_after = NOW + 800 * DAY);
	OWN(standing) struct standing *by_sub = OF(long_leaf, sub, root);
	assert_int_equal(standing_not_after(by_sub), NOW + 300 * DAY);
	struct made *outlives = MAKE(root, .subject = "CN=out", .not_after = NOW + 1000 * DAY);
	OWN(standing) struct standing *by_root = OF(outlives, root);
	assert_int_equal(standing_not_after(by_root), NOW + 900 * DAY);
}

static void another_anchor_ends_it(void **state)
{
	(void)state;
	time_t until;
	struct made *rekeyed = MAKE(
		NULL, .subject = "CN=Root", .key = "P-256#rekeyed", .extensions = CA_EXTENSIONS);
	const char *theirs = WRITE("other.crt", other->certificate);
	const char *again = WRITE("rekeyed.crt", rekeyed->certificate);
	const char *both = WRITE("both.crt", other->certificate, root->certificate);
	OWN(standing) struct standing *standing = OF(leaf, sub, root);
	assert_int_equal(ask(standing, theirs, NULL, NOW, &until), CODE_CLIENT_UNKNOWN_CA);
	assert_int_equal(ask(standing, again, NULL, NOW, &until), CODE_CLIENT_UNKNOWN_CA);
	assert_int_equal(ask(standing, both, NULL, NOW, &until), CODE_NONE);
}

static void a_crl_ends_it(void **state)
{
	(void)state;
	time_t until;
	const char *ca = WRITE("root.crt", root->certificate);
	const char *of_root = certs_write_crl("root.crl", root, &(struct crl_spec){ 0 });
	const char *of_sub =
		certs_write_crl("sub.crl", sub, &(struct crl_spec){ .next_update = NOW + 3 * DAY });
	const char *with_leaf = certs_write_crl(
		"leaf.crl", sub, &(struct crl_spec){ .revoked = leaf->certificate });
	const char *with_sub = certs_write_crl(
		"revokes-sub.crl", root, &(struct crl_spec){ .revoked = sub->certificate });
	const char *stale = certs_write_crl("stale.crl", sub,
		&(struct crl_spec){ .last_update = NOW - 9 * DAY, .next_update = NOW - 1 });
	const char *early =
		certs_write_crl("early.crl", sub, &(struct crl_spec){ .last_update = NOW + 1 });
	OWN(standing) struct standing *standing = OF(leaf, sub, root);
	assert_int_equal(ask(standing, ca, CRLS(of_root, of_sub), NOW, &until), CODE_NONE);
	assert_int_equal(until, NOW + 3 * DAY);
	static const struct {
		const char *what;
		enum code code;
	} rows[] = { { "leaf", CODE_CLIENT_REVOKED }, { "sub", CODE_CLIENT_REVOKED },
		{ "none of sub", CODE_CRL_MISSING }, { "none of root", CODE_CRL_MISSING },
		{ "stale", CODE_CRL_EXPIRED }, { "early", CODE_CRL_NOT_YET_VALID },
		{ "stale and current", CODE_NONE }, { "current and stale", CODE_NONE } };
	const char *const *const crls[] = { CRLS(of_root, with_leaf), CRLS(with_sub, of_sub),
		CRLS(of_root), CRLS(of_sub), CRLS(of_root, stale), CRLS(of_root, early),
		CRLS(of_root, stale, of_sub), CRLS(of_root, of_sub, stale) };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum code code = ask(standing, ca, crls[i], NOW, &until);
		if (code != rows[i].code)
			fail_msg("%s: %s", rows[i].what, code_name(code));
		assert_true((until == -1) == (code != CODE_NONE));
	}
	/* Of two that are current the newer counts, whichever stands first. */
	const char *older = certs_write_crl("older.crl", sub,
		&(struct crl_spec){ .last_update = NOW - 2 * DAY, .revoked = leaf->certificate });
	assert_int_equal(ask(standing, ca, CRLS(of_root, older, of_sub), NOW, &until), CODE_NONE);
	assert_int_equal(ask(standing, ca, CRLS(of_root, of_sub, older), NOW, &until), CODE_NONE);
}

/* What verify_handshake lets in must stand, and what it refuses must not. */
static void it_agrees_with_the_verifier(void **state)
{
	(void)state;
	const char *ca = WRITE("root.crt", root->certificate);
	const char *of_root = certs_write_crl("root.crl", root, &(struct crl_spec){ 0 });
	const char *of_sub = certs_write_crl("sub.crl", sub, &(struct crl_spec){ 0 });
	const char *with_leaf = certs_write_crl(
		"leaf.crl", sub, &(struct crl_spec){ .revoked = leaf->certificate });
	const char *const *const crls[] = { NULL, CRLS(of_root, of_sub), CRLS(of_root),
		CRLS(of_root, with_leaf) };
	OWN(standing) struct standing *standing = OF(leaf, sub, root);
	STACK_OF(X509) *sent = sk_X509_new_null();
	sk_X509_push(sent, sub->certificate);
	for (size_t i = 0; i < 4; i++) {
		/* 7 days is a CRL's last second, 10 the leaf's. */
		static const time_t moments[] = { NOW, NOW + 7 * DAY, NOW + 7 * DAY + 1,
			NOW + 10 * DAY, NOW + 10 * DAY + 1 };
		OWN(trust) struct trust *trust = trusting(ca, crls[i]);
		for (size_t j = 0; j < 5; j++) {
			const struct verify_options options = { .profile = PROFILE_MTLS,
				.eku = EKU_STANDARD,
				.depth_max = -1,
				.at = moments[j] };
			struct verify_result result;
			time_t until;
			verify_leaf(trust, leaf->certificate, sent, &options, &result);
			enum code code = standing_check(standing, trust, moments[j], &until);
			if ((code == CODE_NONE) != result.ok)
				fail_msg("row %zu, moment %zu: %s, but the verifier says %s", i, j,
					code_name(code), result.ok ? "yes" : result.why);
		}
	}
	sk_X509_free(sent);
}

static void it_travels_as_bytes(void **state)
{
	(void)state;
	time_t until;
	size_t count;
	const char *ca = WRITE("root.crt", root->certificate);
	const char *of_root = certs_write_crl("root.crl", root, &(struct crl_spec){ 0 });
	const char *with_leaf = certs_write_crl(
		"leaf.crl", sub, &(struct crl_spec){ .revoked = leaf->certificate });
	OWN(standing) struct standing *standing = OF(leaf, sub, root);
	const char *bytes = standing_bytes(standing, &count);
	OWN(standing) struct standing *copy = standing_from_bytes(bytes, count);
	assert_non_null(copy);
	assert_int_equal(standing_not_after(copy), NOW + 10 * DAY);
	assert_int_equal(ask(copy, ca, CRLS(of_root, with_leaf), NOW, &until), CODE_CLIENT_REVOKED);
	assert_null(standing_from_bytes(bytes, count - 1));
	assert_null(standing_from_bytes(bytes, 0));
	/* A link that does not parse is no reason to let anybody in. */
	OWN(char) char *bad = malloc(count);
	memcpy(bad, bytes, count);
	bad[count - 1 - 8] ^= 0x55;
	memset(bad + count - 30, 0xff, 30);
	OWN(standing) struct standing *broken = standing_from_bytes(bad, count);
	assert_int_equal(
		ask(broken, ca, CRLS(of_root, with_leaf), NOW, &until), CODE_CERTIFICATE_INVALID);
}

static void it_has_owners(void **state)
{
	(void)state;
	struct standing *standing = OF(leaf, sub, root);
	assert_ptr_equal(standing_hold(standing), standing);
	standing_free(standing);
	assert_int_equal(standing_verified_at(standing), NOW);
	standing_free(standing);
	assert_null(standing_hold(NULL));
	standing_free(NULL);
	STACK_OF(X509) *empty = sk_X509_new_null();
	assert_null(standing_new(empty, NOW));
	sk_X509_free(empty);
	/* The anchor itself as a leaf has nothing below it that a CRL could list. */
	time_t until;
	const char *ca = WRITE("root.crt", root->certificate);
	const char *of_sub = certs_write_crl("sub.crl", sub, &(struct crl_spec){ 0 });
	OWN(standing) struct standing *alone = OF(root);
	assert_int_equal(ask(alone, ca, CRLS(of_sub), NOW, &until), CODE_NONE);
	assert_int_equal(until, NOW + 900 * DAY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clock_ends_it),
		cmocka_unit_test(another_anchor_ends_it),
		cmocka_unit_test(a_crl_ends_it),
		cmocka_unit_test(it_agrees_with_the_verifier),
		cmocka_unit_test(it_travels_as_bytes),
		cmocka_unit_test(it_has_owners),
	};
	return cmocka_run_group_tests(tests, set_up, certs_end);
}
