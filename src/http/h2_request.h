/*
 * One request of HTTP/2 while its fields and its body come in: the limits and rules of HTTP/1, with
 * the same words where both can break them. No frames and no library here.
 */
#ifndef MTLS_HTTP_H2_REQUEST_H
#define MTLS_HTTP_H2_REQUEST_H

#include "http/h1_rules.h"

struct h2_request {
	struct buffer text; /* of pseudo-header fields value NUL, of others name NUL value NUL */
	/* Where in it the first ones lie, once they are there; the others begin behind them. */
	struct h2_place {
		size_t at, bytes;
		bool is;
	} method, path, authority;
	size_t headers_at;
	struct buffer body;
	size_t header_bytes, header_count; /* as lines of HTTP/1 would count, trailers included */
	size_t fields;                     /* those that were let go, too */
	struct http_header *headers;       /* request.headers */
	struct http_request request;       /* once h2_request_head said so */
	struct h1_framing framing;
	struct h1_refusal refusal; /* status 0: none so far */
	bool trailers;             /* the head is done: fields that come now are trailers */
};

void h2_request_init(struct h2_request *request, const struct http_limits *limits);
void h2_request_done(struct h2_request *request);
/* One field in the order of arrival. Name lower-case, neither with control bytes but TAB. */
void h2_request_field(struct h2_request *request, const struct http_limits *limits,
	const char *name, size_t name_bytes, const char *value, size_t value_bytes);
/* All fields are there; `ended` when no body follows. Makes `request`, or a refusal. */
void h2_request_head(struct h2_request *request, const struct http_limits *limits, bool ended);
/* Bytes of the body. After a refusal they are let go. */
void h2_request_data(struct h2_request *request, const char *bytes, size_t count);
/* The body is complete. */
void h2_request_end(struct h2_request *request);
/* Bytes that it holds. */
size_t h2_request_bytes(const struct h2_request *request);

#endif
