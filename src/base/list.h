/* Lists that grow: how much room they take, decided once. */
#ifndef MTLS_BASE_LIST_H
#define MTLS_BASE_LIST_H

#include <stddef.h>

/*
 * `list` (from here or NULL, for the caller to free) with room for one more object of `bytes` bytes
 * behind the `count` that it holds. Room doubles, so that a long list costs few copies; so each
 * object that is added asks. Ends the program when there is no memory for `what`.
 */
void *list_grow(void *list, size_t count, size_t bytes, const char *what);

#endif
