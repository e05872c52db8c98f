/* Formatting into fresh memory, escaping what a peer sent, and numbers. */
#include "base/text.h"

#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>

char *text_format_list(const char *format, va_list arguments)
{
	char *text = NULL;
	if (vasprintf(&text, format, arguments) < 0)
		bug("out of memory for a line of text");
	return text;
}

char *text_format(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *text = text_format_list(format, arguments);
	va_end(arguments);
	return text;
}

char *text_copy(const char *text)
{
	char *copy = strdup(text);
	if (!copy)
		bug("out of memory for a text");
	return copy;
}

char *text_join(const char *const *pieces)
{
	size_t bytes = 1;
	for (const char *const *piece = pieces; *piece; piece++)
		bytes += strlen(*piece);
	char *text = malloc(bytes), *at = text;
	if (!text)
		bug("out of memory for a text");
	for (; *pieces; pieces++)
		at = stpcpy(at, *pieces);
	*at = 0;
	return text;
}

/* The length of the well-formed UTF-8 sequence at `at`, 0 if there is none (RFC 3629 section 4). */
static size_t utf8_sequence(const uint8_t *at, size_t left)
{
	static const struct {
		uint8_t first_min, first_max, second_min, second_max;
		size_t bytes;
	} forms[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	if (at[0] < 0x80)
		return at[0] ? 1 : 0;
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		if (at[0] < forms[i].first_min || at[0] > forms[i].first_max)
			continue;
		if (left < forms[i].bytes || at[1] < forms[i].second_min ||
			at[1] > forms[i].second_max)
			return 0;
		for (size_t j = 2; j < forms[i].bytes; j++)
			if ((at[j] & 0xc0) != 0x80)
				return 0;
		return forms[i].bytes;
	}
	return 0;
}

bool text_is_utf8(const void *source, size_t bytes)
{
	const uint8_t *at = source;
	while (bytes) {
		size_t sequence = utf8_sequence(at, bytes);
		if (!sequence)
			return false;
		at += sequence;
		bytes -= sequence;
	}
	return true;
}

char *text_escape(char *target, size_t target_bytes, const void *source, size_t source_bytes)
{
	const uint8_t *at = source;
	size_t used = 0;
	while (source_bytes) {
		size_t sequence = utf8_sequence(at, source_bytes);
		/* C0 and DEL; C1 is U+0080 to U+009F, which is 0xc2 0x80 to 0xc2 0x9f. */
		bool plain = sequence && at[0] >= 0x20 && at[0] != 0x7f && at[0] != '\\' &&
			     !(at[0] == 0xc2 && at[1] < 0xa0);
		size_t taken = plain ? sequence : 1;
		if (used + (plain ? taken : 4) + 1 > target_bytes)
			break;
		if (plain)
			memcpy(target + used, at, taken);
		else
			snprintf(target + used, 5, "\\x%02x", at[0]);
		used += plain ? taken : 4;
		at += taken;
		source_bytes -= taken;
	}
	if (target_bytes)
		target[used] = 0;
	return target;
}

char *text_escape_ascii(char *target, size_t target_bytes, const void *source, size_t source_bytes)
{
	const uint8_t *at = source;
	size_t used = 0;
	for (; source_bytes; at++, source_bytes--) {
		bool plain = at[0] >= 0x20 && at[0] < 0x7f && at[0] != '\\';
		if (used + (plain ? 1 : 4) + 1 > target_bytes)
			break;
		if (plain)
			target[used] = (char)at[0];
		else
			snprintf(target + used, 5, "\\x%02x", at[0]);
		used += plain ? 1 : 4;
	}
	if (target_bytes)
		target[used] = 0;
	return target;
}

const char *text_skip_space(const char *text)
{
	return text + strspn(text, " \t");
}

int text_hex_value(char digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = digit ? strchr(digits, tolower((unsigned char)digit)) : NULL;
	return at ? (int)(at - digits) : -1;
}

const char *text_decimal(uint64_t number, char target[static TEXT_DECIMAL_BYTES])
{
	char *at = target + TEXT_DECIMAL_BYTES - 1;
	*at = 0;
	do
		*--at = (char)('0' + number % 10);
	while (number /= 10);
	return at;
}

static bool stands_in_line(unsigned char byte)
{
	return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

size_t text_line_bytes(const char *bytes, size_t count)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	size_t good = 0;
	uint64_t eight;
	while (count - good >= sizeof eight) {
		/* Eight at a time: the lowest bit that is left is of the first control byte or DEL.
		 */
		memcpy(&eight, bytes + good, sizeof eight);
		eight = le64toh(eight);
		uint64_t is_del = eight ^ ones * 0x7f;
		uint64_t bad = (((eight - ones * 0x20) & ~eight) | ((is_del - ones) & ~is_del)) &
			       ones * 0x80;
		good += bad ? (size_t)__builtin_ctzll(bad) / 8 : sizeof eight;
		if (bad && bytes[good] != '\t')
			return good;
		good += bad != 0;
	}
	while (good < count && stands_in_line((unsigned char)bytes[good]))
		good++;
	return good;
}

bool text_number(const char *text, long long min, long long max, long long *ret)
{
	if (!*text || strspn(text, "-0123456789") != strlen(text))
		return false;
	char *end;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno || *end || value < min || value > max)
		return false;
	*ret = value;
	return true;
}

size_t text_distance(const char *a, const char *b)
{
	enum { LONGEST = 40 };
	size_t rows = strlen(a), columns = strlen(b), row[LONGEST + 1];
	if (rows > LONGEST || columns > LONGEST)
		return LONGEST;
	for (size_t j = 0; j <= columns; j++)
		row[j] = j;
	for (size_t i = 1; i <= rows; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= columns; j++) {
			size_t above = row[j];
			size_t best = diagonal + (a[i - 1] != b[j - 1]);
			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = above;
			row[j] = best;
		}
	}
	return row[columns];
}
