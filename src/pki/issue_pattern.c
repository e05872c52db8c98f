/* Learns what certificates of one kind have in common, and writes the others. */
#include "pki/issue_pattern.h"

#include <openssl/err.h>
#include <openssl/sha.h>

/* A pattern is at most this long, so that another name always has room. */
enum { PATTERN_BYTES_MAX = DER_BYTES_MAX / 2 };

static const unsigned char common_name[] = { 0x06, 3, 0x55, 4, 3 };
static const unsigned char key_identifier[] = { 0x06, 3, 0x55, 0x1d, 14 };
static const unsigned char alternative_name[] = { 0x06, 3, 0x55, 0x1d, 17 };
/* RFC 2985 section 5.4.2: 1.2.840.113549.1.9.14 */
static const unsigned char extension_request[] = { 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1,
	9, 14 };
static const unsigned char version_3[] = { DER_CONTEXT, 3, DER_INTEGER, 1, 2 };
static const unsigned char request_version[] = { DER_INTEGER, 1, 0 };

/* A part that all have, as DER. */
struct part {
	unsigned char *bytes; /* OpenSSL's to free */
	size_t count;
};

struct extension_part {
	struct part whole; /* empty where it is made for each: what then says which */
	enum { WHOLE, KEY_IDENTIFIER, NAMES } what;
};

/* What a certificate and a request both have. */
struct form {
	struct part algorithm; /* of the signature */
	struct extension_part *extensions;
	size_t count;
};

struct pattern {
	X509 *first;
	struct form certificate, request;
	struct part issuer, not_before, not_after;
	const EVP_MD *request_digest;
};

static void form_done(struct form *form)
{
	for (size_t i = 0; i < form->count; i++)
		OPENSSL_free(form->extensions[i].whole.bytes);
	free(form->extensions);
	OPENSSL_free(form->algorithm.bytes);
}

void pattern_free(struct pattern *pattern)
{
	if (!pattern)
		return;
	form_done(&pattern->certificate);
	form_done(&pattern->request);
	OPENSSL_free(pattern->issuer.bytes);
	OPENSSL_free(pattern->not_before.bytes);
	OPENSSL_free(pattern->not_after.bytes);
	X509_free(pattern->first);
	free(pattern);
}

const X509 *pattern_certificate(const struct pattern *pattern)
{
	return pattern->first;
}

/* Takes what an i2d function returned. */
static void keep(struct part *part, int count)
{
	if (count <= 0)
		bug("out of memory for a part of a certificate");
	part->count = (size_t)count;
}

static void learn_form(
	struct form *form, const X509_ALGOR *algorithm, const STACK_OF(X509_EXTENSION) * extensions)
{
	keep(&form->algorithm, i2d_X509_ALGOR(algorithm, &form->algorithm.bytes));
	for (int i = 0; i < sk_X509_EXTENSION_num(extensions); i++) {
		X509_EXTENSION *extension = sk_X509_EXTENSION_value(extensions, i);
		struct extension_part part = { 0 };
		switch (OBJ_obj2nid(X509_EXTENSION_get_object(extension))) {
		case NID_subject_key_identifier:
			part.what = KEY_IDENTIFIER;
			break;
		case NID_subject_alt_name:
			part.what = NAMES;
			break;
		default:
			keep(&part.whole, i2d_X509_EXTENSION(extension, &part.whole.bytes));
		}
		form->extensions = list_grow(
			form->extensions, form->count, sizeof *form->extensions, "extensions");
		form->extensions[form->count++] = part;
	}
}

static void put_part(struct der *der, const struct part *part)
{
	der_put(der, part->bytes, part->count);
}

/* RFC 5280 section 4.2.1.2, its first way. */
static void put_key_identifier(struct der *der, const struct key_p256 *key)
{
	unsigned char digest[SHA_DIGEST_LENGTH];
	SHA1(key->point, sizeof key->point, digest);
	der_put(der, digest, sizeof digest);
	der_head(der, DER_OCTETS, der->at + sizeof digest);
}

static void put_names(struct der *der, GENERAL_NAMES *names)
{
	struct part part = { 0 };
	keep(&part, i2d_GENERAL_NAMES(names, &part.bytes));
	put_part(der, &part);
	OPENSSL_free(part.bytes);
}

