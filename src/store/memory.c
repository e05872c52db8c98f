/*
 * Items in memory. Only their serialised list is kept: nothing ever asks for one item, and a list
 * that stands ready makes GET /todo a copy.
 */
#include "store/store.h"

#include <inttypes.h>
#include <pthread.h>

static const struct {
	const char *task;
	bool done;
} lab[] = {
	{ "Set up local CA", true },
	{ "Issue server certificate", true },
	{ "Issue client certificate", true },
	{ "Configure mTLS server", true },
	{ "Validate mutual auth", false },
};

#define LIST_END "\n  ]"

struct memory {
	struct store store;
	pthread_rwlock_t lock; /* of what follows */
	int64_t items;         /* the next id less one */
	struct buffer list;
};

static bool append(struct memory *memory, const char *task, bool done, struct error *reterr)
{
	if (memory->items == STORE_ITEMS_MAX)
		return error_set(reterr, ERROR_LIMIT, "the store is full: it holds %d items",
			STORE_ITEMS_MAX);
	OWN(json_t) json_t *json = json_pack(
		"{s:I,s:s,s:b}", "id", (json_int_t)memory->items + 1, "task", task, "done", done);
	if (!json)
		return error_set(reterr, ERROR_INPUT, "a task that is not UTF-8");
	OWN(buffer) struct buffer text = BUFFER((size_t)STORE_TASK_BYTES_MAX * 8);
	if (!buffer_text(&text, memory->items ? ",\n    " : "[\n    ", reterr) ||
		!json_text(json, 4, &text, reterr) || !buffer_text(&text, LIST_END, reterr))
		return error_context(reterr, "a task of more than %d bytes", STORE_TASK_BYTES_MAX);
	size_t kept = memory->list.length - (memory->items ? strlen(LIST_END) : 0);
	char *room;
	if (!buffer_reserve(&memory->list, text.length, &room, reterr))
		return error_set(reterr, ERROR_LIMIT, "the store is full: it holds %zu bytes",
			memory->list.length);
	memory->list.length = kept;
	if (!buffer_append(&memory->list, text.data, text.length, reterr))
		bug("room that was reserved is gone");
	memory->items++;
	return true;
}

static struct store_port *open_port(struct store *store, store_on_ready *ready, void *context)
{
	(void)ready, (void)context; /* every answer comes within its call */
	struct store_port *port = malloc(sizeof *port);
	if (!port)
		bug("out of memory for a port of the store");
	port->store = store;
	return port;
}

static void close_port(struct store_port *port)
{
	free(port);
}

static void deliver(struct store_port *port)
{
	(void)port;
}

static void add(
	struct store_port *port, const char *task, bool done, store_on_item *answer, void *context)
{
	struct memory *memory = (struct memory *)port->store;
	struct error error;
	pthread_rwlock_wrlock(&memory->lock);
	bool ok = append(memory, task, done, &error);
	const struct store_item item = { .id = memory->items, .task = task, .done = done };
	pthread_rwlock_unlock(&memory->lock);
	answer(context, ok ? &item : NULL, ok ? NULL : &error);
}

static void list(struct store_port *port, store_on_list *answer, void *context)
{
	struct memory *memory = (struct memory *)port->store;
	pthread_rwlock_rdlock(&memory->lock);
	answer(context, memory->list.data, memory->list.length, NULL);
	pthread_rwlock_unlock(&memory->lock);
}

static void memory_free(struct store *store)
{
	struct memory *memory = (struct memory *)store;
	buffer_done(&memory->list);
	pthread_rwlock_destroy(&memory->lock);
	free(memory);
}

static const struct store_methods methods = { .open = open_port,
	.add = add,
	.list = list,
	.deliver = deliver,
	.close = close_port,
	.free = memory_free };

struct store *store_memory_new(void)
{
	struct memory *memory = calloc(1, sizeof *memory);
	if (!memory || pthread_rwlock_init(&memory->lock, NULL))
		bug("out of memory for the store");
	memory->store.methods = &methods;
	buffer_init(&memory->list, STORE_LIST_BYTES_MAX);
	struct error error;
	for (size_t i = 0; i < sizeof lab / sizeof *lab; i++)
		if (!append(memory, lab[i].task, lab[i].done, &error))
			bug("the lab's own items do not fit: %s", error.text);
	return &memory->store;
}
