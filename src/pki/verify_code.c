/*
 * OpenSSL's error numbers made specific: 20 and 26 each have a handful of causes, and what the
 * chain and the trust anchors say tells most of them apart.
 */
#include "pki/verify_parts.h"

struct mapping {
	int x509_error;
	enum code codes[2]; /* by enum role */
};

static const struct mapping mappings[] = {
	{ X509_V_ERR_CERT_SIGNATURE_FAILURE,
		{ CODE_CLIENT_BAD_SIGNATURE, CODE_SERVER_BAD_SIGNATURE } },
	{ X509_V_ERR_CERT_NOT_YET_VALID, { CODE_CLIENT_NOT_YET_VALID, CODE_SERVER_NOT_YET_VALID } },
	{ X509_V_ERR_CERT_HAS_EXPIRED, { CODE_CLIENT_EXPIRED, CODE_SERVER_EXPIRED } },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
		{ CODE_CLIENT_SELF_SIGNED, CODE_SERVER_SELF_SIGNED } },
	{ X509_V_ERR_CERT_CHAIN_TOO_LONG,
		{ CODE_CLIENT_CHAIN_TOO_LONG, CODE_SERVER_CHAIN_TOO_LONG } },
	{ X509_V_ERR_CERT_REVOKED, { CODE_CLIENT_REVOKED, CODE_SERVER_REVOKED } },
	{ X509_V_ERR_PATH_LENGTH_EXCEEDED, { CODE_CLIENT_PATH_LENGTH, CODE_SERVER_PATH_LENGTH } },
	{ X509_V_ERR_INVALID_CA, { CODE_CLIENT_ISSUER_NOT_CA, CODE_SERVER_ISSUER_NOT_CA } },
	{ X509_V_ERR_KEYUSAGE_NO_CERTSIGN,
		{ CODE_CLIENT_ISSUER_NOT_CA, CODE_SERVER_ISSUER_NOT_CA } },
	{ X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION,
		{ CODE_CLIENT_CRITICAL_EXTENSION, CODE_SERVER_CRITICAL_EXTENSION } },
	{ X509_V_ERR_PERMITTED_VIOLATION,
		{ CODE_CLIENT_NAME_CONSTRAINT, CODE_SERVER_NAME_CONSTRAINT } },
	{ X509_V_ERR_EXCLUDED_VIOLATION,
		{ CODE_CLIENT_NAME_CONSTRAINT, CODE_SERVER_NAME_CONSTRAINT } },
	{ X509_V_ERR_UNSUPPORTED_NAME_SYNTAX,
		{ CODE_CLIENT_NAME_CONSTRAINT, CODE_SERVER_NAME_CONSTRAINT } },
	{ X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE,
		{ CODE_CLIENT_NAME_CONSTRAINT, CODE_SERVER_NAME_CONSTRAINT } },
	{ X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX,
		{ CODE_CLIENT_NAME_CONSTRAINT, CODE_SERVER_NAME_CONSTRAINT } },
	{ X509_V_ERR_SUBTREE_MINMAX, { CODE_CLIENT_NAME_CONSTRAINT, CODE_SERVER_NAME_CONSTRAINT } },
	{ X509_V_ERR_EE_KEY_TOO_SMALL, { CODE_CLIENT_WEAK_KEY, CODE_SERVER_WEAK_KEY } },
	{ X509_V_ERR_CA_KEY_TOO_SMALL, { CODE_CLIENT_WEAK_KEY, CODE_SERVER_WEAK_KEY } },
	{ X509_V_ERR_CA_MD_TOO_WEAK, { CODE_CLIENT_WEAK_DIGEST, CODE_SERVER_WEAK_DIGEST } },
	{ X509_V_ERR_UNABLE_TO_GET_CRL, { CODE_CRL_MISSING, CODE_SERVER_CRL_MISSING } },
	{ X509_V_ERR_CRL_HAS_EXPIRED, { CODE_CRL_EXPIRED, CODE_SERVER_CRL_EXPIRED } },
	{ X509_V_ERR_CRL_NOT_YET_VALID, { CODE_CRL_NOT_YET_VALID, CODE_CRL_NOT_YET_VALID } },
	{ X509_V_ERR_CRL_SIGNATURE_FAILURE, { CODE_CRL_BAD_SIGNATURE, CODE_CRL_BAD_SIGNATURE } },
	{ X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, { CODE_CRL_UNUSABLE, CODE_CRL_UNUSABLE } },
	{ X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, { CODE_CRL_UNUSABLE, CODE_CRL_UNUSABLE } },
	{ X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION, { CODE_CRL_UNUSABLE, CODE_CRL_UNUSABLE } },
	{ X509_V_ERR_DIFFERENT_CRL_SCOPE, { CODE_CRL_UNUSABLE, CODE_CRL_UNUSABLE } },
	{ X509_V_ERR_CRL_PATH_VALIDATION_ERROR, { CODE_CRL_UNUSABLE, CODE_CRL_UNUSABLE } },
	{ X509_V_ERR_INVALID_EXTENSION, { CODE_EXTENSION_MALFORMED, CODE_EXTENSION_MALFORMED } },
	{ X509_V_ERR_INVALID_POLICY_EXTENSION,
		{ CODE_EXTENSION_MALFORMED, CODE_EXTENSION_MALFORMED } },
};