static void put_extension(struct der *der, const struct extension_part *extension,
	const struct pattern_fields *fields)
{
	size_t end = der->at;
	if (extension->what == WHOLE) {
		put_part(der, &extension->whole);
		return;
	}
	if (extension->what == KEY_IDENTIFIER)
		put_key_identifier(der, fields->key);
	else
		put_names(der, fields->names);
	der_head(der, DER_OCTETS, end);
	der_put(der, extension->what == KEY_IDENTIFIER ? key_identifier : alternative_name,
		sizeof key_identifier);
	der_head(der, DER_SEQUENCE, end);
}

static void put_extensions(
	struct der *der, const struct form *form, const struct pattern_fields *fields)
{
	size_t end = der->at;
	for (size_t i = form->count; i-- > 0;)
		put_extension(der, &form->extensions[i], fields);
	der_head(der, DER_SEQUENCE, end);
}

/* The subject, and behind it the key. */
static void put_holder(struct der *der, const struct pattern_fields *fields)
{
	unsigned char public[KEY_P256_PUBLIC_BYTES];
	key_p256_public(fields->key, public);
	der_put(der, public, sizeof public);
	size_t end = der->at;
	der_put(der, fields->name, strlen(fields->name));
	der_head(der, DER_UTF8, end);
	der_put(der, common_name, sizeof common_name);
	der_head(der, DER_SEQUENCE, end);
	der_head(der, DER_SET, end);
	der_head(der, DER_SEQUENCE, end);
}

/* CertificationRequestInfo, RFC 2986 section 4.1. */
static void put_request(
	struct der *der, const struct pattern *pattern, const struct pattern_fields *fields)
{
	der_begin(der);
	size_t end = der->at;
	put_extensions(der, &pattern->request, fields);
	der_head(der, DER_SET, end);
	der_put(der, extension_request, sizeof extension_request);
	der_head(der, DER_SEQUENCE, end);
	der_head(der, DER_CONTEXT, end);
	put_holder(der, fields);
	der_put(der, request_version, sizeof request_version);
	der_head(der, DER_SEQUENCE, end);
}

/* TBSCertificate, RFC 5280 section 4.1. */
static void put_certificate(
	struct der *der, const struct pattern *pattern, const struct pattern_fields *fields)
{
	struct part serial = { 0 };
	der_begin(der);
	size_t end = der->at;
	put_extensions(der, &pattern->certificate, fields);
	der_head(der, DER_CONTEXT + 3, end);
	put_holder(der, fields);
	size_t validity = der->at;
	put_part(der, &pattern->not_after);
	put_part(der, &pattern->not_before);
	der_head(der, DER_SEQUENCE, validity);
	put_part(der, &pattern->issuer);
	put_part(der, &pattern->certificate.algorithm);
	keep(&serial, i2d_ASN1_INTEGER(fields->serial, &serial.bytes));
	put_part(der, &serial);
	OPENSSL_free(serial.bytes);
	der_put(der, version_3, sizeof version_3);
	der_head(der, DER_SEQUENCE, end);
}

/* What is signed, with algorithm and signature behind it. */
static void put_signed(struct der *der, const struct der *content, const struct part *algorithm,
	const struct key_signature *signature)
{
	static const unsigned char no_spare_bits;
	size_t count;
	const unsigned char *bytes = der_bytes(content, &count);
	der_begin(der);
	size_t end = der->at;
	der_put(der, signature->bytes, signature->count);
	der_put(der, &no_spare_bits, 1);
	der_head(der, DER_BITS, end);
	put_part(der, algorithm);
	der_put(der, bytes, count);
	der_head(der, DER_SEQUENCE, end);
}

bool pattern_write_request(const struct pattern *pattern, const struct pattern_fields *fields,
	EVP_PKEY *key, struct der *spare, struct der *ret, struct error *reterr)
{
	struct key_signature signature;
	size_t count;
	put_request(spare, pattern, fields);
	const unsigned char *bytes = der_bytes(spare, &count);
	if (!key_sign(key, pattern->request_digest, bytes, count, &signature))
		return error_openssl(reterr, ERROR_BUG, "cannot sign a signing request");
	put_signed(ret, spare, &pattern->request.algorithm, &signature);
	return true;
}

bool pattern_write_certificate(const struct pattern *pattern, const struct pattern_fields *fields,
	const struct ca *ca, struct der *spare, struct der *ret, struct error *reterr)
{
	struct key_signature signature;
	size_t count;
	put_certificate(spare, pattern, fields);
	const unsigned char *bytes = der_bytes(spare, &count);
	if (!ca_sign_bytes(ca, bytes, count, &signature, reterr))
		return false;
	put_signed(ret, spare, &pattern->certificate.algorithm, &signature);
	return true;
}

