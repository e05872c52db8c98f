/*
 * The walls themselves: a child process confines itself and then tries what an intruder would, and
 * what the server goes on doing.
 */
#include "confine_attempts.h"

#include <sys/prctl.h>

static void attempt_all(struct report *report)
{
	struct confine_plan confinement;
	plan(&confinement, CONFINE_AUTO);
	report->ok = confine(&confinement, &report->confined, &report->error);
	confine_plan_done(&confinement);
	for (size_t i = 0; report->ok && i < ATTEMPTS; i++)
		report->status[i] = attempts[i].run();
}

static void an_intruder_gets_nowhere(void **state)
{
	(void)state;
	struct report report;
	struct error error;
	if (!file_write("certs/renewed.crt", FILE_PUBLIC, "new", 3, &error))
		fail_msg("%s", error.text);
	in_a_child(attempt_all, &report);
	assert_true(report.ok);
	const struct confined *confined = &report.confined;
	const bool stands[] = {
		[FILTER] = !confined->filter_errno,
		[PROCESSES] = !confined->filter_errno && !IS_SANITIZED,
		[FILES] = confined->landlock >= 3,
		[NETWORK] = confined->landlock >= 4,
		[SCOPE] = confined->landlock >= 6,
	};
	for (size_t i = 0; i < ATTEMPTS; i++) {
		int wanted = attempts[i].status;
		if (attempts[i].wall != NONE && !stands[attempts[i].wall])
			print_message("not tried, this machine lacks it: %s\n", attempts[i].name);
		else if (report.status[i] != wanted)
			fail_msg("%s: %s, and not: %s", attempts[i].name,
				strerror(report.status[i]), strerror(wanted));
	}
	assert_int_equal(opening("certs/renewed.crt", O_RDONLY), 0);
}

/* The twin: without walls the same attempts come through, so they test what they say. */
static void attempt_unconfined(struct report *report)
{
	static int (*const harmless[])(void) = { reads_elsewhere, reads_above, reads_names,
		writes_certificate, adds_to_certificates, starts_a_process, connects,
		listens_on_another_port, signals_its_parent, memory_to_write_and_run,
		runs_what_was_written };
	struct confine_plan confinement;
	plan(&confinement, CONFINE_OFF);
	report->ok = confine(&confinement, &report->confined, &report->error);
	confine_plan_done(&confinement);
	for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
		report->status[i] = harmless[i]();
	report->status[20] = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
}

static void off_is_off_but_for_new_privileges(void **state)
{
	(void)state;
	struct report report;
	in_a_child(attempt_unconfined, &report);
	assert_true(report.ok);
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(report.status[i], 0);
	assert_int_equal(report.status[20], 1);
}

static void connect_allowed(struct report *report)
{
	struct confine_plan confinement;
	plan(&confinement, CONFINE_AUTO);
	confinement.connects = true;
	report->ok = confine(&confinement, &report->confined, &report->error);
	confine_plan_done(&confinement);
	report->status[0] = connects();
	report->status[1] = reads_names();
	report->status[2] = reads_elsewhere();
	report->status[3] = listens_on_another_port();
}

/* A store on another machine is found by its name, and connected to again. */
static void who_connects_may_look_up_names(void **state)
{
	(void)state;
	struct report report;
	in_a_child(connect_allowed, &report);
	assert_true(report.ok);
	assert_int_equal(report.status[0], 0);
	assert_int_equal(report.status[1], 0);
	if (report.confined.landlock)
		assert_int_equal(report.status[2], EACCES);
	if (report.confined.landlock >= 4)
		assert_int_equal(report.status[3], EACCES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_intruder_gets_nowhere),
		cmocka_unit_test(off_is_off_but_for_new_privileges),
		cmocka_unit_test(who_connects_may_look_up_names),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
