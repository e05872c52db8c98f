/*
 * One thread of load: who asks when. Without a rate every slot asks again as soon as it is
 * answered; with one, operations fall due on a fixed schedule, whoever is free takes them, and
 * their time runs from the schedule.
 */
#include "bench/worker.h"

#define TICK_MS 50
/* Handshakes that one thread has under way while it opens idle connections. */
#define OPENING_MAX 64

static bool is_over(const struct worker *worker)
{
	const struct bench_options *options = worker->shared->options;
	if (atomic_load_explicit(&worker->shared->stop, memory_order_relaxed))
		return true;
	if (worker->probing)
		return !worker->probes_left;
	if (worker->end_ns && clock_monotonic_ns() >= worker->end_ns)
		return true;
	return options->count && atomic_load_explicit(&worker->shared->done, memory_order_relaxed) +
						 atomic_load_explicit(&worker->shared->failed,
							 memory_order_relaxed) >=
					 options->count;
}

/* Whether one more may begin: with a count, only so many in all. */
static bool may_begin(const struct worker *worker)
{
	struct shared *shared = worker->shared;
	if (worker->probing || !shared->options->count || shared->options->mode == BENCH_RESUMED)
		return true;
	return atomic_fetch_add_explicit(&shared->started, 1, memory_order_relaxed) <
	       shared->options->count;
}

static uint64_t due_ns(const struct worker *worker)
{
	return worker->start_ns + (uint64_t)((double)worker->dispatched * 1e9 / worker->rate);
}

void worker_count_error(struct worker *worker, const struct error *error)
{
	struct bench_result *result = worker->result;
	result->failed++;
	result->errors[error->code]++;
	atomic_fetch_add_explicit(&worker->shared->failed, 1, memory_order_relaxed);
	if (result->first_error.kind == ERROR_NONE)
		result->first_error = *error;
	if (worker->probing)
		net_loop_stop(worker->loop);
}

/* With a rate: gives what is due to who is free. */
static void dispatch(struct worker *worker)
{
	uint64_t now = clock_monotonic_ns();
	worker->handing_out = true;
	for (size_t i = 0; i < worker->slots_count && due_ns(worker) <= now; i++)
		while (due_ns(worker) <= now && slot_is_free(&worker->slots[i]) &&
			may_begin(worker)) {
			uint64_t due = due_ns(worker);
			worker->dispatched++;
			slot_begin(&worker->slots[i], due);
		}
	worker->handing_out = false;
}

/* Idle mode: a few handshakes at a time, until all stand. */
static void open_more(struct worker *worker)
{
	worker->handing_out = true;
	while (worker->opening < worker->slots_count && worker->connecting < OPENING_MAX) {
		struct slot *slot = &worker->slots[worker->opening++];
		if (slot_is_free(slot) && may_begin(worker))
			slot_begin(slot, clock_monotonic_ns());
	}
	worker->handing_out = false;
}

void worker_operation_ended(struct worker *worker, struct slot *slot)
{
	const struct bench_options *options = worker->shared->options;
	if (worker->probing)
		worker->probes_left--;
	if (is_over(worker)) {
		net_loop_stop(worker->loop);
		return;
	}
	/* Where no socket can be had thousands end within slot_begin: no recursion for each. */
	if (worker->probing || worker->handing_out)
		return;
	if (options->mode == BENCH_IDLE)
		open_more(worker);
	else if (worker->rate > 0)
		dispatch(worker);
	else if (slot_is_free(slot) && may_begin(worker))
		slot_begin(slot, clock_monotonic_ns());
}

void worker_connection_stands(struct worker *worker, struct slot *slot)
{
	bool asks_at_once = !worker->probing && !(worker->rate > 0) &&
			    worker->shared->options->mode == BENCH_REQUESTS;
	while (asks_at_once && slot_is_free(slot) && may_begin(worker))
		slot_begin(slot, clock_monotonic_ns());
}

static void give_up(struct slot *slot)
{
	struct error error;
	error_code(&error, ERROR_NETWORK,
		slot->state == SLOT_HANDSHAKE ? CODE_HANDSHAKE_TIMEOUT : CODE_NONE,
		"no answer within %llu ms",
		(unsigned long long)slot->worker->shared->options->timeout_ms);
	slot_close(slot);
	slot->operating = false;
	slot->state = SLOT_PAUSED;
	worker_count_error(slot->worker, &error);
	if (slot->worker->probing)
		slot->worker->probes_left--;
}

/* Ends what takes too long, and lets failed slots try again. */
static void look_after(struct worker *worker)
{
	uint64_t now = clock_monotonic_ns();
	uint64_t patience = worker->shared->options->timeout_ms * 1000000;
	bool repeats = worker->shared->options->mode != BENCH_IDLE && !worker->probing;
	for (size_t i = 0; i < worker->slots_count; i++) {
		struct slot *slot = &worker->slots[i];
		if (slot->operating && now > slot->due_ns && now - slot->due_ns > patience)
			give_up(slot);
		if (slot->state != SLOT_PAUSED || !repeats)
			continue;
		slot->state = SLOT_CLOSED;
		if (!(worker->rate > 0) && may_begin(worker))
			slot_begin(slot, now);
	}
}

static void tick(void *context)
{
	struct worker *worker = context;
	look_after(worker);
	if (is_over(worker)) {
		net_loop_stop(worker->loop);
		return;
	}
	if (worker->rate > 0 && !worker->probing)
		dispatch(worker);
	net_timer_start(worker->tick, worker->rate > 0 ? 1 : TICK_MS);
}

static void begin(struct worker *worker)
{
	const struct bench_options *options = worker->shared->options;
	worker->start_ns = clock_monotonic_ns();
	if (options->duration_ms && !worker->probing)
		worker->end_ns = worker->start_ns + options->duration_ms * 1000000;
	if (worker->probing) {
		worker->probes_left = worker->slots_count;
		for (size_t i = 0; i < worker->slots_count; i++)
			slot_begin(&worker->slots[i], clock_monotonic_ns());
	} else if (options->mode == BENCH_IDLE) {
		open_more(worker);
	} else if (!(worker->rate > 0)) {
		for (size_t i = 0; i < worker->slots_count && may_begin(worker); i++)
			slot_begin(&worker->slots[i], clock_monotonic_ns());
	}
}

static void count_rest(struct worker *worker)
{
	for (size_t i = 0; i < worker->slots_count; i++)
		worker->result->held += worker->slots[i].state == SLOT_FREE;
	if (worker->rate > 0 && worker->shared->options->duration_ms && !worker->probing) {
		double due = worker->rate * (double)worker->shared->options->duration_ms / 1000;
		uint64_t ended = worker->result->operations.count + worker->result->failed;
		worker->result->overdue = due > (double)ended ? (uint64_t)due - ended : 0;
	}
}

void worker_run(struct worker *worker)
{
	worker->tick = net_timer_new(worker->loop, tick, worker);
	net_timer_start(worker->tick, worker->rate > 0 ? 1 : TICK_MS);
	begin(worker);
	net_loop_run(worker->loop);
	count_rest(worker);
	for (size_t i = 0; i < worker->slots_count; i++)
		slot_done(&worker->slots[i]);
	net_timer_free(worker->tick);
}
