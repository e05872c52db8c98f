/* Revoking certificates, and making CRLs of index.txt, also of lines that `openssl ca` wrote. */
#include "pki/crl.h"

#include "pki/bundle.h"
#include "pki/folder_state.h"
#include "pki/key.h"
#include "pki/name.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>

enum { CLOCK_SKEW_S = 300 };

/* RFC 5280 section 5.3.1. The last three are openssl ca's, with a second field behind a comma. */
static const struct reason {
	const char *name;
	int number;
	bool has_time; /* the second field is since when the key was out: invalidityDate */
} reasons[] = {
	{ "unspecified", CRL_REASON_UNSPECIFIED, false },
	{ "keyCompromise", CRL_REASON_KEY_COMPROMISE, false },
	{ "CACompromise", CRL_REASON_CA_COMPROMISE, false },
	{ "affiliationChanged", CRL_REASON_AFFILIATION_CHANGED, false },
	{ "superseded", CRL_REASON_SUPERSEDED, false },
	{ "cessationOfOperation", CRL_REASON_CESSATION_OF_OPERATION, false },
	{ "certificateHold", CRL_REASON_CERTIFICATE_HOLD, false },
	{ "removeFromCRL", CRL_REASON_REMOVE_FROM_CRL, false },
	{ "holdInstruction", CRL_REASON_CERTIFICATE_HOLD, false },
	{ "keyTime", CRL_REASON_KEY_COMPROMISE, true },
	{ "CAkeyTime", CRL_REASON_CA_COMPROMISE, true },
};

void revoked_done(struct revoked *revoked)
{
	free(revoked->serial);
	free(revoked->subject);
	*revoked = (struct revoked){ 0 };
}

/* A serial as people write it, in index.txt's spelling; NULL when it is none. */
static char *parse_serial(const char *text)
{
	char digits[65];
	size_t count = 0;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	for (; *text; text++) {
		if (*text == ':')
			continue;
		if (!strchr("0123456789abcdefABCDEF", *text) || count + 1 == sizeof digits)
			return NULL;
		digits[count++] = *text;
	}
	digits[count] = 0;
	OWN(BIGNUM) BIGNUM *number = NULL;
	if (!count || !BN_hex2bn(&number, digits))
		return NULL;
	OWN(ASN1_INTEGER) ASN1_INTEGER *serial = BN_to_ASN1_INTEGER(number, NULL);
	return serial ? index_serial(serial) : NULL;
}

static bool serial_of_file(const struct ca *ca, const char *path, char **ret, struct error *reterr)
{
	OWN(X509) X509 *certificate = NULL;
	if (!bundle_certificate(path, &certificate, reterr))
		return false;
	bool ours = X509_check_issued(ca->certificate, certificate) == X509_V_OK &&
		    X509_verify(certificate, X509_get0_pubkey(ca->certificate)) == 1;
	ERR_clear_error();
	if (!ours) {
		OWN(char) char *issuer = subject_text(X509_get_issuer_name(certificate));
		return error_set(reterr, ERROR_INPUT,
			"cannot revoke '%s': '%s' issued it, and that is not the CA '%s'", path,
			issuer, ca->certificate_path);
	}
	*ret = index_serial(X509_get0_serialNumber(certificate));
	return true;
}

/* UTCTime of now, as the openssl program writes it until 2049; behind it the reason, if any. */
static char *revocation_now(const char *reason)
{
	ASN1_TIME *now = ASN1_TIME_set(NULL, time(NULL));
	if (!now)
		bug("out of memory");
	/* RFC 5280 5.3.1: an unspecified reason is better left out. */
	bool named = reason && strcmp(reason, "unspecified") != 0;
	char *text = text_format("%.*s%s%s", ASN1_STRING_length(now),
		(const char *)ASN1_STRING_get0_data(now), named ? "," : "", named ? reason : "");
	ASN1_TIME_free(now);
	return text;
}

/* As everywhere else in our output; a subject that we cannot read stays as index.txt has it. */
static char *revoked_subject(const char *oneline)
{
	struct error unused;
	OWN(X509_NAME) X509_NAME *name = NULL;
	return subject_parse(oneline, &name, &unused) ? subject_text(name) : text_copy(oneline);
}

