/* Rules of the strict profile on extensions, those with names excepted (strict_names.c). */
#include "pki/strict_rules.h"

bool view_extension(const struct view *view, int nid, bool *ret_critical)
{
	int index = X509_get_ext_by_NID(view->certificate, nid, -1);
	*ret_critical =
		index >= 0 && X509_EXTENSION_get_critical(X509_get_ext(view->certificate, index));
	return index >= 0;
}

static bool has(const struct view *view, int nid)
{
	bool critical;
	return view_extension(view, nid, &critical);
}

static bool is_critical(const struct view *view, int nid)
{
	bool critical;
	return view_extension(view, nid, &critical) && critical;
}

static bool is_not_critical(const struct view *view, int nid)
{
	bool critical;
	return view_extension(view, nid, &critical) && !critical;
}

static void say_object(const X509_EXTENSION *extension, char *detail)
{
	OBJ_obj2txt(detail, VERIFY_DETAIL_BYTES,
		X509_EXTENSION_get_object((X509_EXTENSION *)(uintptr_t)extension), 0);
}

bool extension_is_duplicate(const struct view *view, char *detail)
{
	for (int i = 0; i < X509_get_ext_count(view->certificate); i++) {
		X509_EXTENSION *extension = X509_get_ext(view->certificate, i);
		if (X509_get_ext_by_OBJ(
			    view->certificate, X509_EXTENSION_get_object(extension), i) < 0)
			continue;
		say_object(extension, detail);
		return true;
	}
	return false;
}

/* Of the kinds that OpenSSL can read; what it does not know it leaves to criticality. */
bool extension_is_malformed(const struct view *view, char *detail)
{
	for (int i = 0; i < X509_get_ext_count(view->certificate); i++) {
		X509_EXTENSION *extension = X509_get_ext(view->certificate, i);
		const X509V3_EXT_METHOD *method = X509V3_EXT_get(extension);
		if (!method)
			continue;
		void *value = X509V3_EXT_d2i(extension);
		if (value && method->it)
			ASN1_item_free(value, ASN1_ITEM_ptr(method->it));
		else if (value && method->ext_free)
			method->ext_free(value);
		if (value)
			continue;
		say_object(extension, detail);
		return true;
	}
	return false;
}

/* ---- Key identifiers ---- */

bool aki_is_missing(const struct view *view, char *detail)
{
	(void)detail;
	return !view->is_root && !has(view, NID_authority_key_identifier);
}

bool aki_is_critical(const struct view *view, char *detail)
{
	(void)detail;
	return is_critical(view, NID_authority_key_identifier);
}

bool aki_lacks_key_id(const struct view *view, char *detail)
{
	(void)detail;
	/* Not OpenSSL's accessor, which gives nothing once another extension is at fault. */
	AUTHORITY_KEYID *id =
		X509_get_ext_d2i(view->certificate, NID_authority_key_identifier, NULL, NULL);
	bool lacks = id && (!id->keyid || !ASN1_STRING_length(id->keyid));
	AUTHORITY_KEYID_free(id);
	return lacks;
}

bool aki_names_issuer(const struct view *view, char *detail)
{
	(void)detail;
	return X509_get0_authority_issuer(view->certificate) ||
	       X509_get0_authority_serial(view->certificate);
}

bool ski_is_missing(const struct view *view, char *detail)
{
	(void)detail;
	return view->is_ca && !has(view, NID_subject_key_identifier);
}

bool ski_is_critical(const struct view *view, char *detail)
{
	(void)detail;
	return is_critical(view, NID_subject_key_identifier);
}

bool ski_is_empty(const struct view *view, char *detail)
{
	(void)detail;
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(view->certificate);
	return id && !ASN1_STRING_length(id);
}

/* ---- What a certificate may do ---- */

bool constraints_are_missing(const struct view *view, char *detail)
{
	(void)detail;
	return view->is_ca && !(X509_get_extension_flags(view->certificate) & EXFLAG_CA);
}

bool constraints_are_not_critical(const struct view *view, char *detail)
{
	(void)detail;
	return view->is_ca && is_not_critical(view, NID_basic_constraints);
}

/* "unless the cA boolean is asserted and the key usage extension asserts the keyCertSign bit" */
bool pathlen_is_misplaced(const struct view *view, char *detail)
{
	BASIC_CONSTRAINTS *constraints =
		X509_get_ext_d2i(view->certificate, NID_basic_constraints, NULL, NULL);
	bool present = constraints && constraints->pathlen;
	(void)detail;
	BASIC_CONSTRAINTS_free(constraints);
	return present && (!(X509_get_extension_flags(view->certificate) & EXFLAG_CA) ||
				  !(X509_get_key_usage(view->certificate) & KU_KEY_CERT_SIGN));
}

bool usage_is_missing(const struct view *view, char *detail)
{
	(void)detail;
	return view->is_ca && !has(view, NID_key_usage);
}

bool usage_is_empty(const struct view *view, char *detail)
{
	(void)detail;
	return has(view, NID_key_usage) && !X509_get_key_usage(view->certificate);
}

bool usage_lacks_cert_sign(const struct view *view, char *detail)
{
	(void)detail;
	return view->is_ca && !(X509_get_key_usage(view->certificate) & KU_KEY_CERT_SIGN);
}

bool usage_signs_in_leaf(const struct view *view, char *detail)
{
	(void)detail;
	return has(view, NID_key_usage) &&
	       !(X509_get_extension_flags(view->certificate) & EXFLAG_CA) &&
	       (X509_get_key_usage(view->certificate) & KU_KEY_CERT_SIGN);
}

bool eku_is_critical(const struct view *view, char *detail)
{
	(void)detail;
	return is_critical(view, NID_ext_key_usage);
}

bool eku_is_any(const struct view *view, char *detail)
{
	(void)detail;
	return has(view, NID_ext_key_usage) &&
	       (X509_get_extended_key_usage(view->certificate) & XKU_ANYEKU);
}

bool eku_is_in_root(const struct view *view, char *detail)
{
	(void)detail;
	return view->is_root && view->is_ca && has(view, NID_ext_key_usage);
}

bool access_is_critical(const struct view *view, char *detail)
{
	(void)detail;
	return is_critical(view, NID_info_access);
}

bool policy_constraint_is_not_critical(const struct view *view, char *detail)
{
	(void)detail;
	return is_not_critical(view, NID_policy_constraints) ||
	       is_not_critical(view, NID_inhibit_any_policy);
}
