/* A connection's inside, for the files that it is made of: its life, and its conversation. */
#ifndef MTLS_SERVER_CONNECTION_PARTS_H
#define MTLS_SERVER_CONNECTION_PARTS_H

#include "server/connection.h"

/*
 * A body is sent in pieces of this size: what TLS makes of one fits a buffer of 256 KiB, and each
 * write that wakes the peer costs as much as encrypting 50 KiB. Others get their turn after so many
 * bytes.
 */
#define PIECE_BYTES ((size_t)240 << 10)
#define TURN_BYTES ((size_t)1 << 20)

enum stage {
	STAGE_HANDSHAKE,
	STAGE_OPEN,
	STAGE_FINISHING, /* no more requests; what was written is on its way */
	STAGE_LINGER,    /* all is said; waiting for the peer to leave */
	STAGE_CLOSED,
};

enum deadline {
	DEADLINE_NONE,
	DEADLINE_HANDSHAKE,
	DEADLINE_IDLE,
	DEADLINE_HEAD,
	DEADLINE_BODY,
	DEADLINE_STREAMS, /* the earliest of several streams' */
	DEADLINE_SEND,
	DEADLINE_LINGER,
	DEADLINE_TURN, /* none: it is our own turn again */
};

/*
 * What a connection asks of the HTTP version that its handshake agreed on. What belongs to one
 * version only is that version's business.
 */
struct protocol {
	void (*start)(struct connection *connection);
	void (*free)(struct connection *connection);
	/* One step; false when the next one has to wait for the peer, the socket or the store. */
	bool (*step)(struct connection *connection);
	/* Whether it reads nothing more from the peer before it has answered; NULL: it never does.
	 */
	bool (*is_busy)(const struct connection *connection);
	/* What the peer has to do next, and in how many milliseconds. */
	enum deadline (*deadline)(const struct connection *connection, long long *ret_ms);
	/* Whether nothing more is to come: the peer ends, or we do and it asks for nothing. */
	bool (*is_over)(const struct connection *connection);
	/* The deadline of a head or a body has passed. */
	void (*timed_out)(struct connection *connection);
	/* No new requests, please; what is in flight will be answered. NULL: there is no word for
	 * it, and is_over sees to those who ask nothing. */
	void (*drain)(struct connection *connection);
	/* Says goodbye: nobody asked for anything. NULL: the last answer has said it. */
	void (*end)(struct connection *connection);
};
extern const struct protocol conversation_h1, conversation_h2;

struct connection {
	struct worker *worker;
	struct snapshot *snapshot;       /* that the handshake began under */
	const struct protocol *protocol; /* NULL until the handshake is done */
	struct connection *previous, *next;
	struct net_stream *stream;
	struct client_shown *shown; /* NULL before the first request */
	struct net_timer *timer;
	struct tls_connection *tls;
	struct h2 *h2;
	unsigned asked; /* HTTP/2's exchanges whose answer is not there yet */
	/* HTTP/1's. */
	struct h1 *h1;       /* NULL between two requests */
	struct buffer plain; /* decrypted, not yet parsed */
	struct exchange *exchange;
	struct http_response *response; /* on its way */
	enum stage stage;
	enum deadline deadline;
	unsigned entered;
	bool settles; /* is among those that the worker settles in this turn: entered once for it */
	struct connection *settles_next;
	bool head_sent, keep_alive, peer_ended, heard;
	size_t lingered, turn_bytes;
	unsigned long long requests, deadline_requests;
	unsigned long long judged; /* the snapshot under which its certificate last was good */
	time_t good_until;         /* and stays so, inclusive */
	uint64_t accepted_ns, handshake_ns; /* when, and how long it took; 0: nobody asks */
	long long idle_ms_left;             /* of the idle deadline, when this part of it is over */
};

/*
 * Every entry (bytes, end, drained, timer, answer) runs between these two, so that whatever closes
 * the connection half-way, its memory lives until the outermost entry returns.
 */
void connection_enter(struct connection *connection);
void connection_leave(struct connection *connection);
void connection_close(struct connection *connection);
/*
 * CODE_NONE while the certificate that let it in is good under the worker's current snapshot; else
 * what has become of it. Cheap: it asks again after a reload, and when something has expired.
 */
enum code connection_standing(struct connection *connection);
/*
 * Decrypts up to a record's bytes into the worker's buffer. False when there are none, or no more:
 * then the peer has ended, or the connection lingers after it broke.
 */
bool connection_read(struct connection *connection, size_t *ret_count);
/* Sends what TLS has written, the log's lines first: whoever gets an answer may look for its line.
 */
void connection_flush(struct connection *connection);
/* Sends if there is a piece to send; whether this turn may write more. */
bool connection_may_go_on(struct connection *connection);
/* Our last words are written: the peer gets an end, and a moment to read and to leave. */
void connection_linger(struct connection *connection);
/* Converses as far as it goes, then waits for what comes next. */
void connection_work(struct connection *connection);

#endif
