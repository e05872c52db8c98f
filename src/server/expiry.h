/*
 * What a server relies on ends some day: its certificate, a CA, a CRL. Told long before, again when
 * it comes near, and when it has happened; each once.
 */
#ifndef MTLS_SERVER_EXPIRY_H
#define MTLS_SERVER_EXPIRY_H

#include "net/net.h"
#include "tls/tls.h"

/* How far it has come. The three in the middle are moments before the end, each nearer to it. */
enum expiry_stage {
	EXPIRY_FAR,
	EXPIRY_SOON,
	EXPIRY_SOONER,
	EXPIRY_LAST,
	EXPIRY_GRACE, /* a CRL has expired, and counts on */
	EXPIRY_OVER,
};
/*
 * Of a certificate 30, 7 and 1 day before, but never more than a third, a sixth and a twelfth of
 * its life; of a CRL, whose life is its maker's choice, when a quarter, a tenth, a fortieth is
 * left.
 */
enum expiry_stage expiry_stage(const struct end *end, long long crl_grace_s, time_t now);
/* When the next stage begins; 0: never. */
time_t expiry_next(const struct end *end, long long crl_grace_s, time_t now);

/* What is said of it then, without names: "a CRL ends in 2 days, and then ..."; the caller's. */
char *expiry_sentence(
	const struct end *end, enum expiry_stage stage, long long crl_grace_s, time_t now);

struct expiry;
/* `log` must outlive it. */
struct expiry *expiry_new(struct net_loop *loop, const struct log *log, long long crl_grace_s);
/* What is relied on now. Says what is to be said of it, and from now on when something comes near.
 */
void expiry_watch(struct expiry *expiry, const struct tls_context *context);
/* Accepts NULL. */
void expiry_free(struct expiry *expiry);
OWN_DEFINE(expiry, struct expiry, expiry_free);

#endif
