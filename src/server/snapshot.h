/*
 * What a reload replaces, as one: trust, credentials, rules. Immutable once made. A connection
 * keeps the one that its handshake began under; each of its requests is judged under the current
 * one.
 */
#ifndef MTLS_SERVER_SNAPSHOT_H
#define MTLS_SERVER_SNAPSHOT_H

#include "server/policy.h"
#include "tls/tls.h"

#include <stdatomic.h>

struct snapshot {
	atomic_uint owners;
	unsigned long long number; /* counts up: equal numbers are equal snapshots */
	time_t loaded_at;
	struct tls_context *tls;
	struct policy *policy; /* NULL: there is none, and all is allowed */
};

/*
 * Loads what the options name, and [policy] of the file `policy_path` unless that is NULL. The
 * errors are those of tls_context_new and policy_load.
 */
must_check bool snapshot_load(const struct tls_options *options, const char *policy_path,
	unsigned long long number, struct snapshot **ret, struct error *reterr);
/* One more owner, on any thread. Returns it. */
struct snapshot *snapshot_hold(struct snapshot *snapshot);
void snapshot_free(struct snapshot *snapshot);
OWN_DEFINE(snapshot, struct snapshot, snapshot_free);

#endif
