/*
 * The derivations of TLS 1.3 (RFC 8446 section 7.1), as an algorithm of the provider that servers
 * handshake with. There are some twenty in a handshake, and for each OpenSSL 3.0 looks for digest
 * and MAC by their names, copies all that it is given, makes a dozen objects and wipes them: most
 * of the time. What is asked for is HKDF (RFC 5869), so HMAC (RFC 2104) over less than 300 bytes;
 * here that is two runs of a digest that is at hand. The digest is OpenSSL's.
 */
#include "tls/schedule.h"

#include "base/base.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <string.h>
#include <strings.h>

OWN_DEFINE(EVP_MD_CTX, EVP_MD_CTX, EVP_MD_CTX_free);

#define BLOCK_BYTES_MAX 128 /* SHA-384's */
#define INNER_PAD 0x36
#define OUTER_PAD 0x5c
/* HkdfLabel: length (2), label (1 and up to 255), context (the same). */
#define LABEL_BYTES_MAX (2 + 2 * 256)

/* The digests of TLS 1.3's suites (RFC 8446 section B.4). */
static struct digest {
	const char *name, *alias;
	EVP_MD *md;
	size_t bytes, block_bytes;
	unsigned char of_nothing[EVP_MAX_MD_SIZE];
} digests[] = {
	{ .name = "SHA2-256", .alias = "SHA256" },
	{ .name = "SHA2-384", .alias = "SHA384" },
};
#define DIGESTS (sizeof digests / sizeof *digests)

struct bytes {
	const void *data; /* NULL: not given */
	size_t count;
};

/* ---- HMAC ---- */

static bool run(EVP_MD_CTX *hash, const struct digest *digest, const struct bytes *parts,
	size_t count, unsigned char *ret)
{
	bool ok = EVP_DigestInit_ex2(hash, digest->md, NULL);
	for (size_t i = 0; ok && i < count; i++)
		ok = EVP_DigestUpdate(hash, parts[i].data, parts[i].count);
	return ok && EVP_DigestFinal_ex(hash, ret, NULL);
}

#define PARTS_MAX 3

/* `ret` has room for the digest, and may be one of the parts. Keys longer than a block are none of
 * TLS 1.3's. */
static bool mac(EVP_MD_CTX *hash, const struct digest *digest, struct bytes key,
	const struct bytes *parts, size_t count, unsigned char *ret)
{
	unsigned char pad[BLOCK_BYTES_MAX];
	struct bytes inner[1 + PARTS_MAX] = { { pad, digest->block_bytes } };
	struct bytes outer[2] = { inner[0], { ret, digest->bytes } };
	if (key.count > digest->block_bytes || count > PARTS_MAX)
		return false;
	memset(pad, INNER_PAD, digest->block_bytes);
	for (size_t i = 0; i < key.count; i++)
		pad[i] ^= ((const unsigned char *)key.data)[i];
	memcpy(inner + 1, parts, count * sizeof *parts);
	bool ok = run(hash, digest, inner, 1 + count, ret);
	for (size_t i = 0; i < digest->block_bytes; i++)
		pad[i] ^= INNER_PAD ^ OUTER_PAD;
	ok = ok && run(hash, digest, outer, 2, ret);
	OPENSSL_cleanse(pad, digest->block_bytes);
	return ok;
}

/* ---- What is asked for ---- */

/* As libssl says it; borrowed. */
struct wish {
	const struct digest *digest;
	int mode;
	struct bytes key, salt, prefix, label, data;
};

static const struct digest *find_digest(const OSSL_PARAM *from)
{
	const char *name;
	if (!OSSL_PARAM_get_utf8_string_ptr(from, &name))
		return NULL;
	for (size_t i = 0; i < DIGESTS; i++)
		if (!strcasecmp(name, digests[i].name) || !strcasecmp(name, digests[i].alias))
			return &digests[i];
	return NULL;
}

/* Seven names for each of twenty derivations: nearly all differ in their first letter. */
static bool is(const char *name, const char *wanted)
{
	return *name == *wanted && !strcmp(name, wanted);
}

static struct bytes *find_bytes(struct wish *wish, const char *name)
{
	return is(name, OSSL_KDF_PARAM_KEY)      ? &wish->key
	       : is(name, OSSL_KDF_PARAM_SALT)   ? &wish->salt
	       : is(name, OSSL_KDF_PARAM_PREFIX) ? &wish->prefix
	       : is(name, OSSL_KDF_PARAM_LABEL)  ? &wish->label
	       : is(name, OSSL_KDF_PARAM_DATA)   ? &wish->data
						 : NULL;
}

