/* How many threads are worth starting. */
#ifndef MTLS_BASE_CORES_H
#define MTLS_BASE_CORES_H

#include <stddef.h>

/* The processors that this process may run on, 1 to `max`: taskset and containers say fewer. */
size_t cores_usable(size_t max);

#endif
