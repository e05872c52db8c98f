/* Listening: an address from text, and a socket on every address that a host has. */
#include "net/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

bool net_address_parse(const char *text, struct net_address *ret, struct error *reterr)
{
	const char *colon = strrchr(text, ':'), *host = text;
	size_t bytes = colon ? (size_t)(colon - text) : 0;
	long long port;
	if (!colon || !text_number(colon + 1, 0, UINT16_MAX, &port)) {
		error_set(reterr, ERROR_USAGE, "'%s' is no HOST:PORT with a port from 0 to 65535",
			text);
		return error_hint(reterr, "for example 127.0.0.1:8443, [::1]:8443, localhost:4443");
	}
	bool bracketed = bytes > 2 && host[0] == '[' && host[bytes - 1] == ']';
	if (bracketed) {
		host++;
		bytes -= 2;
	} else if (memchr(host, ':', bytes)) {
		error_set(reterr, ERROR_USAGE, "the IPv6 address of '%s' needs brackets", text);
		return error_hint(reterr, "for example [::1]:8443");
	}
	if (!bytes || bytes >= NET_HOST_BYTES || memchr(host, '[', bytes)) {
		error_set(reterr, ERROR_USAGE, "'%s' names no host", text);
		return error_hint(reterr, "0.0.0.0:%lld listens on every IPv4 address", port);
	}
	*ret = (struct net_address){ .port = (uint16_t)port };
	memcpy(ret->host, host, bytes);
	return true;
}

static char *format(const char *host, unsigned port, char target[static NET_ADDRESS_BYTES])
{
	bool brackets = strchr(host, ':') != NULL;
	snprintf(target, NET_ADDRESS_BYTES, "%s%s%s:%u", brackets ? "[" : "", host,
		brackets ? "]" : "", port);
	return target;
}

char *net_address_format(const struct net_address *address, char target[static NET_ADDRESS_BYTES])
{
	return format(address->host, address->port, target);
}

char *net_peer_format(const struct net_peer *peer, char target[static NET_ADDRESS_BYTES])
{
	return format(peer->host, peer->port, target);
}

bool net_address_is_loopback(const struct net_address *address)
{
	struct in_addr ipv4;
	struct in6_addr ipv6;
	if (inet_pton(AF_INET, address->host, &ipv4) == 1)
		return ntohl(ipv4.s_addr) >> 24 == IN_LOOPBACKNET;
	if (inet_pton(AF_INET6, address->host, &ipv6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&ipv6);
	return !strcasecmp(address->host, "localhost"); /* which is never asked of a resolver */
}

#define ADDRESSES_MAX 8

struct net_listener {
	struct net_loop *loop;
	net_on_accept *accept;
	void *context;
	uint16_t port;
	char *path; /* of a socket that has one */
	bool given; /* by somebody who keeps it beyond our end: no other is to get a share */
	int spare;  /* a descriptor that is given up when there is no other; 0: none */
	bool spent; /* so it was: who comes next gets it, and is sent away */
	uv_tcp_t sockets[ADDRESSES_MAX];
	size_t sockets_count, sockets_open;
};

static void socket_closed(uv_handle_t *handle)
{
	struct net_listener *listener = handle->data;
	if (--listener->sockets_open == 0) {
		free(listener->path);
		free(listener);
	}
}

void net_listener_close(struct net_listener *listener)
{
	if (!listener)
		return;
	if (listener->path)
		unlink(listener->path);
	if (listener->spare > 0)
		close(listener->spare);
	for (size_t i = 0; i < listener->sockets_count; i++)
		uv_close((uv_handle_t *)&listener->sockets[i], socket_closed);
	if (!listener->sockets_count)
		free(listener);
}
OWN_DEFINE(net_listener, struct net_listener, net_listener_close);

/*
 * Where no descriptor is left libuv asks again and again, and the loop would never come to close
 * one. It has a spare for that, once: it is a file, which a sandbox does not open again.
 */
static void make_room(struct net_listener *listener)
{
	const struct timespec while_others_close = { .tv_nsec = 1000000 };
	if (listener->spare > 0 && close(listener->spare) == 0)
		listener->spent = true;
	else
		nanosleep(&while_others_close, NULL);
	listener->spare = 0;
}

static void keep_spare(struct net_listener *listener)
{
	int copy = fcntl(uv_backend_fd(&listener->loop->uv), F_DUPFD_CLOEXEC, 3);
	listener->spare = copy < 0 ? 0 : copy;
}

static void arrived(uv_stream_t *socket, int status)
{
	struct net_listener *listener = socket->data;
	if (status < 0) {
		make_room(listener);
		return;
	}
	struct net_stream *stream = net_stream_accept(listener->loop, socket);
	if (stream && listener->spent) {
		net_stream_close(TAKE(stream));
		listener->spent = false;
	}
	if (!listener->spare)
		keep_spare(listener);
	if (stream)
		listener->accept(listener->context, stream);
}

static uint16_t bound_port(const uv_tcp_t *socket)
{
	struct sockaddr_storage storage;
	int bytes = sizeof storage;
	net_must(uv_tcp_getsockname(socket, (struct sockaddr *)&storage, &bytes), "read a port");
	return ntohs(storage.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&storage)->sin6_port
						   : ((struct sockaddr_in *)&storage)->sin_port);
}

