/* Who comes back with a session gets what a full handshake would give, or a full handshake. */
#include "tls_pair.h"

#include <sys/stat.h>

#define AGE 3600

/* Each test runs for both places of sessions and both versions. */
struct kind {
	enum tls_resumption resumption;
	enum tls_version version;
};
static const struct kind kinds[] = { { TLS_RESUMPTION_SESSIONS, TLS_1_2 },
	{ TLS_RESUMPTION_SESSIONS, TLS_1_3 }, { TLS_RESUMPTION_TICKETS, TLS_1_2 },
	{ TLS_RESUMPTION_TICKETS, TLS_1_3 } };
#define KINDS (sizeof kinds / sizeof kinds[0])

static struct tls_sessions *sessions;
static struct tls_context *client_context; /* its sessions belong to it */

static struct tls_options serving(const struct kind *kind)
{
	struct tls_options options = server_options();
	options.resumption = kind->resumption;
	options.sessions = sessions;
	options.session_s_max = AGE;
	return options;
}

static void begin(const struct kind *kind, const char *cert, const char *key)
{
	struct error error;
	struct tls_options options = client_options(cert, key, kind->version);
	options.keeps_session = true;
	options.verify.at = NOW;
	sessions = tls_sessions_new(64);
	assert_true(tls_context_new(&options, &client_context, &error));
}

static void end(void)
{
	tls_context_free(client_context);
	tls_sessions_free(sessions);
}

/* What one connection came to. */
struct visit {
	bool served, resumed;
	enum code code;
	int alert;
	char who[512]; /* of the identity and the outcome, all that there is to tell */
	struct tls_session *session;
};

static void tell(struct visit *visit, struct tls_connection *server)
{
	const struct tls_outcome *outcome = tls_connection_outcome(server);
	const struct identity *identity = tls_connection_identity(server);
	if (!identity) {
		snprintf(visit->who, sizeof visit->who, "nobody %d", outcome->verified);
		return;
	}
	OWN(json_t) json_t *sans = identity_sans(identity);
	OWN(char) char *sans_text = json_dumps(sans, JSON_COMPACT);
	OWN(char) char *peercert = json_dumps(identity->peercert, JSON_COMPACT | JSON_SORT_KEYS);
	snprintf(visit->who, sizeof visit->who, "%s %s %s %s %s %s %lld %d %s %d",
		identity->common_name, identity->subject, identity->issuer, identity->serial,
		identity->sha256, sans_text, (long long)identity->not_after, outcome->verified,
		peercert, outcome->refused != NULL);
}

/* A client comes to a server that was made of `options`, with a session or without. */
static struct visit come(const struct tls_options *options, const struct tls_session *session)
{
	struct visit visit = { 0 };
	struct pair pair = { .server_status = TLS_WANT_INPUT, .client_status = TLS_WANT_INPUT };
	struct error error;
	if (!tls_context_new(options, &pair.server_context, &error))
		fail_msg("%s", error.text);
	pair.server = tls_connection_new(pair.server_context);
	pair.client = tls_connection_new(client_context);
	if (session)
		tls_connection_resume(pair.client, session);
	pair_handshake(&pair);
	const struct tls_outcome *outcome = tls_connection_outcome(pair.server);
	visit.served = tls_connection_finished(pair.server);
	visit.resumed = outcome->resumed;
	visit.code = pair.server_status == TLS_FAILED ? pair.server_error.code : CODE_NONE;
	visit.alert = outcome->alert_sent;
	if (visit.served) {
		assert_int_equal(tls_connection_outcome(pair.client)->resumed, visit.resumed);
		assert_int_equal(outcome->peer_certificate,
			!visit.resumed && options->verify_mode != TLS_VERIFY_NONE &&
				tls_connection_identity(pair.server) != NULL);
		tell(&visit, pair.server);
		visit.session = tls_connection_session(pair.client);
	}
	tls_connection_free(pair.server);
	tls_connection_free(pair.client);
	tls_context_free(pair.server_context);
	return visit;
}

static struct visit come_once(const struct tls_options *options, struct tls_session *session)
{
	struct visit visit = come(options, session);
	tls_session_free(TAKE(visit.session));
	return visit;
}

/* ---- The good ---- */

static void a_session_comes_back_as_the_same_client(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		begin(&kinds[i], good_cert, good_key);
		struct tls_options options = serving(&kinds[i]);
		struct visit first = come(&options, NULL);
		assert_true(first.served);
		assert_false(first.resumed);
		assert_non_null(first.session);
		/* Another context, as after a reload that changes nothing, or of another thread. */
		struct visit again = come(&options, first.session);
		assert_true(again.served);
		assert_true(again.resumed);
		assert_string_equal(again.who, first.who);
		/* And once more, with what the second visit brought or left. */
		struct visit third =
			come_once(&options, again.session ? again.session : first.session);
		assert_true(third.resumed);
		assert_string_equal(third.who, first.who);
		tls_session_free(first.session);
		tls_session_free(again.session);
		end();
	}
}

