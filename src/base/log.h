/*
 * The log: one record an event, as a line of text or a line of JSON, to one descriptor.
 * Only floor 3 (server/, client/) and above log; lower rooms return errors.
 */
#ifndef MTLS_BASE_LOG_H
#define MTLS_BASE_LOG_H

#include "base/own.h"

#include <stdbool.h>

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

#endif
