/* The strict reading of RFC 9112, line by line. */
#include "http/h1_rules.h"

#include <strings.h>

#define REFUSE(status, text) ((struct h1_refusal){ (status), (text) })
static const struct h1_refusal fine = { 0, NULL };

/* A set of ASCII characters, a bit each: those below '@', and from there on. */
struct set {
	uint64_t low, high;
};
#define ONE(character) (UINT64_C(1) << ((character)&63))
#define RANGE(first, last) ((ONE(last) << 1) - ONE(first)) /* both in the same half */
#define DIGITS RANGE('0', '9')
#define LETTERS (RANGE('A', 'Z') | RANGE('a', 'z'))

static const struct set digits = { DIGITS, 0 };
static const struct set hex_digits = { DIGITS, RANGE('A', 'F') | RANGE('a', 'f') };
static const struct set numeric_host = { DIGITS | ONE(':') | ONE('.'),
	RANGE('A', 'F') | RANGE('a', 'f') };
static const struct set host_name = { DIGITS | ONE('-') | ONE('.'), LETTERS | ONE('_') | ONE('~') };
/* RFC 9110 section 5.6.2. */
static const struct set token = { DIGITS | ONE('!') | RANGE('#', '\'') | ONE('*') | ONE('+') |
					  ONE('-') | ONE('.'),
	LETTERS | RANGE('^', '`') | ONE('|') | ONE('~') };

/* How many bytes from the start on are of `set`. */
static size_t run(const struct set *set, const char *text, size_t bytes)
{
	size_t count = 0;
	for (; count < bytes; count++) {
		unsigned char byte = (unsigned char)text[count];
		if (byte > 127 || !((byte < 64 ? set->low : set->high) & ONE(byte)))
			break;
	}
	return count;
}

static bool is_word(const char *text, size_t bytes, const char *word)
{
	return strlen(word) == bytes && !strncasecmp(text, word, bytes);
}

/* host [":" port], as in Host and in an absolute target; not empty. */
static bool is_authority(const char *text, size_t bytes)
{
	size_t host;
	if (bytes && *text == '[') {
		host = 1 + run(&numeric_host, text + 1, bytes - 1);
		if (host < 4 || host == bytes || text[host] != ']')
			return false;
		host++;
	} else {
		host = run(&host_name, text, bytes);
		if (!host)
			return false;
	}
	if (host == bytes)
		return true;
	size_t port = bytes - host - 1;
	return text[host] == ':' && port <= 5 && run(&digits, text + host + 1, port) == port;
}

/* ---- The request line ---- */

