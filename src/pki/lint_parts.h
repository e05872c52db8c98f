/* What the files behind lint.h share. */
#ifndef MTLS_PKI_LINT_PARTS_H
#define MTLS_PKI_LINT_PARTS_H

#include "pki/bundle.h"
#include "pki/lint.h"

/* Adds a finding, unless that file has one of the same code and sentence. Takes `text`; `fix` NULL
 * is the code's own hint. */
void lint_add(struct lint_report *report, enum code code, const char *file, size_t line, char *text,
	const char *fix);

/* lint_files.c */
void lint_key_file(const char *path, const struct bundle *bundle, struct lint_report *ret);
void lint_request(const char *path, X509_REQ *request, struct lint_report *ret);
void lint_crl(const char *path, X509_CRL *crl, time_t now, struct lint_report *ret);
must_check bool lint_pfx(const char *path, const struct bundle *bundle,
	const struct lint_options *options, struct lint_report *ret, struct error *reterr);
must_check bool lint_configuration(
	const char *path, const char *role, struct lint_report *ret, struct error *reterr);

/* lint_chain.c: the order of a file that is to be sent */
void lint_chain(const char *path, const STACK_OF(X509) * certificates, struct lint_report *ret);
/* "'CN=x' (serial 12)", the caller's to free. */
char *lint_name(X509 *certificate);

#endif
