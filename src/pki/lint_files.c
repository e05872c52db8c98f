/* Lint of what is no certificate: keys, requests, CRLs, PFX files and configurations. */
#include "pki/lint_parts.h"
#include "pki/strict.h"

#include "pki/describe.h"
#include "pki/pfx.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

OWN_DEFINE(BASIC_CONSTRAINTS, BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free);
OWN_DEFINE(X509_SIG, X509_SIG, X509_SIG_free);
OWN_DEFINE(PBE2PARAM, PBE2PARAM, PBE2PARAM_free);
OWN_DEFINE(PBKDF2PARAM, PBKDF2PARAM, PBKDF2PARAM_free);

enum { DAY_S = 24 * 60 * 60 };
/* OpenSSL's 2048 are far below, KEY_PBKDF2_ROUNDS above. */
#define ROUNDS_MIN 100000

/* ---- Keys ---- */

/* PBKDF2's rounds; -1 where it is another function (scrypt). */
static long rounds_of(const X509_ALGOR *algorithm)
{
	const ASN1_OBJECT *object;
	const void *value;
	int type;
	X509_ALGOR_get0(&object, &type, &value, algorithm);
	if (OBJ_obj2nid(object) != NID_pbes2)
		return 1; /* the schemes before it: MD5 or SHA-1, a few thousand rounds at most */
	OWN(PBE2PARAM) PBE2PARAM *scheme =
		ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter);
	if (!scheme || OBJ_obj2nid(scheme->keyfunc->algorithm) != NID_id_pbkdf2)
		return -1;
	OWN(PBKDF2PARAM) PBKDF2PARAM *stretch =
		ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), scheme->keyfunc->parameter);
	return stretch ? ASN1_INTEGER_get(stretch->iter) : -1;
}

static void lint_rounds(const char *path, const struct buffer *text, struct lint_report *ret)
{
	long rounds = -1;
	OWN(BIO) BIO *bio = BIO_new_mem_buf(text->data, (int)text->length);
	if (!bio)
		bug("out of memory for a key");
	OWN(X509_SIG) X509_SIG *sealed = PEM_read_bio_PKCS8(bio, NULL, NULL, NULL);
	ERR_clear_error();
	if (sealed) {
		const X509_ALGOR *algorithm;
		X509_SIG_get0(sealed, &algorithm, NULL);
		rounds = rounds_of(algorithm);
	} else if (strstr(text->data, "\nDEK-Info:")) {
		rounds = 1; /* one MD5 (PEM_read's own form) */
	}
	if (rounds >= 0 && rounds < ROUNDS_MIN)
		lint_add(ret, CODE_KEY_FEW_ROUNDS, path, 0,
			text_format("the passphrase of '%s' is stretched by %ld round%s; 600000 "
				    "are usual",
				path, rounds, rounds == 1 ? "" : "s"),
			NULL);
}

void lint_key_file(const char *path, const struct bundle *bundle, struct lint_report *ret)
{
	struct stat found;
	struct error ignored;
	OWN(buffer) struct buffer text = BUFFER(FILE_INPUT_BYTES_MAX);
	text.secret = true;
	if (!bundle->counts[BUNDLE_KEY])
		return;
	if (!bundle->key_encrypted && stat(path, &found) == 0 && (found.st_mode & S_IROTH)) {
		OWN(char) char *fix = text_format("chmod 600 %s", path);
		lint_add(ret, CODE_KEY_FILE_READABLE, path, 0,
			text_format("'%s' holds a private key without a passphrase and has mode "
				    "%04o",
				path, (unsigned)found.st_mode & 07777),
			fix);
	}
	if (bundle->key_encrypted && strcmp(path, "-") != 0 && file_read(path, &text, &ignored))
		lint_rounds(path, &text, ret);
}

/* ---- Requests ---- */

void lint_request(const char *path, X509_REQ *request, struct lint_report *ret)
{
	EVP_PKEY *key = X509_REQ_get0_pubkey(request);
	OWN(extensions) STACK_OF(X509_EXTENSION) *asked = X509_REQ_get_extensions(request);
	OWN(BASIC_CONSTRAINTS)
	BASIC_CONSTRAINTS *constraints = X509V3_get_d2i(asked, NID_basic_constraints, NULL, NULL);
	int count = sk_X509_EXTENSION_num(asked);
	if (!key || X509_REQ_verify(request, key) != 1)
		lint_add(ret, CODE_REQUEST_BAD_SIGNATURE, path, 0,
			text_format("the signature of the request '%s' does not hold", path), NULL);
	if (constraints && constraints->ca)
		lint_add(ret, CODE_REQUEST_ASKS_CA, path, 0,
			text_format("the request '%s' asks for CA:TRUE", path), NULL);
	if (count > 0)
		lint_add(ret, CODE_REQUEST_EXTENSIONS, path, 0,
			text_format("the request '%s' asks for %d extension%s, which `openssl x509 "
				    "-req` drops without -copy_extensions",
				path, count, count == 1 ? "" : "s"),
			NULL);
	ERR_clear_error();
}

/* ---- CRLs ---- */

struct place {
	const char *path;
	struct lint_report *report;
};

static void add_text(void *context, enum code code, const char *text)
{
	const struct place *place = context;
	lint_add(place->report, code, place->path, 0, text_copy(text), NULL);
}

