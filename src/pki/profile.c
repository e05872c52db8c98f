/* Loading a .cnf and choosing among its sections. */
#include "pki/profile_internal.h"

#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>

static const char *const role_names[ROLE_COUNT] = { "ca", "server", "client", "peer" };

const char *role_name(enum role role)
{
	return role_names[role];
}

bool role_parse(const char *text, enum role *ret)
{
	for (enum role role = 0; role < ROLE_COUNT; role++)
		if (!strcmp(text, role_names[role])) {
			*ret = role;
			return true;
		}
	return false;
}

static void warn(struct profile *profile, enum code code, size_t line, char *owned)
{
	OWN(char) char *text = owned;
	for (size_t i = 0; i < profile->warnings_count; i++)
		if (!strcmp(profile->warnings[i].text, text))
			return;
	profile->warnings = list_grow(
		profile->warnings, profile->warnings_count, sizeof *profile->warnings, "warnings");
	profile->warnings[profile->warnings_count++] =
		(struct profile_warning){ .code = code, .line = line, .text = TAKE(text) };
}

void profile_warn(struct profile *profile, enum code code, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	warn(profile, code, 0, text_format_list(format, arguments));
	va_end(arguments);
}

void profile_warn_line(
	struct profile *profile, enum code code, size_t line, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	warn(profile, code, line, text_format_list(format, arguments));
	va_end(arguments);
}

const struct profile_warning *profile_warnings(const struct profile *profile, size_t *ret_count)
{
	*ret_count = profile->warnings_count;
	return profile->warnings;
}

void profile_free(struct profile *profile)
{
	if (!profile)
		return;
	for (size_t i = 0; i < profile->warnings_count; i++)
		free(profile->warnings[i].text);
	free(profile->warnings);
	free(profile->path);
	free(profile->lacking);
	NCONF_free(profile->conf);
	profile_scan_done(profile);
	free(profile);
}

const char *profile_path(const struct profile *profile)
{
	return profile->path;
}

CONF *profile_conf(const struct profile *profile)
{
	return profile->conf;
}

const char *profile_value(const struct profile *profile, const char *section, const char *name)
{
	const char *value = NCONF_get_string(profile->conf, section, name);
	ERR_clear_error();
	return value;
}

/* What is no configuration at all; OpenSSL would complain of a missing equal sign, or take it. */
static bool looks_like_text(const char *path, const char *text, size_t bytes, struct error *reterr)
{
	if (memchr(text, 0, bytes))
		return error_set(reterr, ERROR_INPUT,
			"cannot read the configuration '%s': it is binary, not text", path);
	if (!strncmp(text, "-----BEGIN ", bytes < 11 ? bytes : 11)) {
		error_set(reterr, ERROR_INPUT,
			"cannot read the configuration '%s': it is a PEM file (%.*s)", path,
			(int)strcspn(text, "\r\n"), text);
		return error_hint(reterr, "name the .cnf file");
	}
	return true;
}

/*
 * OpenSSL goes on without an included file that it cannot read, and says so in its error queue
 * alone, whichever file names it: "calling stat(FILE)", "calling fopen(FILE, rb)".
 */
static void note_lacking(struct profile *profile)
{
	const char *data = NULL, *name;
	int flags = 0;
	struct error why;
	char shown[256];
	if (!ERR_peek_error_all(NULL, NULL, NULL, &data, &flags))
		return;
	bool is_text = data && (flags & ERR_TXT_STRING);
	name = is_text && (name = strchr(data, '(')) != NULL ? name + 1 : "";
	text_escape(shown, sizeof shown, name, strcspn(name, ",)"));
	error_openssl(&why, ERROR_INPUT, "'%s' includes '%s', which cannot be read", profile->path,
		shown);
	profile->lacking = text_copy(why.text);
	profile_warn(
		profile, CODE_CNF_INCLUDE, "%s, and OpenSSL goes on without it", profile->lacking);
}

bool profile_is_whole(const struct profile *profile, struct error *reterr)
{
	if (!profile->lacking)
		return true;
	error_set(reterr, ERROR_INPUT, "%s", profile->lacking);
	return error_hint(reterr,
		"make it readable, or take the .include out; its path begins in the working "
		"folder");
}

