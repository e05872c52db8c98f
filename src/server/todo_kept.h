/*
 * Lists as they were answered, for clients that ask again before anything has changed: the body,
 * its tag and the line of the log are ready. One table a worker, which alone uses it; small lists
 * only, and no more than a few of them.
 */
#ifndef MTLS_SERVER_TODO_KEPT_H
#define MTLS_SERVER_TODO_KEPT_H

#include "server/todo.h"

/* Of a body; 16 of them a worker. */
#define KEPT_BYTES_MAX ((size_t)8 << 10)

struct kept_list {
	unsigned references; /* the table's, and those of responses on their way */
	bool known;          /* who asked had a certificate */
	struct store_version version;
	struct todo_page page;
	char tag[TODO_TAG_BYTES];
	size_t tag_bytes, body_bytes, line_bytes;
	const char *body, *line, *client; /* all in `bytes`; `client` as JSON */
	char bytes[];
};

struct kept_lists;
struct kept_lists *kept_lists_new(void);
/* Responses that still use a list keep it alive. */
void kept_lists_free(struct kept_lists *lists);
OWN_DEFINE(kept_lists, struct kept_lists, kept_lists_free);

/* What is kept for this client of that page in that version; NULL: nothing. Borrowed. */
struct kept_list *kept_lists_get(const struct kept_lists *lists, struct exchange *exchange,
	struct store_version version, const struct todo_page *page);
/* Keeps a body, if it is small, in place of what stood there. */
void kept_lists_put(struct kept_lists *lists, struct exchange *exchange,
	struct store_version version, const struct todo_page *page, const struct buffer *body);
/* For http_response_hold. */
void *kept_list_hold(struct kept_list *list);
void kept_list_release(void *list);

#endif
