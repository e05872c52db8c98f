/* What a server says about its files before it starts: dangers that are no errors. */
#ifndef MTLS_SERVER_WARN_H
#define MTLS_SERVER_WARN_H

#include "base/base.h"
#include "tls/tls.h"

/* A key that others may read, and a CA's key beside the CA that we trust. */
void warn_about_keys(const struct log *log, const struct tls_options *options);

#endif
