/* What verification needs to see of trust anchors beyond the door (verify.h). */
#ifndef MTLS_PKI_TRUST_H
#define MTLS_PKI_TRUST_H

#include "pki/verify.h"

/* Borrowed. */
const STACK_OF(X509) * trust_anchors(const struct trust *trust);
const STACK_OF(X509_CRL) * trust_crls(const struct trust *trust);

#endif
