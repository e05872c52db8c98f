/* What a scenario is about, told for people: why, what breaks, who does what, how to see it. */
#ifndef MTLS_LAB_EXPLAIN_H
#define MTLS_LAB_EXPLAIN_H

#include "lab/scenario.h"

enum lab_stack { LAB_OPENSSL, LAB_GO, LAB_JAVA, LAB_DOTNET, LAB_GNUTLS, LAB_BROWSERS, LAB_STACKS };

struct explanation {
	enum code code;
	const char *why, *without;
	/* How to see it: openssl's options on both sides, or a script; and what that says, a line
	 * each. Or why openssl's programs cannot show it. */
	const char *server, *client, *script, *says, *only;
};

/* NULL where the code is no scenario. */
const struct explanation *lab_explanation(enum code code);
/* What each stack does, LAB_STACKS of them. NULL where the code is no scenario. */
const char *const *lab_stacks(enum code code);

/* ERROR_USAGE for a name that no scenario has. */
must_check bool lab_explain_text(const char *name, struct buffer *ret, struct error *reterr);
/*
 * The same as an object: scenario, title, lesson, why, without, stacks (an object: openssl, go,
 * java, dotnet, gnutls, browsers), fix, commands and says, or, where openssl cannot show it,
 * not_shown.
 */
must_check bool lab_explain_json(const char *name, json_t **ret, struct error *reterr);

#endif
