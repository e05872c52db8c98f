/*
 * How often one address may begin a handshake: a bucket of tokens each, which holds those of one
 * second. Any thread may ask; nobody waits.
 */
#ifndef MTLS_SERVER_RATE_H
#define MTLS_SERVER_RATE_H

#include "base/base.h"

#include <stdint.h>

struct rate;
/*
 * `per_second` at least 1. The table has one size, whoever comes: two addresses of many may share a
 * bucket, and nobody can choose with whom.
 */
struct rate *rate_new(long long per_second, bool spares_loopback);
void rate_free(struct rate *rate);
OWN_DEFINE(rate, struct rate, rate_free);
/*
 * Takes a token of that host's, a number; false when none is left at `now_us`, of a clock that does
 * not go back. An IPv6 address shares a bucket with all of its /64. Text that is no address, as
 * that of a socket with a path, has no limit.
 */
must_check bool rate_take(struct rate *rate, const char *host, uint64_t now_us);

#endif
