/*
 * The store's contract, for whichever store stands behind it: what a caller may rely on. Callbacks
 * come once for each call, ids rise by one, the list is JSON that stands in an answer as it is.
 */
#include "unit.h"

#include "store/store.h"

#include <stdio.h>

/* Each store there is; a new one is a new row. */
static const struct {
	const char *name;
	struct store *(*make)(void);
} stores[] = { { "memory", store_memory_new } };

struct answer {
	int count; /* how often the callback came */
	int64_t id;
	char *task, *list;
	bool done, failed;
	struct error error;
};

static void answer_done(struct answer *answer)
{
	free(TAKE(answer->task));
	free(TAKE(answer->list));
	*answer = (struct answer){ 0 };
}

static void on_item(void *context, const struct store_item *item, const struct error *error)
{
	struct answer *answer = context;
	answer->count++;
	answer->failed = error != NULL;
	assert_true((item != NULL) != answer->failed);
	if (error) {
		answer->error = *error;
		return;
	}
	answer->id = item->id;
	answer->task = text_copy(item->task);
	answer->done = item->done;
}

static void on_list(void *context, const char *list, size_t bytes, const struct error *error)
{
	struct answer *answer = context;
	answer->count++;
	answer->failed = error != NULL;
	answer->list = error ? NULL : text_format("%.*s", (int)bytes, list);
	assert_true(error || strlen(answer->list) == bytes);
}

static void ready(void *context)
{
	(void)context;
	fail_msg("this store answers within the call");
}

static struct answer added(struct store *store, const char *task, bool done)
{
	struct answer answer = { 0 };
	OWN(store_port) struct store_port *port = store_port_open(store, ready, NULL);
	store_add(port, task, done, on_item, &answer);
	assert_int_equal(answer.count, 1);
	return answer;
}

/* The list as JSON; also asserts that its text is laid out as it must be. */
static json_t *listed(struct store *store)
{
	struct answer answer = { 0 };
	struct error error;
	OWN(store_port) struct store_port *port = store_port_open(store, ready, NULL);
	store_list(port, on_list, &answer);
	assert_int_equal(answer.count, 1);
	assert_false(answer.failed);
	json_t *json = json_loads(answer.list, JSON_REJECT_DUPLICATES, NULL);
	assert_true(json_is_array(json));
	OWN(buffer) struct buffer text = BUFFER(STORE_LIST_BYTES_MAX);
	assert_true(json_text(json, 2, &text, &error));
	assert_string_equal(answer.list, text.data);
	answer_done(&answer);
	return json;
}

/* \xb1 would swallow the letters of "adir", so this one is spelled in octal. */
static const char *const tasks[] = { "x", " leading and trailing ", "A\303\261adir",
	"\xf0\x9f\x98\x80", "\"quoted\" \\ 'and' </script>", "tab\tline\nreturn\r", "\x01\x1f\x7f",
	"\xe2\x80\xa8\xe2\x80\xae", "[{\"id\": 1}]", "\\u0000", "%s%n" };
enum { TASKS = sizeof tasks / sizeof *tasks };

static void ids_rise_by_one_and_tasks_come_back(void **state)
{
	(void)state;
	for (size_t s = 0; s < sizeof stores / sizeof *stores; s++) {
		OWN(store) struct store *store = stores[s].make();
		OWN(json_t) json_t *before = listed(store);
		assert_int_equal(json_array_size(before), 5);
		for (size_t i = 0; i < TASKS; i++) {
			struct answer answer = added(store, tasks[i], i % 2);
			assert_false(answer.failed);
			assert_int_equal(answer.id, 6 + i);
			assert_string_equal(answer.task, tasks[i]);
			assert_int_equal(answer.done, i % 2);
			answer_done(&answer);
			OWN(json_t) json_t *now = listed(store);
			assert_int_equal(json_array_size(now), 6 + i);
		}
		OWN(json_t) json_t *all = listed(store);
		for (size_t i = 0; i < 5 + TASKS; i++) {
			const json_t *item = json_array_get(all, i);
			assert_int_equal(json_object_size(item), 3);
			assert_int_equal(json_integer_value(json_object_get(item, "id")), 1 + i);
			if (i < 5)
				assert_true(json_equal(item, json_array_get(before, i)));
			else
				assert_string_equal(
					json_string_value(json_object_get(item, "task")),
					tasks[i - 5]);
		}
	}
}

