/* Reading a response's body piece by piece, so that no file is ever held in memory. */
#include "server/routes.h"

#include <errno.h>
#include <unistd.h>

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

bool response_read(struct http_response *response, size_t bytes_max, struct buffer *ret,
	bool *ret_done, struct error *reterr)
{
	uint64_t span_start = 0;
	for (size_t i = 0; i < response->span_count && bytes_max; i++) {
		const struct http_span *span = &response->spans[i];
		uint64_t into = response->body_read - span_start;
		span_start += span->bytes;
		if (response->body_read >= span_start)
			continue;
		size_t count = bytes_max;
		if (count > span->bytes - into)
			count = (size_t)(span->bytes - into);
		bool ok = span->in_file
				  ? read_file(response->fd, span->offset + into, count, ret, reterr)
				  : buffer_append(ret, response->bytes.data + span->offset + into,
					    count, reterr);
		if (!ok)
			return false;
		response->body_read += count;
		bytes_max -= count;
	}
	*ret_done = response->body_read == response->body_bytes;
	return true;
}
