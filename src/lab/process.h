/* Child processes: this program itself, run as a user would run it. */
#ifndef MTLS_LAB_PROCESS_H
#define MTLS_LAB_PROCESS_H

#include "base/base.h"

#include <signal.h>
#include <sys/types.h>

/* What one process may write before we stop listening. */
#define PROCESS_OUTPUT_BYTES_MAX ((size_t)4 << 20)
/* How long an event may take: generous, as nothing waits for it to pass. */
#define PROCESS_WAIT_MS 20000

enum process_output {
	PROCESS_CAPTURE, /* stdout and stderr are read by us */
	PROCESS_SHOW,    /* both are the caller's own */
};

struct process {
	pid_t pid;          /* 0 when none runs */
	int out_fd, err_fd; /* -1 when not captured, or at its end */
	struct buffer out, err;
	size_t line_at;   /* how much of `err` process_line has given out */
	char *name;       /* "mtls serve", for errors */
	unsigned wait_ms; /* how long it may say nothing, or run: PROCESS_WAIT_MS at first */
};

/* The path of the running program. */
must_check bool process_self(char **ret_path, struct error *reterr);

/* Set by a signal handler: whoever waits for a process gives up within a moment. */
extern volatile sig_atomic_t process_interrupted;

/* Starts PROGRAM, looked for in PATH unless it has a slash, with `words` (ending with NULL; the
 * first is the program's name) in FOLDER. */
must_check bool process_start(const char *program, const char *const *words, const char *folder,
	enum process_output output, struct process *ret, struct error *reterr);
/* The next whole line of its stderr, without the newline: the caller's to free. */
must_check bool process_line(struct process *process, char **ret_line, struct error *reterr);
/* Waits for its end; *ret_exit is its exit code, 128 + N when signal N ended it. */
must_check bool process_finish(struct process *process, int *ret_exit, struct error *reterr);
/* Waits until that second is over. */
must_check bool process_await_second(time_t second, struct error *reterr);
/* Asks it to stop, then insists, by its id. Frees what was captured. */
void process_stop(struct process *process);

#endif
