/*
 * Passwords from where nobody else can read them: a file, a descriptor, the environment, or a
 * terminal with its echo off. Never from the command line, which every user of the machine sees.
 */
#ifndef MTLS_CMD_PASSWORD_H
#define MTLS_CMD_PASSWORD_H

#include "base/base.h"

#define PASSWORD_BYTES_MAX ((size_t)1024)

/* For the help of an option that takes a source. */
#define PASSWORD_SOURCE "SOURCE"
#define PASSWORD_SOURCE_HELP "file:PATH, fd:N, env:NAME or ask"

/* A secret buffer: OWN(buffer) struct buffer name = PASSWORD; */
#define PASSWORD \
	{ \
		.bytes_max = PASSWORD_BYTES_MAX, .secret = true \
	}

/*
 * Reads a password into `ret`, which holds at least one byte afterwards and ends with NUL.
 * `source` is file:PATH (its first line; "-" is standard input), fd:N (one line), env:NAME, or ask;
 * `what` says which password ("the password of client.pfx"), `twice` that it is a new one, which
 * is then asked for again. ERROR_USAGE for another source, and without a terminal to ask on;
 * ERROR_INPUT for an empty password, an unreadable file or two that differ.
 */
must_check bool password_read(
	const char *source, const char *what, bool twice, struct buffer *ret, struct error *reterr);

/*
 * Asks on the terminal, echo off; a signal restores it before it takes its course. `prompt` is
 * printed as it is.
 */
must_check bool password_ask(const char *prompt, struct buffer *ret, struct error *reterr);
/* Whether there is a terminal to ask on, and somebody looks at it: standard input is one too. */
bool password_can_ask(void);

#endif
