/* The client's half of nghttp2: one record a stream, and a queue of those that ended. */
#include "http/h2_client.h"

#include <nghttp2/nghttp2.h>
#include <pthread.h>

struct stream {
	uint64_t tag;
	int status;
	const char *body;
	size_t body_left;
	struct stream *next, **link; /* among the open ones, or those that ended */
};

struct h2_client {
	nghttp2_session *session;
	struct stream *open;
	struct stream *first, **last; /* ended, in order */
	bool leaving; /* the server sent GOAWAY: it answers what it has begun with, and goes */
	bool broken;  /* that, since it did not like what we sent */
};

/* ---- What the server sends ---- */

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
	size_t name_bytes, const uint8_t *value, size_t value_bytes, uint8_t flags, void *user)
{
	(void)flags, (void)user;
	struct stream *stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	/* nghttp2 lets through a :status of three digits only. */
	if (stream && name_bytes == 7 && value_bytes == 3 && !memcmp(name, ":status", 7))
		stream->status = (value[0] - '0') * 100 + (value[1] - '0') * 10 + (value[2] - '0');
	return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	(void)session;
	struct h2_client *client = user;
	if (frame->hd.type != NGHTTP2_GOAWAY)
		return 0;
	client->leaving = true;
	client->broken = client->broken || frame->goaway.error_code != NGHTTP2_NO_ERROR;
	return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
	struct h2_client *client = user;
	struct stream *stream = nghttp2_session_get_stream_user_data(session, id);
	if (!stream)
		return 0;
	/* A server may answer and then refuse the rest of a body (section 8.1). */
	if (code != NGHTTP2_NO_ERROR)
		stream->status =
			client->leaving && code == NGHTTP2_REFUSED_STREAM ? H2_CLIENT_NOT_BEGUN : 0;
	*stream->link = stream->next;
	if (stream->next)
		stream->next->link = stream->link;
	stream->next = NULL;
	*client->last = stream;
	client->last = &stream->next;
	return 0;
}

/* ---- What we send ---- */

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *target, size_t bytes_max,
	uint32_t *flags, nghttp2_data_source *source, void *user)
{
	(void)session, (void)id, (void)user;
	struct stream *stream = source->ptr;
	size_t count = stream->body_left < bytes_max ? stream->body_left : bytes_max;
	memcpy(target, stream->body, count);
	stream->body += count;
	stream->body_left -= count;
	if (!stream->body_left)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)count;
}

static nghttp2_nv field(const char *name, const char *value)
{
	return (nghttp2_nv){ (uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value),
		NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE };
}

bool h2_client_ask(struct h2_client *client, const struct h2_question *question, uint64_t tag,
	struct error *reterr)
{
	nghttp2_nv fields[H2_QUESTION_HEADERS_MAX + 4] = {
		field(":method", question->method),
		field(":scheme", "https"),
		field(":authority", question->authority),
		field(":path", question->path),
	};
	size_t count = 4;
	if (question->header_count > H2_QUESTION_HEADERS_MAX)
		return error_set(reterr, ERROR_USAGE, "a request has at most %d headers",
			H2_QUESTION_HEADERS_MAX);
	for (size_t i = 0; i < question->header_count; i++)
		fields[count++] = field(question->headers[i].name, question->headers[i].value);
	struct stream *stream = calloc(1, sizeof *stream);
	if (!stream)
		bug("out of memory for a request");
	*stream = (struct stream){
		.tag = tag, .body = question->body, .body_left = question->body_bytes
	};
	const nghttp2_data_provider provider = { { .ptr = stream }, read_body };
	int id = nghttp2_submit_request(
		client->session, NULL, fields, count, question->body ? &provider : NULL, stream);
	if (id > 0) {
		stream->next = client->open;
		stream->link = &client->open;
		if (stream->next)
			stream->next->link = &stream->next;
		client->open = stream;
		return true;
	}
	free(stream);
	return error_set(reterr, ERROR_NETWORK, "cannot open a stream: %s", nghttp2_strerror(id));
}

bool h2_client_output(struct h2_client *client, struct buffer *ret, struct error *reterr)
{
	for (;;) {
		const uint8_t *bytes;
		ssize_t count = nghttp2_session_mem_send(client->session, &bytes);
		if (count < 0)
			return error_set(reterr, ERROR_NETWORK, "cannot go on with HTTP/2: %s",
				nghttp2_strerror((int)count));
		if (!count)
			return true;
		if (!buffer_append(ret, bytes, (size_t)count, reterr))
			return false;
	}
}

bool h2_client_input(
	struct h2_client *client, const void *bytes, size_t count, struct error *reterr)
{
	ssize_t used = nghttp2_session_mem_recv(client->session, bytes, count);
	if (used < 0)
		return error_set(reterr, ERROR_NETWORK, "the server's answer is no HTTP/2: %s",
			nghttp2_strerror((int)used));
	return !client->broken ||
	       error_set(reterr, ERROR_NETWORK, "the server ends the connection (GOAWAY)");
}

bool h2_client_is_leaving(const struct h2_client *client)
{
	return client->leaving;
}

bool h2_client_answer(struct h2_client *client, uint64_t *ret_tag, int *ret_status)
{
	struct stream *stream = client->first;
	if (!stream)
		return false;
	client->first = stream->next;
	if (!client->first)
		client->last = &client->first;
	*ret_tag = stream->tag;
	*ret_status = stream->status;
	free(stream);
	return true;
}

/* ---- Life ---- */

static nghttp2_session_callbacks *callbacks;
static nghttp2_option *options;

static void make_callbacks(void)
{
	if (nghttp2_session_callbacks_new(&callbacks) || nghttp2_option_new(&options))
		bug("out of memory for HTTP/2");
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
	nghttp2_option_set_no_closed_streams(options, 1);
}

/* What a server may send before we take note: enough never to wait for us. */
#define WINDOW_BYTES ((int32_t)1 << 30)

struct h2_client *h2_client_new(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	static const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, (uint32_t)WINDOW_BYTES },
	};
	pthread_once(&once, make_callbacks);
	struct h2_client *client = calloc(1, sizeof *client);
	if (!client || nghttp2_session_client_new2(&client->session, callbacks, client, options) ||
		nghttp2_submit_settings(client->session, NGHTTP2_FLAG_NONE, settings,
			sizeof settings / sizeof *settings) ||
		nghttp2_session_set_local_window_size(
			client->session, NGHTTP2_FLAG_NONE, 0, WINDOW_BYTES))
		bug("out of memory for HTTP/2");
	client->last = &client->first;
	return client;
}

void h2_client_free(struct h2_client *client)
{
	uint64_t tag;
	int status;
	if (!client)
		return;
	while (client->open) {
		struct stream *stream = client->open;
		client->open = stream->next;
		free(stream);
	}
	while (h2_client_answer(client, &tag, &status)) {
	}
	nghttp2_session_del(client->session);
	free(client);
}
