/* Log records: one line each, as text or as JSON, and silence below the level. */
#include "unit.h"

#include "base/base.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int ends[2];
static char seen[8192];

static void *log_from_a_thread(void *log)
{
	log_event(log, LOG_INFO, "theirs", NULL, "theirs");
	return NULL;
}

__attribute__((format(printf, 2, 3))) static void log_with_prefix(
	const struct log *log, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	log_event_list(log, LOG_INFO, "event", NULL, "[ROOM] ", format, arguments);
	va_end(arguments);
}

static int open_pipe(void **state)
{
	(void)state;
	return pipe(ends);
}

static int close_pipe(void **state)
{
	(void)state;
	close(ends[0]);
	return 0;
}

/* What was logged; the writing end is closed. */
static const char *logged(void)
{
	close(ends[1]);
	size_t length = 0;
	for (ssize_t got; (got = read(ends[0], seen + length, sizeof seen - 1 - length)) > 0;)
		length += (size_t)got;
	seen[length] = 0;
	return seen;
}

static void text_is_the_line_itself(void **state)
{
	(void)state;
	struct log log = { .fd = ends[1], .level_min = LOG_INFO };
	log_event(&log, LOG_INFO, "listening", json_pack("{s:i}", "port", 8443),
		"[SERVER] mTLS server listening on https://127.0.0.1:%d", 8443);
	log_event(&log, LOG_DEBUG, "noise", json_object(), "not this");
	log_event(&log, LOG_ERROR, "end", NULL, "%s", "");
	assert_string_equal(
		logged(), "[SERVER] mTLS server listening on https://127.0.0.1:8443\n\n");
}

