/*
 * Parsed certificates, remembered (-Dparsed_certificates=true). OpenSSL 3.0 spends more on parsing
 * a certificate's key, through its decoders, than on the rest of a full handshake, and has no place
 * to hang a cache in. libssl finds d2i_X509 by its name, though, and a program's own function of
 * that name comes first. It is a trick: tls_parsed_hits tells a test whether it still bites.
 *
 * Nothing is skipped but parsing: the same bytes, all of them compared, are the same certificate.
 * It is shared, as OpenSSL's certificates may be, and verified as any other.
 */
/* Only this build has it, and the door has to say so to this file too. */
#ifndef MTLS_PARSED_CERTIFICATES
#define MTLS_PARSED_CERTIFICATES
#endif
#include "tls/tls.h"

#include <dlfcn.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdatomic.h>

#define PARSED_MAX 2048
#define PARSED_BYTES_MAX 8192

typedef X509 *parse_function(X509 **, const unsigned char **, long);

struct parsed {
	atomic_uint references;
	X509 *certificate;
	size_t bytes;
	unsigned char der[];
};

static struct cache *cache;
static parse_function *parse;
static atomic_ullong hits;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool is_parsed(const void *value, const void *key, size_t key_bytes)
{
	const struct parsed *parsed = value;
	return parsed->bytes == key_bytes && !memcmp(parsed->der, key, key_bytes);
}

static void hold(void *value)
{
	atomic_fetch_add(&((struct parsed *)value)->references, 1);
}

static void release(void *value)
{
	struct parsed *parsed = value;
	if (atomic_fetch_sub(&parsed->references, 1) > 1)
		return;
	X509_free(parsed->certificate);
	free(parsed);
}

static void begin(void)
{
	static const struct cache_kind kind = { is_parsed, hold, release };
	void *next = dlsym(RTLD_NEXT, "d2i_X509");
	if (!next)
		bug("OpenSSL has no d2i_X509");
	memcpy(&parse, &next, sizeof parse);
	cache = cache_new(PARSED_MAX, &kind);
}

/* Until the end of the process: libraries may parse certificates for as long. */
static void remember(X509 *certificate, const unsigned char *der, size_t bytes)
{
	struct parsed *parsed = malloc(sizeof *parsed + bytes);
	if (!parsed || !X509_up_ref(certificate))
		bug("out of memory for a certificate");
	atomic_init(&parsed->references, 1);
	parsed->certificate = certificate;
	parsed->bytes = bytes;
	memcpy(parsed->der, der, bytes);
	/* Decoded now, so that threads only read what they share. */
	X509_check_purpose(certificate, -1, 0);
	cache_put(cache, der, bytes, parsed);
}

unsigned long long tls_parsed_hits(void)
{
	return hits;
}

/* libssl's calls, and ours: the certificate that stands at *in, taken over into *ret unless NULL.
 */
X509 *d2i_X509(X509 **ret, const unsigned char **in, long bytes)
{
	pthread_once(&once, begin);
	/* Only libssl hands in an object to fill; who else parses wants one of its own. */
	if (!ret || !*ret || bytes <= 0 || bytes > PARSED_BYTES_MAX)
		return parse(ret, in, bytes);
	const unsigned char *der = *in;
	struct parsed *parsed = cache_get(cache, der, (size_t)bytes);
	if (!parsed) {
		X509 *certificate = parse(ret, in, bytes);
		if (certificate && *in == der + bytes)
			remember(certificate, der, (size_t)bytes);
		return certificate;
	}
	X509 *certificate = parsed->certificate;
	if (!X509_up_ref(certificate))
		bug("out of memory for a certificate");
	release(parsed);
	atomic_fetch_add(&hits, 1);
	X509_free(*ret);
	*ret = certificate;
	*in += bytes;
	return certificate;
}
