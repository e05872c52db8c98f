/*
 * A server's thread has a library context of its own. Whatever a file may hold is read there all
 * the same, with the same words where it is wrong; other threads keep OpenSSL's.
 */
#include "tls_pair.h"

#include "pki/bundle.h"
#include "pki/pfx.h"
#include "tls/context.h"

#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <pthread.h>

static const struct {
	const char *type, *group;
} kinds[] = {
	{ "RSA", NULL },
	{ "RSA-PSS", NULL },
	{ "EC", "P-224" },
	{ "EC", "P-256" },
	{ "EC", "P-384" },
	{ "EC", "P-521" },
	{ "EC", "brainpoolP256r1" },
	{ "ED25519", NULL },
	{ "ED448", NULL },
	{ "SM2", NULL },
	{ "X25519", NULL },
	{ "X448", NULL },
	{ "DH", "ffdhe2048" },
};
#define KINDS (sizeof kinds / sizeof *kinds)

static EVP_PKEY *keys[KINDS];

static EVP_PKEY *make_key(const char *type, const char *group)
{
	EVP_PKEY *key = NULL;
	OWN(EVP_PKEY_CTX) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	assert_true(EVP_PKEY_keygen_init(context) > 0);
	if (!strncmp(type, "RSA", 3))
		assert_true(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048) > 0);
	if (group)
		assert_true(EVP_PKEY_CTX_set_group_name(context, group) > 0);
	assert_true(EVP_PKEY_keygen(context, &key) > 0);
	return key;
}

static void begin(void)
{
	tls_thread_begin();
	assert_ptr_equal(OSSL_LIB_CTX_set0_default(NULL), tls_library());
}

static void end(void)
{
	assert_ptr_equal(
		OSSL_LIB_CTX_set0_default(OSSL_LIB_CTX_get0_global_default()), tls_library());
}

/* ---- What it is ---- */

static void *look(void *ret)
{
	*(OSSL_LIB_CTX **)ret = OSSL_LIB_CTX_set0_default(NULL);
	return NULL;
}

static void each_thread_begins_for_itself(void **state)
{
	(void)state;
	OSSL_LIB_CTX *others = NULL;
	pthread_t thread;
	begin();
	begin(); /* twice is once */
	assert_int_equal(pthread_create(&thread, NULL, look, &others), 0);
	pthread_join(thread, NULL);
	assert_ptr_equal(others, OSSL_LIB_CTX_get0_global_default());
	end();
}

static void openssls_own_provider_serves_without_being_active(void **state)
{
	(void)state;
	EVP_MD *digest = EVP_MD_fetch(tls_library(), "SHA256", NULL);
	assert_string_equal(OSSL_PROVIDER_get0_name(EVP_MD_get0_provider(digest)), "mtls-peers");
	EVP_MD_free(digest);
	assert_false(OSSL_PROVIDER_available(tls_library(), "default"));
	assert_true(OSSL_PROVIDER_available(tls_library(), "mtls-peers"));
	assert_true(OSSL_PROVIDER_available(NULL, "default"));
	assert_false(OSSL_PROVIDER_available(NULL, "mtls-peers"));
}

/* What a function of the provider needs in its turn is there: a cipher, a digest, an HMAC. */
static void it_has_a_random_generator_of_its_own(void **state)
{
	(void)state;
	unsigned char one[32] = { 0 }, other[32] = { 0 }, nothing[32] = { 0 };
	EVP_RAND_CTX *random = RAND_get0_private(tls_library());
	assert_non_null(random);
	assert_string_equal(EVP_RAND_get0_name(EVP_RAND_CTX_get0_rand(random)), "CTR-DRBG");
	assert_int_equal(EVP_RAND_get_strength(random), 256);
	assert_ptr_not_equal(random, RAND_get0_private(OSSL_LIB_CTX_get0_global_default()));
	assert_int_equal(RAND_bytes_ex(tls_library(), one, sizeof one, 256), 1);
	assert_int_equal(RAND_priv_bytes_ex(tls_library(), other, sizeof other, 256), 1);
	assert_memory_not_equal(one, other, sizeof one);
	assert_memory_not_equal(one, nothing, sizeof one);
	assert_memory_not_equal(other, nothing, sizeof one);
}

/* ---- Reading ---- */

/* Written while OpenSSL's own context is in force, as its encoders are not in ours. */
static void read_key(const char *path, const char *passphrase, const EVP_PKEY *expected)
{
	struct error error = { 0 };
	OWN(EVP_PKEY) EVP_PKEY *read = NULL;
	begin();
	bool ok = bundle_private_key(path, passphrase, &read, &error);
	end();
	if (!ok)
		fail_msg("%s", error.text);
	assert_int_equal(EVP_PKEY_eq(read, expected), 1);
	assert_int_equal(ERR_peek_error(), 0);
}

