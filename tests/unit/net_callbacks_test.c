/*
 * What a callback may do: stop and start timers, free what it stands in, close its own stream; many
 * connections at once; both families of addresses; and bytes that wait while nobody reads.
 */
#include "net_loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- Timers ---- */

struct clockwork {
	struct net_loop *loop;
	struct net_timer *mine, *other;
	char trace[64];
	int left;
};

static void note(struct clockwork *clockwork, const char *what)
{
	strcat(clockwork->trace, what);
}

static void ends_the_other(void *context)
{
	struct clockwork *clockwork = context;
	note(clockwork, "e");
	net_timer_stop(clockwork->other);
}

static void says_other(void *context)
{
	note(context, "o");
}

static void starts_again(void *context)
{
	struct clockwork *clockwork = context;
	note(clockwork, "a");
	if (--clockwork->left)
		net_timer_start(clockwork->mine, 0);
}

static void frees_itself(void *context)
{
	struct clockwork *clockwork = context;
	note(clockwork, "f");
	net_timer_free(clockwork->mine);
	clockwork->mine = NULL;
}

static void stops_the_loop(void *context)
{
	struct clockwork *clockwork = context;
	note(clockwork, "s");
	net_loop_stop(clockwork->loop);
}

/* Runs a loop with one timer that does `fire` at once, and another that would come later. */
static void run_timers(struct clockwork *clockwork, net_on_timer *fire, uint64_t later_ms)
{
	OWN(net_loop) struct net_loop *loop = new_loop();
	clockwork->loop = loop;
	clockwork->mine = net_timer_new(loop, fire, clockwork);
	OWN(net_timer)
	struct net_timer *other = clockwork->other = net_timer_new(loop, says_other, clockwork);
	net_timer_start(clockwork->mine, 0);
	net_timer_start(other, later_ms);
	net_loop_run(loop);
	net_timer_free(clockwork->mine);
}

static void a_timer_may_be_stopped_by_another(void **state)
{
	(void)state;
	struct clockwork clockwork = { 0 };
	run_timers(&clockwork, ends_the_other, 10);
	assert_string_equal(clockwork.trace, "e");
}

static void a_timer_may_start_itself_again(void **state)
{
	(void)state;
	struct clockwork clockwork = { .left = 3 };
	run_timers(&clockwork, starts_again, 60);
	assert_string_equal(clockwork.trace, "aaao");
}

static void a_timer_may_free_itself(void **state)
{
	(void)state;
	struct clockwork clockwork = { 0 };
	run_timers(&clockwork, frees_itself, 1);
	assert_string_equal(clockwork.trace, "fo");
}

static void a_stopped_loop_returns_with_timers_left(void **state)
{
	(void)state;
	struct clockwork clockwork = { 0 };
	run_timers(&clockwork, stops_the_loop, 600000);
	assert_string_equal(clockwork.trace, "s");
}

static void timers_come_in_the_order_of_their_times(void **state)
{
	(void)state;
	struct clockwork a = { 0 };
	OWN(net_loop) struct net_loop *loop = new_loop();
	OWN(net_timer) struct net_timer *third = net_timer_new(loop, says_other, &a);
	OWN(net_timer) struct net_timer *second = net_timer_new(loop, stops_the_loop, &a);
	OWN(net_timer) struct net_timer *first = net_timer_new(loop, ends_the_other, &a);
	a.loop = loop;
	a.other = third;
	net_timer_start(third, 5);
	net_timer_start(second, 3);
	net_timer_start(first, 1);
	net_loop_run(loop);
	assert_string_equal(a.trace, "es");
}

/* ---- Signals ---- */

static void count_signal(void *context, int number)
{
	struct clockwork *clockwork = context;
	note(clockwork, number == SIGUSR1 ? "1" : "2");
	if (--clockwork->left == 0)
		net_loop_stop(clockwork->loop);
}

static void raise_both(void *context)
{
	(void)context;
	raise(SIGUSR1);
	raise(SIGUSR2);
}

static void each_signal_reaches_those_who_wait_for_it(void **state)
{
	(void)state;
	struct error error;
	struct clockwork clockwork = { .left = 3 };
	OWN(net_loop) struct net_loop *loop = clockwork.loop = new_loop();
	OWN(net_signal) struct net_signal *one = NULL, *again = NULL, *two = NULL, *gone = NULL;
	assert_true(net_signal_new(loop, SIGUSR1, count_signal, &clockwork, &one, &error));
	assert_true(net_signal_new(loop, SIGUSR1, count_signal, &clockwork, &again, &error));
	assert_true(net_signal_new(loop, SIGUSR2, count_signal, &clockwork, &two, &error));
	assert_true(net_signal_new(loop, SIGUSR2, count_signal, &clockwork, &gone, &error));
	net_signal_free(TAKE(gone)); /* who is freed is told nothing more */
	OWN(net_timer) struct net_timer *raiser = net_timer_new(loop, raise_both, NULL);
	OWN(net_timer) struct net_timer *guard = net_timer_new(loop, stops_the_loop, &clockwork);
	net_timer_start(raiser, 0);
	net_timer_start(guard, 60000);
	net_loop_run(loop);
	assert_string_equal(clockwork.trace, "112");
}