/* Compares with what OpenSSL encodes, and frees that. */
static bool is_same(const struct der *der, unsigned char *encoded, int encoded_count)
{
	size_t count;
	const unsigned char *bytes = der_bytes(der, &count);
	bool same = encoded_count > 0 && (size_t)encoded_count == count &&
		    !memcmp(bytes, encoded, count);
	OPENSSL_free(encoded);
	return same;
}

static bool certificate_holds(const struct der *der, const struct ca *ca)
{
	size_t count;
	const unsigned char *bytes = der_bytes(der, &count);
	OWN(X509) X509 *certificate = d2i_X509(NULL, &bytes, (long)count);
	return certificate && X509_verify(certificate, X509_get0_pubkey(ca_certificate(ca))) == 1;
}

static bool request_holds(const struct der *der)
{
	size_t count;
	const unsigned char *bytes = der_bytes(der, &count);
	OWN(X509_REQ) X509_REQ *request = d2i_X509_REQ(NULL, &bytes, (long)count);
	EVP_PKEY *key = request ? X509_REQ_get0_pubkey(request) : NULL;
	return key && X509_REQ_verify(request, key) == 1;
}

/* The first once more, by our means. */
static bool rehearse(const struct pattern *pattern, const struct new_identity *identity,
	const struct ca *ca, const struct pattern_fields *fields)
{
	struct der *content = malloc(sizeof *content), *whole = malloc(sizeof *whole);
	if (!content || !whole)
		bug("out of memory");
	struct error error;
	unsigned char *certificate = NULL, *request = NULL;
	int certificate_count = i2d_re_X509_tbs(pattern->first, &certificate);
	int request_count = i2d_re_X509_REQ_tbs(identity->request, &request);
	bool ok = pattern_write_certificate(pattern, fields, ca, content, whole, &error);
	ok = is_same(content, certificate, certificate_count) && ok;
	ok = ok && certificate_holds(whole, ca);
	ok = ok && pattern_write_request(pattern, fields, identity->key, content, whole, &error);
	ok = is_same(content, request, request_count) && ok;
	ok = ok && request_holds(whole);
	free(content);
	free(whole);
	return ok;
}

static bool names_fit(const struct form *form, const struct pattern_fields *fields)
{
	bool some = false;
	for (size_t i = 0; i < form->count; i++)
		some = some || form->extensions[i].what == NAMES;
	return some == (fields->names != NULL);
}

static void learn_parts(struct pattern *pattern, X509_REQ *request)
{
	X509 *first = pattern->first;
	const X509_ALGOR *algorithm;
	OWN(extensions) STACK_OF(X509_EXTENSION) *wanted = X509_REQ_get_extensions(request);
	X509_REQ_get0_signature(request, NULL, &algorithm);
	learn_form(&pattern->request, algorithm, wanted);
	learn_form(&pattern->certificate, X509_get0_tbs_sigalg(first), X509_get0_extensions(first));
	keep(&pattern->issuer, i2d_X509_NAME(X509_get_issuer_name(first), &pattern->issuer.bytes));
	keep(&pattern->not_before,
		i2d_ASN1_TIME(X509_get0_notBefore(first), &pattern->not_before.bytes));
	keep(&pattern->not_after,
		i2d_ASN1_TIME(X509_get0_notAfter(first), &pattern->not_after.bytes));
}

struct pattern *pattern_learn(const struct new_identity *identity, X509 *certificate,
	const struct ca *ca, const struct pattern_fields *fields)
{
	OWN(pattern) struct pattern *pattern = calloc(1, sizeof *pattern);
	struct error error;
	if (!pattern || !X509_up_ref(certificate))
		bug("out of memory");
	pattern->first = certificate;
	const char *digest = profile_value(identity->profile, "req", "default_md");
	bool ok = i2d_X509(certificate, NULL) <= PATTERN_BYTES_MAX &&
		  i2d_X509_REQ(identity->request, NULL) <= PATTERN_BYTES_MAX &&
		  key_digest(identity->key, digest, &pattern->request_digest, &error);
	if (ok)
		learn_parts(pattern, identity->request);
	ok = ok && names_fit(&pattern->certificate, fields) &&
	     names_fit(&pattern->request, fields) && rehearse(pattern, identity, ca, fields);
	ERR_clear_error();
	return ok ? TAKE(pattern) : NULL;
}
