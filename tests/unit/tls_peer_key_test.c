/*
 * A key on P-256 in its one usual form is made here, from OpenSSL's curve and by its functions for
 * a point; whatever else stands there is left to OpenSSL's own decoders, from its first byte. What
 * comes of it all is compared with OpenSSL's own reading in tls_library_test.
 */
#include "unit.h"

#include "base/base.h"
#include "tls/peer_key.h"

#include <openssl/bio.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>

#define HEAD \
	"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01" \
	"\x07\x03\x42\x00"
#define HEAD_BYTES (sizeof HEAD - 1)
#define POINT_BYTES 65
#define KEY_BYTES (HEAD_BYTES + POINT_BYTES)

/* ---- The core, OpenSSL's keys and OpenSSL's decoders, as they are seen from a provider ---- */

static struct {
	unsigned char data[256];
	size_t bytes, at;
} in;
static int keys; /* there are now */
static unsigned char read_point[POINT_BYTES];
static bool no_such_point, no_curve, reference_is_strange;
static int openssls_ec_asked, openssls_sm2_asked;
static size_t openssls_began_at;

static int core_read(OSSL_CORE_BIO *bio, void *ret_data, size_t bytes, size_t *ret_bytes)
{
	assert_ptr_equal(bio, &in);
	*ret_bytes = bytes < in.bytes - in.at ? bytes : in.bytes - in.at;
	memcpy(ret_data, in.data + in.at, *ret_bytes);
	in.at += *ret_bytes;
	return *ret_bytes > 0;
}

static int core_control(OSSL_CORE_BIO *bio, int command, long number, void *pointer)
{
	assert_ptr_equal(bio, &in);
	assert_null(pointer);
	if (command == BIO_C_FILE_TELL)
		return (int)in.at;
	assert_int_equal(command, BIO_C_FILE_SEEK);
	in.at = (size_t)number;
	return 0;
}

static const OSSL_DISPATCH core[] = { { OSSL_FUNC_BIO_READ_EX, (void (*)(void))core_read },
	{ OSSL_FUNC_BIO_CTRL, (void (*)(void))core_control }, { 0, NULL } };

static void *new_key(void *provider)
{
	assert_ptr_equal(provider, &keys);
	keys++;
	return malloc(1);
}

static int import(void *key, int selection, const OSSL_PARAM params[])
{
	assert_non_null(key);
	assert_int_equal(selection, OSSL_KEYMGMT_SELECT_DOMAIN_PARAMETERS);
	const char *name;
	assert_true(OSSL_PARAM_get_utf8_string_ptr(
		OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_GROUP_NAME), &name));
	assert_string_equal(name, "prime256v1");
	return !no_curve;
}

static void *load(const void *reference, size_t bytes)
{
	assert_int_equal(bytes, sizeof(void *));
	void *key;
	memcpy(&key, reference, sizeof key);
	if (reference_is_strange)
		return NULL;
	memset((void *)(uintptr_t)reference, 0, sizeof key);
	return key;
}

static void *copy_key(const void *from, int selection)
{
	assert_non_null(from);
	assert_int_equal(
		selection & OSSL_KEYMGMT_SELECT_ALL_PARAMETERS, OSSL_KEYMGMT_SELECT_ALL_PARAMETERS);
	keys++;
	return malloc(1);
}

static int set_key(void *key, const OSSL_PARAM params[])
{
	assert_non_null(key);
	const OSSL_PARAM *point =
		OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY);
	assert_non_null(point);
	assert_int_equal(point->data_size, POINT_BYTES);
	memcpy(read_point, point->data, POINT_BYTES);
	return !no_such_point;
}

static void free_key(void *key)
{
	keys -= key != NULL;
	free(key);
}

static const OSSL_DISPATCH ec_keys[] = { { OSSL_FUNC_KEYMGMT_NEW, (void (*)(void))new_key },
	{ OSSL_FUNC_KEYMGMT_IMPORT, (void (*)(void))import },
	{ OSSL_FUNC_KEYMGMT_LOAD, (void (*)(void))load },
	{ OSSL_FUNC_KEYMGMT_DUP, (void (*)(void))copy_key },
	{ OSSL_FUNC_KEYMGMT_SET_PARAMS, (void (*)(void))set_key },
	{ OSSL_FUNC_KEYMGMT_FREE, (void (*)(void))free_key }, { 0, NULL } };

