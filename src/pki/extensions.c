/*
 * Extensions as the `openssl` command puts them. Its own steps (apps/req.c, apps/x509.c and
 * do_X509_sign of OpenSSL 3.0) are repeated with the library's functions, in the same order.
 */
#include "pki/extensions.h"

#include <openssl/err.h>

static bool section_error(const struct profile *profile, const char *section, struct error *reterr)
{
	return error_openssl(reterr, ERROR_INPUT,
		"cannot use the configuration '%s': the section [%s] makes no extensions",
		profile_path(profile), section);
}

/*
 * The key identifiers that the command adds by itself to a certificate that has any extension. One
 * that the file made empty ("none", or keyid of a self-signed certificate) is removed instead.
 */
static bool adapt_identifier(
	X509 *cert, X509V3_CTX *context, const char *name, const char *value, bool add)
{
	X509_EXTENSION *made = X509V3_EXT_nconf(NULL, context, name, value);
	if (!made)
		return false;
	int at = X509_get_ext_by_OBJ(cert, X509_EXTENSION_get_object(made), -1);
	bool ok = true;
	if (at < 0) {
		ok = !add || X509_add_ext(cert, made, -1);
	} else {
		const ASN1_OCTET_STRING *there = X509_EXTENSION_get_data(X509_get_ext(cert, at));
		if (ASN1_STRING_length(there) <= 2)
			X509_EXTENSION_free(X509_delete_ext(cert, at));
	}
	X509_EXTENSION_free(made);
	return ok;
}

bool extensions_add(struct profile *profile, const char *section, X509 *issuer, X509 *cert,
	X509_REQ *request, struct error *reterr)
{
	if (!ASN1_STRING_length(X509_get0_pubkey_bitstr(cert)))
		bug("extensions before the public key");
	if (!section)
		return true;
	bool self_signed = !issuer || issuer == cert;
	CONF *conf = profile_conf(profile);
	X509V3_CTX context;
	ERR_clear_error();
	X509V3_set_ctx(
		&context, self_signed ? cert : issuer, cert, request, NULL, X509V3_CTX_REPLACE);
	X509V3_set_nconf(&context, conf);
	/* Only the public half is looked at: whether subject and issuer have the same key. */
	if (self_signed && !X509V3_set_issuer_pkey(&context, X509_get0_pubkey(cert)))
		return error_openssl(reterr, ERROR_BUG, "cannot compare the certificate's keys");
	if (!X509V3_EXT_add_nconf(conf, &context, section, cert))
		return section_error(profile, section, reterr);
	if (X509_get_ext_count(cert) > 0 &&
		(!adapt_identifier(cert, &context, "subjectKeyIdentifier", "hash", true) ||
			!adapt_identifier(cert, &context, "authorityKeyIdentifier", "keyid, issuer",
				!self_signed)))
		return error_openssl(
			reterr, ERROR_INPUT, "cannot add the key identifiers to a certificate");
	ERR_clear_error();
	return true;
}

bool extensions_request(
	struct profile *profile, const char *section, X509_REQ *request, struct error *reterr)
{
	if (!section)
		return true;
	CONF *conf = profile_conf(profile);
	X509V3_CTX context;
	ERR_clear_error();
	X509V3_set_ctx(&context, NULL, NULL, request, NULL, 0);
	X509V3_set_nconf(&context, conf);
	if (!X509V3_EXT_REQ_add_nconf(conf, &context, section, request))
		return section_error(profile, section, reterr);
	ERR_clear_error();
	return true;
}

bool extensions_set_names(X509 *cert, GENERAL_NAMES *names, struct error *reterr)
{
	int critical = X509_NAME_entry_count(X509_get_subject_name(cert)) == 0;
	ERR_clear_error();
	return X509_add1_ext_i2d(cert, NID_subject_alt_name, names, critical, X509V3_ADD_REPLACE) ==
		       1 ||
	       error_openssl(reterr, ERROR_BUG, "cannot add the subject alternative names");
}

bool extensions_equal(const X509 *a, const X509 *b)
{
	int count = X509_get_ext_count(a);
	if (count != X509_get_ext_count(b))
		return false;
	for (int i = 0; i < count; i++) {
		X509_EXTENSION *left = X509_get_ext(a, i), *right = X509_get_ext(b, i);
		if (X509_EXTENSION_get_critical(left) != X509_EXTENSION_get_critical(right) ||
			OBJ_cmp(X509_EXTENSION_get_object(left),
				X509_EXTENSION_get_object(right)) ||
			ASN1_STRING_cmp(
				X509_EXTENSION_get_data(left), X509_EXTENSION_get_data(right)))
			return false;
	}
	return true;
}