static struct h1_refusal check_version(
	const char *text, size_t bytes, enum http_version *ret_version)
{
	if (bytes == 8 && !memcmp(text, "HTTP/1.1", 8)) {
		*ret_version = HTTP_1_1;
		return fine;
	}
	if (bytes == 8 && !memcmp(text, "HTTP/1.0", 8)) {
		*ret_version = HTTP_1_0;
		return fine;
	}
	if (bytes == 8 && !memcmp(text, "HTTP/", 5) && run(&digits, text + 5, 1) &&
		text[6] == '.' && run(&digits, text + 7, 1))
		return REFUSE(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
	return REFUSE(400, "the request line does not end in a version such as HTTP/1.1");
}

struct h1_refusal h1_check_target(const char *method, size_t method_bytes, const char *target,
	size_t bytes, size_t target_bytes_max)
{
	if (bytes > target_bytes_max)
		return REFUSE(414, "the request target is too long");
	if (!bytes)
		return REFUSE(400, "the request line has no target");
	for (size_t i = 0; i < bytes; i++)
		/* Below '!' are the controls and the space, above '~' DEL and what is no ASCII. */
		if ((unsigned char)target[i] < '!' || (unsigned char)target[i] > '~' ||
			target[i] == '#')
			return REFUSE(400, "the request target holds a byte that no URI may hold");
	if (method_bytes == 7 && !memcmp(method, "CONNECT", 7))
		return REFUSE(501, "CONNECT is not supported: this is no proxy");
	if (*target == '/')
		return fine;
	if (bytes == 1 && *target == '*' && method_bytes == 7 && !memcmp(method, "OPTIONS", 7))
		return fine;
	/* The absolute form must be understood by every server (RFC 9112 section 3.2.2). */
	size_t scheme = bytes > 8 && !strncasecmp(target, "https://", 8)  ? 8
			: bytes > 7 && !strncasecmp(target, "http://", 7) ? 7
									  : 0;
	size_t end = scheme;
	while (end < bytes && target[end] != '/' && target[end] != '?')
		end++;
	if (!scheme || !is_authority(target + scheme, end - scheme))
		return REFUSE(400, "the request target is neither a path nor an http URI");
	return fine;
}

struct h1_refusal h1_check_request_line(
	const char *line, size_t bytes, size_t target_bytes_max, enum http_version *ret_version)
{
	bytes -= 2;
	size_t method = run(&token, line, bytes);
	if (!method || method == bytes || line[method] != ' ')
		return REFUSE(400, "the request line does not begin with a method and a space");
	const char *target = line + method + 1;
	size_t left = bytes - method - 1;
	const char *space = memchr(target, ' ', left);
	if (!space)
		return left > target_bytes_max ? REFUSE(414, "the request target is too long")
					       : REFUSE(400, "the request line has no version");
	size_t target_bytes = (size_t)(space - target);
	struct h1_refusal refusal = check_version(space + 1, left - target_bytes - 1, ret_version);
	if (!refusal.status)
		refusal = h1_check_target(line, method, target, target_bytes, target_bytes_max);
	return refusal;
}

/* ---- Header lines ---- */

static struct h1_refusal check_length(const char *value, size_t bytes, struct h1_framing *framing)
{
	if (framing->length)
		return REFUSE(400, "more than one Content-Length");
	/* 18 digits stay below 2^63; "5, 5" and "+5" are refused. */
	if (!bytes || bytes > 18 || run(&digits, value, bytes) != bytes)
		return REFUSE(400, "Content-Length is not a number");
	framing->length = true;
	framing->length_bytes = 0;
	for (size_t i = 0; i < bytes; i++)
		framing->length_bytes = framing->length_bytes * 10 + (uint64_t)(value[i] - '0');
	return fine;
}

static struct h1_refusal check_encoding(const char *value, size_t bytes, struct h1_framing *framing)
{
	if (framing->encoding)
		return REFUSE(400, "more than one Transfer-Encoding");
	framing->encoding = true;
	if (is_word(value, bytes, "chunked"))
		return fine;
	/* Without chunked at the end nobody knows where the body ends (RFC 9112 section 6.3). */
	const char *last = bytes ? memrchr(value, ',', bytes) : NULL;
	size_t skip = last ? (size_t)(last + 1 - value) : 0;
	while (skip < bytes && (value[skip] == ' ' || value[skip] == '\t'))
		skip++;
	if (last && is_word(value + skip, bytes - skip, "chunked"))
		return REFUSE(501, "no Transfer-Encoding but chunked is supported");
	return REFUSE(400, "Transfer-Encoding does not end in chunked");
}

static struct h1_refusal check_host(const char *value, size_t bytes, struct h1_framing *framing)
{
	if (framing->host)
		return REFUSE(400, "more than one Host header");
	framing->host = true;
	return is_authority(value, bytes) ? fine : REFUSE(400, "Host is no host name");
}

static struct h1_refusal check_expect(const char *value, size_t bytes, struct h1_framing *framing)
{
	framing->expects_continue = true;
	return is_word(value, bytes, "100-continue")
		       ? fine
		       : REFUSE(417, "the only expectation that can be met is 100-continue");
}

static const struct {
	const char *name;
	size_t bytes;
	struct h1_refusal (*check)(const char *value, size_t bytes, struct h1_framing *framing);
} framing_headers[] = {
	{ "content-length", 14, check_length },
	{ "transfer-encoding", 17, check_encoding },
	{ "host", 4, check_host },
	{ "expect", 6, check_expect },
};
enum { FRAMING_HEADERS = sizeof framing_headers / sizeof *framing_headers };

/* Which of them it is; FRAMING_HEADERS: none. */
static size_t framing_header(const char *name, size_t bytes)
{
	size_t i = 0;
	while (i < FRAMING_HEADERS &&
		(framing_headers[i].bytes != bytes ||
			strncasecmp(framing_headers[i].name, name, bytes) != 0))
		i++;
	return i;
}

struct h1_refusal h1_check_field(const char *name, size_t name_bytes, const char *value,
	size_t value_bytes, struct h1_framing *framing)
{
	size_t which = framing_header(name, name_bytes);
	return which == FRAMING_HEADERS ? fine
					: framing_headers[which].check(value, value_bytes, framing);
}

bool h1_is_framing(const char *name, size_t bytes)
{
	return framing_header(name, bytes) != FRAMING_HEADERS;
}

/* "name: value"; *ret_name is the length of the name. */
static struct h1_refusal check_form(const char *line, size_t bytes, size_t *ret_name)
{
	if (*line == ' ' || *line == '\t')
		return REFUSE(400, "a header line begins with white space (obsolete folding)");
	size_t name = run(&token, line, bytes);
	if (name < bytes && name && (line[name] == ' ' || line[name] == '\t'))
		return REFUSE(400, "white space stands before the colon of a header");
	if (name == bytes || !name || line[name] != ':')
		return REFUSE(400, "a header line is not of the form \"name: value\"");
	*ret_name = name;
	return fine;
}

struct h1_refusal h1_check_header(const char *line, size_t bytes, struct h1_framing *framing)
{
	bytes -= 2;
	size_t name = 0;
	struct h1_refusal refusal = check_form(line, bytes, &name);
	if (refusal.status)
		return refusal;
	const char *value = line + name + 1;
	size_t left = bytes - name - 1;
	while (left && (*value == ' ' || *value == '\t'))
		value++, left--;
	while (left && (value[left - 1] == ' ' || value[left - 1] == '\t'))
		left--;
	return h1_check_field(line, name, value, left, framing);
}

struct h1_refusal h1_check_trailer(const char *line, size_t bytes)
{
	size_t name = 0;
	struct h1_refusal refusal = check_form(line, bytes - 2, &name);
	if (refusal.status)
		return refusal;
	return h1_is_framing(line, name)
		       ? REFUSE(400, "a trailer may not change how the message is read")
		       : fine;
}

struct h1_refusal h1_check_chunk_size(const char *line, size_t bytes)
{
	bytes -= 2;
	size_t size = run(&hex_digits, line, bytes);
	if (!size || size > 15 || (size < bytes && line[size] != ';'))
		return REFUSE(400, "a chunk does not begin with its size");
	return fine;
}

struct h1_refusal h1_check_framing(
	const struct h1_framing *framing, enum http_version version, size_t body_bytes_max)
{
	if (framing->encoding && framing->length)
		return REFUSE(400, "Transfer-Encoding and Content-Length exclude each other");
	if (framing->encoding && version == HTTP_1_0)
		return REFUSE(400, "HTTP/1.0 has no Transfer-Encoding");
	if (!framing->host && version == HTTP_1_1)
		return REFUSE(400, "the Host header is missing");
	if (framing->length && framing->length_bytes > body_bytes_max)
		return REFUSE(413, "the body is too large");
	return fine;
}
