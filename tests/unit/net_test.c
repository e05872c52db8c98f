/* The loop: timers, signals, addresses, and bytes over a real loopback connection. */
#include "net_loop.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void addresses_are_taken(void **state)
{
	(void)state;
	static const struct {
		const char *text, *host;
		uint16_t port;
	} rows[] = {
		{ "127.0.0.1:8443", "127.0.0.1", 8443 },
		{ "localhost:4443", "localhost", 4443 },
		{ "[::1]:8443", "::1", 8443 },
		{ "0.0.0.0:0", "0.0.0.0", 0 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct error error;
		struct net_address address;
		char text[NET_ADDRESS_BYTES];
		assert_true(net_address_parse(rows[i].text, &address, &error));
		assert_string_equal(address.host, rows[i].host);
		assert_int_equal(address.port, rows[i].port);
		assert_string_equal(net_address_format(&address, text), rows[i].text);
	}
}

static void addresses_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", "'' is no HOST:PORT with a port from 0 to 65535" },
		{ "localhost", "'localhost' is no HOST:PORT with a port from 0 to 65535" },
		{ "localhost:", "'localhost:' is no HOST:PORT with a port from 0 to 65535" },
		{ "a:65536", "'a:65536' is no HOST:PORT with a port from 0 to 65535" },
		{ "a:-1", "'a:-1' is no HOST:PORT with a port from 0 to 65535" },
		{ "a:80x", "'a:80x' is no HOST:PORT with a port from 0 to 65535" },
		{ "::1:8443", "the IPv6 address of '::1:8443' needs brackets" },
		{ ":8443", "':8443' names no host" },
		{ "[]:8443", "'[]:8443' names no host" },
		{ "[::1:8443", "the IPv6 address of '[::1:8443' needs brackets" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct error error;
		struct net_address address = { .port = 7 };
		assert_false(net_address_parse(rows[i].text, &address, &error));
		assert_int_equal(error.kind, ERROR_USAGE);
		assert_string_equal(error.text, rows[i].why);
		assert_int_equal(address.port, 7);
	}
	char text[400];
	memset(text, 'a', sizeof text);
	snprintf(text + 300, 8, ":80");
	struct error error;
	struct net_address address;
	assert_false(net_address_parse(text, &address, &error));
}

static void append(void *context, const char *what)
{
	strcat(context, what);
}

static void fire_a(void *context)
{
	append(context, "a");
}

static void fire_b(void *context)
{
	append(context, "b");
}

/* libuv itself would end the program where it finds too few. */
static void no_descriptors_no_loop(void **state)
{
	(void)state;
	struct error error;
	struct net_loop *loop = NULL;
	struct rlimit before, none;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 6;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_false(net_loop_new(&loop, &error));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(error.kind, ERROR_IO);
	assert_string_equal(error.text, "cannot make an event loop: Too many open files");
	assert_null(loop);
	net_loop_free(new_loop());
}

static void timers_fire_once_in_order(void **state)
{
	(void)state;
	char trace[16] = "";
	OWN(net_loop) struct net_loop *loop = new_loop();
	OWN(net_timer) struct net_timer *late = net_timer_new(loop, fire_b, trace);
	OWN(net_timer) struct net_timer *early = net_timer_new(loop, fire_a, trace);
	OWN(net_timer) struct net_timer *stopped = net_timer_new(loop, fire_b, trace);
	net_timer_start(stopped, 1);
	net_timer_start(late, 1);
	net_timer_start(late, 20); /* again: the first is forgotten */
	net_timer_start(early, 1);
	net_timer_stop(stopped);
	net_loop_run(loop);
	assert_string_equal(trace, "ab");
}

static void hold_loop(void *context)
{
	(void)context;
	fail();
}

struct rung {
	struct net_loop *loop;
	struct net_wake *wake;
	int written, seen; /* a plain number: the wake is what orders the threads */
};

