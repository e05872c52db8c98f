/*
 * The page's three files, embedded at build time (web/). It is ours from the first byte to the
 * last, so its policy allows nothing else: no inline script, no other host, no frame around it.
 */
#include "server/page.h"

#include "server/page_files.h"

static const struct {
	const char *path, *type;
	const unsigned char *bytes;
	size_t count;
} files[] = {
	{ "/", "text/html; charset=utf-8", page_html, sizeof page_html },
	{ "/page.css", "text/css; charset=utf-8", page_css, sizeof page_css },
	{ "/page.js", "text/javascript; charset=utf-8", page_js, sizeof page_js },
};
#define FILES (sizeof files / sizeof *files)

static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; "
			     "connect-src 'self'; img-src data:; base-uri 'none'; "
			     "form-action 'none'; frame-ancestors 'none'";

static size_t find(const char *path)
{
	size_t i = 0;
	while (i < FILES && strcmp(files[i].path, path) != 0)
		i++;
	return i;
}

bool page_has(const char *path)
{
	return find(path) < FILES;
}

struct http_response *page_answer(const struct http_request *request)
{
	struct error error;
	size_t i = find(request->path);
	if (i == FILES)
		return NULL;
	OWN(http_response) struct http_response *response = http_response_new(200);
	http_response_set(response, HTTP_FIELD_CONTENT_TYPE, "%s", files[i].type);
	http_response_set(response, HTTP_FIELD_CONTENT_SECURITY_POLICY, "%s", policy);
	http_response_set(response, HTTP_FIELD_X_CONTENT_TYPE_OPTIONS, "nosniff");
	http_response_set(response, HTTP_FIELD_REFERRER_POLICY, "no-referrer");
	http_response_set(response, HTTP_FIELD_CROSS_ORIGIN_OPENER_POLICY, "same-origin");
	http_response_set(response, HTTP_FIELD_CACHE_CONTROL, "no-cache");
	if (!http_response_append(response, files[i].bytes, files[i].count, &error))
		bug("a page beyond the limit of a response");
	return TAKE(response);
}
