/*
 * The names of everything that can go wrong: one code a scenario or finding, the same in lab,
 * audit, doctor, lint, log records and metric labels. The list is codes.def; this is its door.
 */
#ifndef MTLS_BASE_CODE_H
#define MTLS_BASE_CODE_H

#include <stdbool.h>
#include <stddef.h>

enum code {
	CODE_NONE,
#define CODE(id, name, side, x509, alert12, alert13, text, hint) CODE_##id,
#include "base/codes.def"
#undef CODE
	CODE_COUNT
};

/* Who refuses. */
enum code_side {
	SIDE_NONE, /* nobody: a finding, or a thing that is accepted */
	SIDE_SERVER,
	SIDE_CLIENT,
	SIDE_OWN, /* the side's own configuration, before any packet */
};

struct code_info {
	const char *name;
	enum code_side side;
	int x509_error;   /* the X509_V_ERR_... that we report with it; 0 for none */
	int alert12;      /* TLS 1.2 alert (RFC 5246 section 7.2); -1 for none */
	int alert13;      /* TLS 1.3 alert (RFC 8446 section 6); -1 for none */
	const char *text; /* one sentence, no full stop */
	const char *hint; /* what to do, or "" */
};

/* CODE_NONE gives name "" and text "". */
const struct code_info *code_info(enum code code);
const char *code_name(enum code code);
/* CODE_NONE if no code has that name. */
enum code code_from_name(const char *name);

#endif
