/* The three paths, and what is answered on others. */
#include "server/monitor.h"

#include "server/health.h"
#include "server/metrics.h"

static struct http_response *text(int status, const char *type, const char *body)
{
	struct error error;
	struct http_response *response = http_response_new(status);
	http_response_set(response, HTTP_FIELD_CONTENT_TYPE, "%s", type);
	http_response_set(response, HTTP_FIELD_CACHE_CONTROL, "no-store");
	http_response_set(response, HTTP_FIELD_X_CONTENT_TYPE_OPTIONS, "nosniff");
	if (!http_response_append(response, body, strlen(body), &error))
		bug("a short answer does not fit: %s", error.text);
	return response;
}

#define TEXT "text/plain; charset=utf-8"

static struct end *ends_now(const struct monitor *monitor, size_t *ret_count)
{
	return tls_context_ends(reload_current(monitor->reload)->tls, ret_count);
}

static bool is_ready(const struct monitor *monitor, const struct end *ends, size_t count,
	const struct store_counts *store, char ret_reason[static HEALTH_REASON_BYTES])
{
	return health_ready(&(struct health){ .stopping = monitor->settings->stopping,
				    .store_failing = store->failing,
				    .ends = ends,
				    .ends_count = count,
				    .crl_grace_s = monitor->crl_grace_s,
				    .now = time(NULL) },
		ret_reason);
}

static struct http_response *answer_metrics(const struct monitor *monitor)
{
	char reason[HEALTH_REASON_BYTES];
	size_t count;
	OWN(exposition) struct exposition exposition;
	struct end *ends = ends_now(monitor, &count);
	const struct snapshot *snapshot = reload_current(monitor->reload);
	struct metrics metrics = {
		.open = monitor->settings->open,
		.reloads = reload_counts(monitor->reload),
		.snapshot = snapshot->number,
		.loaded_at = snapshot->loaded_at,
		.started_at = monitor->started_at,
		.now = time(NULL),
		.ends = ends,
		.ends_count = count,
		.store = store_counts(monitor->store),
	};
	struct access_counts access;
	if (monitor->settings->access) {
		access = access_counts(monitor->settings->access);
		metrics.access = &access;
	}
	metrics.ready = is_ready(monitor, ends, count, &metrics.store, reason);
	for (size_t i = 0; i < monitor->workers_count; i++)
		counts_add(&metrics.counts, &monitor->workers[i].counts);
	exposition_init(&exposition);
	metrics_write(&metrics, &exposition);
	free(ends);
	return exposition.ok ? text(200, EXPOSITION_TYPE, exposition.text.data)
			     : http_response_error(500, "the numbers do not fit into an answer");
}

static struct http_response *answer_healthz(const struct monitor *monitor)
{
	(void)monitor; /* that it answers is the answer */
	return text(200, TEXT, "ok\n");
}

static struct http_response *answer_readyz(const struct monitor *monitor)
{
	char reason[HEALTH_REASON_BYTES];
	size_t count;
	struct store_counts store = store_counts(monitor->store);
	struct end *ends = ends_now(monitor, &count);
	bool ready = is_ready(monitor, ends, count, &store, reason);
	free(ends);
	if (ready)
		return text(200, TEXT, "ready\n");
	OWN(char) char *line = text_format("%s\n", reason);
	return text(503, TEXT, line);
}

struct http_response *monitor_answer(void *context, const struct http_request *request)
{
	static const struct {
		const char *path;
		struct http_response *(*answer)(const struct monitor *monitor);
	} rows[] = { { "/metrics", answer_metrics }, { "/healthz", answer_healthz },
		{ "/readyz", answer_readyz } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (strcmp(rows[i].path, request->path) != 0)
			continue;
		if (!strcmp(request->method, "GET") || http_request_is_head(request))
			return rows[i].answer(context);
		struct http_response *response = http_response_error(
			405, "%s does not take %s", request->path, request->method);
		http_response_set(response, HTTP_FIELD_ALLOW, "GET, HEAD");
		return response;
	}
	return http_response_error(
		404, "there is no %s, only /metrics, /healthz and /readyz", request->path);
}
