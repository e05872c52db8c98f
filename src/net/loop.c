/* The loop, timers and signals. */
#include "net/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

void *net_allocate(size_t bytes)
{
	void *memory = calloc(1, bytes);
	if (!memory)
		bug("out of memory for %zu bytes", bytes);
	return memory;
}

void net_must(int status, const char *what)
{
	if (status < 0)
		bug("%s: %s", what, uv_strerror(status));
}

bool net_error(struct error *reterr, int status, const char *what, const char *which)
{
	errno = -status;
	return error_errno(reterr, ERROR_NETWORK, "%s %s", what, which);
}

/* A handle's memory is libuv's until its close callback; handles are their objects' first member.
 */
static void free_handle(uv_handle_t *handle)
{
	free(handle);
}

/*
 * libuv ends the program where it finds no descriptors for its signals, so they are counted before:
 * one to wait with, two pipes for signals and one for other threads' calls.
 */
static bool has_descriptors(struct error *reterr)
{
	enum { LOOP_DESCRIPTORS = 8 };
	int held[LOOP_DESCRIPTORS];
	size_t count = 0;
	while (count < LOOP_DESCRIPTORS &&
		(held[count] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) >= 0)
		count++;
	if (count < LOOP_DESCRIPTORS) {
		error_errno(reterr, ERROR_IO, "cannot make an event loop");
		error_hint(reterr, "raise the limit of open files: ulimit -n");
	}
	for (size_t i = 0; i < count; i++)
		close(held[i]);
	return count == LOOP_DESCRIPTORS;
}

bool net_loop_new(struct net_loop **ret, struct error *reterr)
{
	if (!has_descriptors(reterr))
		return false;
	struct net_loop *loop = malloc(sizeof *loop);
	if (!loop)
		bug("out of memory for an event loop");
	/* But for the bytes to be read: most of their pages, and of some loops all, go unused. */
	memset(loop, 0, offsetof(struct net_loop, read_bytes));
	int status = uv_loop_init(&loop->uv);
	if (status < 0) {
		free(loop);
		errno = -status;
		return error_errno(reterr, ERROR_IO, "cannot make an event loop");
	}
	/* libuv writes to sockets without MSG_NOSIGNAL: a peer that left must not end us. */
	signal(SIGPIPE, SIG_IGN);
	*ret = loop;
	return true;
}

static void after_waiting(uv_check_t *handle)
{
	struct net_loop *loop = (struct net_loop *)handle->loop;
	loop->turn_began =
		uv_now(&loop->uv); /* of when it was woken: libuv asks no clock in between */
	loop->turn(loop->turn_context);
}

/* Timers fire between `after_waiting` and this. */
static void before_waiting(uv_prepare_t *handle)
{
	struct net_loop *loop = (struct net_loop *)handle->loop;
	if (loop->turn_began) /* there was one */
		loop->turn_ms = uv_now(&loop->uv) - loop->turn_began;
	loop->turn(loop->turn_context);
}

uint64_t net_loop_turn_ms(const struct net_loop *loop)
{
	return loop->turn_ms;
}

void net_loop_each_turn(struct net_loop *loop, net_on_turn *turn, void *context)
{
	loop->turn = turn;
	loop->turn_context = context;
	net_must(uv_check_init(&loop->uv, &loop->after), "follow a loop");
	net_must(uv_prepare_init(&loop->uv, &loop->before), "follow a loop");
	net_must(uv_check_start(&loop->after, after_waiting), "follow a loop");
	net_must(uv_prepare_start(&loop->before, before_waiting), "follow a loop");
	uv_unref((uv_handle_t *)&loop->after);
	uv_unref((uv_handle_t *)&loop->before);
}

void net_loop_free(struct net_loop *loop)
{
	if (!loop)
		return;
	if (loop->turn) {
		uv_close((uv_handle_t *)&loop->after, NULL);
		uv_close((uv_handle_t *)&loop->before, NULL);
	}
	uv_run(&loop->uv, UV_RUN_NOWAIT); /* the close callbacks */
	net_must(uv_loop_close(&loop->uv), "close the event loop");
	free(loop);
}

void net_loop_run(struct net_loop *loop)
{
	uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void net_loop_stop(struct net_loop *loop)
{
	uv_stop(&loop->uv);
}

/* ---- Timers ---- */

struct net_timer {
	uv_timer_t uv;
	net_on_timer *fire;
	void *context;
};

struct net_timer *net_timer_new(struct net_loop *loop, net_on_timer *fire, void *context)
{
	struct net_timer *timer = net_allocate(sizeof *timer);
	net_must(uv_timer_init(&loop->uv, &timer->uv), "make a timer");
	timer->fire = fire;
	timer->context = context;
	return timer;
}

static void timer_fired(uv_timer_t *handle)
{
	struct net_timer *timer = (struct net_timer *)handle;
	timer->fire(timer->context);
}

void net_timer_start(struct net_timer *timer, uint64_t ms)
{
	net_must(uv_timer_start(&timer->uv, timer_fired, ms, 0), "start a timer");
}

void net_timer_stop(struct net_timer *timer)
{
	uv_timer_stop(&timer->uv);
}

void net_timer_free(struct net_timer *timer)
{
	if (timer)
		uv_close((uv_handle_t *)&timer->uv, free_handle);
}

/* ---- Waking from another thread ---- */

struct net_wake {
	uv_async_t uv;
	net_on_wake *fire;
	void *context;
};

static void woken(uv_async_t *handle)
{
	struct net_wake *wake = (struct net_wake *)handle;
	wake->fire(wake->context);
}

struct net_wake *net_wake_new(struct net_loop *loop, net_on_wake *fire, void *context)
{
	struct net_wake *wake = net_allocate(sizeof *wake);
	net_must(uv_async_init(&loop->uv, &wake->uv, woken), "make a loop wakeable");
	wake->fire = fire;
	wake->context = context;
	uv_unref((uv_handle_t *)&wake->uv);
	return wake;
}

void net_wake_send(struct net_wake *wake)
{
	net_must(uv_async_send(&wake->uv), "wake a loop");
}

void net_wake_hold(struct net_wake *wake)
{
	uv_ref((uv_handle_t *)&wake->uv);
}

void net_wake_free(struct net_wake *wake)
{
	if (wake)
		uv_close((uv_handle_t *)&wake->uv, free_handle);
}

/* ---- Signals ---- */

struct net_signal {
	uv_signal_t uv;
	net_on_signal *fire;
	void *context;
};

static void signal_fired(uv_signal_t *handle, int number)
{
	struct net_signal *signal = (struct net_signal *)handle;
	signal->fire(signal->context, number);
}

bool net_signal_new(struct net_loop *loop, int number, net_on_signal *fire, void *context,
	struct net_signal **ret, struct error *reterr)
{
	struct net_signal *signal = net_allocate(sizeof *signal);
	net_must(uv_signal_init(&loop->uv, &signal->uv), "make a signal watcher");
	signal->fire = fire;
	signal->context = context;
	int status = uv_signal_start(&signal->uv, signal_fired, number);
	if (status < 0) {
		net_signal_free(signal);
		return net_error(reterr, status, "cannot wait for signal", strsignal(number));
	}
	/* Waiting for a signal alone keeps no loop running. */
	uv_unref((uv_handle_t *)&signal->uv);
	*ret = signal;
	return true;
}

void net_signal_free(struct net_signal *signal)
{
	if (signal)
		uv_close((uv_handle_t *)&signal->uv, free_handle);
}
