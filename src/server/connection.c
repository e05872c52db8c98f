/*
 * One connection: TLS handshake, then requests one after the other, each answered before the next
 * is looked at, then an end that lets the peer read our last words.
 *
 * Every entry (bytes, end, drained, timer, answer) runs between enter and leave, so that whatever
 * closes the connection half-way, its memory lives until the outermost entry returns.
 */
#include "server/connection.h"

#include "server/host.h"
#include "server/record.h"

/* After our last word: what the peer may still send before we close (an immediate close would
 * reset the connection, and the peer would lose the alert that it has not read yet). */
#define LINGER_BYTES_MAX ((size_t)64 << 10)
#define LINGER_MS_MAX 1000
/* While draining: what a client that has just connected gets to send its first request. */
#define FIRST_REQUEST_MS_MAX 1000
/* A body is sent in pieces of this size, and others get their turn after so many bytes. */
#define PIECE_BYTES ((size_t)64 << 10)
#define TURN_BYTES ((size_t)1 << 20)
#define RECORD_BYTES ((size_t)16 << 10)

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
	DEADLINE_SEND,
	DEADLINE_LINGER,
	DEADLINE_TURN, /* none: it is our own turn again */
};

struct connection {
	struct worker *worker;
	struct connection *previous, *next;
	struct net_stream *stream;
	struct net_timer *timer;
	struct tls_connection *tls;
	struct h1 *h1;       /* NULL until the handshake is done */
	struct buffer plain; /* decrypted, not yet parsed */
	struct exchange *exchange;
	struct http_response *response; /* on its way */
	enum stage stage;
	enum deadline deadline;
	unsigned entered;
	bool head_sent, keep_alive, peer_ended, heard;
	size_t lingered, turn_bytes;
	unsigned long long requests, deadline_requests;
};

static void work(struct connection *connection);

/* ---- Life ---- */

static void destroy(struct connection *connection)
{
	exchange_free(connection->exchange);
	http_response_free(connection->response);
	h1_free(connection->h1);
	tls_connection_free(connection->tls);
	buffer_done(&connection->plain);
	free(connection);
}

static void enter(struct connection *connection)
{
	connection->entered++;
}

static void leave(struct connection *connection)
{
	if (--connection->entered == 0 && connection->stage == STAGE_CLOSED)
		destroy(connection);
}

static void close_now(struct connection *connection)
{
	struct worker *worker = connection->worker;
	if (connection->stage == STAGE_CLOSED)
		return;
	connection->stage = STAGE_CLOSED;
	net_stream_close(connection->stream);
	net_timer_free(connection->timer);
	if (connection->previous)
		connection->previous->next = connection->next;
	else
		worker->connections = connection->next;
	if (connection->next)
		connection->next->previous = connection->previous;
	worker->connections_count--;
	if (worker->draining && !worker->connections_count)
		net_loop_stop(worker->loop);
}

void connection_abort(struct connection *connection)
{
	enter(connection);
	close_now(connection);
	leave(connection);
}

struct connection *connection_next(const struct connection *connection)
{
	return connection->next;
}

static void start_deadline(struct connection *connection, enum deadline deadline, long long ms)
{
	connection->deadline = deadline;
	connection->deadline_requests = connection->requests;
	if (deadline == DEADLINE_NONE)
		net_timer_stop(connection->timer);
	else
		net_timer_start(connection->timer, (uint64_t)ms);
}

/* ---- Bytes out ---- */

static void flush(struct connection *connection)
{
	size_t count;
	struct error error;
	const void *bytes = tls_connection_output(connection->tls, &count);
	if (!count || connection->stage == STAGE_CLOSED)
		return;
	bool sent = net_stream_write(connection->stream, bytes, count, &error);
	tls_connection_sent(connection->tls, count);
	if (!sent)
		close_now(connection);
}

/* Our last words are written: the peer gets an end, and a moment to read and to leave. */
static void linger(struct connection *connection)
{
	flush(connection);
	if (connection->stage == STAGE_CLOSED)
		return;
	connection->stage = STAGE_LINGER;
	if (connection->peer_ended) {
		/* Nothing can come that would turn the close into a reset; libuv sends what waits.
		 */
		if (!net_stream_pending(connection->stream)) {
			close_now(connection);
			return;
		}
	}
	net_stream_shutdown(connection->stream);
	net_stream_resume(connection->stream);
	start_deadline(connection, DEADLINE_LINGER, LINGER_MS_MAX);
}

