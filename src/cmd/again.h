/* A program that begins again with another environment. */
#ifndef MTLS_CMD_AGAIN_H
#define MTLS_CMD_AGAIN_H

#include "base/base.h"

/*
 * For a server that has read nothing yet but its words and its configuration: where OpenSSL would
 * sign faster if it were told so before it is loaded, tells it and begins again. Returns where
 * there is nothing to gain, and where it cannot be done.
 */
void again_if_faster(const struct args *args);

#endif
