/*
 * The strict profile: one row a rule, each naming its source and whether it binds trust anchors,
 * which RFC 5280 takes as they are (section 6.1.1 (d)) and the CA/Browser Forum does not. "BR" is
 * its Baseline Requirements for TLS server certificates, version 2.
 *
 * Where the documents differ from what private CAs need, we follow the former only where an
 * attacker or a stack could make something of it: Ed25519, long lifetimes and names of one label
 * are fine here, and so are leaves without key usage and CAs whose key usage is not critical
 * (a SHOULD of RFC 5280 section 4.2.1.3).
 */
#include "pki/strict.h"
#include "pki/strict_rules.h"

#include <openssl/err.h>

struct rule {
	enum code code;
	strict_test *breaks;
	bool binds_anchors;
	const char *sentence;
	const char *source;
};

static const struct rule rules[] = {
	{ CODE_VERSION_NOT_3, version_is_not_3, true, "extensions need version 3",
		"RFC 5280 section 4.1.2.1" },
	{ CODE_SERIAL_ZERO, serial_is_zero, false, "serials are positive",
		"RFC 5280 section 4.1.2.2" },
	{ CODE_SERIAL_NEGATIVE, serial_is_negative, false, "serials are positive",
		"RFC 5280 section 4.1.2.2" },
	{ CODE_SERIAL_TOO_LONG, serial_is_long, false, "serials have at most 20 octets",
		"RFC 5280 section 4.1.2.2" },
	{ CODE_ISSUER_EMPTY, issuer_is_empty, true, "the issuer's name is not empty",
		"RFC 5280 section 4.1.2.4" },
	{ CODE_SUBJECT_EMPTY, ca_subject_is_empty, true, "a CA's name is not empty",
		"RFC 5280 section 4.1.2.6" },
	{ CODE_VALIDITY_ENCODING, validity_is_misencoded, false,
		"times are UTCTime through 2049, GeneralizedTime from 2050, with seconds, in GMT",
		"RFC 5280 section 4.1.2.5" },
	{ CODE_UNIQUE_ID, has_unique_id, false, "unique identifiers are not used",
		"RFC 5280 section 4.1.2.8" },
	{ CODE_KEY_DSA, key_is_dsa, true, "keys are RSA, ECDSA or EdDSA", "BR section 6.1.1.3" },
	{ CODE_KEY_RSA_SHORT, key_is_short_rsa, true, "RSA keys have 2048 bits or more",
		"BR section 6.1.5" },
	{ CODE_KEY_RSA_ODD_SIZE, key_is_odd_rsa, true, "RSA keys are a whole number of octets",
		"BR section 6.1.5" },
	{ CODE_KEY_CURVE, key_is_on_other_curve, true, "EC keys are on P-256, P-384 or P-521",
		"BR section 6.1.5" },
	{ CODE_SIGNATURE_DIGEST, digest_is_weak, false, "signatures use SHA-256 or better",
		"BR section 7.1.3.2" },
	{ CODE_EXTENSION_DUPLICATE, extension_is_duplicate, true, "an extension stands once",
		"RFC 5280 section 4.2" },
	{ CODE_EXTENSION_MALFORMED, extension_is_malformed, true, "extensions have their syntax",
		"RFC 5280 section 4.2" },
	{ CODE_AKI_MISSING, aki_is_missing, true, "all but roots name their issuer's key",
		"RFC 5280 section 4.2.1.1" },
	{ CODE_AKI_CRITICAL, aki_is_critical, true, "this extension is not critical",
		"RFC 5280 section 4.2.1.1" },
	{ CODE_AKI_WITHOUT_KEY_ID, aki_lacks_key_id, true, "it has a keyIdentifier",
		"RFC 5280 section 4.2.1.1, BR section 7.1.2.1.3" },
	{ CODE_AKI_WITH_ISSUER, aki_names_issuer, true, "it has nothing but a keyIdentifier",
		"BR section 7.1.2.11.1" },
	{ CODE_SKI_MISSING, ski_is_missing, true, "every CA has one", "RFC 5280 section 4.2.1.2" },
	{ CODE_SKI_CRITICAL, ski_is_critical, true, "this extension is not critical",
		"RFC 5280 section 4.2.1.2" },
	{ CODE_SKI_EMPTY, ski_is_empty, true, "it identifies a key", "RFC 5280 section 4.2.1.2" },
	{ CODE_CA_WITHOUT_CONSTRAINTS, constraints_are_missing, true, "every CA has CA:TRUE",
		"RFC 5280 section 4.2.1.9" },
	{ CODE_CONSTRAINTS_NOT_CRITICAL, constraints_are_not_critical, true, "a CA's are critical",
		"RFC 5280 section 4.2.1.9" },
	{ CODE_PATHLEN_MISPLACED, pathlen_is_misplaced, true,
		"pathlen goes with CA:TRUE and keyCertSign", "RFC 5280 section 4.2.1.9" },
	{ CODE_KEY_USAGE_MISSING, usage_is_missing, false, "every CA has one",
		"RFC 5280 section 4.2.1.3" },
	{ CODE_KEY_USAGE_EMPTY, usage_is_empty, true, "at least one bit is set",
		"RFC 5280 section 4.2.1.3" },
	{ CODE_KEY_USAGE_NO_CERT_SIGN, usage_lacks_cert_sign, true, "a CA's has keyCertSign",
		"RFC 5280 section 4.2.1.3" },
	{ CODE_KEY_USAGE_LEAF_SIGNS, usage_signs_in_leaf, true,
		"without CA:TRUE there is no keyCertSign", "RFC 5280 section 4.2.1.9" },
	{ CODE_EKU_CRITICAL, eku_is_critical, true, "this extension is not critical",
		"BR section 7.1.2.7.10" },
	{ CODE_EKU_ANY, eku_is_any, true, "purposes are named one by one",
		"BR section 7.1.2.7.10" },
	{ CODE_EKU_IN_ROOT, eku_is_in_root, true, "a root has none", "BR section 7.1.2.1.2" },
	{ CODE_AIA_CRITICAL, access_is_critical, true, "this extension is not critical",
		"RFC 5280 section 4.2.2.1" },
	{ CODE_POLICY_NOT_CRITICAL, policy_constraint_is_not_critical, true,
		"these extensions are critical", "RFC 5280 sections 4.2.1.11 and 4.2.1.14" },
	{ CODE_SERVER_NO_SAN, server_has_no_names, false, "a server has a DNS name or an address",
		"BR section 7.1.2.7.12" },
	{ CODE_SAN_EMPTY, names_are_empty, true, "it has an entry", "RFC 5280 section 4.2.1.6" },
	{ CODE_SAN_NOT_CRITICAL, names_are_not_critical, false,
		"with an empty subject it is there and critical", "RFC 5280 section 4.2.1.6" },
	{ CODE_SAN_CRITICAL, names_are_critical, true, "with a subject it is not critical",
		"BR section 7.1.2.7.12" },
	{ CODE_SAN_BAD_DNS, dns_is_malformed, true,
		"DNS names are letters, digits and hyphens, a wildcard the whole leftmost label",
		"RFC 5280 section 4.2.1.6, RFC 1034 section 3.5" },
	{ CODE_SAN_WIDE_WILDCARD, wildcard_is_wide, true, "a wildcard spans no top-level name",
		"BR section 3.2.2.6" },
	{ CODE_SAN_BAD_URI, uri_is_malformed, true, "URIs are absolute, with a scheme",
		"RFC 5280 section 4.2.1.6, RFC 3986" },
	{ CODE_SAN_BAD_EMAIL, email_is_malformed, true, "e-mail addresses are mailbox@host",
		"RFC 5280 section 4.2.1.6, RFC 5321 section 4.1.2" },
	{ CODE_SAN_BAD_ADDRESS, address_is_malformed, true, "addresses have 4 or 16 octets",
		"RFC 5280 section 4.2.1.6" },
	{ CODE_CN_NOT_IN_SAN, common_name_is_no_san, false,
		"a server's common name is a copy of one of its names", "BR section 7.1.4.3" },
	{ CODE_NAME_CONSTRAINTS_IN_LEAF, limits_are_in_leaf, true, "only CAs have them",
		"RFC 5280 section 4.2.1.10" },
	{ CODE_NAME_CONSTRAINTS_NOT_CRITICAL, limits_are_not_critical, true, "they are critical",
		"RFC 5280 section 4.2.1.10" },
	{ CODE_NAME_CONSTRAINTS_EMPTY, limits_are_empty, true, "they permit or exclude something",
		"RFC 5280 section 4.2.1.10" },
	{ CODE_NAME_CONSTRAINTS_MALFORMED, limits_are_malformed, true,
		"each is a name without wildcard or leading period", "RFC 5280 section 4.2.1.10" },
	{ CODE_WILDCARD_EXCLUDED, wildcard_reaches_excluded, false,
		"a wildcard stands for no excluded name",
		"RFC 5280 section 4.2.1.10, RFC 9525 section 6.3" },
};

