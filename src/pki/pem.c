/* PEM. */
#include "pki/pem.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

enum { LINE_BYTES = 48, LINE_TEXT = 64 };

static bool add_edge(const char *what, const char *label, struct buffer *ret, struct error *reterr)
{
	return buffer_text(ret, what, reterr) && buffer_text(ret, label, reterr) &&
	       buffer_text(ret, "-----\n", reterr);
}

bool pem_add(const char *label, const unsigned char *der, size_t bytes, struct buffer *ret,
	struct error *reterr)
{
	unsigned char line[LINE_TEXT + 1]; /* OpenSSL puts a NUL behind */
	bool ok = add_edge("-----BEGIN ", label, ret, reterr);
	for (size_t at = 0, used; ok && at < bytes; at += used) {
		used = bytes - at < LINE_BYTES ? bytes - at : LINE_BYTES;
		int letters = EVP_EncodeBlock(line, der + at, (int)used);
		line[letters] = '\n';
		ok = buffer_append(ret, line, (size_t)letters + 1, reterr);
	}
	OPENSSL_cleanse(line, sizeof line); /* it may be a key's */
	return ok && add_edge("-----END ", label, ret, reterr);
}
