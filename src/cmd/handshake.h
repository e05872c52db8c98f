/* What a client's handshake showed, for people (-v) and for programs (--json). */
#ifndef MTLS_CMD_HANDSHAKE_H
#define MTLS_CMD_HANDSHAKE_H

#include "client/client.h"

#include <stdio.h>

/* Lines that begin with "* ". */
void handshake_print(FILE *target, const struct client *client);
/* The same as an object, the caller's. */
json_t *handshake_json(const struct client *client);
/* {"kind", "code", "text", "hint", "alert", "exit_code"} of an error. */
json_t *handshake_error_json(const struct error *error);

#endif
