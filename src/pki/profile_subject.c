/* The subject that a .cnf describes, as `openssl req` reads it: answers, or questions to ask. */
#include "pki/profile_internal.h"

#include <openssl/err.h>

static STACK_OF(CONF_VALUE) * name_section(const struct profile *profile, const char **ret_section)
{
	const char *section = profile_value(profile, "req", "distinguished_name");
	*ret_section = section;
	STACK_OF(CONF_VALUE) *values = section ? NCONF_get_section(profile->conf, section) : NULL;
	ERR_clear_error();
	return values;
}

/* OpenSSL asks unless told not to. */
static bool prompts(const struct profile *profile)
{
	const char *prompt = profile_value(profile, "req", "prompt");
	return !prompt || strcmp(prompt, "no") != 0;
}

/*
 * "2.OU" and "+UID" tell several of a type apart: what stands before the first `.`, `:` or `,` is
 * dropped, and a plus sign joins the RDN before.
 */
static const char *attribute_type(const char *name, bool *ret_joined)
{
	size_t before = strcspn(name, ".:,");
	if (name[before] && name[before + 1])
		name += before + 1;
	*ret_joined = *name == '+';
	return name + *ret_joined;
}

static bool ends_in(const char *name, const char *tail)
{
	size_t name_bytes = strlen(name), tail_bytes = strlen(tail);
	return name_bytes > tail_bytes && !strcmp(name + name_bytes - tail_bytes, tail);
}

static bool is_question(const CONF_VALUE *value)
{
	bool joined;
	return !ends_in(value->name, "_default") && !ends_in(value->name, "_value") &&
	       !ends_in(value->name, "_min") && !ends_in(value->name, "_max") &&
	       OBJ_txt2nid(attribute_type(value->name, &joined)) != NID_undef;
}

/* "CN_default" and its kin; NULL when the section itself has none. */
static const char *beside(
	const struct profile *profile, const char *section, const char *name, const char *tail)
{
	OWN(char) char *key = text_format("%s%s", name, tail);
	return profile_value(profile, section, key);
}

/* A guess, for a warning only: questions name what they ask for. */
static bool reads_as_answer(const char *text)
{
	static const char *const words[] = { "name", "code", "unit", "address", "locality",
		"country", "state", "province", "organi", "?", "(", ":" };
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcasestr(text, words[i]))
			return false;
	return *text != 0;
}

/* The first value that reads as an answer but is a question, or NULL. */
static const CONF_VALUE *misplaced_answer(const struct profile *profile, const char **ret_section)
{
	STACK_OF(CONF_VALUE) *values = name_section(profile, ret_section);
	for (int i = 0; prompts(profile) && i < sk_CONF_VALUE_num(values); i++) {
		const CONF_VALUE *value = sk_CONF_VALUE_value(values, i);
		if (is_question(value) && reads_as_answer(value->value) &&
			!beside(profile, *ret_section, value->name, "_default") &&
			!beside(profile, *ret_section, value->name, "_value"))
			return value;
	}
	return NULL;
}

void profile_check_prompt(struct profile *profile)
{
	const char *section;
	const CONF_VALUE *value = misplaced_answer(profile, &section);
	ERR_clear_error();
	if (value)
		profile_warn(profile, CODE_CNF_PROMPT,
			"'%s' has prompt = yes, so '%s' in [%s] is the question for %s, not the "
			"answer",
			profile->path, value->value, section, value->name);
}

/* What is no UTF-8 is Latin-1, which is read as it was meant. */
bool profile_garbles(const char *text)
{
	const char *at = text;
	while (*at && (unsigned char)*at < 0x80)
		at++;
	return *at && text_is_utf8(at, strlen(at));
}

static bool is_utf8(const struct profile *profile)
{
	const char *utf8 = profile_value(profile, "req", "utf8");
	return utf8 && !strcmp(utf8, "yes");
}

static void warn_of_encoding(struct profile *profile, size_t line, const char *text,
	const char *section, const char *name)
{
	profile_warn_line(profile, CODE_CNF_ENCODING, line,
		"'%s' takes each byte of '%s', which is %s in [%s], for a letter, as it has no "
		"utf8 = yes",
		profile->path, text, name, section);
}

void profile_check_encoding(struct profile *profile)
{
	const char *section;
	STACK_OF(CONF_VALUE) *values = name_section(profile, &section);
	for (int i = 0; !is_utf8(profile) && i < sk_CONF_VALUE_num(values); i++) {
		const CONF_VALUE *value = sk_CONF_VALUE_value(values, i);
		if ((prompts(profile) && is_question(value)) || !profile_garbles(value->value))
			continue;
		warn_of_encoding(profile, profile_line(profile, section, value->name, 0),
			value->value, section, value->name);
	}
}

struct building {
	struct profile *profile;
	const char *section;
	X509_NAME *name;
	int encoding;
};

