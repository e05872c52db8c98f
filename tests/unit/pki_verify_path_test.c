/* Ways to a trust anchor: found, not found, too long, out of date, revoked. */
#include "verify_rows.h"

static void good_chains_pass(void **state)
{
	(void)state;
	ROW("a client", 0, CODE_NONE, 0, .leaf = client(world.root), .purpose = PURPOSE_CLIENT);
	ROW("a client behind an intermediate", 0, CODE_NONE, 0, .leaf = client(world.sub),
		.sent = { world.sub }, .purpose = PURPOSE_CLIENT);
	ROW("a client of the second CA", 0, CODE_NONE, 0, .leaf = client(world.other_root),
		.ca = world.two_cas, .purpose = PURPOSE_CLIENT);
	ROW("a server by name", 0, CODE_NONE, 0, .leaf = server(world.root),
		.purpose = PURPOSE_SERVER, .name = "DNS:localhost");
	ROW("a server by address", 0, CODE_NONE, 0, .leaf = server(world.root),
		.purpose = PURPOSE_SERVER, .name = "IP:127.0.0.1");
	ROW("a client for any purpose", 0, CODE_NONE, 0, .leaf = client(world.root));
	ROW("a CA for any purpose", 0, CODE_NONE, 0, .leaf = world.sub);
	ROW("the anchor itself", 0, CODE_NONE, 0, .leaf = world.root);
	ROW("certificates that have nothing to do with it", 0, CODE_NONE, 0,
		.leaf = client(world.root), .sent = { world.short_sub, world.other_root },
		.purpose = PURPOSE_CLIENT);
	ROW("two intermediates at a depth of two", 0, CODE_NONE, 0,
		.leaf = client(world.sub_of_sub), .sent = { world.sub, world.sub_of_sub },
		.purpose = PURPOSE_CLIENT, .depth = 2);
}

static void finds_no_way_to_an_anchor(void **state)
{
	(void)state;
	struct made *stranger = MAKE(NULL, .subject = "CN=me", .extensions = CLIENT_EXTENSIONS);
	ROW("a client of a foreign CA", 20, CODE_CLIENT_UNKNOWN_CA, 20,
		.leaf = client(world.other_root), .purpose = PURPOSE_CLIENT);
	ROW("the same, its root sent along", 19, CODE_CLIENT_UNKNOWN_CA, 19,
		.leaf = client(world.other_root), .sent = { world.other_root },
		.purpose = PURPOSE_CLIENT);
	ROW("a server of a foreign CA", 20, CODE_SERVER_UNKNOWN_CA, 20,
		.leaf = server(world.other_root), .purpose = PURPOSE_SERVER);
	ROW("a self-signed client", 18, CODE_CLIENT_SELF_SIGNED, 18, .leaf = stranger,
		.purpose = PURPOSE_CLIENT);
	ROW("its intermediate was not sent", 20, CODE_CLIENT_CHAIN_INCOMPLETE, 20,
		.leaf = client(world.sub), .purpose = PURPOSE_CLIENT);
	ROW("the upper of two was not sent", 20, CODE_SERVER_CHAIN_INCOMPLETE, 20,
		.leaf = server(world.sub_of_sub), .sent = { world.sub_of_sub },
		.purpose = PURPOSE_SERVER);
	ROW("an anchor with pathlen 0 has no intermediates", 20, CODE_CLIENT_UNKNOWN_CA, 20,
		.leaf = client(world.short_sub), .ca = world.short_ca, .purpose = PURPOSE_CLIENT);
	ROW("the CA's name with another key", 20, CODE_CLIENT_CA_REKEYED, 20,
		.leaf = client(world.rekeyed_root), .purpose = PURPOSE_CLIENT);
	ROW("the same, the new root sent along", 19, CODE_SERVER_CA_REKEYED, 19,
		.leaf = server(world.rekeyed_root), .sent = { world.rekeyed_root },
		.purpose = PURPOSE_SERVER);
	ROW("a leaf among the anchors is no anchor", 20, CODE_CLIENT_UNKNOWN_CA, 20,
		.leaf = client(world.other_root), .ca = world.ca, .purpose = PURPOSE_CLIENT);
	ROW("an anchor that may not sign", 79, CODE_CLIENT_ISSUER_NOT_CA, 79,
		.leaf = client(world.no_sign), .ca = world.constrained_ca,
		.purpose = PURPOSE_CLIENT);
}

