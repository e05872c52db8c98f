/* nghttp2 frames, compresses and keeps the windows; here are requests, limits and the end. */
#include "http/h2_parts.h"

#include <nghttp2/nghttp2.h>
#include <pthread.h>
#include <stdio.h>

/* Fields of one request, those beyond every limit included: each costs us a look. */
#define FIELDS_MAX 2000
/* Pieces that a header block may come in: with frames of 16 KiB one is enough for our limits. */
#define CONTINUATIONS_MAX 6
/* What may still come of a body that was refused and answered, before we say stop. */
#define SWALLOWED_BYTES_MAX ((size_t)64 << 10)
/* Settings of one frame; there are eight that anybody knows. */
#define SETTINGS_MAX 16

static const uint8_t drain_ping[8] = "goodbye";

/* The peer need not send the rest of what was answered (RFC 9113 section 8.1). */
void stream_reset(struct stream *stream)
{
	if (nghttp2_submit_rst_stream(
		    stream->h2->session, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_NO_ERROR))
		bug("out of memory for HTTP/2");
}

/* ---- What the peer sends ---- */

/* The first failure counts. */
static void fail(struct h2 *h2, uint32_t code, const char *why)
{
	if (h2->failed)
		return;
	h2->failed = true;
	h2->failure = code;
	h2->why = why;
}

/* The peer asks for too much: every callback that returns this ends the connection. */
static int calm(struct h2 *h2)
{
	fail(h2, NGHTTP2_ENHANCE_YOUR_CALM, "the client asks for too much on one connection");
	return NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct h2 *h2 = user;
	if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	h2->continuations = 0;
	/* Our GOAWAY says that it was not looked at, so that it may be asked elsewhere (6.8). */
	if (h2->ended)
		return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
			       NGHTTP2_REFUSED_STREAM)
			       ? NGHTTP2_ERR_CALLBACK_FAILURE
			       : 0;
	h2->last_id = frame->hd.stream_id;
	struct stream *stream = stream_new(h2, frame->hd.stream_id);
	if (!stream)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	nghttp2_session_set_stream_user_data(session, stream->id, stream);
	return 0;
}

static struct stream *find(nghttp2_session *session, int32_t id)
{
	return nghttp2_session_get_stream_user_data(session, id);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
	size_t name_bytes, const uint8_t *value, size_t value_bytes, uint8_t flags, void *user)
{
	(void)flags;
	struct h2 *h2 = user;
	struct stream *stream = find(session, frame->hd.stream_id);
	if (!stream)
		return 0;
	h2_request_field(&stream->request, &h2->limits, (const char *)name, name_bytes,
		(const char *)value, value_bytes);
	if (stream->request.fields > FIELDS_MAX)
		return calm(h2);
	return 0;
}

/* By itself the library would drop the field, and keep the request. */
static int on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame,
	const uint8_t *name, size_t name_bytes, const uint8_t *value, size_t value_bytes,
	uint8_t flags, void *user)
{
	(void)name, (void)name_bytes, (void)value, (void)value_bytes, (void)flags, (void)user;
	struct stream *stream = find(session, frame->hd.stream_id);
	if (stream && !stream->request.refusal.status)
		stream->request.refusal = (struct h1_refusal){ 400,
			"a header field holds a byte that it may not hold" };
	return 0;
}

