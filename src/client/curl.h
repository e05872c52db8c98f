/* The functions of libcurl that we call, found when a client command runs. */
#ifndef MTLS_CLIENT_CURL_H
#define MTLS_CLIENT_CURL_H

#include "base/base.h"

/* Its type checks are macros over functions that we do not link. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

/* X(result, name, parameters) */
#define CURL_FUNCTIONS(X) \
	X(CURLsslset, global_sslset, \
		(curl_sslbackend id, const char *name, const curl_ssl_backend ***available)) \
	X(CURLcode, global_init, (long flags)) \
	X(curl_version_info_data *, version_info, (CURLversion age)) \
	X(CURL *, easy_init, (void)) \
	X(CURLcode, easy_setopt, (CURL * easy, CURLoption option, ...)) \
	X(CURLcode, easy_getinfo, (CURL * easy, CURLINFO info, ...)) \
	X(CURLcode, easy_perform, (CURL * easy)) \
	X(const char *, easy_strerror, (CURLcode code)) \
	X(void, easy_cleanup, (CURL * easy)) \
	X(struct curl_slist *, slist_append, (struct curl_slist * list, const char *text)) \
	X(void, slist_free_all, (struct curl_slist * list)) \
	X(CURLU *, url, (void)) \
	X(CURLUcode, url_set, (CURLU * url, CURLUPart part, const char *text, unsigned flags)) \
	X(CURLUcode, url_get, (const CURLU *url, CURLUPart part, char **text, unsigned flags)) \
	X(void, url_cleanup, (CURLU * url)) \
	X(void, free, (void *memory))

struct curl {
#define CURL_MEMBER(result, name, parameters) result(*name) parameters;
	CURL_FUNCTIONS(CURL_MEMBER)
#undef CURL_MEMBER
};

/*
 * The loaded library, whose TLS is the very OpenSSL that we run on. ERROR_IO when there is none.
 * Call it before other threads start.
 */
must_check bool curl_load(const struct curl **ret, struct error *reterr);

#endif
