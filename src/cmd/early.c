/*
 * OpenSSL reads what to make of the processor (see tls/processor.c) from the environment, once,
 * when it is loaded, which is long before main. To begin again for that (again.c) costs a server a
 * quarter of its start. But what a program names in its DT_PREINIT_ARRAY runs before the libraries
 * do (System V ABI, "Initialization and Termination Functions"), and glibc passes it the
 * environment that they will see. It has no room for one more variable, so PATH lends its place,
 * which nobody asks for that early, and has it back before main: neither we nor our children see
 * anything of it.
 *
 * Of the C library only what needs no preparation may be used here. Where this cannot be, or where
 * the words do not tell which certificate it is, the server begins again as before.
 */
#include "cmd/early.h"

#include "tls/tls.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Where PATH stands. Volatile, as clang takes it that nothing of ours runs before a constructor. */
static char **volatile place;

bool early_told(void)
{
	return place != NULL;
}

/* Sanitizers are not ready by then either. */
#if defined __x86_64__ && defined __GLIBC__ && !defined MTLS_SANITIZED

static char *path; /* what stood there */

/* What an option has as its value, as --name VALUE or --name=VALUE; NULL when it is not there. */
static const char *value_of(const char *option, char **words)
{
	size_t bytes = strlen(option);
	for (; *words; words++)
		if (!strncmp(*words, option, bytes)) {
			if ((*words)[bytes] == '=')
				return *words + bytes + 1;
			if (!(*words)[bytes])
				return words[1];
		}
	return NULL;
}

static bool gains(char **words)
{
	char file[PATH_MAX];
	const char *certificate = value_of("--cert", words), *folder = value_of("--certs", words);
	if (!certificate)
		snprintf(file, sizeof file, "%s/server.crt", folder ? folder : "certs");
	return tls_processor_gains(certificate ? certificate : file);
}

static void before_libraries(int count, char **words, char **environment)
{
	static char told[] = TLS_PROCESSOR_VARIABLE "=" TLS_PROCESSOR_WITHOUT_ADX;
	char **lent = NULL;
	if (count < 2 || strcmp(words[1], "serve") != 0)
		return;
	for (char **entry = environment; *entry; entry++) {
		if (!strncmp(*entry, told, sizeof TLS_PROCESSOR_VARIABLE))
			return; /* what the user says stands */
		if (!strncmp(*entry, "PATH=", 5))
			lent = entry;
	}
	if (!lent || !gains(words + 2))
		return;
	place = lent;
	path = *lent;
	*lent = told;
}

__attribute__((constructor)) static void after_libraries(void)
{
	if (place)
		*place = path;
}

__attribute__((section(".preinit_array"), used)) static void (*first)(
	int, char **, char **) = before_libraries;

#endif