/* Watching for a signal is no work: a loop with nothing else to do returns. */
static void a_watcher_alone_keeps_no_loop(void **state)
{
	(void)state;
	struct error error;
	struct clockwork clockwork = { 0 };
	OWN(net_loop) struct net_loop *loop = new_loop();
	OWN(net_signal) struct net_signal *one = NULL;
	assert_true(net_signal_new(loop, SIGUSR1, count_signal, &clockwork, &one, &error));
	net_loop_run(loop);
	assert_string_equal(clockwork.trace, "");
}

/* ---- Streams ---- */

/* All wait in the listener's queue at first, which holds 128 on the smallest of systems. */
#define CONNECTIONS 100

struct hall {
	struct net_loop *loop;
	struct net_listener *listener;
	size_t accepted, ended, received;
	size_t expected; /* ends after which the loop stops */
	bool close_at_once;
	char host[NET_HOST_BYTES];
};

struct guest {
	struct hall *hall;
	struct net_stream *stream;
};

static void guest_leaves(struct guest *guest)
{
	struct hall *hall = guest->hall;
	net_stream_close(guest->stream);
	free(guest);
	if (++hall->ended == hall->expected)
		net_loop_stop(hall->loop);
}

static void guest_bytes(void *context, const void *bytes, size_t count)
{
	struct guest *guest = context;
	struct error error;
	guest->hall->received += count;
	if (guest->hall->close_at_once)
		guest_leaves(guest);
	else
		assert_true(net_stream_write(guest->stream, bytes, count, &error));
}

static void guest_end(void *context, const struct error *error)
{
	assert_null(error);
	guest_leaves(context);
}

static void guest_drained(void *context)
{
	(void)context;
}

static const struct net_stream_events guest_events = { guest_bytes, guest_end, guest_drained };

static void guest_arrives(void *context, struct net_stream *stream)
{
	struct hall *hall = context;
	struct guest *guest = malloc(sizeof *guest);
	*guest = (struct guest){ hall, stream };
	hall->accepted++;
	snprintf(hall->host, sizeof hall->host, "%s", net_stream_peer(stream)->host);
	net_stream_start(stream, &guest_events, guest);
}

static bool open_hall(struct hall *hall, const char *host, struct error *reterr)
{
	struct net_address address = { .port = 0 };
	snprintf(address.host, sizeof address.host, "%s", host);
	hall->loop = new_loop();
	return net_listen(hall->loop, &address, guest_arrives, hall, &hall->listener, reterr);
}

static void close_hall(struct hall *hall)
{
	net_listener_close(hall->listener);
	net_loop_free(hall->loop);
}