static void json_has_the_line_and_the_fields(void **state)
{
	(void)state;
	struct log log = { .fd = ends[1], .json = true, .level_min = LOG_DEBUG };
	log_event(&log, LOG_WARNING, "handshake-failed",
		json_pack("{s:s, s:i, s:s}", "code", "client-expired", "alert", 45, "message",
			"a field does not replace the line"),
		"refused: %s", "Añadir \"x\"");
	OWN(json_t) json_t *record = json_loads(logged(), JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(record);
	assert_int_equal(strchr(seen, '\n') - seen, strlen(seen) - 1);
	assert_string_equal(json_string_value(json_object_get(record, "level")), "warning");
	assert_string_equal(
		json_string_value(json_object_get(record, "event")), "handshake-failed");
	assert_string_equal(
		json_string_value(json_object_get(record, "message")), "refused: Añadir \"x\"");
	assert_string_equal(json_string_value(json_object_get(record, "code")), "client-expired");
	assert_int_equal(json_integer_value(json_object_get(record, "alert")), 45);
	time_t at;
	assert_true(clock_from_rfc3339(json_string_value(json_object_get(record, "time")), &at));
}

/* A file's name may hold any byte: it stands in the record, escaped, and ends no server. */
static void a_line_that_is_no_utf8_is_escaped(void **state)
{
	(void)state;
	struct log log = { .fd = ends[1], .json = true, .level_min = LOG_INFO };
	log_event(&log, LOG_INFO, "read", json_pack("{s:i}", "port", 1), "read 'a\xff\xc3\n'");
	OWN(json_t) json_t *record = json_loads(logged(), JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(record);
	assert_string_equal(
		json_string_value(json_object_get(record, "message")), "read 'a\\xff\\xc3\\x0a'");
	assert_int_equal(json_integer_value(json_object_get(record, "port")), 1);
}

static void json_is_silent_below_the_level(void **state)
{
	(void)state;
	struct log log = { .fd = ends[1], .json = true, .level_min = LOG_ERROR };
	log_event(&log, LOG_WARNING, "noise", json_object(), "not this");
	assert_string_equal(logged(), "");
}

static void a_log_that_cannot_be_written_harms_nobody(void **state)
{
	(void)state;
	struct log log = { .fd = -1, .level_min = LOG_DEBUG };
	log_event(&log, LOG_ERROR, "lost", json_object(), "lost");
	log.json = true;
	log_event(&log, LOG_ERROR, "lost", json_object(), "lost");
	assert_string_equal(logged(), "");
}

/* What is in the pipe already. */
static size_t written(void)
{
	int bytes = 0;
	assert_int_equal(ioctl(ends[0], FIONREAD, &bytes), 0);
	return (size_t)bytes;
}

static void held_lines_wait_for_the_flush(void **state)
{
	(void)state;
	struct log log = { .fd = ends[1], .level_min = LOG_INFO };
	log_hold();
	log_event(&log, LOG_INFO, "one", NULL, "one %d", 1);
	log_event(&log, LOG_INFO, "two", NULL, "two");
	assert_int_equal(written(), 0);
	log_flush();
	assert_int_equal(written(), strlen("one 1\ntwo\n"));
	log_event(&log, LOG_INFO, "three", NULL, "three");
	assert_int_equal(written(), strlen("one 1\ntwo\n"));
	log_release();
	log_event(&log, LOG_INFO, "four", NULL, "four");
	assert_int_equal(written(), strlen("one 1\ntwo\nthree\nfour\n"));
	assert_string_equal(logged(), "one 1\ntwo\nthree\nfour\n");
}

static void held_lines_are_not_held_for_ever(void **state)
{
	(void)state;
	struct log log = { .fd = open("/dev/null", O_WRONLY | O_CLOEXEC), .level_min = LOG_INFO };
	struct log other = { .fd = ends[1], .level_min = LOG_INFO };
	log_hold();
	log_event(&other, LOG_INFO, "first", NULL, "first");
	/* Lines for another place push out those that wait. */
	log_event(&log, LOG_INFO, "elsewhere", NULL, "elsewhere");
	assert_int_equal(written(), strlen("first\n"));
	char line[1024];
	assert_int_equal(read(ends[0], line, sizeof line), strlen("first\n"));
	memset(line, 'x', sizeof line - 1);
	line[sizeof line - 1] = 0;
	for (int i = 0; i < 63; i++)
		log_event(&other, LOG_INFO, "long", NULL, "%s", line);
	assert_int_equal(written(), 0);
	log_event(&other, LOG_INFO, "long", NULL, "%s", line);
	assert_int_equal(written(), 64 << 10);
	log_release();
	close(log.fd);
}

/* Of a pipe in packets each read gives what one write has brought. */
static void a_write_to_a_pipe_is_of_whole_lines_and_never_torn(void **state)
{
	(void)state;
#ifndef O_DIRECT
	skip();
#else
	int packets[2];
	char packet[PIPE_BUF * 2], line[1000];
	size_t lines = 0;
	assert_int_equal(pipe(packets), 0);
	assert_int_equal(fcntl(packets[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(fcntl(packets[1], F_SETFL, O_DIRECT), 0);
	struct log log = { .fd = packets[1], .level_min = LOG_INFO };
	memset(line, 'x', sizeof line - 1);
	line[sizeof line - 1] = 0;
	log_hold();
	for (int i = 0; i < 20; i++)
		log_event(&log, LOG_INFO, "long", NULL, "%.*s", 300 + 37 * i, line);
	log_release();
	for (ssize_t got; (got = read(packets[0], packet, sizeof packet)) > 0;) {
		assert_int_equal(packet[got - 1], '\n');
		for (ssize_t i = 0; i < got; i++)
			lines += packet[i] == '\n';
	}
	assert_int_equal(lines, 20);
	close(packets[0]);
	close(packets[1]);
#endif
}

static void a_line_longer_than_that_is_written_all_the_same(void **state)
{
	(void)state;
	struct log log = { .fd = ends[1], .level_min = LOG_INFO };
	char line[PIPE_BUF + 100];
	memset(line, 'x', sizeof line - 1);
	line[sizeof line - 1] = 0;
	log_hold();
	log_event(&log, LOG_INFO, "short", NULL, "short");
	log_event(&log, LOG_INFO, "long", NULL, "%s", line);
	log_event(&log, LOG_INFO, "short", NULL, "short");
	log_release();
	logged();
	assert_int_equal(strlen(seen), 2 * strlen("short\n") + sizeof line);
	assert_memory_equal(seen, "short\nxxx", strlen("short\nxxx"));
	assert_string_equal(seen + strlen("short\n") + sizeof line - 2, "x\nshort\n");
}

/* What was logged before explains it best. */
static void held_lines_are_written_before_a_bug_ends_the_program(void **state)
{
	(void)state;
	struct log log = { .fd = ends[1], .level_min = LOG_INFO };
	int status;
	pid_t child = fork();
	if (!child) {
		close(STDERR_FILENO);
		log_hold();
		log_event(&log, LOG_INFO, "before", NULL, "before");
		bug("the end");
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 70);
	assert_string_equal(logged(), "before\n");
}

static void each_thread_holds_its_own(void **state)
{
	(void)state;
	struct log log = { .fd = ends[1], .level_min = LOG_INFO };
	pthread_t thread;
	log_hold();
	log_event(&log, LOG_INFO, "ours", NULL, "ours");
	assert_int_equal(pthread_create(&thread, NULL, log_from_a_thread, &log), 0);
	pthread_join(thread, NULL);
	assert_int_equal(written(), strlen("theirs\n"));
	log_release();
	assert_string_equal(logged(), "theirs\nours\n");
}

static void a_prefix_stands_in_front(void **state)
{
	(void)state;
	struct log text = { .fd = ends[1] }, json = { .fd = ends[1], .json = true };
	log_with_prefix(&text, "is %s", "text");
	log_with_prefix(&json, "is %s", "json");
	logged();
	assert_non_null(strstr(seen, "[ROOM] is text\n"));
	assert_non_null(strstr(seen, "\"message\":\"[ROOM] is json\""));
}

/* A line that is made already is the line of a format. */
static void lines_are_taken_as_they_are(void **state)
{
	(void)state;
	struct log text = { .fd = ends[1], .level_min = LOG_INFO };
	struct log json = { .fd = ends[1], .json = true, .level_min = LOG_INFO };
	const char line[] = "[ROOM] a=%s - and what is no part of it";
	size_t bytes = strlen("[ROOM] a=%s -");
	log_line(&text, LOG_INFO, "event", NULL, line, bytes);
	log_line(&text, LOG_DEBUG, "event", json_object(), line, bytes);
	log_line(&text, LOG_INFO, "event", NULL, line, 0);
	log_line(&json, LOG_DEBUG, "event", json_object(), line, bytes);
	log_line(&json, LOG_INFO, "event", json_pack("{s:i}", "status", 200), line, bytes);
	log_line(&json, LOG_INFO, "event", NULL,
		"a\xff"
		"b",
		3);
	log_event(&text, LOG_INFO, "event", NULL, "last");
	assert_ptr_equal(strstr(logged(), "[ROOM] a=%s -\n\n{"), seen);
	char *record = strchr(seen, '{'), *next = strchr(record, '\n') + 1;
	OWN(json_t) json_t *one = json_loads(record, JSON_DISABLE_EOF_CHECK, NULL);
	assert_string_equal(json_string_value(json_object_get(one, "message")), "[ROOM] a=%s -");
	assert_string_equal(json_string_value(json_object_get(one, "level")), "info");
	assert_string_equal(json_string_value(json_object_get(one, "event")), "event");
	assert_int_equal(json_integer_value(json_object_get(one, "status")), 200);
	OWN(json_t) json_t *other = json_loads(next, JSON_DISABLE_EOF_CHECK, NULL);
	assert_string_equal(json_string_value(json_object_get(other, "message")), "a\\xffb");
	assert_string_equal(strchr(next, '\n'), "\nlast\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(text_is_the_line_itself, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(
			json_has_the_line_and_the_fields, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(
			json_is_silent_below_the_level, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(
			a_line_that_is_no_utf8_is_escaped, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(
			held_lines_wait_for_the_flush, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(
			held_lines_are_not_held_for_ever, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(
			a_write_to_a_pipe_is_of_whole_lines_and_never_torn, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(
			a_line_longer_than_that_is_written_all_the_same, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(
			held_lines_are_written_before_a_bug_ends_the_program, open_pipe,
			close_pipe),
		cmocka_unit_test_setup_teardown(each_thread_holds_its_own, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(lines_are_taken_as_they_are, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(a_prefix_stands_in_front, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(
			a_log_that_cannot_be_written_harms_nobody, open_pipe, close_pipe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