static int openssls_ec(void *decoder, OSSL_CORE_BIO *bio, int selection, OSSL_CALLBACK *use,
	void *argument, OSSL_PASSPHRASE_CALLBACK *ask, void *ask_argument)
{
	assert_true(
		decoder == &core && (void *)bio == &in && use && argument && !ask && !ask_argument);
	assert_int_equal(selection, OSSL_KEYMGMT_SELECT_PUBLIC_KEY);
	openssls_ec_asked++;
	openssls_began_at = in.at;
	return 1;
}

static int openssls_sm2(void *decoder, OSSL_CORE_BIO *bio, int selection, OSSL_CALLBACK *use,
	void *argument, OSSL_PASSPHRASE_CALLBACK *ask, void *ask_argument)
{
	openssls_ec(decoder, bio, selection, use, argument, ask, ask_argument);
	openssls_ec_asked--;
	openssls_sm2_asked++;
	return 1;
}

static void *new_decoder(void *provider)
{
	return provider;
}

static const OSSL_DISPATCH ec_decoder[] = { { OSSL_FUNC_DECODER_NEWCTX,
						    (void (*)(void))new_decoder },
	{ OSSL_FUNC_DECODER_DECODE, (void (*)(void))openssls_ec }, { 0, NULL } };
static const OSSL_DISPATCH sm2_decoder[] = {
	{ OSSL_FUNC_DECODER_DECODE, (void (*)(void))openssls_sm2 }, { 0, NULL }
};

/* ---- What is asked of ours ---- */

static const OSSL_DISPATCH *ec, *sm2;
static int given;
static bool is_taken, is_refused;

/* What OpenSSL does with a result: takes the key (provider-object(7)), or cannot use it. */
static int use(const OSSL_PARAM params[], void *argument)
{
	assert_ptr_equal(argument, &given);
	int type = 0;
	const char *kind;
	assert_true(
		OSSL_PARAM_get_int(OSSL_PARAM_locate_const(params, OSSL_OBJECT_PARAM_TYPE), &type));
	assert_int_equal(type, OSSL_OBJECT_PKEY);
	assert_true(OSSL_PARAM_get_utf8_string_ptr(
		OSSL_PARAM_locate_const(params, OSSL_OBJECT_PARAM_DATA_TYPE), &kind));
	assert_string_equal(kind, "EC");
	const OSSL_PARAM *reference = OSSL_PARAM_locate_const(params, OSSL_OBJECT_PARAM_REFERENCE);
	given++;
	if (is_taken) {
		void *key = load(reference->data, reference->data_size);
		assert_non_null(key);
		free_key(key);
	}
	return !is_refused;
}

static int decode(const OSSL_DISPATCH *ours, const void *data, size_t bytes)
{
	in.bytes = bytes + 3; /* three bytes that were read before */
	in.at = 3;
	memcpy(in.data + 3, data, bytes);
	given = openssls_ec_asked = openssls_sm2_asked = 0;
	openssls_began_at = 0;
	while (ours->function_id != OSSL_FUNC_DECODER_DECODE)
		ours++;
	return OSSL_FUNC_decoder_decode(ours)((void *)(uintptr_t)&core, (OSSL_CORE_BIO *)&in,
		OSSL_KEYMGMT_SELECT_PUBLIC_KEY, use, &given, NULL, NULL);
}

static void key_der(unsigned char ret_der[KEY_BYTES + 1])
{
	memcpy(ret_der, HEAD "\x04", HEAD_BYTES + 1);
	for (size_t i = HEAD_BYTES + 1; i <= KEY_BYTES; i++)
		ret_der[i] = (unsigned char)i;
}

static void is_left_to_openssl(const void *data, size_t bytes)
{
	assert_int_equal(decode(ec, data, bytes), 1);
	assert_int_equal(openssls_ec_asked, 1);
	assert_int_equal(openssls_began_at, 3);
	assert_int_equal(decode(sm2, data, bytes), 1);
	assert_int_equal(openssls_sm2_asked, 1);
	assert_int_equal(openssls_began_at, 3);
	assert_int_equal(given, 0);
}

/* ---- Tests; the first ones before it can do anything itself ---- */

