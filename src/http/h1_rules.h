/*
 * What one line of a request may be (RFC 9112), checked on the raw bytes before any parser reads
 * them: two parsers that read one line differently are how requests are smuggled. Lines come with
 * their CR LF, which the caller has seen, and hold no other control byte but TAB.
 */
#ifndef MTLS_HTTP_H1_RULES_H
#define MTLS_HTTP_H1_RULES_H

#include "http/message.h"

/* Status 0: nothing to refuse. The sentences are constants. */
struct h1_refusal {
	int status;
	const char *text;
};

/* What the header lines said about the message as a whole. */
struct h1_framing {
	bool host, length, encoding; /* the header was there */
	bool expects_continue;
	uint64_t length_bytes;
};

struct h1_refusal h1_check_request_line(
	const char *line, size_t bytes, size_t target_bytes_max, enum http_version *ret_version);
struct h1_refusal h1_check_header(const char *line, size_t bytes, struct h1_framing *framing);
/* A trailer has the form of a header; what it says about framing counts for nothing, so it may
 * not say anything (RFC 9110 section 6.5.1). */
struct h1_refusal h1_check_trailer(const char *line, size_t bytes);
struct h1_refusal h1_check_chunk_size(const char *line, size_t bytes);
/* All headers together. For HTTP/2 `host` is either of :authority and Host. */
struct h1_refusal h1_check_framing(
	const struct h1_framing *framing, enum http_version version, size_t body_bytes_max);

/* ---- What holds for HTTP/2 too, so that both refuse the same with the same words ---- */

struct h1_refusal h1_check_target(const char *method, size_t method_bytes, const char *target,
	size_t bytes, size_t target_bytes_max);
/* A header that says how the message is to be read; the value has no white space around it. */
struct h1_refusal h1_check_field(const char *name, size_t name_bytes, const char *value,
	size_t value_bytes, struct h1_framing *framing);
/* Whether h1_check_field looks at headers of that name. */
bool h1_is_framing(const char *name, size_t bytes);

#endif
