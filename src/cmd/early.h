/* What must be known before the libraries begin. */
#ifndef MTLS_CMD_EARLY_H
#define MTLS_CMD_EARLY_H

#include <stdbool.h>

/*
 * Whether OpenSSL was told when it was loaded to do without ADX. It was told by what the words of
 * `mtls serve` say; environment and configuration may say that its certificate is another one.
 */
bool early_told(void);

#endif