#define PICK(role, id) ((role) == ROLE_SERVER ? CODE_SERVER_##id : CODE_CLIENT_##id)

enum role verify_role(const struct verify_options *options, X509 *leaf)
{
	if (options->purpose != PURPOSE_ANY)
		return options->purpose == PURPOSE_SERVER ? ROLE_SERVER : ROLE_CLIENT;
	/* UINT32_MAX, all bits, when there is no EKU. */
	uint32_t usage = X509_get_extended_key_usage(leaf);
	bool server = (usage & XKU_SSL_SERVER) && !(usage & XKU_SSL_CLIENT);
	return server ? ROLE_SERVER : ROLE_CLIENT;
}

/* ---- 20 and its kin: no way to a trust anchor ---- */

static bool same_name(const X509_NAME *a, const X509_NAME *b)
{
	return X509_NAME_cmp(a, b) == 0;
}

static X509 *with_subject(const STACK_OF(X509) * certificates, const X509_NAME *subject)
{
	for (int i = 0; i < sk_X509_num(certificates); i++)
		if (same_name(X509_get_subject_name(sk_X509_value(certificates, i)), subject))
			return sk_X509_value(certificates, i);
	return NULL;
}

static bool attribute(const X509_NAME *name, int nid, struct buffer *ret)
{
	struct error unused;
	int index = X509_NAME_get_index_by_NID(name, nid, -1);
	if (index < 0)
		return false;
	const ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index));
	return buffer_append(
		ret, ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value), &unused);
}

/* The first two words: "mTLS Lab Root CA" and "mTLS Lab Intermediate CA" share them. */
static size_t two_words(const struct buffer *text)
{
	const char *space = memchr(text->data, ' ', text->length);
	size_t left = space ? text->length - (size_t)(space + 1 - text->data) : 0;
	const char *second = left ? memchr(space + 1, ' ', left) : NULL;
	return second ? (size_t)(second - text->data) : 0;
}

#define ATTRIBUTE_BYTES_MAX 1024

static bool one_house(const X509_NAME *a, const X509_NAME *b)
{
	OWN(buffer) struct buffer a_organization = BUFFER(ATTRIBUTE_BYTES_MAX);
	OWN(buffer) struct buffer b_organization = BUFFER(ATTRIBUTE_BYTES_MAX);
	if (attribute(a, NID_organizationName, &a_organization) &&
		attribute(b, NID_organizationName, &b_organization) && a_organization.length)
		return a_organization.length == b_organization.length &&
		       !memcmp(a_organization.data, b_organization.data, a_organization.length);
	OWN(buffer) struct buffer a_name = BUFFER(ATTRIBUTE_BYTES_MAX);
	OWN(buffer) struct buffer b_name = BUFFER(ATTRIBUTE_BYTES_MAX);
	if (!attribute(a, NID_commonName, &a_name) || !attribute(b, NID_commonName, &b_name) ||
		!a_name.length || !b_name.length)
		return false;
	size_t length = two_words(&a_name);
	return length && length == two_words(&b_name) && !memcmp(a_name.data, b_name.data, length);
}

