/* Libraries that are loaded when a store needs them, not linked: each makes every command's start
 * longer, and most commands have no store. */
#ifndef MTLS_STORE_LIBRARY_H
#define MTLS_STORE_LIBRARY_H

#include "base/base.h"

struct library {
	const char *name;           /* for people */
	const char *const *files;   /* what it is called on one system or another; NULL ends them */
	const char *hint;           /* how to come by it */
	const char *const *symbols; /* NULL ends them */
};

/* For good. `ret` gets a pointer to a function for each symbol. ERROR_IO: it is not there, or too
 * old. */
must_check bool library_load(const struct library *library, void *ret, struct error *reterr);

#endif
