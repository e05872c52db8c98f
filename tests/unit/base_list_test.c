/* Lists that grow keep what they hold, and move only when they are full. */
#include "unit.h"

#include "base/base.h"

#include <stdlib.h>

struct pair {
	size_t number;
	char text[24];
};

static void keeps_what_it_holds(void **state)
{
	(void)state;
	struct pair *pairs = NULL;
	for (size_t i = 0; i < 1000; i++) {
		pairs = list_grow(pairs, i, sizeof *pairs, "pairs");
		pairs[i].number = i;
		snprintf(pairs[i].text, sizeof pairs[i].text, "pair %zu", i);
	}
	for (size_t i = 0; i < 1000; i++) {
		char text[sizeof pairs[i].text];
		snprintf(text, sizeof text, "pair %zu", i);
		assert_int_equal(pairs[i].number, i);
		assert_string_equal(pairs[i].text, text);
	}
	free(pairs);
}

static void is_asked_for_room_only_when_it_is_full(void **state)
{
	(void)state;
	int *numbers = NULL;
	size_t room = 0;
	for (size_t i = 0; i < 100; i++) {
		int *before = numbers;
		numbers = list_grow(numbers, i, sizeof *numbers, "numbers");
		if (i < room)
			assert_ptr_equal(numbers, before);
		else
			room = room ? room * 2 : 1;
		numbers[i] = 0; /* the sanitizer and valgrind tell where there is no room */
	}
	assert_int_equal(room, 128);
	free(numbers);
}

/* Who takes the last ones away may add again. */
static void can_shrink_between(void **state)
{
	(void)state;
	char *letters = NULL;
	size_t count = 0;
	for (int turn = 0; turn < 50; turn++) {
		for (int i = 0; i < 7; i++) {
			letters = list_grow(letters, count, 1, "letters");
			letters[count++] = (char)('a' + turn % 26);
		}
		count -= 5;
	}
	assert_int_equal(count, 100);
	assert_int_equal(letters[0], 'a');
	assert_int_equal(letters[99], 'a' + 49 % 26);
	free(letters);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_it_holds),
		cmocka_unit_test(is_asked_for_room_only_when_it_is_full),
		cmocka_unit_test(can_shrink_between),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
