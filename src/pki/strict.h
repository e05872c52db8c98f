/* The strict profile's rules one by one, without a chain: lint says all that are broken. */
#ifndef MTLS_PKI_STRICT_H
#define MTLS_PKI_STRICT_H

#include "pki/openssl.h"

/* `text` names the rule, its source and what was seen. */
typedef void strict_seen(void *context, enum code code, const char *text);

/* Whether its extensions say anything: OpenSSL reads none that stands twice or is malformed. */
bool strict_can_read(X509 *certificate);
/* A self-signed CA is held to the rules that bind trust anchors. */
void strict_each(X509 *certificate, bool is_server, strict_seen *found, void *context);
void strict_each_crl(X509_CRL *crl, strict_seen *found, void *context);

#endif
