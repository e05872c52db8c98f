/* A certificate as the dict of Python's ssl.SSLSocket.getpeercert(). */
#ifndef MTLS_PKI_PEERCERT_H
#define MTLS_PKI_PEERCERT_H

#include "pki/openssl.h"

/* A new object, the caller's; tuples are arrays. Members as Python orders them, absent likewise. */
json_t *peercert_new(X509 *certificate);

#endif
