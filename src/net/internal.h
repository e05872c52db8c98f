/* What the files of this room share. */
#ifndef MTLS_NET_INTERNAL_H
#define MTLS_NET_INTERNAL_H

#include "net/net.h"

#include <uv.h>

#define NET_READ_BYTES ((size_t)64 << 10)

struct net_loop {
	uv_loop_t uv;
	uv_check_t after;
	uv_prepare_t before;
	net_on_turn *turn;
	void *turn_context;
	uint64_t turn_began, turn_ms; /* as net_loop_turn_ms */
	/* One receive buffer for all: its bytes are handed on before the next are read. */
	char read_bytes[NET_READ_BYTES];
};

/* Memory for a small object of ours, zeroed; ends the program when there is none. */
void *net_allocate(size_t bytes);
/* Ends the program with libuv's own words when a call that cannot fail did. */
void net_must(int status, const char *what);
/* As error_errno, from a libuv status. */
bool net_error(struct error *reterr, int status, const char *what, const char *which);

#define NET_TARGETS_MAX 8
struct net_target {
	struct net_address address; /* as it was asked for */
	struct sockaddr_storage sockets[NET_TARGETS_MAX];
	size_t count, at; /* the one that is connected to */
};

/*
 * Listens on a bound socket of any family, which it takes in any case. Its end removes `path`, the
 * socket's own, unless that is NULL.
 */
must_check bool net_listen_open(struct net_loop *loop, int fd, const char *path,
	net_on_accept *accept, void *context, struct net_listener **ret, struct error *reterr);
/* Connects, blocking; errors as net_dial_local. */
must_check bool net_local_connect(const char *path, int *ret_fd, struct error *reterr);

/* Takes the connection that waits on `server`; NULL when it is gone already. */
struct net_stream *net_stream_accept(struct net_loop *loop, uv_stream_t *server);

#endif