static void anchors_need_not_be_roots(void **state)
{
	(void)state;
	struct made *leaf = client(world.sub);
	struct made *old = MAKE(world.root, .subject = "CN=Old CA", .key = "P-256#sub",
		.not_before = NOW - 2 * DAY, .not_after = NOW - DAY, .extensions = SUB_EXTENSIONS);
	struct made *of_old = client(old);
	const char *old_ca = WRITE("old.crt", old->certificate);
	const char *leaf_ca = WRITE("leaf.crt", leaf->certificate);
	ROW("an anchor that is no root", 2, CODE_NONE, 0, .leaf = leaf, .ca = world.sub_ca,
		.purpose = PURPOSE_CLIENT);
	ROW("with its CRL, and none of the root", 2, CODE_NONE, 0, .leaf = leaf, .ca = world.sub_ca,
		.crl = { world.sub_crl }, .purpose = PURPOSE_CLIENT);
	ROW("with the root's CRL alone", 2, CODE_CRL_MISSING, 3, .leaf = leaf, .ca = world.sub_ca,
		.crl = { world.crl }, .purpose = PURPOSE_CLIENT);
	ROW("one that has expired", 2, CODE_CLIENT_EXPIRED, 10, .leaf = of_old, .ca = old_ca,
		.purpose = PURPOSE_CLIENT);
	ROW("the leaf itself is no anchor", 20, CODE_CLIENT_UNKNOWN_CA, 20, .leaf = leaf,
		.ca = leaf_ca, .purpose = PURPOSE_CLIENT);
}

/* One CA with two certificates; only the one that is tried last leads to our anchor. */
static void other_paths_are_tried(void **state)
{
	(void)state;
	struct made *astray = sub_ca(world.other_root, "CN=Test Lab Intermediate CA", "P-256#sub");
	struct made *leaf = client(world.sub);
	ROW("the way to a stranger stands first", 20, CODE_NONE, 0, .leaf = leaf,
		.sent = { astray, world.sub }, .purpose = PURPOSE_CLIENT);
	ROW("and alone", 20, CODE_CLIENT_UNKNOWN_CA, 20, .leaf = leaf, .sent = { astray },
		.purpose = PURPOSE_CLIENT);
	ROW("twice over", 20, CODE_CLIENT_UNKNOWN_CA, 20, .leaf = leaf, .sent = { astray, astray },
		.purpose = PURPOSE_CLIENT);
	/* Four more are tried, and no fifth: each costs us signatures. */
	struct made *more[4];
	for (size_t i = 0; i < 4; i++)
		more[i] = sub_ca(world.other_root, "CN=Test Lab Intermediate CA", "P-256#sub");
	ROW("behind four ways to strangers", 20, CODE_NONE, 0, .leaf = leaf,
		.sent = { astray, more[0], more[1], more[2], world.sub },
		.purpose = PURPOSE_CLIENT);
	ROW("behind five", 20, CODE_CLIENT_UNKNOWN_CA, 20, .leaf = leaf,
		.sent = { astray, more[0], more[1], more[2], more[3], world.sub },
		.purpose = PURPOSE_CLIENT);
}

