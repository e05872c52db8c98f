/* The scenarios of a client that must be refused, tried on a server that somebody else runs. */
#ifndef MTLS_LAB_AUDIT_SERVER_H
#define MTLS_LAB_AUDIT_SERVER_H

#include "lab/audit.h"

#define AUDIT_CLIENT_NAME "mtls-client"

/* Borrowed strings: they must live as long as the audit. */
struct audit_server_options {
	const char *url;
	const char *other_url; /* a listener that asks for no certificate; NULL: none is known */
	/* Whom to trust as the server. cert and key: a client that it lets in; NULL: one is minted
	 * with client_ca_key. */
	struct tls_options tls;
	const char *client_ca, *client_ca_key; /* NULL: what needs them is not run */
	const char *client_name;               /* the common name of clients; NULL: the lab's */
	/* Makes the server load the CRL in crl_out, which is written before; NULL: nobody can. */
	const char *reload_command, *crl_out;
	const char *folder; /* that exists, for certificates and keys of a moment */
	unsigned ms_max;    /* of one connection */
};

struct audit_server;
/*
 * Mints, writes and resolves; connects nowhere yet. ERROR_USAGE for a URL that is none, or when
 * there is no good client; ERROR_INPUT names a file; ERROR_NETWORK the host.
 */
must_check bool audit_server_new(const struct audit_server_options *options,
	struct audit_server **ret, struct error *reterr);
void audit_server_free(struct audit_server *audit);
OWN_DEFINE(audit_server, struct audit_server, audit_server_free);

/*
 * Tries a good client on every version of the plan. False when none lets it in: without that a
 * refusal proves nothing. Makes the sessions whose client is to expire meanwhile.
 */
must_check bool audit_server_begin(
	struct audit_server *audit, const struct audit_results *plan, struct error *reterr);
/* One run of the plan: fills in verdict, `seen` and time. False only when the audit itself fails.
 */
must_check bool audit_server_run(
	struct audit_server *audit, struct audit_result *result, struct error *reterr);
/* Tries the good client once more: a server that has stopped letting in anybody proves nothing. */
must_check bool audit_server_end(struct audit_server *audit, struct error *reterr);

#endif
