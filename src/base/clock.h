/* Time: the wall clock for certificates and records, the monotonic one for deadlines. */
#ifndef MTLS_BASE_CLOCK_H
#define MTLS_BASE_CLOCK_H

#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Milliseconds since some fixed moment; never goes back. */
uint64_t clock_monotonic_ms(void);
/* The same clock in nanoseconds, to measure with. */
uint64_t clock_monotonic_ns(void);
/* The moment in `ms` milliseconds by the wall clock, as pthread_cond_timedwait wants it. */
struct timespec clock_in_ms(unsigned ms);

#define CLOCK_RFC3339_BYTES 32
#define CLOCK_HTTP_DATE_BYTES 32

/* "2026-11-22T00:00:00Z" (RFC 3339 section 5.6), always UTC. Returns `target`. */
char *clock_rfc3339(time_t at, char target[static CLOCK_RFC3339_BYTES]);
/* Reads RFC 3339 with `Z` or an offset; fractions of a second are dropped. */
must_check bool clock_from_rfc3339(const char *text, time_t *ret);
/* "Sun, 22 Nov 2026 00:00:00 GMT" (RFC 9110 section 5.6.7). Returns `target`. */
char *clock_http_date(time_t at, char target[static CLOCK_HTTP_DATE_BYTES]);
/* Reads the three forms of RFC 9110 section 5.6.7. */
must_check bool clock_from_http_date(const char *text, time_t *ret);

#endif
