/* One TCP connection: written at once where the socket takes it, read into the loop's buffer. */
#include "net/internal.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

struct net_stream {
	uv_tcp_t uv; /* first: freed through it */
	const struct net_stream_events *events;
	void *context;
	bool reading, ended;
	struct net_peer peer;
};

static void closed(uv_handle_t *handle)
{
	free(handle);
}

static void note_peer(struct net_stream *stream, const struct sockaddr *address)
{
	if (uv_ip_name(address, stream->peer.host, sizeof stream->peer.host) < 0) {
		strcpy(stream->peer.host, "local");
		return; /* a socket with a path */
	}
	in_port_t port = address->sa_family == AF_INET6
				 ? ((const struct sockaddr_in6 *)address)->sin6_port
				 : ((const struct sockaddr_in *)address)->sin_port;
	stream->peer.port = ntohs(port);
}

static void ask_for_peer(struct net_stream *stream)
{
	struct sockaddr_storage storage;
	int bytes = sizeof storage;
	if (uv_tcp_getpeername(&stream->uv, (struct sockaddr *)&storage, &bytes) >= 0)
		note_peer(stream, (struct sockaddr *)&storage);
	else /* gone already: the first read will say so */
		strcpy(stream->peer.host, "unknown");
}

struct net_stream *net_stream_accept(struct net_loop *loop, uv_stream_t *server)
{
	struct net_stream *stream = net_allocate(sizeof *stream);
	net_must(uv_tcp_init(&loop->uv, &stream->uv), "make a stream");
	if (uv_accept(server, (uv_stream_t *)&stream->uv) < 0) {
		net_stream_close(stream);
		return NULL;
	}
	uv_tcp_nodelay(&stream->uv, 1); /* every write of ours is a whole flight */
	ask_for_peer(stream);
	return stream;
}

/* A connection attempt; it outlives a stream that is closed while it lasts. */
struct attempt {
	uv_connect_t uv; /* first: freed through it */
	net_on_connect *connected;
	void *context;
	struct net_address address; /* as it was asked for */
};

static void attempted(uv_connect_t *request, int status)
{
	struct attempt *attempt = (struct attempt *)request;
	struct net_stream *stream = (struct net_stream *)request->handle;
	net_on_connect *connected = attempt->connected;
	void *context = attempt->context;
	char text[NET_ADDRESS_BYTES];
	net_address_format(&attempt->address, text);
	free(attempt);
	if (status == UV_ECANCELED || uv_is_closing((uv_handle_t *)&stream->uv))
		return;
	struct error error;
	if (status < 0)
		net_error(&error, status, "cannot connect to", text);
	else
		uv_tcp_nodelay(&stream->uv, 1);
	connected(context, status < 0 ? &error : NULL);
}

struct net_stream *net_connect(struct net_loop *loop, const struct net_target *target,
	net_on_connect *connected, void *context, struct error *reterr)
{
	struct net_stream *stream = net_allocate(sizeof *stream);
	struct attempt *attempt = net_allocate(sizeof *attempt);
	char text[NET_ADDRESS_BYTES];
	net_must(uv_tcp_init(&loop->uv, &stream->uv), "make a stream");
	attempt->address = target->address;
	attempt->connected = connected;
	attempt->context = context;
	const struct sockaddr *socket = (const struct sockaddr *)&target->sockets[target->at];
	note_peer(stream, socket);
	int status = uv_tcp_connect(&attempt->uv, &stream->uv, socket, attempted);
	if (status >= 0)
		return stream;
	net_error(reterr, status, "cannot connect to", net_address_format(&target->address, text));
	free(attempt);
	net_stream_close(stream);
	return NULL;
}

static void lend_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
	(void)suggested;
	struct net_loop *loop = (struct net_loop *)handle->loop;
	*ret = uv_buf_init(loop->read_bytes, sizeof loop->read_bytes);
}

static void ended(struct net_stream *stream, int status)
{
	if (stream->ended || uv_is_closing((uv_handle_t *)&stream->uv))
		return;
	stream->ended = true;
	net_stream_pause(stream);
	struct error error;
	if (status != UV_EOF)
		net_error(&error, status, "the connection broke with", stream->peer.host);
	stream->events->end(stream->context, status == UV_EOF ? NULL : &error);
}

