/* Children: their lines, their exit codes, their end; and those that cannot be started. */
#include "unit.h"

#include "lab/process.h"

#include <errno.h>
#include <unistd.h>

static struct process start(const char *script)
{
	struct process process;
	struct error error;
	const char *const words[] = { "sh", "-c", script, NULL };
	if (!process_start("/bin/sh", words, "/tmp", PROCESS_CAPTURE, &process, &error))
		fail_msg("%s", error.text);
	return process;
}

static void lines_output_and_exit_code_come_back(void **state)
{
	(void)state;
	struct process process =
		start("pwd; printf 'one\\ntw' >&2; echo o >&2; echo three >&2; exit 7");
	struct error error;
	for (size_t i = 0; i < 3; i++) {
		static const char *const lines[] = { "one", "two", "three" };
		OWN(char) char *line = NULL;
		assert_true(process_line(&process, &line, &error));
		assert_string_equal(line, lines[i]);
	}
	int code;
	assert_true(process_finish(&process, &code, &error));
	assert_int_equal(code, 7);
	assert_string_equal(process.out.data, "/tmp\n");
	process_stop(&process);
}

static void its_end_is_an_error_for_who_waits_for_a_line(void **state)
{
	(void)state;
	struct process process = start("printf 'cannot listen' >&2; exit 3");
	struct error error;
	char *line = NULL;
	assert_false(process_line(&process, &line, &error));
	assert_null(line);
	assert_string_equal(error.text, "sh -c ended: cannot listen");
	process_stop(&process);
}

static void stop_ends_it_by_its_id_even_if_it_will_not(void **state)
{
	(void)state;
	struct process process = start("echo ready >&2; exec sleep 600");
	struct error error;
	OWN(char) char *line = NULL;
	assert_true(process_line(&process, &line, &error));
	pid_t pid = process.pid;
	process_stop(&process);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	process_stop(&process); /* a second time does nothing */
}

static void a_signal_is_an_exit_code(void **state)
{
	(void)state;
	struct process process = start("kill -KILL $$");
	struct error error;
	int code;
	assert_true(process_finish(&process, &code, &error));
	assert_int_equal(code, 128 + SIGKILL);
	process_stop(&process);
}

static void an_interrupt_ends_the_wait(void **state)
{
	(void)state;
	struct process process = start("exec sleep 600");
	struct error error;
	char *line = NULL;
	process_interrupted = 1;
	assert_false(process_line(&process, &line, &error));
	assert_string_equal(error.text, "interrupted while waiting for sh -c");
	process_stop(&process);
	assert_int_equal(process_interrupted, 0);
}

static void what_cannot_start_says_so(void **state)
{
	(void)state;
	struct process process;
	struct error error;
	const char *const words[] = { "mtls", NULL };
	assert_false(process_start(
		"/no/such/program", words, "/tmp", PROCESS_CAPTURE, &process, &error));
	assert_string_equal(
		error.text, "cannot start '/no/such/program' in '/tmp': No such file or directory");
	assert_int_equal(error.kind, ERROR_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_output_and_exit_code_come_back),
		cmocka_unit_test(its_end_is_an_error_for_who_waits_for_a_line),
		cmocka_unit_test(stop_ends_it_by_its_id_even_if_it_will_not),
		cmocka_unit_test(a_signal_is_an_exit_code),
		cmocka_unit_test(an_interrupt_ends_the_wait),
		cmocka_unit_test(what_cannot_start_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
