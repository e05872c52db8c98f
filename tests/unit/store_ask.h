/* Asks a store and waits for the answer, whether it comes within the call or from its thread. */
#ifndef MTLS_TESTS_STORE_ASK_H
#define MTLS_TESTS_STORE_ASK_H

#include "store/store.h"

#include <pthread.h>
#include <stdio.h>

static pthread_mutex_t asking = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t rung = PTHREAD_COND_INITIALIZER;
static int rings;

/* The last answer. */
static struct {
	int count;
	enum store_status status;
	struct store_item item;
	char *task;
	struct error error;
	struct store_list *list;
} got;

static void got_done(void)
{
	free(got.task);
	store_list_free(got.list);
	memset(&got, 0, sizeof got);
}

static void ring(void *context)
{
	(void)context;
	pthread_mutex_lock(&asking);
	rings++;
	pthread_cond_signal(&rung);
	pthread_mutex_unlock(&asking);
}

static void on_item(void *context, enum store_status status, const struct store_item *item,
	const struct error *error)
{
	(void)context;
	got_done();
	got.count = 1;
	got.status = status;
	assert_int_equal(item != NULL, status == STORE_DONE);
	assert_int_equal(error != NULL, status >= STORE_INVALID);
	if (item) {
		got.item = *item;
		got.item.task = got.task = text_copy(item->task);
	}
	if (error)
		got.error = *error;
}

static void on_list(void *context, struct store_list *list, const struct error *error)
{
	(void)context;
	got_done();
	got.count = 1;
	assert_int_equal(list == NULL, error != NULL);
	if (list)
		got.list = store_list_hold(list);
	else
		got.error = *error;
	got.status = error ? STORE_DOWN : STORE_DONE;
}

/* Turns the port until `count` is set, and sleeps between the rings. */
static void wait_for(struct store_port *port, const int *count)
{
	while (!*count) {
		long long ms = store_port_deliver(port);
		if (*count)
			break;
		struct timespec until;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += ms < 0 ? 60 : ms / 1000 + 1;
		pthread_mutex_lock(&asking);
		while (!rings && !pthread_cond_timedwait(&rung, &asking, &until))
			;
		rings = 0;
		pthread_mutex_unlock(&asking);
	}
}

static void ask_write(struct store *store, const struct store_write *write)
{
	OWN(store_port) struct store_port *port = store_port_open(store, ring, NULL);
	got.count = 0;
	store_write(port, write, on_item, NULL);
	wait_for(port, &got.count);
}

/* The status; item and error are in `got`. */
static inline enum store_status add(struct store *store, const char *task, bool done)
{
	ask_write(store, &(struct store_write){ .task = task, .done = done });
	return got.status;
}

static inline enum store_status edit(struct store *store, int64_t id, const char *task, int done)
{
	ask_write(store, &(struct store_write){
				 .change = STORE_EDIT, .id = id, .task = task, .done = done });
	return got.status;
}

static inline enum store_status take_out(struct store *store, int64_t id)
{
	ask_write(store, &(struct store_write){ .change = STORE_REMOVE, .id = id });
	return got.status;
}

/* The caller's to free; NULL when the store failed. */
static inline struct store_list *read_list(struct store *store)
{
	OWN(store_port) struct store_port *port = store_port_open(store, ring, NULL);
	got.count = 0;
	store_read(port, on_list, NULL);
	wait_for(port, &got.count);
	return TAKE(got.list);
}

static inline char *page_text(
	const struct store_list *list, int64_t after, size_t limit, struct store_page *ret)
{
	OWN(buffer) struct buffer text = BUFFER(STORE_LIST_BYTES_MAX + 10);
	struct store_page page = store_list_page(list, after, limit);
	const char *piece;
	size_t bytes;
	while ((piece = store_page_next(&page, &bytes)) != NULL)
		assert_true(buffer_append(&text, piece, bytes, &(struct error){ 0 }));
	assert_null(store_page_next(&page, &bytes));
	if (ret)
		*ret = page;
	return TAKE(text.data);
}

/* The list as JSON; also asserts that its text is laid out as it must be. */
static inline json_t *read_json(struct store *store)
{
	OWN(store_list) struct store_list *list = read_list(store);
	assert_non_null(list);
	OWN(char) char *listed = page_text(list, 0, STORE_ITEMS_MAX, NULL);
	json_t *json = json_loads(listed, JSON_REJECT_DUPLICATES, NULL);
	assert_true(json_is_array(json));
	assert_int_equal(json_array_size(json), store_list_count(list));
	OWN(buffer) struct buffer text = BUFFER(STORE_LIST_BYTES_MAX + 10);
	assert_true(json_text(json, 2, &text, &(struct error){ 0 }));
	assert_string_equal(listed, text.data);
	return json;
}

#endif
