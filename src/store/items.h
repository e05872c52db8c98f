/*
 * The items in memory, for whoever keeps them: in chunks of serialised text that lists share with
 * the items until one of them changes. So a list costs a pointer a chunk, a page costs itself, and
 * an answer's text stands ready.
 */
#ifndef MTLS_STORE_ITEMS_H
#define MTLS_STORE_ITEMS_H

#include "store/store.h"

struct chunk;

/* One thread's, or under its owner's lock. */
struct items {
	struct chunk **chunks;
	size_t chunk_count, chunk_capacity;
	size_t count, bytes;
	uint64_t epoch;
	int64_t revision, next_id;
};

/* A row as a database keeps it. A removed item stays as a row, so that others learn of it. */
struct row {
	int64_t id, revision;
	const char *task; /* borrowed; "" when removed */
	bool done, removed;
};

/* Nothing in them, and an epoch of their own. */
void items_begin(struct items *items);
void items_done(struct items *items);

/*
 * Judges the write and applies it. STORE_DONE fills *ret_row, and *ret_task, the caller's to free,
 * which holds the item's task and what a row that is not removed borrows.
 */
enum store_status items_apply(struct items *items, const struct store_write *write,
	struct row *ret_row, char **ret_task, struct error *reterr);

/* Takes a row that was read, whatever was known of that id. ERROR_LIMIT when it does not fit. */
must_check bool items_put(struct items *items, const struct row *row, struct error *reterr);

/* What they are now, as a list. */
struct store_list *items_list(const struct items *items);
/* Makes them again what they were when `list` was made. */
void items_restore(struct items *items, const struct store_list *list, int64_t next_id);

/* What a new store begins with: the items of the lab. */
#define ITEMS_LAB 5
extern const struct store_write items_of_the_lab[ITEMS_LAB];

#endif
