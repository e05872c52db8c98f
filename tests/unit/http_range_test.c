/* Range headers and entity tags, as tables. */
#include "unit.h"

#include "http/http.h"

#include <stdio.h>

static const struct {
	const char *value;
	uint64_t size;
	const char *ranges; /* "first+bytes ...", "none" or "unsatisfiable" */
} ranges[] = {
	{ "bytes=0-0", 10, "0+1 " },
	{ "bytes=0-9", 10, "0+10 " },
	{ "bytes=0-", 10, "0+10 " },
	{ "bytes=5-", 10, "5+5 " },
	{ "bytes=2-100", 10, "2+8 " },
	{ "bytes=-3", 10, "7+3 " },
	{ "bytes=-100", 10, "0+10 " },
	{ "BYTES=1-2", 10, "1+2 " },
	{ "bytes= 1-2 , 4-5 ", 10, "1+2 4+2 " },
	{ "bytes=0-0,-1", 10, "0+1 9+1 " },
	{ "bytes=4-5,1-2", 10, "4+2 1+2 " },
	{ "bytes=1-2,20-30", 10, "1+2 " },
	{ "bytes=999999999999999999-", 10, "unsatisfiable" },
	{ "bytes=0-999999999999999999", 10, "0+10 " },
	{ "bytes=4294967296-4294967297", 8589934592, "4294967296+2 " },
	{ "bytes=10-", 10, "unsatisfiable" },
	{ "bytes=10-20,30-", 10, "unsatisfiable" },
	{ "bytes=-0", 10, "unsatisfiable" },
	{ "bytes=0-", 0, "unsatisfiable" },
	{ "bytes=-5", 0, "unsatisfiable" },
	{ "", 10, "none" },
	{ "bytes", 10, "none" },
	{ "bytes=", 10, "none" },
	{ "bytes=-", 10, "none" },
	{ "bytes=,1-2", 10, "none" },
	{ "bytes=1-2,", 10, "none" },
	{ "bytes=2-1", 10, "none" },
	{ "bytes=a-b", 10, "none" },
	{ "bytes=1-2x", 10, "none" },
	{ "bytes=1--2", 10, "none" },
	{ "bytes=+1-2", 10, "none" },
	{ "bytes=1", 10, "none" },
	{ "items=0-1", 10, "none" },
	{ "bytes=1000000000000000000-", 10, "none" },
	{ "bytes=0-5,5-9", 10, "none" },
	{ "bytes=0-,0-,0-", 10, "none" },
	{ "bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20,22-22,24-24,26-26,28-28,"
	  "30-30",
		40, "0+1 2+1 4+1 6+1 8+1 10+1 12+1 14+1 16+1 18+1 20+1 22+1 24+1 26+1 28+1 30+1 " },
	{ "bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20,22-22,24-24,26-26,28-28,"
	  "30-30,32-32",
		40, "none" },
};

static void reads_ranges(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
		struct http_range found[HTTP_RANGES_MAX];
		size_t count = 0;
		char text[512] = "";
		switch (http_ranges_parse(ranges[i].value, ranges[i].size, found, &count)) {
		case HTTP_RANGES_NONE:
			strcpy(text, "none");
			break;
		case HTTP_RANGES_UNSATISFIABLE:
			strcpy(text, "unsatisfiable");
			break;
		case HTTP_RANGES_SOME:
			for (size_t j = 0; j < count; j++)
				sprintf(text + strlen(text), "%ju+%ju ", (uintmax_t)found[j].first,
					(uintmax_t)found[j].bytes);
		}
		if (strcmp(text, ranges[i].ranges) != 0)
			fail_msg("'%s' of %ju: expected %s, seen %s", ranges[i].value,
				(uintmax_t)ranges[i].size, ranges[i].ranges, text);
	}
}

static const struct {
	const char *list;
	bool strong, weak; /* whether "a" is in it, compared so */
} tags[] = {
	{ "\"a\"", true, true },
	{ "*", true, true },
	{ "W/\"a\"", false, true },
	{ "\"b\", \"a\"", true, true },
	{ "\"b\",\"a\"", true, true },
	{ "\"b, \", W/\"a\"", false, true },
	{ "\"b\"", false, false },
	{ "\"A\"", false, false },
	{ "\"aa\"", false, false },
	{ "", false, false },
	{ "a", false, false },
	{ "\"a", false, false },
	{ "\"b\" \"a\"", false, false },
	{ "w/\"a\"", false, false },
	{ "*, \"a\"", false, false },
};

static void finds_entity_tags(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
		if (http_tag_listed(tags[i].list, "\"a\"", false) != tags[i].strong ||
			http_tag_listed(tags[i].list, "\"a\"", true) != tags[i].weak)
			fail_msg("'%s'", tags[i].list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_ranges),
		cmocka_unit_test(finds_entity_tags),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
