/*
 * A bounded table that threads share: values under a key of bytes, counted references, and an
 * eviction of what was not asked for the longest. Its memory for slots is allocated once. Each key
 * belongs to one small set of slots, chosen by a keyed hash, so that nothing takes longer than
 * looking at that set and nobody can choose keys that crowd one; a set is locked with a few others.
 */
#ifndef MTLS_BASE_CACHE_H
#define MTLS_BASE_CACHE_H

#include <stdbool.h>
#include <stddef.h>

/* What the table has to know of its values. Callbacks run under a lock: they must not come back. */
struct cache_kind {
	/* Whether `value` stands under these bytes: all of them are compared. */
	bool (*is)(const void *value, const void *key, size_t key_bytes);
	void (*hold)(void *value);    /* one reference more */
	void (*release)(void *value); /* one less; outside of the lock */
};

struct cache;

/* Room for at least `count_max` values, 1 or more. */
struct cache *cache_new(size_t count_max, const struct cache_kind *kind);
void cache_free(struct cache *cache);
/* The value, held for the caller; NULL when there is none. */
void *cache_get(struct cache *cache, const void *key, size_t key_bytes);
/* Takes over one reference. What stood under the key is released, or else the oldest of a full set.
 */
void cache_put(struct cache *cache, const void *key, size_t key_bytes, void *value);
/* False when there was none. */
bool cache_remove(struct cache *cache, const void *key, size_t key_bytes);
size_t cache_count(struct cache *cache);

#endif
