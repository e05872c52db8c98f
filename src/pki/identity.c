/* Reads the verified leaf: subject, names, serial, digest, validity. */
#include "pki/identity.h"

#include "pki/bundle.h"
#include "pki/describe.h"
#include "pki/name.h"
#include "pki/peercert.h"

#include <openssl/err.h>

#define NAME_BYTES_MAX 1024

static char *name_copy(const X509_NAME *name)
{
	char text[NAME_BYTES_MAX];
	return text_copy(describe_name(name, text, sizeof text));
}

/*
 * The last common name, which is the most specific (RFC 4514 writes it first). One that holds NUL,
 * CR or LF was made to be read in two ways, and is none.
 */
static char *common_name(const X509_NAME *subject)
{
	char text[NAME_BYTES_MAX];
	unsigned char *utf8 = NULL;
	int index = -1, last = -1;
	while ((index = X509_NAME_get_index_by_NID(subject, NID_commonName, index)) >= 0)
		last = index;
	if (last < 0)
		return NULL;
	int bytes = ASN1_STRING_to_UTF8(
		&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last)));
	bool plain = bytes > 0 && !memchr(utf8, 0, (size_t)bytes) &&
		     !memchr(utf8, '\r', (size_t)bytes) && !memchr(utf8, '\n', (size_t)bytes);
	char *copy = plain ? text_copy(text_escape(text, sizeof text, utf8, (size_t)bytes)) : NULL;
	OPENSSL_free(utf8);
	return copy;
}

static void take_units(struct identity *identity, const X509_NAME *subject)
{
	int count = X509_NAME_entry_count(subject), index = -1;
	identity->units = calloc((size_t)count + 1, sizeof *identity->units);
	if (!identity->units)
		bug("out of memory for an identity");
	while ((index = X509_NAME_get_index_by_NID(subject, NID_organizationalUnitName, index)) >=
		0) {
		char text[NAME_BYTES_MAX];
		unsigned char *utf8 = NULL;
		int bytes = ASN1_STRING_to_UTF8(
			&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
		if (bytes >= 0)
			identity->units[identity->units_count++] =
				text_copy(text_escape(text, sizeof text, utf8, (size_t)bytes));
		OPENSSL_free(utf8);
	}
}

/* SHA-256 of the key with its algorithm, which a renewed certificate keeps (RFC 7469 2.4). */
static char *spki_digest(const X509 *leaf)
{
	unsigned char digest[EVP_MAX_MD_SIZE], *der = NULL;
	unsigned int digest_bytes = 0;
	char hex[2 * EVP_MAX_MD_SIZE + 1] = "";
	int bytes = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &der);
	if (bytes > 0 && EVP_Digest(der, (size_t)bytes, digest, &digest_bytes, EVP_sha256(), NULL))
		describe_hex(digest, digest_bytes, hex);
	OPENSSL_free(der);
	return text_copy(hex);
}

static char *san_text(const GENERAL_NAME *name)
{
	static const char *const prefixes[] = {
		[GEN_EMAIL] = "email",
		[GEN_DNS] = "DNS",
		[GEN_URI] = "URI",
	};
	char text[NAME_BYTES_MAX];
	if (name->type == GEN_IPADD) {
		char *address = name_address_text(name->d.iPAddress);
		return address ? address : text_copy("IP:malformed");
	}
	if (name->type == GEN_DIRNAME)
		return text_format(
			"dirName:%s", describe_name(name->d.directoryName, text, sizeof text));
	if (name->type != GEN_EMAIL && name->type != GEN_DNS && name->type != GEN_URI)
		return text_copy("other:");
	return text_format("%s:%s", prefixes[name->type],
		text_escape(text, sizeof text, ASN1_STRING_get0_data(name->d.ia5),
			(size_t)ASN1_STRING_length(name->d.ia5)));
}

static void take_sans(struct identity *identity, const X509 *leaf)
{
	OWN(GENERAL_NAMES)
	GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	int count = names ? sk_GENERAL_NAME_num(names) : 0;
	identity->sans = calloc((size_t)count + 1, sizeof *identity->sans);
	if (!identity->sans)
		bug("out of memory for an identity");
	for (int i = 0; i < count; i++)
		identity->sans[identity->sans_count++] = san_text(sk_GENERAL_NAME_value(names, i));
}

struct identity *identity_new(X509 *leaf)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int digest_bytes = 0;
	char serial[DESCRIBE_SERIAL_BYTES], hex[2 * EVP_MAX_MD_SIZE + 1] = "";
	struct identity *identity = calloc(1, sizeof *identity);
	if (!identity || !X509_digest(leaf, EVP_sha256(), digest, &digest_bytes))
		bug("out of memory for an identity");
	describe_hex(digest, digest_bytes, hex);
	identity->common_name = common_name(X509_get_subject_name(leaf));
	identity->subject = name_copy(X509_get_subject_name(leaf));
	identity->issuer = name_copy(X509_get_issuer_name(leaf));
	identity->serial =
		text_copy(describe_serial(X509_get0_serialNumber(leaf), serial, sizeof serial));
	identity->sha256 = text_copy(hex);
	identity->not_before = describe_time(X509_get0_notBefore(leaf), 0);
	identity->not_after = describe_time(X509_get0_notAfter(leaf), 0);
	identity->spki_sha256 = spki_digest(leaf);
	take_units(identity, X509_get_subject_name(leaf));
	take_sans(identity, leaf);
	identity->peercert = peercert_new(leaf);
	ERR_clear_error(); /* malformed extensions left their story there */
	return identity;
}

bool identity_load(const char *path, struct identity **ret, struct error *reterr)
{
	OWN(X509) X509 *leaf = NULL;
	if (!bundle_certificate(path, &leaf, reterr))
		return false;
	*ret = identity_new(leaf);
	return true;
}

json_t *identity_sans(const struct identity *identity)
{
	json_t *list = json_array();
	for (size_t i = 0; i < identity->sans_count; i++)
		json_array_append_new(list, json_string(identity->sans[i]));
	return list;
}

void identity_free(struct identity *identity)
{
	if (!identity)
		return;
	for (size_t i = 0; i < identity->sans_count; i++)
		free(identity->sans[i]);
	free(identity->sans);
	for (size_t i = 0; i < identity->units_count; i++)
		free(identity->units[i]);
	free(identity->units);
	free(identity->spki_sha256);
	free(identity->common_name);
	free(identity->subject);
	free(identity->issuer);
	free(identity->serial);
	free(identity->sha256);
	json_decref(identity->peercert);
	free(identity);
}
