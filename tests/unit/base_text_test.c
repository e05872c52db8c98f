/* Text: what a peer sent cannot break a line, UTF-8 is UTF-8, numbers are whole numbers. */
#include "unit.h"

#include "base/base.h"

#define ESCAPED(literal) text_escape(target, sizeof target, literal, sizeof literal - 1)

static void escapes_what_could_break_a_line(void **state)
{
	(void)state;
	char target[128];
	assert_string_equal(ESCAPED("mtls-client"), "mtls-client");
	assert_string_equal(ESCAPED("Añadir endpoint POST"), "Añadir endpoint POST");
	assert_string_equal(ESCAPED("a\r\nb"), "a\\x0d\\x0ab");
	assert_string_equal(ESCAPED("a\0b"), "a\\x00b");
	assert_string_equal(ESCAPED("\x1b[31m"), "\\x1b[31m");
	assert_string_equal(ESCAPED("\x7f"), "\\x7f");
	assert_string_equal(ESCAPED("a\\b"), "a\\x5cb");
	assert_string_equal(ESCAPED("\xc2\x85"), "\\xc2\\x85"); /* NEL, a C1 control */
	assert_string_equal(ESCAPED("\xff\xfe"), "\\xff\\xfe");
	assert_string_equal(ESCAPED("\xc0\xaf"), "\\xc0\\xaf");          /* overlong "/" */
	assert_string_equal(ESCAPED("\xed\xa0\x80"), "\\xed\\xa0\\x80"); /* a surrogate */
	assert_string_equal(ESCAPED("\xe2\x82"), "\\xe2\\x82");          /* cut short */
	assert_string_equal(ESCAPED(""), "");
}

/* Each byte alone, and what follows it; then cut at every length. */
static void escapes_all_but_ascii(void **state)
{
	(void)state;
	char target[16], wanted[16];
	for (int byte = 0; byte < 256; byte++) {
		const char source[] = { (char)byte, 'z' };
		bool plain = byte >= ' ' && byte <= '~' && byte != '\\';
		snprintf(wanted, sizeof wanted, plain ? "%cz" : "\\x%02xz", byte);
		assert_string_equal(text_escape_ascii(target, sizeof target, source, 2), wanted);
	}
	for (size_t room = 1; room < 12; room++) {
		text_escape_ascii(target, room,
			"a\xc3\xb1"
			"b",
			4);
		size_t shown = room > 10 ? 10 : room > 9 ? 9 : room > 5 ? 5 : room > 1 ? 1 : 0;
		assert_int_equal(strlen(target), shown);
		assert_memory_equal(target, "a\\xc3\\xb1b", shown);
	}
	char none = '!';
	text_escape_ascii(&none, 0, "a", 1);
	assert_int_equal(none, '!');
}

/* Cut at every length: always ended, never half an escape or half a character. */
static void cuts_between_characters(void **state)
{
	(void)state;
	static const char source[] = "a\xc3\xb1\n\xf0\x9f\x94\x91z";
	char whole[64];
	text_escape(whole, sizeof whole, source, sizeof source - 1);
	assert_string_equal(whole, "a\xc3\xb1\\x0a\xf0\x9f\x94\x91z");
	for (size_t room = 1; room < sizeof whole; room++) {
		char target[64];
		memset(target, '!', sizeof target);
		text_escape(target, room, source, sizeof source - 1);
		size_t length = strlen(target);
		assert_true(length < room);
		assert_memory_equal(target, whole, length);
		assert_true(!length || text_is_utf8(target, length));
		const char *escape = strrchr(target, '\\');
		assert_true(!escape || strlen(escape) >= 4);
	}
	char none = '!';
	text_escape(&none, 0, "a", 1);
	assert_int_equal(none, '!');
}

