/* Private keys: kinds, making one, writing PEM. Side-by-side making is key_race.c, reading
 * bundle.c. */
#include "pki/key.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>

static const struct {
	const char *text, *shown;
	struct key_type type;
} kinds[] = {
	{ "rsa:2048", "RSA-2048", { .id = EVP_PKEY_RSA, .bits = 2048 } },
	{ "rsa:3072", "RSA-3072", { .id = EVP_PKEY_RSA, .bits = 3072 } },
	{ "rsa:4096", "RSA-4096", { .id = EVP_PKEY_RSA, .bits = 4096 } },
	{ "ec:P-256", "P-256", { .id = EVP_PKEY_EC, .curve = "P-256" } },
	{ "ec:P-384", "P-384", { .id = EVP_PKEY_EC, .curve = "P-384" } },
	{ "ec:P-521", "P-521", { .id = EVP_PKEY_EC, .curve = "P-521" } },
	{ "ed25519", "Ed25519", { .id = EVP_PKEY_ED25519 } },
	{ "ed448", "Ed448", { .id = EVP_PKEY_ED448 } },
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

bool key_type_parse(const char *text, struct key_type *ret, struct error *reterr)
{
	for (size_t i = 0; i < KINDS; i++)
		if (!strcasecmp(text, kinds[i].text)) {
			*ret = kinds[i].type;
			return true;
		}
	char shown[64];
	error_set(reterr, ERROR_USAGE, "'%s' is no key type",
		text_escape(shown, sizeof shown, text, strlen(text)));
	return error_hint(reterr, "one of " KEY_TYPES);
}

bool key_type_equal(const struct key_type *a, const struct key_type *b)
{
	return a->id == b->id && a->bits == b->bits &&
	       !strcmp(a->curve ? a->curve : "", b->curve ? b->curve : "");
}

struct key_type key_type_of(const EVP_PKEY *key)
{
	struct key_type type = { .id = EVP_PKEY_get_base_id(key) };
	if (type.id == EVP_PKEY_RSA)
		type.bits = (unsigned)EVP_PKEY_get_bits(key);
	if (type.id == EVP_PKEY_EC) {
		char group[64] = "";
		EVP_PKEY_get_group_name(key, group, sizeof group, NULL);
		int nid = OBJ_txt2nid(group);
		for (size_t i = 0; i < KINDS; i++)
			if (kinds[i].type.curve && EC_curve_nist2nid(kinds[i].type.curve) == nid)
				type.curve = kinds[i].type.curve;
	}
	return type;
}

const char *key_type_name(const struct key_type *type, char target[static KEY_NAME_BYTES])
{
	for (size_t i = 0; i < KINDS; i++)
		if (key_type_equal(type, &kinds[i].type))
			return kinds[i].shown;
	if (type->id == EVP_PKEY_RSA) {
		snprintf(target, KEY_NAME_BYTES, "RSA-%u", type->bits);
		return target;
	}
	const char *name = OBJ_nid2sn(type->id);
	return name ? name : "an unknown kind";
}

static bool cannot_make(const struct key_type *type, struct error *reterr)
{
	char name[KEY_NAME_BYTES];
	return error_openssl(reterr, ERROR_IO, "cannot make a %s key", key_type_name(type, name));
}

bool key_maker_new(const struct key_type *type, EVP_PKEY_CTX **ret, struct error *reterr)
{
	ERR_clear_error();
	OWN(EVP_PKEY_CTX)
	EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, OBJ_nid2sn(type->id), NULL);
	bool ok = maker && EVP_PKEY_keygen_init(maker) > 0;
	if (type->id == EVP_PKEY_RSA)
		ok = ok && EVP_PKEY_CTX_set_rsa_keygen_bits(maker, (int)type->bits) > 0;
	else if (type->id == EVP_PKEY_EC)
		ok = ok && EVP_PKEY_CTX_set_group_name(maker, type->curve) > 0;
	if (!ok)
		return cannot_make(type, reterr);
	*ret = TAKE(maker);
	return true;
}

bool key_make_by(
	EVP_PKEY_CTX *maker, const struct key_type *type, EVP_PKEY **ret, struct error *reterr)
{
	EVP_PKEY *key = NULL;
	ERR_clear_error();
	if (EVP_PKEY_generate(maker, &key) <= 0)
		return cannot_make(type, reterr);
	*ret = key;
	return true;
}

