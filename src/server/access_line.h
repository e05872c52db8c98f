/*
 * One request as a line of JSON. Pure: facts in, text out. And the ids by which the lines of the
 * other log are found: generated, never taken from a request.
 */
#ifndef MTLS_SERVER_ACCESS_LINE_H
#define MTLS_SERVER_ACCESS_LINE_H

#include "http/http.h"
#include "net/net.h"
#include "tls/tls.h"

#define REQUEST_ID_BYTES 33

/* A worker's: 64 random bits that are its own, and a number that counts on, scrambled. */
struct request_ids {
	uint64_t own, next;
};
/* Begins at random; the kernel has random bytes from its start on. */
void request_ids_init(struct request_ids *ids);
/* 32 hexadecimal digits, never the same twice. Returns `target`. */
char *request_id(struct request_ids *ids, char target[static REQUEST_ID_BYTES]);

struct access_entry {
	struct timespec at;
	const char *id;
	const struct net_peer *peer;
	const struct identity *identity; /* NULL: none */
	const struct tls_outcome *tls;
	const struct http_request *request; /* NULL: none that could be parsed */
	int status;
	uint64_t bytes; /* of the answer's body */
	uint64_t
		duration_ns; /* from the complete request to its answer; 0: it came to no handler */
	uint64_t handshake_ns; /* 0: not the connection's first request */
};

/* Appends the line, with its newline. ERROR_LIMIT when it does not fit, and `ret` is as before. */
must_check bool access_line(
	const struct access_entry *entry, struct buffer *ret, struct error *reterr);

#endif
