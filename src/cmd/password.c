/* Where passwords come from. */
#include "cmd/password.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

/* One line from a descriptor, byte by byte: what follows may be somebody else's. */
static bool read_line(int fd, const char *name, struct buffer *ret, struct error *reterr)
{
	for (;;) {
		char byte;
		ssize_t got = read(fd, &byte, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(
				reterr, ERROR_INPUT, "cannot read a password from %s", name);
		if (!got || byte == '\n')
			break;
		if (!byte)
			return error_set(reterr, ERROR_INPUT,
				"cannot take a password from %s: it holds a NUL byte", name);
		if (!buffer_append(ret, &byte, 1, reterr))
			return error_context(reterr, "cannot take a password from %s", name);
	}
	if (ret->length && ret->data[ret->length - 1] == '\r')
		ret->data[--ret->length] = 0;
	return true;
}

static bool from_file(const char *path, struct buffer *ret, struct error *reterr)
{
	bool standard_input = !strcmp(path, "-");
	OWN(char) char *name = text_format("'%s'", path);
	int fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(reterr, ERROR_INPUT, "cannot read a password from %s", name);
	bool ok = read_line(fd, standard_input ? "standard input" : name, ret, reterr);
	if (!standard_input)
		close(fd);
	return ok;
}

static bool from_descriptor(const char *number, struct buffer *ret, struct error *reterr)
{
	long long fd;
	if (!text_number(number, 0, 65535, &fd))
		return error_set(reterr, ERROR_USAGE,
			"cannot read a password from 'fd:%s': that is no descriptor", number);
	OWN(char) char *name = text_format("descriptor %lld", fd);
	return read_line((int)fd, name, ret, reterr);
}

static bool from_environment(const char *variable, struct buffer *ret, struct error *reterr)
{
	const char *value = getenv(variable);
	if (!value)
		return error_set(reterr, ERROR_INPUT,
			"cannot read a password from the environment: %s is not set", variable);
	return buffer_text(ret, value, reterr) ||
	       error_context(reterr, "cannot take a password from %s", variable);
}

static volatile sig_atomic_t caught;

static void catch (int signal)
{
	caught = signal;
}

/* Those that end or stop a program while somebody types. */
static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU };
enum { SIGNALS = sizeof signals / sizeof signals[0] };

/* Prompt and answer with the echo off; *ret_signal is the signal that came instead, or 0. */
static bool ask_once(
	int fd, const char *prompt, struct buffer *ret, int *ret_signal, struct error *reterr)
{
	struct sigaction before[SIGNALS], handler = { .sa_handler = catch }; /* no SA_RESTART */
	struct termios shown, hidden;
	bool ok = true, ended = false;
	caught = 0;
	sigemptyset(&handler.sa_mask);
	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &handler, &before[i]);
	if (tcgetattr(fd, &shown) != 0) {
		ok = error_errno(reterr, ERROR_IO, "cannot turn off the terminal's echo");
		ended = true;
	} else {
		hidden = shown;
		hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
		/* TCSAFLUSH: what was typed before the echo was off is thrown away. */
		if (tcsetattr(fd, TCSAFLUSH, &hidden) != 0 || write(fd, prompt, strlen(prompt)) < 0)
			ended = !caught;
		if (ended)
			ok = error_errno(reterr, ERROR_IO, "cannot ask on the terminal");
	}
	while (!ended && !caught) {
		char byte;
		ssize_t got = read(fd, &byte, 1);
		if (got < 0 && errno == EINTR)
			continue;
		ended = got <= 0 || byte == '\n';
		if (!ended)
			ok = buffer_append(ret, &byte, 1, reterr);
		ended = ended || !ok;
	}
	*ret_signal = caught;
	tcsetattr(fd, TCSAFLUSH, &shown);
	if (write(fd, "\n", 1) < 0)
		ended = true; /* nothing was lost but the look of it */
	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &before[i], NULL);
	return ok;
}

bool password_ask(const char *prompt, struct buffer *ret, struct error *reterr)
{
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		error_set(reterr, ERROR_USAGE, "cannot ask: there is no terminal");
		return error_hint(reterr, "give the password as " PASSWORD_SOURCE_HELP);
	}
	int signal;
	bool ok;
	do {
		buffer_done(ret);
		ok = ask_once(fd, prompt, ret, &signal, reterr);
		if (signal) /* the terminal is as it was: now it may end or stop us */
			kill(getpid(), signal);
	} while (ok && signal);
	close(fd);
	return ok;
}

bool password_can_ask(void)
{
	int fd = isatty(STDIN_FILENO) ? open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool ask(const char *what, bool twice, struct buffer *ret, struct error *reterr)
{
	OWN(char) char *prompt = text_format("%s: ", what);
	OWN(char) char *again_prompt = text_format("%s, again: ", what);
	OWN(buffer) struct buffer again = PASSWORD;
	if (!password_ask(prompt, ret, reterr) ||
		(twice && ret->length && !password_ask(again_prompt, &again, reterr)))
		return false;
	if (!twice || (ret->length == again.length &&
			      (!ret->length || !memcmp(ret->data, again.data, ret->length))))
		return true;
	return error_set(reterr, ERROR_INPUT, "cannot take %s: the two are not the same", what);
}

bool password_read(
	const char *source, const char *what, bool twice, struct buffer *ret, struct error *reterr)
{
	OWN(buffer) struct buffer read = PASSWORD;
	const char *value = strchr(source, ':');
	value = value ? value + 1 : source + strlen(source);
	bool ok;
	if (!strcmp(source, "ask"))
		ok = ask(what, twice, &read, reterr);
	else if (!strncmp(source, "file:", strlen("file:")))
		ok = from_file(value, &read, reterr);
	else if (!strncmp(source, "fd:", strlen("fd:")))
		ok = from_descriptor(value, &read, reterr);
	else if (!strncmp(source, "env:", strlen("env:")))
		ok = from_environment(value, &read, reterr);
	else {
		/* Not echoed: it may be the password itself. */
		error_set(reterr, ERROR_USAGE, "cannot take %s from the command line", what);
		return error_hint(reterr, "its source is one of: " PASSWORD_SOURCE_HELP);
	}
	if (!ok)
		return false;
	if (!read.length)
		return error_set(reterr, ERROR_INPUT, "cannot take %s: it is empty", what);
	buffer_done(ret);
	*ret = read;
	read = (struct buffer)PASSWORD;
	return true;
}
