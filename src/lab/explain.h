/* What a scenario is about, told for people: why, what breaks, who does what, how to see it. */
#ifndef MTLS_LAB_EXPLAIN_H
#define MTLS_LAB_EXPLAIN_H

#include "lab/scenario.h"

struct explanation {
	enum code code;
	const char *why, *without, *stacks;
	const char *server, *client, *says; /* openssl's options, and its words; or all NULL */
};

/* NULL where the code is no scenario. */
const struct explanation *lab_explanation(enum code code);

/* ERROR_USAGE for a name that no scenario has. */
must_check bool lab_explain_text(const char *name, struct buffer *ret, struct error *reterr);
/* The same as an object: scenario, title, lesson, why, without, stacks, fix, commands, says. */
must_check bool lab_explain_json(const char *name, json_t **ret, struct error *reterr);

#endif
