/* Writing log records: only whole ones in a write, so that lines of several threads and processes
 * do not mix. */
#include "base/log.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/text.h"

#include <limits.h>
#include <unistd.h>

static const char *const level_names[] = { "debug", "info", "warning", "error" };

/* What a thread holds back is for one descriptor at a time. */
#define HELD_BYTES_MAX ((size_t)64 << 10)
static _Thread_local struct {
	bool holds;
	int fd;
	struct buffer lines;
} held = { .lines = BUFFER(SIZE_MAX) };

size_t log_piece(const char *lines, size_t bytes)
{
	if (bytes <= PIPE_BUF)
		return bytes;
	size_t piece = PIPE_BUF;
	while (piece && lines[piece - 1] != '\n')
		piece--;
	const char *end = memchr(lines, '\n', bytes);
	return piece ? piece : (end ? (size_t)(end + 1 - lines) : bytes);
}

static void write_lines(int fd, const char *lines, size_t bytes)
{
	while (bytes) {
		ssize_t written = write(fd, lines, log_piece(lines, bytes));
		if (written <= 0)
			return; /* nowhere left to complain */
		lines += written;
		bytes -= (size_t)written;
	}
}

void log_hold(void)
{
	held.holds = true;
}

void log_flush(void)
{
	if (held.lines.length)
		write_lines(held.fd, held.lines.data, held.lines.length);
	held.lines.length = 0;
}

void log_release(void)
{
	log_flush();
	held.holds = false;
	buffer_done(&held.lines);
}

/* A line in the making stands behind those that wait. */
static struct buffer *begin_line(const struct log *log)
{
	if (held.fd != log->fd)
		log_flush();
	held.fd = log->fd;
	return &held.lines;
}

static void end_line(void)
{
	if (!held.holds)
		log_release();
	else if (held.lines.length >= HELD_BYTES_MAX)
		log_flush();
}

static void log_text(
	const struct log *log, const char *prefix, const char *format, va_list arguments)
{
	ERROR_UNFILLED struct error error;
	struct buffer *lines = begin_line(log);
	if (!buffer_text(lines, prefix, &error) ||
		!buffer_format_list(lines, &error, format, arguments) ||
		!buffer_text(lines, "\n", &error))
		bug("a line of the log: %s", error.text);
	end_line();
}

/* A line is to be escaped by who makes it; one that is not costs no server its life. */
static char *as_utf8(char *text)
{
	size_t bytes = strlen(text);
	if (text_is_utf8(text, bytes))
		return text;
	char *escaped = malloc(4 * bytes + 1);
	if (!escaped)
		bug("out of memory for a line of the log");
	text_escape(escaped, 4 * bytes + 1, text, bytes);
	free(text);
	return escaped;
}

static void log_json(const struct log *log, enum log_level level, const char *event, json_t *fields,
	const char *message)
{
	char now[CLOCK_RFC3339_BYTES];
	struct error error;
	OWN(json_t) json_t *record =
		json_pack("{s:s, s:s, s:s, s:s}", "time", clock_rfc3339(time(NULL), now), "level",
			level_names[level], "event", event, "message", message);
	if (fields)
		json_object_update_missing(record, fields);
	OWN(char) char *line = json_dumps(record, JSON_COMPACT);
	struct buffer *lines = begin_line(log);
	if (!buffer_format(lines, &error, "%s\n", line ? line : "{}"))
		bug("a line of the log: %s", error.text);
	end_line();
}

void log_event_list(const struct log *log, enum log_level level, const char *event, json_t *fields,
	const char *prefix, const char *format, va_list arguments)
{
	OWN(json_t) json_t *extra = fields;
	if (level < log->level_min)
		return;
	if (!log->json) {
		log_text(log, prefix, format, arguments);
		return;
	}
	OWN(char) char *text = text_format_list(format, arguments);
	OWN(char) char *message = as_utf8(text_format("%s%s", prefix, text));
	log_json(log, level, event, extra, message);
}

void log_line(const struct log *log, enum log_level level, const char *event, json_t *fields,
	const char *line, size_t bytes)
{
	ERROR_UNFILLED struct error error;
	OWN(json_t) json_t *extra = fields;
	if (level < log->level_min)
		return;
	if (log->json) {
		OWN(char) char *message = as_utf8(text_format("%.*s", (int)bytes, line));
		log_json(log, level, event, extra, message);
		return;
	}
	struct buffer *lines = begin_line(log);
	if (!buffer_append(lines, line, bytes, &error) || !buffer_append(lines, "\n", 1, &error))
		bug("a line of the log: %s", error.text);
	end_line();
}

void log_event(const struct log *log, enum log_level level, const char *event, json_t *fields,
	const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	log_event_list(log, level, event, fields, "", format, arguments);
	va_end(arguments);
}
