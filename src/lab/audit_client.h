/* The scenarios of a server that must be refused, tried on a client: a command that somebody names.
 */
#ifndef MTLS_LAB_AUDIT_CLIENT_H
#define MTLS_LAB_AUDIT_CLIENT_H

#include "lab/audit.h"

/* Borrowed strings: they must live as long as the audit. */
struct audit_client_options {
	/* The command's words, ending with NULL: {url}, {host}, {port}, {ca}, {cert}, {key} and
	 * {crl} stand for what it is to use. */
	const char *const *command;
	const char *folder; /* that exists, for certificates and keys of a moment */
	unsigned ms_max;    /* of one run of the command */
};

struct audit_client;
/* Mints and writes. ERROR_USAGE when nothing in the command says where the server is. */
must_check bool audit_client_new(const struct audit_client_options *options,
	struct audit_client **ret, struct error *reterr);
void audit_client_free(struct audit_client *audit);
OWN_DEFINE(audit_client, struct audit_client, audit_client_free);

/*
 * Tries a good server on every version of the plan. False when the command sends nothing to it on
 * any: then its silence elsewhere proves nothing.
 */
must_check bool audit_client_begin(
	struct audit_client *audit, const struct audit_results *plan, struct error *reterr);
/* One run of the plan: fills in verdict, `seen` and time. False only when the audit itself fails.
 */
must_check bool audit_client_run(
	struct audit_client *audit, struct audit_result *result, struct error *reterr);

#endif
