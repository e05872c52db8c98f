/* Loads the libraries that only a store needs. */
#include "store/library.h"

#include <dlfcn.h>

bool library_load(const struct library *library, void *ret, struct error *reterr)
{
	void *loaded = NULL, *found;
	for (const char *const *file = library->files; !loaded && *file; file++)
		loaded = dlopen(*file, RTLD_NOW | RTLD_LOCAL);
	if (!loaded) {
		error_set(reterr, ERROR_IO, "cannot load %s: %s", library->name, dlerror());
		return error_hint(reterr, "%s", library->hint);
	}
	char *slot = ret;
	for (const char *const *symbol = library->symbols; *symbol; symbol++) {
		if (!(found = dlsym(loaded, *symbol)))
			return error_set(
				reterr, ERROR_IO, "this %s lacks %s", library->name, *symbol);
		/* dlsym returns an object pointer for a function; ISO C lets it through so. */
		memcpy(slot, &found, sizeof found);
		slot += sizeof found;
	}
	return true;
}
