/* Capped buffers: they grow up to their cap, refuse one byte more, and forget secrets. */
#include "unit.h"

#include "base/base.h"

static void grows_to_its_cap_and_not_beyond(void **state)
{
	(void)state;
	struct error error;
	OWN(buffer) struct buffer buffer = BUFFER(100);
	for (int i = 0; i < 100; i++)
		assert_true(buffer_append(&buffer, "x", 1, &error));
	assert_int_equal(buffer.length, 100);
	assert_int_equal(strlen(buffer.data), 100);
	assert_false(buffer_append(&buffer, "y", 1, &error));
	assert_int_equal(error.kind, ERROR_LIMIT);
	assert_string_equal(error.text, "more than 100 bytes");
	assert_int_equal(buffer.length, 100);
	assert_null(strchr(buffer.data, 'y'));
}

static void refuses_sizes_that_overflow(void **state)
{
	(void)state;
	struct error error;
	char untouched, *room = &untouched;
	OWN(buffer) struct buffer buffer = BUFFER(SIZE_MAX);
	assert_true(buffer_text(&buffer, "a", &error));
	assert_false(buffer_reserve(&buffer, SIZE_MAX, &room, &error));
	assert_int_equal(error.kind, ERROR_LIMIT);
	assert_ptr_equal(room, &untouched);
	assert_string_equal(buffer.data, "a");
	assert_true(buffer_reserve(&buffer, 4096, &room, &error));
	assert_ptr_equal(room, buffer.data + 1);
}

/* Copies into a buffer of the C library's own begin may be slow ones; see buffer.c. */
static void large_ones_begin_on_a_line_of_the_cache(void **state)
{
	(void)state;
	struct error error;
	char *room;
	for (size_t bytes = 4095; bytes < ((size_t)1 << 20); bytes = bytes * 2 + 1) {
		OWN(buffer) struct buffer buffer = BUFFER((size_t)2 << 20);
		assert_true(buffer_text(&buffer, "kept", &error));
		assert_true(buffer_reserve(&buffer, bytes, &room, &error));
		assert_int_equal((uintptr_t)buffer.data % 64, 0);
		assert_ptr_equal(room, buffer.data + 4);
		memset(room, 'x', bytes);
		assert_memory_equal(buffer.data, "kept", 4);
	}
}

static void a_cap_of_nothing_takes_nothing(void **state)
{
	(void)state;
	struct error error;
	OWN(buffer) struct buffer buffer = BUFFER(0);
	assert_true(buffer_append(&buffer, "", 0, &error));
	assert_false(buffer_text(&buffer, "a", &error));
}

static void formats_whole_or_not_at_all(void **state)
{
	(void)state;
	struct error error;
	OWN(buffer) struct buffer buffer = BUFFER(10);
	assert_true(buffer_format(&buffer, &error, "%s=%d", "port", 8443));
	assert_string_equal(buffer.data, "port=8443");
	assert_false(buffer_format(&buffer, &error, "%d", 42));
	assert_string_equal(buffer.data, "port=8443");
	assert_true(buffer_format(&buffer, &error, "%d", 4));
	assert_string_equal(buffer.data, "port=84434");
}

static void consumes_from_the_front(void **state)
{
	(void)state;
	struct error error;
	OWN(buffer) struct buffer buffer = BUFFER(64);
	buffer_consume(&buffer, 0);
	assert_true(buffer_text(&buffer, "GET /todo", &error));
	buffer_consume(&buffer, 4);
	assert_string_equal(buffer.data, "/todo");
	buffer_consume(&buffer, 5);
	assert_int_equal(buffer.length, 0);
	assert_string_equal(buffer.data, "");
}

static void holds_bytes_not_only_text(void **state)
{
	(void)state;
	struct error error;
	OWN(buffer) struct buffer buffer = BUFFER(8);
	assert_true(buffer_append(&buffer, "a\0b", 3, &error));
	assert_int_equal(buffer.length, 3);
	assert_memory_equal(buffer.data, "a\0b", 4);
}

static void can_be_used_again_when_done(void **state)
{
	(void)state;
	struct error error;
	struct buffer buffer;
	buffer_init(&buffer, 16);
	buffer.secret = true;
	assert_true(buffer_text(&buffer, "passphrase", &error));
	buffer_done(&buffer);
	assert_null(buffer.data);
	assert_int_equal(buffer.length, 0);
	assert_true(buffer_text(&buffer, "again", &error));
	assert_string_equal(buffer.data, "again");
	buffer_done(&buffer);
	buffer_done(&buffer);
}

/* What fits is appended inline: the last byte that fits, the first that does not, and the NUL. */
static void each_byte_up_to_the_cap_counts(void **state)
{
	(void)state;
	struct error error;
	for (size_t max = 1; max < 300; max += 7) {
		OWN(buffer) struct buffer buffer = BUFFER(max);
		for (size_t i = 0; i < max; i++) {
			assert_true(buffer_append(&buffer, i % 2 ? "b" : "a", 1, &error));
			assert_int_equal(strlen(buffer.data), i + 1);
			assert_int_equal(buffer.data[i], i % 2 ? 'b' : 'a');
		}
		assert_true(buffer_append(&buffer, "", 0, &error));
		assert_false(buffer_append(&buffer, "c", 1, &error));
		assert_int_equal(error.kind, ERROR_LIMIT);
		assert_int_equal(buffer.length, max);
		/* A cap that sinks holds for room that is there. */
		buffer.length = 0;
		buffer.bytes_max = max - 1;
		assert_false(buffer_append(&buffer, buffer.data, max, &error));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_to_its_cap_and_not_beyond),
		cmocka_unit_test(refuses_sizes_that_overflow),
		cmocka_unit_test(large_ones_begin_on_a_line_of_the_cache),
		cmocka_unit_test(a_cap_of_nothing_takes_nothing),
		cmocka_unit_test(formats_whole_or_not_at_all),
		cmocka_unit_test(consumes_from_the_front),
		cmocka_unit_test(holds_bytes_not_only_text),
		cmocka_unit_test(can_be_used_again_when_done),
		cmocka_unit_test(each_byte_up_to_the_cap_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
