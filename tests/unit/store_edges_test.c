/*
 * The store's edges that need no database and no thread: how chunks are cut and pages end, what is
 * full, a database that fails while it is opened, and questions that nobody takes.
 */
#include "unit.h"

#include "store/chunk.h"
#include "store/core.h"

/* ---- Items by hand ---- */

static enum store_status apply(struct items *items, enum store_change change, int64_t id,
	const char *task, struct error *ret)
{
	const struct store_write write = { .change = change, .id = id, .task = task, .done = -1 };
	struct row row;
	OWN(char) char *kept = NULL;
	return items_apply(items, &write, &row, &kept, ret);
}

static void fill(struct items *items, int count)
{
	struct error error;
	items_begin(items);
	for (int i = 0; i < count; i++)
		assert_int_equal(apply(items, STORE_ADD, 0, "x", &error), STORE_DONE);
}

static size_t in_chunk(const struct items *items, size_t chunk)
{
	return chunk < items->chunk_count ? chunk_count(items->chunks[chunk]) : 0;
}

/* ---- Chunks ---- */

static void a_chunk_is_cut_when_it_is_full(void **state)
{
	(void)state;
	struct items items;
	struct error error;
	fill(&items, CHUNK_ITEMS_MAX);
	assert_int_equal(items.chunk_count, 1);
	assert_int_equal(in_chunk(&items, 0), CHUNK_ITEMS_MAX);
	/* One behind all others begins the next chunk, and leaves the full one as it is. */
	assert_int_equal(apply(&items, STORE_ADD, 0, "x", &error), STORE_DONE);
	assert_int_equal(items.chunk_count, 2);
	assert_int_equal(in_chunk(&items, 0), CHUNK_ITEMS_MAX);
	assert_int_equal(in_chunk(&items, 1), 1);
	/* Its last item gone, so is a chunk. */
	assert_int_equal(
		apply(&items, STORE_REMOVE, CHUNK_ITEMS_MAX + 1, NULL, &error), STORE_DONE);
	assert_int_equal(items.chunk_count, 1);
	/* One that grows in the middle makes two halves. */
	OWN(char) char *large = malloc(STORE_TASK_BYTES_MAX + 1);
	assert_non_null(large);
	memset(large, 'a', STORE_TASK_BYTES_MAX);
	large[STORE_TASK_BYTES_MAX] = 0;
	for (int id = 20; items.chunk_count == 1 && id < 60; id++)
		assert_int_equal(apply(&items, STORE_EDIT, id, large, &error), STORE_DONE);
	assert_int_equal(items.chunk_count, 2);
	assert_int_equal(in_chunk(&items, 0), CHUNK_ITEMS_MAX / 2);
	assert_int_equal(in_chunk(&items, 1), CHUNK_ITEMS_MAX / 2);
	assert_int_equal(items.count, CHUNK_ITEMS_MAX);
	items_done(&items);
}

/* A list keeps what it showed, whatever is done to the items behind its back. */
static void a_list_does_not_change(void **state)
{
	(void)state;
	struct items items;
	struct error error;
	struct store_item item;
	fill(&items, 3);
	OWN(store_list) struct store_list *list = items_list(&items);
	assert_int_equal(apply(&items, STORE_EDIT, 2, "other", &error), STORE_DONE);
	assert_int_equal(apply(&items, STORE_ADD, 0, "new", &error), STORE_DONE);
	assert_int_equal(apply(&items, STORE_REMOVE, 1, NULL, &error), STORE_DONE);
	assert_int_equal(store_list_count(list), 3);
	for (int64_t id = 1; id <= 3; id++) {
		OWN(char) char *task = NULL;
		assert_true(store_list_find(list, id, &item, &task));
		assert_string_equal(item.task, "x");
		assert_false(item.done);
		assert_int_equal(item.version.revision, id);
		assert_int_equal(item.version.epoch, items.epoch);
	}
	char *none = NULL;
	assert_false(store_list_find(list, 4, &item, &none));
	assert_false(store_list_find(list, 0, &item, &none));
	assert_false(store_list_find(list, INT64_MIN, &item, &none));
	assert_false(store_list_find(list, INT64_MAX, &item, &none));
	assert_null(none);
	/* And can be had back. */
	items_restore(&items, list, 4);
	OWN(store_list) struct store_list *again = items_list(&items);
	assert_int_equal(store_list_count(again), 3);
	assert_int_equal(store_list_version(again).revision, 3);
	items_done(&items);
}