/* ---- CRLs ---- */

static bool crl_has_no_number(X509_CRL *crl)
{
	return X509_CRL_get_ext_by_NID(crl, NID_crl_number, -1) < 0;
}

static bool crl_has_no_key_id(X509_CRL *crl)
{
	return X509_CRL_get_ext_by_NID(crl, NID_authority_key_identifier, -1) < 0;
}

static bool crl_is_open_ended(X509_CRL *crl)
{
	return !X509_CRL_get0_nextUpdate(crl);
}

static bool crl_is_v1(X509_CRL *crl)
{
	return X509_CRL_get_version(crl) != X509_CRL_VERSION_2;
}

static bool crl_digest_is_weak(X509_CRL *crl)
{
	int digest = NID_undef;
	return OBJ_find_sigid_algs(X509_CRL_get_signature_nid(crl), &digest, NULL) &&
	       (digest == NID_sha1 || digest == NID_md5);
}

static const struct {
	enum code code;
	bool (*breaks)(X509_CRL *crl);
	const char *sentence;
	const char *source;
} crl_rules[] = {
	{ CODE_CRL_NOT_V2, crl_is_v1, "CRLs have version 2", "RFC 5280 section 5.1.2.1" },
	{ CODE_CRL_NO_NEXT_UPDATE, crl_is_open_ended, "CRLs say when the next one comes",
		"RFC 5280 section 5.1.2.5" },
	{ CODE_CRL_NO_NUMBER, crl_has_no_number, "CRLs are numbered", "RFC 5280 section 5.2.3" },
	{ CODE_CRL_NO_AKI, crl_has_no_key_id, "CRLs name their issuer's key",
		"RFC 5280 section 5.2.1" },
	{ CODE_SIGNATURE_DIGEST, crl_digest_is_weak, "CRLs are signed with SHA-256 or better",
		"BR section 7.1.3.2" },
};

