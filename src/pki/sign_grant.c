/* What a request asks for, against what the certificate has. */
#include "pki/issue_parts.h"

#include "pki/name.h"

#include <openssl/err.h>

/* Checked one by one; one with a comma would be two for the parser of the command line. */
GENERAL_NAMES *sign_names(X509_REQ *request)
{
	OWN(extensions) STACK_OF(X509_EXTENSION) *wanted = X509_REQ_get_extensions(request);
	OWN(GENERAL_NAMES) GENERAL_NAMES *asked =
		X509V3_get_d2i(wanted, NID_subject_alt_name, NULL, NULL);
	OWN(GENERAL_NAMES) GENERAL_NAMES *granted = NULL;
	for (int i = 0; i < sk_GENERAL_NAME_num(asked); i++) {
		struct error ignored; /* sign_compare says what was not granted */
		OWN(GENERAL_NAMES) GENERAL_NAMES *one = NULL;
		OWN(char) char *text = issue_name_text(sk_GENERAL_NAME_value(asked, i));
		if (!text || strchr(text, ',') || !names_parse(text, &one, &ignored))
			continue;
		if (!granted && !(granted = sk_GENERAL_NAME_new_null()))
			bug("out of memory");
		for (GENERAL_NAME *name; (name = sk_GENERAL_NAME_shift(one)) != NULL;)
			if (!sk_GENERAL_NAME_push(granted, name))
				bug("out of memory");
	}
	ERR_clear_error();
	return TAKE(granted);
}

/* As `openssl req -text` shows it, on one line. */
static char *extension_text(X509_EXTENSION *extension)
{
	char name[80], value[256];
	OWN(BIO) BIO *bio = BIO_new(BIO_s_mem());
	if (!bio)
		bug("out of memory");
	OBJ_obj2txt(name, sizeof name, X509_EXTENSION_get_object(extension), 0);
	if (!X509V3_EXT_print(bio, extension, X509V3_EXT_PARSE_UNKNOWN, 0))
		BIO_puts(bio, "unreadable");
	ERR_clear_error();
	char *text;
	long bytes = BIO_get_mem_data(bio, &text);
	for (long i = 0; i < bytes; i++)
		if (text[i] == '\n')
			text[i] = ' ';
	text_escape(value, sizeof value, text, (size_t)bytes);
	return text_format("%s (%s)", name, value);
}

static bool has_purpose(const EXTENDED_KEY_USAGE *usage, const ASN1_OBJECT *purpose)
{
	for (int i = 0; i < sk_ASN1_OBJECT_num(usage); i++)
		if (!OBJ_cmp(sk_ASN1_OBJECT_value(usage, i), purpose))
			return true;
	return false;
}

static void compare_purposes(
	const EXTENDED_KEY_USAGE *asked, const EXTENDED_KEY_USAGE *has, struct notes *refused)
{
	for (int i = 0; i < sk_ASN1_OBJECT_num(asked); i++) {
		char name[80];
		const ASN1_OBJECT *purpose = sk_ASN1_OBJECT_value(asked, i);
		OBJ_obj2txt(name, sizeof name, purpose, 0);
		if (!has_purpose(has, purpose))
			notes_add(refused, "extended key usage %s", name);
	}
}

static void compare_names(
	const GENERAL_NAMES *asked, const GENERAL_NAMES *has, struct notes *refused)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(asked); i++) {
		GENERAL_NAME *name = sk_GENERAL_NAME_value(asked, i);
		bool found = false;
		for (int j = 0; !found && j < sk_GENERAL_NAME_num(has); j++)
			found = !GENERAL_NAME_cmp(name, sk_GENERAL_NAME_value(has, j));
		if (found)
			continue;
		char shown[256];
		OWN(char) char *text = issue_name_text(name);
		text_escape(shown, sizeof shown, text ? text : "of another kind",
			strlen(text ? text : "of another kind"));
		notes_add(refused, "subject alternative name %s", shown);
	}
}

/* Whether each bit that is asked for is there. */
static bool bits_are_granted(const ASN1_BIT_STRING *asked, const ASN1_BIT_STRING *has)
{
	for (int bit = 0; bit < 9; bit++) /* RFC 5280 4.2.1.3 */
		if (ASN1_BIT_STRING_get_bit(asked, bit) &&
			!(has && ASN1_BIT_STRING_get_bit(has, bit)))
			return false;
	return true;
}

static bool key_usage_is_granted(STACK_OF(X509_EXTENSION) * wanted, const X509 *certificate)
{
	ASN1_BIT_STRING *asked = X509V3_get_d2i(wanted, NID_key_usage, NULL, NULL);
	ASN1_BIT_STRING *has = X509_get_ext_d2i(certificate, NID_key_usage, NULL, NULL);
	bool granted = asked && bits_are_granted(asked, has);
	ASN1_BIT_STRING_free(asked);
	ASN1_BIT_STRING_free(has);
	return granted;
}

static bool same_value(X509_EXTENSION *asked, const X509 *certificate)
{
	int at = X509_get_ext_by_OBJ(certificate, X509_EXTENSION_get_object(asked), -1);
	return at >= 0 && !ASN1_STRING_cmp(X509_EXTENSION_get_data(asked),
				  X509_EXTENSION_get_data(X509_get_ext(certificate, at)));
}

void sign_compare(X509_REQ *request, const X509 *certificate, struct notes *refused)
{
	OWN(extensions) STACK_OF(X509_EXTENSION) *wanted = X509_REQ_get_extensions(request);
	OWN(EXTENDED_KEY_USAGE)
	EXTENDED_KEY_USAGE *asked_purposes = X509V3_get_d2i(wanted, NID_ext_key_usage, NULL, NULL);
	OWN(EXTENDED_KEY_USAGE)
	EXTENDED_KEY_USAGE *purposes = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
	OWN(GENERAL_NAMES) GENERAL_NAMES *asked_names =
		X509V3_get_d2i(wanted, NID_subject_alt_name, NULL, NULL);
	OWN(GENERAL_NAMES) GENERAL_NAMES *names =
		X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; i < sk_X509_EXTENSION_num(wanted); i++) {
		X509_EXTENSION *extension = sk_X509_EXTENSION_value(wanted, i);
		int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
		if (same_value(extension, certificate))
			continue;
		if (nid == NID_ext_key_usage && asked_purposes) {
			compare_purposes(asked_purposes, purposes, refused);
		} else if (nid == NID_subject_alt_name && asked_names) {
			compare_names(asked_names, names, refused);
		} else if (nid != NID_key_usage || !key_usage_is_granted(wanted, certificate)) {
			OWN(char) char *text = extension_text(extension);
			notes_add(refused, "%s", text);
		}
	}
	ERR_clear_error();
}
