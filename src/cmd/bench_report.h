/* What mtls bench says: progress while it runs, then the result for people or as JSON. */
#ifndef MTLS_CMD_BENCH_REPORT_H
#define MTLS_CMD_BENCH_REPORT_H

#include "bench/bench.h"

/* For bench_options.progress: one line on stderr that is written over. `context` is unused. */
void bench_report_progress(void *context, uint64_t done, uint64_t failed, double seconds);
/* Ends that line. */
void bench_report_progress_end(void);

const char *bench_report_mode(enum bench_mode mode);
/* Each returns 0, or 3 when standard output fails. */
int bench_report_text(const struct bench_options *options, const struct bench_result *result);
int bench_report_json(
	const char *url, const struct bench_options *options, const struct bench_result *result);

#endif
