/* An HTTP/2 connection's inside: h2.c speaks with the library, h2_stream.c keeps the streams. */
#ifndef MTLS_HTTP_H2_PARTS_H
#define MTLS_HTTP_H2_PARTS_H

#include "http/h2.h"
#include "http/h2_budget.h"
#include "http/h2_request.h"

struct nghttp2_session;

struct stream {
	struct h2_stream public;
	struct h2 *h2;
	struct stream *previous, *next; /* all of the connection */
	struct stream *queued;          /* the next one with an event */
	int32_t id;                     /* 0: closed */
	bool in_queue, delivered, head_done, request_done, answered, sent, stopped;
	uint64_t since_ms; /* its first byte, then the end of its head */
	size_t request_bytes;
	size_t swallowed; /* bytes of the body that came behind the answer */
	struct h2_request request;
	struct http_response *response;
	/* The library borrows the answer's fields until it has sent them. */
	char status[TEXT_DECIMAL_BYTES], length[TEXT_DECIMAL_BYTES], date[CLOCK_HTTP_DATE_BYTES];
};

struct h2 {
	struct nghttp2_session *session;
	struct http_limits limits;
	h2_read_body *read_body;
	struct h2_budget budget;
	struct stream *streams;
	struct stream *first, *last; /* with an event */
	struct stream *gone;         /* the caller may still look at it */
	size_t receiving;            /* streams whose request is not complete */
	size_t answering;            /* streams whose answer is on its way */
	size_t request_bytes, answer_bytes;
	uint64_t now_ms, output_ms; /* output_ms: when a peer last took bytes of an answer */
	struct buffer *output;      /* during h2_output */
	size_t output_max;
	bool draining, ended, failed, said; /* said: our last word */
	uint32_t failure;                   /* the error code of our last word, */
	const char *why;                    /* and its sentence */
	char reason[100];                   /* that sentence, where the library knows it */
	unsigned continuations;             /* of the header block that is coming in */
	int32_t last_id;                    /* the newest stream that we saw */
};

/* NULL: out of memory. */
struct stream *stream_new(struct h2 *h2, int32_t id);
void stream_free(struct stream *stream);
/* The answer to what the stream asks is this status, and why. */
void stream_refuse(struct stream *stream, int status, const char *text);
/* It is no request: it has been reset, and remains for whoever keeps the log. */
void stream_malformed(struct stream *stream);
/* After each step of the request: is it refused, or complete? */
void stream_settle(struct stream *stream, bool ended);
/* h2.c: asks the peer to stop sending; its stream is answered. */
void stream_reset(struct stream *stream);
/* Nothing more will be sent or received on it. */
void stream_closed(struct stream *stream);

#endif
