/* What the files that audit a server share. */
#ifndef MTLS_LAB_AUDIT_PARTS_H
#define MTLS_LAB_AUDIT_PARTS_H

#include "lab/audit_server.h"
#include "lab/certificates.h"

#define AUDIT_WAYS 3

/* A session of one kind, or why there is none. */
struct audit_kept {
	struct tls_session *session;
	char why[LAB_TEXT_BYTES];
};

/* A client whose sessions are tried again when it may no longer come in. */
struct audit_guest {
	char *cert, *key; /* NULL: it shows none */
	struct audit_kept kept[AUDIT_WAYS];
	bool made;
};

struct audit_server {
	struct audit_server_options options;
	struct target target, other;
	struct net_places *places, *other_places;
	struct lab_minted *minted;
	char *good_cert, *good_key; /* paths */
	bool speaks[2];             /* TLS 1.2, 1.3: a good client was let in */
	char why[2][LAB_TEXT_BYTES];
	struct audit_guest revoked, expired, stranger;
	time_t expires;        /* of `expired` */
	bool knows_revocation; /* since the reload a full handshake of `revoked` is refused */
};

/*
 * Mints a client by its name in the lab's table; the paths are the caller's. NULL in both when the
 * key of its CA is missing.
 */
must_check bool audit_mint(const struct audit_server *audit, const char *name, char **ret_cert,
	char **ret_key, struct error *reterr);
/* The verdict is that there is none. */
void audit_skip(struct audit_result *result, const char *why);
#define AUDIT_NO_KEY "needs --client-ca-key, to mint its certificate"

/* Which of the three ways a run means. */
size_t audit_way(enum tls_version version, const char *way);
/* The options of one connection on that version, with that certificate (NULL: none). */
struct tls_options audit_tls(const struct audit_server *audit, const struct target *target,
	enum tls_version version, const char *cert, const char *key);
/* One connection and one request, offering the session (NULL: none). */
must_check bool audit_probe(const struct audit_server *audit, const struct tls_options *tls,
	const struct tls_session *session, struct probe *ret, struct error *reterr);

/* ---- audit_sessions.c ---- */

/* Mints a client that lives for some seconds, and makes its sessions. */
must_check bool audit_make_expiring(struct audit_server *audit, struct error *reterr);
/* Makes the revoked client's sessions, then has the server load the CRL that lists it. */
must_check bool audit_revoke(struct audit_server *audit, struct error *reterr);
must_check bool audit_run_session(
	struct audit_server *audit, struct audit_result *result, struct error *reterr);
void audit_guest_done(struct audit_guest *guest);

#endif
