/* PEM (RFC 7468) straight from DER, without OpenSSL's objects between. */
#ifndef MTLS_PKI_PEM_H
#define MTLS_PKI_PEM_H

#include "base/base.h"

/* Appends DER under a label ("CERTIFICATE"), in lines of 64 as OpenSSL writes them. */
must_check bool pem_add(const char *label, const unsigned char *der, size_t bytes,
	struct buffer *ret, struct error *reterr);

#endif
