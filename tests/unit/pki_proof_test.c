/* A verified chain that is remembered says what the verifier says, and nothing when it would not.
 */
#include "certs.h"

#include "pki/proof.h"
#include "pki/trust.h"

static struct made *root, *other_root, *sub, *leaf, *second, *short_lived;
static struct verify_options rules; /* tests move its clock */

static int make_world(void **state)
{
	(void)state;
	root = MAKE(NULL, .subject = "CN=Root", .key = "P-256#1", .extensions = CA_EXTENSIONS);
	other_root =
		MAKE(NULL, .subject = "CN=Other", .key = "P-256#2", .extensions = CA_EXTENSIONS);
	sub = MAKE(root, .subject = "CN=Sub", .key = "P-256#3", .extensions = SUB_EXTENSIONS);
	leaf = MAKE(sub, .subject = "CN=one", .extensions = CLIENT_EXTENSIONS);
	second = MAKE(sub, .subject = "CN=two", .extensions = CLIENT_EXTENSIONS);
	short_lived = MAKE(sub, .subject = "CN=short", .extensions = CLIENT_EXTENSIONS,
		.not_after = NOW + 100);
	return 0;
}

static struct trust *trust_of(
	struct made *anchor, const struct crl_spec *root_crl, const struct crl_spec *sub_crl)
{
	struct trust *trust = trust_in(anchor->certificate);
	STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();
	if (root_crl)
		sk_X509_CRL_push(crls, certs_crl(root, root_crl));
	if (sub_crl)
		sk_X509_CRL_push(crls, certs_crl(sub, sub_crl));
	trust_add_crls(trust, crls);
	sk_X509_CRL_pop_free(crls, X509_CRL_free);
	return trust;
}

static struct proof_register *proofs_of(const struct trust *trust, size_t count_max)
{
	rules = (struct verify_options){
		.profile = PROFILE_MTLS, .purpose = PURPOSE_CLIENT, .at = NOW, .depth_max = -1
	};
	return proof_register_new(trust, &rules, count_max);
}

static STACK_OF(X509) * sent_of(struct made *first, struct made *next)
{
	STACK_OF(X509) *sent = sk_X509_new_null();
	sk_X509_push(sent, first->certificate);
	if (next)
		sk_X509_push(sent, next->certificate);
	return sent;
}

/* One verification as in a handshake; what it left behind. */
struct seen {
	bool ok;
	int error, depth, chain_count;
	X509 *chain[4]; /* borrowed: they live as long as the world, or the proof */
	struct verify_result result;
	struct proof *proof;
};

static struct seen see(
	struct proof_register *proofs, const struct trust *trust, STACK_OF(X509) * sent)
{
	struct seen seen = { 0 };
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	assert_true(X509_STORE_CTX_init(context, trust_store(trust), sk_X509_value(sent, 0), sent));
	seen.ok = proof_handshake(proofs, context, &seen.result, &seen.proof) == 1;
	seen.error = X509_STORE_CTX_get_error(context);
	seen.depth = X509_STORE_CTX_get_error_depth(context);
	const STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(context);
	seen.chain_count = sk_X509_num(chain);
	for (int i = 0; i < seen.chain_count && i < 4; i++)
		seen.chain[i] = sk_X509_value(chain, i);
	X509_STORE_CTX_free(context);
	assert_int_equal(seen.ok, seen.proof != NULL);
	return seen;
}

static void expect_counts(
	const struct proof_register *proofs, unsigned verified, unsigned remembered)
{
	struct proof_counts counts = proof_register_counts(proofs);
	assert_int_equal(counts.verified, verified);
	assert_int_equal(counts.remembered, remembered);
}