static void on_ring(void *context)
{
	struct rung *rung = context;
	rung->seen = rung->written;
	if (rung->seen == 3)
		net_loop_stop(rung->loop);
}

static void *ring(void *context)
{
	struct rung *rung = context;
	rung->written = 3;
	net_wake_send(rung->wake);
	return NULL;
}

static void another_thread_wakes_the_loop(void **state)
{
	(void)state;
	OWN(net_loop) struct net_loop *loop = new_loop();
	struct rung rung = { .loop = loop };
	OWN(net_wake) struct net_wake *wake = net_wake_new(loop, on_ring, &rung);
	rung.wake = wake;
	/* Alone it holds no loop. */
	net_loop_run(loop);
	assert_int_equal(rung.seen, 0);
	OWN(net_timer) struct net_timer *guard = net_timer_new(loop, hold_loop, NULL);
	net_timer_start(guard, 60000);
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, ring, &rung), 0);
	net_loop_run(loop);
	assert_int_equal(rung.seen, 3);
	assert_int_equal(pthread_join(thread, NULL), 0);
	net_wake_free(NULL);
}

struct watched {
	struct net_loop *loop;
	struct net_watch *watch;
	const char *folder;
	int seen;
};

static void write_there(void *context)
{
	const struct watched *watched = context;
	OWN(char) char *path = text_format("%s/file", watched->folder);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs("x", file);
	fclose(file);
}

static void saw_change(void *context)
{
	struct watched *watched = context;
	if (++watched->seen == 2)
		net_loop_stop(watched->loop);
	else
		net_watch_again(watched->watch);
}

