/*
 * The store's contract, for whichever store stands behind it: what a caller may rely on. Answers
 * come once for each call, ids rise by one, the list is JSON that stands in an answer as it is.
 */
#include "unit.h"

#include "store_ask.h"
#include "store_folder.h"

static struct store *memory(void)
{
	return store_memory_new();
}

static struct store *sqlite(void)
{
	static int files;
	OWN(char) char *where = text_format("sqlite:%s/%d/todo.db", folder, files++);
	return opened(where);
}

/* Each store there is; a new one is a new row. */
static const struct {
	const char *name;
	struct store *(*make)(void);
} stores[] = { { "memory", memory }, { "sqlite", sqlite } };
enum { STORES = sizeof stores / sizeof *stores };

#define EACH_STORE \
	(void)state; \
	for (size_t s = 0; s < STORES; s++)

/* \xb1 would swallow the letters of "adir", so this one is spelled in octal. */
static const char *const tasks[] = { "x", " leading and trailing ", "A\303\261adir",
	"\xf0\x9f\x98\x80", "\"quoted\" \\ 'and' </script>", "tab\tline\nreturn\r", "\x01\x1f\x7f",
	"\xe2\x80\xa8\xe2\x80\xae", "[{\"id\": 1}]", "\\u0000", "%s%n" };
enum { TASKS = sizeof tasks / sizeof *tasks };

static void ids_rise_by_one_and_tasks_come_back(void **state)
{
	EACH_STORE
	{
		OWN(store) struct store *store = stores[s].make();
		OWN(json_t) json_t *before = read_json(store);
		assert_int_equal(json_array_size(before), 5);
		for (size_t i = 0; i < TASKS; i++) {
			assert_int_equal(add(store, tasks[i], i % 2), STORE_DONE);
			assert_int_equal(got.item.id, 6 + i);
			assert_string_equal(got.item.task, tasks[i]);
			assert_int_equal(got.item.done, i % 2);
			OWN(json_t) json_t *now = read_json(store);
			assert_int_equal(json_array_size(now), 6 + i);
		}
		OWN(json_t) json_t *all = read_json(store);
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
	static const char *const bad[] = { "\xff", "a\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
		"cut \xe2\x82" };
	EACH_STORE
	{
		OWN(store) struct store *store = stores[s].make();
		OWN(json_t) json_t *before = read_json(store);
		for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
			assert_int_equal(add(store, bad[i], true), STORE_INVALID);
			assert_int_equal(got.error.kind, ERROR_INPUT);
			assert_string_equal(got.error.text, "a task that is not UTF-8");
			OWN(json_t) json_t *now = read_json(store);
			assert_true(json_equal(now, before));
		}
		assert_int_equal(add(store, "good", false), STORE_DONE);
		assert_int_equal(got.item.id, 6);
	}
}

