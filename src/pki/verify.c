/*
 * The verifier: OpenSSL builds and checks the chain under parameters that we set explicitly, then
 * the profile's own rules look at what it accepted.
 */
#include "pki/describe.h"
#include "pki/verify_parts.h"

#include <openssl/err.h>

/* 112 bits of security: RSA-2048, P-224, SHA-224 and up. What TLS uses by default in Debian. */
#define SECURITY_LEVEL 2

/* What a peer may send before any signature of it is checked. */
#define UNTRUSTED_COUNT_MAX 32
#define UNTRUSTED_BYTES_MAX (100 * 1024)
#define KEY_BITS_MAX 8192

time_t verify_time(const struct verify_options *options)
{
	return options->at ? options->at : time(NULL);
}

/* ---- Before anything costs ---- */

static bool small_enough(X509 *certificate, int depth, struct finding *ret)
{
	const EVP_PKEY *key = X509_get0_pubkey(certificate);
	int bits = key ? EVP_PKEY_get_bits(key) : 0;
	if (bits <= KEY_BITS_MAX)
		return true;
	ret->code = CODE_KEY_TOO_LARGE;
	ret->x509_error = X509_V_ERR_CERT_REJECTED;
	ret->depth = depth;
	ret->culprit = certificate;
	snprintf(ret->detail, sizeof ret->detail, "%d bits, at most %d are taken", bits,
		KEY_BITS_MAX);
	return false;
}

static bool within_limits(X509 *leaf, const STACK_OF(X509) * untrusted, struct finding *ret)
{
	int count = untrusted ? sk_X509_num(untrusted) : 0;
	/* What came in a handshake begins with the leaf: it is counted once. */
	int first = count && sk_X509_value(untrusted, 0) == leaf;
	long long bytes = i2d_X509(leaf, NULL);
	count -= first;
	for (int i = 0; i < count && i < UNTRUSTED_COUNT_MAX; i++)
		bytes += i2d_X509(sk_X509_value(untrusted, first + i), NULL);
	if (count > UNTRUSTED_COUNT_MAX || bytes > UNTRUSTED_BYTES_MAX) {
		/* OpenSSL stops too many bytes before we do, with an alert of its own choice. */
		ret->code =
			count > UNTRUSTED_COUNT_MAX ? CODE_CHAIN_TOO_MANY : CODE_CHAIN_TOO_LARGE;
		ret->x509_error = X509_V_ERR_CERT_REJECTED;
		snprintf(ret->detail, sizeof ret->detail,
			"%d certificates; at most %d, of %d bytes together, are taken", count + 1,
			UNTRUSTED_COUNT_MAX + 1, UNTRUSTED_BYTES_MAX);
		return false;
	}
	/* Whatever is in there may be tried as an issuer, wherever it stands. */
	bool ok = small_enough(leaf, 0, ret);
	for (int i = 0; ok && i < count; i++)
		ok = small_enough(sk_X509_value(untrusted, first + i), i + 1, ret);
	return ok;
}

/* ---- One run ---- */

