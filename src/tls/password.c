/*
 * Keys from passwords: PBKDF2 (RFC 8018 section 5.2) and what PFX files have for their MAC (RFC
 * 7292 appendix B), as algorithms of the provider that servers and makers of PFX files use. Both
 * are slow on purpose, thousands of digests in a row; OpenSSL 3.0 spends five times as long, as it
 * copies three objects for each, which only helps who guesses and does not use OpenSSL. Here a
 * round of SHA-256 is what it has to be, one block of the digest each way.
 */

/* A bare block of SHA-256 is to be had by the functions of OpenSSL 1.1 alone, which 3 keeps. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "tls/password.h"

#include "base/base.h"

#include <endian.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>

OWN_DEFINE(EVP_MD_CTX, EVP_MD_CTX, EVP_MD_CTX_free);

#define BLOCK_BYTES_MAX 144 /* SHA3-224's */
#define INNER_PAD 0x36
#define OUTER_PAD 0x5c

static OSSL_LIB_CTX *digests;

struct bytes {
	const unsigned char *data; /* NULL: not given */
	size_t count;
};

/* As it is asked for; borrowed but the digest. */
struct wish {
	EVP_MD *md; /* OWN */
	struct bytes password, salt;
	uint64_t rounds;
	int id;                    /* PKCS #12: what the bytes are for; 0: not given */
	size_t bytes, block_bytes; /* of the digest */
	bool sha256;               /* it is */
};

/* ---- What is asked for ---- */

static bool find_digest(const OSSL_PARAM *from, struct wish *wish)
{
	const char *name;
	if (!OSSL_PARAM_get_utf8_string_ptr(from, &name) || wish->md ||
		!(wish->md = EVP_MD_fetch(digests, name, NULL)))
		return false;
	int bytes = EVP_MD_get_size(wish->md), block_bytes = EVP_MD_get_block_size(wish->md);
	wish->bytes = (size_t)bytes;
	wish->block_bytes = (size_t)block_bytes;
	wish->sha256 = EVP_MD_is_a(wish->md, "SHA2-256");
	return bytes > 0 && block_bytes >= bytes && block_bytes <= BLOCK_BYTES_MAX;
}

static bool read_bytes(const OSSL_PARAM *from, struct bytes *ret)
{
	if (from->data_type != OSSL_PARAM_OCTET_STRING)
		return false;
	*ret = (struct bytes){ from->data ? from->data : (const void *)"", from->data_size };
	return from->data || !from->data_size;
}

static bool read_one(const OSSL_PARAM *from, struct wish *wish)
{
	int without_bounds = 1;
	if (!strcmp(from->key, OSSL_KDF_PARAM_PASSWORD))
		return read_bytes(from, &wish->password);
	if (!strcmp(from->key, OSSL_KDF_PARAM_SALT))
		return read_bytes(from, &wish->salt);
	if (!strcmp(from->key, OSSL_KDF_PARAM_ITER))
		return OSSL_PARAM_get_uint64(from, &wish->rounds);
	if (!strcmp(from->key, OSSL_KDF_PARAM_DIGEST))
		return find_digest(from, wish);
	if (!strcmp(from->key, OSSL_KDF_PARAM_PKCS12_ID))
		return OSSL_PARAM_get_int(from, &wish->id);
	if (!strcmp(from->key, OSSL_KDF_PARAM_PKCS5))
		return OSSL_PARAM_get_int(from, &without_bounds) && without_bounds;
	return true;
}

static bool read_wish(const OSSL_PARAM *from, struct wish *wish)
{
	for (; from && from->key; from++)
		if (!read_one(from, wish))
			return false;
	return wish->md && wish->password.data && wish->salt.data && wish->rounds;
}

/* ---- A block of SHA-256 ---- */

/* The last block of a message that ends with a hash: that, and the padding (FIPS 180-4
 * section 5.1.1).
 */
struct last {
	SHA256_CTX state; /* only for its eight words */
	unsigned char block[SHA256_CBLOCK];
};

