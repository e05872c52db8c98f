/* One connection of the load: connect, handshake, ask, read the answer, and close or ask again. */
#include "bench/worker.h"

static bool keeps(const struct slot *slot)
{
	enum bench_mode mode = slot->worker->shared->options->mode;
	return (mode == BENCH_REQUESTS || mode == BENCH_IDLE) && !slot->worker->probing;
}

/* ---- The end of things ---- */

void slot_close(struct slot *slot)
{
	if (slot->state == SLOT_HANDSHAKE)
		slot->worker->connecting--;
	net_stream_close(slot->stream);
	tls_connection_free(slot->tls);
	h2_client_free(slot->h2);
	slot->stream = NULL;
	slot->tls = NULL;
	slot->h2 = NULL;
	slot->streams = 0;
	slot->state = SLOT_CLOSED;
}

void slot_done(struct slot *slot)
{
	slot_close(slot);
	tls_session_free(slot->session);
	h1_answers_free(slot->answers);
	slot->session = NULL;
	slot->answers = NULL;
}

static void flush(struct slot *slot)
{
	struct error error;
	size_t count;
	const void *bytes = tls_connection_output(slot->tls, &count);
	/* A connection that broke says so when it is read, with what the server said before. */
	bool sent = !count || net_stream_write(slot->stream, bytes, count, &error);
	(void)sent;
	tls_connection_sent(slot->tls, count);
}

static void fail(struct slot *slot, const struct error *error)
{
	struct worker *worker = slot->worker;
	/* What was asked on it has failed, all of it; a connection that carried nothing, once. */
	for (size_t lost = slot->streams ? slot->streams : 1; lost; lost--)
		worker_count_error(worker, error);
	slot_close(slot);
	slot->state = SLOT_PAUSED;
	/* What was refused may be the session's fault: the next time comes without it. */
	tls_session_free(slot->session);
	slot->session = NULL;
	slot->operating = false;
	worker_operation_ended(worker, slot);
}

static void leave(struct slot *slot)
{
	struct tls_session *newer = NULL;
	if (slot->worker->shared->options->mode == BENCH_RESUMED)
		newer = tls_connection_session(slot->tls);
	if (newer) {
		tls_session_free(slot->session);
		slot->session = newer;
	} else if (slot->warming) {
		struct error error;
		error_set(&error, ERROR_CHECK, "the server gave no session to resume");
		worker_count_error(slot->worker, &error);
	}
	tls_connection_shutdown(slot->tls);
	flush(slot);
	slot_close(slot);
}

/* A status of 400 or more is a failure, whose time counts for nothing; 0 is none at all. */
static void count_answer(struct slot *slot, int status, uint64_t due_ns)
{
	struct worker *worker = slot->worker;
	struct error error;
	if (status < BENCH_STATUSES)
		worker->result->statuses[status] += status != 0;
	if (status >= 400 || !status) {
		error_set(&error, status ? ERROR_HTTP : ERROR_NETWORK,
			status ? "the server answered HTTP %d %s"
			       : "the server reset the stream (%d)%s",
			status, http_status_text(status));
		worker_count_error(worker, &error);
	} else if (!slot->warming) {
		histogram_add(&worker->result->operations, clock_monotonic_ns() - due_ns);
		atomic_fetch_add_explicit(&worker->shared->done, 1, memory_order_relaxed);
	}
}

/* The server ended a connection on which nothing was asked. */
static void ended_idle(struct slot *slot)
{
	struct error error;
	/* It may, unless the connection was to be held; the next operation makes a new one. */
	if (slot->worker->shared->options->mode != BENCH_IDLE) {
		slot_close(slot);
		return;
	}
	error_set(&error, ERROR_NETWORK, "the server closed the connection while it was idle");
	fail(slot, &error);
}

/* Whether a goodbye came right behind the answer: nothing would tell of it later. */
static bool has_left(struct slot *slot)
{
	struct error error;
	char byte;
	size_t count;
	return tls_connection_read(slot->tls, &byte, 1, &count, &error) == TLS_CLOSED;
}

static void answered(struct slot *slot)
{
	bool stays = keeps(slot) && h1_answers_keep_alive(slot->answers) && !has_left(slot);
	count_answer(slot, h1_answers_status(slot->answers), slot->due_ns);
	slot->operating = false;
	if (stays) {
		slot->state = SLOT_FREE;
	} else if (keeps(slot) && slot->worker->shared->options->mode == BENCH_IDLE) {
		ended_idle(slot);
		return;
	} else {
		leave(slot);
	}
	worker_operation_ended(slot->worker, slot);
}

