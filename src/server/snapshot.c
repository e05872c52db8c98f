/* A snapshot lives as long as a worker or a connection holds it. */
#include "server/snapshot.h"

bool snapshot_load(const struct tls_options *options, unsigned long long number,
	struct snapshot **ret, struct error *reterr)
{
	OWN(snapshot) struct snapshot *snapshot = calloc(1, sizeof *snapshot);
	if (!snapshot)
		bug("out of memory for a snapshot");
	atomic_init(&snapshot->owners, 1);
	snapshot->number = number;
	snapshot->loaded_at = time(NULL);
	if (!tls_context_new(options, &snapshot->tls, reterr))
		return false;
	*ret = TAKE(snapshot);
	return true;
}

struct snapshot *snapshot_hold(struct snapshot *snapshot)
{
	atomic_fetch_add_explicit(&snapshot->owners, 1, memory_order_relaxed);
	return snapshot;
}

void snapshot_free(struct snapshot *snapshot)
{
	if (!snapshot || atomic_fetch_sub_explicit(&snapshot->owners, 1, memory_order_acq_rel) != 1)
		return;
	tls_context_free(snapshot->tls);
	free(snapshot);
}
