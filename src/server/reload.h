/*
 * Reloading: certificate, key, CAs, CRLs and policy are read again and replaced all together, or
 * not at all. Whoever asks (a signal, a file that changed, `mtls reload`), this decides and logs.
 */
#ifndef MTLS_SERVER_RELOAD_H
#define MTLS_SERVER_RELOAD_H

#include "server/worker.h"

/* The numbers that tell how reloads went. */
struct reload_counts {
	unsigned long long done, refused, unchanged;
};

/* What is read again: borrowed names. */
struct reload_files {
	struct tls_options tls;
	const char *policy_path; /* NULL: none */
};

struct reload;

/*
 * A snapshot is the current one; its hold is the receiver's to take. Returns how many workers have
 * not taken it up in time: they go on under the one before, and do so as soon as they can.
 */
typedef size_t reload_publish(void *context, struct snapshot *snapshot);

/*
 * Loads the first snapshot and gives it to `publish`; ERROR_INPUT names the file. Then watches the
 * folders of all named files, unless there is no such thing here: that is a warning in the log.
 * `files` and `log` must outlive it.
 */
must_check bool reload_new(struct net_loop *loop, const struct reload_files *files,
	const struct log *log, reload_publish *publish, void *context, struct reload **ret,
	struct error *reterr);
void reload_free(struct reload *reload);
OWN_DEFINE(reload, struct reload, reload_free);

struct reloaded {
	bool changed; /* else every file holds what it held, and the snapshot stays */
	size_t late;  /* workers that do not judge by it yet, be it new or not */
};
/*
 * Now, and logs what came of it; `why` is who asked. False, with what is wrong, when the snapshot
 * stays because something cannot be loaded.
 */
must_check bool reload_now(
	struct reload *reload, const char *why, struct reloaded *ret, struct error *reterr);
struct snapshot *reload_current(const struct reload *reload);
struct reload_counts reload_counts(const struct reload *reload);

#endif
