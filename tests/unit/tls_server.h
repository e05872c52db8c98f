/*
 * A server of TLS on a thread of its own, for clients under test: what it says and when it leaves
 * is the test's, and it counts what it saw.
 */
#ifndef MTLS_TESTS_TLS_SERVER_H
#define MTLS_TESTS_TLS_SERVER_H

#include "tls_pair.h"

#include "net/net.h"

#include <pthread.h>
#include <stdatomic.h>

enum manner {
	ANSWERS,       /* to each request the next of the answers, then hangs up */
	ANSWERS_AGAIN, /* the same answer to each */
	LEAVES,        /* answers once, and says goodbye a moment later */
	SILENT,        /* takes the connection, and no more */
	MUTE,          /* shakes hands, and no more */
	ANSWERS_PLAIN, /* speaks no TLS */
};

struct tls_server {
	/* The test's, before it starts. */
	enum manner manner;
	const char *const *answers; /* ends with NULL */
	struct tls_options options;
	/* What it saw; to be read once it has stopped, or whenever it cannot change. */
	atomic_uint connections, requests, resumed, ended;
	atomic_uint_fast64_t goodbye_ns; /* when it last said goodbye */
	char sni[256], request[4096];
	/* Its own. */
	uint16_t port;
	struct tls_context *context;
	struct net_loop *loop;
	struct net_wake *stop;
	struct net_listener *listener;
	struct visitor *visitors;
	pthread_t thread;
};

struct visitor {
	struct tls_server *server;
	struct net_stream *stream;
	struct net_timer *later;
	struct tls_connection *tls;
	size_t asked;
	struct visitor *next;
};

static inline void visitor_flush(struct visitor *visitor)
{
	struct error error;
	size_t count;
	const void *bytes = tls_connection_output(visitor->tls, &count);
	bool sent = !count || net_stream_write(visitor->stream, bytes, count, &error);
	(void)sent; /* the peer may have left */
	tls_connection_sent(visitor->tls, count);
}

static inline void visitor_goodbye(void *context)
{
	struct visitor *visitor = context;
	if (!visitor->stream)
		return; /* the peer was quicker */
	tls_connection_shutdown(visitor->tls);
	visitor_flush(visitor);
	atomic_store(&visitor->server->goodbye_ns, clock_monotonic_ns());
}

static inline void visitor_leave(struct visitor *visitor)
{
	visitor_goodbye(visitor);
	net_stream_shutdown(visitor->stream);
}

static inline void visitor_answer(struct visitor *visitor)
{
	struct tls_server *server = visitor->server;
	struct error error;
	const char *answer = server->answers[visitor->asked];
	atomic_fetch_add(&server->requests, 1);
	if (!answer) {
		visitor_leave(visitor);
		return;
	}
	if (server->manner != ANSWERS_AGAIN)
		visitor->asked++;
	if (tls_connection_write(visitor->tls, answer, strlen(answer), &error))
		visitor_flush(visitor);
	if (server->manner == LEAVES)
		net_timer_start(visitor->later, 1);
}

static inline void visitor_bytes(void *context, const void *bytes, size_t count)
{
	struct visitor *visitor = context;
	struct tls_server *server = visitor->server;
	struct error error;
	bool before = tls_connection_finished(visitor->tls);
	enum tls_status status = tls_connection_input(visitor->tls, bytes, count, &error);
	visitor_flush(visitor);
	if (!before && tls_connection_finished(visitor->tls)) {
		const struct tls_outcome *outcome = tls_connection_outcome(visitor->tls);
		snprintf(server->sni, sizeof server->sni, "%s", outcome->sni ? outcome->sni : "");
		atomic_fetch_add(&server->resumed, outcome->resumed);
	}
	while (status != TLS_FAILED && server->manner != MUTE) {
		size_t got;
		status = tls_connection_read(
			visitor->tls, server->request, sizeof server->request - 1, &got, &error);
		if (status != TLS_READY)
			break;
		server->request[got] = 0;
		visitor_answer(visitor);
	}
	if (status == TLS_FAILED) {
		visitor_flush(visitor);
		net_stream_shutdown(visitor->stream);
	}
}

static inline void visitor_plain(void *context, const void *bytes, size_t count)
{
	struct visitor *visitor = context;
	struct error error;
	const char *text = visitor->server->answers[0];
	(void)bytes, (void)count;
	bool sent = net_stream_write(visitor->stream, text, strlen(text), &error);
	(void)sent;
	net_stream_shutdown(visitor->stream);
}

static inline void visitor_silent(void *context, const void *bytes, size_t count)
{
	(void)context, (void)bytes, (void)count;
}

static inline void visitor_end(void *context, const struct error *error)
{
	struct visitor *visitor = context;
	(void)error;
	atomic_fetch_add(&visitor->server->ended, 1);
	net_stream_close(visitor->stream);
	visitor->stream = NULL;
}

static inline void visitor_drained(void *context)
{
	(void)context;
}

static inline void server_accept(void *context, struct net_stream *stream)
{
	static const struct net_stream_events talking = { visitor_bytes, visitor_end,
		visitor_drained };
	static const struct net_stream_events plain = { visitor_plain, visitor_end,
		visitor_drained };
	static const struct net_stream_events silent = { visitor_silent, visitor_end,
		visitor_drained };
	struct tls_server *server = context;
	atomic_fetch_add(&server->connections, 1);
	struct visitor *visitor = calloc(1, sizeof *visitor);
	*visitor = (struct visitor){ .server = server,
		.stream = stream,
		.later = net_timer_new(server->loop, visitor_goodbye, visitor),
		.tls = tls_connection_new(server->context),
		.next = server->visitors };
	server->visitors = visitor;
	net_stream_start(stream,
		server->manner == SILENT          ? &silent
		: server->manner == ANSWERS_PLAIN ? &plain
						  : &talking,
		visitor);
}

static inline void server_halt(void *context)
{
	struct tls_server *server = context;
	net_loop_stop(server->loop);
}

static inline void *server_thread(void *context)
{
	struct tls_server *server = context;
	net_loop_run(server->loop);
	return NULL;
}

/* `manner`, `answers` and `options` are set; the port is in `port`. */
static inline void tls_server_start(struct tls_server *server)
{
	const struct net_address address = { .host = "127.0.0.1" };
	struct error error;
	if (!tls_context_new(&server->options, &server->context, &error) ||
		!net_loop_new(&server->loop, &error) ||
		!net_listen(
			server->loop, &address, server_accept, server, &server->listener, &error))
		fail_msg("%s", error.text);
	server->port = net_listener_port(server->listener);
	server->stop = net_wake_new(server->loop, server_halt, server);
	assert_int_equal(pthread_create(&server->thread, NULL, server_thread, server), 0);
}

static inline void tls_server_stop(struct tls_server *server)
{
	net_wake_send(server->stop);
	pthread_join(server->thread, NULL);
	while (server->visitors) {
		struct visitor *visitor = server->visitors;
		server->visitors = visitor->next;
		net_stream_close(visitor->stream);
		net_timer_free(visitor->later);
		tls_connection_free(visitor->tls);
		free(visitor);
	}
	net_listener_close(server->listener);
	net_wake_free(server->stop);
	net_loop_free(server->loop);
	tls_context_free(server->context);
}

#endif
