/*
 * The library context of a server leaves out what TLS has no use for, and nothing else: it speaks
 * every suite, reads every kind of key and judges every certificate as OpenSSL's own context does.
 */
#include "tls_pair.h"

#include "tls/context.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Where it is a choice; before this program has touched OpenSSL ---- */

/* What tls_library says in a process that begins with this openssl.cnf. */
static bool is_lean_under(const char *text)
{
	char path[] = "/tmp/mtls-unit-XXXXXX";
	int fd = mkstemp(path);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	pid_t child = fork();
	if (!child) {
		setenv("OPENSSL_CONF", path, 1);
		_Exit(tls_library() ? 11 : 12);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	unlink(path);
	assert_true(WIFEXITED(status));
	assert_in_range(WEXITSTATUS(status), 11, 12);
	return WEXITSTATUS(status) == 11;
}

#define PROVIDERS(list) "openssl_conf = a\n[a]\nproviders = b\n[b]\n" list "[on]\nactivate = 1\n"

static int under_each_configuration(void **state)
{
	(void)state;
	assert_true(is_lean_under(""));
	assert_true(is_lean_under(PROVIDERS("default = on\n")));
	/* Others' providers are somebody's wish. */
	assert_false(is_lean_under(PROVIDERS("default = on\nlegacy = on\n")));
	assert_false(is_lean_under(PROVIDERS("base = on\n")));
	assert_false(is_lean_under("openssl_conf = a\n[a]\nalg_section = b\n[b]\n"
				   "default_properties = fips=yes\n"));
	return 0;
}

/* ---- What it offers ---- */

static void assert_same_suites(const char *list)
{
	SSL_CTX *whole = SSL_CTX_new(TLS_server_method());
	SSL_CTX *lean = SSL_CTX_new_ex(tls_library(), NULL, TLS_server_method());
	assert_true(SSL_CTX_set_cipher_list(whole, list) && SSL_CTX_set_cipher_list(lean, list));
	const STACK_OF(SSL_CIPHER) *one = SSL_CTX_get_ciphers(whole);
	const STACK_OF(SSL_CIPHER) *other = SSL_CTX_get_ciphers(lean);
	assert_int_equal(sk_SSL_CIPHER_num(one), sk_SSL_CIPHER_num(other));
	for (int i = 0; i < sk_SSL_CIPHER_num(one); i++)
		assert_string_equal(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(one, i)),
			SSL_CIPHER_get_name(sk_SSL_CIPHER_value(other, i)));
	/* Each group that OpenSSL has is one that it takes. */
	const char *groups = "P-256:P-384:P-521:X25519:X448:ffdhe2048:ffdhe8192";
	assert_int_equal(
		SSL_CTX_set1_groups_list(whole, groups), SSL_CTX_set1_groups_list(lean, groups));
	SSL_CTX_free(whole);
	SSL_CTX_free(lean);
}

static void every_suite_is_there(void **state)
{
	(void)state;
	assert_same_suites("ALL:COMPLEMENTOFALL:@SECLEVEL=0");
	assert_same_suites("DEFAULT");
}

static void count_digest(EVP_MD *digest, void *argument)
{
	(void)digest;
	++*(size_t *)argument;
}

static void what_signs_is_there_and_the_rest_is_not(void **state)
{
	(void)state;
	static const char *const there[] = { "SHA1", "SHA256", "SHA384", "SHA512", "SHA512-256",
		"SHA3-256", "SHA3-512", "MD5", "RIPEMD160", "SM3" };
	for (size_t i = 0; i < sizeof there / sizeof *there; i++) {
		EVP_MD *digest = EVP_MD_fetch(tls_library(), there[i], NULL);
		assert_non_null(digest);
		EVP_MD_free(digest);
	}
	assert_null(EVP_MD_fetch(tls_library(), "BLAKE2B-512", NULL));
	assert_null(EVP_CIPHER_fetch(tls_library(), "AES-256-XTS", NULL));
	assert_null(EVP_KDF_fetch(tls_library(), "SCRYPT", NULL));
	ERR_clear_error();
	size_t whole = 0, lean = 0;
	EVP_MD_do_all_provided(NULL, count_digest, &whole);
	EVP_MD_do_all_provided(tls_library(), count_digest, &lean);
	assert_in_range(lean, 10, whole - 1);
}

/* ---- Keys and certificates ---- */

static EVP_PKEY *make_key(const char *type, const char *group)
{
	EVP_PKEY *key = NULL;
	OWN(EVP_PKEY_CTX) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	assert_true(EVP_PKEY_keygen_init(context) > 0);
	if (!strncmp(type, "RSA", 3))
		assert_true(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 1024) > 0);
	if (group)
		assert_true(EVP_PKEY_CTX_set_group_name(context, group) > 0);
	assert_true(EVP_PKEY_keygen(context, &key) > 0);
	return key;
}

