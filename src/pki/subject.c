/* Subjects as text: `openssl req -subj`'s form, RFC 4514's, and a bare common name. */
#include "pki/name.h"

#include <ctype.h>
#include <openssl/err.h>

enum { PARTS_MAX = 64, SHOWN_BYTES = 300 };

#define SHOW(text) text_escape((char[SHOWN_BYTES]){ 0 }, SHOWN_BYTES, text, strlen(text))

/* One "type=value" of the text, unescaped. */
struct part {
	char *type, *value;
	bool joined; /* to the one before, by a plus sign: the same RDN */
};

struct parts {
	struct part list[PARTS_MAX];
	size_t count;
};

static void own_parts(struct parts *parts)
{
	for (size_t i = 0; i < parts->count; i++) {
		free(parts->list[i].type);
		free(parts->list[i].value);
	}
}

static bool subject_error(struct error *reterr, const char *text, const char *why)
{
	error_set(reterr, ERROR_USAGE, "'%s' is no subject: %s", SHOW(text), why);
	return error_hint(reterr, "write /CN=name/O=organisation, or CN=name,O=organisation");
}

/*
 * Copies a value up to `separator` or a plus sign; a backslash takes the next character as it is,
 * or in RFC 4514 a pair of hexadecimal digits as a byte. NULL: it ends in a backslash.
 */
static char *take_value(const char **text, char separator)
{
	OWN(char) char *value = calloc(1, strlen(*text) + 1);
	if (!value)
		bug("out of memory");
	size_t bytes = 0, kept = 0; /* spaces at the end count only when escaped */
	const char *at = *text;
	while (separator == ',' && *at == ' ')
		at++;
	for (; *at && *at != separator && *at != '+'; at++) {
		bool escaped = *at == '\\';
		if (escaped && !at[1])
			return NULL;
		if (escaped && separator == ',' && text_hex_value(at[1]) >= 0 &&
			text_hex_value(at[2]) >= 0) {
			value[bytes++] = (char)(text_hex_value(at[1]) * 16 + text_hex_value(at[2]));
			at += 2;
		} else {
			at += escaped;
			value[bytes++] = *at;
		}
		if (escaped || *at != ' ' || separator != ',')
			kept = bytes;
	}
	value[kept] = 0;
	*text = at;
	return TAKE(value);
}

static bool split(const char *text, const char *whole, char separator, struct parts *parts,
	struct error *reterr)
{
	for (bool joined = false;;) {
		if (parts->count == PARTS_MAX)
			return subject_error(reterr, whole, "it has too many parts");
		while (*text == ' ')
			text++;
		size_t bytes = strcspn(text, "=/,+");
		if (!bytes || text[bytes] != '=')
			return subject_error(reterr, whole, "a part of it is not TYPE=VALUE");
		struct part *part = &parts->list[parts->count++];
		*part = (struct part){ .joined = joined };
		part->type = text_format("%.*s", (int)bytes, text);
		text += bytes + 1;
		if (separator == ',' && *text == '#')
			return subject_error(
				reterr, whole, "a value in hexadecimal BER is not supported");
		part->value = take_value(&text, separator);
		if (!part->value)
			return subject_error(reterr, whole, "it ends in a backslash");
		if (!*text || !strcmp(text, "/"))
			return true;
		joined = *text++ == '+';
	}
}

/* OpenSSL knows its short names in one case only; RFC 4514 keywords have none. */
static ASN1_OBJECT *find_type(const char *type)
{
	ASN1_OBJECT *object = OBJ_txt2obj(type, 0);
	OWN(char) char *other = text_copy(type);
	for (char *c = other; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	if (!object)
		object = OBJ_txt2obj(other, 0);
	for (char *c = other; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return object ? object : OBJ_txt2obj(other, 0);
}

static bool has_control(const char *value)
{
	for (; *value; value++)
		if (iscntrl((unsigned char)*value))
			return true;
	return false;
}

/* `at` and `set` as in X509_NAME_add_entry. */
static bool add_part(X509_NAME *name, const struct part *part, int at, int set, const char *whole,
	struct error *reterr)
{
	if (!*part->value)
		return subject_error(reterr, whole, "a value in it is empty");
	if (!text_is_utf8(part->value, strlen(part->value)) || has_control(part->value))
		return subject_error(reterr, whole, "a value in it is not plain UTF-8 text");
	ERR_clear_error();
	ASN1_OBJECT *type = find_type(part->type);
	if (!type) {
		ERR_clear_error();
		return error_set(reterr, ERROR_USAGE,
			"'%s' is no subject: '%s' is no attribute type that OpenSSL knows",
			SHOW(whole), SHOW(part->type));
	}
	int added = X509_NAME_add_entry_by_OBJ(name, type, MBSTRING_UTF8,
		(const unsigned char *)part->value, (int)strlen(part->value), at, set);
	ASN1_OBJECT_free(type);
	return added == 1 ||
	       error_openssl(reterr, ERROR_USAGE, "'%s' is no subject: '%s' does not take '%s'",
		       SHOW(whole), SHOW(part->type), SHOW(part->value));
}

static bool build(const struct parts *parts, bool reverse, const char *whole, X509_NAME **ret,
	struct error *reterr)
{
	OWN(X509_NAME) X509_NAME *name = X509_NAME_new();
	if (!name)
		bug("out of memory");
	for (size_t i = 0; i < parts->count; i++) {
		const struct part *part = &parts->list[i];
		/* RFC 4514 section 2.1 begins with the last RDN of the certificate. */
		int at = reverse ? 0 : -1, set = !part->joined ? 0 : reverse ? 1 : -1;
		if (!add_part(name, part, at, set, whole, reterr))
			return false;
	}
	*ret = TAKE(name);
	return true;
}

bool subject_parse(const char *text, X509_NAME **ret, struct error *reterr)
{
	__attribute__((cleanup(own_parts))) struct parts parts = { .count = 0 };
	if (!*text)
		return subject_error(reterr, text, "it is empty");
	if (!strchr(text, '=') && *text != '/')
		return subject_common_name(text, ret, reterr);
	bool slashes = *text == '/';
	return split(text + slashes, text, slashes ? '/' : ',', &parts, reterr) &&
	       build(&parts, !slashes, text, ret, reterr);
}

bool subject_common_name(const char *name, X509_NAME **ret, struct error *reterr)
{
	char type[] = "CN";
	OWN(char) char *value = text_copy(name);
	struct parts parts = { .count = 1, .list = { { .type = type, .value = value } } };
	return build(&parts, false, name, ret, reterr);
}

char *subject_text(const X509_NAME *name)
{
	OWN(BIO) BIO *bio = BIO_new(BIO_s_mem());
	if (!bio)
		bug("out of memory");
	/* UTF-8 stays readable; a value that is none is shown byte by byte. */
	unsigned long flags = XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
	if (X509_NAME_print_ex(bio, name, 0, flags) < 0) {
		(void)BIO_reset(bio);
		X509_NAME_print_ex(
			bio, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_UTF8_CONVERT);
	}
	ERR_clear_error();
	char *text;
	long bytes = BIO_get_mem_data(bio, &text);
	return text_format("%.*s", (int)bytes, bytes ? text : "");
}
