/*
 * One connection: TLS handshake, then requests one after the other, each answered before the next
 * is looked at (conversation.c), then an end that lets the peer read our last words.
 */
#include "server/connection_parts.h"

#include "server/record.h"

/* After our last word: what the peer may still send before we close (an immediate close would
 * reset the connection, and the peer would lose the alert that it has not read yet). */
#define LINGER_BYTES_MAX ((size_t)64 << 10)
#define LINGER_MS_MAX 1000
/* While draining: what a client that has just connected gets to send its first request. */
#define FIRST_REQUEST_MS_MAX 1000
/* No answer waits for more than so many others. */
#define SETTLED_AT_A_TIME 32

/* ---- Life ---- */

static void destroy(struct connection *connection)
{
	if (connection->protocol)
		connection->protocol->free(connection);
	tls_connection_free(connection->tls);
	snapshot_free(connection->snapshot);
	client_shown_free(connection->shown);
	free(connection);
}

void connection_enter(struct connection *connection)
{
	connection->entered++;
}

void connection_leave(struct connection *connection)
{
	if (--connection->entered == 0 && connection->stage == STAGE_CLOSED)
		destroy(connection);
}

static void set_deadline(struct connection *connection, enum deadline deadline)
{
	struct counts *counts = &connection->worker->counts;
	int idle = (deadline == DEADLINE_IDLE) - (connection->deadline == DEADLINE_IDLE);
	int pending =
		(deadline == DEADLINE_HANDSHAKE) - (connection->deadline == DEADLINE_HANDSHAKE);
	if (idle)
		count_move(&counts->idle, idle);
	if (pending)
		count_move(&counts->pending, pending);
	connection->deadline = deadline;
}

void connection_close(struct connection *connection)
{
	struct worker *worker = connection->worker;
	if (connection->stage == STAGE_CLOSED)
		return;
	connection->stage = STAGE_CLOSED;
	record_transcript(worker, net_stream_peer(connection->stream), connection->tls);
	log_flush();
	net_stream_close(connection->stream);
	net_timer_free(connection->timer);
	if (connection->previous)
		connection->previous->next = connection->next;
	else
		worker->connections = connection->next;
	if (connection->next)
		connection->next->previous = connection->previous;
	if (worker->judging == connection)
		worker->judging = connection->next;
	set_deadline(connection, DEADLINE_NONE); /* it is not idle any more */
	worker->connections_count--;
	atomic_fetch_sub(&worker->settings->open, 1);
	if (worker->draining && !worker->connections_count)
		net_loop_stop(worker->loop);
}

void connection_abort(struct connection *connection)
{
	connection_enter(connection);
	connection_close(connection);
	connection_leave(connection);
}

struct connection *connection_next(const struct connection *connection)
{
	return connection->next;
}

static void start_deadline(struct connection *connection, enum deadline deadline, long long ms)
{
	set_deadline(connection, deadline);
	connection->deadline_requests = connection->requests;
	if (deadline == DEADLINE_NONE)
		net_timer_stop(connection->timer);
	else
		net_timer_start(connection->timer, (uint64_t)ms);
}

/* ---- Bytes out ---- */

bool connection_read(struct connection *connection, size_t *ret_count)
{
	ERROR_UNFILLED struct error error;
	char *target = connection->worker->record;
	switch (tls_connection_read(connection->tls, target, TLS_RECORD_BYTES, ret_count, &error)) {
	case TLS_READY:
		return true;
	case TLS_WANT_INPUT:
		break;
	case TLS_CLOSED:
		connection->peer_ended = true;
		break;
	case TLS_FAILED:
		record_broken(connection->worker, net_stream_peer(connection->stream), &error);
		connection_linger(connection);
		break;
	}
	return false;
}

void connection_flush(struct connection *connection)
{
	size_t count;
	ERROR_UNFILLED struct error error;
	const void *bytes = tls_connection_output(connection->tls, &count);
	if (!count || connection->stage == STAGE_CLOSED)
		return;
	log_flush();
	bool sent = net_stream_write(connection->stream, bytes, count, &error);
	tls_connection_sent(connection->tls, count);
	if (!sent)
		connection_close(connection);
}

