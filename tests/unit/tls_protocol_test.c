/*
 * What two sides agree on, or why they cannot: versions, ciphers, groups, application protocols,
 * whether a certificate is wanted, how large it may be, and whose key it is.
 */
#include "tls_pair.h"

#include "tls/context.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>

#define ANY TLS_VERSION_ANY
#define OLD "DEFAULT@SECLEVEL=0" /* the guard lowered by hand */

/* What a row expects of a handshake: success, or the server's refusal with that code and alert. */
struct expected {
	enum code code;
	int alert;
};

static void expect(const char *what, const struct pair *pair, const struct expected *expected)
{
	const struct tls_outcome *server = tls_connection_outcome(pair->server);
	const struct tls_outcome *client = tls_connection_outcome(pair->client);
	if (expected->code == CODE_NONE) {
		if (!server->finished || !client->finished || pair->server_status == TLS_FAILED)
			fail_msg("%s: server: %s; client: %s", what, pair->server_error.text,
				pair->client_error.text);
		return;
	}
	if (pair->server_status != TLS_FAILED || pair->server_error.code != expected->code ||
		pair->server_error.kind != ERROR_REFUSED_BY_US ||
		server->alert_sent != expected->alert)
		fail_msg("%s: code '%s', alert %d: %s", what, code_name(pair->server_error.code),
			server->alert_sent, pair->server_error.text);
	if (pair->client_status != TLS_FAILED || client->alert_received != expected->alert ||
		pair->client_error.kind != ERROR_REFUSED_BY_PEER)
		fail_msg("%s: the client heard alert %d: %s", what, client->alert_received,
			pair->client_error.text);
}

static void versions_meet_or_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		enum tls_version server[2], client[2]; /* lowest, highest */
		const char *ciphers, *agreed;
		struct expected expected;
	} rows[] = {
		{ "both new", { ANY, ANY }, { ANY, ANY }, NULL, "TLSv1.3", { 0 } },
		{ "a server of 1.2", { ANY, TLS_1_2 }, { ANY, ANY }, NULL, "TLSv1.2", { 0 } },
		{ "a client of 1.2", { ANY, ANY }, { ANY, TLS_1_2 }, NULL, "TLSv1.2", { 0 } },
		{ "1.3 alone", { TLS_1_3, TLS_1_3 }, { TLS_1_3, ANY }, NULL, "TLSv1.3", { 0 } },
		{ "1.2 for a server of 1.3", { TLS_1_3, ANY }, { ANY, TLS_1_2 }, NULL, NULL,
			{ CODE_TLS_VERSION, 70 } },
		{ "1.3 for a server of 1.2", { ANY, TLS_1_2 }, { TLS_1_3, ANY }, NULL, NULL,
			{ CODE_TLS_VERSION, 70 } },
		{ "1.1 for a server of ours", { ANY, ANY }, { TLS_1_1, TLS_1_1 }, OLD, NULL,
			{ CODE_TLS_VERSION, 70 } },
		{ "1.0 for a server of 1.1", { TLS_1_1, TLS_1_1 }, { TLS_1_0, TLS_1_0 }, OLD, NULL,
			{ CODE_TLS_VERSION, 70 } },
		{ "1.1 where both insist", { TLS_1_1, TLS_1_1 }, { TLS_1_1, TLS_1_1 }, OLD,
			"TLSv1.1", { 0 } },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct pair pair;
		struct tls_options server = server_options(),
				   client = client_options(good_cert, good_key, rows[i].client[1]);
		client.version_min = rows[i].client[0];
		server.version_min = rows[i].server[0];
		server.version_max = rows[i].server[1];
		client.ciphers = server.ciphers = rows[i].ciphers;
		pair_init(&pair, &server, &client);
		pair_handshake(&pair);
		expect(rows[i].what, &pair, &rows[i].expected);
		if (rows[i].agreed) {
			assert_string_equal(
				tls_connection_outcome(pair.server)->version, rows[i].agreed);
			assert_string_equal(
				tls_connection_outcome(pair.client)->version, rows[i].agreed);
		}
		pair_done(&pair);
	}
}

