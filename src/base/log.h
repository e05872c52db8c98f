/*
 * The log: one record an event, as a line of text or a line of JSON, to one descriptor.
 * Only floor 3 (server/, client/) and above log; lower rooms return errors.
 */
#ifndef MTLS_BASE_LOG_H
#define MTLS_BASE_LOG_H

#include "base/own.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

struct log {
	int fd;
	bool json;
	enum log_level level_min;
};

/*
 * Writes one record. As text: the line that `format` makes, as it is. As JSON: an object with
 * "time", "level", "event", "message" (that same line) and the members of `fields`, which may be
 * NULL and is released in every case. Who makes the line escapes what a peer made (text_escape);
 * JSON has a line that is no UTF-8 escaped as a whole.
 */
void log_event(const struct log *log, enum log_level level, const char *event, json_t *fields,
	const char *format, ...) __attribute__((format(printf, 5, 6)));
/* The same with `prefix` in front of the line. */
void log_event_list(const struct log *log, enum log_level level, const char *event, json_t *fields,
	const char *prefix, const char *format, va_list arguments)
	__attribute__((format(printf, 6, 0)));

/* The same with a line that is made already: for those that are too frequent for a format. */
void log_line(const struct log *log, enum log_level level, const char *event, json_t *fields,
	const char *line, size_t bytes);

/*
 * A thread that logs often gathers its lines and writes them together: from log_hold on they wait
 * until log_flush, or until there are 64 KiB. The thread flushes before anybody can see what a line
 * is about, and before it waits. log_release flushes and ends that.
 */
void log_hold(void);
void log_flush(void);
void log_release(void);

/*
 * How many bytes of `lines` to write at a time, so that others' lines come between whole ones: as
 * many lines as a pipe takes in one piece (PIPE_BUF, pipe(7)), or one that is longer.
 */
size_t log_piece(const char *lines, size_t bytes);

#endif
