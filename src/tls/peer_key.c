/*
 * The keys in peers' certificates, as algorithms of the provider that servers use. Nearly all of
 * them are on P-256, in one form (RFC 5480 section 2): 26 bytes that are always the same, and a
 * point. OpenSSL 3.0 takes the structure apart three times on its way to such a key and sets up the
 * curve anew, which costs as much as it takes to check a signature. Here the curve is set up once,
 * a key is a copy of it, and the point is OpenSSL's to read and to refuse. All else is left to
 * OpenSSL's own decoders.
 */
#include "tls/peer_key.h"

#include "base/base.h"

#include <openssl/bio.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>
#include <string.h>

#define FUNCTIONS_MAX 16
#define HEAD_BYTES 26
#define POINT_BYTES 65 /* uncompressed (SEC 1 section 2.3.3) */
#define KEY_BYTES (HEAD_BYTES + POINT_BYTES)

/* SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING { an uncompressed point */
static const unsigned char head[HEAD_BYTES + 1] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86,
	0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
	0x03, 0x42, 0x00, 0x04 };

static OSSL_FUNC_decoder_decode_fn *openssls_ec, *openssls_sm2;
static OSSL_FUNC_BIO_read_ex_fn *core_read;
static OSSL_FUNC_BIO_ctrl_fn *core_control;
static OSSL_FUNC_keymgmt_dup_fn *copy_key;
static OSSL_FUNC_keymgmt_set_params_fn *set_key;
static OSSL_FUNC_keymgmt_free_fn *free_key;
static void *curve; /* a key of P-256's with no point, never freed; NULL: all is OpenSSL's to do */

/* The last one, which is no function, when it is not there. */
static const OSSL_DISPATCH *find(const OSSL_DISPATCH *functions, int id)
{
	while (functions->function_id && functions->function_id != id)
		functions++;
	return functions;
}

/*
 * A key as P-256's always are: false, and nothing is read, when it is another, so that the decoder
 * after this one finds it.
 */
static bool read_key(OSSL_CORE_BIO *in, unsigned char ret_key[KEY_BYTES])
{
	size_t bytes = 0;
	long at = core_control(in, BIO_C_FILE_TELL, 0, NULL);
	if (core_read(in, ret_key, KEY_BYTES, &bytes) && bytes == KEY_BYTES &&
		!memcmp(ret_key, head, sizeof head))
		return true;
	core_control(in, BIO_C_FILE_SEEK, at, NULL);
	return false;
}

static void *make_key(unsigned char *point)
{
	const OSSL_PARAM params[] = { OSSL_PARAM_construct_octet_string(
					      OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point,
					      POINT_BYTES),
		OSSL_PARAM_construct_end() };
	void *key = copy_key(curve, OSSL_KEYMGMT_SELECT_ALL_PARAMETERS);
	if (key && !set_key(key, params)) { /* not a point of the curve */
		free_key(key);
		key = NULL;
	}
	return key;
}

/* As a decoder gives its result (provider-object(7)): who takes the key leaves NULL there. */
static int give(void *key, OSSL_CALLBACK *use, void *argument)
{
	int type = OSSL_OBJECT_PKEY;
	const OSSL_PARAM params[] = { OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
		OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, (char[]){ "EC" }, 0),
		OSSL_PARAM_construct_octet_string(
			OSSL_OBJECT_PARAM_REFERENCE, (void *)&key, sizeof key),
		OSSL_PARAM_construct_end() };
	int ok = use(params, argument);
	free_key(key);
	return ok;
}

static int decode_ec(void *decoder, OSSL_CORE_BIO *in, int selection, OSSL_CALLBACK *use,
	void *argument, OSSL_PASSPHRASE_CALLBACK *ask, void *ask_argument)
{
	unsigned char der[KEY_BYTES];
	if (!curve || !read_key(in, der))
		return openssls_ec(decoder, in, selection, use, argument, ask, ask_argument);
	void *key = make_key(der + HEAD_BYTES);
	return !key || give(key, use, argument); /* to have found nothing is no failure */
}

