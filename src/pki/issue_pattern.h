/*
 * Certificates and requests after a pattern: of many identities that differ in name and key alone,
 * OpenSSL makes the first, and the others are written from its parts. That takes half of the time,
 * as no .cnf is read and no object built for each.
 */
#ifndef MTLS_PKI_ISSUE_PATTERN_H
#define MTLS_PKI_ISSUE_PATTERN_H

#include "pki/der.h"
#include "pki/issue_parts.h"

struct pattern;

/* What differs. Borrowed. */
struct pattern_fields {
	const char *name; /* the common name */
	const ASN1_INTEGER *serial;
	const struct key_p256 *key;
	GENERAL_NAMES *names; /* NULL: no subjectAltName */
};

/*
 * Takes an identity and its certificate apart; NULL if what is written from the parts is not, byte
 * by byte, what OpenSSL wrote, or if a signature of ours does not hold. Then every certificate is
 * OpenSSL's to make. What is learned may be used by several threads at once.
 */
struct pattern *pattern_learn(const struct new_identity *identity, X509 *certificate,
	const struct ca *ca, const struct pattern_fields *fields);
void pattern_free(struct pattern *pattern);
OWN_DEFINE(pattern, struct pattern, pattern_free);

/* The certificate that was learned from: its dates are everybody's. Borrowed. */
const X509 *pattern_certificate(const struct pattern *pattern);
/* The whole, signed: by the key itself, by the CA. `spare` is room for what is signed. */
must_check bool pattern_write_request(const struct pattern *pattern,
	const struct pattern_fields *fields, EVP_PKEY *key, struct der *spare, struct der *ret,
	struct error *reterr);
must_check bool pattern_write_certificate(const struct pattern *pattern,
	const struct pattern_fields *fields, const struct ca *ca, struct der *spare,
	struct der *ret, struct error *reterr);

#endif
