/* Items in memory: the lab's five, the next ones, the list as it stands in an answer, the bounds.
 */
#include "unit.h"

#include "store/store.h"

#include <stdio.h>

static int64_t added;
static struct error refused;
static char *listed;

static void on_item(void *context, const struct store_item *item, const struct error *error)
{
	assert_ptr_equal(context, &added);
	added = item ? item->id : 0;
	if (error)
		refused = *error;
}

static void on_list(void *context, const char *list, size_t bytes, const struct error *error)
{
	assert_ptr_equal(context, &listed);
	assert_null(error);
	assert_int_equal(strlen(list), bytes);
	free(listed);
	listed = text_copy(list);
}

static void ready(void *context)
{
	(void)context;
	fail_msg("this store answers within the call");
}

static void list(struct store *store)
{
	OWN(store_port) struct store_port *port = store_port_open(store, ready, NULL);
	store_list(port, on_list, &listed);
}

static void add(struct store *store, const char *task, bool done)
{
	refused.kind = ERROR_NONE;
	OWN(store_port) struct store_port *port = store_port_open(store, ready, NULL);
	store_add(port, task, done, on_item, &added);
	store_port_deliver(port); /* nothing is left to say */
}

static int free_list(void **state)
{
	(void)state;
	free(listed);
	listed = NULL;
	return 0;
}

static void begins_with_the_items_of_the_lab(void **state)
{
	(void)state;
	OWN(store) struct store *store = store_memory_new();
	list(store);
	OWN(json_t) json_t *json = json_loads(listed, 0, NULL);
	OWN(json_t) json_t *expected =
		json_loads("[{\"id\": 1, \"task\": \"Set up local CA\", \"done\": true},"
			   "{\"id\": 2, \"task\": \"Issue server certificate\", \"done\": true},"
			   "{\"id\": 3, \"task\": \"Issue client certificate\", \"done\": true},"
			   "{\"id\": 4, \"task\": \"Configure mTLS server\", \"done\": true},"
			   "{\"id\": 5, \"task\": \"Validate mutual auth\", \"done\": false}]",
			0, NULL);
	assert_non_null(expected);
	assert_true(json_equal(json, expected));
	/* It is laid out as a member of an object. */
	OWN(buffer) struct buffer text = BUFFER(65536);
	assert_true(json_text(expected, 2, &text, &refused));
	assert_string_equal(listed, text.data);
}

static void keeps_what_is_added(void **state)
{
	(void)state;
	OWN(store) struct store *store = store_memory_new();
	add(store,
		"A\xc3\xb1"
		"adir \"endpoint\" \n POST",
		false);
	assert_int_equal(added, 6);
	add(store, "x", true);
	assert_int_equal(added, 7);
	list(store);
	OWN(json_t) json_t *json = json_loads(listed, 0, NULL);
	assert_int_equal(json_array_size(json), 7);
	assert_string_equal(json_string_value(json_object_get(json_array_get(json, 5), "task")),
		"A\xc3\xb1"
		"adir \"endpoint\" \n POST");
	assert_true(json_is_true(json_object_get(json_array_get(json, 6), "done")));
	OWN(buffer) struct buffer text = BUFFER(65536);
	assert_true(json_text(json, 2, &text, &refused));
	assert_string_equal(listed, text.data);
}

static void refuses_what_is_no_text(void **state)
{
	(void)state;
	OWN(store) struct store *store = store_memory_new();
	add(store, "\xff", false);
	assert_int_equal(added, 0);
	assert_int_equal(refused.kind, ERROR_INPUT);
	assert_string_equal(refused.text, "a task that is not UTF-8");
	add(store, "x", false);
	assert_int_equal(added, 6);
}

static void holds_only_so_many_items(void **state)
{
	(void)state;
	OWN(store) struct store *store = store_memory_new();
	for (int i = 6; i <= STORE_ITEMS_MAX; i++)
		add(store, "x", false);
	assert_int_equal(added, STORE_ITEMS_MAX);
	add(store, "x", false);
	assert_int_equal(added, 0);
	assert_int_equal(refused.kind, ERROR_LIMIT);
	assert_string_equal(refused.text, "the store is full: it holds 100000 items");
}

static void holds_only_so_many_bytes(void **state)
{
	(void)state;
	OWN(store) struct store *store = store_memory_new();
	char task[STORE_TASK_BYTES_MAX + 1];
	memset(task, 'x', sizeof task - 1);
	task[sizeof task - 1] = 0;
	int64_t last = 5;
	for (; add(store, task, false), added; last = added)
		;
	assert_int_equal(refused.kind, ERROR_LIMIT);
	assert_memory_equal(refused.text, "the store is full: it holds 3", 29);
	list(store);
	OWN(json_t) json_t *json = json_loads(listed, 0, NULL);
	assert_int_equal(json_array_size(json), last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(begins_with_the_items_of_the_lab, free_list),
		cmocka_unit_test_teardown(keeps_what_is_added, free_list),
		cmocka_unit_test(refuses_what_is_no_text),
		cmocka_unit_test(holds_only_so_many_items),
		cmocka_unit_test_teardown(holds_only_so_many_bytes, free_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
