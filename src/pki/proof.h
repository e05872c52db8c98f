/*
 * What one full verification of a client's certificate proved, kept for as long as somebody goes on
 * relying on it: the next handshake with the same certificates, a session that is resumed, a
 * connection that lives for hours. Who relies on it asks again each time whether it still holds.
 *
 * It holds for one set of anchors, CRLs and rules (a register's), between two moments: the last one
 * before the verification, and the first one after it, at which a certificate of the verified chain
 * or any CRL begins or ends. In between nothing that the verifier compares with the clock changes,
 * so the verifier would say the same again: neither expiry nor revocation is ever skipped. Outside,
 * or under other anchors and CRLs, the verifier itself is asked.
 */
#ifndef MTLS_PKI_PROOF_H
#define MTLS_PKI_PROOF_H

#include "pki/identity.h"
#include "pki/verify.h"

/* One verified chain: immutable and counted; threads share it. */
struct proof;
struct proof *proof_hold(struct proof *proof); /* one reference more; takes and returns NULL */
void proof_release(struct proof *proof);       /* one less; takes NULL */
OWN_DEFINE(proof, struct proof, proof_release);
/* Who the verified leaf says its holder is. Lives as long as the proof. */
const struct identity *proof_identity(const struct proof *proof);
/* The certificates as the peer sent them, the leaf first; borrowed. */
const STACK_OF(X509) * proof_sent(const struct proof *proof);
/* The earliest notAfter of the verified chain. */
time_t proof_not_after(const struct proof *proof);
/* Until when, inclusive, it holds where it was verified. */
time_t proof_until(const struct proof *proof);

/*
 * The proofs of one trust under one set of rules, those of a snapshot of the configuration: a new
 * snapshot begins with an empty register. Bounded; what was not used for the longest goes first.
 * Only successes are kept. Trust and options must outlive it; threads share it.
 */
struct proof_register;
struct proof_register *proof_register_new(
	const struct trust *trust, const struct verify_options *options, size_t count_max);
void proof_register_free(struct proof_register *proofs);
OWN_DEFINE(proof_register, struct proof_register, proof_register_free);

/*
 * As verify_handshake, of a context whose untrusted certificates begin with the leaf. Certificates
 * that are byte for byte those of a proof that still holds are not verified again: chain, depth and
 * error are set in `context` as they were. *ret_proof is the caller's on success; otherwise it is
 * NULL and *ret_why says why. That the peer has the leaf's key is proved by the handshake.
 */
int proof_handshake(struct proof_register *proofs, X509_STORE_CTX *context,
	struct verify_result *ret_why, struct proof **ret_proof);

/* The same of certificates at hand, the leaf first, at a moment of the caller's. */
bool proof_make(struct proof_register *proofs, STACK_OF(X509) * sent, time_t at,
	struct verify_result *ret_why, struct proof **ret_proof);

/*
 * Whether `proof`, of this register or another's, holds here and at that moment. *ret_proof is then
 * the caller's: the same, or a newer one. Otherwise it is NULL and *ret_why says why, as the
 * verifier does.
 */
bool proof_holds(struct proof_register *proofs, struct proof *proof, time_t at,
	struct verify_result *ret_why, struct proof **ret_proof);

/* How often the verifier was asked, and how often a proof stood in for it. */
struct proof_counts {
	unsigned long long verified, remembered;
};
struct proof_counts proof_register_counts(const struct proof_register *proofs);

#endif
