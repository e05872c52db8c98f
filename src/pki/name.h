/*
 * Names from the command line: subjects, and subject alternative names. They are built as objects
 * and checked, never pasted into OpenSSL's extension syntax, where `DNS:a,DNS:evil` is two names
 * and `DNS:bad name` passes.
 */
#ifndef MTLS_PKI_NAME_H
#define MTLS_PKI_NAME_H

#include "pki/openssl.h"

/*
 * "DNS:a.example, IP:127.0.0.1, URI:spiffe://b/c, email:d@e": comma-separated, each with its kind.
 * DNS: LDH labels (RFC 1035 section 2.3.1, RFC 5890 section 2.3.1), at most one wildcard, which is
 * the whole leftmost label, and no address; IP: what inet_pton takes; URI: a scheme and no spaces
 * (RFC 3986); email: one `@`, a host as in DNS. All ASCII. ERROR_USAGE names the value.
 */
must_check bool names_parse(const char *text, GENERAL_NAMES **ret, struct error *reterr);
/* As names_parse, for several texts (a repeatable --san); *ret is NULL when there is none. */
must_check bool names_parse_all(
	const char *const *texts, size_t count, GENERAL_NAMES **ret, struct error *reterr);
/* The checks by themselves. */
must_check bool name_check_dns(const char *name, struct error *reterr);
bool name_is_address(const char *name);
/* "IP:127.0.0.1", the caller's to free; NULL unless it has 4 or 16 octets. */
char *name_address_text(const ASN1_OCTET_STRING *address);
/* What is wrong with a value, "it has an empty label", or NULL. DNS may begin with a wildcard. */
const char *name_dns_fault(const char *name);
const char *name_uri_fault(const char *uri);
const char *name_email_fault(const char *address);

/*
 * A subject: "/CN=x/O=y" as `openssl req -subj` takes it (backslash escapes; a plus sign joins
 * the parts of one RDN), "CN=x,O=y" as RFC 4514 writes it (the last RDN first in the certificate),
 * or a bare word, which is the common name. ERROR_USAGE names what is wrong.
 */
must_check bool subject_parse(const char *text, X509_NAME **ret, struct error *reterr);
must_check bool subject_common_name(const char *name, X509_NAME **ret, struct error *reterr);
/* RFC 4514, escaped for terminals and logs; the caller's to free. */
char *subject_text(const X509_NAME *name);

#endif
