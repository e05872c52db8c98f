/* The ranking: what is certain, what is only likely, and what nothing proves. */
#include "unit.h"

#include "doctor/findings.h"

#include <openssl/x509_vfy.h>
#include <stdio.h>

struct scene {
	struct facts facts;
	struct probe last;
	struct suspects suspects;
	struct target target;
	struct log_record record;
};

/* A TLS 1.3 handshake with a certificate of ours; nothing suspected, no alert yet. */
static void set_scene(struct scene *scene)
{
	*scene = (struct scene){ .last = { .connected = true, .finished = true } };
	tls_outcome_init(&scene->last.outcome);
	scene->last.outcome.version = "TLSv1.3";
	scene->last.outcome.certificate_requested = scene->last.outcome.certificate_sent = true;
	scene->last.outcome.verified = true;
	scene->suspects.names_given = scene->suspects.names_ours = true;
	scene->suspects.verified = true;
	snprintf(scene->suspects.subject, sizeof scene->suspects.subject, "CN=me");
	scene->facts = (struct facts){ .target = &scene->target,
		.url = "https://x/",
		.has_certificate = true,
		.asked = true,
		.sent = true,
		.speaks12 = true,
		.speaks13 = true,
		.shares_version = true,
		.last = &scene->last,
		.alpn = "http/1.1",
		.suspects = &scene->suspects };
}

static void refuse_with(struct scene *scene, int alert)
{
	scene->last.outcome.alert_received = alert;
	scene->last.refused = true;
	scene->last.error = (struct error){ .kind = ERROR_REFUSED_BY_PEER };
}

static void answer_with(struct scene *scene, int status, const char *body)
{
	scene->last.status = status;
	scene->last.response.data = (char *)(uintptr_t)body;
	scene->last.response.length = strlen(body);
}

static void suspect(struct scene *scene, enum code code, bool proven, bool soft)
{
	struct suspect *one = &scene->suspects.list[scene->suspects.count++];
	*one = (struct suspect){ .code = code, .proven = proven, .soft = soft };
	snprintf(one->evidence, sizeof one->evidence, "seen in our file");
}

/* "C:client-expired,l:crl-expired" */
static char *found(const struct scene *scene)
{
	OWN(json_t) json_t *all = findings_make(&scene->facts);
	char *text = text_copy("");
	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *one = json_array_get(all, i);
		OWN(char) char *before = text;
		bool certain = json_is_true(json_object_get(one, "certain"));
		text = text_format("%s%s%s:%s", before, i ? "," : "", certain ? "C" : "l",
			json_string_value(json_object_get(one, "code")));
		/* Whoever does not know says what would tell. */
		if (!certain && !json_is_string(json_object_get(one, "server_side")))
			fail_msg("%s: nothing would tell", text);
		assert_true(*json_string_value(json_object_get(one, "evidence")));
	}
	return text;
}

static void expect(const struct scene *scene, const char *wanted)
{
	OWN(char) char *text = found(scene);
	assert_string_equal(text, wanted);
}

static void nothing_is_found_where_it_works(void **state)
{
	struct scene scene;
	(void)state;
	set_scene(&scene);
	answer_with(&scene, 200, "");
	assert_true(facts_work(&scene.facts));
	expect(&scene, "");
	answer_with(&scene, 404, "");
	assert_true(facts_work(&scene.facts));
	expect(&scene, "");
	scene.last.outcome.certificate_requested = scene.facts.asked = false;
	expect(&scene, "C:verify-none");
	scene.facts.asked = true;
	scene.facts.sent = false;
	expect(&scene, "C:optional-none-given");
	/* A fault that nobody minds is none. */
	set_scene(&scene);
	answer_with(&scene, 200, "");
	suspect(&scene, CODE_CLIENT_NO_EKU, true, true);
	expect(&scene, "");
}

static void a_proven_fault_is_certain(void **state)
{
	struct scene scene;
	(void)state;
	set_scene(&scene);
	refuse_with(&scene, 45);
	suspect(&scene, CODE_CLIENT_EXPIRED, true, false);
	assert_false(facts_work(&scene.facts));
	expect(&scene, "C:client-expired");
	/* The one that fits the alert stands first, whichever was found first. */
	set_scene(&scene);
	refuse_with(&scene, 43);
	suspect(&scene, CODE_CLIENT_EXPIRED, true, false);
	suspect(&scene, CODE_CLIENT_WRONG_EKU, true, false);
	expect(&scene, "C:client-wrong-eku,C:client-expired");
	/* Other stacks send other alerts for it (Go: 42 for everything). */
	set_scene(&scene);
	refuse_with(&scene, 42);
	suspect(&scene, CODE_CLIENT_EXPIRED, true, false);
	expect(&scene, "C:client-expired");
}

