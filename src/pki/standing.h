/*
 * What a verified chain rested on, kept when the chain itself is gone, and the question whether it
 * still holds: for a connection that lives on after a reload, and for a session that comes back.
 * Signatures do not change, so only clock, anchors and CRLs are asked again.
 */
#ifndef MTLS_PKI_STANDING_H
#define MTLS_PKI_STANDING_H

#include "pki/verify.h"

struct standing; /* immutable; shared by counting, also among threads */

/* Of a chain that was just verified, the leaf first, its anchor last. Ends the program when memory
 * is out; NULL for a chain of more bytes than STANDING_BYTES_MAX. */
#define STANDING_BYTES_MAX 65536
struct standing *standing_new(const STACK_OF(X509) * chain, time_t verified_at);
/* One more owner. Accepts NULL. Returns it. */
struct standing *standing_hold(struct standing *standing);
void standing_free(struct standing *standing);
OWN_DEFINE(standing, struct standing, standing_free);

/* When the chain was verified in full, and the earliest notAfter in it. */
time_t standing_verified_at(const struct standing *standing);
time_t standing_not_after(const struct standing *standing);

/*
 * CODE_NONE: at that time every certificate is still valid, ends at an anchor of `trust`, and none
 * is revoked, as verify_handshake would say; *ret_until is until when (inclusive) that stays so
 * with this trust. Else CLIENT_EXPIRED, CLIENT_UNKNOWN_CA, CRL_MISSING, CRL_EXPIRED,
 * CRL_NOT_YET_VALID or CLIENT_REVOKED, and *ret_until is untouched.
 */
enum code standing_check(
	const struct standing *standing, const struct trust *trust, time_t at, time_t *ret_until);

/* The same as bytes, for a session that is kept elsewhere: borrowed, of this machine only. */
const void *standing_bytes(const struct standing *standing, size_t *ret_count);
/* NULL when the bytes are none of ours. */
struct standing *standing_from_bytes(const void *bytes, size_t count);

#endif