/* It stays in the array whatever becomes of it, to be closed with it. */
static uv_tcp_t *add_socket(struct net_listener *listener)
{
	uv_tcp_t *socket = &listener->sockets[listener->sockets_count++];
	listener->sockets_open++;
	net_must(uv_tcp_init(&listener->loop->uv, socket), "make a socket");
	socket->data = listener;
	return socket;
}

/* Returns a libuv status. */
static int listen_one(struct net_listener *listener, struct sockaddr *address)
{
	uv_tcp_t *socket = add_socket(listener);
	in_port_t port = htons(listener->port);
	if (address->sa_family == AF_INET6)
		((struct sockaddr_in6 *)(void *)address)->sin6_port = port;
	else
		((struct sockaddr_in *)(void *)address)->sin_port = port;
	/* [::] beside 0.0.0.0 must not collide, so an IPv6 socket takes IPv6 only. */
	int status =
		uv_tcp_bind(socket, address, address->sa_family == AF_INET6 ? UV_TCP_IPV6ONLY : 0);
	if (status >= 0)
		status = uv_listen((uv_stream_t *)socket, SOMAXCONN, arrived);
	if (status >= 0)
		listener->port = bound_port(socket);
	return status;
}

static bool listen_failed(const struct net_address *address, int status, struct error *reterr)
{
	char text[NET_ADDRESS_BYTES];
	net_error(reterr, status, "cannot listen on", net_address_format(address, text));
	switch (status) {
	case UV_EADDRINUSE:
		return error_hint(reterr, "another program listens there: stop it, or choose "
					  "another port; port 0 takes any free one");
	case UV_EACCES:
		return error_hint(reterr, "ports below 1024 need privileges: choose a higher one");
	case UV_EADDRNOTAVAIL:
		return error_hint(reterr, "this machine does not have that address");
	}
	return false;
}

struct addresses {
	struct sockaddr_storage list[ADDRESSES_MAX];
	size_t count;
};

static void add_address(struct addresses *addresses, const void *address, size_t bytes)
{
	if (addresses->count < ADDRESSES_MAX)
		memcpy(&addresses->list[addresses->count++], address, bytes);
}

static bool resolve(const struct net_address *address, struct addresses *ret, struct error *reterr)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST };
	struct addrinfo *found;
	/* Always both loopback addresses (RFC 6761 section 6.3), whatever the machine's files say.
	 */
	if (!strcasecmp(address->host, "localhost")) {
		const struct sockaddr_in ipv4 = { .sin_family = AF_INET,
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		const struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6,
			.sin6_addr = IN6ADDR_LOOPBACK_INIT };
		add_address(ret, &ipv4, sizeof ipv4);
		add_address(ret, &ipv6, sizeof ipv6);
		return true;
	}
	int status = getaddrinfo(address->host, NULL, &hints, &found);
	if (status == EAI_NONAME) { /* no number: ask the resolver */
		hints.ai_flags = AI_PASSIVE;
		status = getaddrinfo(address->host, NULL, &hints, &found);
	}
	if (status) {
		error_set(reterr, ERROR_NETWORK, "cannot listen on host '%s': %s", address->host,
			status == EAI_SYSTEM ? strerror(errno) : gai_strerror(status));
		return error_hint(reterr, "name an address of this machine");
	}
	for (const struct addrinfo *a = found; a; a = a->ai_next)
		add_address(ret, a->ai_addr, a->ai_addrlen);
	freeaddrinfo(found);
	return true;
}

/* One attempt on all addresses; a family that the machine lacks is no failure beside another. */
static bool listen_all(struct net_listener *listener, const struct net_address *address,
	struct addresses *found, int *ret_status, struct error *reterr)
{
	size_t listening = 0;
	*ret_status = UV_EADDRNOTAVAIL;
	for (size_t i = 0; i < found->count; i++) {
		int status = listen_one(listener, (struct sockaddr *)&found->list[i]);
		if (status >= 0) {
			listening++;
			continue;
		}
		*ret_status = status;
		if (status != UV_EADDRNOTAVAIL && status != UV_EAFNOSUPPORT)
			return listen_failed(address, status, reterr);
	}
	return listening || listen_failed(address, *ret_status, reterr);
}

bool net_listen(struct net_loop *loop, const struct net_address *address, net_on_accept *accept,
	void *context, struct net_listener **ret, struct error *reterr)
{
	struct addresses found = { .count = 0 };
	if (!resolve(address, &found, reterr))
		return false;
	/* A port that was free for the first address may be taken on the second: ask again. */
	int status = UV_EADDRINUSE, attempts = address->port ? 1 : 8;
	while (status == UV_EADDRINUSE && attempts--) {
		OWN(net_listener) struct net_listener *listener = net_allocate(sizeof *listener);
		*listener = (struct net_listener){
			.loop = loop, .accept = accept, .context = context, .port = address->port
		};
		if (listen_all(listener, address, &found, &status, reterr)) {
			*ret = TAKE(listener);
			return true;
		}
	}
	return false;
}