static void every_kind_of_key_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		read_key(certs_write_key("plain.key", keys[i], NULL), NULL, keys[i]);
		read_key(certs_write_key("locked.key", keys[i], "secret"), "secret", keys[i]);
	}
}

/* The old forms: named for their algorithm, and encrypted by headers. */
static void every_form_of_a_key_is_read(void **state)
{
	(void)state;
	const EVP_CIPHER *const ciphers[] = { NULL, EVP_des_ede3_cbc(), EVP_aes_192_cbc(),
		EVP_aes_256_cbc() };
	for (size_t i = 0; i < KINDS; i++) {
		if (strcmp(kinds[i].type, "RSA") != 0 && strcmp(kinds[i].type, "EC") != 0)
			continue;
		for (size_t c = 0; c < sizeof ciphers / sizeof *ciphers; c++) {
			const char *path = certs_path("old.key");
			BIO *file = BIO_new_file(path, "w");
			assert_int_equal(
				PEM_write_bio_PrivateKey_traditional(file, keys[i], ciphers[c],
					(const unsigned char *)"secret", 6, NULL, NULL),
				1);
			BIO_free(file);
			read_key(path, ciphers[c] ? "secret" : NULL, keys[i]);
		}
		const char *path = certs_path("key.der");
		FILE *file = fopen(path, "w");
		assert_int_equal(i2d_PrivateKey_fp(file, keys[i]), 1);
		fclose(file);
		read_key(path, NULL, keys[i]);
	}
}

static void assert_same_words(const char *path, const char *passphrase)
{
	struct error ours = { 0 }, openssls = { 0 };
	EVP_PKEY *key = NULL;
	assert_false(bundle_private_key(path, passphrase, &key, &openssls));
	begin();
	assert_false(bundle_private_key(path, passphrase, &key, &ours));
	end();
	assert_null(key);
	assert_int_equal(ours.kind, openssls.kind);
	assert_int_equal(ours.code, openssls.code);
	assert_string_equal(ours.text, openssls.text);
	assert_string_equal(ours.hint, openssls.hint);
}

static void what_is_wrong_is_said_in_the_same_words(void **state)
{
	(void)state;
	const char *locked = certs_write_key("locked.key", keys[0], "secret");
	assert_same_words(locked, "wrong");
	assert_same_words(locked, NULL);
	const char *path = certs_path("broken.key");
	FILE *file = fopen(path, "w");
	fputs("-----BEGIN PRIVATE KEY-----\nMAMCAQA=\n-----END PRIVATE KEY-----\n", file);
	fclose(file);
	assert_same_words(path, NULL);
	assert_same_words(ca_path, NULL);
	assert_same_words(certs_path("nothing.key"), NULL);
}

static void no_certificate_lacks_its_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		struct error error = { 0 };
		X509 *certificate = MAKE(ca, .subject = "CN=any")->certificate;
		assert_true(X509_set_pubkey(certificate, keys[i]));
		assert_true(X509_sign(certificate, ca->key, EVP_sha256()) > 0);
		const char *path = WRITE("any.crt", certificate);
		OWN(X509) X509 *read = NULL;
		begin();
		bool ok = bundle_certificate(path, &read, &error);
		end();
		if (!ok)
			fail_msg("%s", error.text);
		assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(read), keys[i]), 1);
		assert_int_equal(X509_cmp(read, certificate), 0);
	}
}

/* OpenSSL keeps such a certificate, too; whoever needs the key says what is wrong. */
static void a_certificate_whose_key_nobody_can_read_has_none(void **state)
{
	(void)state;
	struct error error = { 0 };
	X509 *certificate = MAKE(NULL, .subject = "CN=broken")->certificate;
	ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(certificate);
	bits->data[bits->length - 1] ^= 1;
	i2d_re_X509_tbs(certificate, NULL); /* as it is now */
	const char *path = WRITE("broken.crt", certificate);
	OWN(X509) X509 *read = NULL;
	begin();
	assert_true(bundle_certificate(path, &read, &error));
	end();
	assert_null(X509_get0_pubkey(read));
	ERR_clear_error();
}

/* ---- Making: what is made in one context is opened in the other ---- */

static const struct pfx_options generated = { .target = PFX_MODERN, .generated = true };

static void make_pfx(struct made *from, struct buffer *ret)
{
	struct error error = { 0 };
	OWN(pfx) struct pfx *pfx = pfx_of_key(from->key);
	pfx_certify(pfx, from->certificate, ca->certificate);
	if (!pfx_make(pfx, "pass word", &generated, ret, &error))
		fail_msg("%s", error.text);
}