static void finish(struct connection *connection)
{
	if (connection->stage != STAGE_OPEN && connection->stage != STAGE_FINISHING)
		return;
	connection->stage = STAGE_FINISHING;
	flush(connection);
	if (connection->stage == STAGE_CLOSED || net_stream_pending(connection->stream))
		return; /* once more when it has drained */
	tls_connection_shutdown(connection->tls);
	linger(connection);
}

static void answered(struct connection *connection)
{
	http_response_free(TAKE(connection->response));
	exchange_free(TAKE(connection->exchange));
	if (!connection->keep_alive) {
		connection->stage = STAGE_FINISHING;
		return;
	}
	h1_next(connection->h1);
}

/* Head and first piece go in one write, as two would wait for each other's acknowledgement. */
static bool send_piece(struct connection *connection, struct error *reterr)
{
	struct buffer *piece = &connection->worker->piece;
	struct http_response *response = connection->response;
	const struct http_request *request = h1_request(connection->h1);
	bool done = true;
	piece->length = 0;
	if (!connection->head_sent) {
		connection->keep_alive &= !connection->worker->draining;
		if (!h1_write_head(
			    response, request, connection->keep_alive, time(NULL), piece, reterr))
			return false;
		connection->head_sent = true;
	}
	if (http_response_sends_body(response, request) &&
		!response_read(response, PIECE_BYTES, piece, &done, reterr))
		return false;
	if (!tls_connection_write(connection->tls, piece->data, piece->length, reterr))
		return false;
	connection->turn_bytes += piece->length;
	if (done)
		answered(connection);
	return true;
}

/* ---- Requests ---- */

static void use_answer(
	struct connection *connection, const char *refusal, struct http_response *response)
{
	struct worker *worker = connection->worker;
	connection->response = response;
	connection->head_sent = false;
	connection->requests++;
	worker->counts.requests++;
	record_request(worker, &(struct record_request){
				       .peer = net_stream_peer(connection->stream),
				       .identity = tls_connection_identity(connection->tls),
				       .request = h1_request(connection->h1),
				       .exchange = connection->exchange,
				       .refusal = refusal,
				       .status = response->status,
			       });
}

static void got_answer(void *context, struct exchange *exchange, struct http_response *response)
{
	struct connection *connection = context;
	(void)exchange;
	bool later = !connection->entered;
	enter(connection);
	use_answer(connection, NULL, response);
	if (later)
		work(connection);
	leave(connection);
}

/* No request, or none that may go on: the answer is the connection's last. */
static void refuse(struct connection *connection, int status, const char *why)
{
	connection->keep_alive = false;
	use_answer(connection, why, http_response_error(status, "%s", why));
}

static void answer_request(struct connection *connection)
{
	const struct http_request *request = h1_request(connection->h1);
	const struct tls_outcome *outcome = tls_connection_outcome(connection->tls);
	connection->keep_alive = request->keep_alive;
	if (!host_is_server_name(request->authority, outcome->sni)) {
		const char *why = "the request's host is not the name that the connection is for";
		use_answer(connection, why, http_response_error(421, "%s", why));
		return;
	}
	const struct exchange_facts facts = {
		.request = request,
		.identity = tls_connection_identity(connection->tls),
		.tls = outcome,
	};
	connection->exchange =
		exchange_new(connection->worker->settings->routes, &facts, got_answer, connection);
	exchange_run(connection->exchange);
}

/* Parses up to the end of one request; returns how many bytes that took. */
static size_t parse(struct connection *connection, const char *bytes, size_t count)
{
	struct error error;
	const char *why;
	size_t used = 0;
	switch (h1_input(connection->h1, bytes, count, &used)) {
	case H1_MORE:
		break;
	case H1_CONTINUE:
		if (!tls_connection_write(
			    connection->tls, H1_CONTINUE_LINE, strlen(H1_CONTINUE_LINE), &error))
			close_now(connection);
		break;
	case H1_REQUEST:
		answer_request(connection);
		break;
	case H1_REFUSED: {
		int status = h1_refusal(connection->h1, &why);
		refuse(connection, status, why);
		break;
	}
	}
	return used;
}

/* Decrypts and parses one record's bytes; false when there are none, or no more. */
static bool read_record(struct connection *connection)
{
	char bytes[RECORD_BYTES];
	size_t count = 0;
	struct error error;
	switch (tls_connection_read(connection->tls, bytes, sizeof bytes, &count, &error)) {
	case TLS_READY: {
		size_t used = parse(connection, bytes, count);
		if (used < count &&
			!buffer_append(&connection->plain, bytes + used, count - used, &error))
			bug("one record does not fit: %s", error.text);
		return true;
	}
	case TLS_WANT_INPUT:
		break;
	case TLS_CLOSED:
		connection->peer_ended = true;
		break;
	case TLS_FAILED:
		record_broken(connection->worker, net_stream_peer(connection->stream), &error);
		linger(connection);
		break;
	}
	return false;
}