/* Fields are complete: of the head, or trailers. */
static void got_fields(struct h2 *h2, struct stream *stream, bool ended)
{
	if (!stream->head_done) {
		stream->head_done = true;
		stream->since_ms = h2->now_ms;
		h2_request_head(&stream->request, &h2->limits, ended);
	}
	stream_settle(stream, ended);
	if (stream->public.status || !stream->request.request.expects_continue ||
		stream->request_done)
		return;
	const nghttp2_nv go_on = { (uint8_t *)":status", (uint8_t *)"100", 7, 3, 0 };
	stream->request.request.expects_continue = false;
	if (nghttp2_submit_headers(
		    h2->session, NGHTTP2_FLAG_NONE, stream->id, NULL, &go_on, 1, NULL))
		nghttp2_submit_rst_stream(
			h2->session, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_INTERNAL_ERROR);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct h2 *h2 = user;
	bool ended = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
	struct stream *stream = NULL;
	int cost = H2_COST_FRAME;
	switch (frame->hd.type) {
	case NGHTTP2_HEADERS:
		cost = 0;
		stream = find(session, frame->hd.stream_id);
		if (stream)
			got_fields(h2, stream, ended);
		break;
	case NGHTTP2_DATA:
		cost = ended || frame->hd.length ? 0 : H2_COST_FRAME;
		stream = ended ? find(session, frame->hd.stream_id) : NULL;
		if (stream)
			stream_settle(stream, true);
		break;
	case NGHTTP2_RST_STREAM:
		cost = H2_COST_RESET;
		break;
	case NGHTTP2_PRIORITY: /* has paid when it began */
		cost = 0;
		break;
	case NGHTTP2_PING:
		if ((frame->hd.flags & NGHTTP2_FLAG_ACK) && h2->draining &&
			!memcmp(frame->ping.opaque_data, drain_ping, sizeof drain_ping))
			h2_end(h2);
		break;
	default:
		break;
	}
	return h2_budget_take(&h2->budget, cost) ? 0 : calm(h2);
}

/* PRIORITY, and pieces of a header block, reach no other callback. */
static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *head, void *user)
{
	(void)session;
	struct h2 *h2 = user;
	if (head->type == NGHTTP2_CONTINUATION && ++h2->continuations > CONTINUATIONS_MAX)
		return calm(h2);
	if (head->type != NGHTTP2_CONTINUATION && head->type != NGHTTP2_PRIORITY)
		return 0;
	return h2_budget_take(&h2->budget, H2_COST_FRAME) ? 0 : calm(h2);
}

/* Each frame of a type that nobody knows pays, and is dropped (RFC 9113 section 5.5). */
static int on_unknown(
	nghttp2_session *session, void **payload, const nghttp2_frame_hd *head, void *user)
{
	(void)session, (void)payload, (void)head;
	struct h2 *h2 = user;
	return h2_budget_take(&h2->budget, H2_COST_FRAME) ? NGHTTP2_ERR_CANCEL : calm(h2);
}

static int on_invalid_frame(
	nghttp2_session *session, const nghttp2_frame *frame, int code, void *user)
{
	(void)session, (void)frame, (void)code;
	struct h2 *h2 = user;
	return h2_budget_take(&h2->budget, H2_COST_FRAME) ? 0 : calm(h2);
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
	size_t count, void *user)
{
	(void)flags;
	struct h2 *h2 = user;
	struct stream *stream = find(session, id);
	h2_budget_pay_bytes(&h2->budget, count);
	if (!stream)
		return 0;
	if (stream->sent) {
		/* A reset at once would confuse clients that are in the middle of sending. */
		stream->swallowed += count;
		if (stream->swallowed > SWALLOWED_BYTES_MAX)
			stream_reset(stream);
		return 0;
	}
	h2_request_data(&stream->request, (const char *)bytes, count);
	stream_settle(stream, false);
	return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
	(void)code, (void)user;
	struct stream *stream = find(session, id);
	if (stream) {
		nghttp2_session_set_stream_user_data(session, id, NULL);
		stream_closed(stream);
	}
	return 0;
}

/* ---- What we send ---- */

static ssize_t on_send(
	nghttp2_session *session, const uint8_t *bytes, size_t count, int flags, void *user)
{
	(void)session, (void)flags;
	struct h2 *h2 = user;
	ERROR_UNFILLED struct error error;
	if (h2->output->length >= h2->output_max)
		return NGHTTP2_ERR_WOULDBLOCK;
	if (!buffer_append(h2->output, bytes, count, &error))
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	return (ssize_t)count;
}

