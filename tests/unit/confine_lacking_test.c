/* What is done where a wall cannot be had: auto goes on, and require does not. */
#include "confine_folder.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static void take_away(long call)
{
	struct sock_filter instructions[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { .len = 4, .filter = instructions };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(1);
}

static void confine_as(struct report *report, enum confine_mode mode)
{
	struct confine_plan confinement;
	if (geteuid() == 0 && setuid(65534) != 0)
		_exit(1);
	plan(&confinement, mode);
	report->ok = confine(&confinement, &report->confined, &report->error);
	report->status[0] = open("else/secret", O_RDONLY | O_CLOEXEC) < 0 ? errno : 0;
	confine_plan_done(&confinement);
}

static void auto_without_landlock(struct report *report)
{
	take_away(SYS_landlock_create_ruleset);
	confine_as(report, CONFINE_AUTO);
}
static void require_without_landlock(struct report *report)
{
	take_away(SYS_landlock_create_ruleset);
	confine_as(report, CONFINE_REQUIRE);
}
static void auto_without_filter(struct report *report)
{
	take_away(SYS_seccomp);
	confine_as(report, CONFINE_AUTO);
}
static void require_without_filter(struct report *report)
{
	take_away(SYS_seccomp);
	confine_as(report, CONFINE_REQUIRE);
}

static void auto_takes_what_there_is(void **state)
{
	(void)state;
	struct report report;
	in_a_child(auto_without_landlock, &report);
	assert_true(report.ok);
	assert_int_equal(report.confined.landlock, 0);
	assert_int_equal(report.confined.landlock_errno, ENOSYS);
	assert_int_equal(report.status[0], 0);
	assert_false(report.confined.is_root);
	in_a_child(auto_without_filter, &report);
	assert_true(report.ok);
	assert_int_equal(report.confined.filter_errno, ENOSYS);
}

static void require_takes_all_or_nothing(void **state)
{
	(void)state;
	struct report report;
	in_a_child(require_without_landlock, &report);
	assert_false(report.ok);
	assert_int_equal(report.error.kind, ERROR_IO);
	assert_non_null(strstr(report.error.text, "no Landlock here: Function not implemented"));
	in_a_child(require_without_filter, &report);
	assert_false(report.ok);
	assert_int_equal(report.error.kind, ERROR_IO);
	assert_non_null(strstr(report.error.text, "(seccomp) here: Function not implemented"));
	assert_non_null(strstr(report.error.hint, "--sandbox auto"));
}

static void require_inside(struct report *report, const char *written)
{
	struct confine_plan confinement = { .mode = CONFINE_REQUIRE };
	if (geteuid() == 0 && setuid(65534) != 0)
		_exit(1);
	confine_may_read(&confinement, "certs/server.crt");
	confine_may_write(&confinement, written);
	report->ok = confine(&confinement, &report->confined, &report->error);
	confine_plan_done(&confinement);
}
static void require_beside(struct report *report)
{
	require_inside(report, "certs/todo.db");
}
static void require_above(struct report *report)
{
	require_inside(report, "todo.db");
}
static void require_absent(struct report *report)
{
	require_inside(report, "absent/todo.db");
}

/* What may be written cannot be read-only as well. */
static void certificates_are_not_among_what_is_written(void **state)
{
	(void)state;
	struct report report;
	in_a_child(require_absent, &report);
	assert_false(report.ok);
	if (!landlock_version())
		skip();
	assert_non_null(strstr(report.error.text, "'absent': No such file"));
	in_a_child(require_beside, &report);
	assert_false(report.ok);
	assert_int_equal(report.error.kind, ERROR_USAGE);
	assert_non_null(strstr(report.error.text, "'certs' is to be read only, and 'certs' to be"));
	in_a_child(require_above, &report);
	assert_false(report.ok);
	assert_non_null(strstr(report.error.text, "'certs' is to be read only, and '.' to be"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(auto_takes_what_there_is),
		cmocka_unit_test(require_takes_all_or_nothing),
		cmocka_unit_test(certificates_are_not_among_what_is_written),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