/* One step; false when the next one has to wait for the peer, the socket or the store. */
static bool step(struct connection *connection)
{
	struct error error;
	if (connection->response) {
		if (!send_piece(connection, &error)) {
			record_broken(
				connection->worker, net_stream_peer(connection->stream), &error);
			close_now(connection);
			return false;
		}
		size_t waiting;
		tls_connection_output(connection->tls, &waiting);
		if (waiting < PIECE_BYTES)
			return true;
		flush(connection);
		return connection->stage != STAGE_CLOSED &&
		       !net_stream_pending(connection->stream) &&
		       connection->turn_bytes < TURN_BYTES;
	}
	if (connection->exchange)
		return false;
	if (!connection->plain.length)
		return !connection->peer_ended && read_record(connection);
	buffer_consume(&connection->plain,
		parse(connection, connection->plain.data, connection->plain.length));
	if (!connection->plain.length)
		buffer_done(&connection->plain);
	return true;
}

/* ---- Between two events ---- */

static void settle_deadline(struct connection *connection)
{
	const struct server_limits *limits = &connection->worker->settings->limits;
	enum deadline deadline = DEADLINE_IDLE;
	long long ms = limits->idle_ms_max;
	if (net_stream_pending(connection->stream)) {
		start_deadline(connection, DEADLINE_SEND, limits->send_ms_max);
		return;
	}
	if (connection->response) {
		start_deadline(connection, DEADLINE_TURN, 0);
		return;
	}
	if (connection->exchange) {
		start_deadline(connection, DEADLINE_NONE, 0);
		return;
	}
	if (h1_stage(connection->h1) == H1_HEAD) {
		deadline = DEADLINE_HEAD;
		ms = limits->header_ms_max;
	} else if (h1_stage(connection->h1) == H1_BODY) {
		deadline = DEADLINE_BODY;
		ms = limits->body_ms_max;
	} else if (connection->worker->draining) {
		ms = FIRST_REQUEST_MS_MAX;
	}
	/* One deadline runs on while it lasts: a byte now and then buys no more time. */
	if (deadline != connection->deadline ||
		connection->requests != connection->deadline_requests)
		start_deadline(connection, deadline, ms);
}

static bool is_idle(const struct connection *connection)
{
	return !connection->response && !connection->exchange && !connection->plain.length &&
	       h1_stage(connection->h1) == H1_IDLE;
}

static void settle(struct connection *connection)
{
	flush(connection);
	if (connection->stage == STAGE_OPEN && !connection->response && !connection->exchange &&
		(connection->peer_ended || (connection->worker->draining && connection->requests &&
						   is_idle(connection))))
		connection->stage = STAGE_FINISHING;
	if (connection->stage == STAGE_FINISHING)
		finish(connection);
	if (connection->stage == STAGE_FINISHING)
		start_deadline(connection, DEADLINE_SEND,
			connection->worker->settings->limits.send_ms_max);
	if (connection->stage != STAGE_OPEN && connection->stage != STAGE_FINISHING)
		return;
	if (connection->stage == STAGE_FINISHING || connection->response || connection->exchange ||
		net_stream_pending(connection->stream))
		net_stream_pause(connection->stream);
	else
		net_stream_resume(connection->stream);
	if (connection->stage == STAGE_OPEN)
		settle_deadline(connection);
}

static void work(struct connection *connection)
{
	connection->turn_bytes = 0;
	while (connection->stage == STAGE_OPEN && !net_stream_pending(connection->stream) &&
		step(connection)) {
	}
	settle(connection);
}

/* ---- Events ---- */

static const char plain_http_answer[] =
	"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n"
	"Content-Length: 42\r\n\r\nThis port speaks TLS only: use https://.\r\n";

static void handshake_failed(struct connection *connection, const struct error *why)
{
	struct error ignored;
	record_failure(connection->worker, net_stream_peer(connection->stream),
		tls_connection_outcome(connection->tls), why);
	/* No alert can reach who speaks no TLS; a browser shows this instead. */
	if (why->code == CODE_PLAIN_HTTP && !net_stream_write(connection->stream, plain_http_answer,
						    sizeof plain_http_answer - 1, &ignored))
		close_now(connection);
	else
		linger(connection);
}