static bool already_revoked(
	const char *certificate, const struct index_entry *entry, struct error *reterr)
{
	char since[CLOCK_RFC3339_BYTES] = "an unreadable time";
	OWN(char) char *text =
		text_format("%.*s", (int)strcspn(entry->revocation, ","), entry->revocation);
	ASN1_TIME *time = ASN1_TIME_new();
	struct tm parts;
	if (time && ASN1_TIME_set_string(time, text) && ASN1_TIME_to_tm(time, &parts))
		clock_rfc3339(timegm(&parts), since);
	ASN1_TIME_free(time);
	return error_set(
		reterr, ERROR_CHECK, "'%s' is revoked already, since %s", certificate, since);
}

bool ca_revoke(struct ca *ca, const char *certificate, const char *reason, struct revoked *ret,
	struct error *reterr)
{
	OWN(char) char *serial = NULL;
	if (file_exists(certificate)) {
		if (!serial_of_file(ca, certificate, &serial, reterr))
			return false;
	} else if (!(serial = parse_serial(certificate))) {
		return error_set(reterr, ERROR_INPUT,
			"cannot revoke '%s': there is no such file, and it is no serial in "
			"hexadecimal",
			certificate);
	}
	struct index_entry *entry = index_find(&ca->index, serial);
	if (!entry) {
		error_set(reterr, ERROR_INPUT,
			"cannot revoke '%s': '%s/index.txt' has no certificate with the serial %s",
			certificate, ca->folder, serial);
		return error_hint(
			reterr, "only what was issued from this folder can be revoked here");
	}
	if (entry->status == 'R')
		return already_revoked(certificate, entry, reterr);
	free(entry->revocation);
	entry->revocation = revocation_now(reason);
	entry->status = 'R';
	*ret = (struct revoked){ text_copy(serial), revoked_subject(entry->subject) };
	return true;
}

static bool add_reason(X509_REVOKED *revoked, const char *name, const char *more)
{
	size_t bytes = strlen(name);
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
		if (strlen(reasons[i].name) != bytes || memcmp(reasons[i].name, name, bytes) != 0)
			continue;
		if (reasons[i].number == CRL_REASON_UNSPECIFIED)
			return true;
		ASN1_ENUMERATED *number = ASN1_ENUMERATED_new();
		bool ok = number && ASN1_ENUMERATED_set(number, reasons[i].number) &&
			  X509_REVOKED_add1_ext_i2d(revoked, NID_crl_reason, number, 0, 0) == 1;
		ASN1_ENUMERATED_free(number);
		if (!ok || !reasons[i].has_time)
			return ok;
		ASN1_GENERALIZEDTIME *since = ASN1_GENERALIZEDTIME_new();
		ok = since && more && ASN1_GENERALIZEDTIME_set_string(since, more) &&
		     X509_REVOKED_add1_ext_i2d(revoked, NID_invalidity_date, since, 0, 0) == 1;
		ASN1_GENERALIZEDTIME_free(since);
		return ok;
	}
	return false;
}

/* A line of index.txt as an entry of the CRL: time, then perhaps ",reason" and ",more". */
static bool add_revoked(
	const struct ca *ca, X509_CRL *crl, const struct index_entry *entry, struct error *reterr)
{
	OWN(char) char *text = text_copy(entry->revocation);
	char *rest = text, *when = strsep(&rest, ",");
	char *reason = strsep(&rest, ",");
	X509_REVOKED *revoked = X509_REVOKED_new();
	ASN1_TIME *time = ASN1_TIME_new();
	OWN(BIGNUM) BIGNUM *number = NULL;
	OWN(ASN1_INTEGER) ASN1_INTEGER *serial = NULL;
	if (!revoked || !time)
		bug("out of memory");
	bool ok = ASN1_TIME_set_string(time, when) && BN_hex2bn(&number, entry->serial) &&
		  (serial = BN_to_ASN1_INTEGER(number, NULL)) != NULL &&
		  X509_REVOKED_set_revocationDate(revoked, time) &&
		  X509_REVOKED_set_serialNumber(revoked, serial) &&
		  (!reason || add_reason(revoked, reason, rest)) &&
		  X509_CRL_add0_revoked(crl, revoked);
	ASN1_TIME_free(time);
	ERR_clear_error();
	if (ok)
		return true;
	X509_REVOKED_free(revoked);
	return error_set(reterr, ERROR_INPUT,
		"cannot read '%s/index.txt': the serial %s was revoked at no time and for no "
		"reason that we know: '%s'",
		ca->folder, entry->serial, entry->revocation);
}

