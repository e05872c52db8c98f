/*
 * Lint: what is wrong, or soon will be, with files for mutual TLS: certificates, keys, PFX files,
 * requests, CRLs and configurations. The rules are those of the strict profile and of the .cnf
 * warnings, and what only several files together show: pairs, chains, serials.
 */
#ifndef MTLS_PKI_LINT_H
#define MTLS_PKI_LINT_H

#include "pki/profile.h"

enum lint_level { LINT_NOTE, LINT_WARNING, LINT_ERROR };
/* "note", "warning", "error": SARIF's words. */
const char *lint_level_name(enum lint_level level);

struct lint_rule {
	enum code code;
	enum lint_level level;
	const char
		*minds; /* who refuses it or goes wrong over it, "OpenSSL, Go"; "" for nobody yet */
};
/* NULL for a code that lint never finds. */
const struct lint_rule *lint_rule(enum code code);
/* All of them by number; NULL beyond the last. */
const struct lint_rule *lint_rule_at(size_t index);

struct lint_finding {
	const struct lint_rule *rule;
	char *file;
	size_t line; /* of a configuration, from 1; else 0 */
	char *text;  /* one sentence, escaped */
	char *fix;   /* what to do, a command where there is one; "" */
};

/* Starts as { 0 }. */
struct lint_report {
	struct lint_finding *findings;
	size_t count;
	size_t counts[LINT_ERROR + 1]; /* by level */
};
void lint_report_done(struct lint_report *report);
static inline void own_lint_report(struct lint_report *report)
{
	lint_report_done(report);
}

struct lint_options {
	const char *passphrase; /* of encrypted keys, or NULL: they stay closed */
	const char *password;   /* of PFX files, or NULL: only their outside is looked at */
	const char *role; /* "ca", "server", "client", "peer"; NULL: each file's own words tell */
	time_t now;
};

/* Files looked at together: a key is held against its certificate, a leaf against its CA. */
struct lint;
struct lint *lint_new(const struct lint_options *options);
void lint_free(struct lint *lint);
OWN_DEFINE(lint, struct lint, lint_free);
/* What the files that are read from here on are for, as in lint_options. */
void lint_role(struct lint *lint, const char *role);
/* Reads a file and adds what is wrong with it. False: it cannot be read; the errors of bundle_read.
 */
must_check bool lint_file(
	struct lint *lint, const char *path, struct lint_report *ret, struct error *reterr);
/* What only all files together show; after the last lint_file. */
void lint_together(struct lint *lint, struct lint_report *ret);

/* One certificate at hand; `path` names it in sentences. `role` as in lint_options. */
void lint_certificate(
	X509 *certificate, const char *path, const char *role, time_t now, struct lint_report *ret);
/* Also, among other things, fit for its role: what a configuration has been warned of already. */
void lint_profile(const struct profile *profile, struct lint_report *ret);

#endif
