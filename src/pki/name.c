/* Subject alternative names: built as objects, each value checked by its kind. */
#include "pki/name.h"

#include <arpa/inet.h>
#include <ctype.h>

enum { DNS_BYTES_MAX = 253, LABEL_BYTES_MAX = 63, SHOWN_BYTES = 300 };

#define SHOW(text) text_escape((char[SHOWN_BYTES]){ 0 }, SHOWN_BYTES, text, strlen(text))

bool name_is_address(const char *name)
{
	unsigned char address[sizeof(struct in6_addr)];
	return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

char *name_address_text(const ASN1_OCTET_STRING *address)
{
	char text[INET6_ADDRSTRLEN];
	int bytes = ASN1_STRING_length(address), family = bytes == 4 ? AF_INET : AF_INET6;
	if ((bytes != 4 && bytes != 16) ||
		!inet_ntop(family, ASN1_STRING_get0_data(address), text, sizeof text))
		return NULL;
	return text_format("IP:%s", text);
}

static const char *label_fault(const char *label, size_t bytes)
{
	if (!bytes)
		return "it has an empty label";
	if (bytes > LABEL_BYTES_MAX)
		return "a label is longer than 63 characters";
	if (label[0] == '-' || label[bytes - 1] == '-')
		return "a label begins or ends with a hyphen";
	for (size_t i = 0; i < bytes; i++) {
		if (label[i] == '*')
			return "a wildcard must be the whole leftmost label, and only that";
		if (!isascii(label[i]) || (!isalnum((unsigned char)label[i]) && label[i] != '-'))
			return "a label takes only letters, digits and hyphens";
	}
	return NULL;
}

const char *name_dns_fault(const char *name)
{
	if (!*name)
		return "it is empty";
	if (strlen(name) > DNS_BYTES_MAX)
		return "it is longer than 253 characters";
	const char *label = name;
	if (!strncmp(label, "*.", 2))
		label += 2;
	for (;;) {
		size_t bytes = strcspn(label, ".");
		const char *fault = label_fault(label, bytes);
		if (fault)
			return fault;
		if (!label[bytes])
			break;
		label += bytes + 1;
	}
	/* A last label of digits alone makes readers take the whole for an address. */
	return strspn(label, "0123456789") == strlen(label) ? "it ends in a number" : NULL;
}

bool name_check_dns(const char *name, struct error *reterr)
{
	if (name_is_address(name)) {
		error_set(reterr, ERROR_USAGE, "'DNS:%s' is an address, not a DNS name", name);
		return error_hint(reterr, "write IP:%s", name);
	}
	const char *fault = name_dns_fault(name);
	if (!fault)
		return true;
	return error_set(reterr, ERROR_USAGE, "'DNS:%s' is no DNS name: %s", SHOW(name), fault);
}

const char *name_uri_fault(const char *uri)
{
	size_t scheme = strcspn(uri, ":");
	if (!uri[scheme] || !isalpha((unsigned char)*uri))
		return "it has no scheme";
	for (size_t i = 0; i < scheme; i++)
		if (!isalnum((unsigned char)uri[i]) && !strchr("+-.", uri[i]))
			return "its scheme takes only letters, digits, '+', '-' and '.'";
	if (!uri[scheme + 1])
		return "nothing follows its scheme";
	for (const char *at = uri; *at; at++)
		if (!isascii(*at) || !isgraph((unsigned char)*at) || strchr("\"<>\\^`{|}", *at))
			return "a character in it must be percent-encoded (RFC 3986 section 2)";
	return NULL;
}

const char *name_email_fault(const char *address)
{
	const char *at = strchr(address, '@');
	if (!at || at == address || strchr(at + 1, '@'))
		return "it needs one '@' with a mailbox before it";
	for (const char *c = address; c < at; c++)
		if (!isascii(*c) || !isgraph((unsigned char)*c) || strchr("\"(),:;<>[\\]", *c))
			return "its mailbox has a character that is not allowed";
	if (strchr(at + 1, '*'))
		return "its host has a wildcard";
	return name_dns_fault(at + 1);
}

/* One kind of name: makes the object, or says why not. */
struct kind {
	const char *word;
	int type; /* GEN_... */
	const char *(*fault)(const char *value);
};

static const struct kind kinds[] = {
	{ "DNS", GEN_DNS, NULL },
	{ "IP", GEN_IPADD, NULL },
	{ "URI", GEN_URI, name_uri_fault },
	{ "email", GEN_EMAIL, name_email_fault },
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static bool check_value(const struct kind *kind, const char *value, struct error *reterr)
{
	if (kind->type == GEN_DNS)
		return name_check_dns(value, reterr);
	const char *fault = kind->fault ? kind->fault(value) : NULL;
	if (kind->type == GEN_IPADD && !name_is_address(value))
		fault = "it is neither IPv4 nor IPv6";
	return !fault ||
	       error_set(reterr, ERROR_USAGE, "'%s:%s' is no %s: %s", kind->word, SHOW(value),
		       kind->type == GEN_IPADD ? "address" : kind->word, fault);
}

/* The object of a checked value; memory is all that can be missing. */
static GENERAL_NAME *make_name(const struct kind *kind, const char *value)
{
	OWN(GENERAL_NAME) GENERAL_NAME *name = GENERAL_NAME_new();
	unsigned char address[sizeof(struct in6_addr)];
	const void *bytes = value;
	int count = (int)strlen(value);
	if (kind->type == GEN_IPADD) {
		bytes = address;
		count = inet_pton(AF_INET, value, address) == 1
				? 4
				: 16 * inet_pton(AF_INET6, value, address);
	}
	ASN1_STRING *text = ASN1_STRING_type_new(
		kind->type == GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
	if (!name || !text || !ASN1_STRING_set(text, bytes, count))
		bug("out of memory");
	GENERAL_NAME_set0_value(name, kind->type, text);
	return TAKE(name);
}

static bool add_name(GENERAL_NAMES *names, char *text, struct error *reterr)
{
	char *value = strchr(text, ':');
	for (size_t i = 0; value && i < KINDS; i++) {
		size_t bytes = (size_t)(value - text);
		if (bytes != strlen(kinds[i].word) || strncasecmp(text, kinds[i].word, bytes) != 0)
			continue;
		if (!check_value(&kinds[i], value + 1, reterr))
			return false;
		if (!sk_GENERAL_NAME_push(names, make_name(&kinds[i], value + 1)))
			bug("out of memory");
		return true;
	}
	error_set(reterr, ERROR_USAGE, "'%s' is no subject alternative name", SHOW(text));
	return error_hint(reterr, "DNS:host.example, IP:192.0.2.1, URI:spiffe://a/b or email:a@b");
}

/* Cuts spaces at both ends, in place. */
static char *trim(char *text)
{
	text += strspn(text, " \t");
	size_t bytes = strlen(text);
	while (bytes && (text[bytes - 1] == ' ' || text[bytes - 1] == '\t'))
		text[--bytes] = 0;
	return text;
}

static bool add_names(GENERAL_NAMES *names, const char *text, struct error *reterr)
{
	OWN(char) char *copy = text_copy(text);
	for (char *rest = copy, *part; (part = strsep(&rest, ",")) != NULL;)
		if (!add_name(names, trim(part), reterr))
			return false;
	return true;
}

bool names_parse_all(
	const char *const *texts, size_t count, GENERAL_NAMES **ret, struct error *reterr)
{
	OWN(GENERAL_NAMES) GENERAL_NAMES *names = count ? sk_GENERAL_NAME_new_null() : NULL;
	if (count && !names)
		bug("out of memory");
	for (size_t i = 0; i < count; i++)
		if (!add_names(names, texts[i], reterr))
			return false;
	*ret = TAKE(names);
	return true;
}

bool names_parse(const char *text, GENERAL_NAMES **ret, struct error *reterr)
{
	return names_parse_all(&text, 1, ret, reterr);
}
