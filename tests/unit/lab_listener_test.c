/* The broken servers of an audit: what they see of clients; and the certificates made one by one.
 */
#include "unit.h"

#include "lab/audit_listener.h"
#include "lab/certificates.h"
#include "lab/folder.h"

#include <sys/stat.h>

struct fixture {
	char *folder;
	struct lab_minted *minted;
};

static char *path_of(const struct fixture *fixture, const char *file)
{
	return text_format("%s/%s", fixture->folder, file);
}

static bool made(const struct fixture *fixture, const char *name)
{
	struct error error;
	bool ret;
	if (!lab_minted_add(fixture->minted, name, fixture->folder, &ret, &error))
		fail_msg("%s", error.text);
	return ret;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	struct error error;
	assert_non_null(fixture);
	if (!lab_folder_make(&fixture->folder, &error))
		fail_msg("%s", error.text);
	fixture->minted = lab_minted_under(NULL, NULL);
	assert_true(made(fixture, "certs/ca"));
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	lab_minted_free(fixture->minted);
	lab_folder_remove(fixture->folder);
	free(fixture->folder);
	free(fixture);
	return 0;
}

/* ---- Minted one by one ---- */

static void a_certificate_brings_its_issuers_along(void **state)
{
	struct fixture *fixture = *state;
	OWN(char) char *cert = path_of(fixture, "lab/client-path-length.crt");
	OWN(char) char *key = path_of(fixture, "lab/client-path-length.key");
	OWN(char) char *issuer = path_of(fixture, "lab/too-deep-ca.crt");
	struct stat about;
	struct error error;
	assert_true(made(fixture, "lab/client-path-length"));
	assert_true(made(fixture, "lab/client-path-length")); /* again: nothing new */
	STACK_OF(X509) *chain = NULL;
	assert_true(bundle_certificates(cert, &chain, &error));
	assert_int_equal(sk_X509_num(chain), 3);
	sk_X509_pop_free(chain, X509_free);
	assert_int_equal(stat(key, &about), 0);
	assert_int_equal(about.st_mode & 0777, 0600);
	assert_int_not_equal(stat(issuer, &about), 0); /* only what was asked for is written */
}

static void without_its_key_a_ca_mints_nothing_but_lends_its_name(void **state)
{
	struct fixture *fixture = *state;
	OWN(char) char *ca = path_of(fixture, "certs/ca.crt");
	struct mint *mint;
	struct error error;
	assert_true(mint_load(ca, NULL, &mint, &error));
	assert_false(mint_can_sign(mint));
	OWN(lab_minted) struct lab_minted *foreign = lab_minted_under(mint, NULL);
	bool ret = true;
	assert_true(lab_minted_add(
		foreign, "lab/client-chain-incomplete", fixture->folder, &ret, &error));
	assert_false(ret);
	assert_true(
		lab_minted_add(foreign, "lab/client-unknown-ca", fixture->folder, &ret, &error));
	assert_true(ret);
	assert_true(
		lab_minted_add(foreign, "lab/client-ca-rekeyed", fixture->folder, &ret, &error));
	assert_true(ret);
	OWN(char) char *rekeyed = path_of(fixture, "lab/client-ca-rekeyed.crt");
	OWN(X509) X509 *leaf = NULL;
	assert_true(bundle_certificate(rekeyed, &leaf, &error));
	assert_int_equal(X509_NAME_cmp(X509_get_issuer_name(leaf),
				 X509_get_subject_name(mint_certificate(lab_minted_ca(foreign)))),
		0);
	/* The same name, and not its key. */
	EVP_PKEY *key = X509_get0_pubkey(mint_certificate(lab_minted_ca(foreign)));
	assert_int_not_equal(X509_verify(leaf, key), 1);
}

