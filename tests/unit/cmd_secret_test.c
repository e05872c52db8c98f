/* Passwords from files, descriptors, the environment, and a terminal of our own. */
#include "unit.h"

#include "cmd/secret.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static bool from_pipe(const char *content, size_t bytes, struct buffer *ret, struct error *reterr)
{
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], content, bytes), bytes);
	close(ends[1]);
	OWN(char) char *source = text_format("fd:%d", ends[0]);
	bool ok = secret_read_new(source, "the password", ret, reterr);
	close(ends[0]);
	return ok;
}

static void a_descriptor_gives_one_line(void **state)
{
	(void)state;
	static const struct {
		const char *content, *password;
	} rows[] = {
		{ "secret", "secret" },
		{ "secret\n", "secret" },
		{ "secret\r\nmore", "secret" },
		{ " a b \n", " a b " },
		{ "contraseña\n", "contraseña" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct error error;
		OWN(buffer) struct buffer password = SECRET;
		assert_true(from_pipe(rows[i].content, strlen(rows[i].content), &password, &error));
		assert_string_equal(password.data, rows[i].password);
		assert_true(password.secret);
	}
}

static void what_is_no_password_is_refused(void **state)
{
	(void)state;
	static char long_line[2000];
	static const struct {
		const char *content;
		size_t bytes;
		const char *text;
	} rows[] = {
		{ "", 0, "cannot read the password: it is empty" },
		{ "\n", 1, "cannot read the password: it is empty" },
		{ "a\0b", 3, "it holds a NUL byte" },
		{ long_line, sizeof long_line, "more than 1024 bytes" },
	};
	memset(long_line, 'x', sizeof long_line);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct error error;
		OWN(buffer) struct buffer password = SECRET;
		assert_false(from_pipe(rows[i].content, rows[i].bytes, &password, &error));
		assert_int_equal(error_exit_code(error.kind), 2);
		assert_non_null(strstr(error.text, rows[i].text));
		assert_null(password.data);
	}
}

static void the_environment_gives_one_too(void **state)
{
	(void)state;
	struct error error;
	OWN(buffer) struct buffer password = SECRET;
	setenv("MTLS_TEST_PASSWORD", "from there", 1);
	assert_true(secret_read_new("env:MTLS_TEST_PASSWORD", "the password", &password, &error));
	assert_string_equal(password.data, "from there");
	unsetenv("MTLS_TEST_PASSWORD");
	assert_false(secret_read_new("env:MTLS_TEST_PASSWORD", "the password", &password, &error));
	assert_string_equal(error.text, "cannot read the password: the variable "
					"MTLS_TEST_PASSWORD is not set");
	assert_string_equal(password.data, "from there");
}

