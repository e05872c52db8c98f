/* Peers that are none of ours: what a scenario needs that does not speak mutual TLS. */
#ifndef MTLS_LAB_STRANGER_H
#define MTLS_LAB_STRANGER_H

#include "base/base.h"

#include <stdint.h>

/* Speaks HTTP without TLS to that port of 127.0.0.1; *ret_status is the answer's, 0 for none. */
must_check bool stranger_plain_http(uint16_t port, int *ret_status, struct error *reterr);
/* Connects, sends the beginning of a ClientHello, and hangs up. */
must_check bool stranger_leaves(uint16_t port, struct error *reterr);

enum stranger_kind {
	STRANGER_HTTP,   /* answers whatever comes in HTTP without TLS */
	STRANGER_CLOSES, /* reads what comes first, and hangs up */
	STRANGER_ABSENT, /* holds the port, and does not listen */
};

/* A server for one connection, in a thread of its own. */
struct stranger;
must_check bool stranger_serve(
	enum stranger_kind kind, struct stranger **ret, struct error *reterr);
uint16_t stranger_port(const struct stranger *stranger);
/* Ends it, whether or not somebody came. */
void stranger_free(struct stranger *stranger);
OWN_DEFINE(stranger, struct stranger, stranger_free);

#endif
