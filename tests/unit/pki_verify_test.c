/* The leaf of a verified chain: role, names, limits; and the verifier's own interface. */
#include "verify_rows.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

static void refuses_weak_cryptography(void **state)
{
	(void)state;
	ROW("a SHA-1 signature", 68, CODE_CLIENT_WEAK_DIGEST, 68,
		.leaf = MAKE(world.root, .subject = "CN=a client", .digest = "sha1",
			.extensions = CLIENT_EXTENSIONS),
		.purpose = PURPOSE_CLIENT);
	ROW("an RSA-1024 key", 66, CODE_SERVER_WEAK_KEY, 66,
		.leaf = MAKE(world.root, .subject = "CN=localhost", .key = "rsa:1024",
			.extensions = SERVER_EXTENSIONS),
		.purpose = PURPOSE_SERVER);
	ROW("an RSA-1024 intermediate", 67, CODE_CLIENT_WEAK_KEY, 67,
		.leaf = client(world.weak_sub), .sent = { world.weak_sub },
		.purpose = PURPOSE_CLIENT);
}

static void refuses_what_is_not_meant_for_the_role(void **state)
{
	(void)state;
	struct made *any = MAKE(world.root, .subject = "CN=a client",
		.extensions = {
			"authorityKeyIdentifier=keyid", "extendedKeyUsage=anyExtendedKeyUsage" });
	struct made *none = MAKE(world.root, .subject = "CN=localhost",
		.extensions = { "authorityKeyIdentifier=keyid", "subjectAltName=DNS:localhost" });
	struct made *encipher = MAKE(world.root, .subject = "CN=localhost",
		.extensions = { "authorityKeyIdentifier=keyid", "keyUsage=critical,keyEncipherment",
			"extendedKeyUsage=serverAuth,clientAuth", "subjectAltName=DNS:localhost" });
	struct made *agree = MAKE(world.root, .subject = "CN=a client",
		.extensions = { "authorityKeyIdentifier=keyid", "keyUsage=critical,keyAgreement",
			"extendedKeyUsage=clientAuth" });
	struct made *v1 = MAKE(world.root, .subject = "CN=old", .v1 = true);
	ROW("a server as a client", 26, CODE_CLIENT_WRONG_EKU, 26, .leaf = server(world.root),
		.purpose = PURPOSE_CLIENT);
	ROW("a client as a server", 26, CODE_SERVER_WRONG_EKU, 26, .leaf = client(world.root),
		.purpose = PURPOSE_SERVER);
	ROW("anyExtendedKeyUsage is not clientAuth", 26, CODE_CLIENT_WRONG_EKU, 26, .leaf = any,
		.purpose = PURPOSE_CLIENT);
	ROW("nor serverAuth", 26, CODE_SERVER_WRONG_EKU, 26, .leaf = any,
		.purpose = PURPOSE_SERVER);
	ROW("a client without EKU", 0, CODE_CLIENT_NO_EKU, 26, .leaf = none,
		.purpose = PURPOSE_CLIENT);
	ROW("a server without EKU", 0, CODE_NONE, 0, .leaf = none, .purpose = PURPOSE_SERVER);
	ROW("a client that cannot sign", 26, CODE_CLIENT_WRONG_KEY_USAGE, 26, .leaf = encipher,
		.purpose = PURPOSE_CLIENT);
	ROW("a client that can only agree on keys", 0, CODE_CLIENT_WRONG_KEY_USAGE, 26,
		.leaf = agree, .purpose = PURPOSE_CLIENT);
	ROW("a server that cannot sign", 0, CODE_SERVER_WRONG_KEY_USAGE, 26, .leaf = encipher,
		.purpose = PURPOSE_SERVER);
	ROW("a CA as a client", 26, CODE_CLIENT_IS_CA, 26, .leaf = world.sub,
		.purpose = PURPOSE_CLIENT);
	ROW("a CA as a client that may sign", 0, CODE_CLIENT_IS_CA, 26,
		.leaf = MAKE(world.root, .subject = "CN=both",
			.extensions = { "authorityKeyIdentifier=keyid",
				"basicConstraints=critical,CA:TRUE",
				"keyUsage=critical,digitalSignature,keyCertSign",
				"extendedKeyUsage=clientAuth" }),
		.purpose = PURPOSE_CLIENT);
	ROW("a CA as a server", 26, CODE_SERVER_IS_CA, 26, .leaf = world.sub,
		.purpose = PURPOSE_SERVER);
	ROW("a version 1 client", 0, CODE_CLIENT_V1, 26, .leaf = v1, .purpose = PURPOSE_CLIENT);
	ROW("a version 1 server", 0, CODE_SERVER_V1, 26, .leaf = v1, .purpose = PURPOSE_SERVER);
	ROW("a version 1 server asked by name", 62, CODE_SERVER_V1, 26, .leaf = v1,
		.purpose = PURPOSE_SERVER, .name = "DNS:localhost");
	ROW("a version 1 leaf of no role", 0, CODE_CLIENT_V1, 26, .leaf = v1);
}