void lint_crl(const char *path, X509_CRL *crl, time_t now, struct lint_report *ret)
{
	struct place place = { path, ret };
	char text[CLOCK_RFC3339_BYTES];
	time_t from = describe_time(X509_CRL_get0_lastUpdate(crl), now);
	time_t until = describe_time(X509_CRL_get0_nextUpdate(crl), now + 2 * DAY_S);
	if (now > until)
		lint_add(ret, CODE_CRL_EXPIRED, path, 0,
			text_format("the CRL '%s' expired on %s: who uses it refuses everybody",
				path, clock_rfc3339(until, text)),
			NULL);
	else if (until - now < DAY_S)
		lint_add(ret, CODE_CRL_EXPIRES_SOON, path, 0,
			text_format("the CRL '%s' expires on %s", path, clock_rfc3339(until, text)),
			NULL);
	if (now < from)
		lint_add(ret, CODE_CRL_NOT_YET_VALID, path, 0,
			text_format("the CRL '%s' is not valid before %s", path,
				clock_rfc3339(from, text)),
			NULL);
	strict_each_crl(crl, add_text, &place);
}

/* ---- PFX ---- */

static bool is_rc2_40(const X509_ALGOR *algorithm)
{
	int nid = algorithm ? OBJ_obj2nid(algorithm->algorithm) : NID_undef;
	return nid == NID_pbe_WithSHA1And40BitRC2_CBC;
}

static bool has_old_bag(const PKCS7 *part)
{
	bool old = false;
	STACK_OF(PKCS12_SAFEBAG) *bags = PKCS12_unpack_p7data((PKCS7 *)(uintptr_t)part);
	for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); i++) {
		const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);
		const X509_ALGOR *algorithm = NULL;
		if (PKCS12_SAFEBAG_get_nid(bag) != NID_pkcs8ShroudedKeyBag)
			continue;
		X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &algorithm, NULL);
		old = old || is_rc2_40(algorithm);
	}
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	return old;
}

static bool has_old_cipher(const PKCS12 *pfx)
{
	bool old = false;
	STACK_OF(PKCS7) *parts = PKCS12_unpack_authsafes(pfx);
	for (int i = 0; i < sk_PKCS7_num(parts); i++) {
		const PKCS7 *part = sk_PKCS7_value(parts, i);
		if (PKCS7_type_is_encrypted(part) && part->d.encrypted)
			old = old || is_rc2_40(part->d.encrypted->enc_data->algorithm);
		else if (PKCS7_type_is_data(part))
			old = old || has_old_bag(part);
	}
	sk_PKCS7_pop_free(parts, PKCS7_free);
	ERR_clear_error();
	return old;
}

bool lint_pfx(const char *path, const struct bundle *bundle, const struct lint_options *options,
	struct lint_report *ret, struct error *reterr)
{
	bool mac = PKCS12_mac_present(bundle->pfx);
	if (has_old_cipher(bundle->pfx))
		lint_add(ret, CODE_PFX_OLD_CIPHER, path, 0,
			text_format("'%s' is encrypted with 40-bit RC2", path), NULL);
	if (!mac)
		lint_add(ret, CODE_PFX_WITHOUT_MAC, path, 0, text_format("'%s' has no MAC", path),
			NULL);
	if (mac &&
		(PKCS12_verify_mac(bundle->pfx, "", 0) || PKCS12_verify_mac(bundle->pfx, NULL, 0)))
		lint_add(ret, CODE_PFX_NO_PASSWORD, path, 0,
			text_format("'%s' opens with an empty password", path), NULL);
	ERR_clear_error();
	if (!options->password)
		return true;
	OWN(pfx) struct pfx *pfx = NULL;
	if (!pfx_open(path, bundle->pfx, options->password, &pfx, reterr))
		return false;
	if (pfx->leaf)
		lint_certificate(pfx->leaf, path, options->role, options->now, ret);
	for (int i = 0; i < sk_X509_num(pfx->others); i++)
		lint_certificate(sk_X509_value(pfx->others, i), path, NULL, options->now, ret);
	return true;
}

/* ---- Configurations ---- */

void lint_profile(const struct profile *profile, struct lint_report *ret)
{
	size_t count;
	const struct profile_warning *warnings = profile_warnings(profile, &count);
	for (size_t i = 0; i < count; i++)
		lint_add(ret, warnings[i].code, profile_path(profile), warnings[i].line,
			text_copy(warnings[i].text), NULL);
}

/* The role whose section stands there, as `mtls init` and `mtls issue` write it; else what the
 * request's section, or the file's name, says. */
static bool find_role(const struct profile *profile, const char *wanted, enum role *ret)
{
	static const char *const sections[ROLE_COUNT] = {
		[ROLE_CA] = "v3_ca",
		[ROLE_SERVER] = "v3_server",
		[ROLE_CLIENT] = "v3_client",
		[ROLE_PEER] = "v3_peer",
	};
	if (wanted)
		return role_parse(wanted, ret);
	for (int role = ROLE_COUNT - 1; role >= 0; role--)
		if (profile_name_at(profile, sections[role], 0)) {
			*ret = (enum role)role;
			return true;
		}
	if (profile_value(profile, "req", "x509_extensions")) {
		*ret = ROLE_CA;
		return true;
	}
	const char *section = profile_value(profile, "req", "req_extensions");
	const char *usage = section ? profile_value(profile, section, "extendedKeyUsage") : NULL;
	if (!section)
		return false;
	bool client = usage ? strstr(usage, "clientAuth") && !strstr(usage, "serverAuth")
			    : strstr(file_name(profile_path(profile)), "client") != NULL;
	*ret = client ? ROLE_CLIENT : ROLE_SERVER;
	return true;
}

bool lint_configuration(
	const char *path, const char *role, struct lint_report *ret, struct error *reterr)
{
	OWN(profile) struct profile *profile = NULL;
	const char *section;
	enum role found;
	if (!profile_load(path, &profile, reterr))
		return false;
	if (find_role(profile, role, &found) &&
		!profile_section(profile, found, NULL, &section, reterr))
		return false;
	lint_profile(profile, ret);
	return true;
}
