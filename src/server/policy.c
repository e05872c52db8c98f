/* Deciding by rules. Pure: no file, no clock, no state. */
#include "server/policy_parts.h"

#include <ctype.h>
#include <strings.h>

/* Longer names and paths are not judged: they fit no rule that allows. */
#define NAME_BYTES_MAX 1000
#define PATH_BYTES_MAX 2000

/* ---- Globs ---- */

static bool same(char a, char b, bool fold)
{
	return a == b || (fold && tolower((unsigned char)a) == tolower((unsigned char)b));
}

/*
 * Two marks to go back to, one for each kind of star: the newest * takes one character more, and
 * when it may not, the newest ** does. No recursion, so a pattern cannot make it deep.
 */
bool policy_glob(const char *glob, const char *text, char separator, bool fold)
{
	const char *one = NULL, *one_text = NULL, *any = NULL, *any_text = NULL;
	while (*text) {
		if (glob[0] == '*' && glob[1] == '*') {
			any = glob += 2;
			any_text = text;
			one = NULL;
			continue;
		}
		if (*glob == '*') {
			one = ++glob;
			one_text = text;
			continue;
		}
		if (*glob && same(*glob, *text, fold)) {
			glob++, text++;
			continue;
		}
		if (one && (!separator || *one_text != separator)) {
			glob = one;
			text = ++one_text;
		} else if (any) {
			one = NULL;
			glob = any;
			text = ++any_text;
		} else {
			return false;
		}
	}
	return !glob[strspn(glob, "*")];
}

/* ---- Who ---- */

enum fit { FITS_NOT, FITS, UNCLEAR };

/*
 * A name that holds what the log escapes, or a star, was made to be read in two ways: no rule that
 * allows fits it, and each that denies does.
 */
static enum fit fit_name(const char *glob, const char *name, char separator, bool fold)
{
	if (!name)
		return FITS_NOT;
	if (strpbrk(name, "\\*") || strlen(name) > NAME_BYTES_MAX)
		return UNCLEAR;
	return policy_glob(glob, name, separator, fold) ? FITS : FITS_NOT;
}

static enum fit better(enum fit a, enum fit b)
{
	return a == FITS || b == FITS ? FITS : a == UNCLEAR || b == UNCLEAR ? UNCLEAR : FITS_NOT;
}

static enum fit fit_units(const char *glob, const struct identity *identity)
{
	enum fit fit = FITS_NOT;
	for (size_t i = 0; i < identity->units_count; i++)
		fit = better(fit, fit_name(glob, identity->units[i], 0, false));
	return fit;
}

static enum fit fit_sans(const char *glob, const struct identity *identity, const char *prefix,
	char separator, bool fold)
{
	enum fit fit = FITS_NOT;
	size_t bytes = strlen(prefix);
	for (size_t i = 0; i < identity->sans_count; i++)
		if (!strncmp(identity->sans[i], prefix, bytes))
			fit = better(
				fit, fit_name(glob, identity->sans[i] + bytes, separator, fold));
	return fit;
}

/* How many URIs there are, and whether one of them is a SPIFFE ID. */
static size_t count_uris(const struct identity *identity, bool *ret_spiffe)
{
	size_t count = 0;
	*ret_spiffe = false;
	for (size_t i = 0; i < identity->sans_count; i++)
		if (!strncmp(identity->sans[i], "URI:", 4)) {
			count++;
			*ret_spiffe |= !strncasecmp(identity->sans[i] + 4, "spiffe://", 9);
		}
	return count;
}

/* A SPIFFE ID counts only as the one URI of its certificate (X509-SVID section 2). */
static enum fit fit_uri(const struct policy_match *match, const struct identity *identity)
{
	bool spiffe;
	size_t count = count_uris(identity, &spiffe);
	if (spiffe && count != 1)
		return UNCLEAR;
	if ((match->who == POLICY_SPIFFE) != spiffe)
		return FITS_NOT;
	return fit_sans(match->glob, identity, "URI:", '/', false);
}

/* RFC 4514 escapes with backslashes of its own: the issuer is a CA that we trust. */
static enum fit fit_issuer(const char *glob, const char *issuer)
{
	if (!issuer || strchr(issuer, '*') || strlen(issuer) > NAME_BYTES_MAX)
		return UNCLEAR;
	return policy_glob(glob, issuer, 0, false) ? FITS : FITS_NOT;
}

