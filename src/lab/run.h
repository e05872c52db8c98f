/* Runs scenarios for real: this program's server and client as processes, in one folder. */
#ifndef MTLS_LAB_RUN_H
#define MTLS_LAB_RUN_H

#include "lab/compare.h"
#include "lab/process.h"

struct lab;

/* A row in one of its columns. */
struct lab_run {
	const struct scenario *scenario;
	enum tls_version version; /* TLS_1_2 or TLS_1_3 */
	bool stack;               /* both sides verify as OpenSSL does by itself */
};

/* FOLDER holds certs/ and lab/ (lab_mint, lab_minted_write). */
must_check bool lab_new(const char *folder, struct lab **ret, struct error *reterr);
/*
 * Runs a request within this process: the words behind `mtls request`, ending with NULL, give what
 * that would print with --json. The working folder is the lab's.
 */
typedef json_t *lab_caller(const char *const *words);
/* Requests are made by `call`, and both sides keep transcripts; before lab_serve. */
void lab_call_by(struct lab *lab, lab_caller *call);
/* Stops what still runs. */
void lab_free(struct lab *lab);
OWN_DEFINE(lab, struct lab, lab_free);

/*
 * Runs one `mtls` command in the folder to its end: `words` begin behind "mtls" and end with NULL.
 * Its output is the caller's own, or is thrown away when `quiet`, except that a failure's stderr
 * becomes the error's text.
 */
must_check bool lab_command(
	struct lab *lab, const char *const *words, bool quiet, struct error *reterr);

/* Starts every server that the runs need, side by side, and waits until all listen. */
must_check bool lab_serve(
	struct lab *lab, const struct lab_run *runs, size_t count, struct error *reterr);
/* Of a started server: "https://127.0.0.1:PORT". Borrowed. */
const char *lab_url(const struct lab *lab, const struct lab_run *run);
/* What it said when it started, line by line. Borrowed. */
const char *lab_greeting(const struct lab *lab, const struct lab_run *run);
/* The command lines as a user would type them in the folder; the caller's to free. */
char *lab_server_line(const struct lab *lab, const struct lab_run *run);
char *lab_client_line(const struct lab *lab, const struct lab_run *run);

/* One client's call, and what both sides recorded of it. Fails only when the lab itself fails. */
must_check bool lab_run(struct lab *lab, const struct lab_run *run, struct lab_observation *ret,
	struct error *reterr);

/*
 * The lines that a server has logged since the last call, up to and with the one of that event
 * that `count` names for the nth time: its messages, each with a newline, are appended to `ret`.
 */
must_check bool lab_messages(struct lab *lab, const struct lab_run *run, const char *event,
	int count, struct buffer *ret, struct error *reterr);

#endif
