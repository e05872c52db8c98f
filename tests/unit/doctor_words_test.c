/* A finding's words: who refused, by which evidence, what to do, and what on the server would tell.
 */
#include "unit.h"

#include "doctor/findings.h"

#include <stdio.h>

struct words {
	const char *code, *refused_by, *evidence, *fix, *server_side; /* NULL: not looked at */
};

static struct {
	struct facts facts;
	struct probe last;
	struct suspects suspects;
	struct target target;
	struct log_record record;
} scene;

/* A certificate of ours went out, and the server took it with the given alert; -1: with none. */
static int set_up(void **state)
{
	(void)state;
	memset(&scene, 0, sizeof scene);
	tls_outcome_init(&scene.last.outcome);
	scene.last.connected = true;
	scene.last.outcome.version = "TLSv1.3";
	scene.last.outcome.certificate_requested = true;
	scene.last.outcome.certificate_sent = true;
	scene.last.outcome.verified = true;
	scene.last.error.kind = ERROR_REFUSED_BY_PEER;
	scene.last.refused = true;
	scene.facts = (struct facts){ .url = "https://x/", .asked = true, .sent = true };
	scene.facts.has_certificate = scene.facts.shares_version = true;
	scene.facts.target = &scene.target;
	scene.facts.last = &scene.last;
	scene.facts.suspects = &scene.suspects;
	snprintf(scene.suspects.subject, sizeof scene.suspects.subject, "CN=me");
	return 0;
}

static void one_is(const json_t *finding, const char *name, const char *wanted)
{
	const char *said = json_string_value(json_object_get(finding, name));
	if (wanted && strcmp(said ? said : "none", wanted) != 0)
		fail_msg("%s: '%s', not '%s'", name, said ? said : "none", wanted);
}

/* The first finding. */
static void says(const struct words *words)
{
	OWN(json_t) json_t *all = findings_make(&scene.facts);
	const json_t *first = json_array_get(all, 0);
	one_is(first, "code", words->code);
	one_is(first, "refused_by", words->refused_by);
	one_is(first, "evidence", words->evidence);
	one_is(first, "fix", words->fix);
	one_is(first, "server_side", words->server_side);
}

static void suspect(enum code code, bool proven, const char *fix)
{
	struct suspect *one = &scene.suspects.list[scene.suspects.count++];
	*one = (struct suspect){ .code = code, .proven = proven };
	snprintf(one->evidence, sizeof one->evidence, "it is so");
	snprintf(one->fix, sizeof one->fix, "%s", fix);
}

static const struct {
	const char *subject, *fix;
} subjects[] = {
	{ "CN=me", "mtls issue client me --force" },
	{ "CN=me,O=x", "mtls issue client NAME --force" },
	{ "CN=me+OU=x", "mtls issue client NAME --force" },
	{ "CN=my self", "mtls issue client NAME --force" },
	{ "CN=a\\,b", "mtls issue client NAME --force" },
	{ "O=x", "mtls issue client NAME --force" },
	{ "", "mtls issue client NAME --force" },
};

static void what_is_proven_names_its_fix(void **state)
{
	(void)state;
	suspect(CODE_CLIENT_EXPIRED, true, "");
	scene.last.outcome.alert_received = 45;
	for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
		snprintf(scene.suspects.subject, sizeof scene.suspects.subject, "%s",
			subjects[i].subject);
		says(&(struct words){ "client-expired", "server",
			"it is so; the server answered with alert 45 (certificate_expired)",
			subjects[i].fix, "none" });
	}
	scene.facts.cert = "none/me.crt"; /* no CA beside it */
	says(&(struct words){ "client-expired", "server", NULL,
		"where the CA's key is: mtls issue client NAME --force", "none" });
	static const char *const unusual[] = { "none/me.pem", "me", "my files/me.crt", ".crt/me" };
	for (size_t i = 0; i < sizeof unusual / sizeof *unusual; i++) {
		scene.facts.cert = unusual[i];
		says(&(struct words){ "client-expired", "server", NULL,
			"mtls issue client NAME --force", "none" });
	}
	/* What our files say is better than what is usual. */
	snprintf(scene.suspects.list[0].fix, sizeof scene.suspects.list[0].fix, "do this");
	says(&(struct words){ "client-expired", "server", NULL, "do this", "none" });
}

static void what_is_likely_names_what_would_tell(void **state)
{
	(void)state;
	scene.last.outcome.alert_received = 44;
	says(&(struct words){ "client-revoked", "server",
		"the server answered our certificate with alert 44 (certificate_revoked), and "
		"nothing in our files speaks against it",
		"mtls issue client me --force",
		"nginx (error_log ... info), Apache, stunnel and s_server write \"certificate "
		"revoked\" (23); mtls serve writes code=client-revoked" });
	scene.last.outcome.alert_received = 45;
	scene.suspects.count = 0;
	suspect(CODE_CLIENT_EXPIRED, false, "");
	says(&(struct words){ "client-expired", "server",
		"it is so; the server answered with alert 45 (certificate_expired)", NULL,
		"nginx (error_log ... info), Apache, stunnel and s_server write \"certificate has "
		"expired\" (10); mtls serve writes code=client-expired" });
}