static void ciphers_meet_or_are_refused(void **state)
{
	(void)state;
	static const struct expected none = { CODE_TLS_NO_SHARED_CIPHER, 40 };
	static const struct {
		const char *what, *server, *client;
		enum tls_version version;
		const char *agreed; /* NULL: refused */
	} rows[] = {
		{ "our own", NULL, NULL, TLS_1_3, "TLS_AES_128_GCM_SHA256" },
		{ "our own, 1.2", NULL, NULL, TLS_1_2, "ECDHE-ECDSA-AES128-GCM-SHA256" },
		{ "the server's one", "TLS_AES_256_GCM_SHA384", NULL, TLS_1_3,
			"TLS_AES_256_GCM_SHA384" },
		{ "the client's one", NULL, "TLS_CHACHA20_POLY1305_SHA256", TLS_1_3,
			"TLS_CHACHA20_POLY1305_SHA256" },
		{ "the server's order counts",
			"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384",
			"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305", TLS_1_2,
			"ECDHE-ECDSA-CHACHA20-POLY1305" },
		{ "a list of 1.2 leaves 1.3 as it is", "ECDHE-ECDSA-AES256-GCM-SHA384", NULL,
			TLS_1_3, "TLS_AES_128_GCM_SHA256" },
		{ "and the other way about", "TLS_AES_256_GCM_SHA384", NULL, TLS_1_2,
			"ECDHE-ECDSA-AES128-GCM-SHA256" },
		{ "nothing in common", "TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", TLS_1_3,
			NULL },
		{ "nothing in common, 1.2", "ECDHE-ECDSA-AES256-GCM-SHA384",
			"ECDHE-ECDSA-AES128-GCM-SHA256", TLS_1_2, NULL },
		{ "RSA alone, with a certificate of ECDSA", "ECDHE-RSA-AES128-GCM-SHA256", NULL,
			TLS_1_2, NULL },
		{ "no forward secrecy by default", NULL, "AES128-GCM-SHA256", TLS_1_2, NULL },
		{ "no CBC by default", NULL, "ECDHE-ECDSA-AES128-SHA256", TLS_1_2, NULL },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct pair pair;
		struct tls_options server = server_options(),
				   client = client_options(good_cert, good_key, rows[i].version);
		server.ciphers = rows[i].server;
		client.ciphers = rows[i].client;
		pair_init(&pair, &server, &client);
		pair_handshake(&pair);
		expect(rows[i].what, &pair, rows[i].agreed ? &(struct expected){ 0 } : &none);
		if (rows[i].agreed &&
			strcmp(tls_connection_outcome(pair.server)->cipher, rows[i].agreed) != 0)
			fail_msg("%s: %s", rows[i].what,
				tls_connection_outcome(pair.server)->cipher);
		pair_done(&pair);
	}
}

static void groups_meet_or_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *what, *server, *client;
		enum tls_version version;
		struct expected expected;
	} rows[] = {
		{ "the same", "P-256", "P-256", TLS_1_3, { 0 } },
		{ "the client's second, after another hello", "P-256", "X25519:P-256", TLS_1_3,
			{ 0 } },
		{ "the client's second, 1.2", "P-256", "X25519:P-256", TLS_1_2, { 0 } },
		{ "none", "P-256", "X25519", TLS_1_3, { CODE_TLS_NO_SHARED_GROUP, 40 } },
		/* On 1.2 the group is part of the cipher, and OpenSSL says no more than that. */
		{ "none, 1.2", "P-384", "P-256", TLS_1_2, { CODE_TLS_NO_SHARED_CIPHER, 40 } },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct pair pair;
		struct tls_options server = server_options(),
				   client = client_options(good_cert, good_key, rows[i].version);
		pair_contexts(&pair, &server, &client);
		assert_true(SSL_CTX_set1_groups_list(pair.server_context->ssl, rows[i].server));
		assert_true(SSL_CTX_set1_groups_list(pair.client_context->ssl, rows[i].client));
		pair_connect(&pair);
		pair_handshake(&pair);
		expect(rows[i].what, &pair, &rows[i].expected);
		pair_done(&pair);
	}
}

static void application_protocols_meet_or_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *what, *server, *client, *agreed;
		struct expected expected;
	} rows[] = {
		{ "the one", "http/1.1", "http/1.1", "http/1.1", { 0 } },
		{ "one of two", "http/1.1", "h2,http/1.1", "http/1.1", { 0 } },
		{ "the server's order counts", "http/1.1,h2", "h2,http/1.1", "http/1.1", { 0 } },
		{ "the client offers none", "http/1.1", NULL, "", { 0 } },
		{ "the server knows none", NULL, "h2", "", { 0 } },
		{ "none in common", "http/1.1", "h2", NULL, { CODE_ALPN_MISMATCH, 120 } },
		{ "a longer name is another", "http/1.1", "http/1.1x", NULL,
			{ CODE_ALPN_MISMATCH, 120 } },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (size_t v = 0; v < 2; v++) {
			struct pair pair;
			struct tls_options server = server_options(),
					   client =
						   client_options(good_cert, good_key, versions[v]);
			server.alpn = rows[i].server;
			client.alpn = rows[i].client;
			pair_init(&pair, &server, &client);
			pair_handshake(&pair);
			expect(rows[i].what, &pair, &rows[i].expected);
			if (rows[i].agreed)
				assert_string_equal(
					tls_connection_outcome(pair.server)->alpn, rows[i].agreed);
			pair_done(&pair);
		}
}

