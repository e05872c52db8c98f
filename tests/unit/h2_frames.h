/*
 * HTTP/2 frames made by hand, and a transcript of the frames that came back: for the tests and the
 * fuzz target of src/http/h2.h. Fields are sent as literals; answers' fields are unpacked by the
 * library's decoder.
 */
#ifndef MTLS_TESTS_H2_FRAMES_H
#define MTLS_TESTS_H2_FRAMES_H

#include "http/http.h"

#include <assert.h>
#include <nghttp2/nghttp2.h>

#define H2_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define END_STREAM NGHTTP2_FLAG_END_STREAM
#define END_HEADERS NGHTTP2_FLAG_END_HEADERS

static inline void put(struct buffer *ret, const void *bytes, size_t count)
{
	struct error error;
	if (!buffer_append(ret, bytes, count, &error))
		bug("%s", error.text);
}

static inline void put_frame(
	struct buffer *ret, int type, int flags, int32_t stream, const void *payload, size_t bytes)
{
	const unsigned char head[] = { (unsigned char)(bytes >> 16), (unsigned char)(bytes >> 8),
		(unsigned char)bytes, (unsigned char)type, (unsigned char)flags,
		(unsigned char)(stream >> 24), (unsigned char)(stream >> 16),
		(unsigned char)(stream >> 8), (unsigned char)stream };
	put(ret, head, sizeof head);
	put(ret, payload, bytes);
}

/* RFC 7541 section 5.1 with a prefix of 7 bits. */
static inline void put_string(struct buffer *ret, const char *text)
{
	size_t bytes = strlen(text), left = bytes;
	unsigned char byte = (unsigned char)(bytes < 127 ? bytes : 127);
	put(ret, &byte, 1);
	if (bytes >= 127) {
		for (left -= 127; left >= 128; left /= 128) {
			byte = (unsigned char)(left % 128 | 128);
			put(ret, &byte, 1);
		}
		byte = (unsigned char)left;
		put(ret, &byte, 1);
	}
	put(ret, text, bytes);
}

static inline void put_field(struct buffer *ret, const char *name, const char *value)
{
	put(ret, "", 1); /* a literal that is not indexed, with a new name */
	put_string(ret, name);
	put_string(ret, value);
}

/* ":method\0GET\0..." is written as an array of names and values that ends in NULL. */
static inline void put_headers(
	struct buffer *ret, int32_t stream, int flags, const char *const *fields)
{
	struct buffer block = BUFFER(1 << 20);
	for (; fields[0]; fields += 2)
		put_field(&block, fields[0], fields[1]);
	put_frame(ret, NGHTTP2_HEADERS, flags, stream, block.data, block.length);
	buffer_done(&block);
}

/* The preface and a SETTINGS frame without settings. */
static inline void put_start(struct buffer *ret)
{
	put(ret, H2_PREFACE, strlen(H2_PREFACE));
	put_frame(ret, NGHTTP2_SETTINGS, 0, 0, "", 0);
}

static inline void put_get(struct buffer *ret, int32_t stream, const char *path)
{
	put_headers(ret, stream, END_HEADERS | END_STREAM,
		(const char *const[]){ ":method", "GET", ":scheme", "https", ":authority",
			"localhost", ":path", path, NULL });
}

/* "headers 1 [:status=200] end; data 1 5 end; goaway 1 11; " of our frames; SETTINGS are left out.
 */
static inline void transcribe(
	struct buffer *ret, nghttp2_hd_inflater *inflater, const char *bytes, size_t count)
{
	static const char *const names[] = { "data", "headers", "priority", "rst", "settings",
		"push", "ping", "goaway", "window" };
	const unsigned char *at = (const unsigned char *)bytes, *stop = at + count;
	struct error error;
	bool ok = true;
	while (at < stop) {
		assert(stop - at >= 9);
		size_t length = (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2];
		unsigned type = at[3], flags = at[4];
		unsigned id = (unsigned)at[5] << 24 | (unsigned)at[6] << 16 | (unsigned)at[7] << 8 |
			      at[8];
		at += 9;
		assert((size_t)(stop - at) >= length && type < 9);
		if (type == NGHTTP2_SETTINGS) {
			at += length;
			continue;
		}
		ok &= buffer_format(ret, &error, "%s %u", names[type], id);
		for (size_t used = 0; type == NGHTTP2_HEADERS && used < length;) {
			nghttp2_nv field;
			int inflated = 0;
			ssize_t now = nghttp2_hd_inflate_hd2(
				inflater, &field, &inflated, at + used, length - used, 1);
			assert(now >= 0);
			used += (size_t)now;
			bool is_date = inflated & NGHTTP2_HD_INFLATE_EMIT &&
				       !strcmp((const char *)field.name, "date");
			if (inflated & NGHTTP2_HD_INFLATE_EMIT && !is_date)
				ok &= buffer_format(
					ret, &error, " [%s=%s]", field.name, field.value);
			if (inflated & NGHTTP2_HD_INFLATE_FINAL)
				nghttp2_hd_inflate_end_headers(inflater);
		}
		if (type == NGHTTP2_DATA)
			ok &= buffer_format(ret, &error, " %zu", length);
		if (type == NGHTTP2_RST_STREAM)
			ok &= buffer_format(ret, &error, " %u", at[3]);
		if (type == NGHTTP2_GOAWAY)
			ok &= buffer_format(ret, &error, " last=%u code=%u",
				(unsigned)at[0] << 24 | (unsigned)at[1] << 16 |
					(unsigned)at[2] << 8 | at[3],
				at[7]);
		if ((type == NGHTTP2_DATA || type == NGHTTP2_HEADERS) && flags & END_STREAM)
			ok &= buffer_text(ret, " end", &error);
		ok &= buffer_text(ret, "; ", &error);
		at += length;
	}
	assert(ok);
}

/* Reads a body of memory, as the server's reader does. */
static inline bool read_memory(struct http_response *response, size_t bytes_max, struct buffer *ret,
	bool *ret_done, struct error *reterr)
{
	uint64_t left = response->body_bytes - response->body_read;
	size_t count = left < bytes_max ? (size_t)left : bytes_max;
	if (!buffer_append(ret, response->bytes.data + response->body_read, count, reterr))
		return false;
	response->body_read += count;
	*ret_done = response->body_read == response->body_bytes;
	return true;
}

#endif
