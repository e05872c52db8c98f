/*
 * A conversation in HTTP/2: many requests at a time, each a stream. All that the peer sent is
 * looked at first, then the answers that are there go out together, in as few writes as fit.
 */
#include "server/ask.h"

/* While answers of that many bytes wait in memory, no further request is looked at. */
#define ANSWER_BYTES_MAX ((size_t)4 << 20)

static void answer(struct connection *connection, struct h2_stream *stream,
	const struct exchange *exchange, const struct record_refusal *refusal,
	struct http_response *response)
{
	ask_record(connection, stream->request, exchange, refusal, response);
	h2_answer(connection->h2, stream, response, time(NULL));
	if (connection->worker->draining || !connection->keep_alive)
		h2_drain(connection->h2);
}

static void let_go(struct connection *connection, struct h2_stream *stream)
{
	if (!stream->work)
		return;
	exchange_free(stream->work);
	stream->work = NULL;
	connection->asked--;
}

static void got_answer(void *context, struct exchange *exchange, struct http_response *response)
{
	struct h2_stream *stream = context;
	struct connection *connection = stream->owner;
	bool later = !connection->entered;
	connection_enter(connection);
	answer(connection, stream, exchange, NULL, response);
	let_go(connection, stream);
	if (later)
		connection_work(connection);
	connection_leave(connection);
}

static void ask(struct connection *connection, struct h2_stream *stream)
{
	struct record_refusal why;
	struct http_response *refusal;
	if (stream->status) {
		why = ask_refusal(stream->text);
		refusal = http_response_error(stream->status, "%s", stream->text);
	} else {
		refusal = ask_check(connection, stream->request, &why);
	}
	if (refusal) {
		answer(connection, stream, NULL, &why, refusal);
		return;
	}
	struct exchange *exchange = ask_new(connection, stream->request, got_answer, stream);
	stream->owner = connection;
	stream->work = exchange;
	connection->asked++;
	exchange_run(exchange);
}

/* The library has answered it, with RST_STREAM; here it counts as what HTTP/1 answers. */
static void record_reset(struct connection *connection, const struct h2_stream *stream)
{
	const struct record_refusal why = ask_refusal(stream->text);
	struct http_response *unsent = http_response_new(stream->status);
	ask_record(connection, stream->request, NULL, &why, unsent);
	http_response_free(unsent);
}

static void run_events(struct connection *connection)
{
	struct h2_stream *stream;
	while (h2_answer_bytes(connection->h2) < ANSWER_BYTES_MAX &&
		(stream = h2_event(connection->h2)) != NULL) {
		if (stream->ended && stream->reset)
			record_reset(connection, stream);
		if (stream->ended)
			let_go(connection, stream);
		else
			ask(connection, stream);
	}
}

static void record_why(const struct connection *connection, const struct error *why)
{
	record_broken(connection->worker, net_stream_peer(connection->stream), why);
}

/* Encrypts what is to be sent, up to a piece; false when that was the end. */
static bool write_piece(struct connection *connection)
{
	struct buffer *piece = &connection->worker->piece;
	ERROR_UNFILLED struct error error;
	piece->length = 0;
	bool goes_on = h2_output(connection->h2, PIECE_BYTES, clock_monotonic_ms(), piece, &error);
	if (!goes_on) {
		record_why(connection, &error);
		connection->stage = STAGE_FINISHING;
	}
	if (!tls_connection_write(connection->tls, piece->data, piece->length, &error)) {
		record_why(connection, &error);
		connection_close(connection);
		return false;
	}
	connection->turn_bytes += piece->length;
	if (goes_on)
		run_events(connection);
	return goes_on;
}

/* Decrypts one record's bytes; false when there are none, or no more. */
static bool read_record(struct connection *connection)
{
	const char *bytes = connection->worker->record;
	size_t count = 0;
	if (!connection_read(connection, &count))
		return false;
	if (!h2_input(connection->h2, bytes, count, clock_monotonic_ms()))
		return write_piece(connection);
	run_events(connection);
	return true;
}