/* Hands the name that is asked for to OpenSSL. */
static bool ask_for_name(X509_VERIFY_PARAM *parameters, const struct verify_options *options,
	const struct asked_name *asked)
{
	/* The common name is no host name (RFC 9525 section 2), whatever OpenSSL falls back to. */
	if (options->profile != PROFILE_OPENSSL)
		X509_VERIFY_PARAM_set_hostflags(parameters,
			X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	switch (asked->kind) {
	case NAME_DNS:
		return X509_VERIFY_PARAM_set1_host(parameters, asked->text, 0);
	case NAME_IP:
		return X509_VERIFY_PARAM_set1_ip_asc(parameters, asked->text);
	case NAME_EMAIL:
		return X509_VERIFY_PARAM_set1_email(parameters, asked->text, 0);
	}
	return false;
}

static bool mismatch(const struct verify_options *options, X509 *leaf, int x509_error,
	const char *detail, struct finding *ret)
{
	ret->code = verify_role(options, leaf) == ROLE_SERVER ? CODE_SERVER_NAME_MISMATCH
							      : CODE_CLIENT_NAME_MISMATCH;
	ret->x509_error = x509_error;
	text_escape(ret->detail, sizeof ret->detail, detail, strlen(detail));
	return false;
}

/* OpenSSL heeds the flags for hosts only: an e-mail address in the subject still counts there. */
static bool email_is_in_san(const struct verify_options *options, X509 *leaf, struct finding *ret)
{
	struct asked_name asked;
	const char *fault;
	if (!options->name || !asked_name_parse(options->name, &asked, &fault) ||
		asked.kind != NAME_EMAIL ||
		X509_check_email(leaf, asked.text, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT) == 1)
		return true;
	return mismatch(options, leaf, X509_V_ERR_EMAIL_MISMATCH, options->name, ret);
}

static bool prepare(X509_STORE_CTX *context, const struct trust *trust,
	const struct verify_options *options, time_t at, struct finding *ret)
{
	static const struct {
		int purpose, trust;
	} purposes[] = {
		[PURPOSE_SERVER] = { X509_PURPOSE_SSL_SERVER, X509_TRUST_SSL_SERVER },
		[PURPOSE_CLIENT] = { X509_PURPOSE_SSL_CLIENT, X509_TRUST_SSL_CLIENT },
	};
	X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_auth_level(parameters, SECURITY_LEVEL);
	X509_VERIFY_PARAM_set_time(parameters, at);
	if (options->purpose != PURPOSE_ANY) {
		X509_VERIFY_PARAM_set_purpose(parameters, purposes[options->purpose].purpose);
		X509_VERIFY_PARAM_set_trust(parameters, purposes[options->purpose].trust);
	}
	if (options->depth_max >= 0)
		X509_VERIFY_PARAM_set_depth(parameters, options->depth_max);
	else if (options->profile != PROFILE_OPENSSL)
		X509_VERIFY_PARAM_set_depth(parameters, VERIFY_DEPTH_DEFAULT);
	if (trust_has_crl(trust))
		X509_VERIFY_PARAM_set_flags(
			parameters, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	struct asked_name asked;
	const char *fault;
	if (!options->name || (asked_name_parse(options->name, &asked, &fault) &&
				      ask_for_name(parameters, options, &asked)))
		return true;
	return mismatch(options, X509_STORE_CTX_get0_cert(context), X509_V_ERR_HOSTNAME_MISMATCH,
		"what was asked for is no name", ret);
}

static bool run(X509_STORE_CTX *context, const struct trust *trust,
	const struct verify_options *options, bool limited, struct finding *ret)
{
	time_t at = verify_time(options);
	*ret = (struct finding){ 0 };
	if (limited && !within_limits(X509_STORE_CTX_get0_cert(context),
			       X509_STORE_CTX_get0_untrusted(context), ret))
		return false;
	if (!prepare(context, trust, options, at, ret))
		return false;
	ERR_clear_error();
	if (!path_verify(context, trust, options, at, ret))
		return false;
	if (options->profile == PROFILE_OPENSSL)
		return true;
	if (!leaf_check(X509_STORE_CTX_get0_chain(context), options, ret) ||
		!email_is_in_san(options, X509_STORE_CTX_get0_cert(context), ret))
		return false;
	return options->profile != PROFILE_STRICT ||
	       strict_check(trust, X509_STORE_CTX_get0_chain(context), options, ret);
}

/* ---- What is said of it ---- */

static void describe(const X509 *certificate, struct verify_result *ret)
{
	describe_name(X509_get_subject_name(certificate), ret->subject, sizeof ret->subject);
	describe_name(X509_get_issuer_name(certificate), ret->issuer, sizeof ret->issuer);
	describe_serial(X509_get0_serialNumber(certificate), ret->serial, sizeof ret->serial);
}

/* Fills in *ret, and leaves in `context` what X509_verify_cert would. */
static void conclude(
	X509_STORE_CTX *context, const struct finding *finding, bool ok, struct verify_result *ret)
{
	X509 *leaf = X509_STORE_CTX_get0_cert(context);
	*ret = (struct verify_result){ .ok = ok, .depth = -1 };
	if (ok) {
		describe(leaf, ret);
		X509_STORE_CTX_set_error(context, X509_V_OK);
		return;
	}
	X509 *culprit = finding->culprit ? finding->culprit : leaf;
	describe(culprit, ret);
	ret->code = finding->code;
	ret->depth = finding->depth;
	ret->x509_error =
		finding->x509_error ? finding->x509_error : code_info(finding->code)->x509_error;
	if (!ret->x509_error)
		bug("code '%s' has no X.509 error", code_name(finding->code));
	OWN(char)
	char *why = text_format("certificate '%s' (serial %s): %s%s%s", ret->subject, ret->serial,
		code_info(finding->code)->text, *finding->detail ? ": " : "", finding->detail);
	snprintf(ret->why, sizeof ret->why, "%s", why);
	X509_STORE_CTX_set_error(context, ret->x509_error);
	X509_STORE_CTX_set_error_depth(context, finding->depth);
	X509_STORE_CTX_set_current_cert(context, culprit);
}

int verify_handshake(X509_STORE_CTX *context, const struct trust *trust,
	const struct verify_options *options, struct verify_result *ret)
{
	struct finding finding;
	bool ok = run(context, trust, options, true, &finding);
	conclude(context, &finding, ok, ret);
	/* What bad bytes left in the queue would be found by a later call. */
	ERR_clear_error();
	return ok;
}

void verify_leaf(const struct trust *trust, X509 *leaf, STACK_OF(X509) * untrusted,
	const struct verify_options *options, struct verify_result *ret)
{
	OWN(X509_STORE_CTX) X509_STORE_CTX *context = X509_STORE_CTX_new();
	if (!context || !X509_STORE_CTX_init(context, trust_store(trust), leaf, untrusted))
		bug("out of memory for a verification");
	struct finding finding;
	bool ok = run(context, trust, options, options->profile != PROFILE_OPENSSL, &finding);
	conclude(context, &finding, ok, ret);
	ERR_clear_error();
}

/* ---- Words of the command line ---- */

static bool word(const char *text, const char *const *words, int *ret)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(words[i], text)) {
			*ret = i;
			return true;
		}
	return false;
}

bool verify_profile_parse(const char *text, enum verify_profile *ret)
{
	static const char *const words[] = { "openssl", "mtls", "strict", NULL };
	int index;
	if (!word(text, words, &index))
		return false;
	*ret = (enum verify_profile)index;
	return true;
}

bool verify_eku_parse(const char *text, enum verify_eku *ret)
{
	static const char *const words[] = { "default", "strict", "standard", NULL };
	int index;
	if (!word(text, words, &index))
		return false;
	*ret = (enum verify_eku)index;
	return true;
}

bool verify_purpose_parse(const char *text, enum verify_purpose *ret)
{
	static const char *const words[] = { "any", "server", "client", NULL };
	int index;
	if (!word(text, words, &index))
		return false;
	*ret = (enum verify_purpose)index;
	return true;
}
