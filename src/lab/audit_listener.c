/*
 * A loop in a thread of its own. Each connection is answered as a small web server would, so that a
 * client that takes the server for good comes to its end in peace.
 */
#include "lab/audit_listener.h"

#include "net/net.h"

#include <pthread.h>

/* As much of a request as is looked at, for the end of its head. */
#define REQUEST_BYTES_MAX ((size_t)64 << 10)

struct visitor {
	struct audit_listener *listener;
	struct visitor *next;
	struct net_stream *stream;
	struct tls_connection *tls;
	struct buffer request;
	bool over;
};

struct audit_listener {
	struct net_loop *loop;
	struct net_listener *socket;
	struct net_wake *wake;
	struct tls_context *context;
	struct visitor *visitors;
	struct audit_visit seen;
	pthread_t thread;
	bool running;
};

/* ---- One visitor ---- */

static void send_output(struct visitor *visitor)
{
	size_t count;
	struct error error;
	const void *bytes = tls_connection_output(visitor->tls, &count);
	/* A client that takes no more has left, which its end will tell. */
	if (count && !net_stream_write(visitor->stream, bytes, count, &error))
		visitor->over = true;
	tls_connection_sent(visitor->tls, count);
}

/* Whoever types by hand, or through a pipe, ends lines with LF alone. */
static bool is_whole(const struct buffer *request)
{
	return request->data &&
	       (strstr(request->data, "\r\n\r\n") || strstr(request->data, "\n\n"));
}

static void answer(struct visitor *visitor)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
				   "Content-Length: 3\r\nConnection: close\r\n\r\nok\n";
	struct error error;
	if (!tls_connection_write(visitor->tls, text, sizeof text - 1, &error))
		return;
	tls_connection_shutdown(visitor->tls);
	send_output(visitor);
	net_stream_shutdown(visitor->stream);
	visitor->over = true;
}

static void note(struct visitor *visitor)
{
	struct audit_visit *seen = &visitor->listener->seen;
	const struct tls_outcome *outcome = tls_connection_outcome(visitor->tls);
	seen->finished = seen->finished || outcome->finished;
	if (outcome->alert_received >= 0)
		seen->alert = outcome->alert_received;
}

static void on_bytes(void *context, const void *bytes, size_t count)
{
	struct visitor *visitor = context;
	struct error error;
	char plain[4096];
	size_t got;
	if (visitor->over)
		return;
	enum tls_status status = tls_connection_input(visitor->tls, bytes, count, &error);
	while (status == TLS_READY && (status = tls_connection_read(visitor->tls, plain,
					       sizeof plain, &got, &error)) == TLS_READY) {
		visitor->listener->seen.bytes += got;
		if (!buffer_append(&visitor->request, plain, got, &error))
			status = TLS_FAILED;
	}
	note(visitor);
	send_output(visitor);
	if (is_whole(&visitor->request))
		answer(visitor);
	else if (status == TLS_FAILED || status == TLS_CLOSED) {
		net_stream_shutdown(visitor->stream);
		visitor->over = true;
	}
}

static void on_end(void *context, const struct error *error)
{
	struct visitor *visitor = context;
	(void)error;
	if (!visitor->over)
		net_stream_shutdown(visitor->stream);
	visitor->over = true;
}

static void on_drained(void *context)
{
	(void)context;
}

static void on_accept(void *context, struct net_stream *stream)
{
	static const struct net_stream_events events = { on_bytes, on_end, on_drained };
	struct audit_listener *listener = context;
	struct visitor *visitor = calloc(1, sizeof *visitor);
	if (!visitor)
		bug("out of memory");
	visitor->listener = listener;
	visitor->stream = stream;
	visitor->tls = tls_connection_new(listener->context);
	buffer_init(&visitor->request, REQUEST_BYTES_MAX);
	visitor->next = listener->visitors;
	listener->visitors = visitor;
	listener->seen.connections++;
	net_stream_start(stream, &events, visitor);
}

/* ---- The listener ---- */

static void close_all(struct audit_listener *listener)
{
	while (listener->visitors) {
		struct visitor *visitor = listener->visitors;
		listener->visitors = visitor->next;
		net_stream_close(visitor->stream);
		tls_connection_free(visitor->tls);
		buffer_done(&visitor->request);
		free(visitor);
	}
	net_listener_close(listener->socket);
	listener->socket = NULL;
}

static void on_wake(void *context)
{
	struct audit_listener *listener = context;
	close_all(listener);
	net_loop_stop(listener->loop);
}

static void *run(void *context)
{
	const struct audit_listener *listener = context;
	net_loop_run(listener->loop);
	return NULL;
}

bool audit_listener_new(const char *cert, const char *key, enum tls_version version,
	struct audit_listener **ret, struct error *reterr)
{
	static const struct net_address anywhere = { .host = "localhost" };
	const struct tls_options tls = { .server = true,
		.cert = cert,
		.key = key,
		.verify_mode = TLS_VERIFY_NONE,
		.version_min = version,
		.version_max = version };
	struct audit_listener *listener = calloc(1, sizeof *listener);
	if (!listener)
		bug("out of memory");
	listener->seen.alert = -1;
	bool ok = tls_context_new(&tls, &listener->context, reterr) &&
		  net_loop_new(&listener->loop, reterr) &&
		  net_listen(listener->loop, &anywhere, on_accept, listener, &listener->socket,
			  reterr);
	if (ok) {
		listener->wake = net_wake_new(listener->loop, on_wake, listener);
		net_wake_hold(listener->wake);
		listener->running = pthread_create(&listener->thread, NULL, run, listener) == 0;
		ok = listener->running ||
		     error_set(reterr, ERROR_IO, "cannot start a thread for a server");
	}
	if (!ok) {
		audit_listener_end(listener, &listener->seen);
		return false;
	}
	*ret = listener;
	return true;
}

uint16_t audit_listener_port(const struct audit_listener *listener)
{
	return net_listener_port(listener->socket);
}

void audit_listener_end(struct audit_listener *listener, struct audit_visit *ret)
{
	if (!listener)
		return;
	if (listener->running) {
		net_wake_send(listener->wake);
		pthread_join(listener->thread, NULL);
	}
	close_all(listener);
	*ret = listener->seen;
	net_wake_free(listener->wake);
	if (listener->loop)
		net_loop_free(listener->loop);
	tls_context_free(listener->context);
	free(listener);
}
