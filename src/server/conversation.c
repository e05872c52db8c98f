/* A conversation in HTTP/1: decrypt, parse, ask a handler, send its answer, then the next. */
#include "server/ask.h"

static void answered(struct connection *connection)
{
	http_response_free(TAKE(connection->response));
	exchange_free(TAKE(connection->exchange));
	if (!connection->keep_alive) {
		connection->stage = STAGE_FINISHING;
		return;
	}
	h1_free(TAKE(connection->h1)); /* a client that asks nothing needs no parser */
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
	const char *lent = NULL;
	size_t lent_count = 0;
	if (http_response_sends_body(response, request)) {
		lent_count = response_lend(response, PIECE_BYTES, &lent, &done);
		if (!lent_count && !response_read(response, PIECE_BYTES, piece, &done, reterr))
			return false;
	}
	if (!tls_connection_write(connection->tls, piece->data, piece->length, reterr) ||
		!tls_connection_write(connection->tls, lent, lent_count, reterr))
		return false;
	connection->turn_bytes += piece->length + lent_count;
	if (done)
		answered(connection);
	return true;
}

static void use_answer(struct connection *connection, const struct record_refusal *refusal,
	struct http_response *response)
{
	connection->response = response;
	connection->head_sent = false;
	ask_record(connection, h1_request(connection->h1), connection->exchange, refusal, response);
}

static void got_answer(void *context, struct exchange *exchange, struct http_response *response)
{
	struct connection *connection = context;
	(void)exchange;
	bool later = !connection->entered;
	connection_enter(connection);
	use_answer(connection, NULL, response);
	if (later)
		connection_work(connection);
	connection_leave(connection);
}

static void refuse(struct connection *connection, int status, const char *why)
{
	const struct record_refusal refusal = ask_refusal(why);
	connection->keep_alive = false;
	use_answer(connection, &refusal, http_response_error(status, "%s", why));
}

static void answer_request(struct connection *connection)
{
	const struct http_request *request = h1_request(connection->h1);
	struct record_refusal why;
	connection->keep_alive = request->keep_alive;
	struct http_response *refusal = ask_check(connection, request, &why);
	if (refusal) {
		use_answer(connection, &why, refusal);
		return;
	}
	connection->exchange = ask_new(connection, request, got_answer, connection);
	exchange_run(connection->exchange);
}

/* Parses up to the end of one request; returns how many bytes that took. */
static size_t parse(struct connection *connection, const char *bytes, size_t count)
{
	ERROR_UNFILLED struct error error;
	const char *why;
	size_t used = 0;
	if (!connection->h1)
		connection->h1 = h1_new(&connection->worker->settings->limits.http);
	switch (h1_input(connection->h1, bytes, count, &used)) {
	case H1_MORE:
		break;
	case H1_CONTINUE:
		if (!tls_connection_write(
			    connection->tls, H1_CONTINUE_LINE, strlen(H1_CONTINUE_LINE), &error))
			connection_close(connection);
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
	const char *bytes = connection->worker->record;
	size_t count = 0;
	ERROR_UNFILLED struct error error;
	if (!connection_read(connection, &count))
		return false;
	size_t used = parse(connection, bytes, count);
	if (used < count && !buffer_append(&connection->plain, bytes + used, count - used, &error))
		bug("one record does not fit: %s", error.text);
	return true;
}

static bool step(struct connection *connection)
{
	ERROR_UNFILLED struct error error;
	if (connection->response) {
		if (!send_piece(connection, &error)) {
			record_broken(
				connection->worker, net_stream_peer(connection->stream), &error);
			connection_close(connection);
			return false;
		}
		return connection_may_go_on(connection);
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

/* ---- What the connection asks ---- */

static void start(struct connection *connection)
{
	buffer_init(&connection->plain, TLS_RECORD_BYTES);
}

static void free_all(struct connection *connection)
{
	exchange_free(connection->exchange);
	http_response_free(connection->response);
	h1_free(connection->h1);
	buffer_done(&connection->plain);
}

/*
 * Whether this turn ended because others wait, not because there is nothing left to do: requests
 * that were pipelined may lie in `plain` or still encrypted, and no event of the peer will come.
 */
static bool has_more(const struct connection *connection)
{
	return connection->response || connection->turn_bytes >= TURN_BYTES;
}

static bool is_busy(const struct connection *connection)
{
	return has_more(connection) || connection->exchange;
}

static enum h1_stage stage(const struct connection *connection)
{
	return connection->h1 ? h1_stage(connection->h1) : H1_IDLE;
}

static enum deadline deadline(const struct connection *connection, long long *ret_ms)
{
	const struct server_limits *limits = &connection->worker->settings->limits;
	*ret_ms = 0;
	if (has_more(connection))
		return DEADLINE_TURN;
	if (connection->exchange)
		return DEADLINE_NONE;
	switch (stage(connection)) {
	case H1_HEAD:
		*ret_ms = limits->header_ms_max;
		return DEADLINE_HEAD;
	case H1_BODY:
		*ret_ms = limits->body_ms_max;
		return DEADLINE_BODY;
	default:
		*ret_ms = limits->idle_ms_max;
		return DEADLINE_IDLE;
	}
}

static bool is_over(const struct connection *connection)
{
	if (is_busy(connection) || connection->plain.length)
		return false;
	return connection->peer_ended || (connection->worker->draining && connection->requests &&
						 stage(connection) == H1_IDLE);
}

static void timed_out(struct connection *connection)
{
	refuse(connection, 408,
		connection->deadline == DEADLINE_HEAD ? "the request's header took too long"
						      : "the request's body took too long");
}

const struct protocol conversation_h1 = {
	.start = start,
	.free = free_all,
	.step = step,
	.is_busy = is_busy,
	.deadline = deadline,
	.is_over = is_over,
	.timed_out = timed_out,
};