static void a_hit_leaves_what_a_miss_leaves(void **state)
{
	(void)state;
	OWN(trust) struct trust *trust = trust_of(root, NULL, NULL);
	OWN(proof_register) struct proof_register *proofs = proofs_of(trust, 8);
	STACK_OF(X509) *sent = sent_of(leaf, sub);
	struct seen miss = see(proofs, trust, sent);
	expect_counts(proofs, 1, 0);
	/* The same bytes in other objects, as each handshake parses its own. */
	STACK_OF(X509) *again = sk_X509_new_null();
	sk_X509_push(again, X509_dup(leaf->certificate));
	sk_X509_push(again, X509_dup(sub->certificate));
	struct seen hit = see(proofs, trust, again);
	expect_counts(proofs, 1, 1);
	assert_true(miss.ok && hit.ok);
	assert_int_equal(miss.error, X509_V_OK);
	assert_int_equal(hit.error, X509_V_OK);
	assert_int_equal(hit.depth, miss.depth);
	assert_int_equal(hit.chain_count, 3);
	assert_int_equal(miss.chain_count, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(X509_cmp(hit.chain[i], miss.chain[i]), 0);
	assert_ptr_equal(hit.proof, miss.proof);
	assert_string_equal(proof_identity(hit.proof)->common_name, "one");
	assert_int_equal(sk_X509_num(proof_sent(hit.proof)), 2);
	proof_release(miss.proof);
	proof_release(hit.proof);
	sk_X509_free(sent);
	sk_X509_pop_free(again, X509_free);
}

static void another_certificate_another_order_or_more_of_them_miss(void **state)
{
	(void)state;
	OWN(trust) struct trust *trust = trust_of(root, NULL, NULL);
	OWN(proof_register) struct proof_register *proofs = proofs_of(trust, 8);
	STACK_OF(X509) * rows[] = { sent_of(leaf, sub), sent_of(second, sub), sent_of(leaf, sub) };
	sk_X509_push(rows[2], other_root->certificate);
	for (unsigned i = 0; i < 3; i++) {
		struct seen seen = see(proofs, trust, rows[i]);
		assert_true(seen.ok);
		expect_counts(proofs, i + 1, 0);
		assert_string_equal(
			proof_identity(seen.proof)->common_name, i == 1 ? "two" : "one");
		proof_release(seen.proof);
		sk_X509_free(rows[i]);
	}
}

/* The leaf's bytes with one bit of them changed: in the middle, or in the signature at the end. */
static X509 *touched(const X509 *certificate, bool signature)
{
	unsigned char *der = NULL;
	int bytes = i2d_X509(certificate, &der);
	const unsigned char *cn = memmem(der, (size_t)bytes, "one", 3), *start = der;
	der[signature ? bytes - 1 : cn - der] ^= 1;
	X509 *forged = d2i_X509(NULL, &start, bytes);
	OPENSSL_free(der);
	assert_non_null(forged);
	return forged;
}

static void a_forgery_never_hits(void **state)
{
	(void)state;
	OWN(trust) struct trust *trust = trust_of(root, NULL, NULL);
	OWN(proof_register) struct proof_register *proofs = proofs_of(trust, 8);
	STACK_OF(X509) *sent = sent_of(leaf, sub);
	proof_release(see(proofs, trust, sent).proof);
	for (unsigned i = 0; i < 4; i++) {
		STACK_OF(X509) *forged = sk_X509_new_null();
		sk_X509_push(forged, touched(leaf->certificate, i & 1));
		sk_X509_push(forged, X509_dup(sub->certificate));
		struct seen seen = see(proofs, trust, forged);
		assert_false(seen.ok);
		assert_int_equal(seen.result.code, CODE_CLIENT_BAD_SIGNATURE);
		assert_int_equal(seen.error, X509_V_ERR_CERT_SIGNATURE_FAILURE);
		expect_counts(proofs, i + 2, 0); /* and a failure is not remembered either */
		sk_X509_pop_free(forged, X509_free);
	}
	proof_release(see(proofs, trust, sent).proof);
	expect_counts(proofs, 5, 1);
	sk_X509_free(sent);
}

static void what_has_expired_since_is_refused(void **state)
{
	(void)state;
	OWN(trust) struct trust *trust = trust_of(root, NULL, NULL);
	OWN(proof_register) struct proof_register *proofs = proofs_of(trust, 8);
	STACK_OF(X509) *sent = sent_of(short_lived, sub);
	struct seen first = see(proofs, trust, sent);
	struct verify_result result;
	struct proof *newer = NULL;
	assert_int_equal(proof_not_after(first.proof), NOW + 100);
	static const struct {
		time_t at;
		bool holds, remembered;
	} rows[] = {
		{ NOW + 1, true, true },
		{ NOW + 99, true, true },
		{ NOW + 100, true, false }, /* the last second: the verifier says */
		{ NOW + 101, false, false },
		{ NOW - 2 * DAY, false, false }, /* a clock that was put back */
		{ NOW, true, true },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		unsigned long long before = proof_register_counts(proofs).verified;
		rules.at = rows[i].at;
		assert_int_equal(
			proof_holds(proofs, first.proof, rules.at, &result, &newer), rows[i].holds);
		assert_int_equal(
			proof_register_counts(proofs).verified == before, rows[i].remembered);
		assert_int_equal(newer != NULL, rows[i].holds);
		proof_release(newer);
		if (rows[i].at > NOW + 100)
			assert_int_equal(result.code, CODE_CLIENT_EXPIRED);
		/* And in a handshake the same. */
		struct seen seen = see(proofs, trust, sent);
		assert_int_equal(seen.ok, rows[i].holds);
		proof_release(seen.proof);
	}
	proof_release(first.proof);
	sk_X509_free(sent);
}

/* Another snapshot: the same anchor with other CRLs, or another anchor. */
static enum code under(struct proof *proof, struct made *anchor, const struct crl_spec *root_crl,
	const struct crl_spec *sub_crl)
{
	OWN(trust) struct trust *trust = trust_of(anchor, root_crl, sub_crl);
	OWN(proof_register) struct proof_register *proofs = proofs_of(trust, 8);
	struct verify_result result;
	OWN(proof) struct proof *newer = NULL;
	bool holds = proof_holds(proofs, proof, NOW, &result, &newer);
	expect_counts(proofs, 1, 0); /* another register's word does not count here */
	assert_int_equal(holds, newer != NULL);
	if (holds)
		assert_string_equal(proof_identity(newer)->common_name, "one");
	return result.code;
}

static void another_snapshot_is_asked_anew(void **state)
{
	(void)state;
	OWN(trust) struct trust *trust = trust_of(root, NULL, NULL);
	OWN(proof_register) struct proof_register *proofs = proofs_of(trust, 8);
	STACK_OF(X509) *sent = sent_of(leaf, sub);
	struct seen seen = see(proofs, trust, sent);
	const struct crl_spec empty = { 0 }, lists_leaf = { .revoked = leaf->certificate },
			      lists_sub = { .revoked = sub->certificate },
			      old = { .last_update = NOW - 9 * DAY, .next_update = NOW - 1 };
	assert_int_equal(under(seen.proof, root, NULL, NULL), CODE_NONE);
	assert_int_equal(under(seen.proof, root, &empty, &empty), CODE_NONE);
	assert_int_equal(under(seen.proof, root, &empty, &lists_leaf), CODE_CLIENT_REVOKED);
	assert_int_equal(under(seen.proof, root, &lists_sub, &empty), CODE_CLIENT_REVOKED);
	/* Fails closed: every certificate of the chain needs its issuer's list, and a fresh one. */
	assert_int_equal(under(seen.proof, root, &empty, NULL), CODE_CRL_MISSING);
	assert_int_equal(under(seen.proof, root, &empty, &old), CODE_CRL_EXPIRED);
	assert_int_equal(under(seen.proof, root, &old, &empty), CODE_CRL_EXPIRED);
	assert_int_equal(under(seen.proof, other_root, NULL, NULL), CODE_CLIENT_UNKNOWN_CA);
	proof_release(seen.proof);
	sk_X509_free(sent);
}

/* With a grace it is its end that counts: what was verified within it is asked again behind it. */
static void a_grace_that_ends_ends_what_was_remembered(void **state)
{
	(void)state;
	const struct crl_spec list = { .next_update = NOW + 50 };
	OWN(trust) struct trust *trust = trust_of(root, &list, &(struct crl_spec){ 0 });
	OWN(proof_register) struct proof_register *proofs = proofs_of(trust, 8);
	STACK_OF(X509) *sent = sent_of(leaf, sub);
	static const struct {
		time_t at;
		enum code code;
		bool remembered;
	} rows[] = {
		{ NOW, CODE_NONE, false },
		{ NOW + 1, CODE_NONE, true },
		{ NOW + 51, CODE_NONE, false }, /* within the grace */
		{ NOW + 52, CODE_NONE, true },
		{ NOW + 69, CODE_NONE, true },
		{ NOW + 70, CODE_NONE, false }, /* its last second */
		{ NOW + 71, CODE_CRL_EXPIRED, false },
	};
	rules.crl_grace_s = 20;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		unsigned long long before = proof_register_counts(proofs).verified;
		rules.at = rows[i].at;
		struct seen seen = see(proofs, trust, sent);
		assert_int_equal(seen.ok ? CODE_NONE : seen.result.code, rows[i].code);
		assert_int_equal(
			proof_register_counts(proofs).verified == before, rows[i].remembered);
		if (seen.ok)
			assert_true(proof_until(seen.proof) < NOW + 70 || rows[i].at == NOW + 70);
		proof_release(seen.proof);
	}
	rules.crl_grace_s = 0;
	rules.at = NOW;
	sk_X509_free(sent);
}

