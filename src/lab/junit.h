/* JUnit XML, as continuous integration systems read it: one suite, one case a run. */
#ifndef MTLS_LAB_JUNIT_H
#define MTLS_LAB_JUNIT_H

#include "base/base.h"

#include <stdint.h>

enum junit_outcome { JUNIT_PASSED, JUNIT_FAILED, JUNIT_SKIPPED };

struct junit_case {
	const char *group, *name; /* "mtls.lab.tls13.mtls", "client-expired" */
	uint64_t ms;
	enum junit_outcome outcome;
	const char *message, *detail; /* of what did not pass; the detail may be NULL */
};

/* The suite's head with its counts; then each case; then the end. Texts are escaped here. */
must_check bool junit_begin(const char *suite, size_t count, size_t failed, size_t skipped,
	struct buffer *ret, struct error *reterr);
must_check bool junit_add(const struct junit_case *one, struct buffer *ret, struct error *reterr);
must_check bool junit_end(struct buffer *ret, struct error *reterr);

#endif