static enum fit fit_digest(const char *wanted, const char *digest)
{
	return digest && !strcmp(wanted, digest) ? FITS : FITS_NOT;
}

static enum fit fit_one(const struct policy_match *match, const struct identity *identity)
{
	const char *glob = match->glob;
	if (match->who == POLICY_ANYONE)
		return FITS;
	if (match->who == POLICY_ANONYMOUS)
		return identity ? FITS_NOT : FITS;
	if (!identity)
		return FITS_NOT;
	switch (match->who) {
	case POLICY_CN:
		/* One that was made to be read in two ways is NULL (pki/identity.h). */
		return fit_name(glob, identity->common_name, 0, false);
	case POLICY_OU:
		return fit_units(glob, identity);
	case POLICY_DNS:
		return fit_sans(glob, identity, "DNS:", '.', true);
	case POLICY_EMAIL:
		return fit_sans(glob, identity, "email:", '@', false);
	case POLICY_URI:
	case POLICY_SPIFFE:
		return fit_uri(match, identity);
	case POLICY_ISSUER:
		return fit_issuer(glob, identity->issuer);
	case POLICY_SHA256:
		return fit_digest(glob, identity->sha256);
	case POLICY_SPKI:
		return fit_digest(glob, identity->spki_sha256);
	default:
		return FITS;
	}
}

static bool fits_who(const struct policy_rule *rule, const struct identity *identity)
{
	for (size_t i = 0; i < rule->match_count; i++) {
		enum fit fit = fit_one(&rule->matches[i], identity);
		if (fit == FITS_NOT || (fit == UNCLEAR && rule->allow))
			return false;
	}
	return true;
}

/* ---- What ---- */

static bool fits_method(const struct policy_rule *rule, const char *method)
{
	for (size_t i = 0; i < rule->method_count; i++) {
		const char *one = rule->methods[i];
		if (!strcmp(one, "*") || !strcmp(one, method) ||
			(!strcmp(one, "GET") && !strcmp(method, "HEAD")))
			return true;
	}
	return false;
}

static bool fits_path(const struct policy_rule *rule, const char *path)
{
	for (size_t i = 0; i < rule->path_count; i++)
		if (policy_glob(rule->paths[i], path, '/', false))
			return true;
	return false;
}

/*
 * The path as a file system or a router would read it. False when two of them could read it in two
 * ways: then no rule may be asked about only one of the readings.
 */
static bool decode_path(const char *path, char target[static PATH_BYTES_MAX + 1])
{
	size_t bytes = 0;
	for (; *path; path++) {
		int high = -1, low = -1;
		char byte = *path;
		if (byte == '%') {
			high = text_hex_value(path[1]);
			low = high < 0 ? -1 : text_hex_value(path[2]);
			if (low < 0)
				return false;
			byte = (char)(high * 16 + low);
			path += 2;
		}
		bool control = (unsigned char)byte < 0x20 || byte == 0x7f;
		if (control || byte == '\\' || (high >= 0 && byte == '/') ||
			bytes == PATH_BYTES_MAX)
			return false;
		target[bytes++] = byte;
	}
	target[bytes] = 0;
	for (const char *at = target; (at = strchr(at, '/')) != NULL; at++) {
		size_t segment = strcspn(at + 1, "/");
		bool dots = segment && segment <= 2 && strspn(at + 1, ".") >= segment;
		if (dots || at[1] == '/')
			return false;
	}
	return *target == '/' || !strcmp(target, "*");
}

struct policy_decision policy_decide(const struct policy *policy, const struct identity *identity,
	const char *method, const char *path)
{
	char plain[PATH_BYTES_MAX + 1];
	if (!decode_path(path, plain))
		return (struct policy_decision){ .why = "the path could be read in two ways" };
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		if (fits_who(rule, identity) && fits_method(rule, method) && fits_path(rule, plain))
			return (struct policy_decision){
				.allowed = rule->allow,
				.rule = rule->name,
				.line = rule->line,
				.why = rule->allow ? "a rule allows it" : "a rule denies it",
			};
	}
	return (struct policy_decision){ .why = "no rule allows it" };
}

void policy_digest(const struct policy *policy, unsigned char ret[static DESCRIBE_SHA256_BYTES])
{
	memcpy(ret, policy->digest, sizeof policy->digest);
}

const char *policy_path(const struct policy *policy)
{
	return policy->path;
}

size_t policy_rule_count(const struct policy *policy)
{
	return policy->rule_count;
}
