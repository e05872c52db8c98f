/* Rules of the strict profile on subjectAltName, the common name and name constraints. */
#include "pki/name.h"
#include "pki/strict_rules.h"

#include <arpa/inet.h>
#include <strings.h>

OWN_DEFINE(NAME_CONSTRAINTS, NAME_CONSTRAINTS, NAME_CONSTRAINTS_free);

/* A copy as a C string, cut at `bytes_max`; a NUL inside shows as a control character. */
#define NAME_BYTES_MAX 1024

static void text_of(const ASN1_STRING *string, char target[static NAME_BYTES_MAX])
{
	size_t bytes = (size_t)ASN1_STRING_length(string);
	if (bytes >= NAME_BYTES_MAX)
		bytes = NAME_BYTES_MAX - 1;
	memcpy(target, ASN1_STRING_get0_data(string), bytes);
	target[bytes] = 0;
	/* So that "a\0b" is judged as a whole and not as "a". */
	for (size_t i = 0; i < bytes; i++)
		if (!target[i])
			target[i] = 1;
}

static void say(const char *value, const char *fault, char *detail)
{
	char shown[128];
	text_escape(shown, sizeof shown, value, strlen(value));
	snprintf(detail, VERIFY_DETAIL_BYTES, "'%s'%s%s", shown, fault ? ", " : "",
		fault ? fault : "");
}

static GENERAL_NAMES *names_of(const struct view *view)
{
	return X509_get_ext_d2i(view->certificate, NID_subject_alt_name, NULL, NULL);
}

/* Whether some name of that type has a fault; the first is said. */
static bool some(
	const struct view *view, int type, const char *(*fault_of)(const char *value), char *detail)
{
	OWN(GENERAL_NAMES) GENERAL_NAMES *names = names_of(view);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		char text[NAME_BYTES_MAX];
		if (name->type != type)
			continue;
		text_of(name->d.ia5, text);
		const char *fault = fault_of(text);
		if (!fault)
			continue;
		say(text, fault, detail);
		return true;
	}
	return false;
}

bool names_are_empty(const struct view *view, char *detail)
{
	bool critical;
	OWN(GENERAL_NAMES) GENERAL_NAMES *names = names_of(view);
	(void)detail;
	return view_extension(view, NID_subject_alt_name, &critical) &&
	       sk_GENERAL_NAME_num(names) <= 0;
}

static bool subject_is_empty(const struct view *view)
{
	return X509_NAME_entry_count(X509_get_subject_name(view->certificate)) == 0;
}

bool names_are_not_critical(const struct view *view, char *detail)
{
	bool critical;
	(void)detail;
	return subject_is_empty(view) &&
	       !(view_extension(view, NID_subject_alt_name, &critical) && critical);
}

bool names_are_critical(const struct view *view, char *detail)
{
	bool critical;
	(void)detail;
	return !subject_is_empty(view) && view_extension(view, NID_subject_alt_name, &critical) &&
	       critical;
}

bool server_has_no_names(const struct view *view, char *detail)
{
	(void)detail;
	return view->role == ROLE_SERVER && !view->is_ca &&
	       !leaf_has_san(view->certificate, GEN_DNS) &&
	       !leaf_has_san(view->certificate, GEN_IPADD);
}

bool dns_is_malformed(const struct view *view, char *detail)
{
	return some(view, GEN_DNS, name_dns_fault, detail);
}

/* No list of public suffixes is asked: a wildcard right below a top-level name is always one. */
static const char *wide(const char *name)
{
	if (name[0] != '*' || name[1] != '.' || strchr(name + 2, '.'))
		return NULL;
	return "a wildcard needs two labels behind it";
}

bool wildcard_is_wide(const struct view *view, char *detail)
{
	return some(view, GEN_DNS, wide, detail);
}

bool uri_is_malformed(const struct view *view, char *detail)
{
	return some(view, GEN_URI, name_uri_fault, detail);
}

bool email_is_malformed(const struct view *view, char *detail)
{
	return some(view, GEN_EMAIL, name_email_fault, detail);
}

bool address_is_malformed(const struct view *view, char *detail)
{
	OWN(GENERAL_NAMES) GENERAL_NAMES *names = names_of(view);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		int octets = name->type == GEN_IPADD ? ASN1_STRING_length(name->d.iPAddress) : 4;
		if (octets == 4 || octets == 16)
			continue;
		snprintf(detail, VERIFY_DETAIL_BYTES, "%d octets", octets);
		return true;
	}
	return false;
}

/* ---- The common name ---- */

/* "a character-for-character copy"; addresses in the text of RFC 5952, which inet_ntop writes. */
static bool is_copy_of(const GENERAL_NAME *name, const char *text)
{
	char own[NAME_BYTES_MAX] = "";
	if (name->type == GEN_DNS)
		text_of(name->d.dNSName, own);
	if (name->type == GEN_IPADD) {
		int octets = ASN1_STRING_length(name->d.iPAddress);
		if (octets == 4 || octets == 16)
			inet_ntop(octets == 4 ? AF_INET : AF_INET6,
				ASN1_STRING_get0_data(name->d.iPAddress), own, sizeof own);
	}
	return *own && !strcmp(own, text);
}

static bool is_some_name(const GENERAL_NAMES *names, const X509_NAME_ENTRY *entry, char *detail)
{
	unsigned char *utf8 = NULL;
	char text[NAME_BYTES_MAX] = "";
	int bytes = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
	if (bytes > 0 && bytes < NAME_BYTES_MAX && !memchr(utf8, 0, (size_t)bytes))
		memcpy(text, utf8, (size_t)bytes);
	OPENSSL_free(utf8);
	say(text, NULL, detail);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		if (is_copy_of(sk_GENERAL_NAME_value(names, i), text))
			return true;
	return false;
}

