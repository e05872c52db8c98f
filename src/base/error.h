/*
 * One error type for the whole program.
 *
 * A fallible function returns bool and takes `struct error *reterr` as its last parameter; on
 * failure it fills *reterr and leaves every other output untouched. An error says who refused
 * (kind), which cause (code), what was tried on which object (text) and what to do (hint).
 */
#ifndef MTLS_BASE_ERROR_H
#define MTLS_BASE_ERROR_H

#include "base/code.h"
#include "base/own.h"

#include <stdbool.h>

enum error_kind {
	ERROR_NONE,
	ERROR_USAGE,           /* the command line or the configuration is wrong */
	ERROR_INPUT,           /* a named input is missing, unreadable or malformed */
	ERROR_LIMIT,           /* a named input is larger than we accept */
	ERROR_CHECK,           /* a check of ours said no */
	ERROR_REFUSED_BY_US,   /* we refused the peer */
	ERROR_REFUSED_BY_PEER, /* the peer refused us */
	ERROR_HTTP,            /* the peer answered 400 or above */
	ERROR_IO,              /* the machine failed us: writing, disk, descriptors */
	ERROR_NETWORK,         /* nobody listens, the connection broke, a time-out */
	ERROR_STORE,           /* the store of items failed */
	ERROR_BUG,             /* our own */
};

#define ERROR_TEXT_BYTES 1024
#define ERROR_HINT_BYTES 512

struct error {
	enum error_kind kind;
	enum code code; /* CODE_NONE where no scenario or finding names it */
	int alert;      /* TLS alert sent or received (RFC 8446 section 6), -1 for none */
	int x509_error; /* X509_V_ERR_..., 0 for none */
	int system;     /* errno, 0 for none */
	char text[ERROR_TEXT_BYTES];
	char hint[ERROR_HINT_BYTES];
};

/*
 * Of an error on the way of every request: the compiler is to leave it as it is, since zeroing its
 * 1.5 KiB (-ftrivial-auto-var-init) costs more than the call that could fill it. It is read by
 * nobody before that.
 */
#if defined __has_attribute
#if __has_attribute(uninitialized)
#define ERROR_UNFILLED __attribute__((uninitialized))
#endif
#endif
#ifndef ERROR_UNFILLED
#define ERROR_UNFILLED
#endif

/* Fill *reterr and return false, so that a caller can write `return error_set(...)`. */
bool error_set(struct error *reterr, enum error_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool error_code(struct error *reterr, enum error_kind kind, enum code code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* As error_set, with ": " and errno's text at the end. */
bool error_errno(struct error *reterr, enum error_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds what the user can do about it. Returns false. */
bool error_hint(struct error *reterr, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* That hint, or else the one of the error's code; "" when there is neither. */
const char *error_advice(const struct error *error);

/* Puts "context: " before the text of an error that a lower function filled. Returns false. */
bool error_context(struct error *reterr, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The program's exit code for a kind: 0, 1, 2, 3 or 70. */
int error_exit_code(enum error_kind kind);
/* A stable word for a kind, as in JSON output: "usage", "refused-by-peer", ... */
const char *error_kind_name(enum error_kind kind);

/* Ends the program with exit code 70: a promise of our own code was broken. */
_Noreturn void bug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