/* Whom each mode lets in, and what it then knows of the client. */
static void modes_decide_who_needs_a_certificate(void **state)
{
	(void)state;
	struct made *stranger =
		MAKE(other_ca, .subject = "CN=stranger", .extensions = CLIENT_EXTENSIONS);
	const char *bad = WRITE("stranger.crt", stranger->certificate);
	const struct {
		const char *what;
		enum tls_verify mode;
		const char *cert;
		bool asked, known;
		enum code code;
	} rows[] = {
		{ "required and good", TLS_VERIFY_REQUIRED, good_cert, true, true, CODE_NONE },
		{ "required and bad", TLS_VERIFY_REQUIRED, bad, true, false,
			CODE_CLIENT_UNKNOWN_CA },
		{ "required and none", TLS_VERIFY_REQUIRED, NULL, true, false,
			CODE_NO_CLIENT_CERTIFICATE },
		{ "optional and good", TLS_VERIFY_OPTIONAL, good_cert, true, true, CODE_NONE },
		{ "optional and none", TLS_VERIFY_OPTIONAL, NULL, true, false, CODE_NONE },
		{ "optional and bad", TLS_VERIFY_OPTIONAL, bad, true, false,
			CODE_CLIENT_UNKNOWN_CA },
		{ "not asked, and good", TLS_VERIFY_NONE, good_cert, false, false, CODE_NONE },
		{ "not asked, and bad", TLS_VERIFY_NONE, bad, false, false, CODE_NONE },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (size_t v = 0; v < 2; v++) {
			struct pair pair;
			const struct code_info *info = code_info(rows[i].code);
			struct tls_options server = server_options(),
					   client = client_options(rows[i].cert,
						   rows[i].cert ? good_key : NULL, versions[v]);
			server.verify_mode = rows[i].mode;
			pair_init(&pair, &server, &client);
			pair_handshake(&pair);
			expect(rows[i].what, &pair,
				&(struct expected){
					rows[i].code, v ? info->alert13 : info->alert12 });
			const struct tls_outcome *seen = tls_connection_outcome(pair.server);
			assert_int_equal(seen->certificate_requested, rows[i].asked);
			assert_int_equal(tls_connection_outcome(pair.client)->certificate_sent,
				rows[i].asked && rows[i].cert);
			const struct identity *who = tls_connection_identity(pair.server);
			assert_int_equal(who != NULL, rows[i].known);
			if (who)
				assert_string_equal(who->common_name, "mtls-client");
			pair_done(&pair);
		}
}

/* A certificate with an extension of that many bytes. */
static const char *swollen(size_t bytes, const char *name)
{
	OWN(buffer) struct buffer line = BUFFER((size_t)1 << 20);
	struct error error;
	assert_true(buffer_text(&line, "1.2.3.4.5=DER:", &error));
	for (size_t i = 0; i < bytes; i++)
		assert_true(buffer_text(&line, "00", &error));
	struct spec spec = { .subject = "CN=mtls-client", .extensions = CLIENT_EXTENSIONS };
	spec.extensions[5] = line.data;
	return WRITE(name, certs_make(ca, &spec)->certificate);
}

static void certificates_have_a_largest_size(void **state)
{
	(void)state;
	const char *large = swollen(60000, "large.crt"), *huge = swollen(66000, "huge.crt");
	for (size_t v = 0; v < 2; v++) {
		struct pair pair;
		struct tls_options server = server_options(),
				   client = client_options(large, good_key, versions[v]);
		pair_init(&pair, &server, &client);
		pair_handshake(&pair);
		expect("60,000 bytes", &pair, &(struct expected){ 0 });
		pair_done(&pair);
		client.cert = huge;
		pair_init(&pair, &server, &client);
		pair_handshake(&pair);
		expect("66,000 bytes", &pair, &(struct expected){ CODE_CHAIN_TOO_LARGE, 47 });
		pair_done(&pair);
	}
}

/* The leaf and 32 others are taken, and one more is not. */
static void certificates_have_a_largest_number(void **state)
{
	(void)state;
	struct made *leaf = MAKE(ca, .subject = "CN=mtls-client", .extensions = CLIENT_EXTENSIONS);
	X509 *chain[35] = { leaf->certificate };
	for (size_t i = 1; i < 34; i++)
		chain[i] = other_ca->certificate;
	chain[33] = leaf->certificate; /* no root, or it would not be sent */
	const char *many = certs_write("many.crt", chain);
	chain[32] = leaf->certificate;
	chain[33] = NULL;
	const char *most = certs_write("most.crt", chain);
	for (size_t v = 0; v < 2; v++) {
		struct pair pair;
		struct tls_options server = server_options(),
				   client = client_options(most, good_key, versions[v]);
		pair_init(&pair, &server, &client);
		pair_handshake(&pair);
		expect("33 certificates", &pair, &(struct expected){ 0 });
		pair_done(&pair);
		client.cert = many;
		pair_init(&pair, &server, &client);
		pair_handshake(&pair);
		expect("34 certificates", &pair, &(struct expected){ CODE_CHAIN_TOO_MANY, 42 });
		assert_non_null(strstr(pair.server_error.text, "34 certificates; at most 33, of "));
		pair_done(&pair);
	}
}

/* A client that has a certificate of a kind that the server takes no signature of sends none. */
static void a_key_of_the_wrong_kind_is_told_apart(void **state)
{
	(void)state;
	for (size_t v = 0; v < 2; v++) {
		struct pair pair;
		struct tls_options server = server_options(),
				   client = client_options(good_cert, good_key, versions[v]);
		pair_contexts(&pair, &server, &client);
		assert_true(SSL_CTX_set1_client_sigalgs_list(
			pair.server_context->ssl, "RSA-PSS+SHA256:RSA+SHA256"));
		if (!v) /* 1.2 also says which kinds of certificate it takes */
			assert_true(SSL_CTX_set1_client_certificate_types(
				pair.server_context->ssl, (const unsigned char *)"\x01", 1));
		pair_connect(&pair);
		pair_handshake(&pair);
		expect("RSA alone", &pair,
			&(struct expected){ CODE_NO_CLIENT_CERTIFICATE, v ? 116 : 40 });
		assert_int_equal(pair.client_error.code, CODE_CLIENT_KEY_TYPE);
		assert_false(tls_connection_outcome(pair.client)->certificate_sent);
		pair_done(&pair);
	}
}

/* A key that says to be the certificate's and is not: its public half was copied. */
static EVP_PKEY *forge(const EVP_PKEY *shown, const EVP_PKEY *used)
{
	unsigned char point[256];
	size_t bytes;
	BIGNUM *secret = NULL;
	EVP_PKEY *forged = NULL;
	assert_true(EVP_PKEY_get_octet_string_param(
		shown, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &bytes));
	assert_true(EVP_PKEY_get_bn_param(used, OSSL_PKEY_PARAM_PRIV_KEY, &secret));
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
	OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, bytes);
	OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, secret);
	OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
	assert_int_equal(EVP_PKEY_fromdata(context, &forged, EVP_PKEY_KEYPAIR, parameters), 1);
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(builder);
	BN_clear_free(secret);
	return forged;
}