bool profile_parse(const char *path, const char *text, size_t bytes, struct profile **ret,
	struct error *reterr)
{
	if (!looks_like_text(path, text, bytes, reterr))
		return false;
	OWN(profile) struct profile *profile = calloc(1, sizeof *profile);
	if (!profile)
		bug("out of memory");
	profile->path = text_copy(path);
	profile->conf = NCONF_new(NULL);
	OWN(BIO) BIO *bio = BIO_new_mem_buf(text, (int)bytes);
	if (!bio || !profile->conf)
		bug("out of memory");
	long line = 0;
	ERR_clear_error();
	if (!NCONF_load_bio(profile->conf, bio, &line)) {
		OWN(char) char *where = line > 0 ? text_format(" line %ld", line) : text_copy("");
		return error_openssl(
			reterr, ERROR_INPUT, "cannot read the configuration '%s'%s", path, where);
	}
	note_lacking(profile);
	profile_scan(profile, text, bytes);
	profile_check_prompt(profile);
	profile_check_encoding(profile);
	*ret = TAKE(profile);
	return true;
}

bool profile_load(const char *path, struct profile **ret, struct error *reterr)
{
	OWN(buffer) struct buffer text = BUFFER(FILE_INPUT_BYTES_MAX);
	return file_read(path, &text, reterr) &&
	       profile_parse(path, text.data, text.length, ret, reterr);
}

bool profile_builtin(enum role role, struct profile **ret, struct error *reterr)
{
	OWN(char) char *path = text_format("built-in %s profile", role_name(role));
	OWN(char) char *text = profile_template(role, 0, role_name(role), NULL, "");
	return profile_parse(path, text, strlen(text), ret, reterr);
}

static bool has_section(const struct profile *profile, const char *section)
{
	bool found = NCONF_get_section(profile->conf, section) != NULL;
	ERR_clear_error();
	return found;
}

/* A section that something names must be there; `who` says what names it. */
static bool need_section(
	const struct profile *profile, const char *section, const char *who, struct error *reterr)
{
	return has_section(profile, section) ||
	       error_set(reterr, ERROR_INPUT,
		       "cannot use the configuration '%s': it has no section [%s], which %s names",
		       profile->path, section, who);
}

static bool named_section(
	const struct profile *profile, const char *name, const char **ret, struct error *reterr)
{
	const char *section = profile_value(profile, "req", name);
	if (section && !need_section(profile, section, name, reterr))
		return false;
	*ret = section;
	return true;
}

bool profile_request_section(const struct profile *profile, const char **ret, struct error *reterr)
{
	return named_section(profile, "req_extensions", ret, reterr);
}

static bool choose_leaf_section(
	struct profile *profile, enum role role, const char **ret, struct error *reterr)
{
	static const char *const by_role[ROLE_COUNT] = {
		[ROLE_SERVER] = "v3_server",
		[ROLE_CLIENT] = "v3_client",
		[ROLE_PEER] = "v3_peer",
	};
	if (has_section(profile, by_role[role])) {
		*ret = by_role[role];
		return true;
	}
	const char *section = NULL;
	if (!named_section(profile, "req_extensions", &section, reterr))
		return false;
	if (section)
		profile_warn(profile, CODE_CNF_REQUEST_EXTENSIONS,
			"'%s' has no section [%s], so the certificate gets [%s], which "
			"req_extensions names; `openssl x509 -req` alone drops it",
			profile->path, by_role[role], section);
	*ret = section;
	return true;
}

bool profile_section(struct profile *profile, enum role role, const char *wanted, const char **ret,
	struct error *reterr)
{
	const char *section = wanted;
	bool ok = wanted            ? need_section(profile, wanted, "--extensions", reterr)
		  : role == ROLE_CA ? named_section(profile, "x509_extensions", &section, reterr)
				    : choose_leaf_section(profile, role, &section, reterr);
	if (!ok || !profile_check(profile, role, section, reterr))
		return false;
	*ret = section;
	return true;
}
