/* What a server says about its files before it starts: dangers that are no errors. */
#ifndef MTLS_SERVER_WARN_H
#define MTLS_SERVER_WARN_H

#include "base/base.h"
#include "tls/tls.h"

/* A key that others may read, a CA's key beside the CA that we trust, a CRL that is not its CA's,
 * a CA without the CRL that its clients need. `context` is what was loaded. */
void warn_about_files(const struct log *log, const struct tls_options *options,
	const struct tls_context *context);

/* The same, each told to `say`: a name for the kind, and a sentence. */
typedef void warn_say(void *listener, const char *event, const char *text);
void warn_each(const struct tls_options *options, const struct tls_context *context, warn_say *say,
	void *listener);

#endif