static void handshake_done(struct connection *connection)
{
	connection->worker->counts.handshakes++;
	connection->stage = STAGE_OPEN;
	connection->h1 = h1_new(&connection->worker->settings->limits.http);
	work(connection);
}

static void got_bytes(void *context, const void *bytes, size_t count)
{
	struct connection *connection = context;
	struct error error;
	enter(connection);
	connection->heard = true;
	if (connection->stage == STAGE_LINGER) {
		connection->lingered += count;
		if (connection->lingered > LINGER_BYTES_MAX)
			close_now(connection);
	} else if (connection->stage == STAGE_HANDSHAKE || connection->stage == STAGE_OPEN) {
		enum tls_status status =
			tls_connection_input(connection->tls, bytes, count, &error);
		if (status == TLS_FAILED && connection->stage == STAGE_HANDSHAKE)
			handshake_failed(connection, &error);
		else if (status == TLS_FAILED)
			linger(connection);
		else if (connection->stage == STAGE_OPEN)
			work(connection);
		else if (tls_connection_finished(connection->tls))
			handshake_done(connection);
		else
			flush(connection);
	}
	leave(connection);
}

static void got_end(void *context, const struct error *broken)
{
	struct connection *connection = context;
	struct error error;
	enter(connection);
	connection->peer_ended = true;
	if (connection->stage == STAGE_HANDSHAKE) {
		(void)tls_connection_end(connection->tls, broken ? broken->system : 0, &error);
		record_failure(connection->worker, net_stream_peer(connection->stream),
			tls_connection_outcome(connection->tls), &error);
		close_now(connection);
	} else if (broken || connection->stage == STAGE_LINGER) {
		close_now(connection);
	} else {
		connection->keep_alive = false; /* an answer on its way still goes out */
		settle(connection);
	}
	leave(connection);
}

static void got_drained(void *context)
{
	struct connection *connection = context;
	enter(connection);
	if (connection->stage == STAGE_OPEN)
		work(connection);
	else if (connection->stage == STAGE_FINISHING)
		settle(connection);
	leave(connection);
}

static void handshake_timed_out(struct connection *connection)
{
	struct error error;
	error_code(&error, ERROR_NETWORK, CODE_HANDSHAKE_TIMEOUT,
		"the handshake was not done after %lld ms",
		connection->worker->settings->limits.handshake_ms_max);
	record_failure(connection->worker, net_stream_peer(connection->stream),
		tls_connection_outcome(connection->tls), &error);
	close_now(connection);
}

static void got_timer(void *context)
{
	struct connection *connection = context;
	enter(connection);
	switch (connection->deadline) {
	case DEADLINE_HANDSHAKE:
		handshake_timed_out(connection);
		break;
	case DEADLINE_IDLE:
		finish(connection);
		break;
	case DEADLINE_HEAD:
		refuse(connection, 408, "the request's header took too long");
		work(connection);
		break;
	case DEADLINE_BODY:
		refuse(connection, 408, "the request's body took too long");
		work(connection);
		break;
	case DEADLINE_TURN:
		work(connection);
		break;
	case DEADLINE_NONE:
	case DEADLINE_SEND:
	case DEADLINE_LINGER:
		close_now(connection);
		break;
	}
	leave(connection);
}

static const struct net_stream_events events = { got_bytes, got_end, got_drained };

void connection_open(struct worker *worker, struct net_stream *stream)
{
	struct connection *connection = calloc(1, sizeof *connection);
	if (!connection)
		bug("out of memory for a connection");
	connection->worker = worker;
	connection->stream = stream;
	connection->timer = net_timer_new(worker->loop, got_timer, connection);
	connection->tls = tls_connection_new(worker->settings->tls);
	buffer_init(&connection->plain, RECORD_BYTES);
	connection->next = worker->connections;
	if (connection->next)
		connection->next->previous = connection;
	worker->connections = connection;
	worker->connections_count++;
	worker->counts.connections++;
	start_deadline(connection, DEADLINE_HANDSHAKE, worker->settings->limits.handshake_ms_max);
	net_stream_start(stream, &events, connection);
}

void connection_drain(struct connection *connection)
{
	enter(connection);
	if (connection->stage == STAGE_HANDSHAKE && !connection->heard) {
		close_now(connection);
	} else if (connection->stage == STAGE_OPEN) {
		connection->deadline = DEADLINE_NONE; /* the deadlines of draining are shorter */
		settle(connection);
	}
	leave(connection);
}
