/* A command as its user runs it, within the test: words in, exit code and both outputs out. */
#ifndef MTLS_TESTS_CMD_RUN_H
#define MTLS_TESTS_CMD_RUN_H

#include "unit.h"

#include "cmd/commands.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define WORDS_MAX 16

struct ran {
	int code;
	char out[8192], err[8192];
};

static inline int redirect(int descriptor, FILE *file)
{
	fflush(NULL);
	int before = dup(descriptor);
	assert_true(dup2(fileno(file), descriptor) >= 0);
	return before;
}

static inline void restore(int descriptor, int before, FILE *file, char *text, size_t bytes)
{
	fflush(NULL);
	dup2(before, descriptor);
	close(before);
	rewind(file);
	text[fread(text, 1, bytes - 1, file)] = 0;
	fclose(file);
}

/* `words` ends with NULL. What the words themselves are refused for is printed as main does it. */
static inline void run_command(
	const struct command *command, const char *const *words, struct ran *ret)
{
	struct error error;
	int count = 0;
	OWN(args) struct args *args = NULL;
	FILE *out = tmpfile(), *err = tmpfile();
	assert_true(out && err);
	while (words[count])
		count++;
	int out_before = redirect(STDOUT_FILENO, out), err_before = redirect(STDERR_FILENO, err);
	ret->code = args_parse(command, count, (char *const *)words, &args, &error)
			    ? command->run(args)
			    : cmd_fail(&error);
	restore(STDOUT_FILENO, out_before, out, ret->out, sizeof ret->out);
	restore(STDERR_FILENO, err_before, err, ret->err, sizeof ret->err);
}

#endif