/* The certificate says whose certificate its issuer has: authorityCertIssuer (RFC 5280 4.2.1.1). */
static bool names_issuers_issuer(X509 *certificate, const X509_NAME *anchor)
{
	const GENERAL_NAMES *names = X509_get0_authority_issuer(certificate);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		if (name->type == GEN_DIRNAME && same_name(name->d.directoryName, anchor))
			return true;
	}
	return false;
}

/*
 * `orphan` was issued by somebody who is neither among what was sent nor an anchor. Whether that is
 * an intermediate below an anchor or a stranger cannot be proved from here, except when the
 * certificate names its issuer's issuer. Otherwise the issuer's name decides: an intermediate
 * usually bears its root's organization (or, without one, the first two words of its common name).
 * An anchor with pathlen 0 has no intermediates at all.
 */
static bool is_incomplete(X509 *orphan, const struct trust *trust)
{
	const STACK_OF(X509) *anchors = trust_anchors(trust);
	for (int i = 0; i < sk_X509_num(anchors); i++) {
		X509 *anchor = sk_X509_value(anchors, i);
		const X509_NAME *name = X509_get_subject_name(anchor);
		if (X509_get_pathlen(anchor) == 0)
			continue;
		if (names_issuers_issuer(orphan, name) ||
			one_house(X509_get_issuer_name(orphan), name))
			return true;
	}
	return false;
}

/* An anchor has the issuer's name, and OpenSSL did not take it: why? */
static enum code namesake(X509 *anchor, X509 *orphan, enum role role)
{
	switch (X509_check_issued(anchor, orphan)) {
	case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
		return PICK(role, ISSUER_NOT_CA);
	case X509_V_ERR_UNSPECIFIED: /* one of the two cannot be read */
		return CODE_EXTENSION_MALFORMED;
	}
	return X509_cmp(anchor, orphan) ? PICK(role, CA_REKEYED) : CODE_AKI_ROOT_MISMATCH;
}

static enum code no_path(X509_STORE_CTX *context, const struct trust *trust, enum role role)
{
	X509 *orphan = X509_STORE_CTX_get_current_cert(context);
	if (!orphan)
		orphan = X509_STORE_CTX_get0_cert(context);
	const X509_NAME *issuer = X509_get_issuer_name(orphan);
	X509 *anchor = with_subject(trust_anchors(trust), issuer);
	X509 *sent = with_subject(X509_STORE_CTX_get0_untrusted(context), issuer);
	/* An anchor that is itself somebody's intermediate is found and yet leads nowhere. */
	if (anchor && X509_check_issued(anchor, orphan) != X509_V_OK)
		return namesake(anchor, orphan, role);
	if (sent && sent != orphan &&
		X509_check_issued(sent, orphan) == X509_V_ERR_KEYUSAGE_NO_CERTSIGN)
		return PICK(role, ISSUER_NOT_CA);
	if (same_name(X509_get_subject_name(orphan), issuer))
		return anchor ? PICK(role, CA_REKEYED) : PICK(role, UNKNOWN_CA);
	return is_incomplete(orphan, trust) ? PICK(role, CHAIN_INCOMPLETE) : PICK(role, UNKNOWN_CA);
}

/* ---- 26: unsuitable for the purpose ---- */

static enum code unsuitable(X509_STORE_CTX *context, enum role role)
{
	X509 *certificate = X509_STORE_CTX_get_current_cert(context);
	uint32_t wanted = role == ROLE_SERVER ? XKU_SSL_SERVER : XKU_SSL_CLIENT;
	if (X509_STORE_CTX_get_error_depth(context) > 0)
		return PICK(role, INTERMEDIATE_EKU);
	if (certificate && (X509_get_extension_flags(certificate) & EXFLAG_CA))
		return PICK(role, IS_CA);
	if (certificate && (X509_get_extended_key_usage(certificate) & wanted) &&
		(X509_get_extension_flags(certificate) & EXFLAG_KUSAGE))
		return PICK(role, WRONG_KEY_USAGE);
	return PICK(role, WRONG_EKU);
}

