/*
 * A request and a response as HTTP means them (RFC 9110), whatever version carried them. The
 * parser of a version makes requests, handlers make responses, the writer of a version sends them.
 */
#ifndef MTLS_HTTP_MESSAGE_H
#define MTLS_HTTP_MESSAGE_H

#include "base/base.h"

#include <stdint.h>

enum http_version { HTTP_1_0 = 10, HTTP_1_1 = 11, HTTP_2 = 20 };

/* What one request may cost; beyond it the answer is the status named here. */
struct http_limits {
	size_t target_bytes_max;       /* the request target: 414 */
	size_t header_line_bytes_max;  /* one header line: 431 */
	size_t header_bytes_max;       /* all header lines, trailers included: 431 */
	size_t headers_max;            /* header lines, trailers included: 431 */
	size_t body_bytes_max;         /* 413 */
	enum http_version version_min; /* 505; 0: any */
};

#define HTTP_LIMITS_DEFAULT \
	{ \
		.target_bytes_max = 8000, .header_line_bytes_max = 8192, \
		.header_bytes_max = 16384, .headers_max = 100, .body_bytes_max = 65536 \
	}

struct http_header {
	const char *name;  /* lower case, a token */
	const char *value; /* without white space around it; no control byte but TAB */
};

/* Borrowed from the parser that made it. The strings hold no NUL, CR or LF. */
struct http_request {
	enum http_version version;
	const char *method;    /* "GET"; case matters */
	const char *target;    /* as it was sent, printable ASCII */
	const char *path;      /* begins with '/', still percent-encoded; "*" of OPTIONS */
	const char *query;     /* behind the '?'; NULL when there is none */
	const char *authority; /* of the target or the Host header; NULL when neither (1.0) */
	const struct http_header *headers;
	size_t header_count;
	bool framed; /* it said that there is a body, be it of 0 bytes */
	bool expects_continue;
	bool keep_alive; /* the client lets the connection live on */
	const char *body;
	size_t body_bytes;
};

/* The value of the first header of that name (lower case); NULL when there is none. */
const char *http_request_header(const struct http_request *request, const char *name);
bool http_request_is_head(const struct http_request *request);

/* ---- Responses ---- */

/* A run of the body: in the response's own bytes, or in its file. */
struct http_span {
	bool in_file;
	uint64_t offset, bytes;
};

/* A field's name as HTTP/1 shows it, and as HTTP/2 has it (RFC 9113 section 8.2). */
struct http_name {
	const char *text, *lower;
	size_t bytes;
};
#define HTTP_NAME(text, lower) ((struct http_name){ (text), (lower), sizeof(text) - 1 })
#define HTTP_FIELD_ACCEPT_PATCH HTTP_NAME("Accept-Patch", "accept-patch")
#define HTTP_FIELD_ACCEPT_RANGES HTTP_NAME("Accept-Ranges", "accept-ranges")
#define HTTP_FIELD_ALLOW HTTP_NAME("Allow", "allow")
#define HTTP_FIELD_CACHE_CONTROL HTTP_NAME("Cache-Control", "cache-control")
#define HTTP_FIELD_CONTENT_RANGE HTTP_NAME("Content-Range", "content-range")
#define HTTP_FIELD_CONTENT_SECURITY_POLICY \
	HTTP_NAME("Content-Security-Policy", "content-security-policy")
#define HTTP_FIELD_CONTENT_TYPE HTTP_NAME("Content-Type", "content-type")
#define HTTP_FIELD_CROSS_ORIGIN_OPENER_POLICY \
	HTTP_NAME("Cross-Origin-Opener-Policy", "cross-origin-opener-policy")
