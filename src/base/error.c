/* The one error type: how it is filled, and which exit code it becomes. */
#include "base/error.h"

#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static const struct {
	const char *name;
	int exit_code;
} kinds[] = {
	[ERROR_NONE] = { "none", 0 },
	[ERROR_USAGE] = { "usage", 2 },
	[ERROR_INPUT] = { "input", 2 },
	[ERROR_LIMIT] = { "limit", 2 },
	[ERROR_CHECK] = { "check", 1 },
	[ERROR_REFUSED_BY_US] = { "refused-by-us", 1 },
	[ERROR_REFUSED_BY_PEER] = { "refused-by-peer", 1 },
	[ERROR_HTTP] = { "http", 1 },
	[ERROR_IO] = { "io", 3 },
	[ERROR_NETWORK] = { "network", 3 },
	[ERROR_STORE] = { "store", 3 },
	[ERROR_BUG] = { "bug", 70 },
};

static void fill(struct error *reterr, enum error_kind kind, enum code code, const char *format,
	va_list arguments)
{
	*reterr = (struct error){ .kind = kind, .code = code, .alert = -1 };
	vsnprintf(reterr->text, sizeof reterr->text, format, arguments);
}

bool error_set(struct error *reterr, enum error_kind kind, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fill(reterr, kind, CODE_NONE, format, arguments);
	va_end(arguments);
	return false;
}

bool error_code(struct error *reterr, enum error_kind kind, enum code code, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fill(reterr, kind, code, format, arguments);
	va_end(arguments);
	return false;
}

bool error_errno(struct error *reterr, enum error_kind kind, const char *format, ...)
{
	int saved = errno;
	va_list arguments;
	va_start(arguments, format);
	fill(reterr, kind, CODE_NONE, format, arguments);
	va_end(arguments);
	reterr->system = saved;
	size_t used = strlen(reterr->text);
	snprintf(reterr->text + used, sizeof reterr->text - used, ": %s", strerror(saved));
	return false;
}

bool error_hint(struct error *reterr, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(reterr->hint, sizeof reterr->hint, format, arguments);
	va_end(arguments);
	return false;
}

const char *error_advice(const struct error *error)
{
	return *error->hint ? error->hint : code_info(error->code)->hint;
}

bool error_context(struct error *reterr, const char *format, ...)
{
	char inner[ERROR_TEXT_BYTES];
	memcpy(inner, reterr->text, sizeof inner);
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(reterr->text, sizeof reterr->text, format, arguments);
	va_end(arguments);
	size_t used = strlen(reterr->text), left = sizeof reterr->text - used;
	if (left > 2) {
		memcpy(reterr->text + used, ": ", 3);
		memccpy(reterr->text + used + 2, inner, 0, left - 2);
		reterr->text[sizeof reterr->text - 1] = 0; /* what does not fit is cut */
	}
	return false;
}

int error_exit_code(enum error_kind kind)
{
	return kinds[kind].exit_code;
}

const char *error_kind_name(enum error_kind kind)
{
	return kinds[kind].name;
}

_Noreturn void bug(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	log_flush(); /* what was logged before explains it best */
	fputs("mtls: bug: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	_Exit(70);
}
