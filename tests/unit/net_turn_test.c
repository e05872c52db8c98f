/* How long a turn of the loop took, as the events of the next one see it. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_long_turn_is_known_in_the_next),
		cmocka_unit_test(nobody_follows_and_nothing_is_known),
		cmocka_unit_test(waiting_is_no_turn),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
