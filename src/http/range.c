/* Range headers and entity tags. */
#include "http/range.h"

#include <strings.h>

/* Up to 18 digits, so that sums stay in range. False when there is none, or more. */
static bool number(const char **text, uint64_t *ret)
{
	size_t digits = strspn(*text, "0123456789");
	if (!digits || digits > 18)
		return false;
	*ret = strtoull(*text, NULL, 10);
	*text += digits;
	return true;
}

/* One of first-last, first- and -suffix. *ret_bytes is 0 when the file has nothing there. */
static bool one_range(const char **text, uint64_t size, struct http_range *ret)
{
	uint64_t first, last;
	ret->bytes = 0;
	ret->first = 0;
	if (**text == '-') {
		uint64_t suffix;
		++*text;
		if (!number(text, &suffix))
			return false;
		ret->bytes = suffix < size ? suffix : size;
		ret->first = size - ret->bytes;
		return true;
	}
	if (!number(text, &first) || **text != '-')
		return false;
	++*text;
	if (**text >= '0' && **text <= '9') {
		if (!number(text, &last) || last < first)
			return false;
	} else {
		last = UINT64_MAX;
	}
	if (first >= size)
		return true;
	ret->first = first;
	ret->bytes = (last < size ? last + 1 : size) - first;
	return true;
}

static bool overlaps(const struct http_range *ranges, size_t count, const struct http_range *with)
{
	for (size_t i = 0; i < count; i++)
		if (with->first < ranges[i].first + ranges[i].bytes &&
			ranges[i].first < with->first + with->bytes)
			return true;
	return false;
}

enum http_ranges http_ranges_parse(const char *value, uint64_t size,
	struct http_range ret[static HTTP_RANGES_MAX], size_t *ret_count)
{
	struct http_range ranges[HTTP_RANGES_MAX];
	size_t count = 0, asked = 0;
	if (strncasecmp(value, "bytes=", 6) != 0)
		return HTTP_RANGES_NONE;
	value = text_skip_space(value + 6);
	while (true) {
		struct http_range range;
		if (++asked > HTTP_RANGES_MAX || !one_range(&value, size, &range))
			return HTTP_RANGES_NONE;
		if (range.bytes) {
			if (overlaps(ranges, count, &range))
				return HTTP_RANGES_NONE;
			ranges[count++] = range;
		}
		value = text_skip_space(value);
		if (!*value)
			break;
		if (*value != ',')
			return HTTP_RANGES_NONE;
		value = text_skip_space(value + 1);
	}
	if (!count)
		return HTTP_RANGES_UNSATISFIABLE;
	memcpy(ret, ranges, count * sizeof *ranges);
	*ret_count = count;
	return HTTP_RANGES_SOME;
}

bool http_tag_listed(const char *list, const char *tag, bool weak)
{
	size_t tag_bytes = strlen(tag);
	list = text_skip_space(list);
	if (!strcmp(list, "*"))
		return true;
	while (*list) {
		bool is_weak = !strncmp(list, "W/", 2);
		if (is_weak)
			list += 2;
		if (*list != '"')
			return false;
		const char *end = strchr(list + 1, '"');
		if (!end)
			return false;
		size_t bytes = (size_t)(end + 1 - list);
		if ((weak || !is_weak) && bytes == tag_bytes && !memcmp(list, tag, bytes))
			return true;
		list = text_skip_space(end + 1);
		if (*list && *list != ',')
			return false;
		list += strspn(list, ", \t");
	}
	return false;
}
