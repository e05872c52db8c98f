/* A growing run of bytes with a cap: whatever a peer or a file sizes goes through one. */
#ifndef MTLS_BASE_BUFFER_H
#define MTLS_BASE_BUFFER_H

#include "base/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct buffer {
	char *data;       /* NUL-terminated beyond `length` whenever it is not NULL */
	size_t length;    /* bytes in use */
	size_t capacity;  /* bytes allocated */
	size_t bytes_max; /* more than this is ERROR_LIMIT */
	bool secret;      /* wiped when it grows and when it is done */
};

#define BUFFER(max) \
	{ \
		.bytes_max = (max) \
	}

void buffer_init(struct buffer *buffer, size_t bytes_max);
/* Frees the bytes, wiped first if the buffer is secret; the buffer can be used again. */
void buffer_done(struct buffer *buffer);
/* OWN(buffer) struct buffer name = BUFFER(max); */
static inline void own_buffer(struct buffer *buffer)
{
	buffer_done(buffer);
}

/* Appends where there is not room enough yet, or too much is asked for. */
must_check bool buffer_append_grow(
	struct buffer *buffer, const void *data, size_t bytes, struct error *reterr);
/* Inline, as lines and headers are put together from many small pieces. */
must_check static inline bool buffer_append(
	struct buffer *buffer, const void *data, size_t bytes, struct error *reterr)
{
	if (bytes >= buffer->capacity - buffer->length ||
		buffer->length + bytes > buffer->bytes_max)
		return buffer_append_grow(buffer, data, bytes, reterr);
	if (bytes)
		memcpy(buffer->data + buffer->length, data, bytes);
	buffer->length += bytes;
	buffer->data[buffer->length] = 0;
	return true;
}
must_check static inline bool buffer_text(
	struct buffer *buffer, const char *text, struct error *reterr)
{
	return buffer_append(buffer, text, strlen(text), reterr);
}
must_check bool buffer_format(struct buffer *buffer, struct error *reterr, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
must_check bool buffer_format_list(struct buffer *buffer, struct error *reterr, const char *format,
	va_list arguments) __attribute__((format(printf, 3, 0)));
/* Room for `bytes` more; *ret_room points at it. Add to `length` what was then used. */
must_check bool buffer_reserve(
	struct buffer *buffer, size_t bytes, char **ret_room, struct error *reterr);
/* Drops `bytes` from the front. */
void buffer_consume(struct buffer *buffer, size_t bytes);

#endif
