/* What mtls init says: warnings, what is replaced, what was made, whether it verifies. */
#ifndef MTLS_CMD_INIT_REPORT_H
#define MTLS_CMD_INIT_REPORT_H

#include "pki/pki.h"

/* The warnings of the .cnf files, on stderr. */
void init_warn(const struct setup *setup);
/* Which keys and certificates --force is about to replace, on stderr. */
void init_announce(const struct setup *setup);
/* What was made or kept, step by step, then each chain verified. Returns the exit code. */
int init_report(const struct setup *setup, bool password_given, bool json);

#endif