static void a_folder_that_changes_is_noticed(void **state)
{
	(void)state;
	char folder[] = "/tmp/mtls-watch-test.XXXXXX";
	OWN(net_loop) struct net_loop *loop = new_loop();
	struct watched watched = { .loop = loop, .folder = mkdtemp(folder) };
	OWN(net_watch) struct net_watch *watch = NULL;
	struct error error;
	assert_false(net_watch_new(loop, "/nonexistent", saw_change, NULL, &watch, &error));
	assert_string_equal(error.text, "cannot watch /nonexistent: No such file or directory");
	assert_true(net_watch_new(loop, folder, saw_change, &watched, &watch, &error));
	watched.watch = watch;
	OWN(net_timer) struct net_timer *first = net_timer_new(loop, write_there, &watched);
	OWN(net_timer) struct net_timer *second = net_timer_new(loop, write_there, &watched);
	OWN(net_timer) struct net_timer *guard = net_timer_new(loop, hold_loop, NULL);
	net_timer_start(first, 1);
	net_timer_start(second, 50);
	net_timer_start(guard, 60000);
	net_loop_run(loop);
	assert_int_equal(watched.seen, 2);
	OWN(char) char *path = text_format("%s/file", folder);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

struct signalled {
	struct net_loop *loop;
	int number;
};

static void took_signal(void *context, int number)
{
	struct signalled *signalled = context;
	signalled->number = number;
	net_loop_stop(signalled->loop);
}

static void raise_signal(void *context)
{
	(void)context;
	raise(SIGUSR1);
}

static void signals_reach_the_loop(void **state)
{
	(void)state;
	OWN(net_loop) struct net_loop *loop = new_loop();
	struct signalled signalled = { .loop = loop };
	struct error error;
	OWN(net_signal) struct net_signal *signal = NULL;
	assert_true(net_signal_new(loop, SIGUSR1, took_signal, &signalled, &signal, &error));
	OWN(net_timer) struct net_timer *raiser = net_timer_new(loop, raise_signal, NULL);
	OWN(net_timer) struct net_timer *guard = net_timer_new(loop, hold_loop, NULL);
	net_timer_start(raiser, 0);
	net_timer_start(guard, 60000);
	net_loop_run(loop);
	assert_int_equal(signalled.number, SIGUSR1);
	struct net_signal *none = NULL;
	assert_false(net_signal_new(loop, SIGKILL, took_signal, &signalled, &none, &error));
	assert_null(none);
	assert_int_equal(error.kind, ERROR_NETWORK);
}

/* A server that sends back what it reads, and ends when the peer does. */
struct echo {
	struct net_loop *loop;
	struct net_stream *stream;
	size_t received, waited;
	bool ended, broken;
	bool flood; /* answer the first bytes with more than a socket takes */
};

#define FLOOD_BYTES ((size_t)16 << 20)
static int flooded[2]; /* a pipe: the peer waits until the flood was written */

static void echo_bytes(void *context, const void *bytes, size_t count)
{
	struct echo *echo = context;
	struct error error;
	echo->received += count;
	if (echo->flood) {
		OWN(char) char *flood = calloc(1, FLOOD_BYTES);
		assert_true(net_stream_write(echo->stream, flood, FLOOD_BYTES, &error));
		echo->waited = net_stream_pending(echo->stream);
		assert_int_equal(write(flooded[1], "x", 1), 1);
		net_stream_pause(echo->stream);
	} else {
		assert_true(net_stream_write(echo->stream, bytes, count, &error));
	}
}

static void echo_end(void *context, const struct error *error)
{
	struct echo *echo = context;
	echo->ended = true;
	echo->broken = error != NULL;
	net_stream_close(echo->stream);
	net_loop_stop(echo->loop);
}

static void echo_drained(void *context)
{
	struct echo *echo = context;
	assert_int_equal(net_stream_pending(echo->stream), 0);
	net_stream_shutdown(echo->stream);
	net_stream_resume(echo->stream);
}

static const struct net_stream_events echo_events = { echo_bytes, echo_end, echo_drained };

static void echo_accept(void *context, struct net_stream *stream)
{
	struct echo *echo = context;
	echo->stream = stream;
	assert_string_equal(net_stream_peer(stream)->host, "127.0.0.1");
	assert_int_not_equal(net_stream_peer(stream)->port, 0);
	net_stream_start(stream, &echo_events, echo);
}

static int connect_to(uint16_t port)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

/* Runs the server in this process and `peer` in a child; returns whether the child was content. */
static void run_echo(struct echo *echo, bool (*peer)(int fd))
{
	OWN(net_loop) struct net_loop *loop = new_loop();
	struct net_address address = { .host = "127.0.0.1" };
	struct net_listener *listener;
	struct error error;
	echo->loop = loop;
	assert_int_equal(pipe(flooded), 0);
	assert_true(net_listen(loop, &address, echo_accept, echo, &listener, &error));
	assert_int_not_equal(net_listener_port(listener), 0);
	pid_t child = fork();
	if (!child)
		_exit(!peer(connect_to(net_listener_port(listener))));
	net_loop_run(loop);
	net_listener_close(listener);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(flooded[0]);
	close(flooded[1]);
}

static bool peer_says_hello(int fd)
{
	char answer[8] = "";
	return write(fd, "hello", 5) == 5 && recv(fd, answer, 5, MSG_WAITALL) == 5 &&
	       !strcmp(answer, "hello") && close(fd) == 0;
}

/* Asks for the flood and waits until it was written. */
static bool ask(int fd)
{
	char ready;
	return write(fd, "x", 1) == 1 && read(flooded[0], &ready, 1) == 1;
}

static bool peer_reads_a_flood(int fd)
{
	static char bytes[65536];
	size_t total = 0;
	ssize_t count;
	if (!ask(fd))
		return false;
	while ((count = read(fd, bytes, sizeof bytes)) > 0)
		total += (size_t)count;
	return count == 0 && total == FLOOD_BYTES && close(fd) == 0;
}

static bool peer_resets(int fd)
{
	struct linger now = { .l_onoff = 1 };
	return ask(fd) && setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now) == 0 &&
	       close(fd) == 0;
}

static void bytes_go_there_and_back(void **state)
{
	(void)state;
	struct echo echo = { 0 };
	run_echo(&echo, peer_says_hello);
	assert_int_equal(echo.received, 5);
	assert_true(echo.ended);
	assert_false(echo.broken);
}