/* As libssl reads a peer's: an object of that context to fill. */
static X509 *read_in(OSSL_LIB_CTX *context, X509 *certificate)
{
	unsigned char *der = NULL;
	i2d_re_X509_tbs(certificate, NULL); /* as it is now */
	int bytes = i2d_X509(certificate, &der);
	const unsigned char *at = der;
	X509 *read = X509_new_ex(context, NULL);
	assert_non_null(d2i_X509(&read, &at, bytes));
	OPENSSL_free(der);
	return read;
}

static void every_kind_of_key_is_read(void **state)
{
	(void)state;
	static const char *const kinds[][2] = { { "RSA", NULL }, { "RSA-PSS", NULL },
		{ "EC", "P-224" }, { "EC", "P-256" }, { "EC", "P-384" }, { "EC", "P-521" },
		{ "EC", "brainpoolP256r1" }, { "EC", "secp256k1" }, { "ED25519", NULL },
		{ "ED448", NULL }, { "SM2", NULL } };
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		OWN(EVP_PKEY) EVP_PKEY *key = make_key(kinds[i][0], kinds[i][1]);
		X509 *certificate = MAKE(NULL, .subject = "CN=any")->certificate;
		assert_true(X509_set_pubkey(certificate, key));
		OWN(X509) X509 *in_whole = read_in(NULL, certificate);
		OWN(X509) X509 *in_lean = read_in(tls_library(), certificate);
		const EVP_PKEY *one = X509_get0_pubkey(in_whole),
			       *other = X509_get0_pubkey(in_lean);
		if (!one || !other)
			fail_msg("no key of %s %s", kinds[i][0], kinds[i][1]);
		assert_int_equal(EVP_PKEY_get_bits(one), EVP_PKEY_get_bits(other));
		assert_int_equal(EVP_PKEY_get_base_id(one), EVP_PKEY_get_base_id(other));
		assert_int_equal(EVP_PKEY_get_id(one), EVP_PKEY_get_id(other));
		assert_string_equal(EVP_PKEY_get0_type_name(one), EVP_PKEY_get0_type_name(other));
	}
}

#define P256_HEAD_BYTES 26 /* before the point */

/* A key as a certificate has it; its context says how it is read. OWN; may have no key. */
static X509_PUBKEY *read_key_in(OSSL_LIB_CTX *context, const unsigned char *der, size_t bytes)
{
	const unsigned char *at = der;
	X509_PUBKEY *read = X509_PUBKEY_new_ex(context, NULL);
	assert_non_null(d2i_X509_PUBKEY(&read, &at, (long)bytes));
	return read;
}

/* True when it is a key: then the same one, to be written the same way. */
static bool is_read_alike(const unsigned char *der, size_t bytes)
{
	X509_PUBKEY *in_whole = read_key_in(NULL, der, bytes);
	X509_PUBKEY *in_lean = read_key_in(tls_library(), der, bytes);
	const EVP_PKEY *one = X509_PUBKEY_get0(in_whole), *other = X509_PUBKEY_get0(in_lean);
	bool is_key = one;
	assert_int_equal(is_key, other != NULL);
	if (is_key) {
		static const char *const texts[] = { OSSL_PKEY_PARAM_GROUP_NAME,
			OSSL_PKEY_PARAM_EC_ENCODING, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT };
		assert_string_equal(
			OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(other)), "mtls-peers");
		for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
			char first[80] = "", second[80] = "";
			EVP_PKEY_get_utf8_string_param(one, texts[i], first, sizeof first, NULL);
			EVP_PKEY_get_utf8_string_param(
				other, texts[i], second, sizeof second, NULL);
			assert_string_equal(first, second);
		}
		unsigned char *first = NULL, *second = NULL;
		int count = i2d_PUBKEY(one, &first);
		assert_int_equal(count, i2d_PUBKEY(other, &second));
		if (count > 0) /* the point at infinity is read, but not written */
			assert_memory_equal(first, second, (size_t)count);
		OPENSSL_free(first);
		OPENSSL_free(second);
	}
	ERR_clear_error();
	X509_PUBKEY_free(in_whole);
	X509_PUBKEY_free(in_lean);
	return is_key;
}

static size_t der_of(const char *form, const char *encoding, unsigned char ret_der[512])
{
	OWN(EVP_PKEY) EVP_PKEY *key = make_key("EC", "P-256");
	assert_true(EVP_PKEY_set_utf8_string_param(
		key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, form));
	assert_true(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, encoding));
	unsigned char *at = ret_der;
	int bytes = i2d_PUBKEY(key, &at);
	assert_in_range(bytes, 50, 512);
	return (size_t)bytes;
}

