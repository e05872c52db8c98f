/*
 * Extensions from a .cnf section onto a certificate or a CSR, byte for byte as the `openssl`
 * command puts them, the implicit key identifiers included.
 */
#ifndef MTLS_PKI_EXTENSIONS_H
#define MTLS_PKI_EXTENSIONS_H

#include "pki/profile.h"

/*
 * Puts the section's extensions on `cert`, whose subject, issuer, serial and public key must be set
 * (an identifier of no key would be the digest of nothing). `issuer` is the CA's certificate, NULL
 * for a self-signed one; `request` may be NULL. A NULL `section` adds none.
 */
must_check bool extensions_add(struct profile *profile, const char *section, X509 *issuer,
	X509 *cert, X509_REQ *request, struct error *reterr);
/* Into the extensionRequest attribute of a CSR (RFC 2985 section 5.4.2). */
must_check bool extensions_request(
	struct profile *profile, const char *section, X509_REQ *request, struct error *reterr);
/* Replaces the subject alternative names; critical when the subject is empty (RFC 5280 4.2.1.6). */
must_check bool extensions_set_names(X509 *cert, GENERAL_NAMES *names, struct error *reterr);
/* Whether two certificates (or requests) carry the same extensions, byte for byte, in order. */
bool extensions_equal(const X509 *a, const X509 *b);

#endif
