/* systemd's protocols, by hand: two environment variables each, and no library for that. */
#include "server/supervisor.h"

#include "server/record.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define FIRST_SOCKET 3 /* SD_LISTEN_FDS_START */

/* ---- What it has prepared ---- */

static const char *const variables[] = { "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES",
	"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC" };

/* Whether the variable names this process; what is for our parent is none of ours. */
static bool is_for_us(const char *variable, bool otherwise)
{
	const char *text = getenv(variable);
	long long pid;
	if (!text)
		return otherwise;
	return text_number(text, 1, INT32_MAX, &pid) && pid == getpid();
}

static bool read_number(const char *variable, long long max, long long *ret, struct error *reterr)
{
	const char *text = getenv(variable);
	if (text && !text_number(text, 0, max, ret))
		return error_set(reterr, ERROR_USAGE,
			"the environment's %s is '%s', not a number from 0 to %lld", variable, text,
			max);
	return true;
}

static bool read_sockets(size_t *ret, struct error *reterr)
{
	long long count = 0;
	if (!read_number("LISTEN_FDS", SERVER_SOCKETS_MAX, &count, reterr))
		return false;
	for (int i = 0; i < (int)count; i++)
		if (fcntl(FIRST_SOCKET + i, F_SETFD, FD_CLOEXEC) != 0)
			return error_errno(reterr, ERROR_USAGE,
				"the environment's LISTEN_FDS is %lld, and descriptor %d", count,
				FIRST_SOCKET + i);
	*ret = (size_t)count;
	return true;
}

bool server_supervision_read(struct server_supervision *ret, struct error *reterr)
{
	struct server_supervision found = { .first = FIRST_SOCKET };
	const char *notify = getenv("NOTIFY_SOCKET");
	if (is_for_us("LISTEN_PID", false) && !read_sockets(&found.sockets, reterr))
		return false;
	if (is_for_us("WATCHDOG_PID", true) &&
		!read_number("WATCHDOG_USEC", INT64_MAX, &found.watchdog_us, reterr))
		return false;
	found.notify = notify && *notify ? text_copy(notify) : NULL;
	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
		unsetenv(variables[i]);
	*ret = found;
	return true;
}

void server_supervision_done(struct server_supervision *supervision)
{
	free(supervision->notify);
}

/* ---- Telling it ---- */

struct supervisor {
	int fd;
	struct net_timer *alive;
	uint64_t alive_ms; /* 0: nobody watches */
};

static void say(struct supervisor *supervisor, const char *text)
{
	/* Who does not listen any more has nothing to hear. */
	if (!net_notify_send(supervisor->fd, text))
		return;
}

static void show_life(void *context)
{
	struct supervisor *supervisor = context;
	say(supervisor, "WATCHDOG=1");
	net_timer_start(supervisor->alive, supervisor->alive_ms);
}

void supervisor_new(struct net_loop *loop, const struct server_supervision *supervision,
	const struct log *log, struct supervisor **ret)
{
	struct error error;
	int fd;
	*ret = NULL;
	if (!supervision->notify)
		return;
	if (!net_notify_open(supervision->notify, &fd, &error)) {
		record_line(log, LOG_WARNING, "notify", NULL, "WARNING: %s", error.text);
		return;
	}
	struct supervisor *supervisor = calloc(1, sizeof *supervisor);
	if (!supervisor)
		bug("out of memory for notifications");
	supervisor->fd = fd;
	supervisor->alive = net_timer_new(loop, show_life, supervisor);
	/* Twice as often as it is asked for. */
	supervisor->alive_ms = (uint64_t)(supervision->watchdog_us / 2000);
	if (supervision->watchdog_us && !supervisor->alive_ms)
		supervisor->alive_ms = 1;
	*ret = supervisor;
}

/* Its status is one line. */
static void say_with_status(struct supervisor *supervisor, const char *facts, const char *status)
{
	char shown[ERROR_TEXT_BYTES];
	text_escape(shown, sizeof shown, status, strlen(status));
	OWN(char) char *text = text_format("%s\nSTATUS=%s", facts, shown);
	say(supervisor, text);
}

void supervisor_ready(struct supervisor *supervisor, const char *status)
{
	if (!supervisor)
		return;
	say_with_status(supervisor, "READY=1", status);
	if (supervisor->alive_ms)
		show_life(supervisor);
}

void supervisor_reloading(struct supervisor *supervisor)
{
	struct timespec now;
	if (!supervisor)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	long long us = (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	OWN(char) char *text =
		text_format("RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=Reading the files again", us);
	say(supervisor, text);
}

void supervisor_stopping(struct supervisor *supervisor, const char *status)
{
	if (supervisor)
		say_with_status(supervisor, "STOPPING=1", status);
}

void supervisor_free(struct supervisor *supervisor)
{
	if (!supervisor)
		return;
	net_timer_free(supervisor->alive);
	net_notify_close(supervisor->fd);
	free(supervisor);
}