static void a_list_that_ends_ends_what_was_remembered(void **state)
{
	(void)state;
	const struct crl_spec list = { .next_update = NOW + 50 };
	OWN(trust) struct trust *trust = trust_of(root, &list, &(struct crl_spec){ 0 });
	OWN(proof_register) struct proof_register *proofs = proofs_of(trust, 8);
	STACK_OF(X509) *sent = sent_of(leaf, sub);
	proof_release(see(proofs, trust, sent).proof);
	rules.at = NOW + 49;
	proof_release(see(proofs, trust, sent).proof);
	expect_counts(proofs, 1, 1);
	rules.at = NOW + 51;
	struct seen seen = see(proofs, trust, sent);
	assert_false(seen.ok);
	assert_int_equal(seen.result.code, CODE_CRL_EXPIRED);
	sk_X509_free(sent);
}

static void it_is_bounded(void **state)
{
	(void)state;
	OWN(trust) struct trust *trust = trust_of(root, NULL, NULL);
	OWN(proof_register) struct proof_register *proofs = proofs_of(trust, 2); /* a set of 8 */
	STACK_OF(X509) *sent = sent_of(leaf, sub);
	struct seen first = see(proofs, trust, sent);
	for (int i = 0; i < 8; i++) {
		struct made *one = MAKE(sub, .subject = "CN=more", .extensions = CLIENT_EXTENSIONS);
		STACK_OF(X509) *more = sent_of(one, sub);
		proof_release(see(proofs, trust, more).proof);
		sk_X509_free(more);
	}
	struct seen again = see(proofs, trust, sent);
	expect_counts(proofs, 10, 0);
	assert_ptr_not_equal(first.proof, again.proof); /* evicted, and yet alive for its holder */
	assert_string_equal(proof_identity(first.proof)->common_name, "one");
	proof_release(first.proof);
	proof_release(again.proof);
	sk_X509_free(sent);
	proof_release(NULL);
	assert_null(proof_hold(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hit_leaves_what_a_miss_leaves),
		cmocka_unit_test(another_certificate_another_order_or_more_of_them_miss),
		cmocka_unit_test(a_forgery_never_hits),
		cmocka_unit_test(what_has_expired_since_is_refused),
		cmocka_unit_test(another_snapshot_is_asked_anew),
		cmocka_unit_test(a_list_that_ends_ends_what_was_remembered),
		cmocka_unit_test(a_grace_that_ends_ends_what_was_remembered),
		cmocka_unit_test(it_is_bounded),
	};
	return cmocka_run_group_tests(tests, make_world, certs_end);
}
