/* See list.h: a list of n objects has room for the next power of two. */
#include "base/list.h"

#include "base/error.h"

#include <stdlib.h>

void *list_grow(void *list, size_t count, size_t bytes, const char *what)
{
	if (count & (count - 1))
		return list;
	void *larger = reallocarray(list, count ? count * 2 : 1, bytes);
	if (!larger)
		bug("out of memory for %s", what);
	return larger;
}
