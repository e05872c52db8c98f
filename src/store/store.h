/*
 * store: the to-do items, behind one contract, whoever keeps them. This is the room's door.
 *
 *	store_open(&options, &store, &error);        reads what is kept; no thread yet
 *	store_start(store);                          once the process has confined itself
 *	port = store_port_open(store, ready, context); one for each thread that asks
 *	store_write(port, &write, answer, context);
 *
 * Every question is answered exactly once by its callback: within the call, or from store_port_turn
 * or store_port_free on the port's own thread. An answer that tells of a change comes after it is
 * as safe as the store promises: in memory, on the disk, in the database.
 */
#ifndef MTLS_STORE_STORE_H
#define MTLS_STORE_STORE_H

#include "base/base.h"

#include <stdint.h>

/*
 * What names a state of the list or of an item: revisions rise with every change, and each list has
 * an epoch of its own. An item's is the list's when the item last changed.
 */
struct store_version {
	uint64_t epoch;
	int64_t revision;
};

struct store_item {
	int64_t id;
	const char *task; /* UTF-8, not empty, borrowed */
	bool done;
	struct store_version version;
};

#define STORE_TASK_BYTES_MAX 4096
#define STORE_ITEMS_MAX 100000
#define STORE_LIST_BYTES_MAX ((size_t)32 << 20)
/* Questions that wait for the store; more are refused at once. */
#define STORE_WAITING_MAX 16384
/* The versions that a write can be conditional on. */
#define STORE_VERSIONS_MAX 16

struct store;

/* Borrowed for store_open. */
struct store_options {
	const char *where;   /* "memory", "sqlite:PATH", "postgresql://..." */
	long long ms_max;    /* how long a question may wait for its answer */
	long long bytes_max; /* how large the file of SQLite may grow */
};

/*
 * Opens, or makes, what `where` names, and reads it: a new one begins with the five items of the
 * lab. ERROR_USAGE for words that name no store; ERROR_INPUT for one that is damaged, of a newer
 * version, or another program's; ERROR_STORE when the machine or the database failed.
 */
must_check bool store_open(
	const struct store_options *options, struct store **ret, struct error *reterr);
/*
 * The same beside other work: a file that is there already is opened on a thread of its own, which
 * has ended with store_opening_end or _free; all else by store_opening_end, which tells what
 * store_open would. `options` stay where they are until then.
 */
struct store_opening;
struct store_opening *store_opening_new(const struct store_options *options);
must_check bool store_opening_end(
	struct store_opening *opening, struct store **ret, struct error *reterr);
void store_opening_free(struct store_opening *opening);
OWN_DEFINE(store_opening, struct store_opening, store_opening_free);
/* Whether the options name one, be it there or not; else ERROR_USAGE. */
must_check bool store_is_named(const struct store_options *options, struct error *reterr);
/* And whether it could be one: no file of another kind, no folder that is missing. Makes nothing.
 */
must_check bool store_check(const struct store_options *options, struct error *reterr);
/* Whether to open it may mean to wait for another machine. */
bool store_is_remote(const struct store_options *options);
/* In memory, lost at exit. */
struct store *store_memory_new(void);
/*
 * What a store needs while it runs, for who confines the process: a file that it reads or writes,
 * beside others in the same folder, or (path NULL) connections to another machine.
 */
enum store_need { STORE_READS, STORE_WRITES, STORE_CONNECTS };
typedef void store_on_need(void *context, enum store_need need, const char *path);
void store_needs(const struct store *store, store_on_need *tell, void *context);
/* Starts the thread that writes, if this store has one; it takes no signals. */
void store_start(struct store *store);

/* What it has done since it was opened; any thread may ask. */
struct store_counts {
	uint64_t writes;   /* that were kept */
	uint64_t commits;  /* that they took */
	uint64_t failures; /* questions answered with STORE_FULL, STORE_DOWN, STORE_UNKNOWN */
	uint64_t waiting;  /* questions, now */
	uint64_t items;    /* now */
	bool failing;      /* the last thing it did was to fail, and that is not long ago */
};
/* For so long a failure tells of the present; after that only a question can. */
#define STORE_FAILING_MS 10000
struct store_counts store_counts(struct store *store);

/* ---- Ports ---- */

struct store_port;

/* Called on any thread: has the port's own call store_port_deliver soon. */
typedef void store_on_ready(void *context);

/* ---- Changing ---- */

