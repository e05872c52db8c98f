/* What `mtls issue` and `mtls sign` share: options, and how the result is told. */
#ifndef MTLS_CMD_ISSUE_H
#define MTLS_CMD_ISSUE_H

#include "cmd/issuer.h"

#define LEAF_OPTIONS \
	{ .name = "san", \
		.value = "NAMES", \
		.repeats = true, \
		.help = "alternative name DNS:host, IP:192.0.2.1, URI:spiffe://x/y or email:a@b, " \
			"or " \
			"several with commas between" }, \
	{ \
		.name = "days", .value = "N", .preset = "365", \
		.help = "how long the certificate is valid" \
	}

/* Reads --san and --days; `role` is "server", "client" or "peer". */
must_check bool issue_read_options(
	const struct args *args, const char *role, struct issue_options *ret, struct error *reterr);
/* Prints warnings, what was not granted (may be NULL) and the certificate. The exit code. */
int issue_report(const struct args *args, const char *role, const struct issued *issued,
	const struct notes *notes, const struct notes *refused);

#endif