static void clients_get_the_name_that_a_server_wants(void **state)
{
	struct fixture *fixture = *state;
	OWN(char) char *ca = path_of(fixture, "certs/ca.crt");
	OWN(char) char *ca_key = path_of(fixture, "certs/ca.key");
	struct mint *mint;
	struct error error;
	assert_true(mint_load(ca, ca_key, &mint, &error));
	assert_true(mint_can_sign(mint));
	OWN(lab_minted) struct lab_minted *named = lab_minted_under(mint, "alice");
	bool ret;
	static const struct {
		const char *name, *common_name;
	} rows[] = { { "certs/client", "alice" }, { "lab/client-expired", "alice" },
		{ "certs/server", "localhost" },
		{ "lab/intermediate", "mTLS Lab Intermediate CA" } };
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		OWN(char) char *file = text_format("%s.crt", rows[i].name);
		OWN(char) char *path = path_of(fixture, file);
		OWN(X509) X509 *cert = NULL;
		char text[64];
		assert_true(lab_minted_add(named, rows[i].name, fixture->folder, &ret, &error));
		assert_true(bundle_certificate(path, &cert, &error));
		X509_NAME_get_text_by_NID(
			X509_get_subject_name(cert), NID_commonName, text, sizeof text);
		assert_string_equal(text, rows[i].common_name);
		assert_int_equal(
			X509_verify(cert, X509_get0_pubkey(mint_certificate(lab_minted_ca(named)))),
			1);
	}
}

static void a_key_of_another_certificate_is_refused(void **state)
{
	struct fixture *fixture = *state;
	OWN(char) char *ca = path_of(fixture, "certs/ca.crt");
	OWN(char) char *other = path_of(fixture, "certs/client.key");
	struct mint *mint = NULL;
	struct error error;
	assert_true(made(fixture, "certs/client"));
	assert_false(mint_load(ca, other, &mint, &error));
	assert_int_equal(error.code, CODE_KEY_MISMATCH);
	assert_null(mint);
}

/* ---- A server of one certificate ---- */

static struct audit_listener *listen_as(
	const struct fixture *fixture, const char *name, enum tls_version version)
{
	OWN(char) char *crt = text_format("%s.crt", name);
	OWN(char) char *key = text_format("%s.key", name);
	OWN(char) char *crt_path = path_of(fixture, crt);
	OWN(char) char *key_path = path_of(fixture, key);
	struct audit_listener *listener;
	struct error error;
	assert_true(made(fixture, name));
	if (!audit_listener_new(crt_path, key_path, version, &listener, &error))
		fail_msg("%s", error.text);
	assert_true(audit_listener_port(listener) > 0);
	return listener;
}

/* Asks it for `path` (NULL: a handshake and no more), as a client that trusts the lab's CA. */
static void visit(const struct fixture *fixture, const struct audit_listener *listener,
	const char *path, enum tls_version version, struct probe *ret)
{
	OWN(char) char *ca = path_of(fixture, "certs/ca.crt");
	const char *const trusted[] = { ca };
	OWN(char) char *url = text_format("https://localhost:%d/", audit_listener_port(listener));
	OWN(target) struct target target = { 0 };
	OWN(net_places) struct net_places *places = NULL;
	struct error error;
	assert_true(target_parse(url, NULL, &target, &error));
	assert_true(net_places_find(&target.address, 10000, &places, &error));
	struct tls_options tls = { .ca = trusted,
		.ca_count = 1,
		.version_max = version,
		.verify = { .purpose = PURPOSE_SERVER, .name = target.name, .depth_max = -1 } };
	if (!probe_run(places, &target, &tls, path, 10000, ret, &error))
		fail_msg("%s", error.text);
}

