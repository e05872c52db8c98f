/* Taking a URL apart: libcurl reads it, and we ask for what mutual TLS needs. */
#include "client/url.h"

#include "client/curl.h"

#include <arpa/inet.h>

static char *part(const struct curl *curl, const CURLU *url, CURLUPart which, unsigned flags)
{
	char *text = NULL, *copy;
	if (curl->url_get(url, which, &text, flags) != CURLUE_OK)
		return NULL;
	copy = text_copy(text);
	curl->free(text);
	return copy;
}

/* "DNS:localhost" or "IP:::1"; without brackets, zone, and the root's dot. */
static char *expected_name(const char *host)
{
	unsigned char address[16];
	OWN(char) char *bare = text_copy(host + (*host == '['));
	bare[strcspn(bare, "]%")] = 0;
	size_t bytes = strlen(bare);
	if (inet_pton(AF_INET, bare, address) == 1 || inet_pton(AF_INET6, bare, address) == 1)
		return text_format("IP:%s", bare);
	if (bytes > 1 && bare[bytes - 1] == '.')
		bare[bytes - 1] = 0;
	return text_format("DNS:%s", bare);
}

/* What must hold of its parts; `scheme` and `user` may be NULL. */
static bool check_parts(const char *text, const char *scheme, const char *user, const char *host,
	struct error *reterr)
{
	if (!scheme || !host)
		return error_set(reterr, ERROR_USAGE, "'%s' is no URL", text);
	if (strcmp(scheme, "https") != 0) {
		error_set(reterr, ERROR_USAGE, "the URL '%s' is not https://", text);
		return error_hint(reterr, "mutual TLS needs https://");
	}
	if (user)
		return error_set(reterr, ERROR_USAGE,
			"the URL holds a user name; the client certificate says who we are");
	for (const char *c = host; *c; c++)
		if ((unsigned char)*c > 0x7e)
			return error_set(reterr, ERROR_USAGE,
				"'%s' is not ASCII; write the name as it stands in certificates "
				"(xn--...)",
				host);
	return true;
}

char *url_full(const char *text)
{
	const char *scheme = strstr(text, "://");
	/* Behind the first of these it is that of a URL in the path or the query. */
	bool given = scheme && (size_t)(scheme - text) <= strcspn(text, "/?#");
	return text_format("%s%s", given ? "" : "https://", text);
}

bool url_parse(const char *text, struct url *ret, struct error *reterr)
{
	const struct curl *curl;
	if (!curl_load(&curl, reterr))
		return false;
	OWN(char) char *full = url_full(text);
	CURLU *url = curl->url();
	bool ok = url && curl->url_set(url, CURLUPART_URL, full,
				 CURLU_NON_SUPPORT_SCHEME | CURLU_PATH_AS_IS) == CURLUE_OK;
	OWN(char) char *scheme = ok ? part(curl, url, CURLUPART_SCHEME, 0) : NULL;
	OWN(char) char *host = ok ? part(curl, url, CURLUPART_HOST, 0) : NULL;
	OWN(char) char *user = ok ? part(curl, url, CURLUPART_USER, 0) : NULL;
	OWN(char) char *port = ok ? part(curl, url, CURLUPART_PORT, CURLU_DEFAULT_PORT) : NULL;
	OWN(char) char *path = ok ? part(curl, url, CURLUPART_PATH, 0) : NULL;
	OWN(char) char *query = ok ? part(curl, url, CURLUPART_QUERY, 0) : NULL;
	curl->url_cleanup(url);
	if (!check_parts(text, scheme, user, host, reterr))
		return false;
	*ret = (struct url){ .text = TAKE(full),
		.name = expected_name(host),
		.target = text_format(
			"%s%s%s", path ? path : "/", query ? "?" : "", query ? query : ""),
		.port = (uint16_t)(port ? atoi(port) : 443) };
	ret->host = TAKE(host);
	return true;
}

void url_done(struct url *url)
{
	free(url->text);
	free(url->host);
	free(url->name);
	free(url->target);
}
