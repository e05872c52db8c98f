/* Looking at modes and neighbours of the files that a server was given. */
#include "server/warn.h"

#include "server/record.h"

#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 1024

static void warn_about_mode(const struct log *log, const char *key)
{
	char shown[PATH_BYTES];
	struct stat about;
	if (!key || stat(key, &about) != 0 || !(about.st_mode & (S_IRWXG | S_IRWXO)))
		return;
	text_escape(shown, sizeof shown, key, strlen(key));
	record_line(log, LOG_WARNING, "key-mode", NULL,
		"WARNING: '%s' can be read by others: chmod 600 '%s'", shown, shown);
}

/* NAME.key for NAME.crt, as our own commands lay them out. */
static void warn_about_ca_key(const struct log *log, const char *ca)
{
	char shown[PATH_BYTES];
	const char *dot = strrchr(ca, '.');
	if (!dot || strcmp(dot, ".crt") != 0)
		return;
	OWN(char) char *key = text_format("%.*s.key", (int)(dot - ca), ca);
	if (access(key, R_OK) != 0)
		return;
	text_escape(shown, sizeof shown, key, strlen(key));
	record_line(log, LOG_WARNING, "ca-key", NULL,
		"WARNING: '%s' can be read by this server, which never needs it: who breaks in "
		"here can issue certificates",
		shown);
}

void warn_about_keys(const struct log *log, const struct tls_options *options)
{
	warn_about_mode(log, options->key);
	for (size_t i = 0; i < options->ca_count; i++)
		warn_about_ca_key(log, options->ca[i]);
}
