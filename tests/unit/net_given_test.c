/* Sockets that were opened before us: what is taken, what is not, and who else gets a share. */
#include "unit.h"

#include "net/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void nobody(void *context, struct net_stream *stream)
{
	(void)context;
	net_stream_close(stream);
}

static int bound(bool listens)
{
	const struct sockaddr_in any = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&any, sizeof any), 0);
	assert_int_equal(listens ? listen(fd, 5) : 0, 0);
	return fd;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in address;
	socklen_t bytes = sizeof address;
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
	return ntohs(address.sin_port);
}

static void takes_a_socket_and_shares_that_one(void **state)
{
	(void)state;
	struct error error;
	OWN(net_loop) struct net_loop *loop = NULL;
	struct net_listener *one, *beside;
	struct net_address address;
	int fd = bound(true), ours = fcntl(fd, F_DUPFD_CLOEXEC, 0), shared = 0;
	socklen_t bytes = sizeof shared;
	assert_true(net_loop_new(&loop, &error));
	assert_true(net_listen_given(loop, fd, nobody, NULL, &one, &error));
	assert_true(net_listen_beside(loop, one, nobody, NULL, &beside, &error));
	net_listener_address(one, &address);
	assert_string_equal(address.host, "127.0.0.1");
	assert_int_equal(address.port, port_of(ours));
	assert_int_equal(net_listener_port(one), port_of(ours));
	assert_int_equal(net_listener_port(beside), port_of(ours));
	/* No second socket on the port, whose queue would be lost with us. */
	assert_int_equal(getsockopt(ours, SOL_SOCKET, SO_REUSEPORT, &shared, &bytes), 0);
	assert_int_equal(shared, 0);
	net_listener_close(one);
	net_listener_close(beside);
	bytes = sizeof shared;
	assert_int_equal(getsockopt(ours, SOL_SOCKET, SO_ACCEPTCONN, &shared, &bytes), 0);
	assert_int_equal(shared, 1);
	close(ours);
}

static void takes_nothing_else(void **state)
{
	(void)state;
	struct error error;
	OWN(net_loop) struct net_loop *loop = NULL;
	const int fds[] = { bound(false), socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
		socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
		open("/dev/null", O_RDONLY | O_CLOEXEC) };
	assert_true(net_loop_new(&loop, &error));
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
		struct net_listener *none = NULL;
		assert_false(net_listen_given(loop, fds[i], nobody, NULL, &none, &error));
		assert_int_equal(error.kind, ERROR_USAGE);
		assert_non_null(strstr(error.text, "is no TCP socket that listens"));
		assert_null(none);
		assert_int_equal(fcntl(fds[i], F_GETFD), -1); /* it was taken, and closed */
	}
}

static void notifies_paths_and_abstract_names(void **state)
{
	(void)state;
	struct error error;
	char name[64], heard[16];
	int fd;
	snprintf(name, sizeof name, "@mtls-notify-%d", (int)getpid());
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
	int end = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
		bind(end, (struct sockaddr *)&address,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
		0);
	assert_true(net_notify_open(name, &fd, &error));
	assert_true(net_notify_send(fd, "READY=1"));
	assert_int_equal(recv(end, heard, sizeof heard, 0), 7);
	assert_memory_equal(heard, "READY=1", 7);
	close(end);
	assert_false(net_notify_send(fd, "READY=1")); /* nobody is there any more */
	net_notify_close(fd);
}

static void notifies_nothing_else(void **state)
{
	(void)state;
	static const struct {
		const char *where;
		enum error_kind kind;
	} rows[] = { { "", ERROR_USAGE }, { "@", ERROR_USAGE }, { "/", ERROR_USAGE },
		{ "relative", ERROR_USAGE }, { "/absent/socket", ERROR_NETWORK },
		{ "/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/"
		  "0123456789/0123456789/0123456789",
			ERROR_USAGE } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct error error;
		int fd = -1;
		assert_false(net_notify_open(rows[i].where, &fd, &error));
		assert_int_equal(error.kind, rows[i].kind);
		assert_int_equal(fd, -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_socket_and_shares_that_one),
		cmocka_unit_test(takes_nothing_else),
		cmocka_unit_test(notifies_paths_and_abstract_names),
		cmocka_unit_test(notifies_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
