/*
 * store: the to-do items, behind one contract. Answers come by completion callback, at once or
 * later, always on the loop's thread. This is the room's door.
 */
#ifndef MTLS_STORE_STORE_H
#define MTLS_STORE_STORE_H

#include "base/base.h"

#include <stdint.h>

struct store_item {
	int64_t id;
	const char *task; /* UTF-8, not empty, borrowed */
	bool done;
};

#define STORE_TASK_BYTES_MAX 4096
#define STORE_ITEMS_MAX 100000
#define STORE_LIST_BYTES_MAX ((size_t)32 << 20)

struct store;

/*
 * `error` is NULL on success; ERROR_LIMIT says that the store is full. `item` and `list` are
 * borrowed for the call.
 */
typedef void store_on_item(void *context, const struct store_item *item, const struct error *error);
/*
 * `list` is the JSON array of all items, [{"id": 1, "task": "...", "done": true}, ...], laid out by
 * json_text with a margin of 2: it stands as a member in an answer, with nothing left to do.
 */
typedef void store_on_list(
	void *context, const char *list, size_t bytes, const struct error *error);

struct store_methods {
	void (*add)(struct store *store, const char *task, bool done, store_on_item *answer,
		void *context);
	void (*list)(struct store *store, store_on_list *answer, void *context);
	void (*free)(struct store *store);
};

struct store {
	const struct store_methods *methods;
};

/* In memory, lost at exit; begins with the five items of the lab. */
struct store *store_memory_new(void);

static inline void store_free(struct store *store)
{
	if (store)
		store->methods->free(store);
}
OWN_DEFINE(store, struct store, store_free);

#endif
