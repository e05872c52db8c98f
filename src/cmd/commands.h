/* What the files of this room share. */
#ifndef MTLS_CMD_COMMANDS_H
#define MTLS_CMD_COMMANDS_H

#include "base/base.h"

/* Prints the error as one sentence (and its hint) on stderr; returns the exit code of its kind. */
int cmd_fail(const struct error *error);
/* A line on stderr, for what goes on all the same. */
void cmd_warn(const char *text);
/* Every command, behind the last one NULL. */
extern const struct command *const cmd_table[];
/* Writes to stdout; a full disk or a closed pipe is exit code 3, not silence. Returns 0 or 3. */
int cmd_print(const char *text, size_t bytes);
/* To a file that the user names; ERROR_USAGE instead of replacing a key, a certificate or the like:
 * `lint --sarif certs/x.crt` lacks a name. */
must_check bool cmd_write_report(
	const char *path, const char *text, size_t bytes, struct error *reterr);
/* Prints the object as indented JSON, and releases it. Returns 0 or 3. */
int cmd_print_json(json_t *object);
/* A list whose lines were printed already, unless it is to be JSON. Takes it, and flushes. */
int cmd_print_list(json_t *list, bool json);

/*
 * What `mtls request` with these words (behind the command's name, ending with NULL) prints with
 * --json; of a request that could not even begin the member "error" alone. The caller's.
 */
json_t *request_answer(const char *const *words);

extern const struct command audit_command;
extern const struct command bench_command;
extern const struct command client_command;
extern const struct command config_command;
extern const struct command crl_command;
extern const struct command demo_command;
extern const struct command doctor_command;
extern const struct command init_command;
extern const struct command inspect_command;
extern const struct command issue_command;
extern const struct command lab_command_table;
extern const struct command lint_command;
extern const struct command pfx_command;
extern const struct command policy_command;
extern const struct command reload_command;
extern const struct command request_command;
extern const struct command revoke_command;
extern const struct command serve_command;
extern const struct command sign_command;
extern const struct command verify_command;

#endif