static void a_refused_item_uses_no_id_and_changes_nothing(void **state)
{
	(void)state;
	static const char *const bad[] = { "\xff", "a\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
		"cut \xe2\x82" };
	for (size_t s = 0; s < sizeof stores / sizeof *stores; s++) {
		OWN(store) struct store *store = stores[s].make();
		OWN(json_t) json_t *before = listed(store);
		for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
			struct answer answer = added(store, bad[i], true);
			assert_true(answer.failed);
			assert_int_equal(answer.error.kind, ERROR_INPUT);
			assert_string_equal(answer.error.text, "a task that is not UTF-8");
			OWN(json_t) json_t *now = listed(store);
			assert_true(json_equal(now, before));
		}
		struct answer answer = added(store, "good", false);
		assert_int_equal(answer.id, 6);
		answer_done(&answer);
	}
}

/* The longest task, in the bytes that its JSON makes longest: six for one. */
static void the_longest_task_fits_whatever_it_holds(void **state)
{
	(void)state;
	static const char fills[] = { 'x', '\\', '"', '\x01', '\n' };
	char task[STORE_TASK_BYTES_MAX + 1];
	task[sizeof task - 1] = 0;
	for (size_t s = 0; s < sizeof stores / sizeof *stores; s++) {
		OWN(store) struct store *store = stores[s].make();
		for (size_t i = 0; i < sizeof fills; i++) {
			memset(task, fills[i], sizeof task - 1);
			struct answer answer = added(store, task, false);
			if (answer.failed)
				fail_msg("0x%02x: %s", fills[i], answer.error.text);
			assert_int_equal(answer.id, 6 + i);
			answer_done(&answer);
		}
		OWN(json_t) json_t *all = listed(store);
		for (size_t i = 0; i < sizeof fills; i++) {
			const char *kept = json_string_value(
				json_object_get(json_array_get(all, 5 + i), "task"));
			assert_int_equal(strlen(kept), STORE_TASK_BYTES_MAX);
			assert_int_equal(kept[STORE_TASK_BYTES_MAX - 1], fills[i]);
		}
	}
}

static void two_stores_know_nothing_of_each_other(void **state)
{
	(void)state;
	for (size_t s = 0; s < sizeof stores / sizeof *stores; s++) {
		OWN(store) struct store *one = stores[s].make();
		OWN(store) struct store *other = stores[s].make();
		struct answer answer = added(one, "mine", false);
		answer_done(&answer);
		OWN(json_t) json_t *theirs = listed(other);
		assert_int_equal(json_array_size(theirs), 5);
		answer = added(other, "yours", true);
		assert_int_equal(answer.id, 6);
		answer_done(&answer);
	}
	store_free(NULL);
}

/* What was listed is the caller's for the call only: the next item may move it, not change it. */
static void a_list_is_as_it_was_when_it_was_asked_for(void **state)
{
	(void)state;
	for (size_t s = 0; s < sizeof stores / sizeof *stores; s++) {
		OWN(store) struct store *store = stores[s].make();
		OWN(json_t) json_t *before = listed(store);
		for (int i = 0; i < 1000; i++) {
			struct answer answer = added(store, "more", false);
			answer_done(&answer);
		}
		OWN(json_t) json_t *behind = listed(store);
		assert_int_equal(json_array_size(before), 5);
		assert_int_equal(json_array_size(behind), 1005);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_rise_by_one_and_tasks_come_back),
		cmocka_unit_test(a_refused_item_uses_no_id_and_changes_nothing),
		cmocka_unit_test(the_longest_task_fits_whatever_it_holds),
		cmocka_unit_test(two_stores_know_nothing_of_each_other),
		cmocka_unit_test(a_list_is_as_it_was_when_it_was_asked_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
