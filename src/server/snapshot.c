/* A snapshot lives as long as a worker or a connection holds it. */
#include "server/snapshot.h"

bool snapshot_load(const struct tls_options *options, const char *policy_path,
	unsigned long long number, struct snapshot **ret, struct error *reterr)
{
	struct tls_options tls = *options;
	unsigned char digest[DESCRIBE_SHA256_BYTES];
	char hex[2 * DESCRIBE_SHA256_BYTES + 1];
	OWN(char) char *name = NULL;
	OWN(snapshot) struct snapshot *snapshot = calloc(1, sizeof *snapshot);
	if (!snapshot)
		bug("out of memory for a snapshot");
	atomic_init(&snapshot->owners, 1);
	snapshot->number = number;
	snapshot->loaded_at = time(NULL);
	if (policy_path && !policy_load(policy_path, &snapshot->policy, reterr))
		return false;
	if (snapshot->policy) {
		policy_digest(snapshot->policy, digest);
		describe_hex(digest, sizeof digest, hex);
		name = text_format("%s policy %s", tls.session_name ? tls.session_name : "", hex);
		tls.session_name = name;
	}
	if (!tls_context_new(&tls, &snapshot->tls, reterr))
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
	policy_free(snapshot->policy);
	free(snapshot);
}
