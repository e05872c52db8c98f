/*
 * How many descriptors this process may have. The last ones are kept for what must not fail: who
 * hands them out to peers, a connection or a file each, asks first, since with none left nothing
 * could be accepted any more, not even to be sent away, and nothing be read again.
 */
#ifndef MTLS_BASE_DESCRIPTORS_H
#define MTLS_BASE_DESCRIPTORS_H

#include <stdbool.h>
#include <stddef.h>

/* Raises the soft limit to `wanted` or the hard limit, and keeps some back. Returns how many there
 * may be. To be called before there are threads. */
size_t descriptors_raise(size_t wanted);
/* Whether this one, just opened, is one of those that are kept. The kernel hands out the lowest
 * number that is free, so below it all are taken. */
bool descriptors_scarce(int fd);

#endif