bool connection_may_go_on(struct connection *connection)
{
	size_t waiting;
	tls_connection_output(connection->tls, &waiting);
	if (waiting < PIECE_BYTES)
		return true;
	connection_flush(connection);
	return connection->stage != STAGE_CLOSED && !net_stream_pending(connection->stream) &&
	       connection->turn_bytes < TURN_BYTES;
}

void connection_linger(struct connection *connection)
{
	connection_flush(connection);
	if (connection->stage == STAGE_CLOSED)
		return;
	connection->stage = STAGE_LINGER;
	/* From a peer that has ended nothing can come that would turn our close into a reset. */
	if (connection->peer_ended && !net_stream_pending(connection->stream)) {
		connection_close(connection);
		return;
	}
	log_flush();
	net_stream_shutdown(connection->stream);
	net_stream_resume(connection->stream);
	start_deadline(connection, DEADLINE_LINGER, LINGER_MS_MAX);
}

static void finish(struct connection *connection)
{
	if (connection->stage != STAGE_OPEN && connection->stage != STAGE_FINISHING)
		return;
	if (connection->stage == STAGE_OPEN && connection->protocol->end)
		connection->protocol->end(connection);
	if (connection->stage != STAGE_CLOSED)
		connection->stage = STAGE_FINISHING;
	connection_flush(connection);
	if (connection->stage == STAGE_CLOSED || net_stream_pending(connection->stream))
		return; /* once more when it has drained */
	tls_connection_shutdown(connection->tls);
	connection_linger(connection);
}

/* ---- Whether it is still to be served ---- */

static bool is_busy(const struct connection *connection)
{
	return connection->protocol->is_busy && connection->protocol->is_busy(connection);
}

static bool is_idle(const struct connection *connection)
{
	long long ms;
	return connection->stage == STAGE_OPEN && !is_busy(connection) &&
	       connection->protocol->deadline(connection, &ms) == DEADLINE_IDLE;
}

void connection_judge(struct connection *connection)
{
	if (!is_idle(connection))
		return; /* its next request is judged, or its handshake */
	enum code code = connection_standing(connection);
	if (code == CODE_NONE)
		return;
	connection_enter(connection);
	record_ended(connection->worker, net_stream_peer(connection->stream),
		tls_connection_identity(connection->tls), code);
	finish(connection);
	connection_leave(connection);
}

/*
 * An idle connection's deadline: a part of the rest where its certificate has to be looked at
 * before that, since it, another of the chain or a CRL ends then.
 */
static void start_idle(struct connection *connection, long long ms)
{
	time_t left = connection->good_until - time(NULL);
	long long now = left < 0 ? 0 : ((long long)left < ms / 1000 ? (left + 1) * 1000LL : ms);
	connection->idle_ms_left = ms - now;
	start_deadline(connection, DEADLINE_IDLE, now);
}

static void idle_timed_out(struct connection *connection)
{
	connection_judge(connection); /* says so when that is why */
	if (connection->stage == STAGE_OPEN && connection->idle_ms_left && connection->judged)
		start_idle(connection, connection->idle_ms_left);
	else
		finish(connection);
}

/* ---- Between two events ---- */

static void settle_deadline(struct connection *connection)
{
	long long ms = connection->worker->settings->limits.send_ms_max;
	enum deadline deadline = DEADLINE_SEND;
	if (!net_stream_pending(connection->stream))
		deadline = connection->protocol->deadline(connection, &ms);
	if (deadline == DEADLINE_IDLE && connection->worker->draining)
		ms = FIRST_REQUEST_MS_MAX;
	/* One deadline runs on while it lasts: a byte now and then buys no more time. */
	bool lasts =
		deadline == DEADLINE_IDLE || deadline == DEADLINE_HEAD || deadline == DEADLINE_BODY;
	if (!lasts || deadline != connection->deadline ||
		connection->requests != connection->deadline_requests) {
		if (deadline == DEADLINE_IDLE)
			start_idle(connection, ms);
		else
			start_deadline(connection, deadline, ms);
	}
}

