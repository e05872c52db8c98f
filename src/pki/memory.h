/* Where OpenSSL's memory comes from; see memory.c. For this room and its tests. */
#ifndef MTLS_PKI_MEMORY_H
#define MTLS_PKI_MEMORY_H

#include "base/base.h"

/* Before OpenSSL has any memory; later it does nothing. */
void memory_begin(void);
/* How many bytes this thread keeps for OpenSSL's next question; always 0 where it keeps none. */
size_t memory_kept(void);

#endif
