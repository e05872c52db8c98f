/*
 * A CA folder: its certificate, its key, and the state that `openssl ca` and `openssl x509
 * -CAserial` keep beside them, in their formats, so that they can take over at any time:
 *
 *	index.txt        every certificate issued (V), revoked (R) or expired (E)
 *	index.txt.attr   unique_subject = no: a name may be certified again
 *	serial           the NEXT serial, for `openssl ca`
 *	ca.srl           the LAST serial, for `openssl x509 -CAserial`
 *	crlnumber        the number of the NEXT CRL
 *
 * An open CA holds a lock on its folder, so several programs at once lose nothing.
 */
#ifndef MTLS_PKI_FOLDER_H
#define MTLS_PKI_FOLDER_H

#include "pki/openssl.h"

struct ca;
struct index_entry;

#define CA_DAYS_MAX 36500

/*
 * Opens FOLDER/NAME.crt ("ca", "ca2") and the state beside it, which is enough to look at it or to
 * revoke. Waits for the lock, and clears away what killed runs left behind. ERROR_INPUT when there
 * is no CA, or when it is none.
 */
must_check bool ca_open_locked(
	const char *folder, const char *name, struct ca **ret, struct error *reterr);
/*
 * Loads FOLDER/NAME.key, unless it is open already. `passphrase` may be NULL. ERROR_INPUT when it
 * is missing, encrypted with another passphrase (KEY_PASSPHRASE) or another's key (KEY_MISMATCH).
 */
must_check bool ca_unlock(struct ca *ca, const char *passphrase, struct error *reterr);
/*
 * A CA that was just made and is on no disk yet: the caller puts its certificate and key into the
 * same file_set. Makes the folder if need be. State that is already there is kept, so serials stay
 * unique when a CA is replaced. The CA takes its own references.
 */
must_check bool ca_adopt(const char *folder, const char *name, X509 *certificate, EVP_PKEY *key,
	struct ca **ret, struct error *reterr);
/* Of the lock on a CA's state, in the CA's folder. */
#define CA_LOCK_NAME ".lock"
/* Releases the lock. What ca_finish or ca_save put into a file_set is to be committed before. */
void ca_free(struct ca *ca);
OWN_DEFINE(ca, struct ca, ca_free);

/* Gives a certificate a serial of 159 random bits, not all of them 0. False: no random numbers. */
must_check bool ca_random_serial(X509 *certificate);

X509 *ca_certificate(const struct ca *ca); /* borrowed */
/* FOLDER/NAME.crt; borrowed */
const char *ca_certificate_path(const struct ca *ca);

/*
 * Begins a certificate: version 3, 159 random bits of serial that is not in index.txt, the CA as
 * issuer, valid from five minutes ago (clocks differ) for `days`, but never beyond the CA's own
 * end: that is noted. Extensions and signature are still missing. ERROR_INPUT when the CA itself
 * is not valid now.
 */
must_check bool ca_begin(struct ca *ca, const X509_NAME *subject, EVP_PKEY *public_key, int days,
	struct notes *notes, X509 **ret, struct error *reterr);
/*
 * Signs, and adds the certificate to the state, which goes into `set`. The caller adds the
 * certificate itself, commits, and only then frees the CA. Who wants to look into the certificate
 * calls certificate_complete first.
 */
must_check bool ca_finish(
	struct ca *ca, X509 *certificate, struct file_set *set, struct error *reterr);
/*
 * The two halves of ca_finish, for many certificates with one ca_save behind them. Threads may sign
 * side by side; nothing else of a CA is theirs at the same time.
 */
must_check bool ca_sign(const struct ca *ca, X509 *certificate, struct error *reterr);
void ca_record(struct ca *ca, X509 *certificate);
/*
 * The same for certificates that are no objects of OpenSSL's: a serial as ca_begin gives one, the
 * signature of what is to be signed, and what index.txt says of it.
 */
must_check bool ca_new_serial(const struct ca *ca, ASN1_INTEGER **ret, struct error *reterr);
struct key_signature;
must_check bool ca_sign_bytes(const struct ca *ca, const void *data, size_t bytes,
	struct key_signature *ret, struct error *reterr);
void ca_record_line(struct ca *ca, const ASN1_INTEGER *serial, const ASN1_TIME *not_after,
	const X509_NAME *subject);
/* Puts the state as it is into `set`: for a CA without certificates, or after ca_revoke. */
must_check bool ca_save(struct ca *ca, struct file_set *set, struct error *reterr);

#endif
