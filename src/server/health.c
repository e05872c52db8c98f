/* The reasons, the one that explains most first. */
#include "server/health.h"

#include <stdio.h>

/* A CA is one of several that may let somebody in: its end is a warning's business, not this. */
static bool has_ended(const struct end *end, const struct health *health)
{
	if (end->kind == END_CERTIFICATE)
		return health->now > end->until;
	return end->kind == END_CRL && end->until &&
	       health->now > end->until + (time_t)health->crl_grace_s;
}

bool health_ready(const struct health *health, char ret_reason[static HEALTH_REASON_BYTES])
{
	char at[CLOCK_RFC3339_BYTES];
	if (health->stopping) {
		snprintf(ret_reason, HEALTH_REASON_BYTES, "draining: the server is stopping");
		return false;
	}
	for (size_t i = 0; i < health->ends_count; i++) {
		const struct end *end = &health->ends[i];
		if (!has_ended(end, health))
			continue;
		clock_rfc3339(end->until, at);
		if (end->kind == END_CRL)
			snprintf(ret_reason, HEALTH_REASON_BYTES,
				"crl-expired: the CRL of %s has expired on %s, and every client of "
				"that CA is refused",
				end->name, at);
		else
			snprintf(ret_reason, HEALTH_REASON_BYTES,
				"server-expired: the server's certificate %s has expired on %s",
				end->name, at);
		return false;
	}
	if (!health->store_failing)
		return true;
	snprintf(ret_reason, HEALTH_REASON_BYTES, "store: it has just failed; the log says why");
	return false;
}