static void a_soft_fault_has_to_fit(void **state)
{
	struct scene scene;
	(void)state;
	set_scene(&scene);
	refuse_with(&scene, 43);
	suspect(&scene, CODE_CLIENT_NO_EKU, true, true);
	expect(&scene, "C:client-no-eku");
	set_scene(&scene);
	refuse_with(&scene, 44);
	suspect(&scene, CODE_CLIENT_NO_EKU, true, true);
	expect(&scene, "l:client-revoked");
}

static void an_alert_alone_is_no_proof(void **state)
{
	struct scene scene;
	(void)state;
	set_scene(&scene);
	refuse_with(&scene, 44);
	expect(&scene, "l:client-revoked");
	refuse_with(&scene, 45);
	expect(&scene, "l:crl-expired,l:client-expired");
	refuse_with(&scene, 48);
	expect(&scene, "l:crl-missing,l:client-unknown-ca,l:client-ca-rekeyed");
	scene.suspects.chain_count = 1;
	expect(&scene,
		"l:crl-missing,l:client-unknown-ca,l:client-chain-too-long,l:client-ca-rekeyed");
	/* What fits, and is not proven, comes before what is usual. */
	suspect(&scene, CODE_CLIENT_UNKNOWN_CA, false, false);
	expect(&scene,
		"l:client-unknown-ca,l:crl-missing,l:client-chain-too-long,l:client-ca-rekeyed");
	/* An alert that says nothing rules nothing out. */
	set_scene(&scene);
	refuse_with(&scene, 42);
	OWN(char) char *text = found(&scene);
	assert_non_null(strstr(text, "l:client-revoked"));
	assert_non_null(strstr(text, "l:crl-missing"));
	assert_null(strstr(text, "C:"));
	assert_null(strstr(text, "client-wrong-eku"));
}

static void what_stays_at_home_is_certain(void **state)
{
	struct scene scene;
	(void)state;
	set_scene(&scene);
	refuse_with(&scene, 116);
	scene.facts.sent = scene.last.outcome.certificate_sent = false;
	expect(&scene, "C:client-key-type");
	scene.facts.has_certificate = false;
	scene.facts.suspects = NULL;
	expect(&scene, "C:no-client-certificate");
	/* Without an alert, too: some servers hang up. */
	scene.last.outcome.alert_received = -1;
	expect(&scene, "C:no-client-certificate");
}

static void pages_refuse_too(void **state)
{
	struct scene scene;
	(void)state;
	set_scene(&scene);
	answer_with(&scene, 400, "<title>400 The SSL certificate error</title>");
	assert_false(facts_work(&scene.facts));
	suspect(&scene, CODE_CLIENT_EXPIRED, true, false);
	suspect(&scene, CODE_CLIENT_NO_EKU, true, true);
	expect(&scene, "C:client-expired");
	set_scene(&scene);
	answer_with(&scene, 495, "");
	OWN(char) char *text = found(&scene);
	assert_non_null(strstr(text, "l:client-revoked"));
	set_scene(&scene);
	scene.facts.sent = scene.last.outcome.certificate_sent = scene.facts.has_certificate =
		false;
	scene.facts.suspects = NULL;
	answer_with(&scene, 400, "No required SSL certificate was sent");
	expect(&scene, "C:no-client-certificate");
	answer_with(&scene, 496, "");
	expect(&scene, "C:no-client-certificate");
	/* Another 400 is the request's affair. */
	answer_with(&scene, 400, "bad request");
	assert_true(facts_work(&scene.facts));
	set_scene(&scene);
	answer_with(&scene, 403, "Forbidden");
	expect(&scene, "l:not-authorized");
	suspect(&scene, CODE_CLIENT_EXPIRED, true, false);
	expect(&scene, "C:client-expired");
}

/* Who offered http/1.1 is not told to offer it. */
static void no_protocol_is_shared(void **state)
{
	static const struct {
		const char *alpn, *fix;
	} rows[] = {
		{ "http/1.1",
			"have the server take http/1.1, or offer one of its own with --alpn" },
		{ "h2,http/1.1",
			"have the server take http/1.1, or offer one of its own with --alpn" },
		{ "h2", "offer http/1.1" },
		{ "http/1.10,xhttp/1.1", "offer http/1.1" },
	};
	struct scene scene;
	(void)state;
	set_scene(&scene);
	refuse_with(&scene, 120);
	scene.last.outcome.version = NULL;
	scene.last.outcome.certificate_requested = scene.last.outcome.certificate_sent = false;
	scene.facts.sent = false;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		scene.facts.alpn = rows[i].alpn;
		OWN(json_t) json_t *all = findings_make(&scene.facts);
		assert_int_equal(json_array_size(all), 1);
		const json_t *one = json_array_get(all, 0);
		assert_string_equal(json_string_value(json_object_get(one, "fix")), rows[i].fix);
		OWN(char)
		char *evidence =
			text_format("offered %s, the server answers with alert 120", rows[i].alpn);
		const char *said = json_string_value(json_object_get(one, "evidence"));
		assert_memory_equal(said, evidence, strlen(evidence));
	}
}

