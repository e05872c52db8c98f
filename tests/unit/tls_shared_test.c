/*
 * What a connection that lives on holds: the certificates of a client that comes again are held
 * once, whoever came in between, and the rest is small.
 */
#include "unit.h"

#include "tls/context.h"
#include "tls_pair.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#define CROWD 40
/* Nearly all of it is OpenSSL's. */
#define IDLE_BYTES_MAX ((size_t)15 << 10)

static struct made *intermediate;
static const char *chain_cert, *chain_key, *other_cert, *other_key;

static int world_make(void **state)
{
	pair_world_make(state);
	intermediate =
		MAKE(ca, .subject = "CN=Between", .key = "P-256#3", .extensions = CA_EXTENSIONS);
	struct made *below =
		MAKE(intermediate, .subject = "CN=below", .extensions = CLIENT_EXTENSIONS);
	struct made *other =
		MAKE(ca, .subject = "CN=other", .key = "P-256#4", .extensions = CLIENT_EXTENSIONS);
	chain_cert = WRITE("below.crt", below->certificate, intermediate->certificate);
	chain_key = certs_write_key("below.key", below->key, NULL);
	other_cert = WRITE("other.crt", other->certificate);
	other_key = certs_write_key("other.key", other->key, NULL);
	return 0;
}

/* One server, and clients of it that each shake hands once. */
struct scene {
	struct tls_context *server;
	struct tls_connection *crowd[CROWD];
	size_t count;
};

static void scene_begin(struct scene *scene)
{
	const struct tls_options options = server_options();
	struct error error;
	*scene = (struct scene){ 0 };
	assert_true(tls_context_new(&options, &scene->server, &error));
}

static void scene_end(struct scene *scene)
{
	while (scene->count)
		tls_connection_free(scene->crowd[--scene->count]);
	tls_context_free(scene->server);
}

/* The server's side stays, the client's is gone; who it was is returned. */
static const struct identity *visit(
	struct scene *scene, const char *cert, const char *key, enum tls_version version)
{
	struct pair pair;
	const struct tls_options server = server_options();
	const struct tls_options client = client_options(cert, key, version);
	pair_contexts(&pair, &server, &client);
	pair.server = tls_connection_new(scene->server);
	pair.client = tls_connection_new(pair.client_context);
	pair_handshake(&pair);
	struct tls_connection *connection = TAKE(pair.server);
	pair_done(&pair);
	assert_true(tls_connection_finished(connection));
	assert_true(tls_connection_outcome(connection)->verified);
	scene->crowd[scene->count++] = connection;
	return tls_connection_identity(connection);
}

static void each_is_who_it_was(void **state)
{
	(void)state;
	const struct {
		const char *cert, *key, *name;
	} clients[] = {
		{ good_cert, good_key, "mtls-client" },
		{ other_cert, other_key, "other" },
		{ chain_cert, chain_key, "below" },
	};
	for (size_t v = 0; v < 2; v++) {
		struct scene scene;
		const struct identity *seen[3] = { NULL };
		scene_begin(&scene);
		for (size_t i = 0; i < 12; i++) {
			const struct identity *who =
				visit(&scene, clients[i % 3].cert, clients[i % 3].key, versions[v]);
			assert_non_null(who);
			assert_string_equal(who->common_name, clients[i % 3].name);
			if (seen[i % 3])
				assert_ptr_equal(who, seen[i % 3]);
			seen[i % 3] = who;
		}
		/* Those that stay are good when the first has gone, whose certificates they share.
		 */
		for (size_t i = 0; i < 3; i++)
			tls_connection_free(TAKE(scene.crowd[i]));
		for (size_t i = 3; i < 12; i++) {
			time_t until = 0;
			struct tls_connection *connection = scene.crowd[i];
			assert_string_equal(tls_connection_identity(connection)->common_name,
				clients[i % 3].name);
			assert_int_equal(
				tls_connection_check(connection, scene.server, NOW, &until),
				CODE_NONE);
			assert_true(until > NOW);
		}
		scene_end(&scene);
	}
}

static void nobody_is_let_in_by_anothers_certificate(void **state)
{
	(void)state;
	for (size_t v = 0; v < 2; v++) {
		struct scene scene;
		struct pair pair;
		struct error error;
		scene_begin(&scene);
		visit(&scene, good_cert, good_key, versions[v]);
		visit(&scene, good_cert, good_key, versions[v]);
		/* The very certificate that is known, and a key that is not its own. */
		const struct tls_options server = server_options();
		struct tls_options thief = client_options(good_cert, other_key, versions[v]);
		pair.client_context = NULL;
		assert_false(tls_context_new(&thief, &pair.client_context, &error));
		assert_int_equal(error.kind, ERROR_INPUT);
		/* Nor one that another CA signed, for the same name. */
		struct made *alike = MAKE(
			other_ca, .subject = "CN=mtls-client", .extensions = CLIENT_EXTENSIONS);
		thief = client_options(WRITE("alike.crt", alike->certificate),
			certs_write_key("alike.key", alike->key, NULL), versions[v]);
		pair_contexts(&pair, &server, &thief);
		pair.server = tls_connection_new(scene.server);
		pair.client = tls_connection_new(pair.client_context);
		pair_handshake(&pair);
		assert_int_equal(pair.server_status, TLS_FAILED);
		assert_int_equal(pair.server_error.code, CODE_CLIENT_UNKNOWN_CA);
		assert_null(tls_connection_identity(pair.server));
		pair_done(&pair);
		scene_end(&scene);
	}
}