static bool step(struct connection *connection)
{
	if (!connection->peer_ended && read_record(connection))
		return true;
	return connection->stage == STAGE_OPEN && h2_has_output(connection->h2) &&
	       write_piece(connection) && connection_may_go_on(connection);
}

/* ---- What the connection asks ---- */

static void start(struct connection *connection)
{
	connection->keep_alive = true;
	connection->h2 = h2_new(&connection->worker->settings->limits.http, response_read);
}

static void free_all(struct connection *connection)
{
	for (struct h2_stream *stream = NULL; (stream = h2_open(connection->h2, stream)) != NULL;)
		let_go(connection, stream);
	h2_free(connection->h2);
}

static bool has_more(const struct connection *connection)
{
	return connection->turn_bytes >= TURN_BYTES || h2_has_output(connection->h2);
}

struct due {
	bool is;
	long long ms; /* from now on */
};

static void sooner(struct due *due, bool waits, uint64_t since_ms, long long ms_max, uint64_t now)
{
	long long ms = ms_max - (long long)(now - since_ms);
	if (ms < 0)
		ms = 0;
	if (waits && (!due->is || ms < due->ms))
		*due = (struct due){ true, ms };
}

static enum deadline deadline(const struct connection *connection, long long *ret_ms)
{
	const struct server_limits *limits = &connection->worker->settings->limits;
	struct h2_waiting waiting;
	struct due due = { false, 0 };
	*ret_ms = 0;
	if (has_more(connection))
		return DEADLINE_TURN;
	h2_waiting(connection->h2, &waiting);
	if (waiting.head || waiting.body || waiting.window) {
		uint64_t now = clock_monotonic_ms();
		sooner(&due, waiting.head, waiting.head_ms, limits->header_ms_max, now);
		sooner(&due, waiting.body, waiting.body_ms, limits->body_ms_max, now);
		sooner(&due, waiting.window, waiting.window_ms, limits->send_ms_max, now);
		*ret_ms = due.ms;
		return DEADLINE_STREAMS;
	}
	*ret_ms = limits->idle_ms_max;
	return connection->asked ? DEADLINE_NONE : DEADLINE_IDLE;
}

static bool is_over(const struct connection *connection)
{
	if (connection->asked || has_more(connection))
		return false;
	return connection->peer_ended || h2_is_over(connection->h2);
}

static void timed_out(struct connection *connection)
{
	const struct server_limits *limits = &connection->worker->settings->limits;
	struct h2_waiting waiting;
	struct due head = { false, 0 }, window = { false, 0 };
	struct error error;
	uint64_t now = clock_monotonic_ms();
	h2_waiting(connection->h2, &waiting);
	sooner(&head, waiting.head, waiting.head_ms, limits->header_ms_max, now);
	sooner(&window, waiting.window, waiting.window_ms, limits->send_ms_max, now);
	if ((head.is && !head.ms) || (window.is && !window.ms)) {
		/* Within a header block nothing of the connection can go on (RFC 9113 4.3). */
		error_set(&error, ERROR_NETWORK, "%s",
			head.is && !head.ms ? "the request's header took too long"
					    : "the client takes no answer");
		record_why(connection, &error);
		h2_end(connection->h2);
		if (write_piece(connection))
			connection->stage = STAGE_FINISHING;
		return;
	}
	if (now >= (uint64_t)limits->body_ms_max)
		h2_expire(connection->h2, now - (uint64_t)limits->body_ms_max);
	run_events(connection);
}

static void drain(struct connection *connection)
{
	h2_drain(connection->h2);
	if (write_piece(connection))
		connection_flush(connection);
}

static void end(struct connection *connection)
{
	h2_end(connection->h2);
	if (write_piece(connection))
		connection_flush(connection);
}

const struct protocol conversation_h2 = {
	.start = start,
	.free = free_all,
	.step = step,
	.deadline = deadline,
	.is_over = is_over,
	.timed_out = timed_out,
	.drain = drain,
	.end = end,
};