bool common_name_is_no_san(const struct view *view, char *detail)
{
	const X509_NAME *subject = X509_get_subject_name(view->certificate);
	OWN(GENERAL_NAMES) GENERAL_NAMES *names = names_of(view);
	/* Where there is no name at all that is the finding, and this one would say nothing new. */
	if (view->role != ROLE_SERVER || view->is_ca || server_has_no_names(view, detail))
		return false;
	for (int i = -1; (i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >= 0;)
		if (!is_some_name(names, X509_NAME_get_entry(subject, i), detail))
			return true;
	return false;
}

/* ---- Name constraints ---- */

static NAME_CONSTRAINTS *limits_of(X509 *certificate)
{
	return X509_get_ext_d2i(certificate, NID_name_constraints, NULL, NULL);
}

bool limits_are_in_leaf(const struct view *view, char *detail)
{
	bool critical;
	(void)detail;
	return !(X509_get_extension_flags(view->certificate) & EXFLAG_CA) &&
	       view_extension(view, NID_name_constraints, &critical);
}

bool limits_are_not_critical(const struct view *view, char *detail)
{
	bool critical;
	(void)detail;
	return view_extension(view, NID_name_constraints, &critical) && !critical;
}

/* Each list that is there has an entry, and one of the two is there. */
bool limits_are_empty(const struct view *view, char *detail)
{
	OWN(NAME_CONSTRAINTS) NAME_CONSTRAINTS *limits = limits_of(view->certificate);
	(void)detail;
	if (!limits)
		return false;
	int permitted = sk_GENERAL_SUBTREE_num(limits->permittedSubtrees);
	int excluded = sk_GENERAL_SUBTREE_num(limits->excludedSubtrees);
	return permitted == 0 || excluded == 0 || (permitted < 0 && excluded < 0);
}

static bool subtree_is_malformed(const GENERAL_SUBTREE *subtree, char *detail)
{
	char text[NAME_BYTES_MAX];
	const char *fault = NULL;
	if (subtree->maximum || (subtree->minimum && ASN1_INTEGER_get(subtree->minimum) != 0)) {
		snprintf(detail, VERIFY_DETAIL_BYTES, "minimum and maximum are not used");
		return true;
	}
	if (subtree->base->type != GEN_DNS)
		return false;
	text_of(subtree->base->d.dNSName, text);
	/* The empty name is every name; a leading period is for URIs only. */
	if (*text)
		fault = *text == '*' ? "a constraint takes no wildcard" : name_dns_fault(text);
	if (fault)
		say(text, fault, detail);
	return fault != NULL;
}

static bool some_subtree_is_malformed(const STACK_OF(GENERAL_SUBTREE) * subtrees, char *detail)
{
	for (int i = 0; i < sk_GENERAL_SUBTREE_num(subtrees); i++)
		if (subtree_is_malformed(sk_GENERAL_SUBTREE_value(subtrees, i), detail))
			return true;
	return false;
}

bool limits_are_malformed(const struct view *view, char *detail)
{
	OWN(NAME_CONSTRAINTS) NAME_CONSTRAINTS *limits = limits_of(view->certificate);
	return limits && (some_subtree_is_malformed(limits->permittedSubtrees, detail) ||
				 some_subtree_is_malformed(limits->excludedSubtrees, detail));
}

/* Whether "*.DOMAIN" also stands for a name at or below `excluded`. */
static bool reaches(const char *wildcard, const char *excluded)
{
	const char *domain = wildcard + 2;
	size_t domain_bytes = strlen(domain), excluded_bytes = strlen(excluded);
	if (strncmp(wildcard, "*.", 2) != 0 || excluded_bytes <= domain_bytes + 1)
		return false;
	const char *tail = excluded + excluded_bytes - domain_bytes;
	/* The wildcard is one label, so a longer constraint is out of its reach. */
	return tail[-1] == '.' && !strcasecmp(tail, domain) &&
	       strcspn(excluded, ".") == excluded_bytes - domain_bytes - 1;
}

static bool reaches_some(
	const char *wildcard, const STACK_OF(GENERAL_SUBTREE) * excluded, char *detail)
{
	char text[NAME_BYTES_MAX];
	for (int i = 0; i < sk_GENERAL_SUBTREE_num(excluded); i++) {
		const GENERAL_NAME *base = sk_GENERAL_SUBTREE_value(excluded, i)->base;
		if (base->type != GEN_DNS)
			continue;
		text_of(base->d.dNSName, text);
		if (reaches(wildcard, text)) {
			say(wildcard, "which stands for an excluded name too", detail);
			return true;
		}
	}
	return false;
}

/*
 * An excluded "bar.example.com" does not match the text "*.example.com" (RFC 5280 section
 * 4.2.1.10), and yet that certificate is good for bar.example.com (RFC 9525 section 6.3).
 */
bool wildcard_reaches_excluded(const struct view *view, char *detail)
{
	OWN(GENERAL_NAMES) GENERAL_NAMES *names = names_of(view);
	for (int above = view->depth + 1; above < sk_X509_num(view->chain); above++) {
		OWN(NAME_CONSTRAINTS)
		NAME_CONSTRAINTS *limits = limits_of(sk_X509_value(view->chain, above));
		for (int i = 0; limits && i < sk_GENERAL_NAME_num(names); i++) {
			const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
			char text[NAME_BYTES_MAX];
			if (name->type != GEN_DNS)
				continue;
			text_of(name->d.dNSName, text);
			if (reaches_some(text, limits->excludedSubtrees, detail))
				return true;
		}
	}
	return false;
}
