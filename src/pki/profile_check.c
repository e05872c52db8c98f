/*
 * Whether extensions make a certificate that is fit for its role. Those of a .cnf section are built
 * as a trial, without keys, and looked at as objects, so that every way to write them is
 * understood; those of a certificate that is there already come to the same rules (fitness_check).
 */
#include "pki/fitness.h"
#include "pki/profile_internal.h"

#include "pki/name.h"

#include <openssl/err.h>
#include <stdarg.h>

OWN_DEFINE(BASIC_CONSTRAINTS, BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free);

enum { SHOWN_BYTES = 300 };

static void say(const struct fitness *trial, enum code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void say(const struct fitness *trial, enum code code, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	OWN(char) char *text = text_format_list(format, arguments);
	va_end(arguments);
	trial->found(trial->context, code, text);
}

static void check_constraints(const struct fitness *trial)
{
	int critical = -1;
	OWN(BASIC_CONSTRAINTS)
	BASIC_CONSTRAINTS *constraints =
		X509V3_get_d2i(trial->extensions, NID_basic_constraints, &critical, NULL);
	const char *path = trial->path, *where = trial->where;
	bool is_ca = constraints && constraints->ca;
	if (trial->role != ROLE_CA && is_ca)
		say(trial, trial->role == ROLE_CLIENT ? CODE_CLIENT_IS_CA : CODE_SERVER_IS_CA,
			"'%s' makes the %s a CA: CA:TRUE stands %s", path, role_name(trial->role),
			where);
	if (trial->role == ROLE_CA && !is_ca)
		say(trial, CODE_CA_WITHOUT_CONSTRAINTS,
			"'%s' makes no CA: basicConstraints with CA:TRUE is missing %s", path,
			where);
	if (trial->role == ROLE_CA && is_ca && critical != 1)
		say(trial, CODE_CONSTRAINTS_NOT_CRITICAL,
			"'%s' has a basicConstraints %s that is not critical", path, where);
}

static bool has_usage(const EXTENDED_KEY_USAGE *usages, int wanted)
{
	for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++)
		if (OBJ_obj2nid(sk_ASN1_OBJECT_value(usages, i)) == wanted)
			return true;
	return false;
}

static void check_usage(const struct fitness *trial)
{
	static const struct {
		bool wanted[ROLE_COUNT];
		int nid;
		const char *name;
		enum code missing, wrong;
	} rules[] = {
		{ { [ROLE_SERVER] = true, [ROLE_PEER] = true }, NID_server_auth, "serverAuth",
			CODE_SERVER_NO_EKU, CODE_SERVER_WRONG_EKU },
		{ { [ROLE_CLIENT] = true, [ROLE_PEER] = true }, NID_client_auth, "clientAuth",
			CODE_CLIENT_NO_EKU, CODE_CLIENT_WRONG_EKU },
	};
	OWN(EXTENDED_KEY_USAGE)
	EXTENDED_KEY_USAGE *usages =
		X509V3_get_d2i(trial->extensions, NID_ext_key_usage, NULL, NULL);
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		if (!rules[i].wanted[trial->role] || has_usage(usages, rules[i].nid))
			continue;
		say(trial, usages ? rules[i].wrong : rules[i].missing,
			"'%s' has %s %s, and a %s needs %s", trial->path,
			usages ? "the wrong extendedKeyUsage" : "no extendedKeyUsage", trial->where,
			role_name(trial->role), rules[i].name);
	}
}

