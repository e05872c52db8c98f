/* What issue.c, issue_many.c and sign.c share. */
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

/* Everything of an identity but its certificate: made while nobody waits for the CA. */
struct new_identity {
	char *stem;     /* FOLDER/NAME */
	char *cnf_text; /* of a .cnf that is not there yet, or NULL */
	struct profile *profile;
	X509_NAME *subject;
	EVP_PKEY *key;
	X509_REQ *request;
};
void new_identity_done(struct new_identity *identity);
static inline void own_new_identity(struct new_identity *identity)
{
	new_identity_done(identity);
}
/* First the name and whether its files may be made, which is quick; then all but `stem`. The maker
 * is for the kind of key that is wanted. */
must_check bool new_identity_plan(const struct issue_wanted *wanted, const char *name,
	struct new_identity *ret, struct error *reterr);
must_check bool new_identity_make(const struct issue_wanted *wanted, const char *name,
	EVP_PKEY_CTX *maker, struct new_identity *identity, struct error *reterr);
/* Borrows from the identity. */
must_check bool new_identity_source(const struct new_identity *identity, enum role role,
	struct issue_source *ret, struct error *reterr);
/* Adds its four files (three, where the .cnf was there). */
must_check bool new_identity_add(const struct new_identity *identity, X509 *certificate,
	struct file_set *set, struct error *reterr);

/* What stands in them. */
struct issue_files {
	const char *cnf; /* NULL: it is there */
	struct buffer key, csr, crt;
};
void issue_files_begin(struct issue_files *files, const char *cnf);
void issue_files_done(struct issue_files *files);
static inline void own_issue_files(struct issue_files *files)
{
	issue_files_done(files);
}
must_check bool issue_files_add(const struct issue_files *files, const char *stem,
	struct file_set *set, struct error *reterr);
/* The .cnf of a name that has none yet, and its alternative names (NULL: a client has none). */
must_check bool issue_write_profile(const struct issue_wanted *wanted, const char *name,
	char **ret_text, GENERAL_NAMES **ret_names, struct error *reterr);
/* FOLDER/NAME and STEM.SUFFIX; the caller's to free. */
char *issue_stem(const struct issue_wanted *wanted, const char *name);
char *issue_path(const char *stem, const char *suffix);
/* Under the CA's lock, as what was free before may be taken by now. */
must_check bool issue_check_target(
	const struct ca *ca, const char *stem, bool force, struct error *reterr);

/* Begins the certificate and puts its extensions on; what the profile warns of is noted. */
must_check bool issue_begin(struct ca *ca, const struct issue_source *source, int days,
	struct notes *notes, X509 **ret, struct error *reterr);
/* Its two halves behind ca_begin: the extensions, which threads may put on side by side, and the
 * notes. */
must_check bool issue_fill(const struct ca *ca, const struct issue_source *source,
	X509 *certificate, struct error *reterr);
void issue_note(const struct issue_source *source, struct notes *notes);
/* "DNS:a", "IP:127.0.0.1", "URI:x:y", "email:a@b"; NULL for another kind or a NUL inside. */
char *issue_name_text(const GENERAL_NAME *name);
/* sign_grant.c: a sentence for each extension of the request that the certificate lacks. */
void sign_compare(X509_REQ *request, const X509 *certificate, struct notes *refused);
/* The names of the request that pass the checks of names_parse; NULL when there is none. */
GENERAL_NAMES *sign_names(X509_REQ *request);

#endif