/* ---- Pages ---- */

/* "1 2 3 more": the ids of a page, and what stands behind them. */
static char *page_ids(const struct store_list *list, int64_t after, size_t limit)
{
	struct store_page page = store_list_page(list, after, limit);
	OWN(buffer) struct buffer text = BUFFER(1 << 20);
	struct buffer said = BUFFER(1 << 20);
	struct error error;
	const char *piece;
	size_t bytes, index;
	while ((piece = store_page_next(&page, &bytes)) != NULL)
		assert_true(buffer_append(&text, piece, bytes, &error));
	assert_null(store_page_next(&page, &bytes)); /* over is over */
	assert_int_equal(bytes, 0);
	OWN(json_t) json_t *json = json_loadb(text.data, text.length, 0, NULL);
	json_t *item;
	assert_true(json_is_array(json));
	int64_t last = after;
	json_array_foreach(json, index, item)
	{
		last = json_integer_value(json_object_get(item, "id"));
		assert_true(buffer_format(&said, &error, "%d ", (int)last));
	}
	assert_int_equal(page.last, last);
	assert_true(buffer_text(&said, page.more ? "more" : "end", &error));
	return said.data;
}

static void a_page_ends_where_it_should(void **state)
{
	(void)state;
	struct items items;
	struct error error;
	static const struct {
		int64_t after;
		size_t limit;
		const char *ids;
	} pages[] = {
		{ 0, 2, "1 2 more" },
		{ 0, 0, "more" },
		{ -1, 1, "1 more" },
		{ INT64_MIN, 1, "1 more" },
		{ 2, 1, "4 more" }, /* 3 is gone */
		{ 3, 1, "4 more" },
		{ 126, 4, "127 128 129 130 end" }, /* over the edge of a chunk */
		{ 126, 2, "127 128 more" },
		{ 128, 1, "129 more" }, /* from the edge of a chunk on */
		{ 129, 1, "130 end" },
		{ 129, SIZE_MAX, "130 end" },
		{ 130, 5, "end" },
		{ 131, 5, "end" },
		{ INT64_MAX - 1, 5, "end" },
		{ INT64_MAX, 5, "end" },
	};
	fill(&items, 130);
	assert_int_equal(apply(&items, STORE_REMOVE, 3, NULL, &error), STORE_DONE);
	OWN(store_list) struct store_list *list = items_list(&items);
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		OWN(char) char *ids = page_ids(list, pages[i].after, pages[i].limit);
		if (strcmp(ids, pages[i].ids) != 0)
			fail_msg("page %zu: %s, not %s", i, ids, pages[i].ids);
	}
	items_done(&items);

	items_begin(&items);
	OWN(store_list) struct store_list *nothing = items_list(&items);
	OWN(char) char *ids = page_ids(nothing, 0, 5);
	assert_string_equal(ids, "end");
	items_done(&items);
}

/* ---- What is full ---- */

static void what_is_full_takes_nothing_more(void **state)
{
	(void)state;
	struct items items;
	struct error error;
	fill(&items, 2);
	const size_t bytes = items.bytes, each = bytes / 2;
	items.count = STORE_ITEMS_MAX - 1; /* as if the others were there */
	assert_int_equal(apply(&items, STORE_ADD, 0, "x", &error), STORE_DONE);
	assert_int_equal(apply(&items, STORE_ADD, 0, "x", &error), STORE_FULL);
	assert_string_equal(error.text, "the store is full: it holds 100000 items");
	assert_int_equal(error.kind, ERROR_LIMIT);
	assert_int_equal(items.next_id, 4);
	assert_int_equal(items.revision, 3);
	/* What is there may be changed, and makes room. */
	assert_int_equal(apply(&items, STORE_EDIT, 1, "y", &error), STORE_DONE);
	assert_int_equal(apply(&items, STORE_REMOVE, 1, NULL, &error), STORE_DONE);
	assert_int_equal(apply(&items, STORE_ADD, 0, "x", &error), STORE_DONE);
	items.bytes = STORE_LIST_BYTES_MAX - each;
	items.count = 3;
	assert_int_equal(apply(&items, STORE_ADD, 0, "x", &error), STORE_DONE);
	assert_int_equal(apply(&items, STORE_ADD, 0, "x", &error), STORE_FULL);
	assert_string_equal(error.text, "the store is full: it holds 33554432 bytes");
	assert_int_equal(apply(&items, STORE_EDIT, 2, "longer", &error), STORE_FULL);
	assert_int_equal(apply(&items, STORE_EDIT, 2, "z", &error), STORE_DONE);
	items_done(&items);
}

