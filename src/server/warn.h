/* What a server says about its files before it starts: dangers that are no errors. */
#ifndef MTLS_SERVER_WARN_H
#define MTLS_SERVER_WARN_H

#include "base/base.h"
#include "tls/tls.h"

/* A key that others may read, and a CA's key beside the CA that we trust. */
void warn_about_keys(const struct log *log, const struct tls_options *options);

/* The same, each told to `say`: a name for the kind, and a sentence. */
typedef void warn_say(void *context, const char *event, const char *text);
void warn_each(const struct tls_options *options, warn_say *say, void *context);

#endif
