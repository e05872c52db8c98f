/*
 * P-256 keys as DER, written by ourselves. OpenSSL 3.0 gathers all of its encoders anew for each
 * key, and decodes the public key of a certificate that it has just encoded: 0.4 to 0.8 ms a time,
 * ten times in a set of certificates, where the signature takes 0.03 ms. Other kinds of keys, and
 * P-256 ones of another form, are left to OpenSSL.
 */
#include "pki/key.h"
#include "pki/pem.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>

enum {
	SCALAR_BYTES = KEY_P256_SCALAR_BYTES,
	POINT_BYTES = KEY_P256_POINT_BYTES,
	UNCOMPRESSED = 4,
	PARAMETER_BYTES = 32
};

static bool is_text(const EVP_PKEY *key, const char *parameter, const char *wanted)
{
	char text[PARAMETER_BYTES];
	return EVP_PKEY_get_utf8_string_param(key, parameter, text, sizeof text, NULL) &&
	       !strcmp(text, wanted);
}

/* The public point, uncompressed (SEC 1 section 2.3.3); false for any other key. */
static bool read_point(const EVP_PKEY *key, unsigned char ret[static POINT_BYTES])
{
	size_t bytes = 0;
	return EVP_PKEY_is_a(key, "EC") &&
	       is_text(key, OSSL_PKEY_PARAM_GROUP_NAME, SN_X9_62_prime256v1) &&
	       is_text(key, OSSL_PKEY_PARAM_EC_ENCODING, OSSL_PKEY_EC_ENCODING_GROUP) &&
	       is_text(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
		       OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) &&
	       EVP_PKEY_get_octet_string_param(
		       key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, ret, POINT_BYTES, &bytes) &&
	       bytes == POINT_BYTES && ret[0] == UNCOMPRESSED;
}

static bool read_scalar(const EVP_PKEY *key, unsigned char ret[static SCALAR_BYTES])
{
	OWN(BIGNUM) BIGNUM *scalar = NULL;
	return EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &scalar) &&
	       BN_bn2binpad(scalar, ret, SCALAR_BYTES) == SCALAR_BYTES;
}

bool key_put_public(EVP_PKEY *key, X509_PUBKEY *target)
{
	unsigned char point[POINT_BYTES];
	if (!read_point(key, point)) {
		ERR_clear_error();
		return false;
	}
	/* RFC 5480 section 2: the algorithm's parameters name the curve. */
	unsigned char *copy = OPENSSL_memdup(point, sizeof point);
	if (!copy || !X509_PUBKEY_set0_param(target, OBJ_nid2obj(NID_X9_62_id_ecPublicKey),
			     V_ASN1_OBJECT, OBJ_nid2obj(NID_X9_62_prime256v1), copy, sizeof point))
		bug("out of memory for a public key");
	return true;
}

/* ECPrivateKey of RFC 5915 section 3, whose parameters PKCS#8 has outside of it. */
static const unsigned char before_scalar[] = { 0x30, 107, 0x02, 1, 1, 0x04, SCALAR_BYTES };
static const unsigned char before_point[] = { 0xa1, 68, 0x03, POINT_BYTES + 1, 0 };
enum { PRIVATE_BYTES = sizeof before_scalar + SCALAR_BYTES + sizeof before_point + POINT_BYTES };
_Static_assert(PRIVATE_BYTES == 107 + 2, "the length that the first bytes name");

static void write_private(const struct key_p256 *key, unsigned char ret[static PRIVATE_BYTES])
{
	unsigned char *at = ret;
	at = (unsigned char *)mempcpy(at, before_scalar, sizeof before_scalar);
	at = (unsigned char *)mempcpy(at, key->scalar, SCALAR_BYTES);
	at = (unsigned char *)mempcpy(at, before_point, sizeof before_point);
	memcpy(at, key->point, POINT_BYTES);
}

static PKCS8_PRIV_KEY_INFO *make_private(const struct key_p256 *key)
{
	PKCS8_PRIV_KEY_INFO *plain = PKCS8_PRIV_KEY_INFO_new();
	unsigned char *der = OPENSSL_malloc(PRIVATE_BYTES);
	if (!plain || !der)
		bug("out of memory for a private key");
	write_private(key, der);
	if (!PKCS8_pkey_set0(plain, OBJ_nid2obj(NID_X9_62_id_ecPublicKey), 0, V_ASN1_OBJECT,
		    OBJ_nid2obj(NID_X9_62_prime256v1), der, PRIVATE_BYTES))
		bug("out of memory for a private key");
	return plain; /* owns and wipes the DER */
}

bool key_p256_read(const EVP_PKEY *key, struct key_p256 *ret)
{
	bool ours = read_point(key, ret->point) && read_scalar(key, ret->scalar);
	ERR_clear_error();
	return ours;
}

/* id-ecPublicKey with prime256v1, in front of both halves. */
#define ALGORITHM \
	0x30, 19, 0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 0x06, 8, 0x2a, 0x86, 0x48, 0xce, \
		0x3d, 3, 1, 7

void key_p256_public(const struct key_p256 *key, unsigned char ret[static KEY_P256_PUBLIC_BYTES])
{
	static const unsigned char before[] = { 0x30, 89, ALGORITHM, 0x03, POINT_BYTES + 1, 0 };
	_Static_assert(sizeof before + POINT_BYTES == KEY_P256_PUBLIC_BYTES, "no byte is left");
	memcpy(mempcpy(ret, before, sizeof before), key->point, POINT_BYTES);
}

bool key_p256_encode(const struct key_p256 *key, struct buffer *ret, struct error *reterr)
{
	static const unsigned char before[] = { 0x30, 0x81, 135, 0x02, 1, 0, ALGORITHM, 0x04,
		PRIVATE_BYTES };
	unsigned char der[sizeof before + PRIVATE_BYTES];
	_Static_assert(sizeof der == 135 + 3, "the length that the first bytes name");
	write_private(key, (unsigned char *)mempcpy(der, before, sizeof before));
	bool ok = pem_add(PEM_STRING_PKCS8INF, der, sizeof der, ret, reterr);
	OPENSSL_cleanse(der, sizeof der);
	return ok;
}

PKCS8_PRIV_KEY_INFO *key_pkcs8(EVP_PKEY *key)
{
	struct key_p256 pair;
	PKCS8_PRIV_KEY_INFO *plain =
		key_p256_read(key, &pair) ? make_private(&pair) : EVP_PKEY2PKCS8(key);
	OPENSSL_cleanse(&pair, sizeof pair);
	return plain;
}
