/* Each family, in the order of a request's life. Names and units: prometheus.io, "Metric naming".
 */
#include "server/metrics.h"

#include <stdio.h>

static const char *result_of(size_t code)
{
	return code == CODE_NONE ? "unknown" : code_name((enum code)code);
}

/*
 * A code's series begins with its first failure; the good results stand at 0 from the start, so
 * that a rate can be had of them at once.
 */
static void write_handshakes(const struct counts *counts, struct exposition *ret)
{
	static const char name[] = "mtls_handshakes_total",
			  resumed[] = "mtls_handshakes_resumed_total";
	exposition_family(ret, name, "counter",
		"Handshakes by result (ok, or the code of why not) and version of TLS.");
	for (size_t v = 1; v < COUNTS_VERSIONS; v++)
		exposition_number(ret, name,
			(struct label[]){ { "result", "ok" }, { "version", counts_versions[v] },
				{ NULL, NULL } },
			(long long)count_read(&counts->succeeded[v]));
	for (size_t code = 0; code < CODE_COUNT; code++)
		for (size_t v = 0; v < COUNTS_VERSIONS; v++) {
			unsigned long long count = count_read(&counts->failed[code][v]);
			if (count)
				exposition_number(ret, name,
					(struct label[]){ { "result", result_of(code) },
						{ "version", counts_versions[v] }, { NULL, NULL } },
					(long long)count);
		}
	exposition_family(ret, resumed, "counter",
		"Handshakes that resumed a session; mtls_handshakes_total has them too.");
	for (size_t v = 1; v < COUNTS_VERSIONS; v++)
		exposition_number(ret, resumed,
			(struct label[]){ { "version", counts_versions[v] }, { NULL, NULL } },
			(long long)count_read(&counts->resumed[v]));
}

static void write_durations(const struct counts *counts, struct exposition *ret)
{
	static const char handshake[] = "mtls_handshake_duration_seconds",
			  request[] = "mtls_request_duration_seconds";
	exposition_family(ret, handshake, "histogram",
		"From the accepted connection to the end of a handshake that succeeded.");
	exposition_durations(ret, handshake, (struct label[]){ { "kind", "full" }, { NULL, NULL } },
		&counts->full);
	exposition_durations(ret, handshake,
		(struct label[]){ { "kind", "resumed" }, { NULL, NULL } }, &counts->back);
	exposition_family(ret, request, "histogram",
		"From a complete request to its answer, for requests that came to a handler.");
	exposition_durations(ret, request, NULL, &counts->took);
}

static void write_requests(const struct counts *counts, struct exposition *ret)
{
	static const char name[] = "mtls_requests_total";
	exposition_family(ret, name, "counter",
		"Requests by method (none: it could not be read) and class of the answer's "
		"status.");
	for (size_t m = 0; m < COUNTS_METHODS; m++)
		for (size_t c = 0; c < COUNTS_CLASSES; c++) {
			const char class[] = { (char)('1' + c), 'x', 'x', 0 };
			unsigned long long count = count_read(&counts->answered[m][c]);
			if (count)
				exposition_number(ret, name,
					(struct label[]){ { "method", counts_methods[m] },
						{ "status", class }, { NULL, NULL } },
					(long long)count);
		}
}

/* Like the good results: a reason stands at 0 before it is one. */
static void write_shed(const struct counts *counts, struct exposition *ret)
{
	static const char name[] = "mtls_connections_refused_total";
	exposition_family(ret, name, "counter",
		"Connections that were closed as they came, before a handshake, by the code of "
		"why.");
	for (size_t i = SHED_NONE + 1; i < SHED_KINDS; i++)
		exposition_number(ret, name,
			(struct label[]){
				{ "code", code_name(counts_shed_codes[i]) }, { NULL, NULL } },
			(long long)count_read(&counts->shed[i]));
}

struct simple {
	const char *name, *type, *help;
	long long value;
};

static void write_simple(const struct simple *rows, size_t count, struct exposition *ret)
{
	for (size_t i = 0; i < count; i++) {
		exposition_family(ret, rows[i].name, rows[i].type, rows[i].help);
		exposition_number(ret, rows[i].name, NULL, rows[i].value);
	}
}