uint16_t net_listener_port(const struct net_listener *listener)
{
	return listener->port;
}

void net_listener_address(const struct net_listener *listener, struct net_address *ret)
{
	struct sockaddr_storage storage;
	int bytes = sizeof storage;
	const struct sockaddr *address = (const struct sockaddr *)&storage;
	*ret = (struct net_address){ .port = listener->port };
	net_must(uv_tcp_getsockname(&listener->sockets[0], (struct sockaddr *)&storage, &bytes),
		"read an address");
	net_must(uv_ip_name(address, ret->host, sizeof ret->host), "write an address");
}

static bool is_listening_tcp(int fd)
{
	struct sockaddr_storage address;
	socklen_t bytes = sizeof address, option_bytes = sizeof(int);
	int listens = 0;
	return getsockname(fd, (struct sockaddr *)&address, &bytes) == 0 &&
	       (address.ss_family == AF_INET || address.ss_family == AF_INET6) &&
	       getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &option_bytes) == 0 && listens;
}

bool net_listen_given(struct net_loop *loop, int fd, net_on_accept *accept, void *context,
	struct net_listener **ret, struct error *reterr)
{
	struct net_listener *listener = NULL;
	if (!is_listening_tcp(fd)) {
		close(fd);
		return error_set(reterr, ERROR_USAGE,
			"descriptor %d, which we were given, is no TCP socket that listens", fd);
	}
	if (!net_listen_open(loop, fd, NULL, accept, context, &listener, reterr))
		return false;
	listener->given = true;
	listener->port = bound_port(&listener->sockets[0]);
	*ret = listener;
	return true;
}

static int open_same(int first, int *ret_fd)
{
	*ret_fd = fcntl(first, F_DUPFD_CLOEXEC, 0);
	return *ret_fd < 0 ? -errno : 0;
}

/*
 * A second socket on the address of `first`, among which the kernel shares out who comes
 * (SO_REUSEPORT); where it cannot, the same socket once more, and whoever is quicker accepts.
 * `first` was bound without the option, so that another program's port is still refused.
 */
static int open_beside(int first, int *ret_fd)
{
#ifdef SO_REUSEPORT
	struct sockaddr_storage address;
	socklen_t bytes = sizeof address;
	const int on = 1;
	int fd = -1;
	bool ours = getsockname(first, (struct sockaddr *)&address, &bytes) == 0 &&
		    setsockopt(first, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0 &&
		    (fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0)) >= 0 &&
		    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
		    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0 &&
		    (address.ss_family != AF_INET6 ||
			    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0) &&
		    bind(fd, (struct sockaddr *)&address, bytes) == 0;
	if (ours) {
		*ret_fd = fd;
		return 0;
	}
	if (fd >= 0)
		close(fd);
#endif
	return open_same(first, ret_fd);
}

bool net_listen_beside(struct net_loop *loop, const struct net_listener *first,
	net_on_accept *accept, void *context, struct net_listener **ret, struct error *reterr)
{
	OWN(net_listener) struct net_listener *listener = net_allocate(sizeof *listener);
	*listener = (struct net_listener){ .loop = loop,
		.accept = accept,
		.context = context,
		.port = first->port,
		.given = first->given };
	for (size_t i = 0; i < first->sockets_count; i++) {
		uv_os_fd_t fd;
		if (uv_fileno((const uv_handle_t *)&first->sockets[i], &fd) < 0)
			continue; /* of a family that the machine lacks */
		int beside;
		int status = first->given ? open_same(fd, &beside) : open_beside(fd, &beside);
		uv_tcp_t *socket = add_socket(listener);
		if (status == 0)
			status = uv_tcp_open(socket, beside);
		if (status == 0)
			status = uv_listen((uv_stream_t *)socket, SOMAXCONN, arrived);
		if (status < 0)
			return net_error(reterr, status, "cannot listen", "once more");
	}
	*ret = TAKE(listener);
	return true;
}

bool net_listen_open(struct net_loop *loop, int fd, const char *path, net_on_accept *accept,
	void *context, struct net_listener **ret, struct error *reterr)
{
	OWN(net_listener) struct net_listener *listener = net_allocate(sizeof *listener);
	*listener = (struct net_listener){ .loop = loop, .accept = accept, .context = context };
	listener->path = path ? text_copy(path) : NULL;
	/* libuv asks for a stream socket here, of whichever family. */
	uv_tcp_t *socket = add_socket(listener);
	int status = uv_tcp_open(socket, fd);
	if (status < 0)
		close(fd);
	else
		status = uv_listen((uv_stream_t *)socket, SOMAXCONN, arrived);
	if (status < 0)
		return net_error(reterr, status, "cannot listen on", path ? path : "a socket");
	*ret = TAKE(listener);
	return true;
}
