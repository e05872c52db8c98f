/*
 * The one place that knows which parser library there is: llhttp, or http-parser, from which it
 * descends. It keeps track of methods, framing and persistence; what it is fed was checked by our
 * own rules first (h1_rules.h), because both let more through than RFC 9112 allows.
 */
#ifndef MTLS_HTTP_H1_LIBRARY_H
#define MTLS_HTTP_H1_LIBRARY_H

#include "base/base.h"

#include <stdint.h>

#ifdef MTLS_HAVE_LLHTTP
#include <llhttp.h>
typedef llhttp_t h1_library_parser;
#else
#include <http_parser.h>
typedef http_parser h1_library_parser;
#endif

struct h1_library {
	h1_library_parser parser;
	bool answers_head;    /* of a response: it has no body */
	bool head_done;       /* the empty line behind the headers was seen */
	bool complete;        /* the whole message was seen */
	bool keep_alive;      /* once head_done */
	bool unknown_method;  /* what a refusal was about */
	uint64_t chunk_bytes; /* of the chunk whose size line was fed last */
};

/* Before every response; the answer to HEAD has no body, whatever its headers say. */
void h1_library_start_answer(struct h1_library *library, bool head);
/*
 * Feeds bytes of responses, up to the end of the one that was started; *ret_used says how far.
 * False when they are refused.
 */
must_check bool h1_library_feed_answer(
	struct h1_library *library, const char *bytes, size_t count, size_t *ret_used);

/* Before every request. */
void h1_library_start(struct h1_library *library);
/* False when the library refuses the bytes. Never feed beyond the end of a message. */
must_check bool h1_library_feed(struct h1_library *library, const char *bytes, size_t count);

/* Whether it is a method that the library would let through. */
bool h1_library_knows(const char *method);

#endif
