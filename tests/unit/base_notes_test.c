/* The list of sentences that a success has besides: kept once, in order, and by nobody as well. */
#include "unit.h"

#include "base/base.h"

static void each_sentence_once_in_order(void **state)
{
	(void)state;
	static const char *const said[] = { "b", "a", "b", "", "a b", "A", "", "a" };
	static const char *const kept[] = { "b", "a", "", "a b", "A" };
	OWN(notes) struct notes notes = { 0 };
	for (size_t i = 0; i < sizeof said / sizeof *said; i++)
		notes_add(&notes, "%s", said[i]);
	assert_int_equal(notes.count, sizeof kept / sizeof *kept);
	for (size_t i = 0; i < notes.count; i++)
		assert_string_equal(notes.texts[i], kept[i]);
}

static void the_text_is_formatted_not_kept_by_its_format(void **state)
{
	(void)state;
	OWN(notes) struct notes notes = { 0 };
	notes_add(&notes, "'%s' has %d", "a", 1);
	notes_add(&notes, "'%s' has %d", "a", 2);
	notes_add(&notes, "'a' has %d", 1);
	notes_add(&notes, "100 %%");
	assert_int_equal(notes.count, 3);
	assert_string_equal(notes.texts[0], "'a' has 1");
	assert_string_equal(notes.texts[1], "'a' has 2");
	assert_string_equal(notes.texts[2], "100 %");
}

static void nobody_may_want_to_know(void **state)
{
	(void)state;
	notes_add(NULL, "%s", "unheard");
}

static void long_and_many(void **state)
{
	(void)state;
	OWN(notes) struct notes notes = { 0 };
	for (int i = 0; i < 1000; i++)
		notes_add(&notes, "%05000d", i);
	assert_int_equal(notes.count, 1000);
	assert_int_equal(strlen(notes.texts[999]), 5000);
	assert_string_equal(notes.texts[999] + 4996, "0999");
}

static void can_be_used_again_when_done(void **state)
{
	(void)state;
	struct notes notes = { 0 };
	notes_done(&notes); /* nothing is nothing */
	notes_add(&notes, "one");
	notes_done(&notes);
	assert_int_equal(notes.count, 0);
	assert_null(notes.texts);
	notes_add(&notes, "one");
	assert_int_equal(notes.count, 1);
	notes_done(&notes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_sentence_once_in_order),
		cmocka_unit_test(the_text_is_formatted_not_kept_by_its_format),
		cmocka_unit_test(nobody_may_want_to_know),
		cmocka_unit_test(long_and_many),
		cmocka_unit_test(can_be_used_again_when_done),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