/* EC's own identifier may stand before an SM2 key, so each EC key is shown to that decoder too. */
static int decode_sm2(void *decoder, OSSL_CORE_BIO *in, int selection, OSSL_CALLBACK *use,
	void *argument, OSSL_PASSPHRASE_CALLBACK *ask, void *ask_argument)
{
	unsigned char der[KEY_BYTES];
	return (curve && read_key(in, der)) ||
	       openssls_sm2(decoder, in, selection, use, argument, ask, ask_argument);
}

/* OpenSSL's own functions but for the one that reads. The table is one of two that last. */
static const OSSL_DISPATCH *with(const OSSL_DISPATCH *openssls, OSSL_DISPATCH own[FUNCTIONS_MAX],
	OSSL_FUNC_decoder_decode_fn *decode, OSSL_FUNC_decoder_decode_fn **ret_openssls)
{
	size_t count = 0;
	for (; openssls[count].function_id; count++) {
		if (count + 1 == FUNCTIONS_MAX)
			return openssls;
		own[count] = openssls[count];
		if (own[count].function_id == OSSL_FUNC_DECODER_DECODE)
			own[count].function = (void (*)(void))decode;
	}
	own[count] = (OSSL_DISPATCH){ 0, NULL };
	*ret_openssls = OSSL_FUNC_decoder_decode(find(openssls, OSSL_FUNC_DECODER_DECODE));
	return *ret_openssls ? own : openssls;
}

const OSSL_DISPATCH *tls_peer_key_ec(const OSSL_DISPATCH *openssls)
{
	static OSSL_DISPATCH own[FUNCTIONS_MAX];
	return with(openssls, own, decode_ec, &openssls_ec);
}

const OSSL_DISPATCH *tls_peer_key_sm2(const OSSL_DISPATCH *openssls)
{
	static OSSL_DISPATCH own[FUNCTIONS_MAX];
	return with(openssls, own, decode_sm2, &openssls_sm2);
}

void tls_peer_key_begin(void *provider, const OSSL_DISPATCH *ec_keys, const OSSL_DISPATCH *core)
{
	const OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
					      (char[]){ "prime256v1" }, 0),
		OSSL_PARAM_construct_end() };
	OSSL_FUNC_keymgmt_new_fn *new_key =
		OSSL_FUNC_keymgmt_new(find(ec_keys, OSSL_FUNC_KEYMGMT_NEW));
	OSSL_FUNC_keymgmt_import_fn *import =
		OSSL_FUNC_keymgmt_import(find(ec_keys, OSSL_FUNC_KEYMGMT_IMPORT));
	OSSL_FUNC_keymgmt_load_fn *load =
		OSSL_FUNC_keymgmt_load(find(ec_keys, OSSL_FUNC_KEYMGMT_LOAD));
	copy_key = OSSL_FUNC_keymgmt_dup(find(ec_keys, OSSL_FUNC_KEYMGMT_DUP));
	set_key = OSSL_FUNC_keymgmt_set_params(find(ec_keys, OSSL_FUNC_KEYMGMT_SET_PARAMS));
	free_key = OSSL_FUNC_keymgmt_free(find(ec_keys, OSSL_FUNC_KEYMGMT_FREE));
	core_read = OSSL_FUNC_BIO_read_ex(find(core, OSSL_FUNC_BIO_READ_EX));
	core_control = OSSL_FUNC_BIO_ctrl(find(core, OSSL_FUNC_BIO_CTRL));
	if (!new_key || !import || !load || !copy_key || !set_key || !free_key || !core_read ||
		!core_control)
		return;
	void *key = new_key(provider), *given = key;
	if (key && import(key, OSSL_KEYMGMT_SELECT_DOMAIN_PARAMETERS, params) &&
		load(&given, sizeof given) == key && !given) /* so give() is understood */
		curve = key;
	else
		free_key(key);
}
