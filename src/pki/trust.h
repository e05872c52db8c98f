/* Trust anchors as the verifier sees them; verify.h is the door of everybody else. */
#ifndef MTLS_PKI_TRUST_H
#define MTLS_PKI_TRUST_H

#include "pki/verify.h"

/* Without anchors nothing is trusted. What is added is shared, not copied. */
struct trust *trust_new(void);
void trust_add_anchors(struct trust *trust, const STACK_OF(X509) * anchors);
void trust_add_crls(struct trust *trust, const STACK_OF(X509_CRL) * crls);
/* Borrowed. */
const STACK_OF(X509) * trust_anchors(const struct trust *trust);
const STACK_OF(X509_CRL) * trust_crls(const struct trust *trust);

#endif
