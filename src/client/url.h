/* An https:// URL taken apart, by the library that also makes the connections. */
#ifndef MTLS_CLIENT_URL_H
#define MTLS_CLIENT_URL_H

#include "base/base.h"

#include <stdint.h>

struct url {
	char *text;   /* as url_full makes it */
	char *host;   /* an IPv6 address in its brackets */
	char *name;   /* whom the certificate must be for: "DNS:localhost", "IP:::1" */
	char *target; /* path and query, as a request line has them */
	uint16_t port;
};

/* For everybody who takes a URL: "localhost:8443/todo" is "https://localhost:8443/todo". To be
 * freed. */
char *url_full(const char *text);

/*
 * ERROR_USAGE for a URL that is none, has another scheme, or holds a user's name; ERROR_IO when
 * libcurl is missing. `ret` is the caller's, to be released with url_done.
 */
must_check bool url_parse(const char *text, struct url *ret, struct error *reterr);
void url_done(struct url *url);
static inline void own_url(struct url *url)
{
	url_done(url);
}

#endif
