/* What the files of this room share: one thread's loop and connections. */
#ifndef MTLS_BENCH_WORKER_H
#define MTLS_BENCH_WORKER_H

#include "bench/bench.h"

#include "http/http.h"

struct worker;

#define READ_BYTES ((size_t)16 << 10)

enum slot_state {
	SLOT_CLOSED,    /* no connection */
	SLOT_HANDSHAKE, /* from connect to the end of the handshake */
	SLOT_FREE,      /* connected, nothing asked */
	SLOT_ASKED,     /* a request is on its way */
	SLOT_PAUSED,    /* after a failure, until the next tick */
};

/* One connection at a time, and what is asked on it. */
struct slot {
	struct worker *worker;
	enum slot_state state;
	size_t certificate;
	struct net_stream *stream;
	struct tls_connection *tls;
	struct tls_session *session;
	struct h1_answers *answers;
	struct h2_client *h2;   /* of this connection; NULL: HTTP/1.1 */
	size_t streams;         /* requests on it that wait for their answers */
	bool reading;           /* within its input: what is asked goes out behind it */
	bool operating;         /* an operation is under way; over HTTP/2: at least one */
	bool warming;           /* it only fetches the session that the next ones offer */
	uint64_t due_ns;        /* when it was due; over HTTP/2: the last time that it got on */
	uint64_t connecting_ns; /* when its connection began */
};

/* What all threads share; made before them. */
struct shared {
	const struct bench_options *options;
	struct tls_context **contexts; /* one a certificate; one without any */
	size_t contexts_count;
	struct net_target *target;
	atomic_bool stop;
	atomic_uint_fast64_t done, failed; /* for progress and `count` */
	atomic_uint_fast64_t started;      /* operations begun, when there is a count */
};

struct worker {
	struct shared *shared;
	struct net_loop *loop;
	struct net_timer *tick;
	struct slot *slots;
	size_t slots_count;
	size_t opening;    /* idle mode: the next slot to be connected */
	size_t connecting; /* handshakes under way */
	bool handing_out;  /* slots are being given work; who ends at once must not do so too */
	uint64_t start_ns, end_ns;
	double rate;         /* this thread's share */
	uint64_t dispatched; /* with a rate: operations begun */
	struct buffer piece; /* where the next bytes of HTTP/2 are put together */
	bool probing;        /* one operation a slot, and an error ends it */
	size_t probes_left;
	struct bench_result *result;
	/* READ_BYTES of what was decrypted last. As a variable of the thread each of a server's
	 * threads would have them too, and wipe them when it begins. */
	char *bytes;
};

/* Runs until the time is over, the count is reached or `stop` is set. */
void worker_run(struct worker *worker);

/* ---- slot.c ---- */

/* Begins an operation that was due at that moment. Only when slot_is_free. */
void slot_begin(struct slot *slot, uint64_t due_ns);
bool slot_is_free(const struct slot *slot);
/* Closes without a word: the time is over. */
void slot_close(struct slot *slot);
/* Releases what it still holds. */
void slot_done(struct slot *slot);

/* ---- for slot.c ---- */

/* Over HTTP/2 a connection stands: more may be asked on it at once. */
void worker_connection_stands(struct worker *worker, struct slot *slot);
/* An operation has ended, well or not: what next? */
void worker_operation_ended(struct worker *worker, struct slot *slot);
void worker_count_error(struct worker *worker, const struct error *error);

#endif