static void write_ends(const struct metrics *metrics, enum end_kind kind, const char *name,
	const char *help, struct exposition *ret)
{
	exposition_family(ret, name, "gauge", help);
	for (size_t i = 0; i < metrics->ends_count; i++) {
		const struct end *end = &metrics->ends[i];
		const struct label both[] = { { "subject", end->name }, { "serial", end->serial },
			{ NULL, NULL } };
		const struct label issuer[] = { { "issuer", end->name }, { NULL, NULL } };
		if (end->kind == kind && end->until)
			exposition_number(ret, name, kind == END_CRL ? issuer : both, end->until);
	}
}

static void write_reloads(const struct reload_counts *reloads, struct exposition *ret)
{
	static const char name[] = "mtls_reloads_total";
	const struct {
		const char *result;
		unsigned long long count;
	} rows[] = { { "accepted", reloads->done }, { "refused", reloads->refused },
		{ "unchanged", reloads->unchanged } };
	exposition_family(ret, name, "counter",
		"Reloads of certificates, keys, CAs, CRLs and policy, by what came of them.");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		exposition_number(ret, name,
			(struct label[]){ { "result", rows[i].result }, { NULL, NULL } },
			(long long)rows[i].count);
}

static void write_access(const struct access_counts *access, struct exposition *ret)
{
	static const char name[] = "mtls_access_log_lines_total";
	exposition_family(ret, name, "counter",
		"Lines of the access log, by what became of them; a full disk drops some.");
	exposition_number(ret, name, (struct label[]){ { "result", "written" }, { NULL, NULL } },
		(long long)access->written);
	exposition_number(ret, name, (struct label[]){ { "result", "dropped" }, { NULL, NULL } },
		(long long)access->dropped);
}

void metrics_write(const struct metrics *metrics, struct exposition *ret)
{
	const struct counts *counts = &metrics->counts;
	const struct store_counts *store = &metrics->store;
	const struct simple connections[] = {
		{ "mtls_connections_total", "counter", "Connections that were accepted.",
			(long long)count_read(&counts->connections) },
		{ "mtls_connections_open", "gauge", "Connections that are open now.",
			metrics->open },
		{ "mtls_connections_idle", "gauge",
			"Connections that wait for their next request now.",
			count_now(&counts->idle) },
		{ "mtls_handshakes_pending", "gauge", "Handshakes that are in progress now.",
			count_now(&counts->pending) },
	};
	const struct simple rest[] = {
		{ "mtls_snapshot_version", "gauge",
			"Number of the certificates and rules in force; a reload counts it up.",
			(long long)metrics->snapshot },
		{ "mtls_snapshot_age_seconds", "gauge", "For how long they have been in force.",
			metrics->now - metrics->loaded_at },
		{ "mtls_store_items", "gauge", "Items that the store holds.",
			(long long)store->items },
		{ "mtls_store_writes_total", "counter", "Writes that were kept.",
			(long long)store->writes },
		{ "mtls_store_commits_total", "counter", "Commits that these writes took.",
			(long long)store->commits },
		{ "mtls_store_failures_total", "counter",
			"Questions that the store could not answer.", (long long)store->failures },
		{ "mtls_store_queue", "gauge", "Questions that wait for the store now.",
			(long long)store->waiting },
		{ "mtls_ready", "gauge", "What /readyz answers: 1 for 200, 0 for 503.",
			metrics->ready },
		{ "mtls_start_time_seconds", "gauge", "When the server started, in Unix seconds.",
			metrics->started_at },
	};
	write_handshakes(counts, ret);
	write_durations(counts, ret);
	write_requests(counts, ret);
	write_shed(counts, ret);
	write_simple(connections, sizeof connections / sizeof *connections, ret);
	write_ends(metrics, END_CERTIFICATE, "mtls_certificate_not_after_seconds",
		"When the server's certificate ends, in Unix seconds.", ret);
	write_ends(metrics, END_ANCHOR, "mtls_ca_not_after_seconds",
		"When a CA that is trusted ends, in Unix seconds.", ret);
	write_ends(metrics, END_CRL, "mtls_crl_next_update_seconds",
		"When the newest CRL of an issuer ends, in Unix seconds.", ret);
	write_reloads(&metrics->reloads, ret);
	write_simple(rest, sizeof rest / sizeof *rest, ret);
	if (metrics->access)
		write_access(metrics->access, ret);
}