static void what_is_no_text_is_not_taken(void **state)
{
	(void)state;
	static const char *const bad[] = { "\xff", "a\xc3", "\xed\xa0\x80", "\xc0\xaf" };
	struct items items;
	struct error error;
	fill(&items, 1);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(apply(&items, STORE_ADD, 0, bad[i], &error), STORE_INVALID);
		assert_string_equal(error.text, "a task that is not UTF-8");
		assert_int_equal(apply(&items, STORE_EDIT, 1, bad[i], &error), STORE_INVALID);
	}
	assert_int_equal(apply(&items, STORE_EDIT, 9, bad[0], &error), STORE_ABSENT);
	assert_int_equal(apply(&items, STORE_REMOVE, 9, NULL, &error), STORE_ABSENT);
	assert_int_equal(items.revision, 1);
	assert_int_equal(apply(&items, STORE_ADD, 0, "\xf0\x9f\x94\x92", &error), STORE_DONE);
	items_done(&items);
}

/* ---- A database that fails while it is opened ---- */

enum call { NONE, BEGIN, LOAD, SAVE, COMMIT };

static struct {
	struct backend backend;
	struct head head;
	enum call fails;
	int saved, committed, abandoned, freed;
} stub;

static bool call(enum call now, struct error *reterr)
{
	return stub.fails != now || error_set(reterr, ERROR_STORE, "call %d failed", (int)now);
}

static bool stub_begin(struct backend *backend, struct head *ret, struct error *reterr)
{
	(void)backend;
	*ret = stub.head;
	return call(BEGIN, reterr);
}

static bool stub_load(struct backend *backend, int64_t revision, backend_on_row *on_row,
	void *context, struct error *reterr)
{
	(void)backend;
	const struct row row = { .id = 7, .revision = 9, .task = "kept" };
	assert_int_equal(revision, -1);
	return on_row(context, &row, reterr) && call(LOAD, reterr);
}

static bool stub_save(struct backend *backend, const struct row *row, struct error *reterr)
{
	(void)backend;
	assert_int_equal(row->id, ++stub.saved);
	return call(SAVE, reterr);
}

static bool stub_commit(struct backend *backend, const struct head *head, struct error *reterr)
{
	(void)backend;
	assert_int_equal(head->next_id, ITEMS_LAB + 1);
	stub.committed++;
	return call(COMMIT, reterr);
}

static void stub_abandon(struct backend *backend)
{
	(void)backend;
	stub.abandoned++;
}

static void stub_free(struct backend *backend)
{
	(void)backend;
	stub.freed++;
}

static const struct backend_methods stub_methods = { .begin = stub_begin,
	.load = stub_load,
	.save = stub_save,
	.commit = stub_commit,
	.abandon = stub_abandon,
	.free = stub_free };

static struct core *stub_core(enum call fails, uint64_t epoch, uint64_t ms_max)
{
	memset(&stub, 0, sizeof stub);
	stub.backend.methods = &stub_methods;
	stub.head = (struct head){ .epoch = epoch, .revision = 9, .next_id = 8 };
	stub.fails = fails;
	return core_new(&stub.backend, ms_max);
}