static void answered_h2(struct slot *slot, uint64_t due_ns, int status)
{
	if (status != H2_CLIENT_NOT_BEGUN) /* else the next operation takes its place */
		count_answer(slot, status, due_ns);
	slot->due_ns = clock_monotonic_ns();
	slot->streams--;
	slot->operating = slot->streams > 0;
	if (!keeps(slot) || (!slot->operating && h2_client_is_leaving(slot->h2)))
		leave(slot);
	else if (!slot->operating)
		slot->state = SLOT_FREE;
	worker_operation_ended(slot->worker, slot);
}

/* ---- Events ---- */

static void ask(struct slot *slot)
{
	const struct bench_options *options = slot->worker->shared->options;
	struct error error;
	slot->state = SLOT_ASKED;
	h1_answers_begin(slot->answers, options->head);
	if (!tls_connection_write(slot->tls, options->request, options->request_bytes, &error))
		fail(slot, &error);
	else
		flush(slot);
}

/* Encrypts and sends what HTTP/2 has to say. */
static void flush_h2(struct slot *slot)
{
	struct buffer *piece = &slot->worker->piece;
	struct error error;
	piece->length = 0;
	if (!h2_client_output(slot->h2, piece, &error) ||
		!tls_connection_write(slot->tls, piece->data, piece->length, &error))
		fail(slot, &error);
	else
		flush(slot);
}

/* The tag of a stream is when it was due. */
static void ask_h2(struct slot *slot, uint64_t due_ns)
{
	struct error error;
	slot->state = SLOT_ASKED;
	slot->operating = true;
	slot->streams++;
	if (!h2_client_ask(slot->h2, slot->worker->shared->options->question, due_ns, &error))
		fail(slot, &error);
	else if (!slot->reading)
		flush_h2(slot);
}

static bool agreed_on_h2(struct slot *slot)
{
	struct error error;
	if (!strcmp(tls_connection_outcome(slot->tls)->alpn, "h2"))
		return true;
	error_set(&error, ERROR_CHECK, "the server does not speak HTTP/2");
	fail(slot, &error);
	return false;
}

static void greeted(struct slot *slot)
{
	struct worker *worker = slot->worker;
	bool h2 = worker->shared->options->question != NULL;
	if (!slot->warming) {
		histogram_add(
			&worker->result->handshakes, clock_monotonic_ns() - slot->connecting_ns);
		worker->result->resumed += tls_connection_outcome(slot->tls)->resumed;
	}
	worker->connecting--;
	slot->state = SLOT_FREE;
	if (h2 && !agreed_on_h2(slot))
		return;
	if (!h2) {
		if (slot->operating)
			ask(slot);
		return;
	}
	slot->h2 = h2_client_new();
	slot->reading = true;
	if (slot->operating)
		ask_h2(slot, slot->due_ns);
	worker_connection_stands(worker, slot);
	slot->reading = false;
	if (slot->h2)
		flush_h2(slot);
}

/* Reads what is decrypted; false when the connection is gone or has failed. */
static bool read_h2(struct slot *slot, const void *bytes, size_t count)
{
	const struct h2_client *h2 = slot->h2;
	struct error error;
	uint64_t due_ns;
	int status;
	bool goes_on = h2_client_input(slot->h2, bytes, count, &error);
	while (slot->h2 == h2 && h2_client_answer(slot->h2, &due_ns, &status))
		answered_h2(slot, due_ns, status);
	if (slot->h2 != h2)
		return false;
	if (!goes_on)
		fail(slot, &error);
	else if (!slot->streams && h2_client_is_leaving(slot->h2))
		ended_idle(slot);
	return slot->h2 == h2;
}

