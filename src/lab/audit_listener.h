/* A server of one certificate that asks its clients for nothing and remembers what they did. */
#ifndef MTLS_LAB_AUDIT_LISTENER_H
#define MTLS_LAB_AUDIT_LISTENER_H

#include "lab/audit.h"

struct audit_listener;
/* Listens on a free port of localhost, on both of its addresses where the machine has both. */
must_check bool audit_listener_new(const char *cert, const char *key, enum tls_version version,
	struct audit_listener **ret, struct error *reterr);
uint16_t audit_listener_port(const struct audit_listener *listener);
/* Ends it, and what is open; what it saw is in `ret`. Accepts NULL. */
void audit_listener_end(struct audit_listener *listener, struct audit_visit *ret);

#endif
