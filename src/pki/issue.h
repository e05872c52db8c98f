/*
 * Certificates for leaves, from a CA folder: a new identity with key, request and .cnf (issue), or
 * somebody else's request (sign), of which only what its role allows is granted.
 */
#ifndef MTLS_PKI_ISSUE_H
#define MTLS_PKI_ISSUE_H

#include "pki/describe.h"
#include "pki/folder.h"
#include "pki/key.h"
#include "pki/profile.h"

#define ISSUE_NAME_BYTES_MAX 64

struct issue_options {
	enum role role; /* not ROLE_CA */
	int days;
	const char *const *sans; /* as names_parse takes them */
	size_t san_count;
};

struct issued {
	X509 *certificate;
	char *certificate_path;
	char *key_path; /* NULL from sign */
	char *cnf_path; /* where its extensions come from; NULL: the role's own */
};
void issued_done(struct issued *issued);
static inline void own_issued(struct issued *issued)
{
	issued_done(issued);
}

struct issue_wanted {
	const char *folder;
	struct key_type key_type;
	bool force; /* replace key and certificate, never the .cnf */
	struct issue_options options;
};
typedef bool issue_open_ca(void *context, struct ca **ret, struct error *reterr);
/*
 * A new identity NAME in the folder: NAME.cnf (kept if it is there: it says what the certificate
 * is), .key, .csr and .crt, written together with the CA's state or not at all. The CA is opened by
 * `open` only when the key is made, so that others do not wait for it. A key or certificate that is
 * there already is ERROR_INPUT unless `force`; a name that is no file's ERROR_USAGE.
 */
must_check bool issue_new(const struct issue_wanted *wanted, const char *name, issue_open_ca *open,
	void *context, struct notes *notes, struct issued *ret, struct error *reterr);

/* One of many. */
struct issued_one {
	char serial[DESCRIBE_SERIAL_BYTES];
	time_t not_after;
};
#define ISSUE_NAMES_MAX 100000
/*
 * The same for 1 to ISSUE_NAMES_MAX names, on all cores: either every file of all of them is
 * written, or none. The CA is open meanwhile. `ret` has room for `count`, in the order of the
 * names. A name that stands twice is ERROR_USAGE, and so are `sans`, which are one identity's.
 * `progress` (may be NULL) is called on the calling thread some times a second.
 */
typedef void issue_progress(void *context, size_t made);
must_check bool issue_many(const struct issue_wanted *wanted, const char *const *names,
	size_t count, issue_open_ca *open, issue_progress *progress, void *context,
	struct notes *notes, struct issued_one *ret, struct error *reterr);

struct sign_options {
	struct issue_options issue;
	const char *config; /* a .cnf, or NULL: the one beside the request, else the role's own */
	const char *extensions; /* its section, or NULL */
	const char *out;        /* or NULL: the request's name with .crt */
};
/*
 * Signs a request whose own signature holds. Its extensions are never copied: the certificate gets
 * those of the .cnf or of the role, and its names only after a check. What was asked for and not
 * granted is added to `refused`, a sentence each. A server without a name is ERROR_INPUT.
 */
must_check bool issue_sign(struct ca *ca, const char *request_path,
	const struct sign_options *options, struct notes *notes, struct notes *refused,
	struct issued *ret, struct error *reterr);

#endif