static void assert_opens(const struct buffer *der, const char *password, const EVP_PKEY *expected)
{
	const unsigned char *at = (const unsigned char *)der->data;
	PKCS12 *file = d2i_PKCS12(NULL, &at, (long)der->length);
	EVP_PKEY *key = NULL;
	X509 *leaf = NULL;
	int opened = PKCS12_parse(file, password, &key, &leaf, NULL);
	assert_int_equal(opened, expected != NULL);
	if (expected)
		assert_int_equal(EVP_PKEY_eq(key, expected), 1);
	X509_free(leaf);
	EVP_PKEY_free(key);
	PKCS12_free(file);
	ERR_clear_error();
}

static void a_pfx_opens_in_either(void **state)
{
	(void)state;
	struct made *mine = MAKE(ca, .subject = "CN=mtls-client", .extensions = CLIENT_EXTENSIONS);
	OWN(buffer) struct buffer here = BUFFER(1 << 16), there = BUFFER(1 << 16);
	make_pfx(mine, &there);
	begin();
	make_pfx(mine, &here);
	assert_opens(&here, "pass word", mine->key);
	assert_opens(&there, "pass word", mine->key);
	assert_opens(&there, "pass ward", NULL);
	end();
	assert_opens(&here, "pass word", mine->key);
	assert_opens(&here, "", NULL);
}

static void what_is_signed_in_one_is_proven_in_the_other(void **state)
{
	(void)state;
	begin();
	struct made *here = MAKE(ca, .subject = "CN=here", .extensions = CLIENT_EXTENSIONS);
	end();
	struct made *there = MAKE(ca, .subject = "CN=there", .extensions = CLIENT_EXTENSIONS);
	assert_int_equal(X509_verify(here->certificate, ca->key), 1);
	assert_int_not_equal(X509_verify(here->certificate, there->key), 1);
	begin();
	assert_int_equal(X509_verify(there->certificate, ca->key), 1);
	assert_int_not_equal(X509_verify(there->certificate, here->key), 1);
	ERR_clear_error();
	end();
}

/* ---- Serving ---- */

static void handshake(const char *server, const char *client, bool corrupt)
{
	struct made *its = MAKE(ca, .subject = "CN=mtls-client", .key = client,
			    .extensions = CLIENT_EXTENSIONS, .corrupt = corrupt),
		    *ours = MAKE(ca, .subject = "CN=localhost", .key = server,
			    .extensions = SERVER_EXTENSIONS);
	for (size_t v = 0; v < 2; v++) {
		struct tls_options as_server = server_options();
		struct tls_options as_client = client_options(WRITE("one.crt", its->certificate),
			certs_write_key("one.key", its->key, NULL), versions[v]);
		as_server.cert = WRITE("its.crt", ours->certificate);
		as_server.key = certs_write_key("its.key", ours->key, NULL);
		struct pair pair;
		begin();
		pair_init(&pair, &as_server, &as_client);
		pair_handshake(&pair);
		end();
		const struct identity *known = tls_connection_identity(pair.server);
		if (corrupt) {
			assert_null(known);
			assert_int_equal(pair.server_error.code, CODE_CLIENT_BAD_SIGNATURE);
		} else if (!known) {
			fail_msg("%s at %s: %s", client, server, pair.server_error.text);
		} else {
			assert_string_equal(known->common_name, "mtls-client");
		}
		pair_done(&pair);
	}
}

static void it_serves_with_each_kind_of_key(void **state)
{
	(void)state;
	static const char *const names[] = { "P-256", "P-384", "rsa:2048", "ed25519" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		handshake(names[i], names[(i + 1) % 4], false);
}

static void a_forgery_is_refused(void **state)
{
	(void)state;
	handshake("P-256", "P-256", true);
	handshake("rsa:2048", "ed25519", true);
}

static int set_up(void **state)
{
	for (size_t i = 0; i < KINDS; i++)
		keys[i] = make_key(kinds[i].type, kinds[i].group);
	return pair_world_make(state);
}

static int tear_down(void **state)
{
	for (size_t i = 0; i < KINDS; i++)
		EVP_PKEY_free(keys[i]);
	return certs_end(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_thread_begins_for_itself),
		cmocka_unit_test(openssls_own_provider_serves_without_being_active),
		cmocka_unit_test(it_has_a_random_generator_of_its_own),
		cmocka_unit_test(every_kind_of_key_is_read),
		cmocka_unit_test(every_form_of_a_key_is_read),
		cmocka_unit_test(what_is_wrong_is_said_in_the_same_words),
		cmocka_unit_test(no_certificate_lacks_its_key),
		cmocka_unit_test(a_certificate_whose_key_nobody_can_read_has_none),
		cmocka_unit_test(a_pfx_opens_in_either),
		cmocka_unit_test(what_is_signed_in_one_is_proven_in_the_other),
		cmocka_unit_test(it_serves_with_each_kind_of_key),
		cmocka_unit_test(a_forgery_is_refused),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
