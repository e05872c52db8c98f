/* Reading a response's body piece by piece, so that no large file is ever held in memory. */
#include "server/routes.h"

#include <errno.h>
#include <unistd.h>

/* What is shorter is copied behind what it goes with: one record of TLS, not two. */
#define LENT_BYTES_MIN TLS_RECORD_BYTES

static bool read_file(
	int fd, uint64_t offset, size_t count, struct buffer *ret, struct error *reterr)
{
	char *room;
	if (!buffer_reserve(ret, count, &room, reterr))
		return false;
	while (count) {
		ssize_t got = pread(fd, room, count, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(
				reterr, ERROR_IO, "cannot read a file that is being served");
		if (!got)
			return error_set(reterr, ERROR_IO,
				"a file became shorter while it was being served");
		room += got;
		offset += (uint64_t)got;
		count -= (size_t)got;
		ret->length += (size_t)got;
		*room = 0; /* a buffer's bytes end with NUL */
	}
	return true;
}

/* What is next of the body: a part of one span, and up to how many bytes of it. */
struct next {
	const struct http_span *span;
	uint64_t offset; /* in the file, or in the response's bytes */
	size_t count;    /* 0: there is no more */
};

static struct next next_of(const struct http_response *response, size_t bytes_max)
{
	uint64_t end = 0;
	for (size_t i = 0; i < response->span_count; i++) {
		const struct http_span *span = &response->spans[i];
		uint64_t start = end;
		end += span->bytes;
		if (response->body_read >= end)
			continue;
		uint64_t left = end - response->body_read;
		return (struct next){ span, span->offset + (response->body_read - start),
			left < bytes_max ? (size_t)left : bytes_max };
	}
	return (struct next){ 0 };
}

/* NULL when it has to be read. */
static const char *at_hand(const struct http_response *response, const struct next *next)
{
	const char *bytes = next->span->in_file ? response->file_bytes : response->bytes.data;
	return bytes ? bytes + next->offset : NULL;
}

bool response_read(struct http_response *response, size_t bytes_max, struct buffer *ret,
	bool *ret_done, struct error *reterr)
{
	struct next next;
	while (bytes_max && (next = next_of(response, bytes_max)).count) {
		const char *bytes = at_hand(response, &next);
		if (bytes ? !buffer_append(ret, bytes, next.count, reterr)
			  : !read_file(response->fd, next.offset, next.count, ret, reterr))
			return false;
		response->body_read += next.count;
		bytes_max -= next.count;
	}
	*ret_done = response->body_read == response->body_bytes;
	return true;
}

size_t response_lend(
	struct http_response *response, size_t bytes_max, const char **ret, bool *ret_done)
{
	const struct next next = next_of(response, bytes_max);
	const char *bytes = next.count >= LENT_BYTES_MIN ? at_hand(response, &next) : NULL;
	if (!bytes)
		return 0;
	response->body_read += next.count;
	*ret = bytes;
	*ret_done = response->body_read == response->body_bytes;
	return next.count;
}