static void eku_option_moves_the_line(void **state)
{
	(void)state;
	struct made *none = MAKE(world.root, .subject = "CN=localhost",
		.extensions = { "authorityKeyIdentifier=keyid", "subjectAltName=DNS:localhost" });
	struct question q = { .leaf = none, .purpose = PURPOSE_CLIENT, .eku = EKU_STANDARD };
	expect("standard takes a client without", &q, PROFILE_MTLS, CODE_NONE, 0);
	q.purpose = PURPOSE_SERVER;
	expect("and a server without", &q, PROFILE_MTLS, CODE_NONE, 0);
	q.eku = EKU_STRICT;
	expect("strict refuses a server without", &q, PROFILE_MTLS, CODE_SERVER_NO_EKU, 26);
	q.purpose = PURPOSE_CLIENT;
	expect("and a client without", &q, PROFILE_MTLS, CODE_CLIENT_NO_EKU, 26);
	q.leaf = server(world.root);
	q.eku = EKU_STANDARD;
	expect("standard still refuses a wrong one", &q, PROFILE_MTLS, CODE_CLIENT_WRONG_EKU, 26);
}

static void names_come_from_the_san_alone(void **state)
{
	(void)state;
	struct made *no_san = MAKE(world.root, .subject = "CN=localhost",
		.extensions = { "authorityKeyIdentifier=keyid", "extendedKeyUsage=serverAuth" });
	struct made *wild = MAKE(world.root, .subject = "CN=w",
		.extensions = { "authorityKeyIdentifier=keyid", "extendedKeyUsage=serverAuth",
			"subjectAltName=DNS:*.example.com,DNS:f*.example.org" });
	struct made *address = MAKE(world.root, .subject = "CN=localhost",
		.extensions = { "authorityKeyIdentifier=keyid", "extendedKeyUsage=serverAuth",
			"subjectAltName=IP:127.0.0.1" });
	struct made *mail = MAKE(world.root, .subject = "CN=m/emailAddress=a@example.com",
		.extensions = { "authorityKeyIdentifier=keyid", "extendedKeyUsage=clientAuth" });
	ROW("another name", 62, CODE_SERVER_NAME_MISMATCH, 62, .leaf = server(world.root),
		.purpose = PURPOSE_SERVER, .name = "DNS:other.example");
	ROW("another address", 64, CODE_SERVER_NAME_MISMATCH, 64, .leaf = server(world.root),
		.purpose = PURPOSE_SERVER, .name = "IP:127.0.0.2");
	ROW("a common name only", 0, CODE_SERVER_NO_SAN, 62, .leaf = no_san,
		.purpose = PURPOSE_SERVER, .name = "DNS:localhost");
	ROW("an address only, asked by name", 62, CODE_SERVER_NAME_MISMATCH, 62, .leaf = address,
		.purpose = PURPOSE_SERVER, .name = "DNS:localhost.example");
	ROW("a wildcard", 0, CODE_NONE, 0, .leaf = wild, .purpose = PURPOSE_SERVER,
		.name = "DNS:a.example.com");
	ROW("a wildcard is one label", 62, CODE_SERVER_NAME_MISMATCH, 62, .leaf = wild,
		.purpose = PURPOSE_SERVER, .name = "DNS:a.b.example.com");
	ROW("half a label", 0, CODE_SERVER_NAME_MISMATCH, 62, .leaf = wild,
		.purpose = PURPOSE_SERVER, .name = "DNS:foo.example.org");
	ROW("an address in the subject", 0, CODE_CLIENT_NAME_MISMATCH, 63, .leaf = mail,
		.purpose = PURPOSE_CLIENT, .name = "email:a@example.com");
}

