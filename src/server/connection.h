/* One client's connection: handshake, requests one after the other, and a clean end. */
#ifndef MTLS_SERVER_CONNECTION_H
#define MTLS_SERVER_CONNECTION_H

#include "server/worker.h"

/*
 * Takes the stream, which the caller has counted in settings->open, and lives until either side
 * ends it; the worker's list holds it.
 */
void connection_open(struct worker *worker, struct net_stream *stream);
/* The worker stops: an idle connection ends now, one at work after its answer. */
void connection_drain(struct connection *connection);
/* Ends it if nothing is asked for and its client's certificate is good no more. */
void connection_judge(struct connection *connection);
/* Sends what this turn's events have made the connections say; at the end of the turn. */
void connections_settle(struct worker *worker);
/* Ends it at once, whatever it does. */
void connection_abort(struct connection *connection);
struct connection *connection_next(const struct connection *connection);

#endif
