/* Findings of lint as JSON, and for code hosts as SARIF 2.1.0 (OASIS Standard). */
#ifndef MTLS_CMD_LINT_SARIF_H
#define MTLS_CMD_LINT_SARIF_H

#include "pki/pki.h"

/* The whole log as an object, the caller's. Only rules that were broken are described in it. */
json_t *lint_sarif(const struct lint_report *report);

/* {"file", "line", "code", "severity", "text", "fix", "minds"} */
json_t *lint_finding_json(const struct lint_finding *finding);

#endif
