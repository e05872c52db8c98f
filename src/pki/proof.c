/* Verified chains, remembered under the bytes of the certificates that they were verified from. */
#include "pki/proof.h"

#include "pki/trust.h"

#include <assert.h>
#include <stdatomic.h>

struct proof {
	atomic_uint references;
	unsigned long long owner; /* the register that verified it */
	time_t after, before;     /* it holds strictly in between */
	time_t not_after;
	char *key; /* the DER of what was sent, one behind the other */
	size_t key_bytes;
	STACK_OF(X509) * sent, *chain;
	struct identity *identity;
};

struct proof_register {
	unsigned long long number; /* unlike an address, never used again */
	const struct trust *trust;
	const struct verify_options *options;
	struct cache *proofs;
	atomic_ullong verified, remembered;
};

/* ---- Proofs ---- */

struct proof *proof_hold(struct proof *proof)
{
	if (proof)
		atomic_fetch_add(&proof->references, 1);
	return proof;
}

void proof_release(struct proof *proof)
{
	if (!proof || atomic_fetch_sub(&proof->references, 1) > 1)
		return;
	sk_X509_pop_free(proof->sent, X509_free);
	sk_X509_pop_free(proof->chain, X509_free);
	identity_free(proof->identity);
	free(proof->key);
	free(proof);
}

const struct identity *proof_identity(const struct proof *proof)
{
	return proof->identity;
}

const STACK_OF(X509) * proof_sent(const struct proof *proof)
{
	return proof->sent;
}

time_t proof_not_after(const struct proof *proof)
{
	return proof->not_after;
}

time_t proof_until(const struct proof *proof)
{
	return proof->before - 1;
}

static bool is_proof(const void *value, const void *key, size_t key_bytes)
{
	const struct proof *proof = value;
	return proof->key_bytes == key_bytes && !memcmp(proof->key, key, key_bytes);
}

static void hold_value(void *value)
{
	proof_hold(value);
}

static void release_value(void *value)
{
	proof_release(value);
}

/* ---- Between which moments ---- */

/* `later` seconds after `moment`. Each is a limit by itself; at the very second of one the verifier
 * may say either. */
static void narrow(const ASN1_TIME *moment, time_t later, time_t at, time_t *after, time_t *before)
{
	struct tm broken_down;
	time_t when = at; /* what cannot be read leaves no room at all */
	if (!moment)
		return;
	if (ASN1_TIME_to_tm(moment, &broken_down))
		when = timegm(&broken_down) + later;
	if (when <= at && when > *after)
		*after = when;
	if (when >= at && when < *before)
		*before = when;
}

static void find_moments(struct proof *proof, const struct proof_register *proofs, time_t at)
{
	const STACK_OF(X509_CRL) *crls = trust_crls(proofs->trust);
	time_t ignored = 0, grace = (time_t)proofs->options->crl_grace_s;
	proof->after = 0;
	proof->before = proof->not_after = INT64_MAX;
	for (int i = 0; i < sk_X509_num(proof->chain); i++) {
		const X509 *certificate = sk_X509_value(proof->chain, i);
		narrow(X509_get0_notBefore(certificate), 0, at, &proof->after, &proof->before);
		narrow(X509_get0_notAfter(certificate), 0, at, &proof->after, &proof->before);
		narrow(X509_get0_notAfter(certificate), 0, at, &ignored, &proof->not_after);
	}
	for (int i = 0; i < sk_X509_CRL_num(crls); i++) {
		const X509_CRL *crl = sk_X509_CRL_value(crls, i);
		narrow(X509_CRL_get0_lastUpdate(crl), 0, at, &proof->after, &proof->before);
		narrow(X509_CRL_get0_nextUpdate(crl), 0, at, &proof->after, &proof->before);
		narrow(X509_CRL_get0_nextUpdate(crl), grace, at, &proof->after, &proof->before);
	}
}

static bool is_current(const struct proof_register *proofs, const struct proof *proof, time_t at)
{
	return proof->owner == proofs->number && proof->after < at && at < proof->before;
}

/* ---- The register ---- */

struct proof_register *proof_register_new(
	const struct trust *trust, const struct verify_options *options, size_t count_max)
{
	static const struct cache_kind kind = { is_proof, hold_value, release_value };
	static atomic_ullong numbers;
	struct proof_register *proofs = calloc(1, sizeof *proofs);
	if (!proofs)
		bug("out of memory for verified chains");
	proofs->number = atomic_fetch_add(&numbers, 1) + 1;
	proofs->trust = trust;
	proofs->options = options;
	proofs->proofs = cache_new(count_max, &kind);
	return proofs;
}

