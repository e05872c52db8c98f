/*
 * HTTP/1.1 responses as a client reads them (RFC 9112), as far as whoever only counts them needs:
 * status, where one ends, and whether the connection lives on. Bytes in, events out.
 */
#ifndef MTLS_HTTP_H1_ANSWER_H
#define MTLS_HTTP_H1_ANSWER_H

#include "base/base.h"

#include <stdint.h>

struct h1_answers;

/* Reads one response after the other. */
struct h1_answers *h1_answers_new(void);
void h1_answers_free(struct h1_answers *answers);
OWN_DEFINE(h1_answers, struct h1_answers, h1_answers_free);

enum h1_answer_event {
	H1_ANSWER_MORE,    /* all bytes are used, and the response is not complete */
	H1_ANSWER_DONE,    /* a final response is complete; bytes behind it are not used */
	H1_ANSWER_REFUSED, /* this is no HTTP/1.1 response */
};

/*
 * A new response begins, or with `head` one that has no body. Interim ones (1xx) are skipped.
 */
void h1_answers_begin(struct h1_answers *answers, bool head);
enum h1_answer_event h1_answers_input(
	struct h1_answers *answers, const void *bytes, size_t count, size_t *ret_used);
/*
 * The connection ended: DONE when that is what ended the body (RFC 9112 section 6.3, the last
 * rule), REFUSED when something is missing.
 */
enum h1_answer_event h1_answers_end(struct h1_answers *answers);

/* Of the response that is complete. */
int h1_answers_status(const struct h1_answers *answers);
bool h1_answers_keep_alive(const struct h1_answers *answers);

#endif