static void asked_names_are_taken_apart(void **state)
{
	(void)state;
	struct error error;
	struct question q = { .leaf = server(world.root), .purpose = PURPOSE_SERVER };
	q.name = "localhost";
	expect("a bare name", &q, PROFILE_MTLS, CODE_NONE, 0);
	q.name = "127.0.0.1";
	expect("a bare address", &q, PROFILE_MTLS, CODE_NONE, 0);
	q.name = "dns:LOCALHOST.";
	expect("an absolute one in capitals", &q, PROFILE_MTLS, CODE_NONE, 0);
	q.name = "DNS:127.0.0.1";
	expect("an address is no DNS name", &q, PROFILE_MTLS, CODE_SERVER_NAME_MISMATCH, 62);
	q.name = "DNS:.localhost";
	expect("no name at all", &q, PROFILE_MTLS, CODE_SERVER_NAME_MISMATCH, 62);
	assert_true(verify_name_check("IP:::1", &error));
	assert_true(verify_name_check("email:a@b", &error));
	assert_false(verify_name_check("DNS:.localhost", &error));
	assert_int_equal(error.kind, ERROR_USAGE);
	assert_string_equal(
		error.text, "cannot look for the name 'DNS:.localhost': it is no DNS name");
	assert_false(verify_name_check("IP:1.2.3", &error));
	assert_string_equal(error.text, "cannot look for the name 'IP:1.2.3': it is no IP address");
	assert_false(verify_name_check("email:a", &error));
	assert_string_equal(
		error.text, "cannot look for the name 'email:a': it is no e-mail address");
	assert_false(verify_name_check("a\nb", &error));
	assert_string_equal(error.text, "cannot look for the name 'a\\x0ab': it is no DNS name");
	char many[300];
	memset(many, 'a', sizeof many - 1);
	many[sizeof many - 1] = 0;
	assert_false(verify_name_check(many, &error));
}

static void result_names_the_certificate(void **state)
{
	(void)state;
	struct question q = { .leaf = client(world.sub_no_clients),
		.sent = { world.sub_no_clients },
		.purpose = PURPOSE_CLIENT };
	struct verify_result result = ask(&q, PROFILE_MTLS);
	assert_int_equal(result.depth, 1);
	assert_string_equal(result.subject, "CN=Servers Only CA");
	assert_string_equal(result.issuer, "CN=Test Lab Root CA");
	assert_non_null(strstr(result.why, "certificate 'CN=Servers Only CA' (serial "));
	q = (struct question){ .leaf = MAKE(world.other_root, .subject = "CN=a\nb\\c",
				       .extensions = CLIENT_EXTENSIONS),
		.purpose = PURPOSE_CLIENT };
	result = ask(&q, PROFILE_MTLS);
	assert_null(strchr(result.subject, '\n'));
	assert_null(strchr(result.why, '\n'));
	q = (struct question){ .leaf = client(world.root), .purpose = PURPOSE_CLIENT };
	result = ask(&q, PROFILE_MTLS);
	assert_int_equal(result.depth, -1);
	assert_string_equal(result.subject, "CN=a client");
	assert_string_equal(result.why, "");
}