/* The message has so many blocks before the last one. */
static void last_begin(struct last *last, unsigned blocks, const unsigned char *hash)
{
	unsigned bits = 8 * (blocks * SHA256_CBLOCK + SHA256_DIGEST_LENGTH);
	*last = (struct last){ 0 };
	memcpy(last->block, hash, SHA256_DIGEST_LENGTH);
	last->block[SHA256_DIGEST_LENGTH] = 0x80;
	last->block[SHA256_CBLOCK - 2] = (unsigned char)(bits >> 8);
	last->block[SHA256_CBLOCK - 1] = (unsigned char)bits;
}

/* The digest takes the place of the hash. `before` has taken in the blocks before the last one. */
static void last_digest(struct last *last, const SHA256_CTX *before)
{
	memcpy(last->state.h, before->h, sizeof before->h);
	SHA256_Transform(&last->state, last->block);
	for (size_t i = 0; i < 8; i++) {
		uint32_t word = htobe32(last->state.h[i]);
		memcpy(last->block + sizeof word * i, &word, sizeof word);
	}
}

/* ---- PBKDF2 ---- */

/* HMAC (RFC 2104) with one key: what its two digests are once each has taken the key. */
struct mac {
	EVP_MD_CTX *inner, *outer, *hash;
	SHA256_CTX inner_sha256, outer_sha256; /* the same, where it is SHA-256 */
};

static void mac_done(struct mac *mac)
{
	EVP_MD_CTX_free(mac->inner);
	EVP_MD_CTX_free(mac->outer);
	EVP_MD_CTX_free(mac->hash);
	OPENSSL_cleanse(mac, sizeof *mac);
}

static bool mac_begin(struct mac *mac, const struct wish *wish)
{
	unsigned char pad[BLOCK_BYTES_MAX] = { 0 };
	size_t block_bytes = wish->block_bytes;
	*mac = (struct mac){
		.inner = EVP_MD_CTX_new(), .outer = EVP_MD_CTX_new(), .hash = EVP_MD_CTX_new()
	};
	bool ok = mac->inner && mac->outer && mac->hash;
	if (wish->password.count > block_bytes)
		ok = ok && EVP_Digest(wish->password.data, wish->password.count, pad, NULL,
				   wish->md, NULL);
	else
		memcpy(pad, wish->password.data, wish->password.count);
	for (size_t i = 0; i < block_bytes; i++)
		pad[i] ^= INNER_PAD;
	ok = ok && EVP_DigestInit_ex2(mac->inner, wish->md, NULL) &&
	     EVP_DigestUpdate(mac->inner, pad, block_bytes);
	if (ok && wish->sha256) {
		SHA256_Init(&mac->inner_sha256);
		SHA256_Transform(&mac->inner_sha256, pad);
	}
	for (size_t i = 0; i < block_bytes; i++)
		pad[i] ^= INNER_PAD ^ OUTER_PAD;
	ok = ok && EVP_DigestInit_ex2(mac->outer, wish->md, NULL) &&
	     EVP_DigestUpdate(mac->outer, pad, block_bytes);
	if (ok && wish->sha256) {
		SHA256_Init(&mac->outer_sha256);
		SHA256_Transform(&mac->outer_sha256, pad);
	}
	OPENSSL_cleanse(pad, sizeof pad);
	return ok;
}

/* Of two parts; `ret` may be one of them. */
static bool mac_of(
	const struct mac *mac, size_t bytes, struct bytes one, struct bytes two, unsigned char *ret)
{
	return EVP_MD_CTX_copy_ex(mac->hash, mac->inner) &&
	       EVP_DigestUpdate(mac->hash, one.data, one.count) &&
	       EVP_DigestUpdate(mac->hash, two.data, two.count) &&
	       EVP_DigestFinal_ex(mac->hash, ret, NULL) &&
	       EVP_MD_CTX_copy_ex(mac->hash, mac->outer) &&
	       EVP_DigestUpdate(mac->hash, ret, bytes) && EVP_DigestFinal_ex(mac->hash, ret, NULL);
}