/* Half-done handshakes free what they had set aside. */
static void what_breaks_off_leaves_nothing(void **state)
{
	(void)state;
	struct scene scene;
	scene_begin(&scene);
	visit(&scene, good_cert, good_key, TLS_1_3);
	const struct tls_options server = server_options();
	const struct tls_options client = client_options(good_cert, good_key, TLS_1_3);
	for (size_t left_out = 1; left_out < 80; left_out += 13) {
		struct pair pair;
		size_t count;
		struct error error;
		pair_contexts(&pair, &server, &client);
		pair.server = tls_connection_new(scene.server);
		pair.client = tls_connection_new(pair.client_context);
		pair.client_status = tls_connection_input(pair.client, NULL, 0, &error);
		move(&pair, pair.client, pair.server, &pair.server_status, &error);
		move(&pair, pair.server, pair.client, &pair.client_status, &error);
		/* All of the client's certificate, not all of what follows it. */
		const char *bytes = tls_connection_output(pair.client, &count);
		assert_true(count > left_out);
		assert_int_equal(tls_connection_input(pair.server, bytes, count - left_out, &error),
			TLS_WANT_INPUT);
		pair_done(&pair);
	}
	scene_end(&scene);
}

static SSL *seen;

static void see(const SSL *ssl, const char *line)
{
	(void)line;
	seen = (SSL *)ssl;
}

/* The provider's part is the key; without it the object is a name. */
static void assert_empty(EVP_PKEY *key)
{
	unsigned char raw[64];
	size_t raw_bytes = sizeof raw;
	assert_null(EVP_PKEY_get0_provider(key));
	if (EVP_PKEY_is_a(key, "X25519"))
		assert_int_equal(EVP_PKEY_get_raw_private_key(key, raw, &raw_bytes), 0);
	EVP_PKEY_free(key);
	ERR_clear_error();
}

/* Whoever reads a server's memory finds no key that would open what was recorded before. */
static void what_the_keys_came_from_is_gone(void **state)
{
	(void)state;
	static const char *const groups[] = { "X25519:P-256", "P-256" };
	for (size_t v = 0; v < 2; v++)
		for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
			struct pair pair;
			struct error error;
			EVP_PKEY *ours = NULL, *theirs = NULL;
			char said[8];
			size_t count = 0;
			struct tls_options server = server_options();
			const struct tls_options client =
				client_options(good_cert, good_key, versions[v]);
			server.groups = groups[i];
			pair_contexts(&pair, &server, &client);
			SSL_CTX_set_keylog_callback(pair.server_context->ssl, see);
			pair.server = tls_connection_new(pair.server_context);
			pair.client = tls_connection_new(pair.client_context);
			pair_handshake(&pair);
			assert_true(tls_connection_finished(pair.server));
			/* TLS 1.2's server lets go of them by itself. */
			bool held = SSL_get_tmp_key(seen, &ours) == 1;
			assert_int_equal(held, versions[v] == TLS_1_3);
			if (held) {
				assert_empty(ours);
				assert_int_equal(SSL_get_peer_tmp_key(seen, &theirs), 1);
				assert_empty(theirs);
			}
			assert_true(tls_connection_write(pair.server, "still", 5, &error));
			move(&pair, pair.server, pair.client, &pair.client_status, &error);
			assert_int_equal(
				tls_connection_read(pair.client, said, sizeof said, &count, &error),
				TLS_READY);
			assert_memory_equal(said, "still", 5);
			pair_done(&pair);
		}
}

static size_t memory_in_use(void)
{
#ifdef __GLIBC__
	return mallinfo2().uordblks; /* 0 where another allocator stands in */
#else
	return 0;
#endif
}

static void idle_connections_are_small(void **state)
{
	(void)state;
	for (size_t v = 0; v < 2; v++) {
		struct scene scene;
		size_t before = 0;
		scene_begin(&scene);
		for (size_t i = 0; i < CROWD; i++) {
			if (i == CROWD / 2)
				before = memory_in_use();
			visit(&scene, good_cert, good_key, versions[v]);
		}
		size_t each = (memory_in_use() - before) / (CROWD / 2);
		if (each > IDLE_BYTES_MAX)
			fail_msg("a connection holds %zu bytes", each);
		scene_end(&scene);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_who_it_was),
		cmocka_unit_test(nobody_is_let_in_by_anothers_certificate),
		cmocka_unit_test(what_breaks_off_leaves_nothing),
		cmocka_unit_test(what_the_keys_came_from_is_gone),
		cmocka_unit_test(idle_connections_are_small),
	};
	return cmocka_run_group_tests(tests, world_make, certs_end);
}