static void large_input_is_refused_unread(void **state)
{
	(void)state;
	/* A number of 8200 bits that is nobody's key: making one would take a minute. */
	unsigned char modulus[1025] = { [0] = 1, [1024] = 0x80 };
	unsigned int exponent = 65537;
	OSSL_PARAM parameters[] = { OSSL_PARAM_construct_BN("n", modulus, sizeof modulus),
		OSSL_PARAM_construct_uint("e", &exponent), OSSL_PARAM_construct_end() };
	EVP_PKEY *large = NULL;
	EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY_fromdata_init(maker);
	assert_true(EVP_PKEY_fromdata(maker, &large, EVP_PKEY_PUBLIC_KEY, parameters) > 0);
	EVP_PKEY_CTX_free(maker);
	X509 *x = X509_dup(client(world.root)->certificate);
	X509_set_pubkey(x, large);
	X509_sign(x, world.root->key, EVP_sha256());
	struct made one = { .certificate = x };
	struct question q = { .leaf = &one, .purpose = PURPOSE_CLIENT };
	expect("an RSA key of 8200 bits", &q, PROFILE_MTLS, CODE_KEY_TOO_LARGE, 28);
	assert_true(ask(&q, PROFILE_OPENSSL).ok);
	q = (struct question){
		.leaf = client(world.root), .sent = { &one }, .purpose = PURPOSE_CLIENT
	};
	expect("one among those sent", &q, PROFILE_MTLS, CODE_KEY_TOO_LARGE, 28);
	assert_string_equal(ask(&q, PROFILE_MTLS).subject, "CN=a client");
	X509_free(x);
	EVP_PKEY_free(large);
}

/* As a server asks, where nothing else is said. */
static const struct verify_options as_client = {
	.profile = PROFILE_MTLS, .purpose = PURPOSE_CLIENT, .at = NOW, .depth_max = -1
};

static struct trust *trust_in_world(void)
{
	struct error error;
	struct trust *trust = NULL;
	assert_true(trust_load(&world.ca, 1, NULL, 0, &trust, &error));
	return trust;
}

static void too_many_certificates_are_refused(void **state)
{
	(void)state;
	struct verify_result result;
	OWN(trust) struct trust *trust = trust_in_world();
	STACK_OF(X509) *sent = sk_X509_new_null();
	for (int i = 0; i < 32; i++)
		sk_X509_push(sent, world.sub->certificate);
	verify_leaf(trust, client(world.root)->certificate, sent, &as_client, &result);
	assert_true(result.ok);
	sk_X509_push(sent, world.sub->certificate);
	verify_leaf(trust, client(world.root)->certificate, sent, &as_client, &result);
	assert_int_equal(result.code, CODE_CHAIN_TOO_MANY);
	sk_X509_free(sent);
}

/* An intermediate with an extension of so many bytes that nobody knows. */
static X509 *large_sub(size_t bytes)
{
	static char line[2 * 102400 + 32];
	size_t before = (size_t)snprintf(line, sizeof line, "1.2.3.4.5=DER:");
	memset(line + before, '0', bytes * 2);
	line[before + bytes * 2] = 0;
	return MAKE(world.root, .subject = "CN=Large", .extensions = { line })->certificate;
}

/* Few certificates of many bytes: 100 KiB of them are taken, names and signatures included. */
static void too_many_bytes_are_refused(void **state)
{
	(void)state;
	struct verify_result result;
	OWN(trust) struct trust *trust = trust_in_world();
	static const struct {
		size_t bytes;
		enum code code;
	} rows[] = { { 101400, CODE_NONE }, { 102400, CODE_CHAIN_TOO_LARGE } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		STACK_OF(X509) *sent = sk_X509_new_null();
		sk_X509_push(sent, large_sub(rows[i].bytes));
		verify_leaf(trust, client(world.root)->certificate, sent, &as_client, &result);
		assert_int_equal(result.code, rows[i].code);
		sk_X509_free(sent);
	}
}