static void add(unsigned char *sum, const unsigned char *hash)
{
	for (size_t i = 0; i < EVP_MAX_MD_SIZE; i++)
		sum[i] ^= hash[i];
}

/* U_2 and what follows, added to the first one that is there. */
static bool pbkdf2_rounds(
	const struct mac *mac, const struct wish *wish, unsigned char *hash, unsigned char *sum)
{
	bool ok = true;
	for (uint64_t round = 1; ok && round < wish->rounds; round++) {
		ok = mac_of(mac, wish->bytes, (struct bytes){ hash, wish->bytes },
			(struct bytes){ NULL, 0 }, hash);
		add(sum, hash);
	}
	return ok;
}

static bool pbkdf2_rounds_sha256(
	const struct mac *mac, const struct wish *wish, unsigned char *hash, unsigned char *sum)
{
	struct last last;
	last_begin(&last, 1, hash);
	for (uint64_t round = 1; round < wish->rounds; round++) {
		last_digest(&last, &mac->inner_sha256);
		last_digest(&last, &mac->outer_sha256);
		memcpy(hash, last.block, SHA256_DIGEST_LENGTH);
		add(sum, hash);
	}
	OPENSSL_cleanse(&last, sizeof last);
	return true;
}

/* F of RFC 8018 section 5.2, of which `ret` takes the beginning. */
static bool pbkdf2_block(const struct mac *mac, const struct wish *wish, uint32_t number,
	unsigned char *ret, size_t bytes)
{
	unsigned char hash[EVP_MAX_MD_SIZE] = { 0 }, sum[EVP_MAX_MD_SIZE];
	uint32_t counter = htobe32(number);
	bool ok = mac_of(mac, wish->bytes, wish->salt,
		(struct bytes){ (const unsigned char *)&counter, sizeof counter }, hash);
	memcpy(sum, hash, sizeof sum);
	ok = ok && (wish->sha256 ? pbkdf2_rounds_sha256 : pbkdf2_rounds)(mac, wish, hash, sum);
	memcpy(ret, sum, bytes);
	OPENSSL_cleanse(hash, sizeof hash);
	OPENSSL_cleanse(sum, sizeof sum);
	return ok;
}

static bool pbkdf2(const struct wish *wish, unsigned char *ret, size_t bytes)
{
	struct mac mac;
	uint32_t number = 1;
	bool ok = bytes / wish->bytes < UINT32_MAX && mac_begin(&mac, wish);
	for (size_t done = 0, count; ok && done < bytes; done += count) {
		count = bytes - done < wish->bytes ? bytes - done : wish->bytes;
		ok = pbkdf2_block(&mac, wish, number++, ret + done, count);
	}
	mac_done(&mac);
	return ok;
}

/* ---- PKCS #12 ---- */

/* Step 5: as many whole blocks as hold it, filled with it again and again. */
static size_t repeated_bytes(struct bytes part, size_t block_bytes)
{
	return (part.count + block_bytes - 1) / block_bytes * block_bytes;
}

static void repeat(struct bytes part, unsigned char *ret, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		ret[i] = part.data[i % part.count];
}

static void pkcs12_rounds_sha256(const struct wish *wish, unsigned char *hash)
{
	SHA256_CTX nothing;
	struct last last;
	SHA256_Init(&nothing);
	last_begin(&last, 0, hash);
	for (uint64_t round = 1; round < wish->rounds; round++)
		last_digest(&last, &nothing);
	memcpy(hash, last.block, SHA256_DIGEST_LENGTH);
	OPENSSL_cleanse(&last, sizeof last);
}

