/* Plain sockets with deadlines: a peer that says too little must not stop the lab. */
#include "lab/stranger.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_BYTES 4096

static void set_deadline(int fd)
{
	static const struct timeval wait = { .tv_sec = 10 };
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
}

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static must_check bool dial(uint16_t port, int *ret_fd, struct error *reterr)
{
	struct sockaddr_in address = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		set_deadline(fd);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
		error_errno(reterr, ERROR_NETWORK, "cannot connect to 127.0.0.1:%d", port);
		if (fd >= 0)
			close(fd);
		return false;
	}
	*ret_fd = fd;
	return true;
}

/* All that comes, up to the end or as much as fits; ends with NUL. */
static size_t read_all(int fd, char target[static ANSWER_BYTES])
{
	size_t used = 0;
	ssize_t got = 1;
	while (got > 0 && used < ANSWER_BYTES - 1) {
		got = recv(fd, target + used, ANSWER_BYTES - 1 - used, 0);
		used += got > 0 ? (size_t)got : 0;
	}
	target[used] = 0;
	return used;
}

bool stranger_plain_http(uint16_t port, int *ret_status, struct error *reterr)
{
	static const char request[] = "GET /todo HTTP/1.1\r\nHost: localhost\r\n\r\n";
	char answer[ANSWER_BYTES];
	int fd, status = 0;
	if (!dial(port, &fd, reterr))
		return false;
	if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) > 0 && read_all(fd, answer) &&
		sscanf(answer, "HTTP/1.1 %3d ", &status) != 1)
		status = 0;
	close(fd);
	*ret_status = status;
	return true;
}

bool stranger_leaves(uint16_t port, struct error *reterr)
{
	/* A record of 512 bytes is promised (RFC 8446 section 5.1), a ClientHello of 508. */
	static const unsigned char start[] = { 22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3 };
	int fd;
	if (!dial(port, &fd, reterr))
		return false;
	bool sent = send(fd, start, sizeof start, MSG_NOSIGNAL) == sizeof start;
	close(fd);
	return sent || error_set(reterr, ERROR_NETWORK, "cannot send to 127.0.0.1:%d", port);
}

/* ---- Servers ---- */

struct stranger {
	enum stranger_kind kind;
	int fd;
	uint16_t port;
	bool running;
	pthread_t thread;
};

static void *serve(void *argument)
{
	static const char answer[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
				     "Content-Length: 0\r\n\r\n";
	const struct stranger *stranger = argument;
	char bytes[ANSWER_BYTES];
	int fd = accept(stranger->fd, NULL, NULL);
	if (fd < 0)
		return NULL; /* it was ended before anybody came */
	set_deadline(fd);
	if (recv(fd, bytes, sizeof bytes, 0) > 0 && stranger->kind == STRANGER_HTTP &&
		send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL) > 0) {
		shutdown(fd, SHUT_WR);
		read_all(fd, bytes);
	}
	close(fd);
	return NULL;
}

bool stranger_serve(enum stranger_kind kind, struct stranger **ret, struct error *reterr)
{
	OWN(stranger) struct stranger *stranger = calloc(1, sizeof *stranger);
	struct sockaddr_in address = loopback(0);
	socklen_t bytes = sizeof address;
	if (!stranger)
		bug("out of memory");
	stranger->kind = kind;
	stranger->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (stranger->fd < 0 ||
		bind(stranger->fd, (struct sockaddr *)&address, sizeof address) != 0 ||
		(kind != STRANGER_ABSENT && listen(stranger->fd, 1) != 0) ||
		getsockname(stranger->fd, (struct sockaddr *)&address, &bytes) != 0)
		return error_errno(reterr, ERROR_NETWORK, "cannot hold a port of 127.0.0.1");
	stranger->port = ntohs(address.sin_port);
	if (kind != STRANGER_ABSENT &&
		pthread_create(&stranger->thread, NULL, serve, stranger) != 0)
		return error_set(reterr, ERROR_IO, "cannot start a thread");
	stranger->running = kind != STRANGER_ABSENT;
	*ret = TAKE(stranger);
	return true;
}

uint16_t stranger_port(const struct stranger *stranger)
{
	return stranger->port;
}

void stranger_free(struct stranger *stranger)
{
	if (!stranger)
		return;
	if (stranger->running) {
		shutdown(stranger->fd, SHUT_RDWR); /* wakes accept */
		pthread_join(stranger->thread, NULL);
	}
	if (stranger->fd >= 0)
		close(stranger->fd);
	free(stranger);
}
