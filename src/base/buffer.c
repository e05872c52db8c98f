/* Capped growing buffers. */
#include "base/buffer.h"

#include "base/memory.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>

void buffer_init(struct buffer *buffer, size_t bytes_max)
{
	*buffer = (struct buffer)BUFFER(bytes_max);
}

static void discard(struct buffer *buffer, char *data, size_t bytes)
{
	if (data && buffer->secret)
		explicit_bzero(data, bytes);
	memory_give(data);
}

void buffer_done(struct buffer *buffer)
{
	discard(buffer, buffer->data, buffer->capacity);
	buffer->data = NULL;
	buffer->length = buffer->capacity = 0;
}

/*
 * A large piece of the C library's begins 16 bytes into a page. Copies there from the start of a
 * page, as pread does, take eight times as long on processors that take each load for one of the
 * bytes just stored (seen on AMD's that have FSRM).
 */
#define LARGE_BYTES ((size_t)4096)
#define LINE_BYTES ((size_t)64)

static char *allocate(size_t bytes)
{
	void *memory = NULL;
	if (bytes < LARGE_BYTES)
		return memory_take(bytes);
	return posix_memalign(&memory, LINE_BYTES, bytes) ? NULL : memory;
}

bool buffer_reserve(struct buffer *buffer, size_t bytes, char **ret_room, struct error *reterr)
{
	/* Half of what can be addressed, so that no sum and no doubling below overflows. */
	size_t max = buffer->bytes_max < SIZE_MAX / 2 ? buffer->bytes_max : SIZE_MAX / 2 - 1;
	if (bytes > max || buffer->length > max - bytes)
		return error_set(reterr, ERROR_LIMIT, "more than %zu bytes", max);
	size_t wanted = buffer->length + bytes + 1;
	if (wanted > buffer->capacity) {
		size_t capacity = buffer->capacity ? buffer->capacity : 64;
		while (capacity < wanted)
			capacity *= 2;
		if (capacity > max + 1)
			capacity = max + 1;
		/* No realloc: it could leave a copy of a secret behind. */
		char *data = allocate(capacity);
		if (!data)
			return error_set(reterr, ERROR_IO, "out of memory for %zu bytes", capacity);
		if (buffer->length)
			memcpy(data, buffer->data, buffer->length);
		discard(buffer, buffer->data, buffer->capacity);
		buffer->data = data;
		buffer->capacity = capacity;
		data[buffer->length] = 0;
	}
	*ret_room = buffer->data + buffer->length;
	return true;
}

bool buffer_append_grow(struct buffer *buffer, const void *data, size_t bytes, struct error *reterr)
{
	char *room;
	if (!buffer_reserve(buffer, bytes, &room, reterr))
		return false;
	if (bytes)
		memcpy(room, data, bytes);
	buffer->length += bytes;
	buffer->data[buffer->length] = 0;
	return true;
}

bool buffer_format_list(
	struct buffer *buffer, struct error *reterr, const char *format, va_list arguments)
{
	/* Mostly there is room already; the first attempt says how much it takes where there is
	 * not. */
	size_t left = buffer->capacity - buffer->length;
	char *room = left ? buffer->data + buffer->length : NULL;
	va_list again;
	va_copy(again, arguments);
	int bytes = vsnprintf(room, left, format, arguments);
	bool fits = bytes >= 0 && buffer_reserve(buffer, (size_t)bytes, &room, reterr);
	if (fits && (size_t)bytes >= left)
		vsnprintf(room, (size_t)bytes + 1, format, again);
	va_end(again);
	if (fits)
		buffer->length += (size_t)bytes;
	else if (left)
		buffer->data[buffer->length] = 0;
	return fits;
}

bool buffer_format(struct buffer *buffer, struct error *reterr, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	bool fits = buffer_format_list(buffer, reterr, format, arguments);
	va_end(arguments);
	return fits;
}

void buffer_consume(struct buffer *buffer, size_t bytes)
{
	assert(bytes <= buffer->length);
	buffer->length -= bytes;
	if (buffer->data) {
		memmove(buffer->data, buffer->data + bytes, buffer->length);
		buffer->data[buffer->length] = 0;
	}
}