static bool read_wish(const OSSL_PARAM *from, struct wish *ret)
{
	*ret = (struct wish){ .mode = -1 };
	for (; from && from->key; from++) {
		struct bytes *bytes = find_bytes(ret, from->key);
		if (bytes && from->data_type != OSSL_PARAM_OCTET_STRING)
			return false;
		if (bytes)
			*bytes = (struct bytes){ from->data, from->data_size };
		else if (is(from->key, OSSL_KDF_PARAM_DIGEST))
			ret->digest = find_digest(from);
		else if (is(from->key, OSSL_KDF_PARAM_MODE) &&
			 !OSSL_PARAM_get_int(from, &ret->mode))
			return false;
	}
	return ret->digest != NULL;
}

/* ---- RFC 8446 section 7.1 ---- */

static bool append(unsigned char *label, size_t *used, struct bytes bytes)
{
	if (bytes.count > 255 || *used + bytes.count > LABEL_BYTES_MAX)
		return false;
	if (bytes.count)
		memcpy(label + *used, bytes.data, bytes.count);
	*used += bytes.count;
	return true;
}

/* HKDF-Expand-Label with the wish's prefix and label. */
static bool expand(EVP_MD_CTX *hash, const struct wish *wish, struct bytes secret,
	struct bytes context, unsigned char *ret, size_t bytes)
{
	const struct digest *digest = wish->digest;
	unsigned char label[LABEL_BYTES_MAX], block[EVP_MAX_MD_SIZE], counter = 0;
	size_t used = 3;
	if (!secret.data || !bytes || bytes > 255 * digest->bytes ||
		wish->prefix.count + wish->label.count > 255)
		return false;
	label[0] = (unsigned char)(bytes >> 8);
	label[1] = (unsigned char)bytes;
	label[2] = (unsigned char)(wish->prefix.count + wish->label.count);
	if (!append(label, &used, wish->prefix) || !append(label, &used, wish->label))
		return false;
	label[used++] = (unsigned char)context.count;
	if (!append(label, &used, context))
		return false;
	bool ok = true;
	for (size_t done = 0, count; ok && done < bytes; done += count) {
		struct bytes parts[] = { { block, counter ? digest->bytes : 0 }, { label, used },
			{ &counter, 1 } };
		counter++;
		count = bytes - done < digest->bytes ? bytes - done : digest->bytes;
		ok = mac(hash, digest, secret, parts, 3, block);
		memcpy(ret + done, block, count);
	}
	OPENSSL_cleanse(block, digest->bytes);
	return ok;
}

/* HKDF-Extract: of what came before, by Derive-Secret(., "derived", ""), and of what comes in. What
 * there is none of is zeros. */
static bool extract(EVP_MD_CTX *hash, const struct wish *wish, unsigned char *ret)
{
	static const unsigned char zeros[EVP_MAX_MD_SIZE];
	const struct digest *digest = wish->digest;
	unsigned char derived[EVP_MAX_MD_SIZE];
	struct bytes salt = { derived, 0 }, in = wish->key;
	if (wish->salt.data)
		salt.count = digest->bytes;
	if (!in.data)
		in = (struct bytes){ zeros, digest->bytes };
	bool ok = (!salt.count || expand(hash, wish, wish->salt,
					  (struct bytes){ digest->of_nothing, digest->bytes },
					  derived, digest->bytes)) &&
		  mac(hash, digest, salt, &in, 1, ret);
	OPENSSL_cleanse(derived, digest->bytes);
	return ok;
}

/* ---- The algorithm ---- */

/* All that is to be known comes with the call; what OpenSSL wants here is something that is not
 * NULL. */
static void *begin(void *provider)
{
	(void)provider;
	return digests;
}

static void end(void *context)
{
	(void)context;
}

static int derive(void *context, unsigned char *ret, size_t bytes, const OSSL_PARAM params[])
{
	(void)context;
	struct wish wish;
	OWN(EVP_MD_CTX) EVP_MD_CTX *hash = EVP_MD_CTX_new();
	if (!hash || !read_wish(params, &wish))
		return 0;
	if (wish.mode == EVP_KDF_HKDF_MODE_EXPAND_ONLY)
		return expand(hash, &wish, wish.key, wish.data, ret, bytes);
	return wish.mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY && bytes == wish.digest->bytes &&
	       extract(hash, &wish, ret);
}

const OSSL_DISPATCH tls_schedule[] = {
	{ OSSL_FUNC_KDF_NEWCTX, (void (*)(void))begin },
	{ OSSL_FUNC_KDF_FREECTX, (void (*)(void))end },
	{ OSSL_FUNC_KDF_DERIVE, (void (*)(void))derive },
	{ 0, NULL },
};

bool tls_schedule_begin(OSSL_LIB_CTX *library)
{
	for (size_t i = 0; i < DIGESTS; i++) {
		struct digest *digest = &digests[i];
		digest->md = EVP_MD_fetch(library, digest->name, NULL);
		if (!digest->md || !EVP_Digest("", 0, digest->of_nothing, NULL, digest->md, NULL))
			return false;
		digest->bytes = (size_t)EVP_MD_get_size(digest->md);
		digest->block_bytes = (size_t)EVP_MD_get_block_size(digest->md);
	}
	return true;
}
