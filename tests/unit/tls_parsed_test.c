/*
 * Parsed certificates are remembered, if the program is built so: the second handshake with a
 * certificate finds it parsed. When this fails, OpenSSL no longer asks for d2i_X509 by its name,
 * and the option is of no use.
 */
#include "tls_pair.h"

#ifdef MTLS_PARSED_CERTIFICATES

static const struct identity *handshake(
	struct pair *pair, const char *cert, const char *key, enum tls_version version)
{
	struct tls_options server = server_options(), client = client_options(cert, key, version);
	pair_init(pair, &server, &client);
	pair_handshake(pair);
	return tls_connection_identity(pair->server);
}

static void it_still_bites(void **state)
{
	(void)state;
	for (size_t v = 0; v < 2; v++) {
		struct pair first, second;
		assert_non_null(handshake(&first, good_cert, good_key, versions[v]));
		unsigned long long before = tls_parsed_hits();
		const struct identity *again = handshake(&second, good_cert, good_key, versions[v]);
		/* The client's at the server, and the server's at the client. */
		assert_int_equal(tls_parsed_hits(), before + 2);
		assert_string_equal(again->common_name, "mtls-client");
		pair_done(&first);
		pair_done(&second);
	}
}

/* One byte of difference is another certificate, and is refused as it would be. */
static void a_forgery_is_parsed_and_refused(void **state)
{
	(void)state;
	struct made *good =
		MAKE(ca, .subject = "CN=forged", .extensions = CLIENT_EXTENSIONS, .serial = "0123");
	struct made *bad = MAKE(ca, .subject = "CN=forged", .extensions = CLIENT_EXTENSIONS,
		.serial = "0123", .corrupt = true);
	const char *key = certs_write_key("forged.key", good->key, NULL);
	struct pair pair;
	assert_non_null(handshake(&pair, WRITE("fine.crt", good->certificate), key, TLS_1_3));
	pair_done(&pair);
	for (size_t i = 0; i < 2; i++) { /* the second time it is at hand, and no better */
		assert_null(handshake(&pair, WRITE("forged.crt", bad->certificate), key, TLS_1_3));
		assert_int_equal(pair.server_error.code, CODE_CLIENT_BAD_SIGNATURE);
		pair_done(&pair);
	}
}

static void who_parses_for_himself_gets_his_own(void **state)
{
	(void)state;
	unsigned char *der = NULL;
	int bytes = i2d_X509(ca->certificate, &der);
	const unsigned char *one = der, *two = der, *cut = der;
	unsigned long long before = tls_parsed_hits();
	X509 *first = d2i_X509(NULL, &one, bytes), *second = d2i_X509(NULL, &two, bytes);
	assert_ptr_not_equal(first, second);
	assert_int_equal(X509_cmp(first, second), 0);
	assert_null(d2i_X509(NULL, &cut, bytes - 1));
	assert_int_equal(tls_parsed_hits(), before);
	/* An object to fill is what libssl gives. */
	for (int i = 0; i < 2; i++) {
		const unsigned char *at = der;
		X509 *filled = X509_new();
		assert_non_null(d2i_X509(&filled, &at, bytes));
		assert_ptr_equal(at, der + bytes);
		assert_int_equal(X509_cmp(filled, first), 0);
		X509_free(filled);
	}
	assert_true(tls_parsed_hits() > before);
	X509_free(first);
	X509_free(second);
	OPENSSL_free(der);
	ERR_clear_error();
}

#else

static void it_is_not_built_in(void **state)
{
	(void)state;
	/* Then d2i_X509 is OpenSSL's: the same bytes make two certificates, also in a given object.
	 */
	unsigned char *der = NULL;
	int bytes = i2d_X509(ca->certificate, &der);
	const unsigned char *one = der, *two = der;
	X509 *first = X509_new(), *second = X509_new();
	assert_non_null(d2i_X509(&first, &one, bytes));
	assert_non_null(d2i_X509(&second, &two, bytes));
	assert_ptr_not_equal(first, second);
	X509_free(first);
	X509_free(second);
	OPENSSL_free(der);
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef MTLS_PARSED_CERTIFICATES
		cmocka_unit_test(it_still_bites),
		cmocka_unit_test(a_forgery_is_parsed_and_refused),
		cmocka_unit_test(who_parses_for_himself_gets_his_own),
#else
		cmocka_unit_test(it_is_not_built_in),
#endif
	};
	return cmocka_run_group_tests(tests, pair_world_make, certs_end);
}