static void settle(struct connection *connection)
{
	connection_flush(connection);
	if (connection->stage == STAGE_OPEN && connection->protocol->is_over(connection))
		connection->stage = STAGE_FINISHING;
	if (connection->stage == STAGE_FINISHING)
		finish(connection);
	if (connection->stage == STAGE_FINISHING) {
		net_stream_pause(connection->stream);
		start_deadline(connection, DEADLINE_SEND,
			connection->worker->settings->limits.send_ms_max);
	} else if (connection->stage == STAGE_OPEN) {
		if (is_busy(connection) || net_stream_pending(connection->stream))
			net_stream_pause(connection->stream);
		else
			net_stream_resume(connection->stream);
		settle_deadline(connection);
	}
}

/*
 * What was answered in one turn of the loop leaves together at its end, behind one write to the
 * log: each write costs as much as the rest of a request.
 */
void connections_settle(struct worker *worker)
{
	struct connection *connection;
	while ((connection = worker->settling) != NULL) {
		worker->settling = connection->settles_next;
		worker->settling_count--;
		connection->settles = false;
		settle(connection);
		connection_leave(connection);
	}
}

static void settle_later(struct connection *connection)
{
	struct worker *worker = connection->worker;
	if (connection->settles)
		return;
	connection_enter(connection);
	connection->settles = true;
	connection->settles_next = NULL;
	*(worker->settling ? &worker->settling_last->settles_next : &worker->settling) = connection;
	worker->settling_last = connection;
	if (++worker->settling_count >= SETTLED_AT_A_TIME)
		connections_settle(worker);
}

void connection_work(struct connection *connection)
{
	connection->turn_bytes = 0;
	while (connection->stage == STAGE_OPEN && !net_stream_pending(connection->stream) &&
		connection->protocol->step(connection)) {
	}
	settle_later(connection);
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
	log_flush();
	/* No alert can reach who speaks no TLS; a browser shows this instead. */
	if (why->code == CODE_PLAIN_HTTP && !net_stream_write(connection->stream, plain_http_answer,
						    sizeof plain_http_answer - 1, &ignored))
		connection_close(connection);
	else
		connection_linger(connection);
}

static void count_handshake(struct connection *connection)
{
	struct counts *counts = &connection->worker->counts;
	const struct tls_outcome *outcome = tls_connection_outcome(connection->tls);
	counts_handshake(counts, outcome->version, outcome->resumed);
	if (!connection->worker->settings->timed)
		return;
	connection->handshake_ns = clock_monotonic_ns() - connection->accepted_ns;
	durations_count(outcome->resumed ? &counts->back : &counts->full, connection->handshake_ns);
}

static void handshake_done(struct connection *connection)
{
	size_t waiting;
	tls_connection_output(connection->tls, &waiting);
	count_handshake(connection);
	connection->stage = STAGE_OPEN;
	set_deadline(connection, DEADLINE_NONE); /* until its first request has been looked at */
	(void)connection_standing(connection);   /* when it will expire */
	bool h2 = !strcmp(tls_connection_outcome(connection->tls)->alpn, "h2");
	connection->protocol = h2 ? &conversation_h2 : &conversation_h1;
	connection->protocol->start(connection);
	connection_work(connection);
	/*
	 * On TLS 1.3 the client speaks last, and its request may wait for our acknowledgement of
	 * that: without tickets we have nothing to send that would carry it.
	 */
	if (!waiting && !connection->requests && connection->stage == STAGE_OPEN)
		net_stream_acknowledge(connection->stream);
}

