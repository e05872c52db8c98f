/*
 * Ownership: a variable marked OWN(type) frees what it points to when its scope ends, unless TAKE
 * has moved the pointer out. Destructors take NULL.
 *
 *	OWN(char) char *path = text_format("%s/ca.key", folder);
 *	*ret_path = TAKE(path);
 */
#ifndef MTLS_BASE_OWN_H
#define MTLS_BASE_OWN_H

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define must_check __attribute__((warn_unused_result))

#define OWN(name) __attribute__((cleanup(own_##name)))

/* Defines how OWN(name) frees a `type *`. */
#define OWN_DEFINE(name, type, free_function) \
	static inline void own_##name(type **slot) \
	{ \
		free_function(*slot); \
	} \
	struct own_##name##_needs_semicolon

/* Moves the pointer out of its variable, which is NULL afterwards. */
#define TAKE(variable) ((__typeof__(variable))own_take(&(variable)))

static inline void *own_take(void *slot)
{
	void *value;
	memcpy(&value, slot, sizeof value);
	memset(slot, 0, sizeof value);
	return value;
}

OWN_DEFINE(char, char, free);
OWN_DEFINE(json_t, json_t, json_decref);

#endif
