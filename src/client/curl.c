/*
 * libcurl is loaded when a client command runs, not linked: it pulls in some thirty libraries
 * (Kerberos, LDAP, SSH, ...), which double the time that every other command needs to start, from 6
 * to 12 ms.
 */
#include "client/curl.h"

#include "tls/tls.h"

#include <dlfcn.h>

static const char *const library_names[] = {
	"libcurl.so.4",
	"libcurl.4.dylib",
	"libcurl.so",
};

static struct curl loaded;
static bool is_loaded;

static bool find_functions(void *library, struct curl *ret, struct error *reterr)
{
	void *found;
	/* dlsym returns an object pointer for a function; memcpy is how ISO C lets it through. */
#define CURL_FIND(result, name, parameters) \
	if (!(found = dlsym(library, "curl_" #name))) \
		return error_set(reterr, ERROR_IO, "this libcurl lacks curl_" #name); \
	memcpy(&ret->name, &found, sizeof found);
	CURL_FUNCTIONS(CURL_FIND)
#undef CURL_FIND
	return true;
}

/*
 * libcurl hands us its SSL_CTX: that works only if both of us run on the same OpenSSL, so the
 * backend is chosen and its running version compared.
 */
static bool check_backend(const struct curl *curl, struct error *reterr)
{
	curl_sslbackend id = CURLSSLBACKEND_OPENSSL;
	if (curl->global_sslset(id, NULL, NULL) != CURLSSLSET_OK ||
		curl->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		error_set(reterr, ERROR_IO, "this libcurl does not use OpenSSL");
		return error_hint(reterr, "install the libcurl that is built with OpenSSL "
					  "(Debian and Ubuntu: libcurl4)");
	}
	const char *version = curl->version_info(CURLVERSION_NOW)->ssl_version;
	const char *number = version ? strstr(version, "OpenSSL/") : NULL;
	if (!number || strcmp(number + strlen("OpenSSL/"), tls_library_version()) != 0) {
		error_set(reterr, ERROR_IO, "libcurl uses %s, and we use OpenSSL %s",
			version ? version : "no TLS", tls_library_version());
		return error_hint(reterr, "both must use the same installed OpenSSL");
	}
	return true;
}

bool curl_load(const struct curl **ret, struct error *reterr)
{
	void *library = NULL;
	if (!is_loaded) {
		size_t count = sizeof library_names / sizeof library_names[0];
		for (size_t i = 0; !library && i < count; i++)
			library = dlopen(library_names[i], RTLD_NOW | RTLD_LOCAL);
		if (!library) {
			error_set(reterr, ERROR_IO, "cannot load libcurl: %s", dlerror());
			return error_hint(reterr,
				"install it (Debian and Ubuntu: libcurl4; Fedora: libcurl)");
		}
		if (!find_functions(library, &loaded, reterr) || !check_backend(&loaded, reterr)) {
			dlclose(library);
			return false;
		}
		is_loaded = true; /* for good: libcurl leaves threads and handlers behind */
	}
	*ret = &loaded;
	return true;
}