#define NOT_A_SOURCE "the password comes from one of file:FILE|fd:N|env:NAME|ask"
static void other_sources_are_refused_and_not_repeated(void **state)
{
	(void)state;
	static const struct {
		const char *source, *text;
	} rows[] = {
		{ "hunter2", NOT_A_SOURCE },
		{ "pass:hunter2", NOT_A_SOURCE },
		{ "", NOT_A_SOURCE },
		{ "fd:x", NOT_A_SOURCE },
		{ "fd:-1", NOT_A_SOURCE },
		{ "fd:987", "cannot read the password: Bad file descriptor" },
		{ "file:/nonexistent",
			"cannot read the password from '/nonexistent': No such file or directory" },
		{ "file:/tmp", "cannot read the password from '/tmp': Is a directory" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct error error;
		OWN(buffer) struct buffer password = SECRET;
		assert_false(secret_read(rows[i].source, "the password", &password, &error));
		assert_string_equal(error.text, rows[i].text);
		assert_null(strstr(error.hint, "hunter2"));
	}
}

/* A child with a terminal of its own that asks, and prints what it was told to its stdout pipe. */
static pid_t start_asking(bool twice, int *ret_terminal, int *ret_result)
{
	int result[2];
	assert_int_equal(pipe(result), 0);
	pid_t child = forkpty(ret_terminal, NULL, NULL, NULL);
	assert_true(child >= 0);
	if (!child) {
		struct error error;
		struct buffer password = SECRET;
		bool ok = (twice ? secret_read_new : secret_read)(
			"ask", "the password", &password, &error);
		dprintf(result[1], "%s", ok ? password.data : error.text);
		buffer_done(&password);
		_exit(ok ? 0 : error_exit_code(error.kind));
	}
	close(result[1]);
	*ret_result = result[0];
	return child;
}

/* Reads what the terminal shows until it shows `text`: an event, so nothing waits for a time. */
static void await(int terminal, const char *text)
{
	char seen[256];
	size_t length = 0;
	while (!length || !strstr(seen, text)) {
		ssize_t got = read(terminal, seen + length, sizeof seen - 1 - length);
		if (got <= 0)
			fail_msg("the terminal ended before it showed '%s'", text);
		length += (size_t)got;
		seen[length] = 0;
	}
	assert_null(strstr(seen, "hunter2"));
}

static void type(int terminal, const char *text)
{
	struct termios now;
	assert_int_equal(tcgetattr(terminal, &now), 0);
	assert_int_equal(now.c_lflag & ECHO, 0);
	assert_int_equal(write(terminal, text, strlen(text)), strlen(text));
}

static void finish(pid_t child, int terminal, int result, int status, const char *text)
{
	int seen;
	char line[256] = "";
	assert_int_equal(waitpid(child, &seen, 0), child);
	assert_int_equal(seen, status);
	ssize_t got = read(result, line, sizeof line - 1);
	assert_true(got >= 0);
	assert_string_equal(line, text);
	close(result);
	close(terminal);
}

static void a_terminal_asks_twice_without_echo(void **state)
{
	(void)state;
	int terminal, result;
	pid_t child = start_asking(true, &terminal, &result);
	await(terminal, "Enter the password: ");
	type(terminal, "hunter2\n");
	await(terminal, "Again, the password: ");
	type(terminal, "hunter2\n");
	finish(child, terminal, result, 0, "hunter2");

	child = start_asking(true, &terminal, &result);
	await(terminal, "Enter the password: ");
	type(terminal, "hunter2\n");
	await(terminal, "Again, the password: ");
	type(terminal, "hunter3\n");
	finish(child, terminal, result, 2 << 8, "the two entries of the password differ");

	child = start_asking(true, &terminal, &result);
	await(terminal, "Enter the password: ");
	type(terminal, "\n");
	finish(child, terminal, result, 2 << 8, "cannot read the password: it is empty");
}

static void a_signal_restores_the_echo_and_takes_its_course(void **state)
{
	(void)state;
	int terminal, result;
	/* Our own handle on the child's side keeps the terminal alive to be looked at. */
	pid_t child = start_asking(false, &terminal, &result);
	int other = open(ptsname(terminal), O_RDWR | O_NOCTTY);
	await(terminal, "Enter the password: ");
	type(terminal, "hunt\x03");
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGINT);
	struct termios now;
	assert_int_equal(tcgetattr(other, &now), 0);
	assert_int_not_equal(now.c_lflag & ECHO, 0);
	close(other);
	close(terminal);
	close(result);
}

static void without_a_terminal_there_is_a_hint(void **state)
{
	(void)state;
	pid_t child = fork();
	if (!child) {
		struct error error;
		struct buffer password = SECRET;
		setsid();
		bool ok = secret_read("ask", "the password", &password, &error);
		_exit(!ok && error.kind == ERROR_INPUT && !secret_can_ask() &&
					!strcmp(error.text, "cannot ask for the password: there is "
							    "no terminal") &&
					strstr(error.hint, "a file")
				? 0
				: 1);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_descriptor_gives_one_line),
		cmocka_unit_test(what_is_no_password_is_refused),
		cmocka_unit_test(the_environment_gives_one_too),
		cmocka_unit_test(other_sources_are_refused_and_not_repeated),
		cmocka_unit_test(a_terminal_asks_twice_without_echo),
		cmocka_unit_test(a_signal_restores_the_echo_and_takes_its_course),
		cmocka_unit_test(without_a_terminal_there_is_a_hint),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
