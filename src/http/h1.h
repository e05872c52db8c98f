/*
 * HTTP/1.0 and 1.1 (RFC 9112) without I/O: bytes in, one request at a time out; a response in,
 * bytes out. However the bytes are cut, the events are the same.
 *
 *	while (count) {
 *		size_t used;
 *		switch (h1_input(h1, bytes, count, &used)) {
 *		case H1_MORE:     all is used; wait for more
 *		case H1_CONTINUE: send H1_CONTINUE_LINE (or an answer, and close), call again
 *		case H1_REQUEST:  answer h1_request(h1), h1_next(h1), call again with what is left
 *		case H1_REFUSED:  answer h1_refusal(h1), and close
 *		}
 *		bytes += used, count -= used;
 *	}
 */
#ifndef MTLS_HTTP_H1_H
#define MTLS_HTTP_H1_H

#include "http/message.h"

#include <time.h>

struct h1;

/* Cheap enough to be made for one request. `limits` is copied. */
struct h1 *h1_new(const struct http_limits *limits);
void h1_free(struct h1 *h1);
OWN_DEFINE(h1, struct h1, h1_free);

enum h1_event {
	H1_MORE,     /* all bytes are used, and the request is not complete */
	H1_CONTINUE, /* the client waits for "100 Continue" before it sends the body */
	H1_REQUEST,  /* a request is complete; bytes behind it are not used */
	H1_REFUSED,  /* no request, and the connection cannot go on */
};

/* Takes bytes, says in *ret_used how many. After H1_REQUEST call h1_next first. */
enum h1_event h1_input(struct h1 *h1, const void *bytes, size_t count, size_t *ret_used);

/* The request of H1_REQUEST, or its head at H1_CONTINUE; NULL before. Borrowed until h1_next. */
const struct http_request *h1_request(const struct h1 *h1);
/* Lets go of the request; the parser is ready for the next. */
void h1_next(struct h1 *h1);

/* Why H1_REFUSED: a status and a sentence; the answer to send is http_response_error of them. */
int h1_refusal(const struct h1 *h1, const char **ret_text);

enum h1_stage {
	H1_IDLE, /* between two requests: no byte of the next one has come */
	H1_HEAD, /* within request line and headers */
	H1_BODY, /* within the body */
	H1_DONE, /* a request is complete and not yet let go, or refused */
};
/* For deadlines: idle, header and body time are counted apart. */
enum h1_stage h1_stage(const struct h1 *h1);

#define H1_CONTINUE_LINE "HTTP/1.1 100 Continue\r\n\r\n"

/*
 * Appends status line and header lines with Date, Content-Length and Connection. The body follows
 * in the same buffer or is streamed; see http_response_sends_body. `request` is NULL when there
 * was none that could be parsed.
 */
must_check bool h1_write_head(const struct http_response *response,
	const struct http_request *request, bool keep_alive, time_t now, struct buffer *ret,
	struct error *reterr);

#endif
