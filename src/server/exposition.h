/*
 * The text format in which Prometheus reads numbers (version 0.0.4): families with a HELP and a
 * TYPE line, then samples, each with its labels. No clock, no server: names and numbers in, text
 * out.
 */
#ifndef MTLS_SERVER_EXPOSITION_H
#define MTLS_SERVER_EXPOSITION_H

#include "server/durations.h"

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define EXPOSITION_BYTES_MAX ((size_t)4 << 20)

/* A label's value may hold anything but NUL; it is escaped. */
struct label {
	const char *name, *value;
};
#define EXPOSITION_LABELS_MAX 4

struct exposition {
	struct buffer text;
	bool ok; /* all of it fitted */
};

/* Release with exposition_done. */
void exposition_init(struct exposition *exposition);
void exposition_done(struct exposition *exposition);
static inline void own_exposition(struct exposition *exposition)
{
	exposition_done(exposition);
}

/* Begins a family; its samples follow before the next one begins. `type`: "counter", "gauge". */
void exposition_family(
	struct exposition *exposition, const char *name, const char *type, const char *help);
/* A sample. `labels` end with one without a name; NULL: none. */
void exposition_number(struct exposition *exposition, const char *name, const struct label *labels,
	long long value);
/* A histogram's samples, in seconds, for a family of the type "histogram". */
void exposition_durations(struct exposition *exposition, const char *name,
	const struct label *labels, const struct durations *durations);

#endif
