/* What a monitor may ask of a running server: /metrics, /healthz and /readyz (plain.h carries it).
 */
#ifndef MTLS_SERVER_MONITOR_H
#define MTLS_SERVER_MONITOR_H

#include "server/plain.h"
#include "server/reload.h"

/* Borrowed: what is asked when somebody asks, on the thread of `reload`. */
struct monitor {
	const struct settings *settings;
	const struct worker *workers;
	size_t workers_count;
	const struct reload *reload;
	struct store *store;
	long long crl_grace_s;
	time_t started_at;
};

/* `context` is a struct monitor. */
struct http_response *monitor_answer(void *context, const struct http_request *request);

#endif
