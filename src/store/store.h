/*
 * store: the to-do items, behind one contract. All threads share one store; each that asks opens a
 * port of its own. Answers come by completion callback on the port's thread: within the call, or
 * later, within store_port_deliver. This is the room's door.
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
struct store_port;

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

/* Some answers of a port are ready. Called on any thread, so it may only wake the port's own. */
typedef void store_on_ready(void *context);

struct store_methods {
	struct store_port *(*open)(struct store *store, store_on_ready *ready, void *context);
	/* Those that take a port run on its thread. */
	void (*add)(struct store_port *port, const char *task, bool done, store_on_item *answer,
		void *context);
	void (*list)(struct store_port *port, store_on_list *answer, void *context);
	void (*deliver)(struct store_port *port);
	void (*close)(struct store_port *port);
	void (*free)(struct store *store);
};

/* The first member of each kind of store, and of its ports. */
struct store {
	const struct store_methods *methods;
};
struct store_port {
	struct store *store;
};

/* In memory, lost at exit; begins with the five items of the lab. */
struct store *store_memory_new(void);

/* Every port must have been closed before. */
static inline void store_free(struct store *store)
{
	if (store)
		store->methods->free(store);
}
OWN_DEFINE(store, struct store, store_free);

/* `ready` is called once or more before store_port_deliver has something to do. */
static inline struct store_port *store_port_open(
	struct store *store, store_on_ready *ready, void *context)
{
	return store->methods->open(store, ready, context);
}

/* Calls back for every answer that is ready; does nothing when there is none. */
static inline void store_port_deliver(struct store_port *port)
{
	port->store->methods->deliver(port);
}

/* What is not answered yet is answered now, with ERROR_STORE; `ready` is not called any more. */
static inline void store_port_close(struct store_port *port)
{
	if (port)
		port->store->methods->close(port);
}
OWN_DEFINE(store_port, struct store_port, store_port_close);

static inline void store_add(
	struct store_port *port, const char *task, bool done, store_on_item *answer, void *context)
{
	port->store->methods->add(port, task, done, answer, context);
}

static inline void store_list(struct store_port *port, store_on_list *answer, void *context)
{
	port->store->methods->list(port, answer, context);
}

#endif
