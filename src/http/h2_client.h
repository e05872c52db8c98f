/*
 * HTTP/2 (RFC 9113) as a client that counts answers, without I/O: requests in, bytes out; bytes in,
 * statuses out. Bodies of answers are read and forgotten.
 */
#ifndef MTLS_HTTP_H2_CLIENT_H
#define MTLS_HTTP_H2_CLIENT_H

#include "http/message.h"

struct h2_client;
struct h2_client *h2_client_new(void);
void h2_client_free(struct h2_client *client);
OWN_DEFINE(h2_client, struct h2_client, h2_client_free);

/* Borrowed until the request is answered. Names of headers are in lower case. */
struct h2_question {
	const char *method, *authority, *path;
	const struct http_header *headers;
	size_t header_count;
	const char *body; /* NULL: none */
	size_t body_bytes;
};
#define H2_QUESTION_HEADERS_MAX 64

/* Opens a stream; `tag` comes back with its answer. ERROR_NETWORK when no stream is left. */
must_check bool h2_client_ask(struct h2_client *client, const struct h2_question *question,
	uint64_t tag, struct error *reterr);
/* Takes all bytes. False: this is no HTTP/2, or the server ends the connection. */
must_check bool h2_client_input(
	struct h2_client *client, const void *bytes, size_t count, struct error *reterr);
/*
 * Whether the server has said that it begins with nothing more on this connection; what it has
 * begun with it still answers (RFC 9113 section 6.8).
 */
bool h2_client_is_leaving(const struct h2_client *client);
/*
 * The next answer that is complete; a status of 0: the server reset the stream;
 * H2_CLIENT_NOT_BEGUN: it leaves and has not looked at the request, which can be asked elsewhere.
 * False: none.
 */
#define H2_CLIENT_NOT_BEGUN (-1)
bool h2_client_answer(struct h2_client *client, uint64_t *ret_tag, int *ret_status);
/* Appends everything that is to be sent. */
must_check bool h2_client_output(
	struct h2_client *client, struct buffer *ret, struct error *reterr);

#endif
