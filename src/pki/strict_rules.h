/*
 * The parts of the strict profile: each function is one rule's test, true where a certificate (or
 * CRL) breaks it. The table in strict.c says which rule, from which document, and whom it binds.
 */
#ifndef MTLS_PKI_STRICT_RULES_H
#define MTLS_PKI_STRICT_RULES_H

#include "pki/verify_parts.h"

/* One certificate of a verified chain. */
struct view {
	X509 *certificate;
	const STACK_OF(X509) * chain;
	int depth;
	bool is_ca;     /* it issues: above the leaf, or a leaf that says so */
	bool is_root;   /* self-signed */
	enum role role; /* of the leaf */
};

/* `detail` has VERIFY_DETAIL_BYTES and starts empty. */
typedef bool strict_test(const struct view *view, char *detail);

/* strict_fields.c: what is no extension */
strict_test version_is_not_3, serial_is_zero, serial_is_negative, serial_is_long, issuer_is_empty,
	ca_subject_is_empty, validity_is_misencoded, has_unique_id, key_is_dsa, key_is_short_rsa,
	key_is_odd_rsa, key_is_on_other_curve, digest_is_weak;

/* strict_extensions.c: extensions but for names */
strict_test extension_is_duplicate, extension_is_malformed, aki_is_missing, aki_is_critical,
	aki_lacks_key_id, aki_names_issuer, ski_is_missing, ski_is_critical, ski_is_empty,
	constraints_are_missing, constraints_are_not_critical, pathlen_is_misplaced,
	usage_is_missing, usage_is_empty, usage_lacks_cert_sign, usage_signs_in_leaf,
	eku_is_critical, eku_is_any, eku_is_in_root, access_is_critical,
	policy_constraint_is_not_critical;

/* strict_names.c: names, and what constrains them */
strict_test names_are_empty, names_are_not_critical, names_are_critical, server_has_no_names,
	dns_is_malformed, wildcard_is_wide, uri_is_malformed, email_is_malformed,
	address_is_malformed, common_name_is_no_san, limits_are_in_leaf, limits_are_not_critical,
	limits_are_empty, limits_are_malformed, wildcard_reaches_excluded;

/* Whether the certificate has that extension and, in *ret_critical, its criticality. */
bool view_extension(const struct view *view, int nid, bool *ret_critical);

#endif