/* A connected socket of that family; -1 when the machine lacks it or nobody listens. */
static int visit(const struct hall *hall, int family)
{
	struct sockaddr_in ipv4 = { .sin_family = AF_INET,
		.sin_port = htons(net_listener_port(hall->listener)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(net_listener_port(hall->listener)),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(family, SOCK_STREAM, 0);
	int status = family == AF_INET ? connect(fd, (struct sockaddr *)&ipv4, sizeof ipv4)
				       : connect(fd, (struct sockaddr *)&ipv6, sizeof ipv6);
	if (status == 0)
		return fd;
	close(fd);
	return -1;
}

/* Sends a word and the end, so that the echo comes back and the server's side ends too. */
static void say_word(int fd)
{
	assert_int_equal(write(fd, "word", 4), 4);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
}

static void many_come_at_once(void **state)
{
	(void)state;
	struct error error;
	int guests[CONNECTIONS];
	struct hall hall = { .expected = CONNECTIONS };
	assert_true(open_hall(&hall, "127.0.0.1", &error));
	for (size_t i = 0; i < CONNECTIONS; i++) {
		guests[i] = visit(&hall, AF_INET);
		assert_true(guests[i] >= 0);
		say_word(guests[i]);
	}
	net_loop_run(hall.loop);
	assert_int_equal(hall.accepted, CONNECTIONS);
	assert_int_equal(hall.received, 4 * CONNECTIONS);
	for (size_t i = 0; i < CONNECTIONS; i++) {
		char echo[8] = "";
		assert_int_equal(recv(guests[i], echo, sizeof echo, MSG_WAITALL), 4);
		assert_string_equal(echo, "word");
		close(guests[i]);
	}
	close_hall(&hall);
}

static void a_stream_may_close_itself_while_it_is_read(void **state)
{
	(void)state;
	struct error error;
	char byte;
	struct hall hall = { .expected = 1, .close_at_once = true };
	assert_true(open_hall(&hall, "127.0.0.1", &error));
	int fd = visit(&hall, AF_INET);
	say_word(fd);
	net_loop_run(hall.loop);
	assert_int_equal(hall.received, 4);
	assert_int_equal(read(fd, &byte, 1), 0);
	close(fd);
	close_hall(&hall);
}

/* "localhost" is both loopback addresses where the machine has both, on one port. */
static void localhost_is_both_families(void **state)
{
	(void)state;
	static const struct {
		const char *host;
		bool ipv4, ipv6;
	} rows[] = {
		{ "localhost", true, true },
		{ "LOCALHOST", true, true },
		{ "127.0.0.1", true, false },
		{ "::1", false, true },
		{ "0.0.0.0", true, false },
		{ "::", false, true },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (size_t f = 0; f < 2; f++) {
			struct error error;
			struct hall hall = { .expected = 1 };
			bool expected = f ? rows[i].ipv6 : rows[i].ipv4;
			if (!open_hall(&hall, rows[i].host, &error)) {
				/* This machine has no IPv6 at all. */
				assert_false(rows[i].ipv4);
				net_loop_free(hall.loop);
				continue;
			}
			int fd = visit(&hall, f ? AF_INET6 : AF_INET);
			if (fd < 0 && expected && !f)
				fail_msg("%s: IPv4 is refused", rows[i].host);
			if (fd >= 0 && !expected)
				fail_msg(
					"%s: listens on %s too", rows[i].host, f ? "IPv6" : "IPv4");
			if (fd >= 0) {
				say_word(fd);
				net_loop_run(hall.loop);
				assert_string_equal(hall.host, f ? "::1" : "127.0.0.1");
				close(fd);
			}
			close_hall(&hall);
		}
}

/* A listener that is closed is no more, and its port is free for the next. */
static void a_closed_port_can_be_had_again(void **state)
{
	(void)state;
	struct error error;
	struct hall first = { 0 }, second = { .expected = 1 };
	assert_true(open_hall(&first, "127.0.0.1", &error));
	struct net_address address = { .host = "127.0.0.1",
		.port = net_listener_port(first.listener) };
	second.loop = new_loop();
	assert_false(net_listen(
		second.loop, &address, guest_arrives, &second, &second.listener, &error));
	assert_int_equal(error.system, EADDRINUSE);
	close_hall(&first);
	assert_true(net_listen(
		second.loop, &address, guest_arrives, &second, &second.listener, &error));
	int fd = visit(&second, AF_INET);
	say_word(fd);
	net_loop_run(second.loop);
	assert_int_equal(second.received, 4);
	close(fd);
	close_hall(&second);
}

/* Back-pressure: who is paused hears nothing, not even an end, until it goes on. */
struct slow {
	struct hall *hall;
	struct net_stream *stream;
	struct net_timer *timer;
	char trace[16];
};

static void slow_bytes(void *context, const void *bytes, size_t count)
{
	struct slow *slow = context;
	(void)bytes;
	assert_int_equal(count, 4);
	strcat(slow->trace, "b");
}

static void slow_end(void *context, const struct error *error)
{
	struct slow *slow = context;
	assert_null(error);
	strcat(slow->trace, "e");
	net_stream_resume(slow->stream); /* after an end there is nothing to go on with */
	net_stream_close(slow->stream);
	net_loop_stop(slow->hall->loop);
}

static const struct net_stream_events slow_events = { slow_bytes, slow_end, guest_drained };

static void slow_arrives(void *context, struct net_stream *stream)
{
	struct slow *slow = context;
	slow->stream = stream;
	net_stream_start(stream, &slow_events, slow);
	net_stream_pause(stream);
	net_stream_pause(stream); /* twice is once */
	net_timer_start(slow->timer, 20);
}

static void slow_goes_on(void *context)
{
	struct slow *slow = context;
	strcat(slow->trace, "r");
	net_stream_resume(slow->stream);
	net_stream_resume(slow->stream);
}

static void a_paused_stream_hears_nothing(void **state)
{
	(void)state;
	struct error error;
	struct hall hall = { .loop = new_loop() };
	struct slow slow = { .hall = &hall };
	const struct net_address address = { .host = "127.0.0.1" };
	slow.timer = net_timer_new(hall.loop, slow_goes_on, &slow);
	assert_true(net_listen(hall.loop, &address, slow_arrives, &slow, &hall.listener, &error));
	int fd = visit(&hall, AF_INET);
	say_word(fd);
	net_loop_run(hall.loop);
	assert_string_equal(slow.trace, "rbe");
	close(fd);
	net_timer_free(slow.timer);
	close_hall(&hall);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_timer_may_be_stopped_by_another),
		cmocka_unit_test(a_timer_may_start_itself_again),
		cmocka_unit_test(a_timer_may_free_itself),
		cmocka_unit_test(a_stopped_loop_returns_with_timers_left),
		cmocka_unit_test(timers_come_in_the_order_of_their_times),
		cmocka_unit_test(each_signal_reaches_those_who_wait_for_it),
		cmocka_unit_test(a_watcher_alone_keeps_no_loop),
		cmocka_unit_test(many_come_at_once),
		cmocka_unit_test(a_stream_may_close_itself_while_it_is_read),
		cmocka_unit_test(localhost_is_both_families),
		cmocka_unit_test(a_closed_port_can_be_had_again),
		cmocka_unit_test(a_paused_stream_hears_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
