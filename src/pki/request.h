/* Certificate signing requests (PKCS#10, RFC 2986). */
#ifndef MTLS_PKI_REQUEST_H
#define MTLS_PKI_REQUEST_H

#include "pki/profile.h"

/* Builds and signs a request with the extensions that the profile's req_extensions names. */
must_check bool request_make(struct profile *profile, const X509_NAME *subject, EVP_PKEY *key,
	X509_REQ **ret, struct error *reterr);
/* Reads a PEM (or DER) request and verifies its signature: a request nobody proved is refused. */
must_check bool request_load(const char *path, X509_REQ **ret, struct error *reterr);

/* Reads the certificate again as it is written: whole, whatever key_put_public left out. */
must_check bool certificate_complete(X509 **certificate, struct error *reterr);

/* Appends as PEM. */
must_check bool pem_add_request(const X509_REQ *request, struct buffer *ret, struct error *reterr);
must_check bool pem_add_certificate(const X509 *cert, struct buffer *ret, struct error *reterr);

#endif
