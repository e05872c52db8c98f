/* The scenarios: one row each, data only. */
#ifndef MTLS_LAB_SCENARIO_H
#define MTLS_LAB_SCENARIO_H

#include "tls/tls.h"

#define SCENARIO_WORDS_MAX 10

/* How a row is run. */
enum scenario_way {
	WAY_REQUEST,       /* `mtls serve`, and `mtls request` of it */
	WAY_OWN,           /* both read their configuration, and refuse it: nothing listens */
	WAY_PLAIN_HTTP,    /* HTTP without TLS, spoken to `mtls serve` */
	WAY_CLIENT_LEAVES, /* a client that hangs up amidst its first message */
	WAY_HTTP_SERVER,   /* `mtls request` of a server that speaks no TLS */
	WAY_SERVER_LEAVES, /* `mtls request` of a server that hangs up at once */
	WAY_NOBODY,        /* `mtls request` of a port where nobody listens */
	WAY_RESUMES,       /* a client that comes back with its session of before */
	WAY_STAYS,         /* a client that asks once more on the connection it has */
};

/* What happens between the first visit and the last one. */
enum scenario_event { EVENT_NONE, EVENT_REVOKED, EVENT_EXPIRED };

/* Where OpenSSL by itself, and so Python, nginx and curl, comes to something else than we do. */
enum scenario_stack { STACK_SAME, STACK_ACCEPTS };

struct scenario {
	enum code code;   /* CODE_NONE: nothing is wrong */
	const char *name; /* NULL: the code's; "client-wrong-eku/any" for more rows of one code */
	bool accepted;    /* nobody refuses */
	bool demo;        /* a part of `mtls demo` too */
	enum scenario_way way;
	enum scenario_stack stack;
	const char *title;  /* what is the matter, a few words */
	const char *lesson; /* one sentence for somebody who sees it for the first time */
	/* What `mtls serve` and `mtls request` are told, ending with NULL. Files are relative to
	 * the lab's folder; the words that choose the TLS version come on top. */
	const char *server[SCENARIO_WORDS_MAX + 1];
	const char *client[SCENARIO_WORDS_MAX + 1];
	const char *other[SCENARIO_WORDS_MAX + 1]; /* WAY_RESUMES: the server of the first visit, if
						    * it is another one */
	enum scenario_event event;
	const char *host; /* that the client asks for; NULL: 127.0.0.1 */
	/* Instead of the words that choose a version, [0] for the TLS 1.2 column, [1] for TLS 1.3;
	 * NULL: the usual ones. */
	const char *server_tls[2], *client_tls[2];
	/* What the side that refuses calls it, [0] on TLS 1.2, [1] on 1.3, and what the other side
	 * can know of it; CODE_NONE: the row's own code, and whatever it says. */
	enum code named[2], other_side;
	int x509_error; /* where the code's would be another one; 0: the code's */
};

extern const struct scenario scenarios[];
extern const size_t scenarios_count;

const char *scenario_name(const struct scenario *scenario);
const struct scenario *scenario_find(const char *name); /* NULL if there is none */
/* Whether the row is meant by `name`: its own, or its code's, which means all rows of it. */
bool scenario_matches(const struct scenario *scenario, const char *name);

/* Which sides are ours and report; a stranger stands on the other one. */
bool scenario_has_server(const struct scenario *scenario);
bool scenario_has_client(const struct scenario *scenario);

/* What must be seen on that version. Refuses SIDE_NONE: a 200 for both sides, or, with a code, what
 * is no refusal. */
struct scenario_expected {
	enum code_side refuses;
	enum code code;       /* as the refusing side must name it */
	enum code other_side; /* as the other side must; CODE_NONE: whatever it says */
	int alert;            /* -1 when nobody refuses, or without one */
	int x509_error;       /* of the refusing side */
	int http_status;      /* that the client sees; 0: none */
};
/* `stack`: both sides verify as OpenSSL does by itself (--profile openssl). */
struct scenario_expected scenario_expected(
	const struct scenario *scenario, enum tls_version version, bool stack);

#endif