bool key_make(const struct key_type *type, EVP_PKEY **ret, struct error *reterr)
{
	OWN(EVP_PKEY_CTX) EVP_PKEY_CTX *maker = NULL;
	return key_maker_new(type, &maker, reterr) && key_make_by(maker, type, ret, reterr);
}

OWN_DEFINE(X509_SIG, X509_SIG, X509_SIG_free);

static bool write_encrypted(BIO *bio, PKCS8_PRIV_KEY_INFO *plain, const char *passphrase)
{
	X509_ALGOR *algorithm = PKCS5_pbe2_set_iv_ex(
		EVP_aes_256_cbc(), KEY_PBKDF2_ROUNDS, NULL, 0, NULL, NID_hmacWithSHA256, NULL);
	if (!algorithm)
		return false;
	/* PKCS8_set0_pbe takes the algorithm over only when it succeeds. */
	OWN(X509_SIG)
	X509_SIG *encrypted = PKCS8_set0_pbe(passphrase, (int)strlen(passphrase), plain, algorithm);
	if (!encrypted)
		X509_ALGOR_free(algorithm);
	return encrypted && PEM_write_bio_PKCS8(bio, encrypted);
}

bool key_encode(EVP_PKEY *key, const char *passphrase, struct buffer *ret, struct error *reterr)
{
	ERR_clear_error();
	OWN(PKCS8_PRIV_KEY_INFO) PKCS8_PRIV_KEY_INFO *plain = key_pkcs8(key);
	OWN(BIO) BIO *bio = BIO_new(BIO_s_secmem());
	bool ok = plain && bio &&
		  (passphrase ? write_encrypted(bio, plain, passphrase)
			      : PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, plain));
	if (!ok)
		return error_openssl(reterr, ERROR_BUG, "cannot write a private key as PEM");
	char *pem;
	long bytes = BIO_get_mem_data(bio, &pem);
	ok = buffer_append(ret, pem, (size_t)bytes, reterr);
	OPENSSL_cleanse(pem, (size_t)bytes);
	return ok;
}

bool key_check_pair(const EVP_PKEY *key, const X509 *certificate, const char *key_path,
	const char *certificate_path, struct error *reterr)
{
	if (X509_check_private_key(certificate, key) == 1)
		return true;
	ERR_clear_error();
	return error_code(reterr, ERROR_INPUT, CODE_KEY_MISMATCH,
		"the key '%s' does not belong to the certificate '%s'", key_path, certificate_path);
}

bool key_digest(const EVP_PKEY *key, const char *wanted, const EVP_MD **ret, struct error *reterr)
{
	int id = EVP_PKEY_get_base_id(key);
	if (id == EVP_PKEY_ED25519 || id == EVP_PKEY_ED448) {
		*ret = NULL; /* the signature brings its own (RFC 8410 section 3) */
		return true;
	}
	const EVP_MD *digest = EVP_sha256();
	if (wanted && strcasecmp(wanted, "default"))
		digest = EVP_get_digestbyname(wanted);
	if (!digest || EVP_MD_get_flags(digest) & EVP_MD_FLAG_XOF)
		return error_set(reterr, ERROR_INPUT,
			"cannot sign with '%s': it is no digest that OpenSSL knows", wanted);
	if (EVP_MD_get_size(digest) < 28) {
		error_set(reterr, ERROR_INPUT, "cannot sign with '%s': the digest is too weak",
			wanted);
		return error_hint(reterr, "default_md = sha256");
	}
	*ret = digest;
	return true;
}

bool key_sign(EVP_PKEY *key, const EVP_MD *digest, const void *data, size_t bytes,
	struct key_signature *ret)
{
	ERR_clear_error();
	OWN(EVP_MD_CTX) EVP_MD_CTX *context = EVP_MD_CTX_new();
	ret->count = sizeof ret->bytes;
	return context && EVP_DigestSignInit(context, NULL, digest, NULL, key) == 1 &&
	       EVP_DigestSign(context, ret->bytes, &ret->count, data, bytes) == 1;
}