static void knows_utf8(void **state)
{
	(void)state;
	static const char *const good[] = { "plain", "ñ", "€", "🔑", "\xf4\x8f\xbf\xbf" };
	static const char *const bad[] = { "\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80",
		"\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "a\xe2\x82", "\xc3(" };
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(text_is_utf8(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(text_is_utf8(bad[i], strlen(bad[i])));
	assert_false(text_is_utf8("a\0b", 3));
	assert_true(text_is_utf8("", 0));
}

static void reads_whole_numbers_within_bounds(void **state)
{
	(void)state;
	long long value = 7;
	assert_true(text_number("8443", 1, 65535, &value));
	assert_int_equal(value, 8443);
	assert_true(text_number("-1", -1, 1, &value));
	assert_int_equal(value, -1);
	static const char *const bad[] = { "", "0", "65536", "1.5", "0x10", " 1", "1 ", "+1", "1e3",
		"--1", "-", "99999999999999999999", "ten" };
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		value = 7;
		assert_false(text_number(bad[i], 1, 65535, &value));
		assert_int_equal(value, 7);
	}
}

static void makes_new_strings(void **state)
{
	(void)state;
	OWN(char) char *path = text_format("%s/%s.crt", "certs", "ca");
	assert_string_equal(path, "certs/ca.crt");
	OWN(char) char *copy = text_copy(path);
	assert_ptr_not_equal(copy, path);
	assert_string_equal(copy, path);
	char *moved = TAKE(copy);
	assert_null(copy);
	free(moved);
}

static void joins_pieces(void **state)
{
	(void)state;
	OWN(char) char *none = text_join((const char *const[]){ NULL });
	assert_string_equal(none, "");
	OWN(char) char *some = text_join((const char *const[]){ "", "a%s", "", "b c", NULL });
	assert_string_equal(some, "a%sb c");
}

/* Each byte at each place of what is looked at eight at a time. */
static void knows_which_bytes_stand_in_a_line(void **state)
{
	(void)state;
	char line[41];
	for (size_t at = 0; at < sizeof line; at++)
		for (int byte = 0; byte < 256; byte++) {
			memset(line, byte & 1 ? '~' : 0xff, sizeof line);
			line[at] = (char)byte;
			bool good = byte == '\t' || (byte >= ' ' && byte != 0x7f);
			size_t whole = good ? sizeof line : at;
			assert_int_equal(text_line_bytes(line, sizeof line), whole);
			assert_int_equal(text_line_bytes(line, at), at);
			assert_int_equal(text_line_bytes(line, at + 1), at + good);
		}
	/* The first of two counts, whichever is worse. */
	assert_int_equal(text_line_bytes("\t\x20\x80\xff!\x1f\x7fz", 8), 5);
	assert_int_equal(text_line_bytes("\t\x20\x80\xff!\x7f\0z", 8), 5);
	assert_int_equal(text_line_bytes("", 0), 0);
}

static void writes_decimals(void **state)
{
	(void)state;
	char room[TEXT_DECIMAL_BYTES];
	assert_string_equal(text_decimal(0, room), "0");
	assert_string_equal(text_decimal(507, room), "507");
	assert_string_equal(text_decimal(UINT64_MAX, room), "18446744073709551615");
	assert_ptr_equal(text_decimal(UINT64_MAX, room), room);
}

static void near_words_are_near(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b;
		size_t distance;
	} rows[] = {
		{ "", "", 0 },
		{ "serve", "serve", 0 },
		{ "serv", "serve", 1 },
		{ "server", "serve", 1 },
		{ "sarve", "serve", 1 },
		{ "sevre", "serve", 2 },
		{ "", "abc", 3 },
		{ "kitten", "sitting", 3 },
		{ "0123456789012345678901234567890123456789x", "x", 40 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(text_distance(rows[i].a, rows[i].b), rows[i].distance);
		assert_int_equal(text_distance(rows[i].b, rows[i].a), rows[i].distance);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_what_could_break_a_line),
		cmocka_unit_test(escapes_all_but_ascii),
		cmocka_unit_test(cuts_between_characters),
		cmocka_unit_test(knows_utf8),
		cmocka_unit_test(reads_whole_numbers_within_bounds),
		cmocka_unit_test(writes_decimals),
		cmocka_unit_test(joins_pieces),
		cmocka_unit_test(knows_which_bytes_stand_in_a_line),
		cmocka_unit_test(makes_new_strings),
		cmocka_unit_test(near_words_are_near),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
