/*
 * A chain's facts in one block of bytes: some fields, then for each certificate below the anchor
 * its issuer and its serial in DER, which is what a CRL is asked for.
 */
#include "pki/standing.h"

#include "pki/describe.h"
#include "pki/trust.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <stdatomic.h>

struct facts {
	time_t verified_at, not_after;
	unsigned char anchor[SHA256_DIGEST_LENGTH];
	size_t links_bytes;
};

struct standing {
	atomic_uint owners;
	struct facts facts;
	unsigned char links[]; /* right behind, as no byte of padding fits between */
};

static struct standing *allocate(size_t links_bytes)
{
	struct standing *standing = calloc(1, sizeof *standing + links_bytes);
	if (!standing)
		bug("out of memory for what a chain rests on");
	atomic_init(&standing->owners, 1);
	standing->facts.links_bytes = links_bytes;
	return standing;
}

static size_t link_bytes(const X509 *certificate)
{
	int issuer = i2d_X509_NAME(X509_get_issuer_name(certificate), NULL);
	int serial = i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate), NULL);
	return issuer < 0 || serial < 0 ? STANDING_BYTES_MAX : (size_t)issuer + (size_t)serial;
}

struct standing *standing_new(const STACK_OF(X509) * chain, time_t verified_at)
{
	int last = sk_X509_num(chain) - 1;
	size_t bytes = 0;
	for (int i = 0; i < last; i++)
		bytes += link_bytes(sk_X509_value(chain, i));
	if (last < 0 || bytes > STANDING_BYTES_MAX - sizeof(struct standing))
		return NULL;
	struct standing *standing = allocate(bytes);
	struct facts *facts = &standing->facts;
	unsigned char *to = standing->links;
	facts->verified_at = verified_at;
	facts->not_after = describe_time(X509_get0_notAfter(sk_X509_value(chain, last)), 0);
	for (int i = 0; i < last; i++) {
		const X509 *one = sk_X509_value(chain, i);
		time_t end = describe_time(X509_get0_notAfter(one), 0);
		facts->not_after = end < facts->not_after ? end : facts->not_after;
		i2d_X509_NAME(X509_get_issuer_name(one), &to);
		i2d_ASN1_INTEGER(X509_get0_serialNumber(one), &to);
	}
	if (!X509_digest(sk_X509_value(chain, last), EVP_sha256(), facts->anchor, NULL))
		bug("cannot digest a trust anchor");
	return standing;
}

struct standing *standing_hold(struct standing *standing)
{
	if (standing)
		atomic_fetch_add_explicit(&standing->owners, 1, memory_order_relaxed);
	return standing;
}

void standing_free(struct standing *standing)
{
	if (standing && atomic_fetch_sub_explicit(&standing->owners, 1, memory_order_acq_rel) == 1)
		free(standing);
}

time_t standing_verified_at(const struct standing *standing)
{
	return standing->facts.verified_at;
}

time_t standing_not_after(const struct standing *standing)
{
	return standing->facts.not_after;
}

static bool has_anchor(const struct facts *facts, const struct trust *trust)
{
	const STACK_OF(X509) *anchors = trust_anchors(trust);
	unsigned char digest[SHA256_DIGEST_LENGTH];
	for (int i = 0; i < sk_X509_num(anchors); i++)
		if (X509_digest(sk_X509_value(anchors, i), EVP_sha256(), digest, NULL) &&
			!memcmp(digest, facts->anchor, sizeof digest))
			return true;
	return false;
}

/* Far enough for a CRL that says no end (RFC 5280 wants one; OpenSSL does not). */
#define NO_END ((time_t)LONG_MAX)

static time_t crl_end(const X509_CRL *crl)
{
	return describe_time(X509_CRL_get0_nextUpdate(crl), NO_END);
}

static time_t crl_begin(const X509_CRL *crl)
{
	return describe_time(X509_CRL_get0_lastUpdate(crl), NO_END);
}

static bool crl_is_current(const X509_CRL *crl, time_t at)
{
	return crl_begin(crl) <= at && at <= crl_end(crl);
}

/* The issuer's CRL that counts: one that is current before others, then the newest. */
static X509_CRL *find_crl(const struct trust *trust, const X509_NAME *issuer, time_t at)
{
	const STACK_OF(X509_CRL) *crls = trust_crls(trust);
	X509_CRL *best = NULL;
	for (int i = 0; i < sk_X509_CRL_num(crls); i++) {
		X509_CRL *crl = sk_X509_CRL_value(crls, i);
		if (X509_NAME_cmp(X509_CRL_get_issuer(crl), issuer) != 0)
			continue;
		bool current = crl_is_current(crl, at);
		bool best_is_current = best && crl_is_current(best, at);
		if (!best || (current && !best_is_current) ||
			(current == best_is_current && crl_begin(crl) > crl_begin(best)))
			best = crl;
	}
	return best;
}

static enum code check_link(const struct trust *trust, const X509_NAME *issuer,
	ASN1_INTEGER *serial, time_t at, time_t *until)
{
	X509_REVOKED *entry;
	X509_CRL *crl = find_crl(trust, issuer, at);
	if (!crl)
		return CODE_CRL_MISSING;
	if (X509_CRL_get0_by_serial(crl, &entry, serial) == 1)
		return CODE_CLIENT_REVOKED;
	if (crl_begin(crl) > at)
		return CODE_CRL_NOT_YET_VALID;
	if (at > crl_end(crl))
		return CODE_CRL_EXPIRED;
	*until = crl_end(crl) < *until ? crl_end(crl) : *until;
	return CODE_NONE;
}

/* One link after the other; CODE_CERTIFICATE_INVALID for bytes that are none. */
static enum code check_links(
	const struct standing *standing, const struct trust *trust, time_t at, time_t *until)
{
	const unsigned char *from = standing->links, *end = from + standing->facts.links_bytes;
	enum code code = CODE_NONE;
	while (code == CODE_NONE && from < end) {
		OWN(X509_NAME) X509_NAME *issuer = d2i_X509_NAME(NULL, &from, end - from);
		OWN(ASN1_INTEGER)
		ASN1_INTEGER *serial = issuer ? d2i_ASN1_INTEGER(NULL, &from, end - from) : NULL;
		code = serial ? check_link(trust, issuer, serial, at, until)
			      : CODE_CERTIFICATE_INVALID;
	}
	return code;
}

enum code standing_check(
	const struct standing *standing, const struct trust *trust, time_t at, time_t *ret_until)
{
	const struct facts *facts = &standing->facts;
	time_t until = facts->not_after;
	enum code code = CODE_NONE;
	if (at > until)
		return CODE_CLIENT_EXPIRED;
	if (!has_anchor(facts, trust))
		return CODE_CLIENT_UNKNOWN_CA;
	if (trust_has_crl(trust))
		code = check_links(standing, trust, at, &until);
	ERR_clear_error();
	if (code == CODE_NONE)
		*ret_until = until;
	return code;
}

const void *standing_bytes(const struct standing *standing, size_t *ret_count)
{
	*ret_count = sizeof standing->facts + standing->facts.links_bytes;
	return &standing->facts;
}

struct standing *standing_from_bytes(const void *bytes, size_t count)
{
	struct facts facts;
	if (count < sizeof facts || count > STANDING_BYTES_MAX)
		return NULL;
	memcpy(&facts, bytes, sizeof facts);
	if (facts.links_bytes != count - sizeof facts)
		return NULL;
	struct standing *standing = allocate(facts.links_bytes);
	standing->facts = facts;
	memcpy(standing->links, (const char *)bytes + sizeof facts, facts.links_bytes);
	return standing;
}
