/* From what a server was given to what it may still reach (confine/confine.h), and a line of it. */
#include "server/sandbox.h"

#include "server/record.h"

#include <stdio.h>
#include <unistd.h>

#define FOLDERS_BYTES_MAX ((size_t)4 << 10)

static void add_need(void *context, enum store_need need, const char *path)
{
	struct confine_plan *plan = context;
	if (need == STORE_CONNECTS)
		plan->connects = true;
	else if (need == STORE_WRITES)
		confine_may_write(plan, path);
	else
		confine_may_read(plan, path);
}

/* Everything that a reload reads again, and that is written while it serves. */
static void plan_of(
	const struct server_options *options, const struct store *store, struct confine_plan *ret)
{
	static const char local[] = "unix:";
	const struct tls_options *tls = &options->tls;
	*ret = (struct confine_plan){ .mode = options->sandbox };
	confine_may_read(ret, tls->cert);
	confine_may_read(ret, tls->key);
	confine_may_read(ret, tls->ticket_keys);
	confine_may_read(ret, options->policy_path);
	for (size_t i = 0; i < tls->ca_count; i++)
		confine_may_read(ret, tls->ca[i]);
	for (size_t i = 0; i < tls->crl_count; i++)
		confine_may_read(ret, tls->crl[i]);
	confine_may_read_folder(ret, options->root);
	confine_may_write(ret, options->control);
	if (options->access_log && strcmp(options->access_log, "-") != 0)
		confine_may_write(ret, options->access_log);
	if (options->metrics && !strncmp(options->metrics, local, strlen(local)))
		confine_may_write(ret, options->metrics + strlen(local));
	store_needs(store, add_need, ret);
}

bool sandbox_enter(const struct server_options *options, const struct store *store, json_t **ret,
	struct error *reterr)
{
	OWN(confine_plan) struct confine_plan plan;
	struct confined confined;
	plan_of(options, store, &plan);
	if (!confine(&plan, &confined, reterr))
		return false;
	*ret = NULL;
	if (options->sandbox != CONFINE_OFF)
		*ret = sandbox_fields(&plan, &confined);
	return true;
}

static json_t *names(const struct confine_folders *folders)
{
	json_t *list = json_array();
	for (size_t i = 0; i < folders->count; i++) {
		char shown[ERROR_TEXT_BYTES];
		const char *path = folders->paths[i];
		text_escape(shown, sizeof shown, path, strlen(path));
		json_array_append_new(list, json_string(shown));
	}
	return list;
}

/* Escaped for both forms of the log: sentences, and the first one is the most dangerous. */
static json_t *dangers(const struct confined *confined)
{
	json_t *list = json_array();
	if (confined->is_root)
		json_array_append_new(list,
			json_string("it runs as root: name a user that it shall become, --user"));
	if (confined->exposed) {
		char shown[2][ERROR_TEXT_BYTES];
		text_escape(
			shown[0], sizeof shown[0], confined->exposed, strlen(confined->exposed));
		text_escape(shown[1], sizeof shown[1], confined->exposed_by,
			strlen(confined->exposed_by));
		OWN(char) char *text =
			text_format("'%s' can be written, as it is in '%s'", shown[0], shown[1]);
		json_array_append_new(list, json_string(text));
	}
	return list;
}

static json_t *wall(int system, json_t *otherwise)
{
	if (!system)
		return otherwise;
	json_decref(otherwise);
	OWN(char) char *text = text_format("no: %s", strerror(system));
	return json_string(text);
}

json_t *sandbox_fields(const struct confine_plan *plan, const struct confined *confined)
{
	return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o}", "uid", (int)geteuid(), "seccomp",
		wall(confined->filter_errno, json_string("yes")), "landlock",
		wall(confined->landlock_errno, json_integer(confined->landlock)), "read",
		names(&plan->reads), "write", names(&plan->writes), "warnings", dangers(confined));
}

/* A member of the line: a number, a word, or a list of folders. */
static void add_member(struct buffer *line, const char *name, const json_t *value)
{
	struct error ignored; /* what does not fit is cut: the record holds it all */
	size_t i;
	const json_t *item;
	bool fits = true;
	if (json_is_array(value)) {
		fits = buffer_format(line, &ignored, " | %s=", name);
		json_array_foreach(value, i, item) fits =
			fits && buffer_format(line, &ignored, "%s%s", i ? "," : "",
					json_string_value(item));
		if (!json_array_size(value))
			fits = fits && buffer_text(line, "nothing", &ignored);
	} else if (json_is_string(value)) {
		fits = buffer_format(line, &ignored, " | %s=%s", name, json_string_value(value));
	} else {
		fits = buffer_format(
			line, &ignored, " | %s=%d", name, (int)json_integer_value(value));
	}
	(void)fits;
}

void sandbox_say(const struct log *log, json_t *fields)
{
	static const char *const members[] = { "uid", "seccomp", "landlock", "read", "write" };
	struct error ignored;
	if (!fields)
		return;
	struct buffer line = BUFFER(FOLDERS_BYTES_MAX);
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		add_member(&line, members[i], json_object_get(fields, members[i]));
	const json_t *warnings = json_object_get(fields, "warnings"), *warning;
	size_t i;
	json_array_foreach(warnings, i,
		warning) if (!buffer_format(&line, &ignored, "%s%s",
				     i ? "; " : " | WARNING: ", json_string_value(warning))) break;
	record_line(log, json_array_size(warnings) ? LOG_WARNING : LOG_INFO, "sandbox", fields,
		"SANDBOX%s", line.data ? line.data : "");
	buffer_done(&line);
}
