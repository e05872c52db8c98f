/* What came of each run, and the whole of a lab as JSON and as JUnit XML. */
#ifndef MTLS_LAB_RESULT_H
#define MTLS_LAB_RESULT_H

#include "lab/run.h"

struct lab_result {
	struct lab_run run;
	const char *not_run; /* why not; NULL: it was */
	struct lab_observation seen;
	struct lab_verdict verdict;
	uint64_t ms;
};

struct lab_summary {
	size_t rows; /* scenarios */
	size_t runs, differ, not_run;
};
struct lab_summary lab_summarize(const struct lab_result *results, size_t count);
/* "1 scenario, 2 runs: 2 as expected, ..."; the caller's. */
char *lab_summary_text(const struct lab_summary *summary);

/*
 * The runs of the scenarios that `names` mean (none: all), in the table's order, on TLS 1.2, on 1.3
 * or, for TLS_VERSION_ANY, on both. With `ours` as we verify, with `stack` as OpenSSL does by
 * itself; with both, the stack only where it comes to something else. ERROR_USAGE for an unknown
 * name. The caller frees *ret.
 */
must_check bool lab_plan(const char *const *names, size_t names_count, enum tls_version version,
	bool ours, bool stack, struct lab_result **ret, size_t *ret_count, struct error *reterr);

/* {"scenario", "title", "tls", "profile", "expected", "observed", "as_expected", "why"}, or
 * "not_run" in place of the last three. The caller's. */
json_t *lab_one_json(const struct lab_result *result);
/* {"ok", "summary", "results"}; the caller's. */
json_t *lab_json(const struct lab_result *results, size_t count);
/* One test suite; a test case a run, whose class is the TLS version and whose rules verify. */
must_check bool lab_junit(
	const struct lab_result *results, size_t count, struct buffer *ret, struct error *reterr);

#endif
