/* What the files behind profile.h share. */
#ifndef MTLS_PKI_PROFILE_INTERNAL_H
#define MTLS_PKI_PROFILE_INTERNAL_H

#include "pki/profile.h"

/* Where a name stands: OpenSSL's parser forgets it. */
struct profile_entry {
	char *section, *key; /* key NULL: the section's own line */
	size_t line;
};

struct profile {
	char *path;
	CONF *conf;
	struct profile_warning *warnings;
	size_t warnings_count;
	struct profile_entry *entries; /* sorted by section, key and line */
	size_t entries_count;
	char *lacking; /* what is wrong with a file that it includes; NULL: nothing */
};

/* Adds a warning, unless the same text is there already. */
void profile_warn(struct profile *profile, enum code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void profile_warn_line(struct profile *profile, enum code code, size_t line, const char *format,
	...) __attribute__((format(printf, 4, 5)));

/* profile_scan.c: what OpenSSL's parser does in silence, read off the lines. */
void profile_scan(struct profile *profile, const char *text, size_t bytes);

void profile_scan_done(struct profile *profile);

/* profile_check.c: whether the section makes a certificate that is fit for its role. */
must_check bool profile_check(
	struct profile *profile, enum role role, const char *section, struct error *reterr);

/* profile_subject.c: warns of answers that stand where questions belong. */
void profile_check_prompt(struct profile *profile);
/* The same: of a subject that OpenSSL would take for Latin-1. */
void profile_check_encoding(struct profile *profile);

/* Whether OpenSSL, which takes text for Latin-1, makes something else of this than its letters. */
bool profile_garbles(const char *text);

#endif