static void got_bytes(void *context, const void *bytes, size_t count)
{
	struct connection *connection = context;
	ERROR_UNFILLED struct error error;
	connection_enter(connection);
	connection->heard = true;
	if (connection->stage == STAGE_LINGER) {
		connection->lingered += count;
		if (connection->lingered > LINGER_BYTES_MAX)
			connection_close(connection);
	} else if (connection->stage == STAGE_HANDSHAKE || connection->stage == STAGE_OPEN) {
		enum tls_status status =
			tls_connection_input(connection->tls, bytes, count, &error);
		if (status == TLS_FAILED && connection->stage == STAGE_HANDSHAKE)
			handshake_failed(connection, &error);
		else if (status == TLS_FAILED)
			connection_linger(connection);
		else if (connection->stage == STAGE_OPEN)
			connection_work(connection);
		else if (tls_connection_finished(connection->tls))
			handshake_done(connection);
		else
			connection_flush(connection);
	}
	connection_leave(connection);
}

static void got_end(void *context, const struct error *broken)
{
	struct connection *connection = context;
	struct error error;
	connection_enter(connection);
	connection->peer_ended = true;
	if (connection->stage == STAGE_HANDSHAKE) {
		(void)tls_connection_end(connection->tls, broken ? broken->system : 0, &error);
		record_failure(connection->worker, net_stream_peer(connection->stream),
			tls_connection_outcome(connection->tls), &error);
		connection_close(connection);
	} else if (broken || connection->stage == STAGE_LINGER) {
		connection_close(connection);
	} else {
		connection->keep_alive = false; /* an answer on its way still goes out */
		settle(connection);
	}
	connection_leave(connection);
}

static void got_drained(void *context)
{
	struct connection *connection = context;
	connection_enter(connection);
	if (connection->stage == STAGE_OPEN)
		connection_work(connection);
	else if (connection->stage == STAGE_FINISHING)
		settle(connection);
	connection_leave(connection);
}

static void handshake_timed_out(struct connection *connection)
{
	struct error error;
	error_code(&error, ERROR_NETWORK, CODE_HANDSHAKE_TIMEOUT,
		"the handshake was not done after %lld ms",
		connection->worker->settings->limits.handshake_ms_max);
	record_failure(connection->worker, net_stream_peer(connection->stream),
		tls_connection_outcome(connection->tls), &error);
	connection_close(connection);
}

static void got_timer(void *context)
{
	struct connection *connection = context;
	connection_enter(connection);
	switch (connection->deadline) {
	case DEADLINE_HANDSHAKE:
		handshake_timed_out(connection);
		break;
	case DEADLINE_IDLE:
		idle_timed_out(connection);
		break;
	case DEADLINE_HEAD:
	case DEADLINE_BODY:
	case DEADLINE_STREAMS:
		connection->protocol->timed_out(connection);
		connection_work(connection);
		break;
	case DEADLINE_TURN:
		connection_work(connection);
		break;
	case DEADLINE_NONE:
	case DEADLINE_SEND:
	case DEADLINE_LINGER:
		connection_close(connection);
		break;
	}
	connection_leave(connection);
}

static const struct net_stream_events events = { got_bytes, got_end, got_drained };

void connection_open(struct worker *worker, struct net_stream *stream)
{
	struct connection *connection = calloc(1, sizeof *connection);
	if (!connection)
		bug("out of memory for a connection");
	connection->worker = worker;
	connection->snapshot = snapshot_hold(worker->snapshot);
	connection->stream = stream;
	connection->timer = net_timer_new(worker->loop, got_timer, connection);
	connection->tls = tls_connection_new(worker->snapshot->tls);
	connection->next = worker->connections;
	if (connection->next)
		connection->next->previous = connection;
	worker->connections = connection;
	worker->connections_count++;
	count_up(&worker->counts.connections);
	if (worker->settings->timed)
		connection->accepted_ns = clock_monotonic_ns();
	start_deadline(connection, DEADLINE_HANDSHAKE, worker->settings->limits.handshake_ms_max);
	net_stream_start(stream, &events, connection);
}

void connection_drain(struct connection *connection)
{
	connection_enter(connection);
	if (connection->stage == STAGE_HANDSHAKE && !connection->heard) {
		connection_close(connection);
	} else if (connection->stage == STAGE_OPEN) {
		set_deadline(connection, DEADLINE_NONE); /* the deadlines of draining are shorter */
		if (connection->protocol->drain)
			connection->protocol->drain(connection);
		settle(connection);
	}
	connection_leave(connection);
}
