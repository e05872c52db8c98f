/* Who is sent away when there is too much to do, and how often that is told. */
#include "unit.h"

#include "server/shed.h"

#include <stdio.h>
#include <unistd.h>

static void room_ends_exactly_at_its_limits(void **state)
{
	(void)state;
	static const struct server_limits limits = {
		.connections_max = 1000, .handshakes_pending = 40, .lag_ms_max = 100
	};
	static const struct {
		struct shed_facts facts;
		enum shed shed;
	} rows[] = {
		{ { 0, 0, 0, false }, SHED_NONE },
		{ { 999, 39, 0, false }, SHED_NONE },
		{ { 1000, 0, 0, false }, SHED_CONNECTIONS },
		{ { 2000, 0, 0, false }, SHED_CONNECTIONS },
		{ { 999, 40, 0, false }, SHED_OVERLOAD },
		{ { 999, 41, 0, false }, SHED_OVERLOAD },
		{ { 1000, 40, 500, false }, SHED_CONNECTIONS }, /* what the user set first */
		/* A long turn counts while a tenth of the handshakes are in progress. */
		{ { 0, 4, 101, false }, SHED_OVERLOAD },
		{ { 0, 4, 100, false }, SHED_NONE },
		{ { 0, 3, 101, false }, SHED_NONE },
		{ { 0, 0, 60000, false }, SHED_NONE },
		/* However few there are: without a descriptor nobody could even be sent away. */
		{ { 0, 0, 0, true }, SHED_CONNECTIONS },
		{ { 1000, 40, 500, true }, SHED_CONNECTIONS },
		{ { 0, 39, 60000, false }, SHED_OVERLOAD },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (shed_judge(&limits, &rows[i].facts) != rows[i].shed)
			fail_msg("row %zu", i);
}

static void a_lag_of_0_is_none_and_the_fewest_are_one(void **state)
{
	(void)state;
	struct server_limits limits = { .connections_max = 10, .handshakes_pending = 40 };
	const struct shed_facts late = { .pending = 39, .turn_ms = 60000 },
				alone = { .turn_ms = 60000 },
				second = { .pending = 1, .turn_ms = 2 };
	assert_int_equal(shed_judge(&limits, &late), SHED_NONE);
	limits.lag_ms_max = 1;
	assert_int_equal(shed_judge(&limits, &late), SHED_OVERLOAD);
	/* A tenth of 5 is one, and not none: a first client always gets in. */
	limits.handshakes_pending = 5;
	assert_int_equal(shed_judge(&limits, &alone), SHED_NONE);
	assert_int_equal(shed_judge(&limits, &second), SHED_OVERLOAD);
	limits.handshakes_pending = 11;
	assert_int_equal(shed_judge(&limits, &second), SHED_NONE);
}

static void each_reason_has_a_code_with_a_remedy(void **state)
{
	(void)state;
	assert_int_equal(counts_shed_codes[SHED_NONE], CODE_NONE);
	for (size_t i = SHED_NONE + 1; i < SHED_KINDS; i++) {
		const struct code_info *info = code_info(counts_shed_codes[i]);
		assert_int_equal(info->side, SIDE_SERVER);
		assert_true(*info->text && *info->hint);
		/* Nothing was said in TLS, so there is no alert. */
		assert_int_equal(info->alert12, -1);
		assert_int_equal(info->alert13, -1);
		for (size_t j = SHED_NONE; j < i; j++)
			assert_int_not_equal(counts_shed_codes[i], counts_shed_codes[j]);
	}
}

/* ---- What is told ---- */

struct told {
	int ends[2];
	struct net_loop *loop;
	struct settings settings;
	struct worker *worker;
	bool scarce;
	char text[4096];
};

static void told_new(struct told *told)
{
	struct error error;
	*told = (struct told){ .settings.limits = {
				       .connections_max = 5, .handshakes_pending = 3 } };
	assert_int_equal(pipe(told->ends), 0);
	told->settings.log = (struct log){ .fd = told->ends[1], .level_min = LOG_INFO };
	assert_true(net_loop_new(&told->loop, &error));
	told->worker = calloc(1, sizeof *told->worker);
	assert_non_null(told->worker);
	told->worker->settings = &told->settings;
	told->worker->loop = told->loop;
	told->worker->shed_timer = net_timer_new(told->loop, shed_second, told->worker);
}

static void told_done(struct told *told)
{
	net_timer_free(told->worker->shed_timer);
	net_loop_free(told->loop);
	rate_free(told->settings.rate);
	free(told->worker);
	close(told->ends[0]);
	close(told->ends[1]);
}

/* What was logged since. */
static const char *said(struct told *told)
{
	/* A byte of our own, so that reading does not wait where nothing was written. */
	assert_int_equal(write(told->ends[1], ".", 1), 1);
	ssize_t count = read(told->ends[0], told->text, sizeof told->text - 1);
	assert_true(count > 0 && told->text[count - 1] == '.');
	told->text[count - 1] = 0;
	return told->text;
}

static bool arrives(struct told *told, const char *host, long long open)
{
	const struct net_peer peer = { .port = 4711 };
	struct net_peer from = peer;
	snprintf(from.host, sizeof from.host, "%s", host);
	return shed_arrival(told->worker, &from, open, told->scarce);
}

static unsigned long long counted(const struct told *told, enum shed shed)
{
	return count_read(&told->worker->counts.shed[shed]);
}

static void a_flood_is_one_line_a_second(void **state)
{
	(void)state;
	struct told told;
	told_new(&told);
	assert_false(arrives(&told, "192.0.2.1", 4));
	assert_string_equal(said(&told), "");
	assert_true(arrives(&told, "192.0.2.1", 5));
	assert_string_equal(said(&told),
		"[SERVER] SHED | closed=1 | peer=192.0.2.1:4711 | code=too-many-connections | "
		"why=5 are open | hint=raise --connections-max and the limit of open files, or let "
		"idle ones end: --idle-ms-max\n");
	for (int i = 0; i < 1000; i++)
		assert_true(arrives(&told, "192.0.2.2", 6));
	assert_string_equal(said(&told), "");
	shed_second(told.worker);
	assert_non_null(strstr(said(&told), "SHED | closed=1000 | peer=192.0.2.2:4711 | "));
	assert_non_null(strstr(told.text, "why=6 are open"));
	assert_null(strstr(strstr(told.text, "SHED") + 1, "SHED"));
	/* It has just been told: the next second begins. */
	assert_true(arrives(&told, "192.0.2.3", 7));
	assert_string_equal(said(&told), "");
	shed_second(told.worker);
	assert_non_null(strstr(said(&told), "closed=1 | peer=192.0.2.3"));
	/* A second in which nobody was, and the next one is told at once again. */
	shed_second(told.worker);
	assert_string_equal(said(&told), "");
	assert_true(arrives(&told, "192.0.2.4", 5));
	assert_non_null(strstr(said(&told), "closed=1 | peer=192.0.2.4"));
	/* At the end, what is left. */
	assert_true(arrives(&told, "192.0.2.5", 5));
	shed_say(told.worker);
	assert_non_null(strstr(said(&told), "closed=1 | peer=192.0.2.5"));
	assert_int_equal(counted(&told, SHED_CONNECTIONS), 1004);
	/* Fewer than there may be, but the machine gives no more. */
	shed_second(told.worker);
	told.scarce = true;
	assert_true(arrives(&told, "192.0.2.6", 3));
	assert_non_null(strstr(said(&told), "code=too-many-connections | why=3 are open, and the "
					    "limit of open files (ulimit -n) allows no more | "));
	told_done(&told);
}

static void each_reason_is_told_and_counted_for_itself(void **state)
{
	(void)state;
	struct told told;
	told_new(&told);
	told.settings.limits.handshakes_per_address = 1;
	told.settings.rate = rate_new(1, false);
	assert_false(arrives(&told, "192.0.2.1", 0));
	assert_true(arrives(&told, "192.0.2.1", 0));
	assert_non_null(strstr(said(&told), "code=too-frequent | why=192.0.2.1 begins more than 1 "
					    "handshakes a second | hint="));
	count_move(&told.worker->counts.pending, 3);
	assert_true(arrives(&told, "192.0.2.2", 0));
	assert_true(arrives(&told, "192.0.2.3", 5));
	assert_string_equal(said(&told), "");
	told.settings.log.json = true;
	shed_second(told.worker);
	OWN(char) char *lines = text_copy(said(&told));
	char *second = strchr(lines, '\n');
	assert_non_null(second);
	*second++ = 0;
	json_t *full = json_loads(lines, 0, NULL), *busy = json_loads(second, 0, NULL);
	assert_string_equal(
		json_string_value(json_object_get(full, "code")), "too-many-connections");
	assert_string_equal(json_string_value(json_object_get(full, "peer")), "192.0.2.3:4711");
	assert_string_equal(json_string_value(json_object_get(busy, "code")), "server-overloaded");
	assert_string_equal(
		json_string_value(json_object_get(busy, "why")), "3 handshakes are in progress");
	assert_int_equal(json_integer_value(json_object_get(busy, "closed")), 1);
	json_decref(full);
	json_decref(busy);
	for (size_t i = SHED_NONE + 1; i < SHED_KINDS; i++)
		assert_int_equal(counted(&told, (enum shed)i), 1);
	/* They are done: there is room again. */
	count_move(&told.worker->counts.pending, -1);
	assert_false(arrives(&told, "192.0.2.4", 0));
	told_done(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(room_ends_exactly_at_its_limits),
		cmocka_unit_test(a_lag_of_0_is_none_and_the_fewest_are_one),
		cmocka_unit_test(each_reason_has_a_code_with_a_remedy),
		cmocka_unit_test(a_flood_is_one_line_a_second),
		cmocka_unit_test(each_reason_is_told_and_counted_for_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
