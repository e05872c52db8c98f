/* Reading [policy]: rules out of lines, and a sentence with file and line for each mistake. */
#include "server/policy_parts.h"

#include <ctype.h>
#include <strings.h>

#define SECTION "policy"

static const struct {
	const char *name;
	enum policy_who who;
	bool digest;
} keys[] = {
	{ "CN", POLICY_CN, false },
	{ "OU", POLICY_OU, false },
	{ "DNS", POLICY_DNS, false },
	{ "URI", POLICY_URI, false },
	{ "email", POLICY_EMAIL, false },
	{ "SPIFFE", POLICY_SPIFFE, false },
	{ "issuer", POLICY_ISSUER, false },
	{ "SHA256", POLICY_SHA256, true },
	{ "SPKI", POLICY_SPKI, true },
};

static const struct {
	const char *name;
	enum policy_who who;
} words[] = {
	{ "anyone", POLICY_ANYONE },
	{ "anonymous", POLICY_ANONYMOUS },
	{ "certificate", POLICY_CERTIFICATE },
};

/* ---- Words ---- */

static char *trim(char *text)
{
	text += strspn(text, " \t");
	for (size_t bytes = strlen(text);
		bytes && (text[bytes - 1] == ' ' || text[bytes - 1] == '\t'); bytes--)
		text[bytes - 1] = 0;
	return text;
}

/* The next part up to one of `ends`, trimmed; NULL behind the last. */
static char *next_part(char **rest, const char *ends)
{
	char *part = strsep(rest, ends);
	return part ? trim(part) : NULL;
}

/* %2C is how a comma gets into a name. False: not two digits, or a NUL. */
static bool decode(char *text)
{
	char *to = text;
	for (; *text; text++, to++) {
		*to = *text;
		if (*text != '%')
			continue;
		int high = text_hex_value(text[1]), low = high < 0 ? -1 : text_hex_value(text[2]);
		if (low < 0 || !(high * 16 + low))
			return false;
		*to = (char)(high * 16 + low);
		text += 2;
	}
	*to = 0;
	return true;
}

/* ---- Who ---- */

static bool read_digest(const char *name, char *value, char **ret, struct error *reterr)
{
	char *to = value;
	for (const char *from = value; *from; from++)
		if (*from != ':')
			*to++ = (char)tolower((unsigned char)*from);
	*to = 0;
	if (strlen(value) != 64 || strspn(value, "0123456789abcdef") != 64)
		return error_set(reterr, ERROR_INPUT,
			"%s takes the 64 hexadecimal digits of a SHA-256, and no star", name);
	*ret = text_copy(value);
	return true;
}

static bool check_glob(
	enum policy_who who, const char *name, const char *glob, struct error *reterr)
{
	if (!*glob)
		return error_set(reterr, ERROR_INPUT, "%s has no value", name);
	if (strlen(glob) > POLICY_GLOB_BYTES_MAX)
		return error_set(reterr, ERROR_INPUT, "%s is longer than %d bytes", name,
			POLICY_GLOB_BYTES_MAX);
	if (strstr(glob, "***"))
		return error_set(reterr, ERROR_INPUT, "%s: *** means nothing; write ** or *", name);
	if (!text_is_utf8(glob, strlen(glob)) || strchr(glob, '\\'))
		return error_set(reterr, ERROR_INPUT,
			"%s holds a backslash or bytes that are no UTF-8", name);
	bool spiffe = !strncasecmp(glob, "spiffe://", 9);
	if (who == POLICY_URI && spiffe)
		return error_set(reterr, ERROR_INPUT,
			"a SPIFFE ID is matched with SPIFFE=, which makes sure that it is the "
			"only URI");
	if (who == POLICY_SPIFFE && strncmp(glob, "spiffe://", 9) != 0)
		return error_set(reterr, ERROR_INPUT, "SPIFFE takes spiffe://TRUST-DOMAIN/PATH");
	return true;
}