static void check_names(const struct fitness *trial)
{
	OWN(GENERAL_NAMES)
	GENERAL_NAMES *names = X509V3_get_d2i(trial->extensions, NID_subject_alt_name, NULL, NULL);
	const char *path = trial->path, *where = trial->where;
	bool serves = trial->role == ROLE_SERVER || trial->role == ROLE_PEER;
	if (serves && X509v3_get_ext_by_NID(trial->extensions, NID_subject_alt_name, -1) < 0)
		say(trial, CODE_SERVER_NO_SAN, "'%s' has no subjectAltName for the %s %s", path,
			role_name(trial->role), where);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		int type;
		const ASN1_STRING *value =
			GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
		if (type != GEN_DNS)
			continue;
		char shown[SHOWN_BYTES];
		text_escape(shown, sizeof shown, ASN1_STRING_get0_data(value),
			(size_t)ASN1_STRING_length(value));
		struct error why;
		if (name_is_address(shown))
			say(trial, CODE_SAN_ADDRESS_AS_DNS,
				"'%s' has the address %s as a DNS name %s", path, shown, where);
		else if (!name_check_dns(shown, &why))
			say(trial, CODE_SAN_BAD_DNS, "'%s' %s: %s", path, where, why.text);
	}
}

/* keyid is left out where issuer and subject are one, unless it says keyid:always. */
static void check_root_identifier(
	struct profile *profile, enum role role, const char *section, const char *where)
{
	const char *value = profile_value(profile, section, "authorityKeyIdentifier");
	if (role != ROLE_CA || !value || strstr(value, ":always") || strstr(value, "none"))
		return;
	profile_warn(profile, CODE_AKI_SELF_SIGNED,
		"'%s' has authorityKeyIdentifier = %s %s: in a self-signed certificate it is "
		"empty",
		profile->path, value, where);
}

/* A bad host name is told as such, and FORMAT:UTF8 is how an otherName says what it is. */
static void check_name_letters(
	struct profile *profile, const char *section, const char *name, const char *value)
{
	if (!strncasecmp(name, "DNS", 3) || !strncasecmp(value, "DNS:", 4) ||
		strstr(value, "FORMAT:UTF8") || !profile_garbles(value))
		return;
	profile_warn_line(profile, CODE_CNF_ENCODING, profile_line(profile, section, name, 0),
		"'%s' has letters beyond ASCII in '%s', which is %s in [%s], where no name may "
		"have them",
		profile->path, value, name, section);
}

/* utf8 = yes is for subjects; alternative names are taken byte by byte in any case. */
static void check_letters(struct profile *profile, const char *section)
{
	static const char named[] = "subjectAltName";
	const char *names = profile_value(profile, section, named), *name;
	if (names && *names != '@')
		check_name_letters(profile, section, named, names);
	for (size_t i = 0; names && *names == '@'; i++) {
		name = profile_name_at(profile, names + 1, i);
		if (!name)
			return;
		check_name_letters(
			profile, names + 1, name, profile_own_value(profile, names + 1, name));
	}
}

void fitness_check(const struct fitness *trial)
{
	check_constraints(trial);
	check_usage(trial);
	check_names(trial);
	ERR_clear_error();
}

static void warn_of(void *context, enum code code, const char *text)
{
	profile_warn(context, code, "%s", text);
}

bool profile_check(
	struct profile *profile, enum role role, const char *section, struct error *reterr)
{
	OWN(extensions) STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
	if (!extensions)
		bug("out of memory");
	X509V3_CTX context;
	X509V3_set_ctx_test(&context);
	X509V3_set_nconf(&context, profile->conf);
	ERR_clear_error();
	if (section && !X509V3_EXT_add_nconf_sk(profile->conf, &context, section, &extensions))
		return error_openssl(reterr, ERROR_INPUT,
			"cannot use the configuration '%s': the section [%s] makes no extensions",
			profile->path, section);
	OWN(char) char *where =
		section ? text_format("in [%s]", section) : text_copy("as no section is named");
	const struct fitness trial = { .path = profile->path,
		.where = where,
		.role = role,
		.extensions = extensions,
		.found = warn_of,
		.context = profile };
	fitness_check(&trial);
	check_root_identifier(profile, role, section, where);
	if (section)
		check_letters(profile, section);
	ERR_clear_error();
	return true;
}
