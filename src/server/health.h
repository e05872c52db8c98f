/*
 * Whether a server is ready for requests, from what it knows of itself. Pure: no clock, no server.
 */
#ifndef MTLS_SERVER_HEALTH_H
#define MTLS_SERVER_HEALTH_H

#include "pki/pki.h"

#define HEALTH_REASON_BYTES 512

struct health {
	bool stopping;
	bool store_failing;
	const struct end *ends; /* what it relies on; ends_count of them */
	size_t ends_count;
	long long crl_grace_s; /* for so long an expired CRL counts on */
	time_t now;
};

/* False, with one line that says why not. */
must_check bool health_ready(
	const struct health *health, char ret_reason[static HEALTH_REASON_BYTES]);

#endif