static bool read_match(char *text, struct policy_match *ret, struct error *reterr)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcasecmp(text, words[i].name)) {
			*ret = (struct policy_match){ words[i].who, NULL };
			return true;
		}
	char *value = strchr(text, '=');
	if (value)
		*value++ = 0;
	text = trim(text);
	for (size_t i = 0; value && i < sizeof keys / sizeof *keys; i++) {
		if (strcasecmp(text, keys[i].name) != 0)
			continue;
		ret->who = keys[i].who;
		value = trim(value);
		if (!decode(value))
			return error_set(reterr, ERROR_INPUT,
				"%%HH in the value of %s is not two hexadecimal digits, or NUL",
				keys[i].name);
		if (keys[i].digest)
			return read_digest(keys[i].name, value, &ret->glob, reterr);
		if (!check_glob(keys[i].who, keys[i].name, value, reterr))
			return false;
		ret->glob = text_copy(value);
		return true;
	}
	char shown[100];
	return error_set(reterr, ERROR_INPUT,
		"'%s' is nobody: write anyone, anonymous, certificate, or CN=, OU=, DNS=, URI=, "
		"email=, SPIFFE=, issuer=, SHA256=, SPKI=",
		text_escape(shown, sizeof shown, text, strlen(text)));
}

static bool read_who(char *text, struct policy_rule *rule, struct error *reterr)
{
	char *part;
	while ((part = next_part(&text, ",")) != NULL) {
		if (rule->match_count == POLICY_MATCHES_MAX)
			return error_set(
				reterr, ERROR_INPUT, "more than %d names", POLICY_MATCHES_MAX);
		if (!read_match(part, &rule->matches[rule->match_count], reterr))
			return false;
		rule->match_count++;
	}
	for (size_t i = 0; rule->match_count > 1 && i < rule->match_count; i++)
		if (!rule->matches[i].glob)
			return error_set(reterr, ERROR_INPUT,
				"anyone, anonymous and certificate stand alone");
	return true;
}

/* ---- What ---- */

static bool check_method(const char *text, struct error *reterr)
{
	size_t letters = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-");
	char shown[60];
	if (!strcmp(text, "*") || (letters && letters < 32 && !text[letters]))
		return true;
	return error_set(reterr, ERROR_INPUT, "'%s' is no method such as GET, and not *",
		text_escape(shown, sizeof shown, text, strlen(text)));
}

static bool check_path(const char *text, struct error *reterr)
{
	char shown[100];
	if (strpbrk(text, "?#%"))
		return error_set(reterr, ERROR_INPUT,
			"the path '%s' holds ?, # or %%: paths are written decoded and end "
			"before the query",
			text_escape(shown, sizeof shown, text, strlen(text)));
	if (*text != '/' && strcmp(text, "*") != 0 && strcmp(text, "**") != 0)
		return error_set(reterr, ERROR_INPUT,
			"the path '%s' does not begin with /, and is not ** (all of them)",
			text_escape(shown, sizeof shown, text, strlen(text)));
	return check_glob(POLICY_ANYONE, "the path", text, reterr);
}

static bool read_list(char *text, char *ret[static POLICY_MATCHES_MAX], size_t *ret_count,
	bool (*check)(const char *text, struct error *reterr), struct error *reterr)
{
	char *part;
	while ((part = next_part(&text, ",")) != NULL) {
		if (*ret_count == POLICY_MATCHES_MAX)
			return error_set(reterr, ERROR_INPUT, "more than %d in one rule",
				POLICY_MATCHES_MAX);
		if (!check(part, reterr))
			return false;
		ret[(*ret_count)++] = text_copy(part);
	}
	return true;
}

/* ---- Rules ---- */

static bool read_rule(char *text, struct policy_rule *rule, struct error *reterr)
{
	char *who = next_part(&text, ";"), *methods = next_part(&text, ";"),
	     *paths = next_part(&text, ";");
	if (!paths || text)
		return error_set(reterr, ERROR_INPUT,
			"a rule is \"allow WHO; METHODS; PATHS\", or the same with deny");
	char *verb = next_part(&who, " \t");
	rule->allow = verb && !strcmp(verb, "allow");
	if (!rule->allow && (!verb || strcmp(verb, "deny") != 0))
		return error_set(reterr, ERROR_INPUT, "a rule begins with the word allow or deny");
	if (!who)
		return error_set(reterr, ERROR_INPUT, "it does not say who");
	return read_who(who, rule, reterr) &&
	       read_list(methods, rule->methods, &rule->method_count, check_method, reterr) &&
	       read_list(paths, rule->paths, &rule->path_count, check_path, reterr);
}

