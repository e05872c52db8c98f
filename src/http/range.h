/* Byte ranges (RFC 9110 section 14) and entity tags in conditional requests (section 13). */
#ifndef MTLS_HTTP_RANGE_H
#define MTLS_HTTP_RANGE_H

#include "base/base.h"

#include <stdint.h>

/* More ranges than this in one request are answered with the whole file. */
#define HTTP_RANGES_MAX 16

struct http_range {
	uint64_t first, bytes;
};

enum http_ranges {
	HTTP_RANGES_NONE,          /* ignore the header: another unit, malformed, or too many */
	HTTP_RANGES_SOME,          /* 206 */
	HTTP_RANGES_UNSATISFIABLE, /* 416 */
};

/*
 * What `value` of a Range header asks of a file of `size` bytes. Ranges that overlap, or that ask
 * for more than the whole file has, are HTTP_RANGES_NONE too (RFC 9110 section 14.2).
 */
enum http_ranges http_ranges_parse(const char *value, uint64_t size,
	struct http_range ret[static HTTP_RANGES_MAX], size_t *ret_count);

/*
 * Whether a list of entity tags ("a", W/"b" or *) holds `tag`, which is strong and quoted. `weak`
 * compares as If-None-Match does, else as If-Match does (RFC 9110 section 8.8.3.2).
 */
bool http_tag_listed(const char *list, const char *tag, bool weak);

#endif
