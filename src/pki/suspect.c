/* A client's certificate under suspicion: each check is one that a server would make. */
#include "pki/suspect.h"

#include "pki/bundle.h"
#include "pki/describe.h"
#include "pki/verify_parts.h"

#include <dirent.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#define NEIGHBOURS_MAX 256
#define RSA_BITS_MIN 2048

struct search {
	const struct suspects_question *question;
	X509 *leaf;
	STACK_OF(X509) * behind;
	struct suspects *ret;
	char leaf_name[256];
};

static struct suspect *add(struct search *search, enum code code, bool proven, bool soft,
	const char *format, ...) __attribute__((format(printf, 5, 6)));
static struct suspect *add(
	struct search *search, enum code code, bool proven, bool soft, const char *format, ...)
{
	static struct suspect spare; /* where there is no room left nobody reads */
	struct suspects *ret = search->ret;
	for (size_t i = 0; i < ret->count; i++)
		if (ret->list[i].code == code)
			return &spare;
	if (ret->count == SUSPECTS_MAX)
		return &spare;
	struct suspect *one = &ret->list[ret->count++];
	*one = (struct suspect){ .code = code, .proven = proven, .soft = soft };
	va_list arguments;
	va_start(arguments, format);
	OWN(char) char *text = text_format_list(format, arguments);
	va_end(arguments);
	snprintf(one->evidence, sizeof one->evidence, "%s", text);
	return one;
}

/* ---- The leaf by itself ---- */

static void check_time(struct search *search)
{
	char text[CLOCK_RFC3339_BYTES];
	time_t now = search->question->now;
	time_t from = describe_time(X509_get0_notBefore(search->leaf), now);
	time_t until = describe_time(X509_get0_notAfter(search->leaf), now);
	if (now > until)
		add(search, CODE_CLIENT_EXPIRED, true, false, "'%s' in '%s' expired on %s",
			search->leaf_name, search->question->cert, clock_rfc3339(until, text));
	if (now < from)
		add(search, CODE_CLIENT_NOT_YET_VALID, true, false,
			"'%s' in '%s' is not valid before %s", search->leaf_name,
			search->question->cert, clock_rfc3339(from, text));
}

static void check_usage(struct search *search)
{
	X509 *leaf = search->leaf;
	const char *name = search->leaf_name;
	uint32_t flags = X509_get_extension_flags(leaf);
	uint32_t keys = X509_get_key_usage(leaf);
	if (X509_get_version(leaf) < X509_VERSION_3)
		add(search, CODE_CLIENT_V1, true, true, "'%s' is X.509 version 1", name);
	if (flags & EXFLAG_CA)
		add(search, CODE_CLIENT_IS_CA, true, true, "'%s' says CA:TRUE", name);
	if ((flags & EXFLAG_XKUSAGE) && !(X509_get_extended_key_usage(leaf) & XKU_SSL_CLIENT))
		add(search, CODE_CLIENT_WRONG_EKU, true, false,
			"the extendedKeyUsage of '%s' lacks clientAuth", name);
	else if (!(flags & EXFLAG_XKUSAGE))
		add(search, CODE_CLIENT_NO_EKU, true, true, "'%s' has no extendedKeyUsage", name);
	/* OpenSSL takes keyAgreement for enough. */
	if ((flags & EXFLAG_KUSAGE) && !(keys & KU_DIGITAL_SIGNATURE))
		add(search, CODE_CLIENT_WRONG_KEY_USAGE, true, keys & KU_KEY_AGREEMENT,
			"the keyUsage of '%s' lacks digitalSignature", name);
}

static void check_strength(struct search *search)
{
	const EVP_PKEY *key = X509_get0_pubkey(search->leaf);
	int bits = key ? EVP_PKEY_get_bits(key) : 0, digest = NID_undef;
	bool rsa = key && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
	if (rsa && bits < RSA_BITS_MIN)
		add(search, CODE_CLIENT_WEAK_KEY, true, false, "the key of '%s' is RSA of %d bits",
			search->leaf_name, bits);
	if (X509_get_signature_info(search->leaf, &digest, NULL, NULL, NULL) &&
		(digest == NID_sha1 || digest == NID_md5))
		add(search, CODE_CLIENT_WEAK_DIGEST, true, false, "'%s' is signed with %s",
			search->leaf_name, OBJ_nid2sn(digest));
}