/* ---- A chain against the table ---- */

static bool refuse(enum code code, const struct view *view, const char *sentence,
	const char *source, const char *seen, struct finding *ret)
{
	ret->code = code;
	ret->depth = view->depth;
	ret->culprit = view->certificate;
	snprintf(ret->detail, sizeof ret->detail, "%s (%s)%s%s", sentence, source,
		*seen ? "; here " : "", seen);
	return false;
}

static bool check_certificate(const struct view *view, struct finding *ret)
{
	/* The chain's end, when it is not the leaf itself. */
	bool anchor = view->depth > 0 && view->depth == sk_X509_num(view->chain) - 1;
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		char seen[VERIFY_DETAIL_BYTES] = "";
		if (anchor && !rules[i].binds_anchors)
			continue;
		if (rules[i].breaks(view, seen))
			return refuse(
				rules[i].code, view, rules[i].sentence, rules[i].source, seen, ret);
	}
	return true;
}

/* Those of the CA that issued the certificate at `depth`. */
static bool check_crls(const struct trust *trust, const struct view *view, struct finding *ret)
{
	const STACK_OF(X509_CRL) *crls = trust_crls(trust);
	for (int i = 0; i < sk_X509_CRL_num(crls); i++) {
		X509_CRL *crl = sk_X509_CRL_value(crls, i);
		if (X509_NAME_cmp(
			    X509_CRL_get_issuer(crl), X509_get_issuer_name(view->certificate)) != 0)
			continue;
		for (size_t j = 0; j < sizeof crl_rules / sizeof crl_rules[0]; j++)
			if (crl_rules[j].breaks(crl))
				return refuse(crl_rules[j].code, view, crl_rules[j].sentence,
					crl_rules[j].source, "", ret);
	}
	return true;
}

