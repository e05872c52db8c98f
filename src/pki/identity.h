/* Who a verified certificate says its holder is. Peer-made text in here is never trusted as clean.
 */
#ifndef MTLS_PKI_IDENTITY_H
#define MTLS_PKI_IDENTITY_H

#include "pki/openssl.h"

struct identity {
	char *common_name; /* escaped; NULL when the subject has none or it holds NUL or CR or LF */
	char *subject;     /* RFC 4514, escaped */
	char *issuer;
	char *serial;      /* upper-case hexadecimal */
	char *sha256;      /* of the DER, lower-case hexadecimal */
	char *spki_sha256; /* of the SubjectPublicKeyInfo, the same */
	char **units;      /* the OU of the subject, escaped; units_count of them */
	size_t units_count;
	char **sans; /* "DNS:a", "URI:spiffe://...", escaped; sans_count of them */
	size_t sans_count;
	time_t not_before, not_after;
	json_t *peercert; /* as Python's getpeercert() shows it (subject, issuer, version, ...) */
};

/* From the leaf alone (SECURITY: extra certificates that a client sent are ignored). */
struct identity *identity_new(X509 *leaf);
/* Of the first certificate in a file, verified or not. ERROR_INPUT as bundle_certificate. */
must_check bool identity_load(const char *path, struct identity **ret, struct error *reterr);
void identity_free(struct identity *identity);
/* The names as a JSON array of strings, the caller's. */
json_t *identity_sans(const struct identity *identity);
OWN_DEFINE(identity, struct identity, identity_free);

#endif