static void a_certificate_without_its_key_is_worth_nothing(void **state)
{
	(void)state;
	EVP_PKEY *forged = forge(certs_key(NULL), certs_key("P-256#9"));
	const char *key = certs_write_key("forged.key", forged, NULL);
	for (size_t v = 0; v < 2; v++) {
		struct pair pair;
		struct tls_options server = server_options(),
				   client = client_options(good_cert, key, versions[v]);
		pair_init(&pair, &server, &client);
		pair_handshake(&pair);
		expect("a stolen certificate", &pair,
			&(struct expected){ CODE_CLIENT_NO_POSSESSION, 51 });
		/* The certificate itself was good: it is the proof that was not. */
		assert_true(tls_connection_outcome(pair.server)->verified);
		assert_null(tls_connection_identity(pair.server));
		pair_done(&pair);
	}
	EVP_PKEY_free(forged);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_meet_or_are_refused),
		cmocka_unit_test(ciphers_meet_or_are_refused),
		cmocka_unit_test(groups_meet_or_are_refused),
		cmocka_unit_test(application_protocols_meet_or_are_refused),
		cmocka_unit_test(modes_decide_who_needs_a_certificate),
		cmocka_unit_test(certificates_have_a_largest_size),
		cmocka_unit_test(certificates_have_a_largest_number),
		cmocka_unit_test(a_key_of_the_wrong_kind_is_told_apart),
		cmocka_unit_test(a_certificate_without_its_key_is_worth_nothing),
	};
	return cmocka_run_group_tests(tests, pair_world_make, certs_end);
}
