/* Writing log records: each in one write, so that lines of several processes do not mix. */
#include "base/log.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

#include <unistd.h>

static const char *const level_names[] = { "debug", "info", "warning", "error" };

static void write_line(int fd, const char *line, size_t bytes)
{
	while (bytes) {
		ssize_t written = write(fd, line, bytes);
		if (written <= 0)
			return; /* nowhere left to complain */
		line += written;
		bytes -= (size_t)written;
	}
}

void log_event(const struct log *log, enum log_level level, const char *event, json_t *fields,
	const char *format, ...)
{
	OWN(json_t) json_t *extra = fields;
	if (level < log->level_min)
		return;
	va_list arguments;
	va_start(arguments, format);
	OWN(char) char *text = text_format_list(format, arguments);
	va_end(arguments);
	if (!log->json) {
		size_t bytes = strlen(text);
		text[bytes] = '\n'; /* in place of the NUL: the length is known */
		write_line(log->fd, text, bytes + 1);
		return;
	}
	/* A line is to be escaped by who makes it; one that is not costs no server its life. */
	if (!text_is_utf8(text, strlen(text))) {
		size_t bytes_max = 4 * strlen(text) + 1;
		OWN(char) char *escaped = malloc(bytes_max);
		if (!escaped)
			bug("out of memory for a line of the log");
		text_escape(escaped, bytes_max, text, strlen(text));
		char *plain = text;
		text = TAKE(escaped);
		free(plain);
	}
	char now[CLOCK_RFC3339_BYTES];
	OWN(json_t) json_t *record =
		json_pack("{s:s, s:s, s:s, s:s}", "time", clock_rfc3339(time(NULL), now), "level",
			level_names[level], "event", event, "message", text);
	if (extra)
		json_object_update_missing(record, extra);
	OWN(char) char *line = json_dumps(record, JSON_COMPACT);
	OWN(char) char *ended = text_format("%s\n", line ? line : "{}");
	write_line(log->fd, ended, strlen(ended));
}