static int on_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head,
	size_t count, nghttp2_data_source *source, void *user)
{
	(void)session, (void)frame;
	struct h2 *h2 = user;
	struct stream *stream = source->ptr;
	ERROR_UNFILLED struct error error;
	bool done;
	if (h2->output->length >= h2->output_max)
		return NGHTTP2_ERR_WOULDBLOCK;
	size_t before = h2->output->length;
	if (!buffer_append(h2->output, head, 9, &error))
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	if (!h2->read_body(stream->response, count, h2->output, &done, &error)) {
		h2->output->length = before; /* the promised length cannot be kept: a reset */
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	}
	h2->output_ms = h2->now_ms;
	h2_budget_pay_bytes(&h2->budget, count);
	return 0;
}

/* What the library ends by itself it tells nobody but the peer, in this frame. */
static void got_own_goaway(struct h2 *h2, const nghttp2_goaway *goaway)
{
	size_t bytes = goaway->opaque_data_len;
	const char *text = (const char *)goaway->opaque_data;
	if (!bytes) {
		text = nghttp2_http2_strerror(goaway->error_code);
		bytes = strlen(text);
	}
	snprintf(h2->reason, sizeof h2->reason, "the client broke the protocol (%.*s)", (int)bytes,
		text);
	fail(h2, goaway->error_code, h2->reason);
	h2->said = true;
}

static int on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct h2 *h2 = user;
	if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) {
		got_own_goaway(h2, &frame->goaway);
		return 0;
	}
	bool last = frame->hd.flags & NGHTTP2_FLAG_END_STREAM &&
		    (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS);
	struct stream *stream = last ? find(session, frame->hd.stream_id) : NULL;
	if (stream)
		stream->sent = true;
	/* Whoever acknowledges this PING has seen the GOAWAY in front of it. */
	if (frame->hd.type == NGHTTP2_GOAWAY && h2->draining && !h2->ended &&
		nghttp2_submit_ping(session, NGHTTP2_FLAG_NONE, drain_ping))
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	if (frame->hd.type != NGHTTP2_RST_STREAM ||
		frame->rst_stream.error_code == NGHTTP2_NO_ERROR)
		return 0;
	stream = find(session, frame->hd.stream_id);
	if (stream && !stream->delivered)
		stream_malformed(stream);
	return h2_budget_take(&h2->budget, H2_COST_RESET) ? 0 : calm(h2);
}

/* ---- Life ---- */

/* The library makes and frees a dozen pieces for each stream. */
static void *take(size_t bytes, void *user)
{
	(void)user;
	return memory_take(bytes);
}

static void *take_zeroed(size_t count, size_t bytes, void *user)
{
	(void)user;
	if (bytes && count > SIZE_MAX / bytes)
		return NULL;
	void *memory = memory_take(count * bytes);
	return memory ? memset(memory, 0, count * bytes) : NULL;
}

static void *change(void *memory, size_t bytes, void *user)
{
	(void)user;
	return realloc(memory, bytes);
}

static void give(void *memory, void *user)
{
	(void)user;
	memory_give(memory);
}

static nghttp2_session_callbacks *callbacks;
static nghttp2_option *options;

static void make_options(void)
{
	if (nghttp2_session_callbacks_new(&callbacks) || nghttp2_option_new(&options))
		bug("out of memory for HTTP/2");
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, on_invalid_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
	nghttp2_session_callbacks_set_unpack_extension_callback(callbacks, on_unknown);
	for (int type = NGHTTP2_CONTINUATION + 1; type <= UINT8_MAX; type++)
		nghttp2_option_set_user_recv_extension_type(options, (uint8_t)type);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
	nghttp2_session_callbacks_set_send_callback(callbacks, on_send);
	nghttp2_session_callbacks_set_send_data_callback(callbacks, on_send_data);
	nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_sent);
	nghttp2_option_set_max_settings(options, SETTINGS_MAX);
	nghttp2_option_set_max_outbound_ack(options, H2_BUDGET_MAX);
	nghttp2_option_set_no_closed_streams(options, 1);
}

