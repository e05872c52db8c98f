/*
 * Begins this program again, the same process with the same words, when a library read something
 * from the environment that would better have stood there, and early.c could not see it. Only
 * before anything was read that can be read once: a passphrase from a descriptor, a configuration
 * from a pipe.
 */
#include "cmd/again.h"

#include "cmd/config.h"
#include "cmd/early.h"
#include "cmd/side.h"
#include "tls/tls.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORDS_BYTES_MAX ((size_t)4 << 20)

static bool is_regular(const char *path)
{
	struct stat about;
	return stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

/* As the kernel keeps them, each with its zero. */
static bool read_words(struct buffer *ret)
{
	FILE *file = fopen("/proc/self/cmdline", "re");
	char bytes[4096];
	struct error ignored;
	bool ok = file != NULL;
	for (size_t count; ok && (count = fread(bytes, 1, sizeof bytes, file)) > 0;)
		ok = buffer_append(ret, bytes, count, &ignored);
	if (file)
		fclose(file);
	return ok && ret->length && !ret->data[ret->length - 1];
}

/* Returns when it fails. */
static void begin_again(void)
{
	char path[PATH_MAX]; /* by its name, so that ps shows it by its name */
	ssize_t bytes = readlink("/proc/self/exe", path, sizeof path - 1);
	OWN(buffer) struct buffer all = BUFFER(WORDS_BYTES_MAX);
	if (bytes < 0 || !read_words(&all))
		return;
	path[bytes] = 0;
	size_t count = 0;
	for (size_t i = 0; i < all.length; i++)
		count += !all.data[i];
	char **words = calloc(count + 1, sizeof *words);
	if (!words)
		bug("out of memory for arguments");
	char *word = all.data;
	for (size_t i = 0; i < count; i++, word += strlen(word) + 1)
		words[i] = word;
	execv(path, words);
	free(words);
}

void again_if_faster(const struct args *args)
{
	const char *configuration = config_path(args);
	OWN(char) char *certificate = side_certificate(args, "server");
	if (configuration && !is_regular(configuration))
		return;
	bool gains = tls_processor_gains(certificate);
	if (getenv(TLS_PROCESSOR_VARIABLE) || gains == early_told())
		return;
	if (setenv(TLS_PROCESSOR_VARIABLE,
		    gains ? TLS_PROCESSOR_WITHOUT_ADX : TLS_PROCESSOR_AS_IT_IS, 0) == 0)
		begin_again();
	unsetenv(TLS_PROCESSOR_VARIABLE);
}