static void says_incomplete_when_the_leaf_names_its_issuers_issuer(void **state)
{
	(void)state;
	struct made *sub = sub_ca(world.root, "CN=Some Other House", "P-256#sub");
	struct made *leaf = MAKE(sub, .subject = "CN=a client",
		.extensions = { "authorityKeyIdentifier=keyid,issuer:always",
			"extendedKeyUsage=clientAuth" });
	ROW("authorityCertIssuer is our anchor", 20, CODE_CLIENT_CHAIN_INCOMPLETE, 20, .leaf = leaf,
		.purpose = PURPOSE_CLIENT);
	ROW("without it the name tells", 20, CODE_CLIENT_UNKNOWN_CA, 20, .leaf = client(sub),
		.purpose = PURPOSE_CLIENT);
}

static void refuses_bad_paths(void **state)
{
	(void)state;
	ROW("path length exceeded", 25, CODE_CLIENT_PATH_LENGTH, 25,
		.leaf = client(world.short_sub), .sent = { world.short_sub }, .ca = world.short_ca,
		.purpose = PURPOSE_CLIENT);
	ROW("the issuer is no CA", 79, CODE_CLIENT_ISSUER_NOT_CA, 79, .leaf = client(world.not_ca),
		.sent = { world.not_ca }, .purpose = PURPOSE_CLIENT);
	ROW("the issuer is no CA, of a server", 79, CODE_SERVER_ISSUER_NOT_CA, 79,
		.leaf = server(world.not_ca), .sent = { world.not_ca }, .purpose = PURPOSE_SERVER);
	ROW("one intermediate at a depth of none", 22, CODE_CLIENT_CHAIN_TOO_LONG, 22,
		.leaf = client(world.sub), .sent = { world.sub }, .purpose = PURPOSE_CLIENT,
		.depth = -2);
	ROW("two intermediates at a depth of one", 22, CODE_SERVER_CHAIN_TOO_LONG, 22,
		.leaf = server(world.sub_of_sub), .sent = { world.sub, world.sub_of_sub },
		.purpose = PURPOSE_SERVER, .depth = 1);
	ROW("an intermediate for servers only", 26, CODE_CLIENT_INTERMEDIATE_EKU, 26,
		.leaf = client(world.sub_no_clients), .sent = { world.sub_no_clients },
		.purpose = PURPOSE_CLIENT);
	ROW("a name outside the constraint", 47, CODE_SERVER_NAME_CONSTRAINT, 47,
		.leaf = server(world.constrained), .ca = world.constrained_ca,
		.purpose = PURPOSE_SERVER);
	ROW("a corrupt signature", 7, CODE_CLIENT_BAD_SIGNATURE, 7,
		.leaf = MAKE(world.root, .subject = "CN=a client", .corrupt = true,
			.extensions = CLIENT_EXTENSIONS),
		.purpose = PURPOSE_CLIENT);
	ROW("an unknown critical extension", 34, CODE_CLIENT_CRITICAL_EXTENSION, 34,
		.leaf = MAKE(world.root, .subject = "CN=a client",
			.extensions = { "authorityKeyIdentifier=keyid",
				"extendedKeyUsage=clientAuth", "1.2.3.4.5=critical,DER:0500" }),
		.purpose = PURPOSE_CLIENT);
}

