/*
 * A plain HTTP listener for who runs the server: one request a connection, on a loopback address or
 * on a socket that has a path. What is asked and answered here never leaves the machine.
 */
#ifndef MTLS_SERVER_PLAIN_H
#define MTLS_SERVER_PLAIN_H

#include "http/http.h"
#include "net/net.h"

struct plain;
/* The answer to a request; never NULL. Its body is in memory. */
typedef struct http_response *plain_answer(void *context, const struct http_request *request);

/* Whether a path could be listened on, as net_local_check; of a port nothing is known before. */
must_check bool plain_has_place(const char *where, struct error *reterr);
/* "HOST:PORT" of a loopback address, or "unix:PATH". ERROR_USAGE for anything else. */
must_check bool plain_check(const char *where, struct error *reterr);
/* Listens there; errors as plain_check, net_listen and net_listen_local. */
must_check bool plain_new(struct net_loop *loop, const char *where, plain_answer *answer,
	void *context, struct plain **ret, struct error *reterr);
/* Closes what is open. Accepts NULL. */
void plain_free(struct plain *plain);
OWN_DEFINE(plain, struct plain, plain_free);
/* "http://127.0.0.1:9100", with the port that it got, or "unix:PATH". */
const char *plain_address(const struct plain *plain);

#endif
