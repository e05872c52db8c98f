/* posix_spawn, two pipes, and poll: no shell, no sleep. */
#include "lab/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

volatile sig_atomic_t process_interrupted;

bool process_self(char **ret_path, struct error *reterr)
{
	char path[PATH_MAX];
	ssize_t bytes = readlink("/proc/self/exe", path, sizeof path - 1);
	if (bytes < 0)
		return error_errno(reterr, ERROR_IO, "cannot find this program's own file");
	path[bytes] = 0;
	*ret_path = text_copy(path);
	return true;
}

/* The pipe ends that we keep must not leak into the next child, or its end is never seen. */
static bool make_pipe(int ends[2])
{
	return pipe2(ends, O_CLOEXEC) == 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int spawn(const char *program, const char *const *words, const char *folder, int out_fd,
	int err_fd, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, defaults;
	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	int failed = posix_spawn_file_actions_init(&actions);
	if (failed)
		return failed;
	failed = posix_spawnattr_init(&attributes);
	if (failed) {
		posix_spawn_file_actions_destroy(&actions);
		return failed;
	}
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	failed = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	if (!failed && out_fd >= 0)
		failed = posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	if (!failed && err_fd >= 0)
		failed = posix_spawn_file_actions_adddup2(&actions, err_fd, STDERR_FILENO);
	if (!failed)
		failed = posix_spawn_file_actions_addchdir_np(&actions, folder);
	/* posix_spawn's argv is not const for historical reasons; it does not write to it. */
	union {
		const char *const *given;
		char *const *taken;
	} argv = { .given = words };
	if (!failed)
		failed = posix_spawnp(ret_pid, program, &actions, &attributes, argv.taken, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return failed;
}

bool process_start(const char *program, const char *const *words, const char *folder,
	enum process_output output, struct process *ret, struct error *reterr)
{
	int out[2] = { -1, -1 }, err[2] = { -1, -1 };
	pid_t pid = 0;
	int failed = 0;
	if (output == PROCESS_CAPTURE && (!make_pipe(out) || !make_pipe(err)))
		failed = errno;
	if (!failed)
		failed = spawn(program, words, folder, out[1], err[1], &pid);
	close_fd(&out[1]);
	close_fd(&err[1]);
	if (failed) {
		close_fd(&out[0]);
		close_fd(&err[0]);
		errno = failed;
		return error_errno(reterr, ERROR_IO, "cannot start '%s' in '%s'", program, folder);
	}
	*ret = (struct process){ .pid = pid,
		.out_fd = out[0],
		.err_fd = err[0],
		.out = BUFFER(PROCESS_OUTPUT_BYTES_MAX),
		.err = BUFFER(PROCESS_OUTPUT_BYTES_MAX),
		.name = text_format("%s %s", words[0], words[1] ? words[1] : ""),
		.wait_ms = PROCESS_WAIT_MS };
	return true;
}

static must_check bool take(
	struct process *process, int *fd, struct buffer *into, struct error *reterr)
{
	char bytes[16384];
	ssize_t got = read(*fd, bytes, sizeof bytes);
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (got < 0)
		return error_errno(reterr, ERROR_IO, "cannot read from %s", process->name);
	if (!got)
		close_fd(fd);
	return buffer_append(into, bytes, (size_t)got, reterr);
}

/* Waits until one of the pipes has something, or ends. */
static must_check bool listen_once(struct process *process, uint64_t until, struct error *reterr)
{
	/* A signal that comes just before poll does not end it: look again this often. */
	enum { GLANCE_MS = 200 };
	struct pollfd pipes[2] = { { .fd = process->out_fd, .events = POLLIN },
		{ .fd = process->err_fd, .events = POLLIN } };
	uint64_t now = clock_monotonic_ms();
	if (process_interrupted)
		return error_set(
			reterr, ERROR_CHECK, "interrupted while waiting for %s", process->name);
	if (now >= until)
		return error_set(reterr, ERROR_IO, "%s said nothing for %u seconds", process->name,
			process->wait_ms / 1000);
	int ready = poll(pipes, 2, until - now < GLANCE_MS ? (int)(until - now) : GLANCE_MS);
	if (ready < 0 && errno != EINTR)
		return error_errno(reterr, ERROR_IO, "cannot wait for %s", process->name);
	if (ready <= 0)
		return true;
	return (!pipes[0].revents || take(process, &process->out_fd, &process->out, reterr)) &&
	       (!pipes[1].revents || take(process, &process->err_fd, &process->err, reterr));
}

bool process_line(struct process *process, char **ret_line, struct error *reterr)
{
	uint64_t until = clock_monotonic_ms() + process->wait_ms;
	for (;;) {
		char *start = process->err.data ? process->err.data + process->line_at : NULL;
		char *end =
			start ? memchr(start, '\n', process->err.length - process->line_at) : NULL;
		if (end) {
			*ret_line = text_format("%.*s", (int)(end - start), start);
			process->line_at += (size_t)(end - start) + 1;
			return true;
		}
		if (process->err_fd < 0)
			return error_set(reterr, ERROR_IO, "%s ended: %s", process->name,
				start && *start ? start : "it said nothing more");
		if (!listen_once(process, until, reterr))
			return false;
	}
}

static int exit_code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool process_finish(struct process *process, int *ret_exit, struct error *reterr)
{
	uint64_t until = clock_monotonic_ms() + process->wait_ms;
	while (process->out_fd >= 0 || process->err_fd >= 0)
		if (!listen_once(process, until, reterr))
			return false;
	int status;
	while (waitpid(process->pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_errno(reterr, ERROR_IO, "cannot wait for %s", process->name);
		else if (process_interrupted)
			return error_set(reterr, ERROR_CHECK, "interrupted while waiting for %s",
				process->name);
	process->pid = 0;
	*ret_exit = exit_code(status);
	return true;
}

bool process_await_second(time_t second, struct error *reterr)
{
	enum { LOOK_AGAIN_MS = 50 };
	while (time(NULL) <= second) {
		if (process_interrupted)
			return error_set(reterr, ERROR_CHECK, "interrupted");
		poll(NULL, 0, LOOK_AGAIN_MS);
	}
	return true;
}

/* Whether it has ended within the time; its pipes tell, as its end closes them. */
static bool ends_within(struct process *process, int patience_ms)
{
	process_interrupted = 0; /* stopping is what the signal asked for */
	uint64_t until = clock_monotonic_ms() + (uint64_t)patience_ms;
	struct error ignored;
	while (process->out_fd >= 0 || process->err_fd >= 0)
		if (!listen_once(process, until, &ignored))
			return false;
	return true;
}

void process_stop(struct process *process)
{
	enum { PATIENCE_MS = 3000 };
	if (process->pid > 0) {
		kill(process->pid, SIGTERM);
		if (!ends_within(process, PATIENCE_MS))
			kill(process->pid, SIGKILL);
		while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	process->pid = 0;
	close_fd(&process->out_fd);
	close_fd(&process->err_fd);
	buffer_done(&process->out);
	buffer_done(&process->err);
	free(process->name);
	process->name = NULL;
}