static void each_form_of_a_key_is_read_as_openssl_reads_it(void **state)
{
	(void)state;
	static const char *const forms[] = { "uncompressed", "compressed", "hybrid" };
	static const char *const encodings[] = { "named_curve", "explicit" };
	unsigned char der[512];
	for (size_t i = 0; i < 6; i++)
		assert_true(is_read_alike(der, der_of(forms[i % 3], encodings[i / 3], der)));
	/* Not on the curve; numbers that are none of the field; another first byte. */
	size_t bytes = der_of(forms[0], encodings[0], der);
	der[bytes - 1] ^= 1;
	assert_false(is_read_alike(der, bytes));
	memset(der + P256_HEAD_BYTES + 1, 0xff, 32);
	assert_false(is_read_alike(der, bytes));
	memset(der + P256_HEAD_BYTES + 1, 0, 64);
	assert_false(is_read_alike(der, bytes));
	for (unsigned int first = 0; first < 256; first++) {
		der_of(forms[0], encodings[0], der);
		der[P256_HEAD_BYTES] = (unsigned char)first;
		/* Hybrid: one of the two, as the point's sign is part of that byte. */
		assert_true(is_read_alike(der, bytes) == (first == 4) || first == 6 || first == 7);
	}
	/* Bits that are not used; a byte too few and one too many; the point at infinity. */
	der_of(forms[0], encodings[0], der);
	der[P256_HEAD_BYTES - 1] = 1;
	is_read_alike(der, bytes);
	der_of(forms[0], encodings[0], der);
	der[1]--, der[P256_HEAD_BYTES - 2]--;
	assert_false(is_read_alike(der, bytes - 1));
	der[1] += 2, der[P256_HEAD_BYTES - 2] += 2;
	assert_false(is_read_alike(der, bytes + 1));
	der[1] = 0x19, der[P256_HEAD_BYTES - 2] = 2, der[P256_HEAD_BYTES] = 0;
	is_read_alike(der, P256_HEAD_BYTES + 1);
	/* Another curve's name before the same bytes. */
	der_of(forms[0], encodings[0], der);
	der[P256_HEAD_BYTES - 4] = 6; /* prime239v3 */
	assert_false(is_read_alike(der, bytes));
}

/* It proves nothing about who has it, so nobody is let in by it. */
static void a_key_that_cannot_sign_is_none(void **state)
{
	(void)state;
	static const char *const kinds[][2] = { { "X25519", NULL }, { "X448", NULL },
		{ "DH", "ffdhe2048" } };
	OWN(trust) struct trust *trust = trust_in(ca->certificate);
	const struct verify_options options = server_options().verify;
	OWN(proof_register)
	struct proof_register *proofs = proof_register_new(trust, &options, 1);
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		OWN(EVP_PKEY) EVP_PKEY *key = make_key(kinds[i][0], kinds[i][1]);
		X509 *certificate =
			MAKE(ca, .subject = "CN=mtls-client", .extensions = CLIENT_EXTENSIONS)
				->certificate;
		assert_true(X509_set_pubkey(certificate, key));
		assert_true(X509_sign(certificate, ca->key, EVP_sha256()) > 0);
		OWN(X509) X509 *read = read_in(tls_library(), certificate);
		assert_null(X509_get0_pubkey(read));
		STACK_OF(X509) *sent = sk_X509_new_null();
		struct verify_result result;
		struct proof *proof = NULL;
		assert_true(sk_X509_push(sent, read));
		assert_false(proof_make(proofs, sent, NOW, &result, &proof));
		assert_null(proof);
		assert_int_equal(result.code, CODE_CLIENT_WEAK_KEY);
		sk_X509_free(sent);
		ERR_clear_error();
	}
}

static void a_broken_key_is_none(void **state)
{
	(void)state;
	X509 *certificate = MAKE(NULL, .subject = "CN=broken")->certificate;
	ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(certificate);
	bits->data[bits->length - 1] ^= 1; /* a point that is not on the curve */
	X509 *read = read_in(tls_library(), certificate);
	assert_null(X509_get0_pubkey(read));
	ERR_clear_error();
	X509_free(read);
}

