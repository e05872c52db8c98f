/* Looking at modes and neighbours of the files that a server was given. */
#include "server/warn.h"

#include "server/record.h"

#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 1024

static void warn_about_mode(const char *key, warn_say *say, void *context)
{
	char shown[PATH_BYTES];
	struct stat about;
	if (!key || stat(key, &about) != 0 || !(about.st_mode & (S_IRWXG | S_IRWXO)))
		return;
	text_escape(shown, sizeof shown, key, strlen(key));
	OWN(char) char *text =
		text_format("'%s' can be read by others: chmod 600 '%s'", shown, shown);
	say(context, "key-mode", text);
}

/* NAME.key for NAME.crt, as our own commands lay them out. */
static void warn_about_ca_key(const char *ca, warn_say *say, void *context)
{
	char shown[PATH_BYTES];
	const char *dot = strrchr(ca, '.');
	if (!dot || strcmp(dot, ".crt") != 0)
		return;
	OWN(char) char *key = text_format("%.*s.key", (int)(dot - ca), ca);
	if (access(key, R_OK) != 0)
		return;
	text_escape(shown, sizeof shown, key, strlen(key));
	OWN(char) char *text = text_format("'%s' can be read by this server, which never needs it: "
					   "who breaks in here can issue certificates",
		shown);
	say(context, "ca-key", text);
}

void warn_each(const struct tls_options *options, const struct tls_context *context, warn_say *say,
	void *listener)
{
	OWN(json_t) json_t *list = tls_context_crl_warnings(context);
	const json_t *warning;
	size_t i;
	if (options->verify.crl_grace_s && !options->crl_count)
		say(listener, "crl-grace",
			"--crl-grace is for a CRL that is late, and there is none: name it with "
			"--crl, or nobody can be revoked");
	warn_about_mode(options->key, say, listener);
	for (i = 0; i < options->ca_count; i++)
		warn_about_ca_key(options->ca[i], say, listener);
	json_array_foreach(list, i, warning)
		say(listener, json_string_value(json_object_get(warning, "code")),
			json_string_value(json_object_get(warning, "text")));
}

static void say_in_log(void *context, const char *event, const char *text)
{
	record_line(context, LOG_WARNING, event, NULL, "WARNING: %s", text);
}

void warn_about_files(
	const struct log *log, const struct tls_options *options, const struct tls_context *context)
{
	warn_each(options, context, say_in_log, (void *)log);
}