static void validity_is_inclusive(void **state)
{
	(void)state;
	time_t end = NOW + 365 * DAY, start = NOW - DAY;
	struct made *leaf = client(world.root);
	struct question q = { .leaf = leaf, .purpose = PURPOSE_CLIENT };
	struct made *brief = MAKE(world.root, .subject = "CN=brief", .not_after = NOW + 10,
		.extensions = CLIENT_EXTENSIONS);
	ROW("a second before notBefore", 9, CODE_CLIENT_NOT_YET_VALID, 9, .leaf = leaf,
		.purpose = PURPOSE_CLIENT, .at = start - 1);
	ROW("notBefore", 0, CODE_NONE, 0, .leaf = leaf, .purpose = PURPOSE_CLIENT, .at = start);
	ROW("a second before notAfter", 0, CODE_NONE, 0, .leaf = brief, .purpose = PURPOSE_CLIENT,
		.at = NOW + 9);
	ROW("notAfter itself", 10, CODE_NONE, 0, .leaf = brief, .purpose = PURPOSE_CLIENT,
		.at = NOW + 10);
	ROW("a second after", 10, CODE_CLIENT_EXPIRED, 10, .leaf = brief, .purpose = PURPOSE_CLIENT,
		.at = NOW + 11);
	q.at = end;
	expect("leaf and anchor at once", &q, PROFILE_MTLS, CODE_NONE, 0);
	q.at = end + 1;
	expect("and a second later", &q, PROFILE_MTLS, CODE_CLIENT_EXPIRED, 10);
	struct verify_result result = ask(&q, PROFILE_MTLS);
	assert_non_null(strstr(result.why, "notAfter is 2027-06-01T00:00:00Z"));
}

static void crls_fail_closed(void **state)
{
	(void)state;
	struct made *leaf = client(world.root);
	const char *revoked = certs_write_crl(
		"revoked.crl", world.root, &(struct crl_spec){ .revoked = leaf->certificate });
	const char *sub_revoked = certs_write_crl("sub-revoked.crl", world.root,
		&(struct crl_spec){ .revoked = world.sub->certificate });
	const char *forged =
		certs_write_crl("forged.crl", world.rekeyed_root, &(struct crl_spec){ 0 });
	const char *other_key = certs_write_crl(
		"otherkey.crl", world.rekeyed_root, &(struct crl_spec){ .without_key_id = true });
	const char *critical = certs_write_crl("critical.crl", world.root,
		&(struct crl_spec){ .extension = "1.2.3.4=critical,DER:0500" });
	ROW("a fresh CRL", 0, CODE_NONE, 0, .leaf = leaf, .crl = { world.crl },
		.purpose = PURPOSE_CLIENT);
	ROW("revoked", 23, CODE_CLIENT_REVOKED, 23, .leaf = leaf, .crl = { revoked },
		.purpose = PURPOSE_CLIENT);
	ROW("another CA's CRL", 3, CODE_CRL_MISSING, 3, .leaf = leaf, .crl = { world.crl_of_other },
		.purpose = PURPOSE_CLIENT);
	ROW("of a server", 3, CODE_SERVER_CRL_MISSING, 3, .leaf = server(world.root),
		.crl = { world.crl_of_other }, .purpose = PURPOSE_SERVER);
	ROW("an expired CRL", 12, CODE_CRL_EXPIRED, 12, .leaf = leaf, .crl = { world.crl_stale },
		.purpose = PURPOSE_CLIENT);
	ROW("a CRL of tomorrow", 11, CODE_CRL_NOT_YET_VALID, 11, .leaf = leaf,
		.crl = { world.crl_early }, .purpose = PURPOSE_CLIENT);
	ROW("a CRL that says it is by another key", 3, CODE_CRL_MISSING, 3, .leaf = leaf,
		.crl = { forged }, .purpose = PURPOSE_CLIENT);
	ROW("a CRL by another key", 8, CODE_CRL_BAD_SIGNATURE, 8, .leaf = leaf,
		.crl = { other_key }, .purpose = PURPOSE_CLIENT);
	ROW("a CRL with an unknown critical extension", 36, CODE_CRL_UNUSABLE, 36, .leaf = leaf,
		.crl = { critical }, .purpose = PURPOSE_CLIENT);
	ROW("the intermediate's CRL is missing", 3, CODE_CRL_MISSING, 3, .leaf = client(world.sub),
		.sent = { world.sub }, .crl = { world.crl }, .purpose = PURPOSE_CLIENT);
	ROW("both CRLs", 0, CODE_NONE, 0, .leaf = client(world.sub), .sent = { world.sub },
		.crl = { world.crl, world.sub_crl }, .purpose = PURPOSE_CLIENT);
	ROW("the intermediate is revoked", 23, CODE_CLIENT_REVOKED, 23, .leaf = client(world.sub),
		.sent = { world.sub }, .crl = { sub_revoked, world.sub_crl },
		.purpose = PURPOSE_CLIENT);
	ROW("nextUpdate itself", 12, CODE_NONE, 0, .leaf = leaf, .crl = { world.crl },
		.purpose = PURPOSE_CLIENT, .at = NOW + 7 * DAY);
	ROW("a second after", 12, CODE_CRL_EXPIRED, 12, .leaf = leaf, .crl = { world.crl },
		.purpose = PURPOSE_CLIENT, .at = NOW + 7 * DAY + 1);
}