/* The CA's subjectKeyIdentifier; where it has none, its issuer and serial (RFC 5280 5.2.1). */
static bool add_authority(X509_CRL *crl, X509 *issuer)
{
	const ASN1_OCTET_STRING *identifier = X509_get0_subject_key_id(issuer);
	AUTHORITY_KEYID *authority = AUTHORITY_KEYID_new();
	bool ok = authority != NULL;
	if (ok && identifier) {
		authority->keyid = ASN1_OCTET_STRING_dup(identifier);
		ok = authority->keyid != NULL;
	} else if (ok) {
		GENERAL_NAME *name = GENERAL_NAME_new();
		X509_NAME *copy = X509_NAME_dup(X509_get_issuer_name(issuer));
		authority->issuer = GENERAL_NAMES_new();
		authority->serial = ASN1_INTEGER_dup(X509_get0_serialNumber(issuer));
		ok = name && copy && authority->issuer && authority->serial;
		if (!ok)
			bug("out of memory");
		GENERAL_NAME_set0_value(name, GEN_DIRNAME, copy);
		ok = sk_GENERAL_NAME_push(authority->issuer, name) > 0;
	}
	ok = ok && X509_CRL_add1_ext_i2d(crl, NID_authority_key_identifier, authority, 0, 0) == 1;
	AUTHORITY_KEYID_free(authority);
	return ok;
}

static bool set_head(const struct ca *ca, X509_CRL *crl, int days, const BIGNUM *number)
{
	time_t now = time(NULL);
	ASN1_TIME *from = ASN1_TIME_adj(NULL, now, 0, -CLOCK_SKEW_S);
	ASN1_TIME *until = ASN1_TIME_adj(NULL, now, days, 0);
	OWN(ASN1_INTEGER) ASN1_INTEGER *value = BN_to_ASN1_INTEGER(number, NULL);
	bool ok = from && until && value && X509_CRL_set_version(crl, X509_CRL_VERSION_2) &&
		  X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca->certificate)) &&
		  X509_CRL_set1_lastUpdate(crl, from) && X509_CRL_set1_nextUpdate(crl, until) &&
		  add_authority(crl, ca->certificate) &&
		  X509_CRL_add1_ext_i2d(crl, NID_crl_number, value, 0, 0) == 1;
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
	return ok;
}

static bool sign(struct ca *ca, X509_CRL *crl, struct error *reterr)
{
	const EVP_MD *digest = NULL;
	if (!key_digest(ca->key, NULL, &digest, reterr))
		return false;
	X509_CRL_sort(crl);
	return X509_CRL_sign(crl, ca->key, digest) ||
	       error_openssl(reterr, ERROR_INPUT, "cannot sign a CRL with '%s'", ca->key_path);
}

bool ca_crl(struct ca *ca, int days, struct buffer *ret, struct error *reterr)
{
	OWN(X509_CRL) X509_CRL *crl = X509_CRL_new();
	OWN(BIO) BIO *bio = BIO_new(BIO_s_mem());
	OWN(BIGNUM) BIGNUM *number = NULL;
	if (!crl || !bio || !BN_hex2bn(&number, ca->crl_number ? ca->crl_number : "01"))
		bug("out of memory");
	ERR_clear_error();
	if (!(X509_get_key_usage(ca->certificate) & KU_CRL_SIGN))
		return error_set(reterr, ERROR_INPUT,
			"cannot make a CRL: the key usage of '%s' lacks cRLSign",
			ca->certificate_path);
	if (!set_head(ca, crl, days, number))
		return error_openssl(reterr, ERROR_INPUT, "cannot make a CRL");
	for (size_t i = 0; i < ca->index.count; i++)
		if (ca->index.entries[i].status == 'R' &&
			!add_revoked(ca, crl, &ca->index.entries[i], reterr))
			return false;
	if (!sign(ca, crl, reterr))
		return false;
	char *text;
	if (!PEM_write_bio_X509_CRL(bio, crl) || !BN_add_word(number, 1))
		return error_openssl(reterr, ERROR_INPUT, "cannot write a CRL");
	long bytes = BIO_get_mem_data(bio, &text);
	if (!buffer_append(ret, text, (size_t)bytes, reterr))
		return false;
	OWN(ASN1_INTEGER) ASN1_INTEGER *next = BN_to_ASN1_INTEGER(number, NULL);
	if (!next)
		bug("out of memory");
	free(ca->crl_number);
	ca->crl_number = index_serial(next);
	return true;
}

const char *ca_crl_path(const struct ca *ca)
{
	return ca->crl_path;
}

size_t ca_revoked_count(const struct ca *ca)
{
	size_t count = 0;
	for (size_t i = 0; i < ca->index.count; i++)
		count += ca->index.entries[i].status == 'R';
	return count;
}
