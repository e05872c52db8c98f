/* Every byte and every date: escaping over all values, JSON records of all controls, calendars. */
#include "unit.h"

#include "base/base.h"

#include <stdio.h>
#include <unistd.h>

/* ---- Text ---- */

static bool stays(unsigned byte)
{
	return byte >= 0x20 && byte < 0x7f && byte != '\\';
}

static void every_byte_alone_is_itself_or_its_number(void **state)
{
	(void)state;
	for (unsigned byte = 0; byte < 256; byte++) {
		char source = (char)byte, target[8], expected[8];
		if (stays(byte))
			snprintf(expected, sizeof expected, "%c", (int)byte);
		else
			snprintf(expected, sizeof expected, "\\x%02x", byte);
		assert_ptr_equal(text_escape(target, sizeof target, &source, 1), target);
		if (strcmp(target, expected) != 0)
			fail_msg("byte 0x%02x becomes '%s'", byte, target);
		assert_int_equal(text_is_utf8(&source, 1), byte && byte < 0x80);
	}
}

/* Two bytes: what is a character of UTF-8 and no control stays, everything else is two numbers. */
static void every_pair_of_bytes_is_one_line_of_utf8(void **state)
{
	(void)state;
	for (unsigned pair = 0; pair < 65536; pair++) {
		const char source[2] = { (char)(pair >> 8), (char)(pair & 255) };
		char target[16];
		text_escape(target, sizeof target, source, 2);
		assert_true(text_is_utf8(target, strlen(target)));
		for (const char *at = target; *at; at++)
			if ((unsigned char)*at < 0x20 || *at == 0x7f)
				fail_msg("pair 0x%04x lets a control through", pair);
		unsigned first = pair >> 8, second = pair & 255;
		bool character = first >= 0xc2 && first <= 0xdf && second >= 0x80 && second <= 0xbf;
		assert_int_equal(text_is_utf8(source, 2),
			character || (first && first < 0x80 && second && second < 0x80));
		if (character && !(first == 0xc2 && second < 0xa0))
			assert_memory_equal(target, source, 2);
		else if (first >= 0x80)
			assert_memory_equal(target, "\\x", 2);
	}
}

/* Each code point's one encoding is UTF-8; surrogates and what is beyond U+10FFFF are none. */
static void every_code_point_has_one_encoding(void **state)
{
	(void)state;
	for (uint32_t point = 1; point < 0x120000; point++) {
		char text[4];
		size_t bytes;
		if (point < 0x80) {
			text[0] = (char)point;
			bytes = 1;
		} else if (point < 0x800) {
			text[0] = (char)(0xc0 | point >> 6);
			text[1] = (char)(0x80 | (point & 63));
			bytes = 2;
		} else if (point < 0x10000) {
			text[0] = (char)(0xe0 | point >> 12);
			text[1] = (char)(0x80 | (point >> 6 & 63));
			text[2] = (char)(0x80 | (point & 63));
			bytes = 3;
		} else {
			text[0] = (char)(0xf0 | point >> 18);
			text[1] = (char)(0x80 | (point >> 12 & 63));
			text[2] = (char)(0x80 | (point >> 6 & 63));
			text[3] = (char)(0x80 | (point & 63));
			bytes = 4;
		}
		bool good = point < 0x110000 && (point < 0xd800 || point > 0xdfff);
		if (text_is_utf8(text, bytes) != good)
			fail_msg("U+%04X", (unsigned)point);
		if (bytes > 1 && text_is_utf8(text, bytes - 1))
			fail_msg("U+%04X cut short", (unsigned)point);
	}
}

/* ---- JSON ---- */

/* What one record with `text` as message and member looks like; its newline is asserted. */
static json_t *record_of(const char *text)
{
	int ends[2];
	char line[4096];
	assert_int_equal(pipe(ends), 0);
	const struct log log = { .fd = ends[1], .json = true, .level_min = LOG_DEBUG };
	log_event(&log, LOG_INFO, "test", json_pack("{s:s}", "member", text), "%s", text);
	close(ends[1]);
	ssize_t bytes = read(ends[0], line, sizeof line - 1);
	close(ends[0]);
	assert_true(bytes > 1);
	line[bytes] = 0;
	assert_int_equal(strcspn(line, "\n"), bytes - 1);
	for (ssize_t i = 0; i < bytes - 1; i++)
		if ((unsigned char)line[i] < 0x20)
			fail_msg("a raw control 0x%02x", line[i]);
	json_t *record = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(record);
	return record;
}