/* A grace is for a list that is late, and for nothing else; the profiles agree on that. */
static void an_expired_crl_may_count_on(void **state)
{
	(void)state;
	struct made *leaf = client(world.root);
	struct made *gone = MAKE(world.root, .subject = "CN=gone", .extensions = CLIENT_EXTENSIONS,
		.not_after = NOW + 7 * DAY);
	const char *revoked = certs_write_crl(
		"late.crl", world.root, &(struct crl_spec){ .revoked = leaf->certificate });
	const time_t end = NOW + 7 * DAY;
	const struct {
		const char *what;
		struct question q;
		enum code code;
		int x509_error;
	} rows[] = {
		{ "none", { .leaf = leaf, .crl = { world.crl }, .at = end + 1 }, CODE_CRL_EXPIRED,
			12 },
		{ "its first second",
			{ .leaf = leaf, .crl = { world.crl }, .at = end + 1, .crl_grace_s = 60 },
			CODE_NONE, 0 },
		{ "its last second",
			{ .leaf = leaf, .crl = { world.crl }, .at = end + 60, .crl_grace_s = 60 },
			CODE_NONE, 0 },
		{ "a second later",
			{ .leaf = leaf, .crl = { world.crl }, .at = end + 61, .crl_grace_s = 60 },
			CODE_CRL_EXPIRED, 12 },
		{ "revoked on a late list",
			{ .leaf = leaf, .crl = { revoked }, .at = end + 1, .crl_grace_s = 60 },
			CODE_CLIENT_REVOKED, 23 },
		{ "no list at all",
			{ .leaf = leaf, .crl = { world.crl_of_other }, .crl_grace_s = 60 },
			CODE_CRL_MISSING, 3 },
		{ "a list of tomorrow",
			{ .leaf = leaf, .crl = { world.crl_early }, .crl_grace_s = DAY },
			CODE_CRL_NOT_YET_VALID, 11 },
		{ "a certificate gets none",
			{ .leaf = gone, .crl = { world.crl }, .at = end + 1, .crl_grace_s = 60 },
			CODE_CLIENT_EXPIRED, 10 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct question q = rows[i].q;
		q.purpose = PURPOSE_CLIENT;
		expect(rows[i].what, &q, PROFILE_MTLS, rows[i].code, rows[i].x509_error);
		expect(rows[i].what, &q, PROFILE_OPENSSL, rows[i].code, rows[i].x509_error);
		expect(rows[i].what, &q, PROFILE_STRICT, rows[i].code, rows[i].x509_error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_chains_pass),
		cmocka_unit_test(finds_no_way_to_an_anchor),
		cmocka_unit_test(anchors_need_not_be_roots),
		cmocka_unit_test(other_paths_are_tried),
		cmocka_unit_test(says_incomplete_when_the_leaf_names_its_issuers_issuer),
		cmocka_unit_test(refuses_bad_paths),
		cmocka_unit_test(validity_is_inclusive),
		cmocka_unit_test(crls_fail_closed),
		cmocka_unit_test(an_expired_crl_may_count_on),
	};
	return cmocka_run_group_tests(tests, make_world, certs_end);
}