static void rule_done(struct policy_rule *rule)
{
	free(rule->name);
	for (size_t i = 0; i < rule->match_count; i++)
		free(rule->matches[i].glob);
	for (size_t i = 0; i < rule->method_count; i++)
		free(rule->methods[i]);
	for (size_t i = 0; i < rule->path_count; i++)
		free(rule->paths[i]);
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	for (size_t i = 0; i < policy->rule_count; i++)
		rule_done(&policy->rules[i]);
	free(policy->rules);
	free(policy->path);
	free(policy);
}

/* OpenSSL lets the last of two rules of one name win, in silence: here nobody gets lost. */
static bool check_twice(const struct profile *file, const char *name, struct error *reterr)
{
	size_t first = profile_line(file, SECTION, name, 0);
	size_t second = profile_line(file, SECTION, name, 1);
	if (!second)
		return true;
	return error_set(reterr, ERROR_INPUT,
		"'%s' line %zu: the rule '%s' stands in line %zu already", profile_path(file),
		second, name, first);
}

static bool read_all(struct policy *policy, const struct profile *file, struct error *reterr)
{
	const char *name;
	OWN(buffer) struct buffer text = BUFFER(FILE_INPUT_BYTES_MAX * 2);
	for (size_t i = 0; (name = profile_name_at(file, SECTION, i)) != NULL; i++) {
		struct policy_rule *rule = &policy->rules[policy->rule_count];
		if (i == POLICY_RULES_MAX)
			return error_set(reterr, ERROR_INPUT,
				"'%s': [policy] has more than %d rules", policy->path,
				POLICY_RULES_MAX);
		if (!check_twice(file, name, reterr))
			return false;
		policy->rule_count++;
		rule->name = text_copy(name);
		rule->line = profile_line(file, SECTION, name, 0);
		OWN(char) char *value = text_copy(profile_own_value(file, SECTION, name));
		if (!buffer_format(&text, reterr, "%s=%s\n", name, value))
			return false;
		if (!read_rule(value, rule, reterr)) {
			char where[32] = "";
			if (rule->line)
				snprintf(where, sizeof where, " line %zu", rule->line);
			return error_context(
				reterr, "'%s'%s: the rule '%s'", policy->path, where, name);
		}
	}
	describe_sha256(text.data, text.length, policy->digest);
	return policy->rule_count ||
	       error_set(reterr, ERROR_INPUT,
		       "'%s' line %zu: [policy] has no rule, so that nobody could do anything",
		       policy->path, profile_line(file, SECTION, NULL, 0));
}

bool policy_load(const char *path, struct policy **ret, struct error *reterr)
{
	OWN(profile) struct profile *file = NULL;
	OWN(policy) struct policy *policy = NULL;
	if (!profile_load(path, &file, reterr) || !profile_is_whole(file, reterr))
		return false;
	if (!profile_has_section(file, SECTION)) {
		*ret = NULL;
		return true;
	}
	policy = calloc(1, sizeof *policy);
	if (policy)
		policy->rules = calloc(POLICY_RULES_MAX + 1, sizeof *policy->rules);
	if (!policy || !policy->rules)
		bug("out of memory for a policy");
	policy->path = text_copy(path);
	if (!read_all(policy, file, reterr))
		return false;
	*ret = TAKE(policy);
	return true;
}

bool policy_includes(const char *path)
{
	OWN(profile) struct profile *file = NULL;
	struct error ignored; /* policy_load says it */
	size_t count = 0;
	if (!profile_load(path, &file, &ignored))
		return false;
	const struct profile_warning *warnings = profile_warnings(file, &count);
	for (size_t i = 0; i < count; i++)
		if (warnings[i].code == CODE_CNF_INCLUDE)
			return true;
	return false;
}
