/* Where OpenSSL's memory comes from; see base/memory.h. For this room and its tests. */
#ifndef MTLS_PKI_MEMORY_H
#define MTLS_PKI_MEMORY_H

#include "base/base.h"

/* Before OpenSSL has any memory; later it does nothing. */
void memory_begin(void);

#endif