static void what_the_server_said_is_told_as_it_was(void **state)
{
	(void)state;
	suspect(CODE_CLIENT_EXPIRED, true, "");
	scene.last.outcome.alert_received = -1;
	scene.last.error.system = 0;
	says(&(struct words){ "client-expired", "server",
		"it is so; the server answered with the end of the connection without an alert",
		NULL, "none" });
	scene.last.error.system = 104;
	says(&(struct words){ "client-expired", "server",
		"it is so; the server answered with a broken connection without an alert", NULL,
		"none" });
	scene.last.refused = false;
	scene.last.finished = true;
	scene.last.status = 495;
	says(&(struct words){ "client-expired", "server",
		"it is so; the server answered with HTTP 495", NULL, "none" });
}

/* Only options that were given are to be left out. */
static void a_version_is_not_laid_to_what_nobody_gave(void **state)
{
	static const struct {
		bool speaks12, speaks13;
		const char *evidence, *fix;
	} rows[] = {
		{ false, false, "neither TLS 1.2 nor 1.3", "use TLS 1.2 or 1.3 on both sides" },
		{ false, true, "TLS 1.3", "leave out --tls-max: the server wants TLS 1.3" },
		{ true, false, "TLS 1.2", "leave out --tls-min and --tls-max" },
		{ true, true, "TLS 1.2 TLS 1.3", "leave out --tls-min and --tls-max" },
	};
	(void)state;
	scene.last.outcome.version = NULL;
	scene.last.outcome.certificate_requested = scene.facts.sent = false;
	scene.last.outcome.alert_received = 70;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		OWN(char) char *evidence =
			text_format("the server speaks %s to others, and answered "
				    "us with alert 70 (protocol_version)",
				rows[i].evidence);
		scene.facts.speaks12 = rows[i].speaks12;
		scene.facts.speaks13 = rows[i].speaks13;
		says(&(struct words){ "tls-version", "server", evidence, rows[i].fix, "none" });
	}
	scene.last.outcome.alert_received = 40;
	scene.facts.works_without_groups = true;
	says(&(struct words){ "tls-no-shared-group", "server",
		"the server answered our first message with alert 40 (handshake_failure); with our "
		"usual groups it goes on",
		"leave out --groups", "none" });
}

static void what_stayed_at_home_says_why(void **state)
{
	(void)state;
	scene.last.outcome.alert_received = 116;
	scene.last.outcome.certificate_sent = scene.facts.sent = false;
	says(&(struct words){ "client-key-type", "server",
		"the server asked for a certificate and takes no signature of our key's kind, so "
		"ours stayed at home; it answered with alert 116 (certificate_required)",
		"mtls issue client me --force", "none" });
	scene.facts.has_certificate = false;
	scene.facts.suspects = NULL;
	says(&(struct words){ "no-client-certificate", "server",
		"the server asked for a certificate, we have none, and it answered with alert 116 "
		"(certificate_required)",
		"mtls request https://x/ --cert FILE --key FILE", "none" });
}

static void a_record_is_quoted(void **state)
{
	(void)state;
	scene.last.outcome.alert_received = 42;
	scene.record = (struct log_record){ .code = CODE_CRL_EXPIRED, .line = "CRL has expired" };
	scene.facts.record = &scene.record;
	scene.facts.record_is_new = true;
	says(&(struct words){ "crl-expired", NULL,
		"the server wrote while we tried: CRL has expired", NULL, "none" });
	/* An older one goes last, and is not lost. */
	scene.facts.record_is_new = false;
	suspect(CODE_CLIENT_WRONG_EKU, true, "");
	OWN(json_t) json_t *all = findings_make(&scene.facts);
	assert_int_equal(json_array_size(all), 2);
	one_is(json_array_get(all, 0), "code", "client-wrong-eku");
	one_is(json_array_get(all, 1), "evidence", "the server wrote some time: CRL has expired");
	assert_true(json_is_false(json_object_get(json_array_get(all, 1), "certain")));
}

static void nothing_is_found_twice(void **state)
{
	(void)state;
	OWN(json_t) json_t *all = json_array();
	finding_add(all, CODE_CRL_EXPIRED, "server", true, "first", "", NULL);
	finding_add(all, CODE_CRL_EXPIRED, "server", false, "second", "fix", "side");
	finding_add(all, CODE_CRL_MISSING, "client", false, "third", NULL, "side");
	assert_int_equal(json_array_size(all), 2);
	one_is(json_array_get(all, 0), "evidence", "first");
	one_is(json_array_get(all, 0), "fix", code_info(CODE_CRL_EXPIRED)->hint);
	one_is(json_array_get(all, 0), "text", code_info(CODE_CRL_EXPIRED)->text);
	one_is(json_array_get(all, 1), "fix", code_info(CODE_CRL_MISSING)->hint);
	one_is(json_array_get(all, 1), "server_side", "side");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
	const struct CMUnitTest tests[] = {
		TEST(what_is_proven_names_its_fix),
		TEST(what_is_likely_names_what_would_tell),
		TEST(what_the_server_said_is_told_as_it_was),
		TEST(a_version_is_not_laid_to_what_nobody_gave),
		TEST(what_stayed_at_home_says_why),
		TEST(a_record_is_quoted),
		TEST(nothing_is_found_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