static void a_record_keeps_every_control_on_its_line(void **state)
{
	(void)state;
	for (unsigned byte = 1; byte < 0x80; byte++) {
		const char text[] = { 'a', (char)byte, 'b', 0 };
		OWN(json_t) json_t *record = record_of(text);
		assert_string_equal(json_string_value(json_object_get(record, "message")), text);
		assert_string_equal(json_string_value(json_object_get(record, "member")), text);
	}
	static const char *const odd[] = { "\xc2\x85", "\u2028\u2029", "\xf0\x9f\x94\x91", "\"}{\"",
		"\\u0000", "" };
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		OWN(json_t) json_t *record = record_of(odd[i]);
		assert_string_equal(json_string_value(json_object_get(record, "message")), odd[i]);
	}
}

static void levels_have_their_names(void **state)
{
	(void)state;
	static const char *const names[] = { "debug", "info", "warning", "error" };
	for (int level = LOG_DEBUG; level <= LOG_ERROR; level++)
		for (int least = LOG_DEBUG; least <= LOG_ERROR; least++) {
			int ends[2];
			char line[512] = "";
			assert_int_equal(pipe(ends), 0);
			const struct log log = { ends[1], true, (enum log_level)least };
			log_event(&log, (enum log_level)level, "test", NULL, "x");
			close(ends[1]);
			ssize_t bytes = read(ends[0], line, sizeof line - 1);
			close(ends[0]);
			assert_int_equal(bytes > 0, level >= least);
			OWN(char) char *named = text_format("\"level\":\"%s\"", names[level]);
			assert_int_equal(strstr(line, named) != NULL, level >= least);
		}
}

/* ---- Calendars ---- */

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_of(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	return days[month - 1] + (month == 2 && is_leap(year));
}

/* Each day from 1900 to 2400 is there and back in both forms; the day behind the last is none. */
static void every_day_is_there_and_back(void **state)
{
	(void)state;
	static const char *const names[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
		"Sep", "Oct", "Nov", "Dec" };
	time_t noon = (time_t)-2208945600; /* 1900-01-01T12:00:00Z, a Monday */
	for (int year = 1900; year <= 2400; year++)
		for (int month = 1; month <= 12; month++) {
			char text[40], written[CLOCK_RFC3339_BYTES], http[CLOCK_HTTP_DATE_BYTES];
			time_t at = 0;
			for (int day = 1; day <= days_of(year, month); day++, noon += 86400) {
				snprintf(text, sizeof text, "%04d-%02d-%02dT12:00:00Z", year, month,
					day);
				assert_true(clock_from_rfc3339(text, &at));
				assert_int_equal(at, noon);
				assert_string_equal(clock_rfc3339(noon, written), text);
				clock_http_date(noon, http);
				snprintf(text, sizeof text, "%02d %s %04d 12:00:00 GMT", day,
					names[month - 1], year);
				assert_string_equal(http + 5, text);
				at = 0;
				assert_true(clock_from_http_date(http, &at));
				assert_int_equal(at, noon);
			}
			snprintf(text, sizeof text, "%04d-%02d-%02dT12:00:00Z", year, month,
				days_of(year, month) + 1);
			if (clock_from_rfc3339(text, &at))
				fail_msg("read '%s'", text);
		}
}

static void every_offset_moves_the_moment(void **state)
{
	(void)state;
	for (int minutes = -23 * 60 - 59; minutes <= 23 * 60 + 59; minutes++) {
		char text[40];
		time_t at = 0;
		int size = minutes < 0 ? -minutes : minutes;
		snprintf(text, sizeof text, "2024-02-29T23:59:59%c%02d:%02d",
			minutes < 0 ? '-' : '+', size / 60, size % 60);
		if (!clock_from_rfc3339(text, &at) || at != 1709251199 - minutes * 60)
			fail_msg("%s is %lld", text, (long long)at);
	}
}

/* RFC 9110 section 5.6.7: two digits that look more than 50 years ahead are of the last century. */
static void two_digits_of_a_year_are_near(void **state)
{
	(void)state;
	time_t now = time(NULL);
	struct tm today;
	gmtime_r(&now, &today);
	for (int digits = 0; digits < 100; digits++) {
		char text[40], form[CLOCK_RFC3339_BYTES];
		time_t at = 0;
		snprintf(text, sizeof text, "Sunday, 06-Nov-%02d 08:49:37 GMT", digits);
		assert_true(clock_from_http_date(text, &at));
		clock_rfc3339(at, form);
		assert_int_equal(atoi(form) % 100, digits);
		assert_in_range(atoi(form), today.tm_year + 1900 - 49, today.tm_year + 1900 + 50);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_alone_is_itself_or_its_number),
		cmocka_unit_test(every_pair_of_bytes_is_one_line_of_utf8),
		cmocka_unit_test(every_code_point_has_one_encoding),
		cmocka_unit_test(a_record_keeps_every_control_on_its_line),
		cmocka_unit_test(levels_have_their_names),
		cmocka_unit_test(every_day_is_there_and_back),
		cmocka_unit_test(every_offset_moves_the_moment),
		cmocka_unit_test(two_digits_of_a_year_are_near),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
