/* The words of mtls init, for people and as JSON. */
#include "cmd/init_report.h"

#include "cmd/commands.h"

#include <stdio.h>

enum { TEXT_BYTES_MAX = 1 << 20 };

static bool warned_before(const struct setup *setup, size_t member, const char *text)
{
	for (size_t i = 0; i < member; i++) {
		size_t count;
		const struct profile_warning *warnings =
			profile_warnings(setup->members[i].profile, &count);
		for (size_t j = 0; j < count; j++)
			if (!strcmp(warnings[j].text, text))
				return true;
	}
	return false;
}

typedef void warning_seen(void *context, enum code code, const char *text);

static void each_warning(const struct setup *setup, warning_seen *seen, void *context)
{
	for (size_t i = 0; i < setup->count; i++) {
		size_t count;
		const struct profile_warning *warnings =
			profile_warnings(setup->members[i].profile, &count);
		for (size_t j = 0; j < count; j++)
			if (!warned_before(setup, i, warnings[j].text))
				seen(context, warnings[j].code, warnings[j].text);
	}
	for (size_t i = 0; i < setup->notes.count; i++)
		seen(context, CODE_NONE, setup->notes.texts[i]);
}

static void print_warning(void *context, enum code code, const char *text)
{
	(void)context;
	fprintf(stderr, "warning: %s%s%s%s\n", text, code ? " [" : "", code_name(code),
		code ? "]" : "");
	if (*code_info(code)->hint)
		fprintf(stderr, "hint: %s\n", code_info(code)->hint);
}

void init_warn(const struct setup *setup)
{
	each_warning(setup, print_warning, NULL);
}

void init_announce(const struct setup *setup)
{
	for (size_t i = 0; i < setup->count; i++) {
		const struct setup_member *member = &setup->members[i];
		if (member->had_key && member->make_key)
			fprintf(stderr, "replacing the key %s\n", member->key_path);
		if (member->had_cert && member->make_cert)
			fprintf(stderr, "replacing the certificate %s\n", member->crt_path);
	}
}

/* One file of the set and what became of it. */
struct item {
	const char *path, *kind;
	bool made, replaced;
	const char *why; /* or NULL */
};

static const char *action(const struct item *item)
{
	return !item->made ? "kept" : item->replaced ? "replaced" : "made";
}

enum { ITEMS_PER_MEMBER = 4 };

static size_t list_items(
	const struct setup_member *member, struct item items[static ITEMS_PER_MEMBER])
{
	size_t count = 0;
	items[count++] =
		(struct item){ member->cnf, "configuration", member->make_cnf, false, NULL };
	items[count++] =
		(struct item){ member->key_path, "key", member->make_key, member->had_key, NULL };
	if (member->csr_path)
		items[count++] = (struct item){ member->csr_path, "request", member->make_request,
			false, NULL };
	items[count++] = (struct item){ member->crt_path, "certificate", member->make_cert,
		member->had_cert, member->why };
	return count;
}

/* The line's tail: "" for something new. */
static void add_state(struct buffer *text, const struct item *item, struct error *reterr)
{
	bool ok = !item->made      ? buffer_text(text, " (kept)", reterr)
		  : item->replaced ? buffer_format(text, reterr, " (replaced%s%s)",
					     item->why ? ": " : "", item->why ? item->why : "")
				   : true;
	if (!ok)
		bug("a report of mtls init does not fit");
}

#define SAY(...) \
	do { \
		if (!buffer_format(text, &error, __VA_ARGS__)) \
			bug("a report of mtls init does not fit"); \
	} while (0)

static void say_pfx(const struct setup *setup, bool password_given, struct buffer *text)
{
	struct error error;
	SAY(", %s%s", setup->pfx_path, setup->make_pfx ? "" : " (kept)");
	if (setup->make_pfx && !password_given)
		SAY("\n      its password is in %s", setup->pfx_password_path);
	if (setup->pfx_password_removed)
		SAY("\n      %s is removed: it held the password of the one before",
			setup->pfx_password_path);
}

