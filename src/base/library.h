/* Libraries that are loaded when they are needed, not linked: each makes every command's start
 * longer, and most commands call none of them. */
#ifndef MTLS_BASE_LIBRARY_H
#define MTLS_BASE_LIBRARY_H

#include "base/error.h"

struct library {
	const char *name;           /* for people */
	const char *packages;       /* what brings it, on one system or another */
	const char *instead;        /* what to do without it; NULL: nothing */
	const char *const *files;   /* what it is called on one system or another; NULL ends them */
	const char *const *symbols; /* NULL ends them */
	/* It looks for its own functions in itself before it looks in ours: a shorter search. */
	bool own_first;
};

/*
 * For good. `ret` gets a pointer to a function for each symbol, or nothing at all. ERROR_IO: it is
 * not there, or too old.
 */
must_check bool library_load(const struct library *library, void *ret, struct error *reterr);

#endif