static enum code wrong_name(X509_STORE_CTX *context, enum role role)
{
	/* Version 1 can carry no names, and would be refused if it could. */
	if (X509_get_version(X509_STORE_CTX_get0_cert(context)) == X509_VERSION_1)
		return PICK(role, V1);
	if (role == ROLE_SERVER && !leaf_has_san(X509_STORE_CTX_get0_cert(context), -1))
		return CODE_SERVER_NO_SAN;
	return PICK(role, NAME_MISMATCH);
}

static enum code specific(
	X509_STORE_CTX *context, int error, const struct trust *trust, enum role role)
{
	switch (error) {
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		return no_path(context, trust, role);
	case X509_V_ERR_INVALID_PURPOSE:
		return unsuitable(context, role);
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_EMAIL_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return wrong_name(context, role);
	}
	for (size_t i = 0; i < sizeof mappings / sizeof mappings[0]; i++)
		if (mappings[i].x509_error == error)
			return mappings[i].codes[role];
	return CODE_CERTIFICATE_INVALID;
}

/* ---- The particulars ---- */

static void say_time(const char *what, const ASN1_TIME *time, struct finding *ret)
{
	struct tm broken_down;
	char text[CLOCK_RFC3339_BYTES];
	if (!time || !ASN1_TIME_to_tm(time, &broken_down))
		return;
	clock_rfc3339(timegm(&broken_down), text);
	snprintf(ret->detail, sizeof ret->detail, "%s is %s", what, text);
}

static void say_more(X509_STORE_CTX *context, const struct verify_options *options, int error,
	struct finding *ret)
{
	const X509 *certificate = X509_STORE_CTX_get_current_cert(context);
	const X509_CRL *crl = X509_STORE_CTX_get0_current_crl(context);
	if (error == X509_V_ERR_CERT_HAS_EXPIRED && certificate)
		say_time("notAfter", X509_get0_notAfter(certificate), ret);
	else if (error == X509_V_ERR_CERT_NOT_YET_VALID && certificate)
		say_time("notBefore", X509_get0_notBefore(certificate), ret);
	else if (error == X509_V_ERR_CRL_HAS_EXPIRED && crl)
		say_time("its nextUpdate", X509_CRL_get0_nextUpdate(crl), ret);
	else if (ret->code == CODE_SERVER_NAME_MISMATCH || ret->code == CODE_CLIENT_NAME_MISMATCH ||
		 ret->code == CODE_SERVER_NO_SAN)
		text_escape(ret->detail, sizeof ret->detail, options->name, strlen(options->name));
	else if (ret->code == CODE_CERTIFICATE_INVALID || ret->code == CODE_CRL_UNUSABLE)
		snprintf(ret->detail, sizeof ret->detail, "%s",
			X509_verify_cert_error_string(error));
}

void finding_from_openssl(X509_STORE_CTX *context, const struct trust *trust,
	const struct verify_options *options, struct finding *ret)
{
	int error = X509_STORE_CTX_get_error(context);
	enum role role = verify_role(options, X509_STORE_CTX_get0_cert(context));
	/* Failures before the first check (memory, a certificate without a key) leave no error. */
	ret->x509_error = error ? error : X509_V_ERR_UNSPECIFIED;
	ret->depth = X509_STORE_CTX_get_error_depth(context);
	ret->culprit = X509_STORE_CTX_get_current_cert(context);
	ret->code = specific(context, ret->x509_error, trust, role);
	if (options->profile != PROFILE_OPENSSL &&
		(ret->code == CODE_SERVER_V1 || ret->code == CODE_CLIENT_V1))
		ret->x509_error = code_info(ret->code)->x509_error;
	say_more(context, options, ret->x509_error, ret);
}
