/* mtls issue: one certificate per identity, with its key, request and .cnf. */
#include "cmd/issue.h"

#include "cmd/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct option options[] = {
	LEAF_OPTIONS,
	{ .name = "key-type",
		.value = "TYPE",
		.preset = "rsa:2048",
		.help = "kind of the key: " KEY_TYPES },
	{ .name = "names",
		.value = "FILE",
		.help = "more names, one a line (-: standard input); empty lines and # "
			"comments are skipped" },
	{ .name = "force", .help = "replace key and certificate; never the .cnf" },
	CERTS_OPTION,
	ISSUER_OPTIONS,
	JSON_OPTION,
	{ 0 },
};

bool issue_read_options(
	const struct args *args, const char *role, struct issue_options *ret, struct error *reterr)
{
	long long days;
	*ret = (struct issue_options){ 0 };
	if (!role_parse(role, &ret->role) || ret->role == ROLE_CA)
		return error_set(reterr, ERROR_USAGE,
			"a certificate is for a server, a client or a peer, not for '%s'", role);
	if (!args_number(args, "days", 1, CA_DAYS_MAX, &days, reterr))
		return false;
	ret->days = (int)days;
	ret->sans = args_list(args, "san", &ret->san_count);
	return true;
}

static json_t *sentences(const struct notes *notes)
{
	json_t *list = json_array();
	for (size_t i = 0; notes && i < notes->count; i++)
		json_array_append_new(list, json_string(notes->texts[i]));
	return list;
}

int issue_report(const struct args *args, const char *role, const struct issued *issued,
	const struct notes *notes, const struct notes *refused)
{
	OWN(identity) struct identity *identity = identity_new(issued->certificate);
	char until[CLOCK_RFC3339_BYTES];
	clock_rfc3339(identity->not_after, until);
	if (args_flag(args, "json"))
		return cmd_print_json(json_pack(
			"{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s?, s:s?, s:o, s:o}", "role", role,
			"subject", identity->subject, "issuer", identity->issuer, "serial",
			identity->serial, "not_after", until, "names", identity_sans(identity),
			"certificate", issued->certificate_path, "key", issued->key_path, "cnf",
			issued->cnf_path, "warnings", sentences(notes), "not_granted",
			sentences(refused)));
	issuer_warn(notes);
	for (size_t i = 0; refused && i < refused->count; i++)
		fprintf(stderr, "asked for and not granted: %s\n", refused->texts[i]);
	OWN(buffer) struct buffer text = BUFFER((size_t)1 << 20);
	struct error error;
	bool ok = buffer_format(&text, &error, "%s: %s, %s, until %s\n", issued->certificate_path,
		role, identity->subject, until);
	for (size_t i = 0; ok && i < identity->sans_count; i++)
		ok = buffer_format(&text, &error, "  name   %s\n", identity->sans[i]);
	ok = ok && buffer_format(&text, &error, "  serial %s\n", identity->serial);
	if (ok && issued->key_path)
		ok = buffer_format(&text, &error, "  key    %s\n", issued->key_path);
	if (ok && issued->cnf_path)
		ok = buffer_format(&text, &error, "  from   %s\n", issued->cnf_path);
	return ok ? cmd_print(text.data, text.length) : cmd_fail(&error);
}

static bool open_ca(void *context, struct ca **ret, struct error *reterr)
{
	return issuer_open(context, ret, reterr);
}

static int issue_one(struct args *args, const struct issue_wanted *wanted, const char *name)
{
	struct error error;
	OWN(notes) struct notes notes = { 0 };
	OWN(issued) struct issued issued = { 0 };
	if (!issue_new(wanted, name, open_ca, args, &notes, &issued, &error))
		return cmd_fail(&error);
	return issue_report(args, args_operand(args, 0), &issued, &notes, NULL);
}

/* The names of the command line and of --names; borrowed from both. */
struct names {
	const char **texts;
	size_t count;
	struct buffer file;
};

static void own_names(struct names *names)
{
	free(names->texts);
	buffer_done(&names->file);
}

static void add_name(struct names *names, const char *name)
{
	names->texts = list_grow(names->texts, names->count, sizeof *names->texts, "names");
	names->texts[names->count++] = name;
}

static bool read_names(const struct args *args, struct names *ret, struct error *reterr)
{
	const char *path = args_text(args, "names");
	for (int i = 1; i < args_count(args); i++)
		add_name(ret, args_operand(args, i));
	if (!path)
		return true;
	if (!file_read(path, &ret->file, reterr))
		return false;
	if (memchr(ret->file.data, 0, ret->file.length))
		return error_set(reterr, ERROR_INPUT, "cannot use '%s': it is no text", path);
	for (char *line = ret->file.data, *next; *line; line = next) {
		size_t length = strcspn(line, "\n");
		next = line + length + (line[length] == '\n');
		while (length && strchr(" \t\r", line[length - 1]))
			length--;
		line[length] = 0;
		if (*line && *line != '#')
			add_name(ret, line);
	}
	return true;
}