/* Step 6A: a block that says what for, then I, digested again and again. */
static bool pkcs12_hash(
	EVP_MD_CTX *hash, const struct wish *wish, struct bytes input, unsigned char *ret)
{
	unsigned char purpose[BLOCK_BYTES_MAX];
	memset(purpose, wish->id, wish->block_bytes);
	bool ok = EVP_DigestInit_ex2(hash, wish->md, NULL) &&
		  EVP_DigestUpdate(hash, purpose, wish->block_bytes) &&
		  EVP_DigestUpdate(hash, input.data, input.count) &&
		  EVP_DigestFinal_ex(hash, ret, NULL);
	if (ok && wish->sha256) {
		pkcs12_rounds_sha256(wish, ret);
		return true;
	}
	for (uint64_t round = 1; ok && round < wish->rounds; round++)
		ok = EVP_DigestInit_ex2(hash, wish->md, NULL) &&
		     EVP_DigestUpdate(hash, ret, wish->bytes) &&
		     EVP_DigestFinal_ex(hash, ret, NULL);
	return ok;
}

/* Step 6C: adds what the digest is, repeated, and 1 to each block of I, as numbers. */
static void pkcs12_add(const struct wish *wish, const unsigned char *digest, unsigned char *input,
	size_t input_bytes)
{
	for (unsigned char *block = input; block < input + input_bytes;
		block += wish->block_bytes) {
		unsigned carry = 1;
		for (size_t i = wish->block_bytes; i-- > 0; carry >>= 8) {
			carry += (unsigned)block[i] + digest[i % wish->bytes];
			block[i] = (unsigned char)carry;
		}
	}
}

static bool pkcs12(const struct wish *wish, unsigned char *ret, size_t bytes)
{
	size_t salt_bytes = repeated_bytes(wish->salt, wish->block_bytes);
	size_t input_bytes = salt_bytes + repeated_bytes(wish->password, wish->block_bytes);
	unsigned char digest[EVP_MAX_MD_SIZE];
	OWN(EVP_MD_CTX) EVP_MD_CTX *hash = EVP_MD_CTX_new();
	unsigned char *input = OPENSSL_zalloc(input_bytes);
	bool ok = hash && input;
	if (ok) {
		repeat(wish->salt, input, salt_bytes);
		repeat(wish->password, input + salt_bytes, input_bytes - salt_bytes);
	}
	for (size_t done = 0, count; ok && done < bytes; done += count) {
		count = bytes - done < wish->bytes ? bytes - done : wish->bytes;
		ok = pkcs12_hash(hash, wish, (struct bytes){ input, input_bytes }, digest);
		memcpy(ret + done, digest, count);
		pkcs12_add(wish, digest, input, input_bytes);
	}
	OPENSSL_cleanse(digest, sizeof digest);
	OPENSSL_clear_free(input, input_bytes);
	return ok;
}

/* ---- The algorithms ---- */

/* All that is to be known comes with the call; OpenSSL only wants something that is not NULL. */
static void *begin(void *provider)
{
	(void)provider;
	return &digests;
}

static void end(void *context)
{
	(void)context;
}

static int derive(bool (*how)(const struct wish *, unsigned char *, size_t), unsigned char *ret,
	size_t bytes, const OSSL_PARAM params[])
{
	struct wish wish = { .id = 0 };
	bool ok = read_wish(params, &wish) && how(&wish, ret, bytes);
	EVP_MD_free(wish.md);
	return ok;
}

static int derive_pbkdf2(void *context, unsigned char *ret, size_t bytes, const OSSL_PARAM params[])
{
	(void)context;
	return derive(pbkdf2, ret, bytes, params);
}

static int derive_pkcs12(void *context, unsigned char *ret, size_t bytes, const OSSL_PARAM params[])
{
	(void)context;
	return derive(pkcs12, ret, bytes, params);
}

#define ALGORITHM(function) \
	{ \
		{ OSSL_FUNC_KDF_NEWCTX, (void (*)(void))begin }, \
			{ OSSL_FUNC_KDF_FREECTX, (void (*)(void))end }, \
			{ OSSL_FUNC_KDF_DERIVE, (void (*)(void))(function) }, \
		{ \
			0, NULL \
		} \
	}

const OSSL_DISPATCH tls_password_pbkdf2[] = ALGORITHM(derive_pbkdf2);
const OSSL_DISPATCH tls_password_pkcs12[] = ALGORITHM(derive_pkcs12);

void tls_password_begin(OSSL_LIB_CTX *library)
{
	digests = library;
}
