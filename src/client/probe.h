/* One connection to the server: a handshake, perhaps a request, and all that both showed. */
#ifndef MTLS_CLIENT_PROBE_H
#define MTLS_CLIENT_PROBE_H

#include "net/net.h"
#include "tls/tls.h"

#define PROBE_RESPONSE_BYTES_MAX ((size_t)64 << 10)

/* Where to: "https://HOST[:PORT][/PATH]" or "HOST[:PORT]". */
struct target {
	struct net_address address;
	char *path; /* "/..." */
	char *name; /* "DNS:host" or "IP:address" */
	char *sni;  /* NULL for an address */
};
must_check bool target_parse(
	const char *url, const char *name, struct target *ret, struct error *reterr);
void target_done(struct target *target);
static inline void own_target(struct target *target)
{
	target_done(target);
}

struct probe {
	bool connected;
	bool finished;      /* the handshake, as far as this side knows */
	bool refused;       /* `error` says how it ended */
	unsigned ms;        /* that it took */
	int status;         /* HTTP's; 0: no answer */
	struct error error; /* kind ERROR_NONE: nothing went wrong */
	struct tls_outcome outcome;
	struct tls_peer peer;
	struct buffer response; /* escaped nowhere: for matching only */
	char address[NET_ADDRESS_BYTES];
	struct tls_session *session; /* the newest that the server gave; or NULL */
};
void probe_done(struct probe *probe);
static inline void own_probe(struct probe *probe)
{
	probe_done(probe);
}

/*
 * Connects, shakes hands and, with a `path`, sends a GET and reads the answer, each within ms_max.
 * False only for options that no context can be made of; what the network and the server do is in
 * `ret`.
 */
must_check bool probe_run(const struct net_places *places, const struct target *target,
	const struct tls_options *options, const char *path, unsigned ms_max, struct probe *ret,
	struct error *reterr);
/* The same, with the offer to resume the session (NULL: none) of an earlier probe. */
must_check bool probe_resume(const struct net_places *places, const struct target *target,
	const struct tls_options *options, const char *path, unsigned ms_max,
	const struct tls_session *session, struct probe *ret, struct error *reterr);

/*
 * A connection that is kept after its first request, to ask again on it when something has changed
 * meanwhile. The first line of the second request has been sent, so that it is not idle. Also
 * ERROR_NETWORK when nobody is there.
 */
struct probe_stay;
must_check bool probe_stay(const struct net_places *places, const struct target *target,
	const struct tls_options *options, unsigned ms_max, struct probe_stay **ret,
	struct error *reterr);
/* What was seen up to now; borrowed. */
const struct probe *probe_stay_seen(const struct probe_stay *stay);
/* Sends the rest of the second request, reads the answer, and hangs up. */
void probe_stay_ask(struct probe_stay *stay);
void probe_stay_free(struct probe_stay *stay);
OWN_DEFINE(probe_stay, struct probe_stay, probe_stay_free);

#endif