static bool add_entry(const struct building *building, const char *type, bool joined,
	const char *value, struct error *reterr)
{
	ERR_clear_error();
	return X509_NAME_add_entry_by_txt(building->name, type, building->encoding,
		       (const unsigned char *)value, -1, -1, joined ? -1 : 0) == 1 ||
	       error_openssl(reterr, ERROR_INPUT,
		       "cannot use the configuration '%s': [%s] %s = %s does not fit",
		       building->profile->path, building->section, type, value);
}

/* The length limits that a prompting section may set beside a question. */
static bool check_length(
	const struct building *building, const char *name, const char *answer, struct error *reterr)
{
	const char *min = beside(building->profile, building->section, name, "_min");
	const char *max = beside(building->profile, building->section, name, "_max");
	long long low = 0, high = 0;
	size_t bytes = strlen(answer);
	if (min && text_number(min, 1, 1000000, &low) && bytes < (size_t)low)
		return error_set(reterr, ERROR_USAGE, "'%s' is too short for %s: at least %lld",
			answer, name, low);
	if (max && text_number(max, 1, 1000000, &high) && bytes > (size_t)high)
		return error_set(reterr, ERROR_USAGE, "'%s' is too long for %s: at most %lld",
			answer, name, high);
	return true;
}

static bool ask_entry(const struct building *building, const CONF_VALUE *value, profile_ask *ask,
	void *context, struct error *reterr)
{
	struct profile *profile = building->profile;
	bool joined;
	const char *type = attribute_type(value->name, &joined);
	const char *fixed = beside(profile, building->section, value->name, "_value");
	const char *preset = beside(profile, building->section, value->name, "_default");
	OWN(char) char *answer =
		fixed ? text_copy(fixed) : ask(context, value->value, preset ? preset : "");
	if (!answer)
		return error_set(reterr, ERROR_USAGE, "nobody answered '%s', which '%s' asks",
			value->value, profile->path);
	if (!*answer && preset) {
		free(answer);
		answer = text_copy(preset);
	}
	if (!*answer || !strcmp(answer, "."))
		return true; /* OpenSSL's way to leave a part out */
	if (building->encoding != MBSTRING_UTF8 && !fixed && profile_garbles(answer))
		warn_of_encoding(profile, 0, answer, building->section, value->name);
	return check_length(building, value->name, answer, reterr) &&
	       add_entry(building, type, joined, answer, reterr);
}

static bool cannot_ask(const struct profile *profile, const char *option, struct error *reterr)
{
	const char *section;
	const CONF_VALUE *value = misplaced_answer(profile, &section);
	if (!value)
		error_code(reterr, ERROR_USAGE, CODE_CNF_PROMPT,
			"'%s' has prompt = yes and there is no terminal to ask on", profile->path);
	else
		error_code(reterr, ERROR_USAGE, CODE_CNF_PROMPT,
			"'%s' has prompt = yes, so '%s' in [%s] is the question, not the answer, "
			"and there is no terminal to ask on",
			profile->path, value->value, section);
	if (!option)
		return error_hint(reterr, "set prompt = no");
	if (!value)
		return error_hint(reterr, "give the answer: %s /CN=NAME", option);
	return error_hint(reterr, "give the answer: %s /%s=%s, or set prompt = no", option,
		value->name, value->value);
}

static bool add_entries(const struct building *building, STACK_OF(CONF_VALUE) * values,
	profile_ask *ask, void *context, struct error *reterr)
{
	bool asks = prompts(building->profile);
	for (int i = 0; i < sk_CONF_VALUE_num(values); i++) {
		const CONF_VALUE *value = sk_CONF_VALUE_value(values, i);
		bool joined, ok;
		const char *type = attribute_type(value->name, &joined);
		if (asks)
			ok = !is_question(value) ||
			     ask_entry(building, value, ask, context, reterr);
		else
			ok = add_entry(building, type, joined, value->value, reterr);
		if (!ok)
			return false;
	}
	return true;
}

bool profile_subject(struct profile *profile, const char *option, profile_ask *ask, void *context,
	X509_NAME **ret, struct error *reterr)
{
	struct building building = { .profile = profile };
	STACK_OF(CONF_VALUE) *values = name_section(profile, &building.section);
	if (!building.section)
		return error_set(reterr, ERROR_INPUT,
			"cannot use the configuration '%s': [req] names no distinguished_name",
			profile->path);
	if (!values)
		return error_set(reterr, ERROR_INPUT,
			"cannot use the configuration '%s': it has no section [%s], which "
			"distinguished_name names",
			profile->path, building.section);
	if (prompts(profile) && !ask)
		return cannot_ask(profile, option, reterr);
	OWN(X509_NAME) X509_NAME *name = X509_NAME_new();
	if (!name)
		bug("out of memory");
	building.name = name;
	building.encoding = is_utf8(profile) ? MBSTRING_UTF8 : MBSTRING_ASC;
	if (!add_entries(&building, values, ask, context, reterr))
		return false;
	if (!X509_NAME_entry_count(name))
		return error_set(reterr, ERROR_INPUT,
			"cannot use the configuration '%s': [%s] makes an empty subject",
			profile->path, building.section);
	*ret = TAKE(name);
	return true;
}
