/* What the files that run scenarios share. */
#ifndef MTLS_LAB_RUN_PARTS_H
#define MTLS_LAB_RUN_PARTS_H

#include "lab/run.h"
#include "lab/words.h"

enum { LAB_URL_BYTES = 64 };

/* Several runs share a server when they tell it the same. */
struct lab_server {
	struct words words; /* without those that say where it listens */
	struct process process;
	char url[LAB_URL_BYTES];
	struct buffer greeting; /* what it said when it started */
	bool reloaded;          /* it has the CRL that lists the client */
};

struct lab_later;

struct lab {
	char *folder, *program;
	lab_caller *call; /* NULL: a process of its own for each request */
	struct lab_server *servers;
	size_t servers_count;
	struct lab_later *later; /* NULL: no run is about something that happens later */
};

/* The started server of the run, or the other one, where its session comes from. */
struct lab_server *lab_server_of(const struct lab *lab, const struct lab_run *run, bool other);
/*
 * The next connection's outcome. A server that ends or falls silent has recorded nothing: that is
 * an observation, too. With `transcript` all up to the connection's end, and its messages.
 */
must_check bool lab_server_record(struct lab_server *server, bool transcript,
	struct lab_report *ret, json_t **ret_messages, struct error *reterr);
/* Appends the messages up to and with the nth record of that event. */
must_check bool lab_server_messages(struct lab_server *server, const char *event, int count,
	struct buffer *ret, struct error *reterr);

/* ---- Runs in which something happens between two visits (later.c) ---- */

/* The first visits of all these runs, and then what happens; servers listen. */
must_check bool lab_later_prepare(
	struct lab *lab, const struct lab_run *runs, size_t count, struct error *reterr);
/* The last visit: the client's report and its messages. */
must_check bool lab_later_run(struct lab *lab, const struct lab_run *run,
	struct lab_observation *ret, struct error *reterr);
void lab_later_free(struct lab_later *later);

#endif
