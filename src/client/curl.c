/*
 * libcurl is loaded when a client command runs, not linked: it pulls in some thirty libraries
 * (Kerberos, LDAP, SSH, ...), which double the time that every other command needs to start, from 6
 * to 12 ms.
 */
#include "client/curl.h"

#include "tls/tls.h"

static struct curl loaded;
static bool is_loaded;

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
	static const char *const files[] = { "libcurl.so.4", "libcurl.4.dylib", "libcurl.so",
		NULL };
	static const char *const symbols[] = {
#define CURL_SYMBOL(result, name, parameters) "curl_" #name,
		CURL_FUNCTIONS(CURL_SYMBOL)
#undef CURL_SYMBOL
			NULL
	};
	static const struct library library = { "libcurl",
		"Debian and Ubuntu: libcurl4; Fedora: libcurl", NULL, files, symbols };
	/* For good: libcurl leaves threads and handlers behind. */
	is_loaded = is_loaded ||
		    (library_load(&library, &loaded, reterr) && check_backend(&loaded, reterr));
	if (is_loaded)
		*ret = &loaded;
	return is_loaded;
}