#define HTTP_FIELD_ETAG HTTP_NAME("ETag", "etag")
#define HTTP_FIELD_LAST_MODIFIED HTTP_NAME("Last-Modified", "last-modified")
#define HTTP_FIELD_LINK HTTP_NAME("Link", "link")
#define HTTP_FIELD_LOCATION HTTP_NAME("Location", "location")
#define HTTP_FIELD_REFERRER_POLICY HTTP_NAME("Referrer-Policy", "referrer-policy")
#define HTTP_FIELD_RETRY_AFTER HTTP_NAME("Retry-After", "retry-after")
#define HTTP_FIELD_X_CONTENT_TYPE_OPTIONS \
	HTTP_NAME("X-Content-Type-Options", "x-content-type-options")
#define HTTP_FIELD_X_REQUEST_ID HTTP_NAME("X-Request-Id", "x-request-id")

struct http_field {
	struct http_name name;
	const char *value;
	size_t value_bytes;
	char *apart; /* the value, where it has memory of its own; else NULL */
};

#define HTTP_TYPE_JSON "application/json; charset=utf-8"
#define HTTP_RESPONSE_FIELDS_MAX 16
#define HTTP_RESPONSE_BYTES_MAX ((size_t)64 << 20)

/*
 * Status, header fields, and a body of spans. Date, Content-Length and Connection are the
 * writer's. Made on the heap, owned by whoever holds it; a file in it is closed with it.
 */
struct http_response {
	int status;
	size_t field_count;
	struct buffer bytes; /* what the spans that are not in the file point into */
	int fd;              /* -1: no file, or its bytes are at hand: */
	const char *file_bytes;
	void *holder; /* of these; NULL: nobody */
	void (*release)(void *holder);
	struct http_span *spans;
	size_t span_count;
	uint64_t body_bytes;        /* of all spans */
	uint64_t body_read;         /* how far whoever sends the body has come */
	struct http_span only_span; /* where there is one, as mostly */
	size_t text_bytes;          /* of `text` that are in use */
	/* From here on nothing is zeroed. */
	struct http_field fields[HTTP_RESPONSE_FIELDS_MAX];
	char text[192]; /* values that fit */
};

struct http_response *http_response_new(int status);
void http_response_free(struct http_response *response);
OWN_DEFINE(http_response, struct http_response, http_response_free);

/* Adds a header field whose value is ours, a literal or held by the response, and as it should be.
 */
void http_response_put(struct http_response *response, struct http_name name, const char *value,
	size_t value_bytes);
/*
 * Adds a header field; a format without a '%' is a literal of ours. A value that holds
 * a control byte (CR, LF, NUL) could break out of its line: it is dropped, the field is not sent,
 * and false is returned. Whoever passes on what a peer sent looks at that; whoever passes on a
 * constant need not.
 */
bool http_response_set(struct http_response *response, struct http_name name, const char *format,
	...) __attribute__((format(printf, 3, 4)));

/* Appends to the body. More than HTTP_RESPONSE_BYTES_MAX in all is ERROR_LIMIT. */
must_check bool http_response_append(
	struct http_response *response, const void *bytes, size_t count, struct error *reterr);
/* Appends a run of the file that `http_response_file` gave. */
void http_response_append_file(struct http_response *response, uint64_t offset, uint64_t bytes);
/* The file that spans are in; the response owns it from now on. */
void http_response_file(struct http_response *response, int fd);
/* Instead: its bytes, all of them, which `holder` holds until it is released with the response. */
void http_response_hold(struct http_response *response, const char *file_bytes, void *holder,
	void (*release)(void *holder));

/* A body of JSON, {"error": "the sentence"}, as every refusal of ours has. */
struct http_response *http_response_error(int status, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Content-Type: application/json and `json`, laid out as json_text does, as body. */
must_check bool http_response_json(
	struct http_response *response, const json_t *json, struct error *reterr);

/* "Not Found"; "" for a status that we do not know. */
const char *http_status_text(int status);
/* Whether its length is announced: not of 1xx, 204, nor of 304, whose body is that of the 200. */
bool http_response_has_length(const struct http_response *response);
/* Whether a body goes with it: not with HEAD, 1xx, 204 and 304. `request` may be NULL. */
bool http_response_sends_body(
	const struct http_response *response, const struct http_request *request);

#endif
