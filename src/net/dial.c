/*
 * One connection at a time, without the loop: a probe asks one question after another, and what it
 * waits for is bounded by the milliseconds that its caller has left.
 */
#include "net/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* The question to the resolver lives until both who asked and who answers have left it. */
struct net_places {
	struct addrinfo *found;
	int status, system;
	bool done;
	int owners;
	pthread_mutex_t lock;
	pthread_cond_t answered;
	char host[NET_HOST_BYTES], port[8];
};

void net_places_free(struct net_places *places)
{
	if (!places)
		return;
	pthread_mutex_lock(&places->lock);
	bool last = --places->owners == 0;
	pthread_mutex_unlock(&places->lock);
	if (!last)
		return;
	if (places->found)
		freeaddrinfo(places->found);
	pthread_mutex_destroy(&places->lock);
	pthread_cond_destroy(&places->answered);
	free(places);
}

static void *ask(void *context)
{
	struct net_places *places = context;
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	int status = getaddrinfo(places->host, places->port, &hints, &found);
	pthread_mutex_lock(&places->lock);
	places->found = found;
	places->status = status;
	places->system = errno;
	places->done = true;
	pthread_cond_signal(&places->answered);
	pthread_mutex_unlock(&places->lock);
	net_places_free(places);
	return NULL;
}

static void wait_for_answer(struct net_places *places, unsigned ms_max)
{
	struct timespec until = clock_in_ms(ms_max);
	pthread_mutex_lock(&places->lock);
	while (!places->done &&
		pthread_cond_timedwait(&places->answered, &places->lock, &until) == 0)
		;
	pthread_mutex_unlock(&places->lock);
}

bool net_places_find(const struct net_address *address, unsigned ms_max, struct net_places **ret,
	struct error *reterr)
{
	pthread_t thread;
	OWN(net_places) struct net_places *places = calloc(1, sizeof *places);
	if (!places)
		bug("out of memory for an address");
	pthread_mutex_init(&places->lock, NULL);
	pthread_cond_init(&places->answered, NULL);
	places->owners = 2;
	snprintf(places->host, sizeof places->host, "%s", address->host);
	snprintf(places->port, sizeof places->port, "%u", address->port);
	int status = pthread_create(&thread, NULL, ask, places);
	if (status != 0) {
		places->owners = 1;
		errno = status; /* it says so by its value alone */
		return error_errno(reterr, ERROR_IO, "cannot start a thread");
	}
	pthread_detach(thread);
	wait_for_answer(places, ms_max);
	pthread_mutex_lock(&places->lock);
	bool done = places->done;
	int system = places->system;
	status = places->status;
	pthread_mutex_unlock(&places->lock);
	if (!done)
		return error_set(reterr, ERROR_NETWORK,
			"the resolver did not answer for '%s' within %u ms", address->host, ms_max);
	if (status)
		return error_code(reterr, ERROR_NETWORK, CODE_HOST_UNKNOWN,
			"cannot find the host '%s': %s", address->host,
			status == EAI_SYSTEM ? strerror(system) : gai_strerror(status));
	*ret = TAKE(places);
	return true;
}

static char *address_text(const struct sockaddr *address, socklen_t bytes, char *target)
{
	char host[64] = "?", port[8] = "?";
	getnameinfo(address, bytes, host, sizeof host, port, sizeof port,
		NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(target, NET_ADDRESS_BYTES, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
	return target;
}

char *net_places_text(const struct net_places *places)
{
	char *all = text_copy("");
	for (const struct addrinfo *at = places->found; at; at = at->ai_next) {
		OWN(char) char *before = all;
		char one[NET_ADDRESS_BYTES];
		all = text_format("%s%s%s", before, *before ? ", " : "",
			address_text(at->ai_addr, at->ai_addrlen, one));
	}
	return all;
}

/* ---- One connection ---- */

struct net_dial {
	int fd;
	char address[NET_ADDRESS_BYTES];
};

void net_dial_close(struct net_dial *dial)
{
	if (!dial)
		return;
	close(dial->fd);
	free(dial);
}

const char *net_dial_address(const struct net_dial *dial)
{
	return dial->address;
}

/* Whether the socket is ready in time; errno says why not. */
static bool await(int fd, short events, unsigned ms_max)
{
	struct pollfd wanted = { .fd = fd, .events = events };
	uint64_t until = clock_monotonic_ms() + ms_max;
	for (;;) {
		uint64_t now = clock_monotonic_ms();
		int count = poll(&wanted, 1, now < until ? (int)(until - now) : 0);
		if (count > 0)
			return true;
		if (count == 0)
			errno = ETIMEDOUT;
		if (count == 0 || errno != EINTR)
			return false;
	}
}

/* A connected socket, or -1 with errno. */
static int try_one(const struct addrinfo *place, unsigned ms_max)
{
	int one = 1, error = 0;
	socklen_t bytes = sizeof error;
	int fd = socket(place->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(fd, place->ai_addr, place->ai_addrlen) != 0 &&
		(errno != EINPROGRESS || !await(fd, POLLOUT, ms_max) ||
			getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes) != 0 || error)) {
		error = error ? error : errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

bool net_dial(const struct net_places *places, unsigned ms_max, struct net_dial **ret,
	struct error *reterr)
{
	uint64_t until = clock_monotonic_ms() + ms_max;
	char text[NET_ADDRESS_BYTES] = "";
	int system = 0;
	for (const struct addrinfo *at = places->found; at; at = at->ai_next) {
		uint64_t now = clock_monotonic_ms();
		int fd = try_one(at, now < until ? (unsigned)(until - now) : 1);
		address_text(at->ai_addr, at->ai_addrlen, text);
		if (fd >= 0) {
			struct net_dial *dial = calloc(1, sizeof *dial);
			if (!dial)
				bug("out of memory for a connection");
			dial->fd = fd;
			memcpy(dial->address, text, sizeof text);
			*ret = dial;
			return true;
		}
		/* One that refuses says more than one that this machine has no route to. */
		if (!system || errno == ECONNREFUSED)
			system = errno;
	}
	if (system == ECONNREFUSED)
		error_code(reterr, ERROR_NETWORK, CODE_CONNECTION_REFUSED, "nobody listens on %s",
			text);
	else
		error_set(
			reterr, ERROR_NETWORK, "cannot connect to %s: %s", text, strerror(system));
	reterr->system = system;
	return false;
}

bool net_dial_local(const char *path, struct net_dial **ret, struct error *reterr)
{
	int fd;
	if (!net_local_connect(path, &fd, reterr))
		return false;
	struct net_dial *dial = net_allocate(sizeof *dial);
	dial->fd = fd;
	snprintf(dial->address, sizeof dial->address, "%s", path);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	*ret = dial;
	return true;
}

bool net_dial_send(struct net_dial *dial, const void *bytes, size_t count, unsigned ms_max)
{
	const char *at = bytes;
	while (count) {
		ssize_t sent = send(dial->fd, at, count, MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		if (sent < 0 && !await(dial->fd, POLLOUT, ms_max))
			return false;
		if (sent > 0) {
			at += sent;
			count -= (size_t)sent;
		}
	}
	return true;
}

bool net_dial_receive(
	struct net_dial *dial, void *target, size_t room, unsigned ms_max, size_t *ret_count)
{
	for (;;) {
		ssize_t count = recv(dial->fd, target, room, 0);
		if (count >= 0) {
			*ret_count = (size_t)count;
			return true;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || !await(dial->fd, POLLIN, ms_max))
			return false;
	}
}