static void nobody_in_particular_comes_back_too(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		begin(&kinds[i], NULL, NULL);
		struct tls_options options = serving(&kinds[i]);
		options.verify_mode = TLS_VERIFY_OPTIONAL;
		struct visit first = come(&options, NULL);
		assert_true(first.served);
		struct visit again = come_once(&options, first.session);
		assert_true(again.resumed);
		assert_string_equal(again.who, "nobody 0");
		/* But not where a certificate is required. */
		options.verify_mode = TLS_VERIFY_REQUIRED;
		struct visit strict = come_once(&options, first.session);
		assert_false(strict.served);
		assert_int_equal(strict.code, CODE_NO_CLIENT_CERTIFICATE);
		tls_session_free(first.session);
		end();
	}
}

/* ---- What gets a full handshake ---- */

static void other_rules_are_another_server(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (int change = 0; change < 6; change++) {
			begin(&kinds[i], good_cert, good_key);
			struct tls_options options = serving(&kinds[i]);
			struct visit first = come(&options, NULL);
			if (change == 0)
				options.verify_mode = TLS_VERIFY_OPTIONAL;
			else if (change == 1)
				options.verify.profile = PROFILE_OPENSSL;
			else if (change == 2)
				options.session_name = "another listener";
			else if (change == 3)
				options.verify.eku = EKU_STRICT;
			else if (change == 4)
				options.sni_strict = true;
			else
				options.resumption = TLS_RESUMPTION_OFF;
			struct visit again = come_once(&options, first.session);
			assert_true(again.served);
			assert_false(again.resumed);
			assert_string_equal(again.who, first.who);
			tls_session_free(first.session);
			end();
		}
}

static void renewing_does_not_extend_the_age(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		begin(&kinds[i], good_cert, good_key);
		struct tls_options options = serving(&kinds[i]);
		struct visit first = come(&options, NULL);
		options.verify.at = NOW + AGE;
		struct visit last = come(&options, first.session);
		assert_true(last.resumed);
		struct tls_session *newest = last.session ? last.session : first.session;
		options.verify.at = NOW + AGE + 1;
		struct visit late = come_once(&options, newest);
		assert_true(late.served);
		assert_false(late.resumed);
		/* A clock that was put back tells nothing about an age. */
		options.verify.at = NOW - 1;
		assert_false(come_once(&options, newest).resumed);
		tls_session_free(first.session);
		tls_session_free(last.session);
		end();
	}
}

static void revoked_clients_are_refused_in_full(void **state)
{
	(void)state;
	struct made *client = MAKE(ca, .subject = "CN=soon", .extensions = CLIENT_EXTENSIONS);
	const char *cert = WRITE("soon.crt", client->certificate);
	const char *key = certs_write_key("soon.key", client->key, NULL);
	const char *empty = certs_write_crl("none.crl", ca, &(struct crl_spec){ 0 });
	const char *lists = certs_write_crl(
		"soon.crl", ca, &(struct crl_spec){ .revoked = client->certificate });
	const char *old = certs_write_crl("old.crl", ca,
		&(struct crl_spec){ .last_update = NOW - 9 * DAY, .next_update = NOW - 1 });
	for (size_t i = 0; i < KINDS; i++) {
		begin(&kinds[i], cert, key);
		struct tls_options options = serving(&kinds[i]);
		struct visit first = come(&options, NULL);
		options.crl_count = 1;
		options.crl = &empty;
		assert_true(come_once(&options, first.session).resumed);
		/* A list that has ended refuses everybody, and those who come back too. */
		options.crl = &old;
		struct visit stale = come_once(&options, first.session);
		assert_int_equal(stale.code, CODE_CRL_EXPIRED);
		options.crl = &lists;
		struct visit revoked = come_once(&options, first.session);
		assert_false(revoked.served);
		assert_false(revoked.resumed);
		assert_int_equal(revoked.code, CODE_CLIENT_REVOKED);
		assert_int_equal(revoked.alert, 44);
		tls_session_free(first.session);
		end();
	}
}

static void expired_clients_are_refused_in_full(void **state)
{
	(void)state;
	struct made *client = MAKE(
		ca, .subject = "CN=short", .extensions = CLIENT_EXTENSIONS, .not_after = NOW + 60);
	const char *cert = WRITE("short.crt", client->certificate);
	const char *key = certs_write_key("short.key", client->key, NULL);
	for (size_t i = 0; i < KINDS; i++) {
		begin(&kinds[i], cert, key);
		struct tls_options options = serving(&kinds[i]);
		struct visit first = come(&options, NULL);
		options.verify.at = NOW + 60;
		assert_true(come_once(&options, first.session).resumed);
		options.verify.at = NOW + 61;
		struct visit expired = come_once(&options, first.session);
		assert_false(expired.served);
		assert_int_equal(expired.code, CODE_CLIENT_EXPIRED);
		assert_int_equal(expired.alert, 45);
		tls_session_free(first.session);
		end();
	}
}

/* ---- What is kept ---- */

