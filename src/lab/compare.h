/* What both sides saw against what was expected. Pure: no process, no file, no clock. */
#ifndef MTLS_LAB_COMPARE_H
#define MTLS_LAB_COMPARE_H

#include "lab/scenario.h"

/* What one side reports of one connection, out of its own record. */
struct lab_report {
	bool present;           /* it did report */
	enum code_side refused; /* who refused, as this side sees it; SIDE_NONE: nobody */
	enum code code;
	int alert;                /* sent by it or received, -1 for none */
	int x509_error;           /* only the side that refused has one */
	int http_status;          /* 0 when there was no response */
	enum tls_version version; /* TLS_VERSION_ANY when none was agreed */
};

struct lab_observation {
	enum tls_version version; /* the column: TLS_1_2 or TLS_1_3 */
	bool stack;               /* both sides verified as OpenSSL does by itself */
	struct lab_report client, server;
	const char
		*lacks;   /* without what it proves nothing, or what more is wrong; NULL: nothing */
	json_t *messages; /* what went over the wire (draw_merge); NULL: nothing; whoever has the
			   * observation releases it */
};

/* "nobody", "server", "client", "own configuration" */
const char *lab_side_name(enum code_side side);

#define LAB_TEXT_BYTES 160

struct lab_verdict {
	bool as_expected;
	char why[LAB_TEXT_BYTES]; /* the first thing that differs, "" when nothing does */
};

struct lab_verdict lab_judge(
	const struct scenario *scenario, const struct lab_observation *observation);

/* "server: 40 handshake_failure", "client: 42 bad_certificate (X.509 62)", "200 OK" */
const char *lab_expected_text(const struct scenario *scenario, enum tls_version version, bool stack,
	char target[static LAB_TEXT_BYTES]);
const char *lab_observed_text(
	const struct lab_observation *observation, char target[static LAB_TEXT_BYTES]);

#endif
