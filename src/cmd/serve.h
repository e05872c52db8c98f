/* The options of a server: mtls serve runs with them, mtls config check looks at them. */
#ifndef MTLS_CMD_SERVE_H
#define MTLS_CMD_SERVE_H

#include "cmd/side.h"
#include "server/server.h"

/* The first is --json, of mtls config check alone; those of mtls serve begin behind it. */
extern const struct option serve_options[];

#define SERVE_LISTEN_MAX 16

struct serving {
	struct server_options options; /* points into here and into the arguments */
	struct net_address listen[SERVE_LISTEN_MAX];
	struct side side;
	struct tls_sessions *sessions;
};

/* `ret` starts as { 0 }, stays where it is, and must be released whatever comes of it. */
must_check bool serving_read(struct args *args, struct serving *ret, struct error *reterr);
void serving_done(struct serving *serving);
static inline void own_serving(struct serving *serving)
{
	serving_done(serving);
}

#endif
