/*
 * Revocation: which certificates of a CA folder no longer count, and the CRL (RFC 5280 section 5)
 * that says so to others.
 */
#ifndef MTLS_PKI_CRL_H
#define MTLS_PKI_CRL_H

#include "pki/folder.h"

#define CRL_BYTES_MAX ((size_t)256 << 20)

/* Reasons as index.txt and the openssl program spell them. removeFromCRL is not one to give. */
#define REVOKE_REASONS \
	"unspecified|keyCompromise|CACompromise|affiliationChanged|superseded|" \
	"cessationOfOperation|certificateHold"

/* What was revoked. */
struct revoked {
	char *serial;  /* upper-case hexadecimal */
	char *subject; /* CN=name, as everywhere else */
};
void revoked_done(struct revoked *revoked);
static inline void own_revoked(struct revoked *revoked)
{
	revoked_done(revoked);
}

/*
 * Revokes in memory what `certificate` names: a certificate's file, or a serial in hexadecimal
 * (colons, 0x and leading zeros are allowed). ca_save then writes it. ERROR_INPUT when the CA never
 * issued it or index.txt does not know it, ERROR_CHECK when it is revoked already.
 */
must_check bool ca_revoke(struct ca *ca, const char *certificate, const char *reason,
	struct revoked *ret, struct error *reterr);

/*
 * Appends a CRL as PEM: version 2, its number, authorityKeyIdentifier, every revoked certificate
 * of index.txt, valid from five minutes ago (clocks differ) for `days`. The number then counts up;
 * ca_save writes that. The CA must be unlocked.
 */
must_check bool ca_crl(struct ca *ca, int days, struct buffer *ret, struct error *reterr);
/* FOLDER/NAME.crl; borrowed */
const char *ca_crl_path(const struct ca *ca);
/* How many certificates index.txt has as revoked. */
size_t ca_revoked_count(const struct ca *ca);

#endif