static void handshake_leaves_error_and_chain(void **state)
{
	(void)state;
	struct verify_result result;
	OWN(trust) struct trust *trust = trust_in_world();
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	X509_STORE_CTX_init(context, trust_store(trust), client(world.root)->certificate, NULL);
	assert_int_equal(verify_handshake(context, trust, &as_client, &result), 1);
	assert_int_equal(X509_STORE_CTX_get_error(context), X509_V_OK);
	assert_int_equal(sk_X509_num(X509_STORE_CTX_get0_chain(context)), 2);
	X509_STORE_CTX_free(context);
	context = X509_STORE_CTX_new();
	X509_STORE_CTX_init(context, trust_store(trust), world.sub->certificate, NULL);
	assert_int_equal(verify_handshake(context, trust, &as_client, &result), 0);
	assert_int_equal(X509_STORE_CTX_get_error(context), X509_V_ERR_INVALID_PURPOSE);
	assert_int_equal(result.code, CODE_CLIENT_IS_CA);
	X509_STORE_CTX_free(context);
}

static void trust_needs_good_files(void **state)
{
	(void)state;
	struct error error;
	struct trust *trust = NULL;
	const char *crl = world.crl, *missing = "/nonexistent/ca.crt";
	assert_false(trust_load(NULL, 0, NULL, 0, &trust, &error));
	assert_int_equal(error.kind, ERROR_INPUT);
	assert_string_equal(error.text, "no trust anchor is named");
	assert_false(trust_load(&missing, 1, NULL, 0, &trust, &error));
	assert_string_equal(error.text, "trust anchors: cannot read '/nonexistent/ca.crt': "
					"No such file or directory");
	assert_false(trust_load(&crl, 1, NULL, 0, &trust, &error));
	assert_non_null(strstr(error.text, "it is a CRL, not a CA certificate"));
	assert_false(trust_load(&world.ca, 1, &world.ca, 1, &trust, &error));
	assert_non_null(strstr(error.text, "it is a certificate, not a CRL"));
	assert_null(trust);
	assert_true(trust_load(&world.two_cas, 1, &crl, 1, &trust, &error));
	assert_true(trust_has_crl(trust));
	STACK_OF(X509_NAME) *names = trust_names(trust);
	assert_int_equal(sk_X509_NAME_num(names), 2);
	sk_X509_NAME_pop_free(names, X509_NAME_free);
	trust_free(trust);
}

static void words_are_parsed(void **state)
{
	(void)state;
	enum verify_profile profile = PROFILE_OPENSSL;
	enum verify_eku eku = EKU_DEFAULT;
	enum verify_purpose purpose = PURPOSE_ANY;
	assert_true(verify_profile_parse("strict", &profile));
	assert_int_equal(profile, PROFILE_STRICT);
	assert_false(verify_profile_parse("Strict", &profile));
	assert_true(verify_eku_parse("standard", &eku));
	assert_int_equal(eku, EKU_STANDARD);
	assert_false(verify_eku_parse("", &eku));
	assert_true(verify_purpose_parse("client", &purpose));
	assert_int_equal(purpose, PURPOSE_CLIENT);
	assert_false(verify_purpose_parse("peer", &purpose));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_weak_cryptography),
		cmocka_unit_test(refuses_what_is_not_meant_for_the_role),
		cmocka_unit_test(eku_option_moves_the_line),
		cmocka_unit_test(names_come_from_the_san_alone),
		cmocka_unit_test(asked_names_are_taken_apart),
		cmocka_unit_test(result_names_the_certificate),
		cmocka_unit_test(large_input_is_refused_unread),
		cmocka_unit_test(too_many_certificates_are_refused),
		cmocka_unit_test(too_many_bytes_are_refused),
		cmocka_unit_test(handshake_leaves_error_and_chain),
		cmocka_unit_test(trust_needs_good_files),
		cmocka_unit_test(words_are_parsed),
	};
	return cmocka_run_group_tests(tests, make_world, certs_end);
}
