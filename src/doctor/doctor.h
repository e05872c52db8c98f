/*
 * doctor: why does this handshake fail, who refused, and what to change. Ordered probes against a
 * server that somebody else runs, and what they and the client's own files prove.
 *
 * This is the room's door. Results are JSON, of which cmd/ makes the text.
 */
#ifndef MTLS_DOCTOR_DOCTOR_H
#define MTLS_DOCTOR_DOCTOR_H

#include "tls/tls.h"

struct doctor_options {
	const char *url;        /* https://HOST[:PORT][/PATH], or HOST:PORT */
	const char *name;       /* expect a certificate for this name; NULL: for the URL's host */
	struct tls_options tls; /* the doctor fills in role, name and SNI; `ca` may be empty */
	const char *server_log; /* a file that the server logs to, or NULL */
	unsigned ms_max;        /* for each step */
	/* Called when a step begins, for a person who waits; may be NULL. */
	void (*progress)(void *context, const char *step);
	void *context;
};

/*
 * {"url", "address", "versions": {"TLSv1.3": true, ...}, "handshakes": [{"version", "cipher",
 * "alpn", "requests_certificate", "authorities", "signature_algorithms"}], "chain": [...],
 * "verified", "why", "sni": {...}}: what a server shows to anybody. Errors: ERROR_USAGE for a URL
 * that is none, ERROR_NETWORK and ERROR_REFUSED_BY_US when there is no TLS server.
 */
must_check bool doctor_look(
	const struct doctor_options *options, json_t **ret, struct error *reterr);

/*
 * {"url", "works", "status", "steps": [{"name", "ok", "ms", "text"}], "findings": [{"code",
 * "refused_by", "certain", "evidence", "fix", "server_side"}]}: the diagnosis, the likeliest cause
 * first. Fails (ERROR_USAGE, ERROR_INPUT) only where nothing can be probed at all.
 */
must_check bool doctor_diagnose(
	const struct doctor_options *options, json_t **ret, struct error *reterr);

#endif