static void kept_sessions_are_bounded(void **state)
{
	(void)state;
	begin(&kinds[1], good_cert, good_key);
	tls_sessions_free(sessions);
	sessions = tls_sessions_new(8);
	struct tls_options options = serving(&kinds[1]);
	struct visit first = come(&options, NULL);
	assert_int_equal(tls_sessions_count(sessions), 1);
	for (int i = 0; i < 10; i++)
		come_once(&options, NULL);
	assert_int_equal(tls_sessions_count(sessions), 8);
	struct visit evicted = come_once(&options, first.session);
	assert_true(evicted.served);
	assert_false(evicted.resumed);
	tls_session_free(first.session);
	end();
}

static void nothing_is_kept_when_it_is_off(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct kind off = { TLS_RESUMPTION_OFF, versions[i] };
		begin(&off, good_cert, good_key);
		struct tls_options options = serving(&off);
		struct visit first = come(&options, NULL);
		assert_true(first.served);
		assert_null(first.session);
		assert_int_equal(tls_sessions_count(sessions), 0);
		options.sessions = NULL; /* nowhere to keep them */
		options.resumption = TLS_RESUMPTION_SESSIONS;
		assert_null(come(&options, NULL).session);
		end();
	}
}

/* ---- Ticket keys ---- */

static const char *key_file(const char *name, const char *fill, mode_t mode)
{
	char bytes[400];
	size_t count = 0;
	for (const char *at = fill; *at; at++, count += 80)
		memset(bytes + count, *at, 80);
	const char *path = certs_write_bytes(name, bytes, count);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

static void hosts_share_a_key_file(void **state)
{
	(void)state;
	const char *one = key_file("one.keys", "a", 0600), *both = key_file("two.keys", "ba", 0600),
		   *other = key_file("three.keys", "b", 0600);
	for (size_t i = 2; i < KINDS; i++) {
		begin(&kinds[i], good_cert, good_key);
		struct tls_options options = serving(&kinds[i]);
		options.ticket_keys = one;
		struct visit first = come(&options, NULL);
		struct tls_sessions *elsewhere = options.sessions = tls_sessions_new(1);
		assert_true(come_once(&options, first.session).resumed);
		/* Rotated: the old key still opens, and the new one closes what is renewed. */
		options.ticket_keys = both;
		struct visit renewed = come(&options, first.session);
		assert_true(renewed.resumed);
		assert_non_null(renewed.session);
		options.ticket_keys = other;
		assert_true(come_once(&options, renewed.session).resumed);
		assert_false(come_once(&options, first.session).resumed);
		/* Random ones are another host's. */
		options.ticket_keys = NULL;
		struct visit random = come_once(&options, renewed.session);
		assert_true(random.served);
		assert_false(random.resumed);
		tls_session_free(first.session);
		tls_session_free(renewed.session);
		tls_sessions_free(elsewhere);
		end();
	}
}

static void random_keys_go_with_the_age(void **state)
{
	(void)state;
	for (size_t i = 2; i < KINDS; i++) {
		begin(&kinds[i], good_cert, good_key);
		struct tls_options options = serving(&kinds[i]);
		struct visit first = come(&options, NULL);
		/* A new key encrypts, and the old one opens until its tickets are too old. */
		options.verify.at = NOW + AGE;
		come_once(&options, NULL);
		assert_true(come_once(&options, first.session).resumed);
		options.verify.at = NOW + 2 * AGE;
		come_once(&options, NULL);
		options.verify.at = NOW; /* it is the key that is gone */
		assert_false(come_once(&options, first.session).resumed);
		tls_session_free(first.session);
		end();
	}
}

static void bad_key_files_are_refused(void **state)
{
	(void)state;
	begin(&kinds[3], good_cert, good_key);
	const struct {
		const char *path, *text, *hint;
	} rows[] = {
		{ certs_path("missing.keys"), "missing.keys", "" },
		{ key_file("open.keys", "a", 0644), "others may read", "chmod 600" },
		{ certs_write_bytes("short.keys", "abc", 3), "has 3 bytes, not 80 for each key",
			"openssl rand" },
	};
	assert_int_equal(chmod(rows[2].path, 0600), 0);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct tls_options options = serving(&kinds[3]);
		struct tls_context *context = NULL;
		struct error error = { 0 };
		options.ticket_keys = rows[i].path;
		assert_false(tls_context_new(&options, &context, &error));
		assert_int_equal(error.kind, ERROR_INPUT);
		if (!strstr(error.text, rows[i].text) || !strstr(error.hint, rows[i].hint))
			fail_msg("%s | %s", error.text, error.hint);
	}
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_comes_back_as_the_same_client),
		cmocka_unit_test(nobody_in_particular_comes_back_too),
		cmocka_unit_test(other_rules_are_another_server),
		cmocka_unit_test(renewing_does_not_extend_the_age),
		cmocka_unit_test(revoked_clients_are_refused_in_full),
		cmocka_unit_test(expired_clients_are_refused_in_full),
		cmocka_unit_test(kept_sessions_are_bounded),
		cmocka_unit_test(nothing_is_kept_when_it_is_off),
		cmocka_unit_test(hosts_share_a_key_file),
		cmocka_unit_test(random_keys_go_with_the_age),
		cmocka_unit_test(bad_key_files_are_refused),
	};
	return cmocka_run_group_tests(tests, pair_world_make, certs_end);
}
