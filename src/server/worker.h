/*
 * A worker: one thread with its own loop, listeners and connections. It shares with the others what
 * is read-only, and takes orders, new snapshots and the store's answers through a wake.
 */
#ifndef MTLS_SERVER_WORKER_H
#define MTLS_SERVER_WORKER_H

#include "server/access.h"
#include "server/counts.h"
#include "server/rate.h"
#include "server/routes.h"
#include "server/server.h"
#include "server/snapshot.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

struct connection;

#define LISTENERS_MAX 16

/* What is not told yet of those who were sent away: a line a second for each reason. */
struct unsaid {
	unsigned long long closed;
	char why[NET_HOST_BYTES + 64];
	struct net_peer peer; /* the last one */
};

/* What all workers share. Read-only once they run, but for the atomic numbers. */
struct settings {
	struct server_limits limits;
	struct log log;
	bool log_failed_only, log_transcripts;
	struct access *access; /* NULL: none */
	bool timed;            /* somebody wants to know how long things take */
	atomic_llong open;     /* connections of all workers */
	sem_t switched;        /* posted whenever a worker has taken a snapshot */
	struct rate *rate;     /* of handshakes, by address; NULL: as they come */
	atomic_int accepting;  /* workers that listen */
	bool stopping;         /* the signal to stop has come; the control thread's */
	/* Written before the order to drain: the signal, and how many connections were open. */
	int stopped_by;
	long long stopped_open;
};

enum order {
	ORDER_DRAIN = 1, /* accept nobody, answer what is in flight, end */
	ORDER_CUT = 2,   /* end now */
};

/* One thread's part. What stands behind `next` is for other threads too. */
struct worker {
	struct settings *settings;
	size_t number;          /* among the workers */
	struct request_ids ids; /* if there is an access log */
	struct net_loop *loop;
	struct net_wake *store_wake;   /* the store has answers for us */
	struct net_timer *store_timer; /* or has none, for too long */
	struct store_port *store;
	struct routes *routes;
	struct snapshot *snapshot; /* the current one */
	struct net_listener *listeners[LISTENERS_MAX];
	size_t listeners_count;
	struct connection *connections; /* a list, newest first */
	struct connection *judging;     /* the next to be judged after a reload; NULL: all were */
	struct net_timer *judge_timer;
	long long connections_count;
	struct connection *settling,
		*settling_last; /* had an event in this turn; see connection.h */
	size_t settling_count;
	bool draining;
	struct buffer piece;           /* where an answer's next bytes are put together */
	struct buffer line;            /* the same for a line of the log */
	char record[TLS_RECORD_BYTES]; /* what was decrypted last */
	struct counts counts;
	struct unsaid unsaid[SHED_KINDS];
	struct net_timer *shed_timer; /* until the next such line */
	bool shed_waits;
	pthread_t thread;
	bool started;
	struct net_wake *wake;
	_Atomic(struct snapshot *) next; /* to become the current one; NULL: none */
	atomic_ullong taken;             /* the number of the snapshot that it has */
	atomic_uint orders;
	atomic_bool ended;
	struct net_wake *ended_wake; /* to be woken when it has ended */
};

/* Its loop, so that it can listen; whoever comes waits until worker_start. */
must_check bool worker_init(
	struct worker *worker, size_t number, struct settings *settings, struct error *reterr);
/* All else, before its thread runs. `files` may be NULL; `snapshot` gets one more owner. */
void worker_equip(struct worker *worker, struct store *store, const struct files *files,
	struct snapshot *snapshot);
/* Listens on an address, or where the first worker does already. */
must_check bool worker_listen(struct worker *worker, const struct net_address *address,
	const struct net_listener *beside, struct error *reterr);
/* Listens on a socket that we were given, and takes it. */
must_check bool worker_take(struct worker *worker, int fd, struct error *reterr);
/* Runs it on a thread of its own, which wakes `ended` at its end. ERROR_IO when there is none. */
must_check bool worker_start(struct worker *worker, struct net_wake *ended, struct error *reterr);
/* From any thread: an order, and a snapshot that it gets a hold of. */
void worker_order(struct worker *worker, enum order order);
void worker_offer(struct worker *worker, struct snapshot *snapshot);
/* Whether that one, or a later one, is in force, or the worker serves nobody. */
bool worker_has_taken(const struct worker *worker, unsigned long long number);
/* Waits until its thread has ended, if it was started. */
void worker_join(struct worker *worker);
/* That, and frees what it was made of; the memory itself is the caller's. */
void worker_done(struct worker *worker);

#endif