static void received(uv_stream_t *handle, ssize_t count, const uv_buf_t *buffer)
{
	struct net_stream *stream = (struct net_stream *)handle;
	if (count > 0)
		stream->events->bytes(stream->context, buffer->base, (size_t)count);
	else if (count < 0)
		ended(stream, (int)count);
}

void net_stream_start(
	struct net_stream *stream, const struct net_stream_events *events, void *context)
{
	stream->events = events;
	stream->context = context;
	net_stream_resume(stream);
}

void net_stream_pause(struct net_stream *stream)
{
	if (stream->reading)
		uv_read_stop((uv_stream_t *)&stream->uv);
	stream->reading = false;
}

void net_stream_resume(struct net_stream *stream)
{
	if (stream->reading || stream->ended)
		return;
	stream->reading = uv_read_start((uv_stream_t *)&stream->uv, lend_buffer, received) == 0;
}

/* A write that had to wait owns its copy of the bytes. */
struct waiting {
	uv_write_t uv;
	char bytes[];
};

static void written(uv_write_t *request, int status)
{
	struct net_stream *stream = (struct net_stream *)request->handle;
	free(request);
	if (uv_is_closing((uv_handle_t *)&stream->uv))
		return;
	if (status < 0)
		ended(stream, status);
	else if (!net_stream_pending(stream))
		stream->events->drained(stream->context);
}

bool net_stream_write(
	struct net_stream *stream, const void *bytes, size_t count, struct error *reterr)
{
	uv_stream_t *handle = (uv_stream_t *)&stream->uv;
	const char *rest = bytes;
	if (!net_stream_pending(stream) && count) {
		uv_buf_t now = uv_buf_init((char *)bytes, (unsigned int)count);
		int status = uv_try_write(handle, &now, 1);
		if (status < 0 && status != UV_EAGAIN)
			return net_error(reterr, status, "cannot send to", stream->peer.host);
		if (status > 0) {
			rest += status;
			count -= (size_t)status;
		}
	}
	if (!count)
		return true;
	struct waiting *waiting = net_allocate(sizeof *waiting + count);
	memcpy(waiting->bytes, rest, count);
	uv_buf_t later = uv_buf_init(waiting->bytes, (unsigned int)count);
	int status = uv_write(&waiting->uv, handle, &later, 1, written);
	if (status >= 0)
		return true;
	free(waiting);
	return net_error(reterr, status, "cannot send to", stream->peer.host);
}

void net_stream_acknowledge(struct net_stream *stream)
{
#ifdef TCP_QUICKACK /* elsewhere the peer waits for the delayed one, 40 ms or so */
	uv_os_fd_t fd;
	const int on = 1;
	if (uv_fileno((uv_handle_t *)&stream->uv, &fd) == 0)
		setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
#else
	(void)stream;
#endif
}

size_t net_stream_pending(const struct net_stream *stream)
{
	return uv_stream_get_write_queue_size((const uv_stream_t *)&stream->uv);
}

static void was_shut_down(uv_shutdown_t *request, int status)
{
	(void)status; /* a peer that left before is no news */
	memory_give(request);
}

void net_stream_shutdown(struct net_stream *stream)
{
	uv_shutdown_t *request = memory_object(sizeof *request, "the end of a stream");
	if (uv_shutdown(request, (uv_stream_t *)&stream->uv, was_shut_down) < 0)
		memory_give(request); /* it has gone already, or was shut down before */
}

void net_stream_close(struct net_stream *stream)
{
	if (stream && !uv_is_closing((uv_handle_t *)&stream->uv))
		uv_close((uv_handle_t *)&stream->uv, closed);
}

const struct net_peer *net_stream_peer(const struct net_stream *stream)
{
	return &stream->peer;
}

int net_stream_descriptor(const struct net_stream *stream)
{
	uv_os_fd_t fd;
	return uv_fileno((const uv_handle_t *)&stream->uv, &fd) < 0 ? -1 : fd;
}
