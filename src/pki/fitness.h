/* What every certificate is held against, made or still to be made: is it fit for its role? */
#ifndef MTLS_PKI_FITNESS_H
#define MTLS_PKI_FITNESS_H

#include "pki/profile.h"

typedef void fitness_found(void *context, enum code code, const char *text);

struct fitness {
	const char *path;  /* of the file, for sentences */
	const char *where; /* "in [v3_ca]", likewise */
	enum role role;
	const STACK_OF(X509_EXTENSION) * extensions; /* NULL: none */
	fitness_found *found;
	void *context;
};

/* Calls `found` for each thing that is wrong: constraints, usages, names. */
void fitness_check(const struct fitness *fitness);

#endif
