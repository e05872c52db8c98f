/* Items in memory: the lab's five, the bounds, and pages of a list, wherever its chunks end. */
#include "unit.h"

#include "store_ask.h"

static int forget(void **state)
{
	(void)state;
	got_done();
	return 0;
}

static void begins_with_the_items_of_the_lab(void **state)
{
	(void)state;
	OWN(store) struct store *store = store_memory_new();
	OWN(json_t) json_t *json = read_json(store);
	OWN(json_t) json_t *expected =
		json_loads("[{\"id\": 1, \"task\": \"Set up local CA\", \"done\": true},"
			   "{\"id\": 2, \"task\": \"Issue server certificate\", \"done\": true},"
			   "{\"id\": 3, \"task\": \"Issue client certificate\", \"done\": true},"
			   "{\"id\": 4, \"task\": \"Configure mTLS server\", \"done\": true},"
			   "{\"id\": 5, \"task\": \"Validate mutual auth\", \"done\": false}]",
			0, NULL);
	assert_non_null(expected);
	assert_true(json_equal(json, expected));
}

static void holds_only_so_many_items(void **state)
{
	(void)state;
	OWN(store) struct store *store = store_memory_new();
	for (int i = 6; i <= STORE_ITEMS_MAX; i++)
		assert_int_equal(add(store, "x", false), STORE_DONE);
	assert_int_equal(got.item.id, STORE_ITEMS_MAX);
	assert_int_equal(add(store, "x", false), STORE_FULL);
	assert_int_equal(got.error.kind, ERROR_LIMIT);
	assert_string_equal(got.error.text, "the store is full: it holds 100000 items");
	/* What is there can be changed, and one that goes makes room for one. */
	assert_int_equal(edit(store, 7, "other", -1), STORE_DONE);
	assert_int_equal(take_out(store, 8), STORE_DONE);
	assert_int_equal(add(store, "x", false), STORE_DONE);
	assert_int_equal(got.item.id, STORE_ITEMS_MAX + 1);
	assert_int_equal(add(store, "x", false), STORE_FULL);
	assert_int_equal(store_counts(store).failures, 2);
}

static void holds_only_so_many_bytes(void **state)
{
	(void)state;
	OWN(store) struct store *store = store_memory_new();
	char task[STORE_TASK_BYTES_MAX + 1];
	memset(task, 'x', sizeof task - 1);
	task[sizeof task - 1] = 0;
	int64_t last = 5;
	for (; add(store, task, false) == STORE_DONE; last = got.item.id)
		;
	assert_int_equal(got.status, STORE_FULL);
	assert_memory_equal(got.error.text, "the store is full: it holds 3", 29);
	OWN(store_list) struct store_list *list = read_list(store);
	assert_int_equal(store_list_count(list), last);
	/* A shorter one in its place makes room. */
	assert_int_equal(edit(store, 6, "short", -1), STORE_DONE);
	assert_int_equal(add(store, task, false), STORE_DONE);
	assert_int_equal(edit(store, 6, task, -1), STORE_FULL);
}

static void is_page(const struct store_list *list, int64_t after, size_t limit, int64_t first,
	int64_t last, bool more)
{
	struct store_page page;
	OWN(char) char *text = page_text(list, after, limit, &page);
	OWN(json_t) json_t *json = json_loads(text, 0, NULL);
	size_t count = last ? (size_t)(last - first + 1) : 0;
	if (json_array_size(json) != count || page.more != more)
		fail_msg("after %d, %zu: %zu items, more %d", (int)after, limit,
			json_array_size(json), page.more);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(json_integer_value(json_object_get(json_array_get(json, i), "id")),
			(size_t)first + i);
	assert_int_equal(page.last, last ? last : after);
}

/* A chunk holds 128 items: pages begin and end before, at and behind its ends. */
static void pages_are_parts_of_the_list(void **state)
{
	(void)state;
	OWN(store) struct store *store = store_memory_new();
	for (int i = 6; i <= 400; i++)
		add(store, "x", false);
	OWN(store_list) struct store_list *list = read_list(store);
	static const int ends[] = { 0, 1, 2, 126, 127, 128, 129, 130, 255, 256, 257, 384, 399,
		400 };
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		int64_t first = ends[i] + 1;
		is_page(list, ends[i], 1, first, first <= 400 ? first : 0, first < 400);
		for (size_t j = i + 1; j < sizeof ends / sizeof *ends; j++)
			is_page(list, ends[i], (size_t)(ends[j] - ends[i]), first, ends[j],
				ends[j] < 400);
		is_page(list, ends[i], 1000, first, first <= 400 ? 400 : 0, false);
	}
	is_page(list, 401, 5, 0, 0, false);
	is_page(list, INT64_MAX, 5, 0, 0, false);
	is_page(list, INT64_MAX - 1, 5, 0, 0, false);
}

/* Against a plain array: whatever is changed in whatever order, the list is that array. */
static void chunks_hold_what_an_array_would(void **state)
{
	(void)state;
	OWN(store) struct store *store = store_memory_new();
	OWN(json_t) json_t *model = read_json(store);
	unsigned random = 1;
	char big[3000];
	memset(big, 'b', sizeof big - 1);
	big[sizeof big - 1] = 0;
	for (int i = 0; i < 4000; i++) {
		random = random * 1103515245 + 12345;
		unsigned what = random >> 16 & 7;
		size_t at = json_array_size(model) ? (random >> 8) % json_array_size(model) : 0;
		json_t *item = json_array_get(model, at);
		int64_t id = item ? json_integer_value(json_object_get(item, "id")) : 99999;
		/* Sometimes somebody holds a list of it, and sometimes nobody does. */
		OWN(store_list) struct store_list *held = what & 1 ? read_list(store) : NULL;
		(void)held;
		if (what < 4) {
			assert_int_equal(add(store, what ? "n" : big, what & 1), STORE_DONE);
			json_array_append_new(
				model, json_pack("{s:I,s:s,s:b}", "id", (json_int_t)got.item.id,
					       "task", what ? "n" : big, "done", (int)what & 1));
		} else if (what < 6 && item) {
			assert_int_equal(edit(store, id, what & 1 ? big : "e", -1), STORE_DONE);
			json_object_set_new(item, "task", json_string(what & 1 ? big : "e"));
		} else if (item) {
			assert_int_equal(take_out(store, id), STORE_DONE);
			json_array_remove(model, at);
		}
		if (i % 500 == 499) {
			OWN(json_t) json_t *now = read_json(store);
			assert_true(json_equal(now, model));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(begins_with_the_items_of_the_lab, forget),
		cmocka_unit_test_teardown(holds_only_so_many_items, forget),
		cmocka_unit_test_teardown(holds_only_so_many_bytes, forget),
		cmocka_unit_test_teardown(pages_are_parts_of_the_list, forget),
		cmocka_unit_test_teardown(chunks_hold_what_an_array_would, forget),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
