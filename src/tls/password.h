/* Keys that are derived from passwords, as a provider's algorithms. */
#ifndef MTLS_TLS_PASSWORD_H
#define MTLS_TLS_PASSWORD_H

#include <openssl/core.h>
#include <stdbool.h>

/*
 * What stands in for OpenSSL's PBKDF2 (EVP_KDF-PBKDF2(7), RFC 8018 section 5.2) and PKCS12KDF
 * (EVP_KDF-PKCS12KDF(7), RFC 7292 appendix B): the same bytes with whatever digest the provider
 * has. All parameters come in the call that derives, as PKCS5_PBKDF2_HMAC(3) and the functions of
 * PKCS #12 and #8 do it. Who asks for the lower bounds of SP 800-132 is refused.
 */
extern const OSSL_DISPATCH tls_password_pbkdf2[];
extern const OSSL_DISPATCH tls_password_pkcs12[];
/* Before anything is derived: digests are looked for there. */
void tls_password_begin(OSSL_LIB_CTX *library);

#endif
