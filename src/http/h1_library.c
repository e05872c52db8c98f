/* llhttp, or http-parser behind the same few names. */
#include "http/h1_library.h"

#ifndef MTLS_HAVE_LLHTTP
#include <pthread.h>
#endif

#ifdef MTLS_HAVE_LLHTTP
#define PARSER_SETTINGS llhttp_settings_t
#define parser_keep_alive llhttp_should_keep_alive
#else
#define PARSER_SETTINGS http_parser_settings
#define parser_keep_alive http_should_keep_alive
#endif

static int on_head(h1_library_parser *parser)
{
	struct h1_library *library = parser->data;
	library->head_done = true;
	/* Both at once: close wins in either version (RFC 9112 section 9.3); the library's 1.0
	 * differs. */
	library->keep_alive = parser_keep_alive(parser) && !(parser->flags & F_CONNECTION_CLOSE);
	/* "Upgrade" asks for a protocol that we do not speak: it is ignored (RFC 9110 7.8). */
	parser->upgrade = 0;
	return 0;
}

static int on_chunk(h1_library_parser *parser)
{
	struct h1_library *library = parser->data;
	library->chunk_bytes = parser->content_length;
	return 0;
}

static int on_complete(h1_library_parser *parser)
{
	struct h1_library *library = parser->data;
	library->complete = true;
	return 0;
}

static const PARSER_SETTINGS settings = {
	.on_headers_complete = on_head,
	.on_chunk_header = on_chunk,
	.on_message_complete = on_complete,
};

#ifndef MTLS_HAVE_LLHTTP
/* Its own limit, 80 KiB for the whole process, would stand below ours. */
static void lift_limit(void)
{
	http_parser_set_max_header_size(UINT32_MAX);
}
#endif

void h1_library_start(struct h1_library *library)
{
	*library = (struct h1_library){ 0 };
#ifdef MTLS_HAVE_LLHTTP
	llhttp_init(&library->parser, HTTP_REQUEST, &settings);
#else
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, lift_limit);
	http_parser_init(&library->parser, HTTP_REQUEST);
#endif
	library->parser.data = library;
}

bool h1_library_feed(struct h1_library *library, const char *bytes, size_t count)
{
#ifdef MTLS_HAVE_LLHTTP
	enum llhttp_errno refused = llhttp_execute(&library->parser, bytes, count);
#else
	size_t used = http_parser_execute(&library->parser, &settings, bytes, count);
	enum http_errno refused = HTTP_PARSER_ERRNO(&library->parser);
	if (!refused && used != count)
		return false;
#endif
	library->unknown_method = refused == HPE_INVALID_METHOD;
	return !refused;
}

/* ---- Responses ---- */

static int on_answer_head(h1_library_parser *parser)
{
	struct h1_library *library = parser->data;
	library->head_done = true;
	/* 1: no body follows, whatever a Content-Length says (RFC 9110 section 6.4.1). */
	return library->answers_head || parser->status_code == 204 || parser->status_code == 304;
}

#ifdef MTLS_HAVE_LLHTTP
static int on_answer_complete(h1_library_parser *parser)
{
	struct h1_library *library = parser->data;
	library->complete = true;
	library->keep_alive = parser_keep_alive(parser);
	return HPE_PAUSED;
}
#else
static int on_answer_complete(h1_library_parser *parser)
{
	struct h1_library *library = parser->data;
	library->complete = true;
	library->keep_alive = parser_keep_alive(parser);
	http_parser_pause(parser, 1);
	return 0;
}
#endif

static const PARSER_SETTINGS answer_settings = {
	.on_headers_complete = on_answer_head,
	.on_message_complete = on_answer_complete,
};

void h1_library_start_answer(struct h1_library *library, bool head)
{
	*library = (struct h1_library){ .answers_head = head };
#ifdef MTLS_HAVE_LLHTTP
	llhttp_init(&library->parser, HTTP_RESPONSE, &answer_settings);
#else
	http_parser_init(&library->parser, HTTP_RESPONSE);
#endif
	library->parser.data = library;
}

bool h1_library_feed_answer(
	struct h1_library *library, const char *bytes, size_t count, size_t *ret_used)
{
#ifdef MTLS_HAVE_LLHTTP
	enum llhttp_errno refused = llhttp_execute(&library->parser, bytes, count);
	*ret_used = library->complete ? (size_t)(llhttp_get_error_pos(&library->parser) - bytes)
				      : count;
	return !refused || (refused == HPE_PAUSED && library->complete);
#else
	*ret_used = http_parser_execute(&library->parser, &answer_settings, bytes, count);
	enum http_errno refused = HTTP_PARSER_ERRNO(&library->parser);
	return !refused || (refused == HPE_PAUSED && library->complete);
#endif
}

bool h1_library_knows(const char *method)
{
#define KNOWN(number, name, text) #text,
	static const char *const methods[] = { HTTP_METHOD_MAP(KNOWN) };
#undef KNOWN
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (!strcmp(methods[i], method))
			return true;
	return false;
}