/* Reads what is decrypted; false when the slot has gone on to something else. */
static bool read_answer(struct slot *slot)
{
	struct error error;
	size_t count, used;
	char *bytes = slot->worker->bytes;
	for (;;) {
		enum tls_status status =
			tls_connection_read(slot->tls, bytes, READ_BYTES, &count, &error);
		if (status == TLS_WANT_INPUT)
			return true;
		if (status == TLS_FAILED) {
			fail(slot, &error);
			return false;
		}
		bool ended = status == TLS_CLOSED;
		if (!ended)
			slot->worker->result->received_bytes += count;
		if (slot->h2 && !ended) {
			if (!read_h2(slot, bytes, count))
				return false;
			continue;
		}
		if (slot->state != SLOT_ASKED && !ended)
			continue; /* nobody asked: a server's own idea, and no answer of ours */
		if (slot->state != SLOT_ASKED) {
			ended_idle(slot);
			return false;
		}
		enum h1_answer_event event =
			ended ? h1_answers_end(slot->answers)
			      : h1_answers_input(slot->answers, bytes, count, &used);
		if (event == H1_ANSWER_MORE)
			continue;
		if (event == H1_ANSWER_DONE) {
			answered(slot);
			return false;
		}
		error_set(&error, ERROR_NETWORK,
			ended ? "the server closed the connection before its answer was complete"
			      : "the server's answer is no HTTP/1.1");
		fail(slot, &error);
		return false;
	}
}

static void got_bytes(void *context, const void *bytes, size_t count)
{
	struct slot *slot = context;
	struct error error;
	enum tls_status status = tls_connection_input(slot->tls, bytes, count, &error);
	if (status == TLS_FAILED) {
		flush(slot); /* our alert */
		fail(slot, &error);
		return;
	}
	if (slot->state == SLOT_HANDSHAKE && tls_connection_finished(slot->tls))
		greeted(slot);
	if (slot->state == SLOT_HANDSHAKE)
		flush(slot);
	else if (slot->state == SLOT_ASKED || slot->state == SLOT_FREE) {
		const struct tls_connection *tls = slot->tls;
		slot->reading = true;
		read_answer(slot);
		slot->reading = false;
		if (slot->h2 && slot->tls == tls)
			flush_h2(slot);
	}
}

static void got_end(void *context, const struct error *broken)
{
	struct slot *slot = context;
	struct error error;
	if (slot->state == SLOT_ASKED && !broken &&
		h1_answers_end(slot->answers) == H1_ANSWER_DONE) {
		answered(slot);
		return;
	}
	bool held = slot->worker->shared->options->mode == BENCH_IDLE;
	if (slot->state == SLOT_FREE && !(held && broken)) {
		ended_idle(slot);
		return;
	}
	if (tls_connection_end(slot->tls, broken ? broken->system : 0, &error) != TLS_FAILED)
		error_set(&error, ERROR_NETWORK,
			"the server closed the connection without an answer");
	fail(slot, &error);
}

static void got_drained(void *context)
{
	(void)context; /* requests are small: libuv sends the rest of one by itself */
}

static const struct net_stream_events events = { got_bytes, got_end, got_drained };

static void connected(void *context, const struct error *error)
{
	struct slot *slot = context;
	struct error failure;
	if (error) {
		fail(slot, error);
		return;
	}
	net_stream_start(slot->stream, &events, slot);
	if (tls_connection_input(slot->tls, NULL, 0, &failure) == TLS_FAILED)
		fail(slot, &failure);
	else
		flush(slot);
}

static void open_connection(struct slot *slot)
{
	struct worker *worker = slot->worker;
	struct error error;
	slot->connecting_ns = clock_monotonic_ns();
	slot->state = SLOT_HANDSHAKE;
	worker->connecting++;
	slot->tls = tls_connection_new(worker->shared->contexts[slot->certificate]);
	if (slot->session)
		tls_connection_resume(slot->tls, slot->session);
	slot->stream = net_connect(worker->loop, worker->shared->target, connected, slot, &error);
	if (!slot->stream)
		fail(slot, &error);
}

bool slot_is_free(const struct slot *slot)
{
	const struct bench_options *options = slot->worker->shared->options;
	if (slot->h2 && slot->state == SLOT_ASKED && keeps(slot))
		return slot->streams < options->streams && !h2_client_is_leaving(slot->h2);
	return !slot->operating && (slot->state == SLOT_FREE || slot->state == SLOT_CLOSED);
}

void slot_begin(struct slot *slot, uint64_t due_ns)
{
	slot->operating = true;
	slot->warming = !slot->session && slot->worker->shared->options->mode == BENCH_RESUMED;
	if (!slot->answers)
		slot->answers = h1_answers_new();
	if (slot->h2) {
		ask_h2(slot, due_ns);
		return;
	}
	slot->due_ns = due_ns;
	if (slot->state == SLOT_FREE)
		ask(slot);
	else
		open_connection(slot);
}
