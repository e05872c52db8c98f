/*
 * HTTP/2 (RFC 9113) without I/O: bytes in, requests out; responses in, bytes out.
 *
 *	if (!h2_input(h2, bytes, count, now))   the peer broke the protocol or a limit
 *		...                                      h2_output has our GOAWAY, and says why
 *	while ((stream = h2_event(h2)))
 *		if (stream->ended)                       it was answered or reset: let go of it
 *			...
 *		else if (stream->status)                 no request: answer with status and text
 *			h2_answer(h2, stream, http_response_error(stream->status, ...), now);
 *		else
 *			...                              stream->request: h2_answer now or later
 *	h2_output(h2, bytes_max, now, &buffer, &error)
 *
 * What one connection may cost is bounded: open streams, the bytes that requests and answers hold,
 * and how much a peer may ask for without getting any further (h2_budget.h).
 */
#ifndef MTLS_HTTP_H2_H
#define MTLS_HTTP_H2_H

#include "http/message.h"

#define H2_STREAMS_MAX 100

/* Appends up to `bytes_max` of the response's body, moves body_read on (server/routes.h has one).
 */
typedef bool h2_read_body(struct http_response *response, size_t bytes_max, struct buffer *ret,
	bool *ret_done, struct error *reterr);

struct h2;

/* `limits` is copied. */
struct h2 *h2_new(const struct http_limits *limits, h2_read_body *read_body);
/* Frees responses on their way too. */
void h2_free(struct h2 *h2);
OWN_DEFINE(h2, struct h2, h2_free);

struct h2_stream {
	bool ended; /* nothing more will come of it; gone at the next h2_event */
	bool reset; /* it was malformed: `status` and `text` are for the log */
	int status; /* 0, or what to refuse it with, and why */
	const char *text;
	const struct http_request *request; /* NULL when none could be made of it */
	void *owner, *work;                 /* for whoever answers; NULL at first */
};

/*
 * Takes all bytes. False: the connection cannot go on, and h2_output says why. `now_ms` is any
 * clock that only goes forward.
 */
must_check bool h2_input(struct h2 *h2, const void *bytes, size_t count, uint64_t now_ms);
/* The next stream that something happened to; NULL: none. Each ends as `ended` if it came at all,
 * and a malformed one comes as nothing else. */
struct h2_stream *h2_event(struct h2 *h2);
/* All streams, ended ones included, one after the other; begins with NULL. */
struct h2_stream *h2_open(const struct h2 *h2, const struct h2_stream *previous);
/* Takes the response. Date is `now`. A stream that has ended meanwhile loses it. */
void h2_answer(struct h2 *h2, struct h2_stream *stream, struct http_response *response, time_t now);
/*
 * Appends whole frames until `ret` holds `bytes_max` or somewhat more, or there are none. False:
 * the connection cannot go on, and what was appended, if anything, is our last word on it.
 */
must_check bool h2_output(
	struct h2 *h2, size_t bytes_max, uint64_t now_ms, struct buffer *ret, struct error *reterr);
/* Whether h2_output has more. */
bool h2_has_output(const struct h2 *h2);

/* Bytes of answers that are held in memory until the peer takes them. */
size_t h2_answer_bytes(const struct h2 *h2);

/* What the peer is in the middle of. */
struct h2_waiting {
	bool head, body, window;              /* of a request; of a request; it takes no answer */
	uint64_t head_ms, body_ms, window_ms; /* since when, the oldest */
};
void h2_waiting(const struct h2 *h2, struct h2_waiting *ret);
/* Refuses (408) each request whose body began before that moment and is not complete, and stops
 * those that are answered already. */
void h2_expire(struct h2 *h2, uint64_t since_ms);

/*
 * Asks the peer for no new streams: GOAWAY with the highest number, so that requests on their way
 * are answered, and once the peer has seen that (it acknowledges a PING) the real one (6.8).
 */
void h2_drain(struct h2 *h2);
/* GOAWAY at once. */
void h2_end(struct h2 *h2);
/* Whether nothing more will happen: we or the peer said goodbye and no stream is open. */
bool h2_is_over(const struct h2 *h2);

#endif
