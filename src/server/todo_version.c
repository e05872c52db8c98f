/* The store's versions as entity tags, and conditional requests (RFC 9110 sections 8.8.3, 13). */
#include "server/todo.h"

#include <inttypes.h>

static char *put_hex(char *to, uint64_t number)
{
	int shift = 60 - (__builtin_clzll(number | 1) & ~3); /* of the first digit that is not 0 */
	for (; shift >= 0; shift -= 4)
		*to++ = "0123456789abcdef"[number >> shift & 15];
	return to;
}

void todo_tag(
	struct exchange *exchange, struct store_version version, char target[static TODO_TAG_BYTES])
{
	/* snprintf would be a tenth of what a GET costs. */
	char *at = target;
	*at++ = '"';
	at = put_hex(at, version.epoch);
	*at++ = '-';
	at = put_hex(at, (uint64_t)version.revision);
	*at++ = '-';
	at = put_hex(at, exchange_shown(exchange)->number);
	*at++ = '"';
	*at = 0;
}

int todo_conditions(const struct exchange *exchange, const char *tag)
{
	const struct http_request *request = exchange->facts.request;
	const char *match = http_request_header(request, "if-match");
	const char *none = http_request_header(request, "if-none-match");
	if (match && !http_tag_listed(match, tag, false))
		return 412;
	return none && http_tag_listed(none, tag, true) ? 304 : 0;
}

void todo_match(struct exchange *exchange, struct store_write *ret)
{
	const char *list = http_request_header(exchange->facts.request, "if-match");
	if (!list || !strcmp(list, "*"))
		return;
	ret->conditional = true;
	/* Tags of ours are told by making them again; what is none of them is no version. */
	for (const char *at = strchr(list, '"'); at; at = strchr(at + 1, '"')) {
		struct store_version version;
		char tag[TODO_TAG_BYTES];
		if (sscanf(at, "\"%" SCNx64 "-%" SCNx64 "-", &version.epoch,
			    (uint64_t *)&version.revision) != 2)
			continue;
		todo_tag(exchange, version, tag);
		if (http_tag_listed(list, tag, false) && ret->versions_count < STORE_VERSIONS_MAX)
			ret->versions[ret->versions_count++] = version;
	}
}
