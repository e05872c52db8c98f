/* The page for a browser, at "/" where no folder is served there. */
#ifndef MTLS_SERVER_PAGE_H
#define MTLS_SERVER_PAGE_H

#include "http/http.h"

/* NULL when the path is none of the page's. The caller's to free; GET or HEAD is assumed. */
struct http_response *page_answer(const struct http_request *request);
/* Whether the path is one of the page's. */
bool page_has(const char *path);

#endif
