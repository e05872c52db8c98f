/*
 * A keyed hash for tables: SipHash-2-4 (Aumasson and Bernstein, 2012). Who does not know the key
 * cannot choose inputs that fall into one slot. It is no digest: equality is compared, never
 * hashed.
 */
#ifndef MTLS_BASE_HASH_H
#define MTLS_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_KEY_BYTES 16

struct hash_key {
	uint64_t words[2]; /* little-endian halves of the sixteen bytes */
};

/* A key that nobody else has, of the kernel's randomness. */
struct hash_key hash_key_random(void);
uint64_t hash_bytes(const struct hash_key *key, const void *bytes, size_t count);

#endif
