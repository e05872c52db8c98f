/* A worker's life: accepting, orders from the control thread, and its end. */
#include "server/connection.h"
#include "server/record.h"
#include "server/shed.h"

#include <errno.h>
#include <signal.h>

#define JUDGED_AT_A_TIME 64
#define PIECE_BYTES_MAX ((size_t)1 << 20)

static void accepted(void *context, struct net_stream *stream)
{
	struct worker *worker = context;
	long long open = atomic_fetch_add(&worker->settings->open, 1);
	bool scarce = descriptors_scarce(net_stream_descriptor(stream));
	if (!shed_arrival(worker, net_stream_peer(stream), open, scarce)) {
		connection_open(worker, stream);
		return;
	}
	atomic_fetch_sub(&worker->settings->open, 1);
	net_stream_close(stream);
}

/* ---- What others want of it ---- */

static void cut(struct worker *worker)
{
	while (worker->connections)
		connection_abort(worker->connections);
	net_loop_stop(worker->loop);
}

static void close_listeners(struct worker *worker)
{
	for (size_t i = 0; i < worker->listeners_count; i++)
		net_listener_close(worker->listeners[i]);
	worker->listeners_count = 0;
}

static void drain(struct worker *worker)
{
	if (worker->draining)
		return;
	worker->draining = true;
	close_listeners(worker);
	shed_say(worker);
	/* The last one tells: from now on nobody gets in. */
	if (atomic_fetch_sub(&worker->settings->accepting, 1) == 1)
		record_stopping(worker->settings);
	for (struct connection *c = worker->connections, *next; c; c = next) {
		next = connection_next(c);
		connection_drain(c);
	}
	if (!worker->connections_count)
		net_loop_stop(worker->loop);
}

/* Some at a time: whoever asks for something meanwhile is not kept waiting by those who do not. */
static void judge_some(void *context)
{
	struct worker *worker = context;
	for (int i = 0; i < JUDGED_AT_A_TIME && worker->judging; i++) {
		struct connection *connection = worker->judging;
		worker->judging = connection_next(connection);
		connection_judge(connection);
	}
	if (worker->judging)
		net_timer_start(worker->judge_timer, 0);
}

static void take_snapshot(struct worker *worker)
{
	struct snapshot *next = atomic_exchange(&worker->next, NULL);
	if (!next)
		return;
	snapshot_free(worker->snapshot);
	worker->snapshot = next;
	atomic_store(&worker->taken, next->number);
	sem_post(&worker->settings->switched);
	worker->judging = worker->connections;
	net_timer_start(worker->judge_timer, 0);
}

static void woken(void *context)
{
	struct worker *worker = context;
	unsigned orders = atomic_load(&worker->orders);
	take_snapshot(worker);
	if (orders & ORDER_CUT)
		cut(worker);
	else if (orders & ORDER_DRAIN)
		drain(worker);
}

void worker_order(struct worker *worker, enum order order)
{
	atomic_fetch_or(&worker->orders, order);
	net_wake_send(worker->wake);
}

void worker_offer(struct worker *worker, struct snapshot *snapshot)
{
	/* One that was offered before and not taken yet is out of date. */
	snapshot_free(atomic_exchange(&worker->next, snapshot_hold(snapshot)));
	net_wake_send(worker->wake);
}

bool worker_has_taken(const struct worker *worker, unsigned long long number)
{
	return !worker->started || worker->ended || worker->taken >= number;
}

/* On any thread. */
static void store_has_answers(void *context)
{
	net_wake_send(context);
}

static void store_answers(void *context)
{
	const struct worker *worker = context;
	long long ms = store_port_deliver(worker->store);
	if (ms < 0)
		net_timer_stop(worker->store_timer);
	else
		net_timer_start(worker->store_timer, (uint64_t)ms);
}

/* ---- Life ---- */

/* The log first, since whoever gets an answer may look for its line. */
static void end_turn(void *context)
{
	connections_settle(context);
	log_flush();
}

bool worker_init(
	struct worker *worker, size_t number, struct settings *settings, struct error *reterr)
{
	struct net_loop *loop;
	if (!net_loop_new(&loop, reterr))
		return false;
	*worker = (struct worker){ .settings = settings, .number = number, .loop = loop };
	return true;
}

void worker_equip(struct worker *worker, struct store *store, const struct files *files,
	struct snapshot *snapshot)
{
	worker->snapshot = snapshot_hold(snapshot);
	worker->taken = snapshot->number;
	if (worker->settings->access)
		request_ids_init(&worker->ids);
	worker->wake = net_wake_new(worker->loop, woken, worker);
	/* It ends when it is told to: a last connection that waits for the store keeps no loop. */
	net_wake_hold(worker->wake);
	worker->store_wake = net_wake_new(worker->loop, store_answers, worker);
	worker->store_timer = net_timer_new(worker->loop, store_answers, worker);
	worker->judge_timer = net_timer_new(worker->loop, judge_some, worker);
	worker->shed_timer = net_timer_new(worker->loop, shed_second, worker);
	worker->store = store_port_open(store, store_has_answers, worker->store_wake);
	worker->routes = routes_new(worker->store, files);
	buffer_init(&worker->piece, PIECE_BYTES_MAX);
	buffer_init(&worker->line, SIZE_MAX); /* what it tells of has been let in */
	net_loop_each_turn(worker->loop, end_turn, worker);
}

bool worker_listen(struct worker *worker, const struct net_address *address,
	const struct net_listener *beside, struct error *reterr)
{
	struct net_listener **slot = &worker->listeners[worker->listeners_count];
	bool ok = beside ? net_listen_beside(worker->loop, beside, accepted, worker, slot, reterr)
			 : net_listen(worker->loop, address, accepted, worker, slot, reterr);
	worker->listeners_count += ok;
	return ok;
}

bool worker_take(struct worker *worker, int fd, struct error *reterr)
{
	bool ok = net_listen_given(worker->loop, fd, accepted, worker,
		&worker->listeners[worker->listeners_count], reterr);
	worker->listeners_count += ok;
	return ok;
}

static void *run(void *context)
{
	struct worker *worker = context;
	tls_thread_begin();
	memory_prepare();
	log_hold();
	net_loop_run(worker->loop);
	log_release();
	atomic_store(&worker->ended, true);
	net_wake_send(worker->ended_wake);
	return NULL;
}

bool worker_start(struct worker *worker, struct net_wake *ended, struct error *reterr)
{
	sigset_t all, before;
	worker->ended_wake = ended;
	/* Signals are for the control thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int status = pthread_create(&worker->thread, NULL, run, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	worker->started = status == 0;
	errno = status;
	return worker->started || error_errno(reterr, ERROR_IO, "cannot start a worker");
}

void worker_join(struct worker *worker)
{
	if (worker->started)
		pthread_join(worker->thread, NULL);
	worker->started = false;
}

void worker_done(struct worker *worker)
{
	if (!worker->loop)
		return;
	worker_join(worker);
	close_listeners(worker);
	while (worker->connections)
		connection_abort(worker->connections);
	connections_settle(worker);
	store_port_close(worker->store);
	net_wake_free(worker->store_wake);
	net_timer_free(worker->store_timer);
	net_timer_free(worker->judge_timer);
	net_timer_free(worker->shed_timer);
	net_wake_free(worker->wake);
	net_loop_free(worker->loop);
	buffer_done(&worker->piece);
	buffer_done(&worker->line);
	routes_free(worker->routes);
	snapshot_free(atomic_exchange(&worker->next, NULL));
	snapshot_free(worker->snapshot);
}
