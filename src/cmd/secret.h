/*
 * Passwords and passphrases: from a file, a descriptor, the environment, or a terminal with its
 * echo off. Never a word of argv, which every user of the machine can read.
 */
#ifndef MTLS_CMD_SECRET_H
#define MTLS_CMD_SECRET_H

#include "base/base.h"

#define SECRET_BYTES_MAX 1024
#define SECRET_SOURCES "file:FILE|fd:N|env:NAME|ask"

/* OWN(buffer) struct buffer name = SECRET; */
#define SECRET \
	{ \
		.bytes_max = SECRET_BYTES_MAX, .secret = true \
	}

/*
 * Reads a secret into `ret`, which becomes a secret buffer of at least one byte, ended by NUL.
 * `source` is one of SECRET_SOURCES; of a file ("-": standard input) or descriptor the first line
 * counts. `what` names it in the prompt and in errors: "the passphrase of client.key". ERROR_USAGE
 * for another source, ERROR_INPUT for one that is missing, empty, too long or holds a NUL.
 */
must_check bool secret_read(
	const char *source, const char *what, struct buffer *ret, struct error *reterr);
/* The same for a new secret, which a terminal asks for twice. */
must_check bool secret_read_new(
	const char *source, const char *what, struct buffer *ret, struct error *reterr);
/*
 * Asks on the terminal, without echo; `twice` when it is a new one. A signal that comes meanwhile
 * restores the terminal before it takes its course.
 */
must_check bool secret_ask(const char *what, bool twice, struct buffer *ret, struct error *reterr);
/* Whether there is a terminal to ask on, and standard input is not something else. */
bool secret_can_ask(void);

/* The rows of an option table, for commands that open whatever a file holds. */
#define SECRET_OPTIONS \
	{ .name = "key-pass", \
		.value = SECRET_SOURCES, \
		.help = "where the passphrase of an encrypted key comes from" }, \
	{ \
		.name = "password", .value = SECRET_SOURCES, \
		.help = "where the password of a PFX comes from" \
	}

#endif
