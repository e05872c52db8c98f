/*
 * The scenarios against somebody else's server or client: which of them, and what came of each.
 * Pure, but for audit_server.h and audit_client.h, which do it.
 */
#ifndef MTLS_LAB_AUDIT_H
#define MTLS_LAB_AUDIT_H

#include "client/client.h"
#include "lab/compare.h"

enum audit_verdict {
	AUDIT_REFUSED,   /* as it should be: by the alert that tells why, or by a page */
	AUDIT_OTHERWISE, /* refused, but with another alert, or without a word */
	AUDIT_ACCEPTED,  /* a weakness */
	AUDIT_NOT_RUN,
};

struct audit_result {
	const struct scenario *scenario;
	enum tls_version version;
	const char *way; /* of a session: "session id", "ticket"; NULL elsewhere */
	enum audit_verdict verdict;
	char seen[LAB_TEXT_BYTES]; /* what the other side did, or why it was not run; escaped */
	uint64_t ms;
};

struct audit_results {
	struct audit_result *list;
	size_t count;
};
void audit_results_done(struct audit_results *results);

/* A row that is about a client and that any server must refuse, whatever else it is told. */
bool audit_is_about_client(const struct scenario *scenario);
/* A row of a session that must not be resumed; `kinds` of them are run. */
bool audit_is_about_session(const struct scenario *scenario);
/* A row that is about a server and that any client must refuse. */
bool audit_is_about_server(const struct scenario *scenario);
/* A row that asks for a CRL: that the client's certificate, or the server's, is revoked. */
bool audit_needs_crl(const struct scenario *scenario);

/* Whom an audit looks at. */
enum audit_side { AUDIT_SERVER, AUDIT_CLIENT };
/*
 * The runs for that side: of the scenarios that `names` mean (none: all), on one version or on
 * both. ERROR_USAGE for a name that no row has, or no row for that side.
 */
must_check bool audit_plan(enum audit_side side, const char *const *names, size_t names_count,
	enum tls_version version, struct audit_results *ret, struct error *reterr);

/* The three ways in which a session comes back. */
#define AUDIT_BY_ID "session id"
#define AUDIT_BY_TICKET "ticket"

/* Whether the response of a server is one that lets nobody in: 400, 401, 403, 495, 496. */
bool audit_page_refuses(int status);
/* What a server did with a client that it must refuse with `alert`; fills in verdict and `seen`. */
void audit_judge_server(const struct probe *probe, int alert, struct audit_result *result);

/* What a server of ours saw of a client that must refuse it. */
struct audit_visit {
	unsigned connections;
	bool finished;    /* a handshake came to its end */
	size_t bytes;     /* that the client sent through it: it took the server for good */
	int alert;        /* that it sent, -1: none */
	bool out_of_time; /* the command was stopped */
};
void audit_judge_client(const struct audit_visit *visit, int alert, struct audit_result *result);

/* ---- Telling it ---- */

struct audit_summary {
	size_t refused, otherwise, accepted, not_run;
};
struct audit_summary audit_summarize(const struct audit_results *results);
/* "refused", "refused-otherwise", "accepted", "not-run" */
const char *audit_verdict_name(enum audit_verdict verdict);
/* "1.2", "1.3", "1.1" */
const char *audit_version_name(enum tls_version version);
/* {"ok", "audited", "summary", "results"}; the caller's. */
json_t *audit_json(const char *audited, const struct audit_results *results);
must_check bool audit_junit(const struct audit_results *results, enum audit_side side,
	struct buffer *ret, struct error *reterr);

#endif