void proof_register_free(struct proof_register *proofs)
{
	if (!proofs)
		return;
	cache_free(proofs->proofs);
	free(proofs);
}

struct proof_counts proof_register_counts(const struct proof_register *proofs)
{
	return (struct proof_counts){ proofs->verified, proofs->remembered };
}

/* The DER of all that was sent; false when that is more than a proof may hold. */
#define KEY_BYTES_MAX ((size_t)32 << 10)

static bool make_key(const STACK_OF(X509) * sent, struct buffer *ret)
{
	struct error ignored;
	for (int i = 0; i < sk_X509_num(sent); i++) {
		X509 *certificate = sk_X509_value(sent, i);
		char *room;
		int bytes = i2d_X509(certificate, NULL);
		if (bytes <= 0 || !buffer_reserve(ret, (size_t)bytes, &room, &ignored))
			return false;
		unsigned char *end = (unsigned char *)room;
		i2d_X509(certificate, &end);
		ret->length += (size_t)bytes;
	}
	return ret->length > 0;
}

static struct proof *remember(struct proof_register *proofs, STACK_OF(X509) * sent,
	STACK_OF(X509) * chain, time_t at, struct buffer *key)
{
	struct proof *proof = calloc(1, sizeof *proof);
	if (!proof)
		bug("out of memory for a verified chain");
	atomic_init(&proof->references, 1);
	proof->owner = proofs->number;
	proof->sent = X509_chain_up_ref(sent);
	proof->chain = X509_chain_up_ref(chain);
	if (!proof->sent || !proof->chain)
		bug("out of memory for a verified chain");
	proof->identity = identity_new(sk_X509_value(sent, 0));
	find_moments(proof, proofs, at);
	if (key->length) {
		proof->key_bytes = key->length;
		proof->key = TAKE(key->data);
		*key = (struct buffer)BUFFER(KEY_BYTES_MAX);
		cache_put(proofs->proofs, proof->key, proof->key_bytes, proof_hold(proof));
	}
	return proof;
}

static struct proof *recall(struct proof_register *proofs, const struct buffer *key, time_t at)
{
	if (!key->length)
		return NULL;
	struct proof *proof = cache_get(proofs->proofs, key->data, key->length);
	if (!proof || is_current(proofs, proof, at)) {
		atomic_fetch_add(&proofs->remembered, proof != NULL);
		return proof;
	}
	proof_release(proof); /* its next verification takes its place */
	return NULL;
}

static bool verify(struct proof_register *proofs, X509_STORE_CTX *context, time_t at,
	struct verify_result *ret_why, struct proof **ret_proof)
{
	OWN(buffer) struct buffer key = BUFFER(KEY_BYTES_MAX);
	STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(context);
	assert(sent && sk_X509_value(sent, 0) == X509_STORE_CTX_get0_cert(context));
	if (!make_key(sent, &key))
		buffer_done(&key); /* too much to remember */
	struct proof *proof = recall(proofs, &key, at);
	*ret_proof = proof;
	if (proof) {
		X509_STORE_CTX_set0_verified_chain(context, X509_chain_up_ref(proof->chain));
		X509_STORE_CTX_set_error(context, X509_V_OK);
		X509_STORE_CTX_set_error_depth(context, 0);
		return true;
	}
	struct verify_options options = *proofs->options;
	options.at = at;
	atomic_fetch_add(&proofs->verified, 1);
	if (!verify_handshake(context, proofs->trust, &options, ret_why))
		return false;
	*ret_proof = remember(proofs, sent, X509_STORE_CTX_get0_chain(context), at, &key);
	return true;
}

int proof_handshake(struct proof_register *proofs, X509_STORE_CTX *context,
	struct verify_result *ret_why, struct proof **ret_proof)
{
	return verify(proofs, context, verify_time(proofs->options), ret_why, ret_proof);
}

bool proof_make(struct proof_register *proofs, STACK_OF(X509) * sent, time_t at,
	struct verify_result *ret_why, struct proof **ret_proof)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	if (!context || !X509_STORE_CTX_init(
				context, trust_store(proofs->trust), sk_X509_value(sent, 0), sent))
		bug("out of memory for a verification");
	bool ok = verify(proofs, context, at, ret_why, ret_proof);
	X509_STORE_CTX_free(context);
	return ok;
}

bool proof_holds(struct proof_register *proofs, struct proof *proof, time_t at,
	struct verify_result *ret_why, struct proof **ret_proof)
{
	if (!is_current(proofs, proof, at))
		return proof_make(proofs, proof->sent, at, ret_why, ret_proof);
	*ret_proof = proof_hold(proof);
	return true;
}
