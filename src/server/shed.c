/* Who is sent away, and the line a second that tells of it: a flood must not flood the log. */
#include "server/shed.h"

#include "server/record.h"

#include <stdio.h>

#define SAID_EACH_MS 1000

/*
 * That a turn took long is no reason alone: with hardly a handshake in progress it is something
 * else that takes time, and sending clients away would not help.
 */
static bool lags(const struct server_limits *limits, const struct shed_facts *facts)
{
	return limits->lag_ms_max && facts->turn_ms > limits->lag_ms_max &&
	       facts->pending >= (limits->handshakes_pending + 9) / 10;
}

enum shed shed_judge(const struct server_limits *limits, const struct shed_facts *facts)
{
	if (facts->open >= limits->connections_max || facts->scarce)
		return SHED_CONNECTIONS;
	return facts->pending >= limits->handshakes_pending || lags(limits, facts) ? SHED_OVERLOAD
										   : SHED_NONE;
}

static bool is_too_frequent(const struct settings *settings, const struct net_peer *peer)
{
	return settings->rate &&
	       !rate_take(settings->rate, peer->host, clock_monotonic_ns() / 1000);
}

static void describe(const struct server_limits *limits, enum shed shed,
	const struct shed_facts *facts, const struct net_peer *peer, struct unsaid *ret)
{
	ret->peer = *peer;
	if (shed == SHED_ADDRESS)
		snprintf(ret->why, sizeof ret->why, "%s begins more than %lld handshakes a second",
			peer->host, limits->handshakes_per_address);
	else if (shed == SHED_CONNECTIONS && facts->open < limits->connections_max)
		snprintf(ret->why, sizeof ret->why,
			"%lld are open, and the limit of open files (ulimit -n) allows no more",
			facts->open);
	else if (shed == SHED_CONNECTIONS)
		snprintf(ret->why, sizeof ret->why, "%lld are open", facts->open);
	else if (facts->pending >= limits->handshakes_pending)
		snprintf(ret->why, sizeof ret->why, "%lld handshakes are in progress",
			facts->pending);
	else
		snprintf(ret->why, sizeof ret->why,
			"the last turn took %lld ms, with %lld handshakes in progress",
			facts->turn_ms, facts->pending);
}

void shed_say(struct worker *worker)
{
	for (size_t i = SHED_NONE + 1; i < SHED_KINDS; i++)
		if (worker->unsaid[i].closed) {
			record_shed(&worker->settings->log, (enum shed)i, &worker->unsaid[i]);
			worker->unsaid[i].closed = 0;
			worker->shed_waits = true;
		}
}

/* The first is told at once; those of the second that follows, at its end. */
void shed_second(void *context)
{
	struct worker *worker = context;
	worker->shed_waits = false;
	shed_say(worker);
	if (worker->shed_waits)
		net_timer_start(worker->shed_timer, SAID_EACH_MS);
}

bool shed_arrival(struct worker *worker, const struct net_peer *peer, long long open, bool scarce)
{
	const struct server_limits *limits = &worker->settings->limits;
	const struct shed_facts facts = { .open = open,
		.pending = count_now(&worker->counts.pending),
		.turn_ms = (long long)net_loop_turn_ms(worker->loop),
		.scarce = scarce };
	/* Whoever is sent away for another reason has begun one, too. */
	enum shed shed =
		is_too_frequent(worker->settings, peer) ? SHED_ADDRESS : shed_judge(limits, &facts);
	if (shed == SHED_NONE)
		return false;
	count_up(&worker->counts.shed[shed]);
	worker->unsaid[shed].closed++;
	describe(limits, shed, &facts, peer, &worker->unsaid[shed]);
	if (!worker->shed_waits)
		shed_second(worker);
	return true;
}
