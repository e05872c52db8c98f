/* What the fuzzers of both versions of HTTP hold their requests to. */
#ifndef MTLS_FUZZ_HTTP_LIMITS_H
#define MTLS_FUZZ_HTTP_LIMITS_H

#include "http/http.h"

#include <assert.h>

static const struct http_limits limits = {
	.target_bytes_max = 200,
	.header_line_bytes_max = 200,
	.header_bytes_max = 1000,
	.headers_max = 20,
	.body_bytes_max = 300,
};

static void check_text(const char *text, size_t bytes_max)
{
	assert(strlen(text) <= bytes_max);
	for (; *text; text++)
		assert(*text == '\t' || ((unsigned char)*text >= 0x20 && *text != 0x7f));
}

#endif
