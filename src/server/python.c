/* Text as Python's repr() shows it: the lab's log lines are Python's, quotes and escapes too. */
#include "server/routes.h"

#include <stdio.h>

/*
 * What str.isprintable denies: controls, formats, surrogates, private use, separators. Code points
 * that are not assigned are shown as they are: which ones those are changes with every Unicode.
 */
static const uint32_t unprintable[][2] = { { 0x80, 0xa0 }, { 0xad, 0xad }, { 0x600, 0x605 },
	{ 0x61c, 0x61c }, { 0x6dd, 0x6dd }, { 0x70f, 0x70f }, { 0x890, 0x891 }, { 0x8e2, 0x8e2 },
	{ 0x1680, 0x1680 }, { 0x180e, 0x180e }, { 0x2000, 0x200f }, { 0x2028, 0x202f },
	{ 0x205f, 0x2064 }, { 0x2066, 0x206f }, { 0x3000, 0x3000 }, { 0xd800, 0xf8ff },
	{ 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0x110bd, 0x110bd }, { 0x110cd, 0x110cd },
	{ 0x13430, 0x1343f }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0001, 0xe0001 },
	{ 0xe0020, 0xe007f }, { 0xf0000, 0xffffd }, { 0x100000, 0x10fffd } };

static bool is_printable(uint32_t point)
{
	if (point < 0x80)
		return point >= 0x20 && point != 0x7f;
	for (size_t i = 0; i < sizeof unprintable / sizeof *unprintable; i++)
		if (point >= unprintable[i][0] && point <= unprintable[i][1])
			return false;
	return true;
}

/* Reads one code point of UTF-8 that is known to be well-formed; returns its length. */
static size_t code_point(const char *text, uint32_t *ret)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t bytes = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	uint32_t point = bytes == 1 ? at[0] : at[0] & (0x7fU >> bytes);
	for (size_t i = 1; i < bytes; i++)
		point = point << 6 | (at[i] & 0x3fU);
	*ret = point;
	return bytes;
}

static char *escape(char *to, uint32_t point, char quote)
{
	static const char named[][2] = { { '\t', 't' }, { '\n', 'n' }, { '\r', 'r' },
		{ '\\', '\\' } };
	for (size_t i = 0; i < sizeof named / sizeof *named; i++)
		if (point == (unsigned char)named[i][0])
			return to + sprintf(to, "\\%c", named[i][1]);
	if (point == (unsigned char)quote)
		return to + sprintf(to, "\\%c", quote);
	const char *format = point < 0x100 ? "\\x%02x" : point < 0x10000 ? "\\u%04x" : "\\U%08x";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	return to + sprintf(to, format, point);
#pragma GCC diagnostic pop
}

char *python_repr(const char *text)
{
	if (!text)
		return text_copy("None");
	OWN(char) char *clean = NULL;
	if (!text_is_utf8(text, strlen(text))) {
		clean = calloc(4, strlen(text) + 1);
		if (!clean)
			bug("out of memory for a text");
		text = text_escape(clean, 4 * strlen(text) + 1, text, strlen(text));
	}
	/* The longest growth is from two bytes, U+00AD, or one, U+0001, to four. */
	char *repr = calloc(4, strlen(text) + 1);
	if (!repr)
		bug("out of memory for a text");
	char quote = strchr(text, '\'') && !strchr(text, '"') ? '"' : '\'';
	char *to = repr;
	*to++ = quote;
	while (*text) {
		uint32_t point;
		size_t bytes = code_point(text, &point);
		if (is_printable(point) && point != (unsigned char)quote && point != '\\') {
			memcpy(to, text, bytes);
			to += bytes;
		} else {
			to = escape(to, point, quote);
		}
		text += bytes;
	}
	*to = quote;
	return repr;
}
