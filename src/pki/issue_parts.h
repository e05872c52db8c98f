/* What issue.c and sign.c share. */
#ifndef MTLS_PKI_ISSUE_PARTS_H
#define MTLS_PKI_ISSUE_PARTS_H

#include "pki/issue.h"

/* What a certificate is made from. */
struct issue_source {
	struct profile *profile;
	const char *section; /* of the profile; NULL: no extensions from there */
	X509_REQ *request;
	EVP_PKEY *key; /* its public key */
	const X509_NAME *subject;
	bool edited;          /* the profile is somebody's file: what it warns of is noted */
	GENERAL_NAMES *names; /* replace those of the profile; NULL: they stay */
};

/* Begins the certificate and puts its extensions on; what the profile warns of is noted. */
must_check bool issue_begin(struct ca *ca, const struct issue_source *source, int days,
	struct notes *notes, X509 **ret, struct error *reterr);
/* "DNS:a", "IP:127.0.0.1", "URI:x:y", "email:a@b"; NULL for another kind or a NUL inside. */
char *issue_name_text(const GENERAL_NAME *name);
/* sign_grant.c: a sentence for each extension of the request that the certificate lacks. */
void sign_compare(X509_REQ *request, const X509 *certificate, struct notes *refused);
/* The names of the request that pass the checks of names_parse; NULL when there is none. */
GENERAL_NAMES *sign_names(X509_REQ *request);

#endif
