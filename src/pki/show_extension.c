/* Describing extensions and public keys. */
#include "pki/show_parts.h"

#include "pki/describe.h"
#include "pki/key.h"

#include <arpa/inet.h>
#include <openssl/err.h>

static json_t *escaped(const void *bytes, size_t count)
{
	char text[512];
	return json_string(text_escape(text, sizeof text, bytes, count));
}

static json_t *hexadecimal(const ASN1_OCTET_STRING *octets)
{
	char text[2 * 64 + 1];
	int bytes = ASN1_STRING_length(octets);
	describe_hex(ASN1_STRING_get0_data(octets), (size_t)(bytes > 64 ? 64 : bytes), text);
	return json_string(text);
}

/* As `openssl x509 -text` writes a name: "DNS:a", "IP Address:127.0.0.1", "othername:...". */
static json_t *show_name(GENERAL_NAME *name)
{
	OWN(BIO) BIO *bio = BIO_new(BIO_s_mem());
	if (!bio)
		bug("out of memory");
	/* Of these OpenSSL writes a dot for each byte that it does not like, be it a NUL. */
	int type;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
	if (type == GEN_DNS || type == GEN_URI || type == GEN_EMAIL) {
		BIO_puts(bio, type == GEN_DNS ? "DNS:" : type == GEN_URI ? "URI:" : "email:");
		BIO_write(bio, ASN1_STRING_get0_data(value), ASN1_STRING_length(value));
	} else {
		GENERAL_NAME_print(bio, name);
	}
	char *text;
	long bytes = BIO_get_mem_data(bio, &text);
	return escaped(text, (size_t)bytes);
}

/* Its decoded value; NULL when there is none. One that stands twice or cannot be decoded is told
 * of: to show nothing would say that it is not there. */
static void *decode(
	json_t *target, const STACK_OF(X509_EXTENSION) * extensions, int nid, int *ret_critical)
{
	int critical;
	void *value = X509V3_get_d2i(extensions, nid, &critical, NULL);
	if (ret_critical)
		*ret_critical = critical;
	if (value || critical == -1)
		return value;
	json_t *list = json_object_get(target, "unreadable");
	if (!list)
		show_set(target, "unreadable", list = json_array());
	OWN(char) char *text = text_format(
		"%s (%s)", OBJ_nid2ln(nid), critical == -2 ? "it stands twice" : "malformed");
	json_array_append_new(list, json_string(text));
	return NULL;
}

static void show_names(json_t *target, const STACK_OF(X509_EXTENSION) * extensions)
{
	OWN(GENERAL_NAMES) GENERAL_NAMES *names =
		decode(target, extensions, NID_subject_alt_name, NULL);
	if (!names)
		return;
	json_t *list = json_array();
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		json_array_append_new(list, show_name(sk_GENERAL_NAME_value(names, i)));
	show_set(target, "names", list);
}

static void show_purposes(json_t *target, const STACK_OF(X509_EXTENSION) * extensions)
{
	EXTENDED_KEY_USAGE *usage = decode(target, extensions, NID_ext_key_usage, NULL);
	if (!usage)
		return;
	json_t *list = json_array();
	for (int i = 0; i < sk_ASN1_OBJECT_num(usage); i++) {
		char number[80];
		const ASN1_OBJECT *purpose = sk_ASN1_OBJECT_value(usage, i);
		int nid = OBJ_obj2nid(purpose);
		OBJ_obj2txt(number, sizeof number, purpose, 1);
		json_array_append_new(
			list, json_string(nid == NID_undef ? number : OBJ_nid2sn(nid)));
	}
	show_set(target, "extended_key_usage", list);
	EXTENDED_KEY_USAGE_free(usage);
}

static void show_usage(json_t *target, const STACK_OF(X509_EXTENSION) * extensions)
{
	/* RFC 5280 section 4.2.1.3, in the order of their bits. */
	static const char *const bits[] = { "digitalSignature", "nonRepudiation", "keyEncipherment",
		"dataEncipherment", "keyAgreement", "keyCertSign", "cRLSign", "encipherOnly",
		"decipherOnly" };
	ASN1_BIT_STRING *usage = decode(target, extensions, NID_key_usage, NULL);
	if (!usage)
		return;
	json_t *list = json_array();
	for (int i = 0; i < 9; i++)
		if (ASN1_BIT_STRING_get_bit(usage, i))
			json_array_append_new(list, json_string(bits[i]));
	show_set(target, "key_usage", list);
	ASN1_BIT_STRING_free(usage);
}

static void show_constraints(json_t *target, const STACK_OF(X509_EXTENSION) * extensions)
{
	int critical = 0;
	BASIC_CONSTRAINTS *constraints =
		decode(target, extensions, NID_basic_constraints, &critical);
	if (!constraints)
		return;
	/* It may have any number of bytes. */
	char *number = constraints->pathlen ? i2s_ASN1_INTEGER(NULL, constraints->pathlen) : NULL;
	OWN(char) char *length = number ? text_format(", pathlen:%s", number) : text_copy("");
	OPENSSL_free(number);
	OWN(char) char *text = text_format("%sCA:%s%s", critical ? "critical, " : "",
		constraints->ca ? "TRUE" : "FALSE", length);
	show_set(target, "basic_constraints", json_string(text));
	BASIC_CONSTRAINTS_free(constraints);
}

void show_extensions(json_t *target, const STACK_OF(X509_EXTENSION) * extensions)
{
	show_names(target, extensions);
	show_purposes(target, extensions);
	show_usage(target, extensions);
	show_constraints(target, extensions);
	ASN1_OCTET_STRING *own = decode(target, extensions, NID_subject_key_identifier, NULL);
	AUTHORITY_KEYID *authority = decode(target, extensions, NID_authority_key_identifier, NULL);
	if (own)
		show_set(target, "subject_key_identifier", hexadecimal(own));
	if (authority && authority->keyid)
		show_set(target, "authority_key_identifier", hexadecimal(authority->keyid));
	ASN1_OCTET_STRING_free(own);
	AUTHORITY_KEYID_free(authority);
	ERR_clear_error();
}

void show_public_key(json_t *target, EVP_PKEY *key)
{
	char name[KEY_NAME_BYTES], digest_text[2 * EVP_MAX_MD_SIZE + 1];
	unsigned char digest[EVP_MAX_MD_SIZE], *der = NULL;
	unsigned digest_bytes = 0;
	int bytes = key ? i2d_PUBKEY(key, &der) : -1;
	ERR_clear_error();
	if (bytes <= 0) {
		show_set(target, "key", json_string("unusable"));
		return;
	}
	struct key_type type = key_type_of(key);
	show_set(target, "key", json_string(key_type_name(&type, name)));
	if (EVP_Digest(der, (size_t)bytes, digest, &digest_bytes, EVP_sha256(), NULL)) {
		describe_hex(digest, digest_bytes, digest_text);
		show_set(target, "key_sha256", json_string(digest_text));
	}
	OPENSSL_free(der);
}
