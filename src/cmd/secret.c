/* How passphrases come in, and are kept off screens, process lists and swapped-out leftovers. */
#include "cmd/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

/* One line of a descriptor, read byte by byte so that what follows is left to the next reader. */
static bool read_line(int fd, const char *what, struct buffer *ret, struct error *reterr)
{
	OWN(buffer) struct buffer line = BUFFER(SECRET_BYTES_MAX);
	line.secret = true;
	char byte;
	ssize_t count;
	while ((count = read(fd, &byte, 1)) != 0) {
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return error_errno(reterr, ERROR_INPUT, "cannot read %s", what);
		if (byte == '\n')
			break;
		if (!buffer_append(&line, &byte, 1, reterr))
			return error_context(reterr, "cannot read %s", what);
	}
	if (line.length && line.data[line.length - 1] == '\r')
		line.data[--line.length] = 0;
	if (!line.length)
		return error_set(reterr, ERROR_INPUT, "cannot read %s: it is empty", what);
	buffer_done(ret);
	*ret = line;
	line = (struct buffer)BUFFER(0);
	return true;
}

static bool read_file(const char *path, const char *what, struct buffer *ret, struct error *reterr)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(reterr, ERROR_INPUT, "cannot read %s from '%s'", what, path);
	bool ok = read_line(fd, what, ret, reterr);
	close(fd);
	return ok;
}

static bool read_environment(
	const char *name, const char *what, struct buffer *ret, struct error *reterr)
{
	const char *value = getenv(name);
	if (!value || !*value)
		return error_set(reterr, ERROR_INPUT, "cannot read %s: the variable %s is not set",
			what, name);
	buffer_done(ret);
	*ret = (struct buffer)BUFFER(SECRET_BYTES_MAX);
	ret->secret = true;
	return buffer_text(ret, value, reterr) || error_context(reterr, "cannot read %s", what);
}

bool secret_read(const char *source, const char *what, struct buffer *ret, struct error *reterr)
{
	long long fd = -1;
	if (!strncmp(source, "file:", 5))
		return read_file(source + 5, what, ret, reterr);
	if (!strncmp(source, "env:", 4))
		return read_environment(source + 4, what, ret, reterr);
	if (!strncmp(source, "fd:", 3) && text_number(source + 3, 0, 65535, &fd))
		return read_line((int)fd, what, ret, reterr);
	if (!strcmp(source, "ask"))
		return secret_ask(what, false, ret, reterr);
	error_set(reterr, ERROR_USAGE, "%s comes from one of %s", what, SECRET_SOURCES);
	return error_hint(reterr, "a passphrase on the command line would show in every list of "
				  "processes");
}

bool secret_can_ask(void)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool ask_once(int terminal, const char *prompt, const char *what, struct buffer *ret,
	struct error *reterr)
{
	struct termios before, quiet;
	if (tcgetattr(terminal, &before) != 0)
		return error_errno(reterr, ERROR_INPUT, "cannot ask for %s", what);
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	if (dprintf(terminal, "%s %s: ", prompt, what) < 0 ||
		tcsetattr(terminal, TCSAFLUSH, &quiet) != 0)
		return error_errno(reterr, ERROR_INPUT, "cannot ask for %s", what);
	bool ok = read_line(terminal, what, ret, reterr);
	tcsetattr(terminal, TCSAFLUSH, &before);
	dprintf(terminal, "\n");
	return ok;
}

bool secret_ask(const char *what, bool twice, struct buffer *ret, struct error *reterr)
{
	int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (terminal < 0) {
		error_set(reterr, ERROR_INPUT, "cannot ask for %s: there is no terminal", what);
		return error_hint(reterr, "give a file, a descriptor or a variable that holds it");
	}
	OWN(buffer) struct buffer again = BUFFER(0);
	bool ok = ask_once(terminal, "Enter", what, ret, reterr) &&
		  (!twice || ask_once(terminal, "Again,", what, &again, reterr));
	close(terminal);
	if (ok && twice && strcmp(ret->data, again.data) != 0) {
		buffer_done(ret);
		return error_set(reterr, ERROR_INPUT, "the two entries of %s differ", what);
	}
	return ok;
}
