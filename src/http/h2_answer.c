/* An answer becomes fields of HTTP/2, and a body that the library fetches piece by piece. */
#include "http/h2_parts.h"

#include <assert.h>
#include <nghttp2/nghttp2.h>

static nghttp2_nv pair(const char *name, size_t name_bytes, const char *value, size_t value_bytes)
{
	return (nghttp2_nv){ (uint8_t *)name, (uint8_t *)value, name_bytes, value_bytes,
		NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE };
}

static nghttp2_nv number_pair(
	const char *name, size_t name_bytes, uint64_t number, char text[static TEXT_DECIMAL_BYTES])
{
	const char *digits = text_decimal(number, text);
	return pair(name, name_bytes, digits, (size_t)(text + TEXT_DECIMAL_BYTES - 1 - digits));
}

/* Returns how many fields there are. */
static size_t list_fields(struct stream *stream, time_t now, nghttp2_nv *ret)
{
	const struct http_response *response = stream->response;
	nghttp2_nv *to = ret;
	*to++ = number_pair(":status", 7, (uint64_t)response->status, stream->status);
	clock_http_date(now, stream->date);
	*to++ = pair("date", 4, stream->date, strlen(stream->date));
	const struct http_field *end = response->fields + response->field_count;
	for (const struct http_field *field = response->fields; field < end; field++)
		*to++ = pair(
			field->name.lower, field->name.bytes, field->value, field->value_bytes);
	if (http_response_has_length(response))
		*to++ = number_pair("content-length", 14, response->body_bytes, stream->length);
	return (size_t)(to - ret);
}

/* Says how much the next DATA frame holds; on_send_data fetches it. */
static ssize_t on_read(nghttp2_session *session, int32_t id, uint8_t *room, size_t count,
	uint32_t *flags, nghttp2_data_source *source, void *user)
{
	(void)session, (void)id, (void)room, (void)user;
	const struct stream *stream = source->ptr;
	uint64_t left = stream->response->body_bytes - stream->response->body_read;
	*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (left <= count)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)(left < count ? left : count);
}

void h2_answer(struct h2 *h2, struct h2_stream *public, struct http_response *response, time_t now)
{
	struct stream *stream = (struct stream *)public;
	ERROR_UNFILLED nghttp2_nv fields[HTTP_RESPONSE_FIELDS_MAX + 3];
	if (!stream->id) {
		http_response_free(response);
		return;
	}
	assert(!stream->answered);
	stream->answered = true;
	stream->response = response;
	h2->answering++;
	h2->answer_bytes += response->bytes.length;
	h2->output_ms = h2->now_ms;
	size_t count = list_fields(stream, now, fields);
	nghttp2_data_provider body = { .source.ptr = stream, .read_callback = on_read };
	bool sends =
		response->body_bytes && http_response_sends_body(response, stream->public.request);
	if (nghttp2_submit_response(h2->session, stream->id, fields, count, sends ? &body : NULL))
		nghttp2_submit_rst_stream(
			h2->session, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_INTERNAL_ERROR);
}
