/* Rules of the strict profile on version, serial, names' presence, validity, key and signature. */
#include "pki/strict_rules.h"

#include <openssl/core_names.h>

#define SERIAL_OCTETS_MAX 20
#define RSA_BITS_MIN 2048

bool version_is_not_3(const struct view *view, char *detail)
{
	(void)detail;
	return X509_get_version(view->certificate) != X509_VERSION_3;
}

bool serial_is_zero(const struct view *view, char *detail)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(view->certificate);
	(void)detail;
	for (int i = 0; i < ASN1_STRING_length(serial); i++)
		if (ASN1_STRING_get0_data(serial)[i])
			return false;
	return true;
}

bool serial_is_negative(const struct view *view, char *detail)
{
	(void)detail;
	return ASN1_STRING_type(X509_get0_serialNumber(view->certificate)) == V_ASN1_NEG_INTEGER;
}

/* Octets as encoded: a first bit that is set takes one more, so that the number stays positive. */
bool serial_is_long(const struct view *view, char *detail)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(view->certificate);
	int octets = ASN1_STRING_length(serial);
	if (octets && ASN1_STRING_get0_data(serial)[0] & 0x80)
		octets++;
	snprintf(detail, VERIFY_DETAIL_BYTES, "%d octets", octets);
	return octets > SERIAL_OCTETS_MAX;
}

bool issuer_is_empty(const struct view *view, char *detail)
{
	(void)detail;
	return X509_NAME_entry_count(X509_get_issuer_name(view->certificate)) == 0;
}

bool ca_subject_is_empty(const struct view *view, char *detail)
{
	(void)detail;
	return view->is_ca && X509_NAME_entry_count(X509_get_subject_name(view->certificate)) == 0;
}

/* UTCTime through 2049, GeneralizedTime from 2050; both with seconds, in GMT, nothing finer. */
static bool misencoded(const ASN1_TIME *time)
{
	struct tm broken_down;
	int length = ASN1_STRING_length(time);
	if (!ASN1_TIME_to_tm(time, &broken_down) || !length ||
		ASN1_STRING_get0_data(time)[length - 1] != 'Z')
		return true;
	if (ASN1_STRING_type(time) == V_ASN1_UTCTIME)
		return length != (int)strlen("YYMMDDHHMMSSZ");
	return length != (int)strlen("YYYYMMDDHHMMSSZ") || broken_down.tm_year + 1900 < 2050;
}

bool validity_is_misencoded(const struct view *view, char *detail)
{
	(void)detail;
	return misencoded(X509_get0_notBefore(view->certificate)) ||
	       misencoded(X509_get0_notAfter(view->certificate));
}

bool has_unique_id(const struct view *view, char *detail)
{
	const ASN1_BIT_STRING *issuer = NULL, *subject = NULL;
	(void)detail;
	X509_get0_uids(view->certificate, &issuer, &subject);
	return issuer || subject;
}

/* ---- The key ---- */

static int key_id(const struct view *view)
{
	const EVP_PKEY *key = X509_get0_pubkey(view->certificate);
	return key ? EVP_PKEY_get_base_id(key) : NID_undef;
}

/* 0 where the key is no RSA key. */
static int rsa_bits(const struct view *view, char *detail)
{
	int id = key_id(view);
	if (id != EVP_PKEY_RSA && id != EVP_PKEY_RSA_PSS)
		return 0;
	int bits = EVP_PKEY_get_bits(X509_get0_pubkey(view->certificate));
	snprintf(detail, VERIFY_DETAIL_BYTES, "%d bits", bits);
	return bits;
}

bool key_is_dsa(const struct view *view, char *detail)
{
	(void)detail;
	return key_id(view) == EVP_PKEY_DSA;
}

bool key_is_short_rsa(const struct view *view, char *detail)
{
	int bits = rsa_bits(view, detail);
	return bits && bits < RSA_BITS_MIN;
}

bool key_is_odd_rsa(const struct view *view, char *detail)
{
	return rsa_bits(view, detail) % 8 != 0;
}

bool key_is_on_other_curve(const struct view *view, char *detail)
{
	static const char *const allowed[] = { "prime256v1", "secp384r1", "secp521r1" };
	char curve[64] = "";
	if (key_id(view) != EVP_PKEY_EC)
		return false;
	/* A curve given by its parameters has no name. */
	if (!EVP_PKEY_get_group_name(
		    X509_get0_pubkey(view->certificate), curve, sizeof curve, NULL))
		return true;
	snprintf(detail, VERIFY_DETAIL_BYTES, "%s", curve);
	for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
		if (!strcmp(allowed[i], curve))
			return false;
	return true;
}

bool digest_is_weak(const struct view *view, char *detail)
{
	int digest = NID_undef;
	if (!X509_get_signature_info(view->certificate, &digest, NULL, NULL, NULL))
		return false;
	const char *name = OBJ_nid2sn(digest);
	snprintf(detail, VERIFY_DETAIL_BYTES, "%s", name ? name : "");
	return digest == NID_sha1 || digest == NID_md5 || digest == NID_md5_sha1;
}