static void a_failure_while_opening_is_told(void **state)
{
	(void)state;
	static const struct {
		enum call fails;
		uint64_t epoch; /* 0: a new one */
		const char *text;
		int saved, committed, abandoned;
		size_t count;
	} opened[] = {
		{ NONE, 0, NULL, ITEMS_LAB, 1, 0, ITEMS_LAB },
		{ NONE, 5, NULL, 0, 0, 1, 1 },
		{ BEGIN, 0, "call 1 failed", 0, 0, 0, 0 },
		{ BEGIN, 5, "call 1 failed", 0, 0, 0, 0 },
		{ LOAD, 5, "call 2 failed", 0, 0, 1, 1 },
		{ SAVE, 0, "call 3 failed", 1, 0, 1, 1 },
		{ COMMIT, 0, "call 4 failed", ITEMS_LAB, 1, 1, ITEMS_LAB },
	};
	for (size_t i = 0; i < sizeof opened / sizeof *opened; i++) {
		struct core *core = stub_core(opened[i].fails, opened[i].epoch, 1000);
		struct error error;
		const bool ok = core_read_all(core, &error);
		assert_int_equal(ok, opened[i].text == NULL);
		if (!ok)
			assert_string_equal(error.text, opened[i].text);
		assert_int_equal(stub.saved, opened[i].saved);
		assert_int_equal(stub.committed, opened[i].committed);
		assert_int_equal(stub.abandoned, opened[i].abandoned);
		assert_int_equal(core->items.count, opened[i].count);
		store_free(&core->store);
		assert_int_equal(stub.freed, 1);
	}
}

/* ---- Questions that no thread takes ---- */

static int answered, rung;
static const char *wanted;

static void ready(void *context)
{
	(void)context;
	rung++;
}

static void on_item(void *context, enum store_status status, const struct store_item *item,
	const struct error *error)
{
	(void)context;
	assert_null(item);
	assert_int_equal(status, STORE_DOWN);
	assert_int_equal(error->kind, ERROR_STORE);
	assert_string_equal(error->text, wanted);
	answered++;
}

static void who_waits_is_told_at_its_time_or_at_the_end(void **state)
{
	(void)state;
	const struct store_write write = { .task = "x" };
	for (uint64_t ms_max = 0; ms_max <= 3600000; ms_max += 3600000) {
		struct core *core = stub_core(NONE, 0, ms_max);
		struct store_port *port = store_port_open(&core->store, ready, NULL);
		answered = rung = 0;
		wanted = "the store did not answer within 0 ms; nothing was written";
		assert_int_equal(store_port_deliver(port), -1);
		for (int i = 0; i < 3; i++)
			store_write(port, &write, on_item, NULL);
		/* The first has somebody come back for all of them. */
		assert_int_equal(rung, 1);
		assert_int_equal(store_counts(&core->store).waiting, 3);
		const long long again = store_port_deliver(port);
		assert_int_equal(answered, ms_max ? 0 : 3);
		assert_int_equal(again > 0 && again <= 3600000, ms_max != 0);
		assert_int_equal(store_counts(&core->store).waiting, ms_max ? 3 : 0);
		assert_int_equal(store_counts(&core->store).failures, ms_max ? 0 : 3);
		wanted = "the server is stopping; nothing was written";
		store_port_close(port);
		assert_int_equal(answered, 3);
		assert_int_equal(core->queue.count, 0);
		store_free(&core->store);
	}
}

static void the_queue_is_bounded(void **state)
{
	(void)state;
	const struct store_write write = { .change = STORE_REMOVE, .id = 1 };
	struct core *core = stub_core(NONE, 0, 3600000);
	struct store_port *port = store_port_open(&core->store, ready, NULL);
	answered = 0;
	wanted = "too much waits for the store already";
	for (int i = 0; i < STORE_WAITING_MAX; i++)
		store_write(port, &write, on_item, NULL);
	assert_int_equal(answered, 0);
	store_write(port, &write, on_item, NULL);
	store_write(port, &write, on_item, NULL);
	assert_int_equal(answered, 2);
	assert_int_equal(store_counts(&core->store).waiting, STORE_WAITING_MAX);
	assert_int_equal(store_counts(&core->store).failures, 2);
	wanted = "the server is stopping; nothing was written";
	store_port_close(port);
	assert_int_equal(answered, STORE_WAITING_MAX + 2);
	assert_int_equal(store_counts(&core->store).waiting, 0);
	store_free(&core->store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chunk_is_cut_when_it_is_full),
		cmocka_unit_test(a_list_does_not_change),
		cmocka_unit_test(a_page_ends_where_it_should),
		cmocka_unit_test(what_is_full_takes_nothing_more),
		cmocka_unit_test(what_is_no_text_is_not_taken),
		cmocka_unit_test(a_failure_while_opening_is_told),
		cmocka_unit_test(who_waits_is_told_at_its_time_or_at_the_end),
		cmocka_unit_test(the_queue_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