static void what_the_socket_does_not_take_waits(void **state)
{
	(void)state;
	struct echo echo = { .flood = true };
	run_echo(&echo, peer_reads_a_flood);
	assert_true(echo.waited > 0);
	assert_false(echo.broken);
}

static void a_reset_is_told_apart_from_an_end(void **state)
{
	(void)state;
	struct echo echo = { .flood = true };
	run_echo(&echo, peer_resets);
	assert_true(echo.ended);
	assert_true(echo.broken);
}

static void a_taken_port_is_a_sentence(void **state)
{
	(void)state;
	OWN(net_loop) struct net_loop *loop = new_loop();
	struct net_address address = { .host = "127.0.0.1" };
	struct net_listener *first, *second = NULL;
	struct error error;
	assert_true(net_listen(loop, &address, echo_accept, NULL, &first, &error));
	address.port = net_listener_port(first);
	assert_false(net_listen(loop, &address, echo_accept, NULL, &second, &error));
	assert_null(second);
	assert_int_equal(error.kind, ERROR_NETWORK);
	OWN(char) char *text =
		text_format("cannot listen on 127.0.0.1:%u: Address already in use", address.port);
	assert_string_equal(error.text, text);
	assert_non_null(strstr(error.hint, "another program listens there"));
	net_listener_close(first);
	assert_false(net_listen(loop, &(struct net_address){ .host = "no.such.host.invalid" },
		echo_accept, NULL, &second, &error));
	assert_non_null(strstr(error.text, "cannot listen on host 'no.such.host.invalid'"));
	assert_false(net_listen(loop, &(struct net_address){ .host = "192.0.2.1" }, echo_accept,
		NULL, &second, &error));
	assert_string_equal(error.hint, "this machine does not have that address");
}

struct door {
	struct net_loop *loop;
	int came;
};

static void comes_in(void *context, struct net_stream *stream)
{
	struct door *door = context;
	door->came++;
	net_stream_close(stream);
	net_loop_stop(door->loop);
}

static void *knock(void *context)
{
	const uint16_t *port = context;
	close(connect_to(*port));
	return NULL;
}

/* While the first listens it may get the connection, and when it is closed the second must. */
static void two_loops_listen_beside_each_other(void **state)
{
	(void)state;
	OWN(net_loop) struct net_loop *one = new_loop();
	OWN(net_loop) struct net_loop *two = new_loop();
	struct door first = { .loop = one }, second = { .loop = two };
	struct net_listener *a, *b, *c = NULL;
	struct error error;
	struct net_address address = { .host = "localhost" };
	assert_true(net_listen(one, &address, comes_in, &first, &a, &error));
	assert_true(net_listen_beside(two, a, comes_in, &second, &b, &error));
	uint16_t port = address.port = net_listener_port(a);
	assert_int_equal(net_listener_port(b), port);
	assert_false(net_listen(one, &address, comes_in, &first, &c, &error));
	net_listener_close(a);
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, knock, &port), 0);
	net_loop_run(two);
	assert_int_equal(second.came, 1);
	assert_int_equal(first.came, 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	net_listener_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_loops_listen_beside_each_other),
		cmocka_unit_test(addresses_are_taken),
		cmocka_unit_test(addresses_are_refused),
		cmocka_unit_test(no_descriptors_no_loop),
		cmocka_unit_test(timers_fire_once_in_order),
		cmocka_unit_test(another_thread_wakes_the_loop),
		cmocka_unit_test(a_folder_that_changes_is_noticed),
		cmocka_unit_test(signals_reach_the_loop),
		cmocka_unit_test(bytes_go_there_and_back),
		cmocka_unit_test(what_the_socket_does_not_take_waits),
		cmocka_unit_test(a_reset_is_told_apart_from_an_end),
		cmocka_unit_test(a_taken_port_is_a_sentence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
