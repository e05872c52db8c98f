/* The end of each turn of the loop, and how long it took, as the events of the next one see it. */
#include "net_loop.h"

#define BUSY_NS (50 * UINT64_C(1000000))

struct turns {
	struct net_loop *loop;
	struct net_wake *next;
	uint64_t busy_ns, seen_ms;
};

static void is_busy(void *context)
{
	const struct turns *turns = context;
	uint64_t end = clock_monotonic_ns() + turns->busy_ns;
	while (clock_monotonic_ns() < end) {
	}
	net_wake_send(turns->next);
}

static void sees(void *context)
{
	struct turns *turns = context;
	turns->seen_ms = net_loop_turn_ms(turns->loop);
	net_loop_stop(turns->loop);
}

static void nothing(void *context)
{
	(void)context;
}

/* What the second of two events sees of the first's turn. */
static uint64_t seen(bool followed, uint64_t busy_ns)
{
	struct turns turns = { .busy_ns = busy_ns };
	OWN(net_loop) struct net_loop *loop = turns.loop = new_loop();
	if (followed)
		net_loop_each_turn(loop, nothing, NULL);
	/* Made before the other, and so looked at before it: never in the same turn. */
	OWN(net_wake) struct net_wake *second = net_wake_new(loop, sees, &turns);
	OWN(net_wake) struct net_wake *first = net_wake_new(loop, is_busy, &turns);
	turns.next = second;
	net_wake_hold(first);
	net_wake_send(first);
	net_loop_run(loop);
	return turns.seen_ms;
}

static void a_long_turn_is_known_in_the_next(void **state)
{
	(void)state;
	/* The loop's clock may be a coarse one, of 10 ms at most. */
	assert_true(seen(true, BUSY_NS) >= 40);
}

static void nobody_follows_and_nothing_is_known(void **state)
{
	(void)state;
	assert_int_equal(seen(false, BUSY_NS), 0);
}

/* Waiting is no turn: an hour in which nothing comes is no lag. */
static void waits(void *context)
{
	const struct turns *turns = context;
	net_wake_send(turns->next);
}

static void waiting_is_no_turn(void **state)
{
	(void)state;
	struct turns turns = { .seen_ms = 99 };
	OWN(net_loop) struct net_loop *loop = turns.loop = new_loop();
	net_loop_each_turn(loop, nothing, NULL);
	OWN(net_wake) struct net_wake *wake = net_wake_new(loop, sees, &turns);
	turns.next = wake;
	OWN(net_timer) struct net_timer *timer = net_timer_new(loop, waits, &turns);
	net_timer_start(timer, 200);
	net_loop_run(loop);
	assert_true(turns.seen_ms < 200);
}

/* ---- What is done at a turn's end ---- */

struct trace {
	struct net_loop *loop;
	struct net_timer *first, *other;
	int left; /* times that the first one starts itself again */
	char text[64];
};

static void first_fires(void *context)
{
	struct trace *trace = context;
	strcat(trace->text, "a");
	if (--trace->left)
		net_timer_start(trace->first, 0);
}

static void other_fires(void *context)
{
	struct trace *trace = context;
	strcat(trace->text, "s");
	net_loop_stop(trace->loop);
}

/* At the end of the turn of the first timer the other one is started. */
static void turn_ends(void *context)
{
	struct trace *trace = context;
	size_t length = strlen(trace->text);
	if (length && trace->text[length - 1] == 'a')
		net_timer_start(trace->other, 1);
	strcat(trace->text, "|");
}

/* After what fired, and before the loop waits; in a stopped loop too. */
static void each_turn_has_an_end(void **state)
{
	(void)state;
	struct trace trace = { .left = 2 };
	OWN(net_loop) struct net_loop *loop = trace.loop = new_loop();
	net_loop_each_turn(loop, turn_ends, &trace);
	trace.first = net_timer_new(loop, first_fires, &trace);
	trace.other = net_timer_new(loop, other_fires, &trace);
	net_timer_start(trace.first, 1);
	net_loop_run(loop);
	net_timer_free(trace.first);
	net_timer_free(trace.other);
	assert_non_null(strstr(trace.text, "aa|"));
	assert_non_null(strstr(trace.text, "|s|"));
	/* A hook alone keeps no loop running. */
	OWN(net_loop) struct net_loop *idle = new_loop();
	net_loop_each_turn(idle, turn_ends, &trace);
	net_loop_run(idle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_turn_has_an_end),
		cmocka_unit_test(a_long_turn_is_known_in_the_next),
		cmocka_unit_test(nobody_follows_and_nothing_is_known),
		cmocka_unit_test(waiting_is_no_turn),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