struct h2 *h2_new(const struct http_limits *limits, h2_read_body *read_body)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, H2_STREAMS_MAX },
		/* A field counts 32 bytes more here than in a line (RFC 9113 section 6.5.2). */
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
			(uint32_t)(limits->header_bytes_max + limits->target_bytes_max +
				   32 * (limits->headers_max + 4)) },
		{ NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 },
	};
	nghttp2_mem memory = { NULL, take, give, take_zeroed, change };
	struct h2 *h2 = calloc(1, sizeof *h2);
	pthread_once(&once, make_options);
	if (!h2 || nghttp2_session_server_new3(&h2->session, callbacks, h2, options, &memory) ||
		nghttp2_submit_settings(h2->session, NGHTTP2_FLAG_NONE, settings,
			sizeof settings / sizeof *settings))
		bug("out of memory for HTTP/2");
	h2->limits = *limits;
	h2->read_body = read_body;
	h2_budget_init(&h2->budget);
	return h2;
}

void h2_free(struct h2 *h2)
{
	if (!h2)
		return;
	nghttp2_session_del(h2->session); /* closes no stream */
	while (h2->streams)
		stream_free(h2->streams);
	free(h2);
}

bool h2_input(struct h2 *h2, const void *bytes, size_t count, uint64_t now_ms)
{
	h2->now_ms = now_ms;
	ssize_t used = h2->failed ? 0 : nghttp2_session_mem_recv(h2->session, bytes, count);
	if (used == NGHTTP2_ERR_FLOODED || used == NGHTTP2_ERR_TOO_MANY_SETTINGS)
		calm(h2);
	else if (used < 0)
		fail(h2, NGHTTP2_PROTOCOL_ERROR, nghttp2_strerror((int)used));
	return !h2->failed;
}

/* After a failure the library is not to be asked again: our GOAWAY is made by hand (6.8). */
static bool last_word(struct h2 *h2, struct buffer *ret, struct error *reterr)
{
	const uint32_t id = (uint32_t)h2->last_id, code = h2->failure;
	const unsigned char frame[] = { 0, 0, 8, NGHTTP2_GOAWAY, 0, 0, 0, 0, 0,
		(unsigned char)(id >> 24), (unsigned char)(id >> 16), (unsigned char)(id >> 8),
		(unsigned char)id, (unsigned char)(code >> 24), (unsigned char)(code >> 16),
		(unsigned char)(code >> 8), (unsigned char)code };
	if (!h2->said && !buffer_append(ret, frame, sizeof frame, reterr))
		return false;
	h2->said = true;
	return error_set(reterr, ERROR_NETWORK, "HTTP/2: %s", h2->why);
}

bool h2_output(
	struct h2 *h2, size_t bytes_max, uint64_t now_ms, struct buffer *ret, struct error *reterr)
{
	h2->now_ms = now_ms;
	h2->output = ret;
	h2->output_max = bytes_max;
	int result = h2->failed ? 0 : nghttp2_session_send(h2->session);
	h2->output = NULL;
	if (result)
		fail(h2, NGHTTP2_INTERNAL_ERROR, nghttp2_strerror(result));
	return !h2->failed || last_word(h2, ret, reterr);
}

bool h2_has_output(const struct h2 *h2)
{
	return h2->failed ? !h2->said : nghttp2_session_want_write(h2->session);
}

/* ---- The end ---- */

void h2_drain(struct h2 *h2)
{
	if (h2->draining || h2->ended || h2->failed)
		return;
	h2->draining = true;
	if (nghttp2_submit_shutdown_notice(h2->session))
		h2_end(h2);
}

void h2_end(struct h2 *h2)
{
	if (h2->ended || h2->failed)
		return;
	h2->ended = true;
	if (nghttp2_submit_goaway(h2->session, NGHTTP2_FLAG_NONE,
		    nghttp2_session_get_last_proc_stream_id(h2->session), NGHTTP2_NO_ERROR, NULL,
		    0))
		bug("out of memory for HTTP/2");
}

bool h2_is_over(const struct h2 *h2)
{
	if (h2->failed)
		return h2->said;
	return !nghttp2_session_want_read(h2->session) && !nghttp2_session_want_write(h2->session);
}
