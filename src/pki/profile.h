/*
 * A .cnf file: OpenSSL's own configuration language as the source of truth of a certificate. This
 * room loads it with a cap, chooses its sections, builds its subject, and says aloud what OpenSSL
 * does with it in silence (merged sections, overwritten keys, dropped extensions).
 */
#ifndef MTLS_PKI_PROFILE_H
#define MTLS_PKI_PROFILE_H

#include "pki/openssl.h"

#include <openssl/conf.h>

enum role { ROLE_CA, ROLE_SERVER, ROLE_CLIENT, ROLE_PEER, ROLE_COUNT };
const char *role_name(enum role role); /* "ca", "server", "client", "peer" */
must_check bool role_parse(const char *text, enum role *ret);

struct profile_warning {
	enum code code;
	size_t line; /* from 1; 0: it is about no line */
	char *text;  /* one sentence, naming file, section and line where there is one */
};

struct profile; /* one thread at a time */

/* Missing, empty, binary, malformed: ERROR_INPUT; larger than FILE_INPUT_BYTES_MAX: ERROR_LIMIT. */
must_check bool profile_load(const char *path, struct profile **ret, struct error *reterr);
/* The same from memory; `path` is the name in messages. */
must_check bool profile_parse(const char *path, const char *text, size_t bytes,
	struct profile **ret, struct error *reterr);
/* What a role gets where no file says otherwise: the sections of profile_template, without SAN. */
must_check bool profile_builtin(enum role role, struct profile **ret, struct error *reterr);
/*
 * Whether every file that it includes was read; else ERROR_INPUT. OpenSSL goes on without such a
 * file, and so do certificates, with a warning; where rules may stand in it nobody should.
 */
must_check bool profile_is_whole(const struct profile *profile, struct error *reterr);
void profile_free(struct profile *profile);
OWN_DEFINE(profile, struct profile, profile_free);

const char *profile_path(const struct profile *profile);
CONF *profile_conf(const struct profile *profile); /* borrowed */
/* A value as OpenSSL looks it up (the default section stands in), or NULL. */
const char *profile_value(const struct profile *profile, const char *section, const char *name);
/* The same without the default section. */
const char *profile_own_value(const struct profile *profile, const char *section, const char *name);
/* The names of a section by number; NULL beyond the last. */
const char *profile_name_at(const struct profile *profile, const char *section, size_t index);
/* Whether there is such a section, be it empty. */
bool profile_has_section(const struct profile *profile, const char *section);
/* The sections that stand in the file, each once, in the alphabet's order; NULL beyond the last. */
const char *profile_section_at(const struct profile *profile, size_t index);
/*
 * The line of a name, or of the section itself (`name` NULL); `index` counts those that stand there
 * more than once. 0: no more, or it came from another file.
 */
size_t profile_line(
	const struct profile *profile, const char *section, const char *name, size_t index);

/*
 * Where the extensions of a certificate come from: `wanted` (--extensions), else for a CA what
 * x509_extensions names, for a leaf `v3_ROLE`, else what req_extensions names, with the warning
 * that `openssl x509 -req` alone drops it. NULL in *ret: the file has none. A section that is named
 * and not there is ERROR_INPUT. Adds the warnings that depend on role and section (no SAN for a
 * server, wrong EKU, CA:TRUE in a leaf, ...), once.
 */
must_check bool profile_section(struct profile *profile, enum role role, const char *wanted,
	const char **ret, struct error *reterr);
/* The section that req_extensions names, for a CSR; NULL in *ret: none. */
must_check bool profile_request_section(
	const struct profile *profile, const char **ret, struct error *reterr);

/*
 * The subject of the distinguished_name section. With prompt = yes (OpenSSL's default) the values
 * there are questions: `ask` is called for each with the question, its default ("" for none) and
 * returns the answer (to be freed; NULL: end of input); without `ask` it is
 * ERROR_USAGE, with the hint to give `option` (NULL: the caller has none). Warns of answers that
 * OpenSSL garbles.
 */
typedef char *profile_ask(void *context, const char *question, const char *preset);
must_check bool profile_subject(struct profile *profile, const char *option, profile_ask *ask,
	void *context, X509_NAME **ret, struct error *reterr);

/* What has been found so far; lives as long as the profile. */
const struct profile_warning *profile_warnings(const struct profile *profile, size_t *ret_count);

/*
 * The text of the .cnf that is written for a role when there is none (the caller's to free):
 * `names` is the body of [alt_names] or NULL; `follow` the command, in backquotes, that makes the
 * certificate follow the file when it was edited.
 */
char *profile_template(enum role role, unsigned bits, const char *common_name, const char *names,
	const char *follow);

#endif
