/*
 * A chunk: neighbouring items as serialised text, shared by reference count between the items and
 * the lists that were made of them. Whoever holds the only reference may append in place.
 */
#ifndef MTLS_STORE_CHUNK_H
#define MTLS_STORE_CHUNK_H

#include "store/store.h"

#include <stdatomic.h>

#define CHUNK_SEPARATOR ",\n    "
/* More make a second chunk. One of few small items is cheap to copy, and many make few chunks. */
#define CHUNK_ITEMS_MAX 128
#define CHUNK_BYTES_MAX ((size_t)64 << 10)

struct chunk_item {
	int64_t id, revision;
	size_t end; /* where its text ends, which begins with the separator */
};

struct chunk;

struct store_list {
	atomic_uint references;
	uint64_t epoch;
	int64_t revision;
	size_t count, bytes, chunk_count;
	struct chunk *chunks[];
};

struct store_list *list_new(struct chunk *const *chunks, size_t chunk_count, size_t count,
	size_t bytes, int64_t revision, uint64_t epoch);

struct chunk *chunk_hold(struct chunk *chunk);
void chunk_free(struct chunk *chunk);
size_t chunk_count(const struct chunk *chunk);

/* The chunk that holds `id`, or into which it would go; `count` only when there are none. */
size_t chunks_find(struct chunk *const *chunks, size_t count, int64_t id);
/* How many items of the chunk have a smaller id. */
size_t chunk_position(const struct chunk *chunk, int64_t id);
/* 0 when the item is not there. */
size_t chunk_item_bytes(const struct chunk *chunk, int64_t id);
/* All but the version's epoch. *ret_task is the caller's to free. */
bool chunk_item(const struct chunk *chunk, int64_t id, struct store_item *ret, char **ret_task);

bool chunk_has_room(const struct chunk *chunk, const struct buffer *text);
/* False when somebody else holds the chunk as well. */
bool chunk_append_in_place(struct chunk *chunk, struct chunk_item *item, const struct buffer *text);
/*
 * A copy of `old` (NULL: nothing) with the item at `position` taken out if `without`, and `item`
 * put there if it is not NULL. What one chunk should not hold is in *ret_rest. NULL when empty.
 */
struct chunk *chunk_new(const struct chunk *old, size_t position, bool without,
	const struct chunk_item *item, const struct buffer *text, struct chunk **ret_rest);

#endif
