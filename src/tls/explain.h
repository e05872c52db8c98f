/* From what a handshake left behind to one sentence: who refused, which cause, what to do. */
#ifndef MTLS_TLS_EXPLAIN_H
#define MTLS_TLS_EXPLAIN_H

#include "base/base.h"

struct tls_outcome;

struct tls_failure {
	bool server;          /* our role */
	bool has_certificate; /* our side is configured with one */
	const struct tls_outcome *outcome;
	int system; /* errno of the socket, 0 for none or for an end without an error */
};

/*
 * Fills *reterr from a failed handshake, or from a connection that the peer refused after it (TLS
 * 1.3). Returns false. The code is set only where this side can know the cause; else the hint lists
 * what it may be, as an alert often has several causes.
 */
bool tls_explain(const struct tls_failure *failure, struct error *reterr);

#endif
