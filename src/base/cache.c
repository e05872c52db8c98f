/* Sets of eight slots, each with the tick of its last use; sixteen locks over all of them. */
#include "base/cache.h"

#include "base/error.h"
#include "base/hash.h"
#include "base/own.h"

#include <pthread.h>

#define SLOTS 8
#define LOCKS 16

struct slot {
	void *value; /* NULL: free */
	uint64_t hash, used;
};

struct cache {
	const struct cache_kind *kind;
	struct hash_key key;
	size_t sets; /* a power of two */
	struct slot *slots;
	struct {
		_Alignas(64) pthread_mutex_t mutex; /* a cache line each: no false sharing */
		uint64_t tick;
		size_t count;
	} locks[LOCKS];
};

struct cache *cache_new(size_t count_max, const struct cache_kind *kind)
{
	struct cache *cache = aligned_alloc(_Alignof(struct cache), sizeof *cache);
	if (!cache)
		bug("out of memory for a table");
	*cache = (struct cache){ .kind = kind, .key = hash_key_random(), .sets = 1 };
	while (cache->sets * SLOTS < count_max)
		cache->sets *= 2;
	cache->slots = calloc(cache->sets * SLOTS, sizeof *cache->slots);
	if (!cache->slots)
		bug("out of memory for a table of %zu", count_max);
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_init(&cache->locks[i].mutex, NULL);
	return cache;
}

void cache_free(struct cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < cache->sets * SLOTS; i++)
		if (cache->slots[i].value)
			cache->kind->release(cache->slots[i].value);
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&cache->locks[i].mutex);
	free(cache->slots);
	free(cache);
}

/* A key's set, locked, and the slot that holds the key in it, or NULL. */
struct place {
	struct slot *set, *found;
	uint64_t hash;
	size_t lock;
};

static struct place find(struct cache *cache, const void *key, size_t key_bytes)
{
	struct place place = { .hash = hash_bytes(&cache->key, key, key_bytes) };
	size_t set = place.hash & (cache->sets - 1);
	place.set = cache->slots + set * SLOTS;
	place.lock = set % LOCKS;
	pthread_mutex_lock(&cache->locks[place.lock].mutex);
	for (struct slot *slot = place.set; slot < place.set + SLOTS && !place.found; slot++)
		if (slot->value && slot->hash == place.hash &&
			cache->kind->is(slot->value, key, key_bytes))
			place.found = slot;
	return place;
}

static void leave(struct cache *cache, const struct place *place)
{
	pthread_mutex_unlock(&cache->locks[place->lock].mutex);
}

void *cache_get(struct cache *cache, const void *key, size_t key_bytes)
{
	struct place place = find(cache, key, key_bytes);
	void *value = NULL;
	if (place.found) {
		value = place.found->value;
		place.found->used = ++cache->locks[place.lock].tick;
		cache->kind->hold(value);
	}
	leave(cache, &place);
	return value;
}

void cache_put(struct cache *cache, const void *key, size_t key_bytes, void *value)
{
	struct place place = find(cache, key, key_bytes);
	struct slot *chosen = place.found ? place.found : place.set;
	for (struct slot *slot = place.set; slot < place.set + SLOTS && !place.found; slot++)
		if (chosen->value && (!slot->value || slot->used < chosen->used))
			chosen = slot;
	void *before = chosen->value;
	*chosen = (struct slot){ value, place.hash, ++cache->locks[place.lock].tick };
	cache->locks[place.lock].count += !before;
	leave(cache, &place);
	if (before)
		cache->kind->release(before);
}

bool cache_remove(struct cache *cache, const void *key, size_t key_bytes)
{
	struct place place = find(cache, key, key_bytes);
	void *before = NULL;
	if (place.found) {
		before = place.found->value;
		*place.found = (struct slot){ 0 };
		cache->locks[place.lock].count--;
	}
	leave(cache, &place);
	if (before)
		cache->kind->release(before);
	return before;
}

size_t cache_count(struct cache *cache)
{
	size_t count = 0;
	for (size_t i = 0; i < LOCKS; i++) {
		pthread_mutex_lock(&cache->locks[i].mutex);
		count += cache->locks[i].count;
		pthread_mutex_unlock(&cache->locks[i].mutex);
	}
	return count;
}
