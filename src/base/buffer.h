/* A growing run of bytes with a cap: whatever a peer or a file sizes goes through one. */
#ifndef MTLS_BASE_BUFFER_H
#define MTLS_BASE_BUFFER_H

#include "base/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

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

must_check bool buffer_append(
	struct buffer *buffer, const void *data, size_t bytes, struct error *reterr);
must_check bool buffer_text(struct buffer *buffer, const char *text, struct error *reterr);
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
