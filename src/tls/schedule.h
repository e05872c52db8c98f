/* The derivations of TLS 1.3's keys, as a provider's algorithm. */
#ifndef MTLS_TLS_SCHEDULE_H
#define MTLS_TLS_SCHEDULE_H

#include <openssl/core.h>
#include <stdbool.h>

/*
 * What stands in for OpenSSL's TLS13-KDF (EVP_KDF-TLS13_KDF(7)): the same parameters, all of them
 * in the call that derives, and the same bytes, with SHA-256 and SHA-384.
 */
extern const OSSL_DISPATCH tls_schedule[];
/* Before it derives anything: takes its digests from there. False: they are not to be had. */
bool tls_schedule_begin(OSSL_LIB_CTX *library);

#endif
