/* How secrets come in, and are kept off screens, lists of processes and swapped-out leftovers. */
#include "cmd/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

/* One line from a descriptor, byte by byte: what follows is left to the next reader. */
static bool read_line(int fd, const char *what, struct buffer *ret, struct error *reterr)
{
	for (;;) {
		char byte;
		ssize_t got = read(fd, &byte, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(reterr, ERROR_INPUT, "cannot read %s", what);
		if (!got || byte == '\n')
			break;
		if (!byte)
			return error_set(
				reterr, ERROR_INPUT, "cannot read %s: it holds a NUL byte", what);
		if (!buffer_append(ret, &byte, 1, reterr))
			return error_context(reterr, "cannot read %s", what);
	}
	if (ret->length && ret->data[ret->length - 1] == '\r')
		ret->data[--ret->length] = 0;
	return true;
}

static bool read_file(const char *path, const char *what, struct buffer *ret, struct error *reterr)
{
	bool standard_input = !strcmp(path, "-");
	OWN(char) char *whole = text_format("%s from '%s'", what, path);
	int fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(reterr, ERROR_INPUT, "cannot read %s", whole);
	bool ok = read_line(fd, whole, ret, reterr);
	if (!standard_input)
		close(fd);
	return ok;
}

static bool read_environment(
	const char *name, const char *what, struct buffer *ret, struct error *reterr)
{
	const char *value = getenv(name);
	if (!value)
		return error_set(reterr, ERROR_INPUT, "cannot read %s: the variable %s is not set",
			what, name);
	return buffer_text(ret, value, reterr) || error_context(reterr, "cannot read %s", what);
}

static volatile sig_atomic_t caught;

static void on_signal(int signal)
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
	struct sigaction before[SIGNALS], handler = { .sa_handler = on_signal }; /* no SA_RESTART */
	struct termios shown, hidden;
	bool ok = true, ended = false;
	*ret_signal = caught = 0;
	if (tcgetattr(fd, &shown) != 0)
		return error_errno(reterr, ERROR_IO, "cannot turn off the terminal's echo");
	sigemptyset(&handler.sa_mask);
	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &handler, &before[i]);
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	/* TCSAFLUSH: what was typed before the echo was off is thrown away. */
	if (tcsetattr(fd, TCSAFLUSH, &hidden) != 0 || write(fd, prompt, strlen(prompt)) < 0)
		ended = !caught;
	if (ended)
		ok = error_errno(reterr, ERROR_IO, "cannot ask on the terminal");
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

/* Until it is answered or we are ended; after a stop (Ctrl-Z) the question is put again. */
static bool ask(int terminal, const char *prompt, struct buffer *ret, struct error *reterr)
{
	int signal;
	bool ok;
	do {
		buffer_done(ret);
		ok = ask_once(terminal, prompt, ret, &signal, reterr);
		if (signal) /* the terminal is as it was: now it may end or stop us */
			kill(getpid(), signal);
	} while (ok && signal);
	return ok;
}

static bool ask_all(
	int terminal, const char *what, bool twice, struct buffer *ret, struct error *reterr)
{
	OWN(char) char *first = text_format("Enter %s: ", what);
	OWN(char) char *second = text_format("Again, %s: ", what);
	OWN(buffer) struct buffer again = SECRET;
	if (!ask(terminal, first, ret, reterr))
		return false;
	if (!twice || !ret->length)
		return true;
	if (!ask(terminal, second, &again, reterr))
		return false;
	if (again.length != ret->length || memcmp(ret->data, again.data, ret->length) != 0)
		return error_set(reterr, ERROR_INPUT, "the two entries of %s differ", what);
	return true;
}

static int open_terminal(void)
{
	return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}

bool secret_can_ask(void)
{
	int fd = isatty(STDIN_FILENO) ? open_terminal() : -1;
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* What was read becomes the caller's, unless it is nothing. */
static bool hand_over(
	struct buffer *read, const char *what, struct buffer *ret, struct error *reterr)
{
	if (!read->length)
		return error_set(reterr, ERROR_INPUT, "cannot read %s: it is empty", what);
	buffer_done(ret);
	*ret = *read;
	*read = (struct buffer)SECRET;
	return true;
}

bool secret_ask(const char *what, bool twice, struct buffer *ret, struct error *reterr)
{
	OWN(buffer) struct buffer read = SECRET;
	int terminal = open_terminal();
	if (terminal < 0) {
		error_set(reterr, ERROR_INPUT, "cannot ask for %s: there is no terminal", what);
		return error_hint(reterr, "give a file, a descriptor or a variable that holds it");
	}
	bool ok = ask_all(terminal, what, twice, &read, reterr);
	close(terminal);
	return ok && hand_over(&read, what, ret, reterr);
}

static bool read_source(
	const char *source, const char *what, bool twice, struct buffer *ret, struct error *reterr)
{
	OWN(buffer) struct buffer read = SECRET;
	long long fd;
	bool ok;
	if (!strcmp(source, "ask"))
		return secret_ask(what, twice, ret, reterr);
	if (!strncmp(source, "file:", 5))
		ok = read_file(source + 5, what, &read, reterr);
	else if (!strncmp(source, "env:", 4))
		ok = read_environment(source + 4, what, &read, reterr);
	else if (!strncmp(source, "fd:", 3) && text_number(source + 3, 0, 65535, &fd))
		ok = read_line((int)fd, what, &read, reterr);
	else {
		/* The word is not repeated: it may be the secret itself. */
		error_set(reterr, ERROR_USAGE, "%s comes from one of %s", what, SECRET_SOURCES);
		return error_hint(reterr,
			"a passphrase on the command line would show in every list of processes");
	}
	return ok && hand_over(&read, what, ret, reterr);
}

bool secret_read(const char *source, const char *what, struct buffer *ret, struct error *reterr)
{
	return read_source(source, what, false, ret, reterr);
}

bool secret_read_new(const char *source, const char *what, struct buffer *ret, struct error *reterr)
{
	return read_source(source, what, true, ret, reterr);
}
