/*
 * Telling whoever started us how we are (sd_notify(3)): ready, reloading, stopping, alive. The
 * protocol is a line a fact in a datagram; nobody answers.
 */
#ifndef MTLS_SERVER_SUPERVISOR_H
#define MTLS_SERVER_SUPERVISOR_H

#include "server/server.h"

struct supervisor;
/*
 * NULL in *ret when nobody wants to know. One who cannot be told is told of in the log, and no
 * reason not to serve. Before the process confines itself.
 */
void supervisor_new(struct net_loop *loop, const struct server_supervision *supervision,
	const struct log *log, struct supervisor **ret);
/* Each accepts NULL. From `ready` on the loop shows that it turns, in time for the watchdog. */
void supervisor_ready(struct supervisor *supervisor, const char *status);
void supervisor_reloading(struct supervisor *supervisor);
void supervisor_stopping(struct supervisor *supervisor, const char *status);
void supervisor_free(struct supervisor *supervisor);

#endif
