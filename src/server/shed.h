/*
 * Overload: who comes when there is no room for one more handshake is sent away before it costs
 * anything, so that those who are in go on as ever. Nobody is left to wait in the kernel's queue
 * instead: there a client learns nothing until it gives up, others wait behind it, and a balancer
 * in front goes on sending; closed at once, all of them know where they are.
 */
#ifndef MTLS_SERVER_SHED_H
#define MTLS_SERVER_SHED_H

#include "server/worker.h"

struct shed_facts {
	long long open;    /* connections of all workers, without this one */
	long long pending; /* handshakes in progress, of this worker */
	long long turn_ms; /* what the last turn of its loop took */
	bool scarce;       /* it got one of the last descriptors (base/descriptors.h) */
};
/* Pure. SHED_NONE: there is room. */
enum shed shed_judge(const struct server_limits *limits, const struct shed_facts *facts);

/* Whether to send that one away; it is counted and told then. `open` and `scarce` as in
 * shed_facts. */
bool shed_arrival(struct worker *worker, const struct net_peer *peer, long long open, bool scarce);
/* Tells now what there is to tell. */
void shed_say(struct worker *worker);
/* A second has passed: for the worker's shed_timer. */
void shed_second(void *worker);

#endif
