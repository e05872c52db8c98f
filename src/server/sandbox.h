/* The server's own confinement: what it needs, as its options say, and nothing else. */
#ifndef MTLS_SERVER_SANDBOX_H
#define MTLS_SERVER_SANDBOX_H

#include "server/server.h"

/*
 * Confines the process to what these options name, for good; before any thread. `*ret` is what is
 * to be said about it, the caller's; NULL when it is off. Errors as of confine().
 */
must_check bool sandbox_enter(const struct server_options *options, const struct store *store,
	json_t **ret, struct error *reterr);
/* Logs that in one line, and releases it. Accepts NULL. */
void sandbox_say(const struct log *log, json_t *fields);
/* What was done, as a record's members; for sandbox_enter, and for tests. */
json_t *sandbox_fields(const struct confine_plan *plan, const struct confined *confined);

#endif
