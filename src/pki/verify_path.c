/*
 * Building and checking the path: OpenSSL does it, and here is what it refuses although RFC 5280
 * accepts it. Nothing here applies to the openssl profile, but for the grace that an expired CRL
 * was given.
 */
#include "pki/verify_parts.h"

#include <openssl/crypto.h>

/* How often another path is tried: each costs the peer one certificate and us some signatures. */
#define OTHER_PATHS_MAX 4

struct path {
	const struct trust *trust;
	const struct verify_options *options;
	time_t at;
};

static int path_index = -1; /* of a struct path in an X509_STORE_CTX */
static CRYPTO_ONCE path_index_once = CRYPTO_ONCE_STATIC_INIT;

static void path_index_make(void)
{
	path_index = X509_STORE_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

static bool contains(const STACK_OF(X509) * certificates, const X509 *wanted)
{
	for (int i = 0; i < sk_X509_num(certificates); i++)
		if (!X509_cmp(sk_X509_value(certificates, i), wanted))
			return true;
	return false;
}

/*
 * "The validity period is the period of time from notBefore through notAfter, inclusive" (RFC 5280
 * section 4.1.2.5), and a CRL is stale when the time is *after* nextUpdate (section 6.3.3 (a)).
 * X509_cmp_time calls an equal time earlier, so OpenSSL is a second early in both.
 */
static bool is_last_second(const ASN1_TIME *end, time_t at)
{
	return end && ASN1_TIME_cmp_time_t(end, at) == 0;
}

/*
 * A trust anchor need not be self-signed (RFC 5280 section 6.1.1 (d)), but it must be a CA: OpenSSL
 * checks that of every certificate above the leaf, so a leaf among the anchors stays a leaf. One
 * that names itself as its issuer and yet another key contradicts itself, and is not forgiven. Once
 * the missing issuer is forgiven OpenSSL leaves out the anchor's own dates, which we still want.
 */
static bool is_anchor_without_issuer(X509_STORE_CTX *context, const struct path *path)
{
	X509 *last = X509_STORE_CTX_get_current_cert(context);
	if (!last || X509_STORE_CTX_get_error_depth(context) < 1 ||
		(X509_get_extension_flags(last) & EXFLAG_SI) ||
		!contains(trust_anchors(path->trust), last))
		return false;
	int error = X509_V_OK;
	if (ASN1_TIME_cmp_time_t(X509_get0_notBefore(last), path->at) > 0)
		error = X509_V_ERR_CERT_NOT_YET_VALID;
	if (ASN1_TIME_cmp_time_t(X509_get0_notAfter(last), path->at) < 0)
		error = X509_V_ERR_CERT_HAS_EXPIRED;
	X509_STORE_CTX_set_error(context, error);
	return error == X509_V_OK;
}

/* Whoever gave a grace prefers an old list to serving nobody; whom it lists is refused as before.
 */
static bool is_in_grace(const X509_CRL *crl, const struct path *path)
{
	const ASN1_TIME *end = crl ? X509_CRL_get0_nextUpdate(crl) : NULL;
	return end && ASN1_TIME_cmp_time_t(end, path->at - (time_t)path->options->crl_grace_s) >= 0;
}

static bool is_forgiven(X509_STORE_CTX *context, const struct path *path)
{
	const X509 *certificate = X509_STORE_CTX_get_current_cert(context);
	const X509_CRL *crl = X509_STORE_CTX_get0_current_crl(context);
	int end = sk_X509_num(X509_STORE_CTX_get0_chain(context)) - 1;
	int error = X509_STORE_CTX_get_error(context);
	if (path->options->profile == PROFILE_OPENSSL && error != X509_V_ERR_CRL_HAS_EXPIRED)
		return false;
	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return certificate && is_last_second(X509_get0_notAfter(certificate), path->at);
	case X509_V_ERR_CRL_HAS_EXPIRED:
		return is_in_grace(crl, path);
	case X509_V_ERR_UNABLE_TO_GET_CRL:
		/* An anchor is no part of the path, so nobody's CRL is wanted for it. */
		return end > 0 && X509_STORE_CTX_get_error_depth(context) == end;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
		return is_anchor_without_issuer(context, path);
	}
	return false;
}

static int forgive(int ok, X509_STORE_CTX *context)
{
	if (ok)
		return ok;
	if (!is_forgiven(context, X509_STORE_CTX_get_ex_data(context, path_index)))
		return 0;
	X509_STORE_CTX_set_error(context, X509_V_OK);
	return 1;
}

static void install(X509_STORE_CTX *context, struct path *path)
{
	CRYPTO_THREAD_run_once(&path_index_once, path_index_make);
	X509_STORE_CTX_set_ex_data(context, path_index, path);
	X509_STORE_CTX_set_verify_cb(context, forgive);
}

/* ---- Other paths ---- */

static int count_subject(const STACK_OF(X509) * certificates, const X509_NAME *subject)
{
	int count = 0;
	for (int i = 0; i < sk_X509_num(certificates); i++)
		count += !X509_NAME_cmp(
			X509_get_subject_name(sk_X509_value(certificates, i)), subject);
	return count;
}

/*
 * Takes out of `untrusted` the intermediate of the failed chain, nearest to its end, that another
 * certificate of the same CA could stand in for. False when there is none.
 */
static bool drop_one(X509_STORE_CTX *context, const struct trust *trust, STACK_OF(X509) * untrusted)
{
	const STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(context);
	for (int depth = sk_X509_num(chain) - 1; depth > 0; depth--) {
		X509 *one = sk_X509_value(chain, depth);
		const X509_NAME *subject = X509_get_subject_name(one);
		if (count_subject(untrusted, subject) +
				count_subject(trust_anchors(trust), subject) <
			2)
			continue;
		for (int i = 0; i < sk_X509_num(untrusted); i++)
			if (!X509_cmp(sk_X509_value(untrusted, i), one)) {
				sk_X509_delete(untrusted, i);
				return true;
			}
	}
	return false;
}

bool path_verify(X509_STORE_CTX *context, const struct trust *trust,
	const struct verify_options *options, time_t at, struct finding *ret)
{
	struct path path = { trust, options, at };
	if (options->profile == PROFILE_OPENSSL) {
		if (options->crl_grace_s)
			install(context, &path);
		bool good = X509_verify_cert(context) > 0;
		if (!good)
			finding_from_openssl(context, trust, options, ret);
		if (options->crl_grace_s)
			X509_STORE_CTX_set_ex_data(context, path_index, NULL);
		return good;
	}
	install(context, &path);
	STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(context);
	STACK_OF(X509) *left = sent ? sk_X509_dup(sent) : sk_X509_new_null();
	if (!left)
		bug("out of memory for a path");
	bool ok = X509_verify_cert(context) > 0;
	/* What is reported is why the first path failed: it is the one that others see. */
	if (!ok)
		finding_from_openssl(context, trust, options, ret);
	for (int i = 0; !ok && i < OTHER_PATHS_MAX && drop_one(context, trust, left); i++) {
		X509_STORE_CTX_set0_verified_chain(context, NULL);
		X509_STORE_CTX_set0_untrusted(context, left);
		X509_STORE_CTX_set_error(context, X509_V_OK);
		ok = X509_verify_cert(context) > 0;
	}
	X509_STORE_CTX_set0_untrusted(context, sent);
	X509_STORE_CTX_set_ex_data(context, path_index, NULL);
	sk_X509_free(left);
	return ok;
}
