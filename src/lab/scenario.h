/* The scenarios: one row each, data only. */
#ifndef MTLS_LAB_SCENARIO_H
#define MTLS_LAB_SCENARIO_H

#include "tls/tls.h"

#define SCENARIO_WORDS_MAX 8

struct scenario {
	enum code code;     /* CODE_NONE: nothing is wrong */
	bool accepted;      /* nobody refuses */
	const char *title;  /* what is the matter, a few words */
	const char *lesson; /* one sentence for somebody who sees it for the first time */
	/* What `mtls serve` and `mtls request` are told, ending with NULL. Files are relative to
	 * the lab's folder; the words that choose the TLS version come on top. */
	const char *server[SCENARIO_WORDS_MAX + 1];
	const char *client[SCENARIO_WORDS_MAX + 1];
	const char *host; /* that the client asks for; NULL: 127.0.0.1 */
	/* Instead of the words that choose a version, [0] for the TLS 1.2 column, [1] for TLS 1.3;
	 * NULL: the usual ones. */
	const char *server_tls[2], *client_tls[2];
};

extern const struct scenario scenarios[];
extern const size_t scenarios_count;

/* The code's name, or "good-client". */
const char *scenario_name(const struct scenario *scenario);
const struct scenario *scenario_find(const char *name); /* NULL if there is none */

/* What must be seen on that version; refuses SIDE_NONE: a 200 for both sides. */
struct scenario_expected {
	enum code_side refuses;
	enum code code;  /* as the refusing side must name it */
	int alert;       /* -1 when nobody refuses */
	int x509_error;  /* of the refusing side */
	int http_status; /* 0 when somebody refuses */
};
struct scenario_expected scenario_expected(
	const struct scenario *scenario, enum tls_version version);

#endif