static void signatures_by_each_digest_are_judged(void **state)
{
	(void)state;
	static const char *const digests[] = { "SHA256", "SHA384", "SHA512", "SHA3-256", "SHA1" };
	static const char *const keys[] = { "P-256", "P-384", "rsa:2048", "ed25519" };
	size_t judged = 0; /* OpenSSL does not know each pair */
	for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
		for (size_t d = 0; d < sizeof digests / sizeof *digests; d++) {
			if (!strcmp(keys[k], "ed25519") && d)
				continue;
			struct made *good =
				MAKE(NULL, .subject = "CN=x", .key = keys[k], .digest = digests[d]);
			struct made *bad = MAKE(NULL, .subject = "CN=x", .key = keys[k],
				.digest = digests[d], .corrupt = true);
			X509 *one = read_in(tls_library(), good->certificate);
			X509 *other = read_in(tls_library(), bad->certificate);
			/* Under a key of OpenSSL's own context, as anchors have, and its own. */
			int whole = X509_verify(good->certificate, good->key);
			judged += whole == 1;
			assert_int_equal(X509_verify(one, good->key), whole);
			assert_int_equal(X509_verify(one, X509_get0_pubkey(one)), whole);
			assert_int_not_equal(X509_verify(other, good->key), 1);
			ERR_clear_error();
			X509_free(one);
			X509_free(other);
		}
	assert_in_range(judged, 10, 16);
}

/* ---- Handshakes ---- */

static void assert_handshake(const char *client, const char *server, const char *suites)
{
	for (size_t v = 0; v < 2; v++) {
		struct made *its = MAKE(ca, .subject = "CN=mtls-client", .key = client,
				    .extensions = CLIENT_EXTENSIONS),
			    *ours = MAKE(ca, .subject = "CN=localhost", .key = server,
				    .extensions = SERVER_EXTENSIONS);
		struct tls_options as_server = server_options();
		struct tls_options as_client = client_options(WRITE("one.crt", its->certificate),
			certs_write_key("one.key", its->key, NULL), versions[v]);
		as_server.cert = WRITE("its.crt", ours->certificate);
		as_server.key = certs_write_key("its.key", ours->key, NULL);
		as_server.ciphers = as_client.ciphers = suites;
		struct pair pair;
		pair_init(&pair, &as_server, &as_client);
		pair_handshake(&pair);
		if (!tls_connection_identity(pair.server))
			fail_msg("%s at %s: %s", client, server, pair.server_error.text);
		assert_string_equal(
			tls_connection_identity(pair.server)->common_name, "mtls-client");
		pair_done(&pair);
	}
}

static void each_kind_of_client_is_known(void **state)
{
	(void)state;
	static const char *const keys[] = { "P-256", "P-384", "rsa:2048", "ed25519" };
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		assert_handshake(keys[i], keys[(i + 1) % 4], NULL);
}

/* MAC then encrypt: HMAC is a kind of key there. */
static void the_older_suites_still_work(void **state)
{
	(void)state;
	assert_handshake("P-256", "P-256", "ECDHE-ECDSA-AES128-SHA256");
	assert_handshake("P-256", "P-256", "ECDHE-ECDSA-AES256-SHA");
	assert_handshake("P-256", "P-256", "ECDHE-ECDSA-CAMELLIA128-SHA256");
	assert_handshake("P-256", "P-256", "ECDHE-ECDSA-AES128-CCM8:TLS_AES_128_CCM_SHA256");
	assert_handshake("P-256", "rsa:2048", "AES256-GCM-SHA384:ECDHE-RSA-AES256-SHA384");
}

static void a_forgery_is_refused_and_named(void **state)
{
	(void)state;
	struct made *bad =
		MAKE(ca, .subject = "CN=forged", .extensions = CLIENT_EXTENSIONS, .corrupt = true);
	for (size_t v = 0; v < 2; v++) {
		struct tls_options server = server_options();
		struct tls_options client = client_options(WRITE("bad.crt", bad->certificate),
			certs_write_key("bad.key", bad->key, NULL), versions[v]);
		struct pair pair;
		pair_init(&pair, &server, &client);
		pair_handshake(&pair);
		assert_null(tls_connection_identity(pair.server));
		assert_int_equal(pair.server_error.code, CODE_CLIENT_BAD_SIGNATURE);
		pair_done(&pair);
	}
}

static int set_up(void **state)
{
	return under_each_configuration(state) || pair_world_make(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_suite_is_there),
		cmocka_unit_test(what_signs_is_there_and_the_rest_is_not),
		cmocka_unit_test(every_kind_of_key_is_read),
		cmocka_unit_test(each_form_of_a_key_is_read_as_openssl_reads_it),
		cmocka_unit_test(a_key_that_cannot_sign_is_none),
		cmocka_unit_test(a_broken_key_is_none),
		cmocka_unit_test(signatures_by_each_digest_are_judged),
		cmocka_unit_test(each_kind_of_client_is_known),
		cmocka_unit_test(the_older_suites_still_work),
		cmocka_unit_test(a_forgery_is_refused_and_named),
	};
	return cmocka_run_group_tests(tests, set_up, certs_end);
}
