/*
 * What mutual TLS needs of a leaf and OpenSSL does not ask: a role that it was made for, written
 * into the certificate itself.
 */
#include "pki/verify_parts.h"

bool leaf_has_san(const X509 *leaf, int type)
{
	OWN(GENERAL_NAMES)
	GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		if (type < 0 || sk_GENERAL_NAME_value(names, i)->type == type)
			return true;
	return false;
}

struct leaf {
	X509 *certificate;
	enum role role;
	enum verify_eku eku;
	uint32_t flags; /* EXFLAG_ */
};

static bool is_v1(const struct leaf *leaf)
{
	return X509_get_version(leaf->certificate) < X509_VERSION_3;
}

static bool is_ca(const struct leaf *leaf)
{
	return leaf->flags & EXFLAG_CA;
}

/*
 * Every suite that we allow has the peer sign (ECDHE and TLS 1.3; RSA key transport is off), and
 * that is digitalSignature (RFC 5246 section 7.4.2, RFC 8446 section 4.4.2.2). OpenSSL takes
 * keyEncipherment or keyAgreement for enough.
 */
static bool cannot_sign(const struct leaf *leaf)
{
	return (leaf->flags & EXFLAG_KUSAGE) &&
	       !(X509_get_key_usage(leaf->certificate) & KU_DIGITAL_SIGNATURE);
}

static bool lacks_eku(const struct leaf *leaf)
{
	bool required =
		leaf->eku == EKU_STRICT || (leaf->eku == EKU_DEFAULT && leaf->role == ROLE_CLIENT);
	return required && !(leaf->flags & EXFLAG_XKUSAGE);
}

/* OpenSSL lets the old server-gated purposes, and on a server anyExtendedKeyUsage, stand in. */
static bool has_other_eku(const struct leaf *leaf)
{
	uint32_t wanted = leaf->role == ROLE_SERVER ? XKU_SSL_SERVER : XKU_SSL_CLIENT;
	return (leaf->flags & EXFLAG_XKUSAGE) &&
	       !(X509_get_extended_key_usage(leaf->certificate) & wanted);
}

static const struct {
	bool (*breaks)(const struct leaf *leaf);
	enum code codes[2];    /* by enum role */
	bool whatever_purpose; /* also where nobody said what the leaf is for */
} rules[] = {
	{ is_v1, { CODE_CLIENT_V1, CODE_SERVER_V1 }, true },
	{ is_ca, { CODE_CLIENT_IS_CA, CODE_SERVER_IS_CA }, false },
	{ cannot_sign, { CODE_CLIENT_WRONG_KEY_USAGE, CODE_SERVER_WRONG_KEY_USAGE }, false },
	{ lacks_eku, { CODE_CLIENT_NO_EKU, CODE_SERVER_NO_EKU }, false },
	{ has_other_eku, { CODE_CLIENT_WRONG_EKU, CODE_SERVER_WRONG_EKU }, false },
};

bool leaf_check(
	const STACK_OF(X509) * chain, const struct verify_options *options, struct finding *ret)
{
	struct leaf leaf = { .certificate = sk_X509_value(chain, 0), .eku = options->eku };
	leaf.role = verify_role(options, leaf.certificate);
	leaf.flags = X509_get_extension_flags(leaf.certificate);
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		if (options->purpose == PURPOSE_ANY && !rules[i].whatever_purpose)
			continue;
		if (rules[i].breaks(&leaf)) {
			ret->code = rules[i].codes[leaf.role];
			return false;
		}
	}
	return true;
}