static void say_member(
	const struct setup *setup, size_t index, bool password_given, struct buffer *text)
{
	struct error error;
	const struct setup_member *member = &setup->members[index];
	struct item items[ITEMS_PER_MEMBER];
	size_t count = list_items(member, items), steps = setup->count * 2;
	char name[KEY_NAME_BYTES];
	bool is_ca = member->role == ROLE_CA;
	/* "CA", "CA2", "server", ... */
	OWN(char) char *title = text_format("%s%s", is_ca ? "CA" : "", member->name + is_ca * 2);
	OWN(char) char *subject = subject_text(member->subject);
	SAY("[%zu/%zu] %s key%s: %s, %s", index * 2 + 1, steps, title,
		count == ITEMS_PER_MEMBER ? " and request" : "", member->key_path,
		key_type_name(&member->key_type, name));
	add_state(text, &items[1], &error);
	if (member->csr_path) {
		SAY(", %s", member->csr_path);
		add_state(text, &items[2], &error);
	}
	SAY("\n[%zu/%zu] %s certificate: %s, %s", index * 2 + 2, steps, title, member->crt_path,
		subject);
	if (member->make_cert)
		SAY(", %d days", member->days);
	add_state(text, &items[count - 1], &error);
	if (member->crt_copy)
		SAY(", %s", member->crt_copy);
	if (setup->pfx_path && member->role == ROLE_CLIENT)
		say_pfx(setup, password_given, text);
	SAY("\n");
}

/*
 * Each leaf against its own CA, as the documents do it (openssl verify -CAfile): what else is
 * missing, the warnings have said.
 */
static bool verify_member(const struct setup *setup, const struct setup_member *member,
	struct verify_result *ret, struct error *reterr)
{
	OWN(X509) X509 *leaf = NULL;
	OWN(X509) X509 *ca = NULL;
	if (!setup_read_certificate(member, &leaf, reterr) ||
		!setup_read_certificate(&setup->members[member->issuer], &ca, reterr))
		return false;
	OWN(trust) struct trust *trust = trust_in(ca);
	struct verify_options rules = { .profile = PROFILE_OPENSSL, .depth_max = -1 };
	verify_leaf(trust, leaf, NULL, &rules, ret);
	return true;
}

static void add_warning(void *context, enum code code, const char *text)
{
	json_array_append_new(context,
		json_pack("{s:s?, s:s}", "code", code ? code_name(code) : NULL, "text", text));
}

static json_t *describe(const struct setup *setup, bool password_given)
{
	json_t *files = json_array(), *warnings = json_array();
	for (size_t i = 0; i < setup->count; i++) {
		struct item items[ITEMS_PER_MEMBER];
		size_t count = list_items(&setup->members[i], items);
		for (size_t j = 0; j < count; j++)
			json_array_append_new(
				files, json_pack("{s:s, s:s, s:s, s:s?}", "path", items[j].path,
					       "kind", items[j].kind, "action", action(&items[j]),
					       "why", items[j].made ? items[j].why : NULL));
	}
	if (setup->pfx_path)
		json_array_append_new(files,
			json_pack("{s:s, s:s, s:s, s:s?}", "path", setup->pfx_path, "kind", "pfx",
				"action", setup->make_pfx ? "made" : "kept", "password_file",
				setup->make_pfx && !password_given ? setup->pfx_password_path
								   : NULL));
	each_warning(setup, add_warning, warnings);
	return json_pack("{s:o, s:o, s:[]}", "files", files, "warnings", warnings, "verified");
}

/* A line for each leaf, as `openssl verify` prints it. */
static bool verify_all(const struct setup *setup, struct buffer *text, json_t *ret_verified,
	bool *ret_ok, struct error *reterr)
{
	bool done = true;
	*ret_ok = true;
	for (size_t i = 0; done && i < setup->count; i++) {
		const struct setup_member *member = &setup->members[i];
		struct verify_result verified = { 0 };
		if (member->issuer < 0)
			continue;
		if (!verify_member(setup, member, &verified, reterr))
			return false;
		done = buffer_format(text, reterr, "%s: %s%s\n", member->crt_path,
			verified.ok ? "OK" : "FAILED: ", verified.ok ? "" : verified.why);
		*ret_ok = *ret_ok && verified.ok;
		json_array_append_new(ret_verified,
			json_pack("{s:s, s:b, s:s?}", "path", member->crt_path, "ok", verified.ok,
				"code", verified.ok ? NULL : code_name(verified.code)));
	}
	return done;
}

int init_report(const struct setup *setup, bool password_given, bool json)
{
	struct error error;
	OWN(buffer) struct buffer report = BUFFER(TEXT_BYTES_MAX);
	OWN(json_t) json_t *result = describe(setup, password_given);
	bool all_ok;
	for (size_t i = 0; i < setup->count; i++)
		if (setup->members[i].make_cnf &&
			!buffer_format(&report, &error, "%s: written\n", setup->members[i].cnf))
			return cmd_fail(&error);
	for (size_t i = 0; i < setup->count; i++)
		say_member(setup, i, password_given, &report);
	if (!verify_all(setup, &report, json_object_get(result, "verified"), &all_ok, &error))
		return cmd_fail(&error);
	int exit_code = json ? cmd_print_json(TAKE(result)) : cmd_print(report.data, report.length);
	return exit_code ? exit_code : all_ok ? 0 : 1;
}