/* What the callbacks of issue_many get. */
struct job {
	struct args *args;
	const struct names *names;
	bool shown;
};

static bool open_jobs_ca(void *context, struct ca **ret, struct error *reterr)
{
	return issuer_open(((struct job *)context)->args, ret, reterr);
}

/* On a terminal: how many are made, on one line that is cleared at the end. */
static void show_progress(void *context, size_t made)
{
	struct job *job = context;
	fprintf(stderr, "\rissuing certificates: %zu of %zu ", made, job->names->count);
	job->shown = true;
}

static json_t *one_as_json(const struct issue_wanted *wanted, const char *name,
	const struct issued_one *one, const char *until)
{
	OWN(char) char *certificate = text_format("%s/%s.crt", wanted->folder, name);
	OWN(char) char *key = text_format("%s/%s.key", wanted->folder, name);
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", name, "serial", one->serial,
		"not_after", until, "certificate", certificate, "key", key);
}

static int report_many(const struct args *args, const struct issue_wanted *wanted,
	const struct names *names, const struct issued_one *made, const struct notes *notes)
{
	struct error error;
	char until[CLOCK_RFC3339_BYTES];
	const char *role = args_operand(args, 0);
	bool json = args_flag(args, "json"), ok = true;
	OWN(buffer) struct buffer text = BUFFER((size_t)64 << 20);
	json_t *list = json_array();
	for (size_t i = 0; ok && i < names->count; i++) {
		clock_rfc3339(made[i].not_after, until);
		if (json)
			json_array_append_new(
				list, one_as_json(wanted, names->texts[i], &made[i], until));
		else
			ok = buffer_format(&text, &error, "%s/%s.crt: %s, serial %s, until %s\n",
				wanted->folder, names->texts[i], role, made[i].serial, until);
	}
	if (json)
		return cmd_print_json(json_pack("{s:s, s:o, s:o}", "role", role, "certificates",
			list, "warnings", sentences(notes)));
	json_decref(list);
	issuer_warn(notes);
	ok = ok && buffer_format(&text, &error,
			   "%zu certificates, each with key, request and .cnf\n", names->count);
	return ok ? cmd_print(text.data, text.length) : cmd_fail(&error);
}

static int issue_all(
	struct args *args, const struct issue_wanted *wanted, const struct names *names)
{
	struct error error;
	OWN(notes) struct notes notes = { 0 };
	struct job job = { .args = args, .names = names };
	struct issued_one *made = calloc(names->count, sizeof *made);
	if (!made)
		bug("out of memory");
	bool ok = issue_many(wanted, names->texts, names->count, open_jobs_ca,
		isatty(STDERR_FILENO) ? show_progress : NULL, &job, &notes, made, &error);
	if (job.shown)
		fputs("\r\033[K", stderr);
	int code = ok ? report_many(args, wanted, names, made, &notes) : cmd_fail(&error);
	free(made);
	return code;
}

static int run(struct args *args)
{
	struct error error;
	struct issue_wanted wanted = { .folder = args_text(args, "certs"),
		.force = args_flag(args, "force") };
	__attribute__((cleanup(own_names))) struct names names = { .file = BUFFER(
									   FILE_INPUT_BYTES_MAX) };
	if (!issue_read_options(args, args_operand(args, 0), &wanted.options, &error) ||
		!key_type_parse(args_text(args, "key-type"), &wanted.key_type, &error) ||
		!read_names(args, &names, &error))
		return cmd_fail(&error);
	if (!names.count) {
		error_set(&error, ERROR_USAGE, "nobody is named to issue a certificate to");
		error_hint(&error, "mtls issue %s NAME, or --names FILE", args_operand(args, 0));
		return cmd_fail(&error);
	}
	return names.count == 1 ? issue_one(args, &wanted, names.texts[0])
				: issue_all(args, &wanted, &names);
}

const struct command issue_command = {
	.name = "issue",
	.summary = "Issues certificates for servers, clients or peers",
	.operands = "server|client|peer [NAME...]",
	.operands_min = 1,
	.operands_max = -1,
	.options = options,
	.run = run,
	.details =
		"Writes NAME.cnf, NAME.key, NAME.csr and NAME.crt. If NAME.cnf is there already, "
		"the certificate is what it says. A peer is both server and client. Without "
		"--san a server or peer is for the host NAME. Several names are made side by "
		"side on all cores, and written together or not at all.",
};