/* ---- The CAs that the server names ---- */

static bool is_named(const json_t *authorities, const X509_NAME *name)
{
	char text[VERIFY_NAME_BYTES];
	describe_name(name, text, sizeof text);
	for (size_t i = 0; i < json_array_size(authorities); i++)
		if (!strcmp(json_string_value(json_array_get(authorities, i)), text))
			return true;
	return false;
}

/* The last certificate that we send: the server must know who issued it. */
static X509 *top_of(const struct search *search)
{
	int count = sk_X509_num(search->behind);
	X509 *top = count ? sk_X509_value(search->behind, count - 1) : search->leaf;
	bool root = X509_check_issued(top, top) == X509_V_OK;
	ERR_clear_error();
	return root && count ? (count > 1 ? sk_X509_value(search->behind, count - 2) : search->leaf)
			     : top;
}

static void check_names(struct search *search)
{
	const json_t *authorities = search->question->authorities;
	search->ret->names_given = json_array_size(authorities) > 0;
	search->ret->names_ours = is_named(authorities, X509_get_issuer_name(search->leaf)) ||
				  is_named(authorities, X509_get_issuer_name(top_of(search)));
}

/* ---- Who issued the top: perhaps its certificate lies beside ours ---- */

static X509 *issuer_in(const char *path, X509 *certificate)
{
	struct error ignored;
	OWN(certificates) STACK_OF(X509) *found = NULL;
	if (!bundle_certificates(path, &found, &ignored))
		return NULL;
	for (int i = 0; i < sk_X509_num(found); i++) {
		X509 *candidate = sk_X509_value(found, i);
		EVP_PKEY *key = X509_get0_pubkey(candidate);
		bool issued = key && X509_check_issued(candidate, certificate) == X509_V_OK &&
			      X509_verify(certificate, key) == 1;
		ERR_clear_error();
		if (issued && X509_up_ref(candidate))
			return candidate;
	}
	return NULL;
}

static X509 *issuer_beside(const struct search *search, X509 *certificate, char **ret_path)
{
	const char *cert = search->question->cert;
	OWN(char) char *folder = text_format("%.*s", (int)(file_name(cert) - cert), cert);
	DIR *listing = opendir(*folder ? folder : ".");
	const struct dirent *entry;
	X509 *found = NULL;
	for (int i = 0; listing && !found && i < NEIGHBOURS_MAX && (entry = readdir(listing));
		i++) {
		const char *dot = strrchr(entry->d_name, '.');
		if (!dot || (strcasecmp(dot, ".crt") && strcasecmp(dot, ".pem") &&
				    strcasecmp(dot, ".cer")))
			continue;
		OWN(char) char *path = text_format("%s%s", folder, entry->d_name);
		found = issuer_in(path, certificate);
		if (found)
			*ret_path = TAKE(path);
	}
	if (listing)
		closedir(listing);
	return found;
}

/* No way from our top to a CA that the server names, or that we trust: a stranger, or a gap? */
static void check_gap(struct search *search, bool proven)
{
	char issuer[256], above[256];
	X509 *top = top_of(search);
	OWN(char) char *path = NULL;
	OWN(X509) X509 *beside = issuer_beside(search, top, &path);
	describe_name(X509_get_issuer_name(top), issuer, sizeof issuer);
	const char *asked = search->ret->names_given ? "that the server asks for" : "that we trust";
	if (!beside) {
		add(search, CODE_CLIENT_UNKNOWN_CA, false, false,
			"'%s' is issued by '%s', which is no CA %s", search->leaf_name, issuer,
			asked);
		add(search, CODE_CLIENT_CHAIN_INCOMPLETE, false, false,
			"'%s' would fit if it is an intermediate: it is not in '%s'", issuer,
			search->question->cert);
		return;
	}
	bool root = X509_check_issued(beside, beside) == X509_V_OK;
	ERR_clear_error();
	describe_name(X509_get_issuer_name(beside), above, sizeof above);
	bool known = is_named(search->question->authorities, X509_get_issuer_name(beside));
	if (!root && (known || !search->ret->names_given)) {
		struct suspect *one = add(search, CODE_CLIENT_CHAIN_INCOMPLETE, proven, false,
			"'%s' issued '%s' and lies in '%s', but '%s' does not send it", issuer,
			search->leaf_name, path, search->question->cert);
		snprintf(one->fix, sizeof one->fix, "cat %s %s >chain.pem, then --cert chain.pem",
			search->question->cert, path);
		return;
	}
	add(search, CODE_CLIENT_UNKNOWN_CA, proven, false,
		"'%s' is issued by '%s' (in '%s'), which is no CA %s", search->leaf_name, issuer,
		path, asked);
}

