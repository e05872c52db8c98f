/*
 * The access log's file. Workers hand over whole lines and never wait; a thread of its own writes
 * them. What a full disk or a reader that sleeps does not take is dropped, line by line, and
 * counted.
 */
#ifndef MTLS_SERVER_ACCESS_H
#define MTLS_SERVER_ACCESS_H

#include "server/access_line.h"
#include "server/counts.h"

/* What may wait of one worker's lines. */
#define ACCESS_WAITING_BYTES_MAX ((size_t)1 << 20)

struct access;
/* Whether access_new could open it: the same errors, and nothing is made. */
must_check bool access_check(const char *path, struct error *reterr);
/*
 * Opens `path` to append, made 0600; "-" is standard output. `slots` threads will hand over lines.
 * `log` hears when writing begins to fail, and when it goes on; path and log must outlive it.
 */
must_check bool access_new(const char *path, size_t slots, const struct log *log,
	struct access **ret, struct error *reterr);
/* Starts the thread, which takes no signals. */
must_check bool access_start(struct access *access, struct error *reterr);
/* A line, by the slot's own thread. */
void access_put(struct access *access, size_t slot, const struct access_entry *entry);
/* From any thread: opens the path anew, for when somebody has renamed the file. */
void access_reopen(struct access *access);
/* Writes what waits, for a second at most. Accepts NULL. */
void access_free(struct access *access);
OWN_DEFINE(access, struct access, access_free);

struct access_counts {
	unsigned long long written, dropped; /* lines */
};
/* From any thread. */
struct access_counts access_counts(const struct access *access);

#endif