/* The longest task, in the bytes that its JSON makes longest: six for one. */
static void the_longest_task_fits_whatever_it_holds(void **state)
{
	static const char fills[] = { 'x', '\\', '"', '\x01', '\n' };
	char task[STORE_TASK_BYTES_MAX + 1];
	task[sizeof task - 1] = 0;
	EACH_STORE
	{
		OWN(store) struct store *store = stores[s].make();
		for (size_t i = 0; i < sizeof fills; i++) {
			memset(task, fills[i], sizeof task - 1);
			if (add(store, task, false) != STORE_DONE)
				fail_msg("0x%02x: %s", fills[i], got.error.text);
			assert_int_equal(got.item.id, 6 + i);
		}
		OWN(json_t) json_t *all = read_json(store);
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
	EACH_STORE
	{
		OWN(store) struct store *one = stores[s].make();
		OWN(store) struct store *other = stores[s].make();
		add(one, "mine", false);
		OWN(json_t) json_t *theirs = read_json(other);
		assert_int_equal(json_array_size(theirs), 5);
		add(other, "yours", true);
		assert_int_equal(got.item.id, 6);
	}
	store_free(NULL);
	store_port_close(NULL);
}

static void a_list_stays_as_it_was_when_it_was_asked_for(void **state)
{
	EACH_STORE
	{
		OWN(store) struct store *store = stores[s].make();
		OWN(store_list) struct store_list *before = read_list(store);
		for (int i = 0; i < 300; i++)
			add(store, "more", false);
		edit(store, 1, "other", false);
		take_out(store, 2);
		OWN(json_t) json_t *behind = read_json(store);
		assert_int_equal(store_list_count(before), 5);
		OWN(char) char *text = page_text(before, 0, 100, NULL);
		assert_non_null(strstr(text, "Set up local CA"));
		assert_non_null(strstr(text, "\"id\": 2,"));
		assert_int_equal(json_array_size(behind), 304);
	}
}

static void an_edit_changes_what_it_names(void **state)
{
	EACH_STORE
	{
		OWN(store) struct store *store = stores[s].make();
		assert_int_equal(edit(store, 5, NULL, true), STORE_DONE);
		assert_string_equal(got.item.task, "Validate mutual auth");
		assert_true(got.item.done);
		assert_int_equal(edit(store, 5, "Validated", -1), STORE_DONE);
		assert_string_equal(got.item.task, "Validated");
		assert_true(got.item.done);
		assert_int_equal(got.item.version.revision, 7);
		assert_int_equal(edit(store, 5, "Again", false), STORE_DONE);
		assert_false(got.item.done);
		OWN(json_t) json_t *all = read_json(store);
		assert_int_equal(json_array_size(all), 5);
		assert_string_equal("Again",
			json_string_value(json_object_get(json_array_get(all, 4), "task")));
		/* And nothing that is not there. */
		assert_int_equal(edit(store, 6, "x", -1), STORE_ABSENT);
		assert_int_equal(edit(store, 0, "x", -1), STORE_ABSENT);
		assert_int_equal(edit(store, 5, "\xff", -1), STORE_INVALID);
		OWN(json_t) json_t *same = read_json(store);
		assert_true(json_equal(all, same));
	}
}

static void what_is_removed_is_gone_and_its_id_stays_used(void **state)
{
	EACH_STORE
	{
		OWN(store) struct store *store = stores[s].make();
		for (int64_t id = 5; id; id--) {
			assert_int_equal(take_out(store, id), STORE_DONE);
			assert_int_equal(got.item.id, id);
			assert_true(*got.item.task);
			assert_int_equal(take_out(store, id), STORE_ABSENT);
		}
		OWN(store_list) struct store_list *none = read_list(store);
		OWN(char) char *text = page_text(none, 0, 10, NULL);
		assert_string_equal(text, "[]");
		assert_int_equal(add(store, "first again", false), STORE_DONE);
		assert_int_equal(got.item.id, 6);
		OWN(json_t) json_t *one = read_json(store);
		assert_int_equal(json_array_size(one), 1);
	}
}

static void a_condition_names_the_version(void **state)
{
	EACH_STORE
	{
		OWN(store) struct store *store = stores[s].make();
		edit(store, 5, NULL, true);
		const struct store_version now = got.item.version;
		struct store_write write = {
			.change = STORE_EDIT, .id = 5, .done = 0, .conditional = true
		};
		ask_write(store, &write);
		assert_int_equal(got.status, STORE_CHANGED);
		write.versions[0] = (struct store_version){ now.epoch, now.revision - 1 };
		write.versions[1] = (struct store_version){ now.epoch + 1, now.revision };
		write.versions_count = 2;
		ask_write(store, &write);
		assert_int_equal(got.status, STORE_CHANGED);
		write.versions[write.versions_count++] = now;
		ask_write(store, &write);
		assert_int_equal(got.status, STORE_DONE);
		/* Done once it is another version. */
		write.change = STORE_REMOVE;
		ask_write(store, &write);
		assert_int_equal(got.status, STORE_CHANGED);
		write.id = 6;
		ask_write(store, &write);
		assert_int_equal(got.status, STORE_ABSENT);
	}
}

static void every_change_is_another_version_of_the_list(void **state)
{
	EACH_STORE
	{
		OWN(store) struct store *store = stores[s].make();
		OWN(store_list) struct store_list *first = read_list(store);
		edit(store, 77, "x", 0);
		OWN(store_list) struct store_list *same = read_list(store);
		add(store, "x", false);
		OWN(store_list) struct store_list *next = read_list(store);
		take_out(store, 6);
		OWN(store_list) struct store_list *last = read_list(store);
		struct store_version a = store_list_version(first), b = store_list_version(same),
				     c = store_list_version(next), d = store_list_version(last);
		assert_int_equal(a.revision, b.revision);
		assert_true(a.revision < c.revision && c.revision < d.revision);
		assert_true(a.epoch == d.epoch && a.epoch != 0);
		struct store_item item;
		OWN(char) char *task = NULL;
		assert_false(store_list_find(last, 6, &item, &task));
		assert_true(store_list_find(next, 6, &item, &task));
		assert_string_equal(item.task, "x");
		assert_int_equal(item.version.revision, c.revision);
		assert_int_equal(item.version.epoch, c.epoch);
	}
}

static void it_counts_what_it_does(void **state)
{
	EACH_STORE
	{
		OWN(store) struct store *store = stores[s].make();
		add(store, "x", false);
		edit(store, 99, "x", false);
		struct store_counts counts = store_counts(store);
		assert_int_equal(counts.writes, 1);
		assert_int_equal(counts.failures, 0);
		assert_int_equal(counts.waiting, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_rise_by_one_and_tasks_come_back),
		cmocka_unit_test(a_refused_item_uses_no_id_and_changes_nothing),
		cmocka_unit_test(the_longest_task_fits_whatever_it_holds),
		cmocka_unit_test(two_stores_know_nothing_of_each_other),
		cmocka_unit_test(a_list_stays_as_it_was_when_it_was_asked_for),
		cmocka_unit_test(an_edit_changes_what_it_names),
		cmocka_unit_test(what_is_removed_is_gone_and_its_id_stays_used),
		cmocka_unit_test(a_condition_names_the_version),
		cmocka_unit_test(every_change_is_another_version_of_the_list),
		cmocka_unit_test(it_counts_what_it_does),
	};
	return cmocka_run_group_tests(tests, folder_up, folder_down);
}
