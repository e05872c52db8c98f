/* Both sides' JSON records, read into what is compared; and the comparison written as JSON. */
#ifndef MTLS_LAB_REPORT_H
#define MTLS_LAB_REPORT_H

#include "client/client.h"
#include "lab/compare.h"

/*
 * A line of `mtls serve --log json`; false when it says nothing, or not yet all, about one
 * connection's outcome: who refuses a request says why in a line of its own.
 */
must_check bool report_from_server(const json_t *record, struct lab_report *ret);
/* What `mtls request --json` printed; NULL or anything else leaves `ret` not present. */
void report_from_client(const json_t *answer, struct lab_report *ret);
void report_from_probe(const struct probe *probe, struct lab_report *ret);
/* What a command that could not even begin said on stderr, "mtls: ... [key-mismatch]". */
void report_from_failure(const char *said, int exit_code, struct lab_report *ret);

/* {"scenario", "tls", "expected", "observed", "as_expected", "why"}; the caller's to release. */
json_t *lab_result_json(const struct scenario *scenario, const struct lab_observation *observation,
	const struct lab_verdict *verdict);

#endif
