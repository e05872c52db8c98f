/*
 * bench: a load generator for mutual TLS. It makes connections and requests, as fast as the server
 * answers or at a given rate, and counts what came of them.
 *
 * This is the room's door.
 */
#ifndef MTLS_BENCH_BENCH_H
#define MTLS_BENCH_BENCH_H

#include "bench/histogram.h"
#include "http/http.h"
#include "net/net.h"
#include "tls/tls.h"

#include <stdatomic.h>

enum bench_mode {
	BENCH_REQUESTS, /* requests on connections that stay */
	BENCH_FULL,     /* each request on a connection of its own, with a full handshake */
	BENCH_RESUMED,  /* each request on a connection of its own, with a session offered */
	BENCH_IDLE,     /* connections that ask once and then stay silent */
};

struct bench_certificate {
	const char *cert, *key;
};

#define BENCH_THREADS_MAX 64
#define BENCH_CONNECTIONS_MAX 1000000
#define BENCH_STATUSES 600

/* Borrowed; must outlive bench_run. */
struct bench_options {
	struct net_address server;
	const char *request; /* the whole request as it is sent */
	size_t request_bytes;
	bool head; /* its method is HEAD: no body comes back */
	/* Asked over HTTP/2 instead, so many at a time on a connection; NULL: HTTP/1.1. */
	const struct h2_question *question;
	size_t streams;
	struct tls_options tls; /* role, certificate and key are filled in */
	const struct bench_certificate
		*certificates; /* taken in turn; without one: none is shown */
	size_t certificates_count;
	enum bench_mode mode;
	size_t connections, threads;
	double rate;          /* operations a second, in all; 0: as fast as they are answered */
	uint64_t duration_ms; /* 0: until `count` */
	uint64_t count;       /* operations in all; 0: until the time is over */
	uint64_t timeout_ms;  /* of one operation */
	/* Once a second, on the caller's thread; may be NULL. */
	void (*progress)(void *context, uint64_t done, uint64_t failed, double seconds);
	void *context;
};

/*
 * What was measured. An operation is a request, with its connection where the mode makes one for
 * each; with a rate its time runs from the moment at which it was due, so that a server that
 * stalls is charged for all that it kept waiting (no coordinated omission).
 */
struct bench_result {
	struct histogram operations, handshakes;
	uint64_t failed;                   /* operations and, in idle mode, connections lost */
	uint64_t errors[CODE_COUNT];       /* by code; CODE_NONE: no code fits */
	uint64_t statuses[BENCH_STATUSES]; /* of the responses; 400 and above are failures too */
	uint64_t resumed;                  /* of the handshakes */
	uint64_t held;                     /* idle mode: connections open at the end */
	uint64_t overdue;        /* with a rate: due and not done when the time was over */
	uint64_t received_bytes; /* of responses, decrypted */
	double seconds, cpu_user, cpu_system; /* of this process, all threads, while measuring */
	struct error first_error;             /* ERROR_NONE: there was none */
};

/*
 * First one operation for each certificate, whose failure is this call's; then the load.
 * ERROR_NETWORK when nobody listens, the errors of tls_context_new, what tls_explain says of a
 * refusal. Failures under load are counted, not returned. SIGINT ends the measurement early.
 */
must_check bool bench_run(
	const struct bench_options *options, struct bench_result *ret, struct error *reterr);

#endif
