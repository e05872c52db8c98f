/* Loads the libraries that only some commands need. */
#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

static bool hint(const struct library *library, struct error *reterr)
{
	return error_hint(reterr, "install it (%s)%s%s", library->packages,
		library->instead ? ", or " : "", library->instead ? library->instead : "");
}

/* Sanitizers stand in for functions of the C library, which none may look for elsewhere. */
#if defined RTLD_DEEPBIND && !defined MTLS_SANITIZED
#define OWN_FIRST RTLD_DEEPBIND
#else
#define OWN_FIRST 0
#endif

bool library_load(const struct library *library, void *ret, struct error *reterr)
{
	void *loaded = NULL, *found;
	for (const char *const *file = library->files; !loaded && *file; file++)
		loaded =
			dlopen(*file, RTLD_NOW | RTLD_LOCAL | (library->own_first ? OWN_FIRST : 0));
	if (!loaded) {
		error_set(reterr, ERROR_IO, "cannot load %s: %s", library->name, dlerror());
		return hint(library, reterr);
	}
	for (const char *const *symbol = library->symbols; *symbol; symbol++) {
		if (dlsym(loaded, *symbol))
			continue;
		error_set(reterr, ERROR_IO, "this %s lacks %s", library->name, *symbol);
		dlclose(loaded);
		return hint(library, reterr);
	}
	char *slot = ret;
	for (const char *const *symbol = library->symbols; *symbol; symbol++) {
		found = dlsym(loaded, *symbol);
		/* dlsym returns an object pointer for a function; ISO C lets it through so. */
		memcpy(slot, &found, sizeof found);
		slot += sizeof found;
	}
	return true;
}