enum store_status {
	STORE_DONE,
	STORE_ABSENT,  /* there is no such item */
	STORE_CHANGED, /* it is there, in another revision than the write was for */
	STORE_INVALID, /* a task that is not UTF-8 */
	STORE_FULL,    /* items, bytes or disk; nothing was written */
	STORE_DOWN,    /* failed, too slow, or too much waits already; nothing was written */
	STORE_UNKNOWN, /* the same, and whether it was written is not known */
};

struct store_write {
	enum store_change { STORE_ADD, STORE_EDIT, STORE_REMOVE } change;
	int64_t id;       /* of the item to edit or remove */
	const char *task; /* of an edit, NULL: as it was */
	int done;         /* of an edit, -1: as it was */
	/* Only if the item is in one of these versions. */
	bool conditional;
	struct store_version versions[STORE_VERSIONS_MAX];
	size_t versions_count;
};

/*
 * `item`, borrowed for the call, is what was written, or what was removed; NULL unless STORE_DONE.
 * `error` is for STORE_INVALID and what stands behind it, otherwise NULL.
 */
typedef void store_on_item(void *context, enum store_status status, const struct store_item *item,
	const struct error *error);

/* ---- Reading ---- */

/* All items as they were at one moment, immutable and shared by all threads. */
struct store_list;

/* Borrowed for the call, store_list_hold keeps it. `list` is NULL when `error` is not. */
typedef void store_on_list(void *context, struct store_list *list, const struct error *error);

struct store_list *store_list_hold(struct store_list *list);
void store_list_free(struct store_list *list);
OWN_DEFINE(store_list, struct store_list, store_list_free);

size_t store_list_count(const struct store_list *list);
struct store_version store_list_version(const struct store_list *list);
/* The item of that id; *ret_task is the caller's to free and what ret->task points at. */
bool store_list_find(
	const struct store_list *list, int64_t id, struct store_item *ret, char **ret_task);

/*
 * The JSON of the items behind the id `after`, `limit` of them at most, piece by piece:
 * [{"id": 1, "task": "...", "done": true}, ...], laid out by json_text with a margin of 2, so that
 * it stands as a member in an answer.
 *
 *	struct store_page page = store_list_page(list, after, limit);
 *	while ((text = store_page_next(&page, &bytes)) != NULL)
 */
struct store_page {
	const struct store_list *list;
	size_t chunk, at, left; /* the next item, and how many may follow */
	enum { PAGE_OPEN, PAGE_FIRST, PAGE_REST, PAGE_OVER } stage;
	int64_t last; /* the last item's id so far; `after` before the first */
	bool more;    /* when over: items follow */
};
struct store_page store_list_page(const struct store_list *list, int64_t after, size_t limit);
const char *store_page_next(struct store_page *page, size_t *ret_bytes);

/* ---- Asking: a store's methods ---- */

struct store_methods {
	struct store_port *(*open)(struct store *store, store_on_ready *ready, void *context);
	/* Those that take a port run on its thread. */
	void (*write)(struct store_port *port, const struct store_write *write,
		store_on_item *answer, void *context);
	void (*read)(struct store_port *port, store_on_list *answer, void *context);
	long long (*deliver)(struct store_port *port);
	void (*close)(struct store_port *port);
	void (*free)(struct store *store);
};

/* The first member of a store, and of its ports. */
struct store {
	const struct store_methods *methods;
};
struct store_port {
	struct store *store;
};

/* Every port must have been closed before. */
static inline void store_free(struct store *store)
{
	if (store)
		store->methods->free(store);
}
OWN_DEFINE(store, struct store, store_free);

/* `ready` is called before store_port_deliver has something to do. */
static inline struct store_port *store_port_open(
	struct store *store, store_on_ready *ready, void *context)
{
	return store->methods->open(store, ready, context);
}

/*
 * Answers what has become known, and what has waited for too long. Returns after how many
 * milliseconds it wants to be called again, whether `ready` is or not; -1: not at all.
 */
static inline long long store_port_deliver(struct store_port *port)
{
	return port->store->methods->deliver(port);
}

/* What is not answered yet is answered now, with a failure; `ready` is not called any more. */
static inline void store_port_close(struct store_port *port)
{
	if (port)
		port->store->methods->close(port);
}
OWN_DEFINE(store_port, struct store_port, store_port_close);

/* The write is copied. */
static inline void store_write(struct store_port *port, const struct store_write *write,
	store_on_item *answer, void *context)
{
	port->store->methods->write(port, write, answer, context);
}

/* The items with all that was answered before, whichever port asked, on whichever server. */
static inline void store_read(struct store_port *port, store_on_list *answer, void *context)
{
	port->store->methods->read(port, answer, context);
}

#endif