static void all_but_the_decoding_stays_openssls(void **state)
{
	(void)state;
	ec = tls_peer_key_ec(ec_decoder);
	sm2 = tls_peer_key_sm2(sm2_decoder);
	assert_int_equal(ec[0].function_id, OSSL_FUNC_DECODER_NEWCTX);
	assert_ptr_equal(ec[0].function, new_decoder);
	assert_int_equal(ec[1].function_id, OSSL_FUNC_DECODER_DECODE);
	assert_ptr_not_equal(ec[1].function, openssls_ec);
	assert_int_equal(ec[2].function_id, 0);
	assert_ptr_not_equal(sm2[0].function, openssls_sm2);
	assert_int_equal(sm2[1].function_id, 0);
}

static void what_is_not_as_known_is_left_to_openssl(void **state)
{
	(void)state;
	unsigned char der[KEY_BYTES + 1];
	key_der(der);
	is_left_to_openssl(der, KEY_BYTES);
	/* Something is lacking. */
	for (size_t i = 0; ec_keys[i].function_id; i++) {
		OSSL_DISPATCH lacking[sizeof ec_keys / sizeof *ec_keys];
		memcpy(lacking, ec_keys, sizeof lacking);
		lacking[i].function_id = 1000;
		tls_peer_key_begin(&keys, lacking, core);
		is_left_to_openssl(der, KEY_BYTES);
	}
	tls_peer_key_begin(&keys, ec_keys, core + 1);
	is_left_to_openssl(der, KEY_BYTES);
	no_curve = true;
	tls_peer_key_begin(&keys, ec_keys, core);
	no_curve = false;
	is_left_to_openssl(der, KEY_BYTES);
	reference_is_strange = true;
	tls_peer_key_begin(&keys, ec_keys, core);
	reference_is_strange = false;
	is_left_to_openssl(der, KEY_BYTES);
	assert_int_equal(keys, 0);
}

static void a_key_is_made_of_the_curve_and_its_point(void **state)
{
	(void)state;
	unsigned char der[KEY_BYTES + 1];
	key_der(der);
	tls_peer_key_begin(&keys, ec_keys, core);
	assert_int_equal(keys, 1); /* the curve */
	is_taken = true;
	assert_int_equal(decode(ec, der, KEY_BYTES), 1);
	assert_int_equal(given, 1);
	assert_memory_equal(read_point, der + HEAD_BYTES, POINT_BYTES);
	/* What follows is not its business, but nor is it read. */
	assert_int_equal(decode(ec, der, KEY_BYTES + 1), 1);
	assert_int_equal(given, 1);
	assert_int_equal(in.bytes - in.at, 1);
	assert_int_equal(openssls_ec_asked, 0);
	/* It is none of SM2's. */
	assert_int_equal(decode(sm2, der, KEY_BYTES), 1);
	assert_int_equal(given + openssls_sm2_asked, 0);
	assert_int_equal(keys, 1);
}

static void a_key_that_nobody_takes_is_freed(void **state)
{
	(void)state;
	unsigned char der[KEY_BYTES + 1];
	key_der(der);
	is_taken = false;
	assert_int_equal(decode(ec, der, KEY_BYTES), 1);
	assert_int_equal(given, 1);
	is_refused = true;
	assert_int_equal(decode(ec, der, KEY_BYTES), 0);
	assert_int_equal(given, 1);
	is_refused = false;
	assert_int_equal(keys, 1);
}

static void no_point_is_no_key_and_no_failure(void **state)
{
	(void)state;
	unsigned char der[KEY_BYTES + 1];
	key_der(der);
	no_such_point = true;
	assert_int_equal(decode(ec, der, KEY_BYTES), 1);
	no_such_point = false;
	assert_int_equal(given + openssls_ec_asked, 0);
	assert_int_equal(keys, 1);
}

static void another_form_is_left_to_openssl(void **state)
{
	(void)state;
	unsigned char der[KEY_BYTES + 1];
	for (size_t i = 0; i <= HEAD_BYTES; i++) { /* any other byte before the point's numbers */
		key_der(der);
		der[i] ^= 1;
		is_left_to_openssl(der, KEY_BYTES);
	}
	key_der(der);
	for (size_t bytes = 1; bytes < KEY_BYTES; bytes++)
		is_left_to_openssl(der, bytes);
	is_left_to_openssl("", 0);
	assert_int_equal(keys, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_but_the_decoding_stays_openssls),
		cmocka_unit_test(what_is_not_as_known_is_left_to_openssl),
		cmocka_unit_test(a_key_is_made_of_the_curve_and_its_point),
		cmocka_unit_test(a_key_that_nobody_takes_is_freed),
		cmocka_unit_test(no_point_is_no_key_and_no_failure),
		cmocka_unit_test(another_form_is_left_to_openssl),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