/* ---- The path, as a server would build it that trusts what we trust ---- */

static bool is_gap(enum code code)
{
	return code == CODE_CLIENT_UNKNOWN_CA || code == CODE_CLIENT_CHAIN_INCOMPLETE;
}

/* Whether one of our anchors has a name that the server asks for. */
static bool shares_anchor(const struct search *search, const struct trust *trust)
{
	const STACK_OF(X509) *anchors = trust_anchors(trust);
	for (int i = 0; i < sk_X509_num(anchors); i++)
		if (is_named(search->question->authorities,
			    X509_get_subject_name(sk_X509_value(anchors, i))))
			return true;
	return false;
}

static bool check_path(struct search *search, struct error *reterr)
{
	const struct suspects_question *question = search->question;
	OWN(trust) struct trust *trust = NULL;
	struct verify_result result;
	const struct verify_options options = { .profile = PROFILE_OPENSSL,
		.purpose = PURPOSE_CLIENT,
		.at = question->now,
		.depth_max = -1 };
	if (!trust_load(question->ca, question->ca_count, NULL, 0, &trust, reterr))
		return false;
	verify_leaf(trust, search->leaf, search->behind, &options, &result);
	bool shared = shares_anchor(search, trust);
	/* Where nobody is named, the CA that we trust is the best guess, and no more. */
	search->ret->verified = result.ok;
	if (!result.ok && is_gap(result.code)) {
		if (!search->ret->names_ours)
			check_gap(search, search->ret->names_given);
	} else if (!result.ok) {
		/* A CA of the same name is only the server's if the server asks for that name. */
		bool proven = shared ||
			      (!search->ret->names_given && result.code != CODE_CLIENT_CA_REKEYED);
		add(search, result.code, proven, false, "against '%s': %s", question->ca[0],
			result.why);
	}
	if (result.ok && search->ret->names_given && !search->ret->names_ours)
		check_gap(search, true);
	if (!question->crl_count)
		return true;
	OWN(trust) struct trust *with_crl = NULL;
	if (!trust_load(question->ca, question->ca_count, question->crl, question->crl_count,
		    &with_crl, reterr))
		return false;
	verify_leaf(with_crl, search->leaf, search->behind, &options, &result);
	if (!result.ok && (result.code == CODE_CLIENT_REVOKED || result.code == CODE_CRL_EXPIRED))
		add(search, result.code, result.code == CODE_CLIENT_REVOKED, false, "by '%s': %s",
			question->crl[0], result.why);
	return true;
}

bool suspects_find(
	const struct suspects_question *question, struct suspects *ret, struct error *reterr)
{
	OWN(certificates) STACK_OF(X509) *behind = NULL;
	if (!bundle_certificates(question->cert, &behind, reterr))
		return false;
	OWN(X509) X509 *leaf = sk_X509_shift(behind);
	*ret = (struct suspects){ .chain_count = (size_t)sk_X509_num(behind) };
	struct search search = { .question = question, .leaf = leaf, .behind = behind, .ret = ret };
	describe_name(X509_get_subject_name(leaf), ret->subject, sizeof ret->subject);
	describe_name(X509_get_issuer_name(leaf), ret->issuer, sizeof ret->issuer);
	snprintf(search.leaf_name, sizeof search.leaf_name, "%s", ret->subject);
	check_time(&search);
	check_usage(&search);
	check_strength(&search);
	check_names(&search);
	if (question->ca_count) {
		if (!check_path(&search, reterr))
			return false;
	} else if (ret->names_given && !ret->names_ours) {
		if (X509_check_issued(leaf, leaf) == X509_V_OK)
			add(&search, CODE_CLIENT_SELF_SIGNED, true, false,
				"'%s' is signed by itself, and no CA that the server asks for",
				ret->subject);
		else
			check_gap(&search, true);
	}
	ERR_clear_error();
	return true;
}