/* A chain's end may bear its own signature under another's name; it needs no issuer's key. */
static bool signs_itself(X509 *certificate, const STACK_OF(X509) * chain)
{
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	if (!key || certificate != sk_X509_value(chain, sk_X509_num(chain) - 1))
		return false;
	bool itself = X509_verify(certificate, key) == 1;
	ERR_clear_error();
	return itself;
}

bool strict_check(const struct trust *trust, const STACK_OF(X509) * chain,
	const struct verify_options *options, struct finding *ret)
{
	enum role role = verify_role(options, sk_X509_value(chain, 0));
	for (int depth = 0; depth < sk_X509_num(chain); depth++) {
		X509 *certificate = sk_X509_value(chain, depth);
		uint32_t flags = X509_get_extension_flags(certificate);
		struct view view = { .certificate = certificate,
			.chain = chain,
			.depth = depth,
			.is_ca = depth > 0 || (flags & EXFLAG_CA),
			.is_root = (flags & EXFLAG_SS) || signs_itself(certificate, chain),
			.role = role };
		if (!check_certificate(&view, ret) || !check_crls(trust, &view, ret))
			return false;
	}
	return true;
}

/* ---- Every rule that is broken, for lint ---- */

static void say_rule(strict_seen *found, void *context, enum code code, const char *sentence,
	const char *source, const char *seen)
{
	OWN(char)
	char *text = text_format("%s: %s (%s)%s%s", code_info(code)->text, sentence, source,
		*seen ? "; here " : "", seen);
	found(context, code, text);
}

bool strict_can_read(X509 *certificate)
{
	struct view view = { .certificate = certificate };
	char seen[VERIFY_DETAIL_BYTES];
	bool can = !(X509_get_extension_flags(certificate) & EXFLAG_INVALID) ||
		   !(extension_is_duplicate(&view, seen) || extension_is_malformed(&view, seen));
	ERR_clear_error();
	return can;
}

void strict_each(X509 *certificate, bool is_server, strict_seen *found, void *context)
{
	OWN(certificates) STACK_OF(X509) *chain = sk_X509_new_null();
	if (!chain || !X509_up_ref(certificate) || !sk_X509_push(chain, certificate))
		bug("out of memory for a chain");
	uint32_t flags = X509_get_extension_flags(certificate);
	struct view view = { .certificate = certificate,
		.chain = chain,
		.is_ca = flags & EXFLAG_CA,
		.is_root = (flags & EXFLAG_SS) || signs_itself(certificate, chain),
		.role = is_server ? ROLE_SERVER : ROLE_CLIENT };
	bool readable = strict_can_read(certificate);
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		char seen[VERIFY_DETAIL_BYTES] = "";
		if (view.is_root && view.is_ca && !rules[i].binds_anchors)
			continue;
		if (rules[i].breaks(&view, seen))
			say_rule(found, context, rules[i].code, rules[i].sentence, rules[i].source,
				seen);
		/* The rules behind this one ask what the extensions say. */
		if (rules[i].code == CODE_EXTENSION_MALFORMED && !readable)
			break;
	}
	ERR_clear_error();
}

void strict_each_crl(X509_CRL *crl, strict_seen *found, void *context)
{
	for (size_t i = 0; i < sizeof crl_rules / sizeof crl_rules[0]; i++)
		if (crl_rules[i].breaks(crl))
			say_rule(found, context, crl_rules[i].code, crl_rules[i].sentence,
				crl_rules[i].source, "");
}
