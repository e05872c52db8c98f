/*
 * What a worker counts. It alone writes its numbers, so counting is a plain load and store; whoever
 * wants to know sums up all workers'. A number is never torn; two of them may be of two moments.
 */
#ifndef MTLS_SERVER_COUNTS_H
#define MTLS_SERVER_COUNTS_H

#include "server/durations.h"

/* Of TLS; the first is for handshakes that never agreed on one. */
#define COUNTS_VERSIONS 5
extern const char *const counts_versions[COUNTS_VERSIONS];
/* `name` as in tls_outcome; NULL: none. */
size_t counts_version(const char *name);

/* Of HTTP. The last but one is for every other method, the last for what could not be parsed. */
#define COUNTS_METHODS 9
extern const char *const counts_methods[COUNTS_METHODS];
/* NULL: there was none. */
size_t counts_method(const char *name);
#define COUNTS_CLASSES 5 /* 1xx to 5xx */

/* Why a connection is closed as it comes. */
enum shed { SHED_NONE, SHED_ADDRESS, SHED_CONNECTIONS, SHED_OVERLOAD, SHED_KINDS };
extern const enum code counts_shed_codes[SHED_KINDS];

struct counts {
	atomic_ullong connections, handshakes, requests;
	atomic_ullong shed[SHED_KINDS];
	atomic_ullong succeeded[COUNTS_VERSIONS], resumed[COUNTS_VERSIONS]; /* some of those */
	atomic_ullong failed[CODE_COUNT][COUNTS_VERSIONS]; /* CODE_NONE: no code fits */
	atomic_ullong answered[COUNTS_METHODS][COUNTS_CLASSES];
	/* Connections, now: between two requests, and in their handshake. */
	atomic_llong idle, pending;
	struct durations full, back, took; /* handshakes full and resumed; requests */
};

static inline unsigned long long count_read(const atomic_ullong *count)
{
	return atomic_load_explicit(count, memory_order_relaxed);
}
/* By the one thread that writes it. */
static inline void count_more(atomic_ullong *count, unsigned long long more)
{
	atomic_store_explicit(count, count_read(count) + more, memory_order_relaxed);
}
static inline void count_up(atomic_ullong *count)
{
	count_more(count, 1);
}
static inline long long count_now(const atomic_llong *count)
{
	return atomic_load_explicit(count, memory_order_relaxed);
}
/* The same for a number that goes down, too. */
static inline void count_move(atomic_llong *count, long long by)
{
	atomic_store_explicit(count, count_now(count) + by, memory_order_relaxed);
}

/* A handshake that succeeded. */
void counts_handshake(struct counts *counts, const char *version, bool resumed);
void counts_failure(struct counts *counts, enum code code, const char *version);
unsigned long long counts_failed(const struct counts *counts, enum code code);
void counts_answer(struct counts *counts, const char *method, int status);
/* Adds `more`, whose worker may be counting; `total` is nobody else's. */
void counts_add(struct counts *total, const struct counts *more);

#endif
