/* The certificates, keys and CRLs that the scenarios need, each broken in one way. */
#ifndef MTLS_LAB_CERTIFICATES_H
#define MTLS_LAB_CERTIFICATES_H

#include "pki/pki.h"

#define LAB_EXTRA_MAX 3

/* One certificate. Names are paths without their ending: "certs/ca", "lab/client-expired". */
struct lab_certificate {
	const char *name;
	const char *issuer; /* the name of another row, above; NULL: itself */
	const char *what;   /* a few words for whoever finds the file */
	struct mint_recipe recipe;
	const char *chain[LAB_EXTRA_MAX]; /* certificates behind it in its file */
	const char *front;                /* one that stands before it, wrongly */
	const char *passphrase;           /* of its key */
	bool demo;                        /* `mtls demo` shows it, too */
	const char *named_after;          /* the row whose subject it has */
	const char *copy_of;              /* the row, above, of which it is a copy, key and all */
};

struct lab_crl {
	const char *name, *issuer, *revoked; /* names of certificates; revoked NULL: nobody */
	const char *what;
	long long from_s, until_s;
};

/* Rows end where a name is NULL. */
extern const struct lab_certificate lab_certificates[];
extern const struct lab_crl lab_crls[];
/* A passphrase that opens nothing. */
#define LAB_WRONG_PASSPHRASE "lab/wrong-passphrase.txt"
/* Rules that let our client do nothing. */
#define LAB_POLICY "lab/policy.cnf"
/* A key for session tickets that two servers share. */
#define LAB_TICKET_KEYS "lab/ticket.keys"

/* Everything minted, in memory. */
struct lab_minted;
/*
 * Mints all of it. `ca` is the CA in use, taken over; NULL mints certs/ca and what else a CA folder
 * would have: certs/server, certs/client, certs/client-revoked, certs/ca.crl.
 */
must_check bool lab_minted_new(struct mint *ca, struct lab_minted **ret, struct error *reterr);
/*
 * Of somebody else's CA, which is taken over and whose key may be missing, or of the lab's own
 * (NULL): nothing yet, and then one by one. Clients get that common name, borrowed, unless it is
 * NULL.
 */
struct lab_minted *lab_minted_under(struct mint *ca, const char *client_name);
/*
 * Mints a certificate, and before it what signs it or stands in its file, unless that is there, and
 * writes it into FOLDER. *ret_made is false when the key is missing that would have to sign it.
 */
must_check bool lab_minted_add(struct lab_minted *minted, const char *name, const char *folder,
	bool *ret_made, struct error *reterr);
const struct mint *lab_minted_ca(const struct lab_minted *minted); /* borrowed */
void lab_minted_free(struct lab_minted *minted);
OWN_DEFINE(lab_minted, struct lab_minted, lab_minted_free);

/*
 * The bytes of FILE ("lab/client-expired.crt", ".key", ".crl") are appended to `ret`; false when
 * the lab has no such file (ERROR_BUG). *ret_what says what it is.
 */
must_check bool lab_minted_file(const struct lab_minted *minted, const char *file,
	struct buffer *ret, const char **ret_what, struct error *reterr);

/* Writes every file into FOLDER/certs and FOLDER/lab, keys 0600. */
must_check bool lab_minted_write(
	const struct lab_minted *minted, const char *folder, struct error *reterr);

/*
 * For the demo: makes FOLDER/lab/NAME.crt and .key for each certificate that it shows, from the CA
 * in FOLDER/certs/ca.crt and .key; what an earlier run left there is replaced.
 */
must_check bool lab_mint(const char *folder, struct error *reterr);

/* A good client that is valid up to and with that second; the name NULL: the table's. */
must_check bool lab_mint_short(const struct mint *ca, const char *client_name, time_t until,
	const char *cert_path, const char *key_path, struct error *reterr);

#endif
