/* Passphrases: from a file, a descriptor, the environment or a terminal; never a word of argv. */
#ifndef MTLS_CMD_SECRET_H
#define MTLS_CMD_SECRET_H

#include "base/base.h"

#define SECRET_BYTES_MAX 1024
#define SECRET_SOURCES "file:FILE|fd:N|env:NAME|ask"

/*
 * Reads a passphrase into `ret`, which becomes a secret buffer. `source` is one of SECRET_SOURCES;
 * of a file or descriptor the first line counts. `what` names it in the prompt and in errors: "the
 * passphrase of client.key".
 */
must_check bool secret_read(
	const char *source, const char *what, struct buffer *ret, struct error *reterr);
/* Asks on the terminal, without echo; `twice` when it is a new one. */
must_check bool secret_ask(const char *what, bool twice, struct buffer *ret, struct error *reterr);
/* Whether there is a terminal to ask on. */
bool secret_can_ask(void);

#endif
