/* How the key in a certificate is read, as a provider's algorithms. */
#ifndef MTLS_TLS_PEER_KEY_H
#define MTLS_TLS_PEER_KEY_H

#include <openssl/core.h>

/*
 * What stands in for OpenSSL's decoders of a SubjectPublicKeyInfo in DER (RFC 5280 section 4.1)
 * with an EC or an SM2 key, whose functions are given and borrowed: the same keys, and as many of
 * them. Each function is called once, before anything is decoded.
 */
const OSSL_DISPATCH *tls_peer_key_ec(const OSSL_DISPATCH *openssls);
const OSSL_DISPATCH *tls_peer_key_sm2(const OSSL_DISPATCH *openssls);
/*
 * How a provider with OpenSSL's context makes EC keys (provider-keymgmt(7)), and what the core gave
 * a provider at its beginning. Where something is lacking OpenSSL's own decoders do all.
 */
void tls_peer_key_begin(void *provider, const OSSL_DISPATCH *ec_keys, const OSSL_DISPATCH *core);

#endif
