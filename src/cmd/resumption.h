/* Which sessions a server takes back: the same options wherever a server of ours starts. */
#ifndef MTLS_CMD_RESUMPTION_H
#define MTLS_CMD_RESUMPTION_H

#include "base/base.h"
#include "tls/tls.h"

#define RESUMPTION_OPTIONS \
	{ .name = "resumption", \
		.value = "MODE", \
		.choices = "sessions|tickets|off", \
		.preset = "sessions", \
		.help = "whether clients that come back are spared a full handshake: off, " \
			"with sessions kept here, or with encrypted tickets kept by them" }, \
		{ .name = "session-age", \
			.value = "SECONDS", \
			.preset = "3600", \
			.help = "how long after a full handshake a client may come back without " \
				"one" }, \
		{ .name = "sessions-max", \
			.value = "N", \
			.preset = "8192", \
			.help = "how many sessions are kept; the ones least in use go first" }, \
	{ \
		.name = "ticket-keys", .value = "FILE", \
		.help = "keys of the tickets, 80 bytes each, for several hosts; the first one " \
			"encrypts" \
	}

/* Fills in `ret`; *ret_sessions is the caller's and must outlive every context made from it. */
must_check bool resumption_read(struct args *args, struct tls_options *ret,
	struct tls_sessions **ret_sessions, struct error *reterr);

#endif
