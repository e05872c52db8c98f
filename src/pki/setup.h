/*
 * The documents' set of certificates, made in one go: a CA, a server, a client, and whatever a
 * layout has besides. A set is planned first (what is there is looked at and compared with what
 * the .cnf files ask for) and then made; everything is written together or not at all.
 */
#ifndef MTLS_PKI_SETUP_H
#define MTLS_PKI_SETUP_H

#include "pki/key.h"
#include "pki/pfx.h"
#include "pki/profile.h"

enum setup_layout {
	SETUP_CERTS,   /* certs/ca.* server.* client.*, as one of the documents has it */
	SETUP_FOLDERS, /* CA/ Server/ Client/ and a second CA in CA2/, as the other has it */
};

#define SETUP_MEMBERS_MAX 5

/* One certificate of the set, with its files. */
struct setup_member {
	enum role role;
	const char *name; /* "ca", "server", "client", "ca2", "client2" */
	int issuer;       /* index of its CA among the members; -1: itself */
	char *folder;     /* of its files */
	bool folder_made; /* by us: it goes again if nothing comes into it */
	char *cnf, *key_path, *csr_path, *crt_path; /* csr_path is NULL for a CA */
	char *crt_copy; /* a second file with the same certificate, or NULL */
	int days;
	struct key_type key_type; /* of the key there is, or is to be made */

	struct profile *profile;
	const char *section; /* of its extensions, or NULL */
	X509_NAME *subject;
	EVP_PKEY *key; /* NULL until made, and when it is encrypted and not needed */
	X509 *cert;    /* the one there was, then the new one */
	X509_REQ *request;

	bool make_cnf, make_key, make_cert, make_request;
	bool had_key, had_cert; /* so making is replacing */
	const char *why;        /* why the certificate that there was is made anew; or NULL */
};

struct setup_options {
	const char *folder; /* DIR; the layout's folders are in it */
	enum setup_layout layout;
	bool force;
	const char *key_type, *ca_key_type; /* as key_type_parse takes them; NULL: not said */
	const char *extensions;             /* the leaves' section, or NULL */
	int days, ca_days;                  /* 0: not said */
	const char *subjects[ROLE_COUNT];   /* as subject_parse takes them; NULL: the .cnf's */
	const char *passphrase;             /* of the CA's key, or NULL */
	profile_ask *ask;                   /* for prompt = yes; NULL without a terminal */
	void *ask_context;
};

struct setup {
	struct setup_options options; /* borrowed texts */
	struct setup_member members[SETUP_MEMBERS_MAX];
	size_t count;
	char *pfx_path, *pfx_password_path; /* NULL in a layout without */
	bool make_pfx;
	bool pfx_password_removed; /* a generated one, as the new PFX has a person's */
	struct notes notes;
	int lock;
	bool folder_made; /* DIR itself */
};

/*
 * Looks at what is there and decides what to make; writes nothing but the folders. Holds a lock on
 * the first folder until setup_free.
 */
must_check bool setup_plan(
	const struct setup_options *options, struct setup **ret, struct error *reterr);
void setup_free(struct setup *setup);
OWN_DEFINE(setup, struct setup, setup_free);

/* Whether anything is to be made. */
bool setup_has_work(const struct setup *setup);

/*
 * Makes and writes what was planned. `pfx_password` opens client.pfx; NULL: the one of
 * client.pfx.pass, which is made if it is missing.
 */
must_check bool setup_make(struct setup *setup, const char *pfx_password, key_progress *progress,
	void *context, struct error *reterr);

/*
 * The certificate that the member's file holds, whoever wrote it; the caller's to free. It is
 * most often just the one that we have, which spares its decoding.
 */
must_check bool setup_read_certificate(
	const struct setup_member *member, X509 **ret, struct error *reterr);

/* setup_layout.c: fills names, paths, days and preset key types of the layout's members. */
void setup_lay_out(struct setup *setup);
/* The .cnf that the layout has for a member; the caller's to free. */
char *setup_template(const struct setup *setup, const struct setup_member *member);
/* What stands for the answer where the layout's own .cnf asks. */
const char *setup_common_name(const struct setup *setup, const struct setup_member *member);

#endif
