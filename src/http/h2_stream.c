/* The streams of a connection: what has happened to them, what they hold, what they wait for. */
#include "http/h2_parts.h"

/* All requests of a connection that are not answered: fields and bodies together. */
#define REQUEST_BYTES_MAX ((size_t)2 << 20)

static void queue(struct stream *stream)
{
	struct h2 *h2 = stream->h2;
	if (stream->in_queue)
		return;
	stream->in_queue = true;
	stream->queued = NULL;
	if (h2->last)
		h2->last->queued = stream;
	else
		h2->first = stream;
	h2->last = stream;
}

static void unqueue(struct stream *stream)
{
	struct h2 *h2 = stream->h2;
	struct stream **at = &h2->first, *before = NULL;
	while (*at && *at != stream)
		before = *at, at = &(*at)->queued;
	if (!*at)
		return;
	*at = stream->queued;
	if (h2->last == stream)
		h2->last = before;
	stream->in_queue = false;
}

struct stream *stream_new(struct h2 *h2, int32_t id)
{
	struct stream *stream = memory_take(sizeof *stream);
	if (!stream)
		return NULL;
	memset(stream, 0, sizeof *stream);
	stream->h2 = h2;
	stream->id = id;
	stream->since_ms = h2->now_ms;
	h2_request_init(&stream->request, &h2->limits);
	stream->next = h2->streams;
	if (stream->next)
		stream->next->previous = stream;
	h2->streams = stream;
	h2->receiving++;
	return stream;
}

void stream_free(struct stream *stream)
{
	struct h2 *h2 = stream->h2;
	if (stream->previous)
		stream->previous->next = stream->next;
	else
		h2->streams = stream->next;
	if (stream->next)
		stream->next->previous = stream->previous;
	h2_request_done(&stream->request);
	http_response_free(stream->response);
	memory_give(stream);
}

/* Counts what the request holds now. */
static void weigh(struct stream *stream)
{
	size_t bytes = h2_request_bytes(&stream->request);
	stream->h2->request_bytes += bytes - stream->request_bytes;
	stream->request_bytes = bytes;
}

void stream_refuse(struct stream *stream, int status, const char *text)
{
	stream->public.status = status;
	stream->public.text = text;
	if (!stream->delivered)
		queue(stream);
}

void stream_malformed(struct stream *stream)
{
	stream->public.reset = true;
	stream->public.status = 400;
	stream->public.text = "the request is malformed, and its stream was reset";
}

void stream_settle(struct stream *stream, bool ended)
{
	struct h2_request *request = &stream->request;
	weigh(stream);
	if (ended && !stream->request_done) {
		stream->request_done = true;
		stream->h2->receiving--;
		h2_request_end(request);
	}
	if (stream->delivered || stream->public.status)
		return;
	if (request->refusal.status)
		stream_refuse(stream, request->refusal.status, request->refusal.text);
	else if (stream->request_done)
		queue(stream);
	else if (stream->h2->request_bytes > REQUEST_BYTES_MAX)
		stream_refuse(stream, 503, "too many requests at a time on this connection");
	stream->public.request = request->headers ? &request->request : NULL;
}

void stream_closed(struct stream *stream)
{
	struct h2 *h2 = stream->h2;
	if (!stream->request_done)
		h2->receiving--;
	if (stream->answered) {
		h2->answering--;
		h2->answer_bytes -= stream->response->bytes.length;
		http_response_free(TAKE(stream->response));
	}
	if (stream->sent)
		h2_budget_pay(&h2->budget, H2_PAY_ANSWER);
	stream->id = 0;
	h2->request_bytes -= stream->request_bytes;
	stream->public.ended = true;
	if (stream->delivered || stream->public.reset) {
		queue(stream);
	} else {
		unqueue(stream);
		stream_free(stream);
	}
}

struct h2_stream *h2_event(struct h2 *h2)
{
	struct stream *stream = h2->first;
	if (h2->gone)
		stream_free(TAKE(h2->gone));
	if (!stream)
		return NULL;
	unqueue(stream);
	stream->delivered = true;
	if (stream->public.ended)
		h2->gone = stream;
	return &stream->public;
}

struct h2_stream *h2_open(const struct h2 *h2, const struct h2_stream *previous)
{
	struct stream *stream = previous ? ((const struct stream *)previous)->next : h2->streams;
	return stream ? &stream->public : NULL;
}

size_t h2_answer_bytes(const struct h2 *h2)
{
	return h2->answer_bytes;
}

static void older(bool *ret, uint64_t *ret_ms, uint64_t since_ms)
{
	if (!*ret || since_ms < *ret_ms)
		*ret_ms = since_ms;
	*ret = true;
}

void h2_waiting(const struct h2 *h2, struct h2_waiting *ret)
{
	*ret = (struct h2_waiting){ .window = h2->answering > 0, .window_ms = h2->output_ms };
	for (const struct stream *s = h2->receiving ? h2->streams : NULL; s; s = s->next)
		if (s->id && !s->head_done)
			older(&ret->head, &ret->head_ms, s->since_ms);
		else if (s->id && !s->request_done)
			older(&ret->body, &ret->body_ms, s->since_ms);
}

void h2_expire(struct h2 *h2, uint64_t since_ms)
{
	for (struct stream *s = h2->streams; s; s = s->next) {
		if (!s->id || !s->head_done || s->request_done || s->since_ms > since_ms)
			continue;
		if (s->sent && !s->stopped)
			stream_reset(s);
		else if (!s->public.status)
			stream_refuse(s, 408, "the request's body took too long");
		s->stopped = s->sent;
	}
}