static void a_request_is_counted_and_answered(void **state)
{
	const struct fixture *fixture = *state;
	static const enum tls_version versions[] = { TLS_1_2, TLS_1_3 };
	for (size_t i = 0; i < 2; i++) {
		struct audit_listener *listener = listen_as(fixture, "certs/server", versions[i]);
		OWN(probe) struct probe probe = { .connected = false };
		struct audit_visit seen;
		visit(fixture, listener, "/", TLS_VERSION_ANY, &probe);
		audit_listener_end(listener, &seen);
		assert_int_equal(probe.status, 200);
		assert_non_null(strstr(probe.response.data, "\r\n\r\nok\n"));
		assert_string_equal(probe.outcome.version, i ? "TLSv1.3" : "TLSv1.2");
		assert_int_equal(seen.connections, 1);
		assert_true(seen.finished);
		assert_true(seen.bytes > 20);
		assert_int_equal(seen.alert, -1);
	}
}

static void a_refusal_is_the_clients_alert_and_no_byte(void **state)
{
	const struct fixture *fixture = *state;
	static const struct {
		const char *name;
		int alert;
	} rows[] = { { "lab/server-expired", 45 }, { "lab/server-unknown-ca", 48 },
		{ "lab/server-wrong-eku", 43 }, { "lab/server-name-mismatch", 42 } };
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct audit_listener *listener = listen_as(fixture, rows[i].name, TLS_1_3);
		OWN(probe) struct probe probe = { .connected = false };
		struct audit_visit seen;
		visit(fixture, listener, "/", TLS_VERSION_ANY, &probe);
		assert_true(probe.refused);
		assert_int_equal(probe.outcome.alert_sent, rows[i].alert);
		audit_listener_end(listener, &seen);
		assert_int_equal(seen.connections, 1);
		assert_false(seen.finished);
		assert_int_equal(seen.bytes, 0);
	}
}

static void a_handshake_alone_is_no_request(void **state)
{
	const struct fixture *fixture = *state;
	struct audit_listener *listener = listen_as(fixture, "certs/server", TLS_1_2);
	struct audit_visit seen;
	for (size_t i = 0; i < 3; i++) {
		OWN(probe) struct probe probe = { .connected = false };
		visit(fixture, listener, NULL, TLS_VERSION_ANY, &probe);
		assert_true(probe.finished);
	}
	audit_listener_end(listener, &seen);
	assert_int_equal(seen.connections, 3);
	assert_true(seen.finished);
	assert_int_equal(seen.bytes, 0);
}

static void only_the_asked_version_is_spoken(void **state)
{
	const struct fixture *fixture = *state;
	struct audit_listener *listener = listen_as(fixture, "certs/server", TLS_1_3);
	OWN(probe) struct probe probe = { .connected = false };
	struct audit_visit seen;
	visit(fixture, listener, "/", TLS_1_2, &probe);
	audit_listener_end(listener, &seen);
	assert_int_equal(probe.outcome.alert_received, 70);
	assert_false(seen.finished);
	assert_int_equal(seen.bytes, 0);
}

static void nobody_came_and_files_that_are_missing(void **state)
{
	const struct fixture *fixture = *state;
	struct audit_visit seen;
	struct audit_listener *listener = listen_as(fixture, "certs/server", TLS_1_3);
	struct error error;
	audit_listener_end(listener, &seen);
	assert_int_equal(seen.connections, 0);
	assert_int_equal(seen.alert, -1);
	audit_listener_end(NULL, &seen);
	listener = NULL;
	assert_false(
		audit_listener_new("/nowhere.crt", "/nowhere.key", TLS_1_3, &listener, &error));
	assert_int_equal(error.kind, ERROR_INPUT);
	assert_null(listener);
}

int main(void)
{
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(a_certificate_brings_its_issuers_along),
		WITH_FOLDER(without_its_key_a_ca_mints_nothing_but_lends_its_name),
		WITH_FOLDER(clients_get_the_name_that_a_server_wants),
		WITH_FOLDER(a_key_of_another_certificate_is_refused),
		WITH_FOLDER(a_request_is_counted_and_answered),
		WITH_FOLDER(a_refusal_is_the_clients_alert_and_no_byte),
		WITH_FOLDER(a_handshake_alone_is_no_request),
		WITH_FOLDER(only_the_asked_version_is_spoken),
		WITH_FOLDER(nobody_came_and_files_that_are_missing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
