/*
 * What a file is, for people and programs: one description as JSON, of which the text is made too.
 * Everything in it that somebody else wrote is escaped.
 */
#ifndef MTLS_PKI_SHOW_H
#define MTLS_PKI_SHOW_H

#include "pki/openssl.h"

struct show_options {
	const char *passphrase; /* of an encrypted key, or NULL: it then stays closed */
	const char *password;   /* of a PFX, or NULL: only its outside is shown */
	time_t now;             /* for what is left of a validity */
};

/*
 * {"file", "kind", "form": "PEM"|"DER"|"text", "objects": [{"kind", ...}]}. A certificate tells
 * whether the .key beside the file is its own. Errors are those of bundle_read and pfx_open.
 */
must_check bool show_file(
	const char *path, const struct show_options *options, json_t **ret, struct error *reterr);
/* The same as lines of text, an object after another. */
must_check bool show_text(const json_t *shown, struct buffer *ret, struct error *reterr);

/* Single objects, as they stand in "objects". */
json_t *show_certificate(X509 *certificate, time_t now);
json_t *show_request(X509_REQ *request);
json_t *show_crl(X509_CRL *crl, time_t now);

#endif
