/* The name that a certificate is asked to be for, as it comes from a URL or a command line. */
#include "pki/name.h"
#include "pki/verify_parts.h"

#include <strings.h>

/*
 * OpenSSL takes what it is given: ".example.com" would match every name below it, and "*.x" the
 * wildcard's own text. Neither names a host.
 */
static bool dns_is_plain(const char *text)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789-_.";
	return *text && *text != '.' && strspn(text, alphabet) == strlen(text) &&
	       !strstr(text, "..");
}

static bool email_is_plain(const char *text)
{
	const char *at = strchr(text, '@');
	return at && at != text && at[1] && !strchr(at + 1, '@') &&
	       text_is_utf8(text, strlen(text));
}

static const struct {
	const char *prefix;
	enum name_kind kind;
	bool (*fits)(const char *text);
	const char *fault;
} kinds[] = {
	{ "DNS:", NAME_DNS, dns_is_plain, "it is no DNS name" },
	{ "IP:", NAME_IP, name_is_address, "it is no IP address" },
	{ "email:", NAME_EMAIL, email_is_plain, "it is no e-mail address" },
};

bool asked_name_parse(const char *text, struct asked_name *ret, const char **ret_fault)
{
	size_t chosen = name_is_address(text) ? 1 : 0;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		size_t length = strlen(kinds[i].prefix);
		if (strncasecmp(text, kinds[i].prefix, length) != 0)
			continue;
		chosen = i;
		text += length;
		break;
	}
	size_t length = strlen(text);
	*ret_fault = length < sizeof ret->text ? kinds[chosen].fault : "it is too long";
	if (length >= sizeof ret->text || !kinds[chosen].fits(text))
		return false;
	ret->kind = kinds[chosen].kind;
	memcpy(ret->text, text, length + 1);
	/* "example.com." is the same host, absolute (RFC 1034 section 3.1); SANs never end so. */
	if (ret->kind == NAME_DNS && length > 1 && ret->text[length - 1] == '.')
		ret->text[length - 1] = 0;
	return true;
}

bool verify_name_check(const char *name, struct error *reterr)
{
	struct asked_name asked;
	const char *fault;
	if (asked_name_parse(name, &asked, &fault))
		return true;
	char shown[VERIFY_NAME_BYTES];
	error_set(reterr, ERROR_USAGE, "cannot look for the name '%s': %s",
		text_escape(shown, sizeof shown, name, strlen(name)), fault);
	return error_hint(reterr, "names are DNS:host, IP:address or email:address");
}
