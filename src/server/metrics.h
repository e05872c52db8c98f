/* A server's numbers as Prometheus reads them. Pure: facts in, text out. */
#ifndef MTLS_SERVER_METRICS_H
#define MTLS_SERVER_METRICS_H

#include "server/access.h"
#include "server/exposition.h"
#include "server/reload.h"

struct metrics {
	struct counts counts; /* of all workers */
	long long open;
	bool ready;
	struct reload_counts reloads;
	unsigned long long snapshot;
	time_t loaded_at, started_at, now;
	const struct end *ends;
	size_t ends_count;
	struct store_counts store;
	const struct access_counts *access; /* NULL: there is no access log */
};

void metrics_write(const struct metrics *metrics, struct exposition *ret);

#endif
