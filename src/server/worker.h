/* What the files that accept, serve and record share: the settings, and one loop's state. */
#ifndef MTLS_SERVER_WORKER_H
#define MTLS_SERVER_WORKER_H

#include "server/routes.h"
#include "server/server.h"

struct connection;

/* Made at start and then read-only, so that several workers may share it. */
struct settings {
	struct server_limits limits;
	struct log log;
	struct tls_context *tls;
};

/* One thread's part: a loop, its connections, its counts. */
struct worker {
	const struct settings *settings;
	struct net_loop *loop;
	struct net_wake *store_wake; /* the store has answers for us */
	struct store_port *store;
	struct routes *routes;
	struct connection *connections; /* a list, newest first */
	long long connections_count;
	bool draining;
	struct buffer piece; /* where an answer's next bytes are put together */
	struct {
		unsigned long long connections, shed, handshakes, requests;
		unsigned long long failed[CODE_COUNT]; /* handshakes; CODE_NONE: no code fits */
	} counts;
};

#endif
