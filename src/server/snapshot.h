/*
 * What a reload replaces, as one: trust, credentials, rules. Immutable once made. A connection
 * keeps the one that its handshake began under; each of its requests is judged under the current
 * one.
 */
#ifndef MTLS_SERVER_SNAPSHOT_H
#define MTLS_SERVER_SNAPSHOT_H

#include "tls/tls.h"

#include <stdatomic.h>

struct snapshot {
	atomic_uint owners;
	unsigned long long number; /* counts up: equal numbers are equal snapshots */
	time_t loaded_at;
	struct tls_context *tls;
};

/* Loads what the options name. The errors are those of tls_context_new. */
must_check bool snapshot_load(const struct tls_options *options, unsigned long long number,
	struct snapshot **ret, struct error *reterr);
/* One more owner, on any thread. Returns it. */
struct snapshot *snapshot_hold(struct snapshot *snapshot);
void snapshot_free(struct snapshot *snapshot);
OWN_DEFINE(snapshot, struct snapshot, snapshot_free);

#endif