/* ---- What a server wrote ---- */

static const struct {
	int x509_error;
	enum code code;
	const char *word; /* Node's name for it (X509_verify_cert_error_string is OpenSSL's) */
} known[] = {
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, CODE_CLIENT_UNKNOWN_CA,
		"UNABLE_TO_GET_ISSUER_CERT_LOCALLY" },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, CODE_CLIENT_UNKNOWN_CA,
		"UNABLE_TO_GET_ISSUER_CERT" },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, CODE_CLIENT_UNKNOWN_CA,
		"UNABLE_TO_VERIFY_LEAF_SIGNATURE" },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, CODE_CLIENT_UNKNOWN_CA,
		"SELF_SIGNED_CERT_IN_CHAIN" },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, CODE_CLIENT_SELF_SIGNED,
		"DEPTH_ZERO_SELF_SIGNED_CERT" },
	{ X509_V_ERR_CERT_HAS_EXPIRED, CODE_CLIENT_EXPIRED, "CERT_HAS_EXPIRED" },
	{ X509_V_ERR_CERT_NOT_YET_VALID, CODE_CLIENT_NOT_YET_VALID, "CERT_NOT_YET_VALID" },
	{ X509_V_ERR_CERT_REVOKED, CODE_CLIENT_REVOKED, "CERT_REVOKED" },
	{ X509_V_ERR_UNABLE_TO_GET_CRL, CODE_CRL_MISSING, "UNABLE_TO_GET_CRL" },
	{ X509_V_ERR_CRL_HAS_EXPIRED, CODE_CRL_EXPIRED, "CRL_HAS_EXPIRED" },
	{ X509_V_ERR_CRL_SIGNATURE_FAILURE, CODE_CRL_BAD_SIGNATURE, "CRL_SIGNATURE_FAILURE" },
	{ X509_V_ERR_INVALID_PURPOSE, CODE_CLIENT_WRONG_EKU, "INVALID_PURPOSE" },
	{ X509_V_ERR_PATH_LENGTH_EXCEEDED, CODE_CLIENT_PATH_LENGTH, "PATH_LENGTH_EXCEEDED" },
	{ X509_V_ERR_CERT_CHAIN_TOO_LONG, CODE_CLIENT_CHAIN_TOO_LONG, "CERT_CHAIN_TOO_LONG" },
	{ X509_V_ERR_INVALID_CA, CODE_CLIENT_ISSUER_NOT_CA, "INVALID_CA" },
	{ X509_V_ERR_CERT_SIGNATURE_FAILURE, CODE_CLIENT_BAD_SIGNATURE, "CERT_SIGNATURE_FAILURE" },
	{ X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, CODE_CLIENT_CRITICAL_EXTENSION, NULL },
	{ X509_V_ERR_PERMITTED_VIOLATION, CODE_CLIENT_NAME_CONSTRAINT, NULL },
	{ X509_V_ERR_EXCLUDED_VIOLATION, CODE_CLIENT_NAME_CONSTRAINT, NULL },
	{ X509_V_ERR_CA_MD_TOO_WEAK, CODE_CLIENT_WEAK_DIGEST, NULL },
	{ X509_V_ERR_EE_KEY_TOO_SMALL, CODE_CLIENT_WEAK_KEY, NULL },
	{ X509_V_ERR_CA_KEY_TOO_SMALL, CODE_CLIENT_WEAK_KEY, NULL },
};

enum code suspect_code(int x509_error)
{
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].x509_error == x509_error)
			return known[i].code;
	return CODE_NONE;
}

/* Whole: "ERR_INVALID_CALLBACK" has no "INVALID_CA". */
static bool has_name(const char *text, const char *name)
{
	for (const char *at = text; (at = strstr(at, name)) != NULL; at++) {
		char next = at[strlen(name)];
		if (next != '_' && (next < 'A' || next > 'Z'))
			return true;
	}
	return false;
}

int suspect_error_in(const char *text)
{
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcasestr(text, X509_verify_cert_error_string(known[i].x509_error)) ||
			(known[i].word && has_name(text, known[i].word)))
			return known[i].x509_error;
	return 0;
}

const char *suspect_error_text(int x509_error)
{
	return X509_verify_cert_error_string(x509_error);
}