static void before_certificates_the_wire_proves(void **state)
{
	struct scene scene;
	(void)state;
	set_scene(&scene);
	refuse_with(&scene, 70);
	scene.last.finished = false;
	scene.last.outcome.version = NULL;
	scene.last.outcome.certificate_requested = scene.last.outcome.certificate_sent = false;
	scene.facts.sent = false;
	expect(&scene, "C:tls-version");
	refuse_with(&scene, 40);
	scene.facts.shares_version = false;
	expect(&scene, "C:tls-version");
	scene.facts.shares_version = true;
	expect(&scene, "l:tls-no-shared-cipher,l:tls-no-shared-group");
	scene.facts.works_without_ciphers = true;
	expect(&scene, "C:tls-no-shared-cipher");
	scene.facts.works_without_ciphers = false;
	scene.facts.works_without_groups = true;
	expect(&scene, "C:tls-no-shared-group");
	scene.facts.works_without_groups = false;
	refuse_with(&scene, 120);
	expect(&scene, "C:alpn-mismatch"); /* the alert has no other meaning */
	scene.facts.works_without_alpn = true;
	expect(&scene, "C:alpn-mismatch");
	scene.facts.works_without_alpn = false;
	refuse_with(&scene, 112);
	expect(&scene, "C:sni-unknown");
	scene.facts.works_without_sni = true;
	expect(&scene, "C:sni-unknown");
	/* Neither is a matter of versions, though no version is agreed. */
	scene.facts.works_without_sni = scene.facts.shares_version = false;
	expect(&scene, "C:sni-unknown");
	refuse_with(&scene, 120);
	expect(&scene, "C:alpn-mismatch");
	refuse_with(&scene, 47);
	expect(&scene, "C:tls-version");
	/* Without any alert a trial is the proof; without one the end of a connection is none. */
	scene.facts.shares_version = scene.facts.works_without_sni = true;
	refuse_with(&scene, -1);
	expect(&scene, "C:sni-unknown");
	scene.facts.works_without_sni = false;
	expect(&scene, "l:peer-closed");
}

static void our_own_refusal_is_certain(void **state)
{
	struct scene scene;
	struct verify_result refused = { .x509_error = X509_V_ERR_HOSTNAME_MISMATCH,
		.code = CODE_SERVER_NAME_MISMATCH,
		.why = "because" };
	(void)state;
	set_scene(&scene);
	scene.last.finished = false;
	scene.last.refused = true;
	scene.last.outcome.verified = false;
	scene.last.outcome.refused = &refused;
	expect(&scene, "C:server-name-mismatch");
}

static void a_servers_record_is_proof_when_it_is_new(void **state)
{
	struct scene scene;
	(void)state;
	set_scene(&scene);
	refuse_with(&scene, 48);
	scene.record = (struct log_record){ .code = CODE_CRL_MISSING, .line = "a line" };
	scene.facts.record = &scene.record;
	scene.facts.record_is_new = true;
	OWN(char) char *text = found(&scene);
	assert_string_equal(text, "C:crl-missing");
	/* An old line may be about somebody else. */
	scene.facts.record_is_new = false;
	OWN(char) char *old = found(&scene);
	assert_null(strstr(old, "C:"));
	/* A number has several causes; our files know which. */
	set_scene(&scene);
	refuse_with(&scene, 48);
	suspect(&scene, CODE_CLIENT_CA_REKEYED, false, false);
	scene.record = (struct log_record){ .code = CODE_CLIENT_UNKNOWN_CA,
		.x509_error = 20,
		.line = "unable to get local issuer certificate" };
	scene.facts.record = &scene.record;
	scene.facts.record_is_new = true;
	OWN(char) char *specific = found(&scene);
	assert_string_equal(specific, "C:client-ca-rekeyed");
}

static void an_end_without_a_word_is_only_likely(void **state)
{
	struct scene scene;
	(void)state;
	set_scene(&scene);
	scene.last.outcome.certificate_requested = scene.last.outcome.certificate_sent = false;
	scene.facts.sent = scene.facts.asked = false;
	scene.last.finished = false;
	scene.last.refused = true;
	scene.last.error = (struct error){ .kind = ERROR_NETWORK,
		.code = CODE_PEER_CLOSED,
		.text = "the server closed the connection" };
	expect(&scene, "l:peer-closed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_found_where_it_works),
		cmocka_unit_test(a_proven_fault_is_certain),
		cmocka_unit_test(a_soft_fault_has_to_fit),
		cmocka_unit_test(an_alert_alone_is_no_proof),
		cmocka_unit_test(what_stays_at_home_is_certain),
		cmocka_unit_test(pages_refuse_too),
		cmocka_unit_test(no_protocol_is_shared),
		cmocka_unit_test(before_certificates_the_wire_proves),
		cmocka_unit_test(our_own_refusal_is_certain),
		cmocka_unit_test(a_servers_record_is_proof_when_it_is_new),
		cmocka_unit_test(an_end_without_a_word_is_only_likely),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
