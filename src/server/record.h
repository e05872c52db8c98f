/* The log lines of a server: what is said about its start, handshakes, requests and its end. */
#ifndef MTLS_SERVER_RECORD_H
#define MTLS_SERVER_RECORD_H

#include "server/expiry.h"
#include "server/worker.h"

/* One record for a handshake that failed, and its count. */
void record_failure(struct worker *worker, const struct net_peer *peer,
	const struct tls_outcome *outcome, const struct error *why);
/* What was said on a connection that ends, if its TLS context keeps transcripts. */
void record_transcript(
	struct worker *worker, const struct net_peer *peer, const struct tls_connection *tls);
/* A connection that broke after its handshake. */
void record_broken(struct worker *worker, const struct net_peer *peer, const struct error *why);
/* A connection that ends because its client's certificate is good no more. */
void record_ended(struct worker *worker, const struct net_peer *peer,
	const struct identity *identity, enum code code);
/* Why a request came to no handler. */
struct record_refusal {
	char text[300];
	enum code code;   /* CODE_NONE: none fits */
	const char *rule; /* the policy's that decided; NULL: none */
};
/* The document's REQUEST line and what the handler has to say. `exchange` may be NULL. */
struct record_request {
	const struct net_peer *peer;
	const struct identity *identity;      /* NULL: none */
	const struct client_shown *shown;     /* of it; NULL: made here */
	const struct http_request *request;   /* NULL: none that could be parsed */
	const struct exchange *exchange;      /* NULL: it came to none */
	const struct record_refusal *refusal; /* NULL: it was not */
	int status;
	const char *id; /* NULL: requests have none */
};
void record_request(struct worker *worker, const struct record_request *what);
/* Nobody is accepted any more. */
void record_stopping(const struct settings *settings);
/* The counts, once, at the end. */
void record_summary(const struct log *log, const struct counts *total);
/* Connections that were closed as they came; `what` is of the last of them. */
void record_shed(const struct log *log, enum shed shed, const struct unsaid *what);
/* Something that the server relies on ends soon, or has ended. */
void record_expiry(const struct log *log, const struct end *end, enum expiry_stage stage,
	long long crl_grace_s, time_t now);
/* A line beginning "[SERVER] ". */
void record_line(const struct log *log, enum log_level level, const char *event, json_t *fields,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
