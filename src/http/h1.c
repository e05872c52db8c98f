/*
 * The incremental reader of HTTP/1: lines are gathered until their CR LF and must pass our rules,
 * then the parser library gets them whole; bodies go through as they come. So neither a rule nor
 * the library ever sees where the bytes were cut.
 */
#include "http/h1.h"

#include "http/h1_library.h"
#include "http/h1_rules.h"

#include <assert.h>
#include <ctype.h>

/* A request line has a method and a version around its target. */
#define REQUEST_LINE_EXTRA 64
#define CHUNK_LINE_BYTES_MAX 256

enum state {
	REQUEST_LINE,
	HEADER_LINE,
	FIXED_BODY,
	CHUNK_SIZE,
	CHUNK_DATA,
	CHUNK_END,
	TRAILER_LINE,
	COMPLETE,
	REFUSED,
};

struct h1 {
	struct http_limits limits;
	enum state state;
	enum h1_event event;
	struct buffer head; /* request line and header lines; later cut into strings, in place */
	struct buffer line; /* the line of a chunk or trailer that is being gathered */
	struct buffer body;
	size_t line_start;   /* in the buffer that the current line is gathered in */
	size_t header_bytes; /* of the finished header and trailer lines */
	size_t header_lines; /* of both, too */
	uint64_t data_left;  /* of the fixed body or of the chunk */
	bool empty_line;     /* one was skipped in front of the request line */
	struct h1_framing framing;
	struct h1_library library;
	struct http_request request;
	struct http_header *headers; /* request.headers */
	struct h1_refusal refusal;
};

static void start(struct h1 *h1)
{
	buffer_done(&h1->head);
	buffer_done(&h1->line);
	buffer_done(&h1->body);
	memory_give(h1->headers);
	h1->headers = NULL;
	h1->request = (struct http_request){ 0 };
	h1->framing = (struct h1_framing){ 0 };
	h1->line_start = h1->header_bytes = h1->header_lines = 0;
	h1->empty_line = false;
	h1->state = REQUEST_LINE;
	h1->event = H1_MORE;
	h1_library_start(&h1->library);
}

struct h1 *h1_new(const struct http_limits *limits)
{
	struct h1 *h1 = memory_object(sizeof *h1, "a parser");
	*h1 = (struct h1){ .limits = *limits };
	buffer_init(&h1->head,
		limits->target_bytes_max + REQUEST_LINE_EXTRA + limits->header_bytes_max + 8);
	buffer_init(&h1->line, limits->header_bytes_max + CHUNK_LINE_BYTES_MAX);
	buffer_init(&h1->body, limits->body_bytes_max);
	start(h1);
	return h1;
}

void h1_free(struct h1 *h1)
{
	if (!h1)
		return;
	start(h1);
	memory_give(h1);
}

void h1_next(struct h1 *h1)
{
	assert(h1->state == COMPLETE);
	start(h1);
}

static void refuse(struct h1 *h1, int status, const char *text)
{
	h1->refusal = (struct h1_refusal){ status, text };
	h1->state = REFUSED;
	h1->event = H1_REFUSED;
}

/* Whether the rule had nothing against it. */
static bool passes(struct h1 *h1, struct h1_refusal refusal)
{
	if (refusal.status)
		refuse(h1, refusal.status, refusal.text);
	return !refusal.status;
}

static bool feed(struct h1 *h1, const char *bytes, size_t count)
{
	if (h1_library_feed(&h1->library, bytes, count))
		return true;
	if (h1->library.unknown_method)
		refuse(h1, 501, "the method is not known");
	else
		refuse(h1, 400, "the request is malformed");
	return false;
}

static void complete(struct h1 *h1)
{
	/* The library keeps its own count; if it disagrees, nobody knows where the next begins. */
	if (!h1->library.complete) {
		refuse(h1, 400, "the request is malformed");
		return;
	}
	h1->request.body = h1->body.data ? h1->body.data : "";
	h1->request.body_bytes = h1->body.length;
	h1->state = COMPLETE;
	h1->event = H1_REQUEST;
}

/* ---- The head: cutting checked lines into strings ---- */

/* Ends the string at `end`, and returns where the next one begins. */
static char *cut(char *end)
{
	*end = 0;
	return end + 1;
}

static void cut_request_line(struct http_request *request, char *line, char *target_copy)
{
	request->method = line;
	char *target = cut(strchr(line, ' '));
	cut(strchr(target, ' '));
	request->target = target;
	strcpy(target_copy, target);
	char *path = target_copy;
	if (*path != '/' && *path != '*') {
		/* https://authority/path: the authority goes one byte to the left, for its NUL. */
		char *authority = strstr(path, "//") + 2;
		size_t bytes = strcspn(authority, "/?");
		memmove(authority - 1, authority, bytes);
		request->authority = authority - 1;
		path = authority + bytes;
		authority[bytes - 1] = 0;
	}
	char *query = strchr(path, '?');
	if (query)
		request->query = cut(query);
	request->path = *path ? path : "/";
}

static void cut_header(struct http_header *header, char *line, char *end)
{
	header->name = line;
	for (; *line != ':'; line++)
		*line = (char)tolower((unsigned char)*line);
	line = cut(line);
	line += strspn(line, " \t");
	while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*end = 0;
	header->value = line;
}

/* The target stands twice behind the head: as it was sent, and cut into its parts. */
static bool cut_head(struct h1 *h1)
{
	ERROR_UNFILLED struct error error;
	char *copy;
	size_t target_room = strcspn(h1->head.data, "\r");
	h1->head.bytes_max += target_room;
	bool room = buffer_reserve(&h1->head, target_room, &copy, &error);
	h1->head.bytes_max -= target_room;
	h1->headers = memory_take((h1->header_lines + 1) * sizeof *h1->headers);
	if (!room || !h1->headers) {
		refuse(h1, 503, "out of memory for the request");
		return false;
	}
	char *line = h1->head.data;
	char *end = strchr(line, '\r');
	*end = 0;
	cut_request_line(&h1->request, line, copy);
	for (size_t i = 0; i < h1->header_lines; i++) {
		line = end + 2;
		end = strchr(line, '\r');
		cut_header(&h1->headers[i], line, end);
	}
	h1->request.headers = h1->headers;
	h1->request.header_count = h1->header_lines;
	if (!h1->request.authority)
		h1->request.authority = http_request_header(&h1->request, "host");
	h1->request.keep_alive = h1->library.keep_alive;
	h1->request.framed = h1->framing.length || h1->framing.encoding;
	return true;
}

static void end_head(struct h1 *h1)
{
	if (!passes(h1, h1_check_framing(
				&h1->framing, h1->request.version, h1->limits.body_bytes_max)) ||
		!feed(h1, h1->head.data, h1->head.length))
		return;
	if (!h1->library.head_done) {
		refuse(h1, 400, "the request is malformed");
		return;
	}
	if (!cut_head(h1))
		return;
	h1->line_start = 0;
	h1->data_left = h1->framing.length_bytes;
	if (!h1->framing.encoding && !h1->data_left) {
		complete(h1);
		return;
	}
	h1->state = h1->framing.encoding ? CHUNK_SIZE : FIXED_BODY;
	h1->request.expects_continue =
		h1->framing.expects_continue && h1->request.version == HTTP_1_1;
	if (h1->request.expects_continue)
		h1->event = H1_CONTINUE;
}

/* ---- Lines ---- */

static void on_request_line(struct h1 *h1, const char *line, size_t bytes)
{
	/* One empty line in front is a known habit (RFC 9112 section 2.2). */
	if (bytes == 2 && !h1->empty_line) {
		h1->empty_line = true;
		h1->head.length = 0;
		return;
	}
	if (!passes(h1, h1_check_request_line(
				line, bytes, h1->limits.target_bytes_max, &h1->request.version)))
		return;
	h1->line_start = h1->head.length;
	h1->state = HEADER_LINE;
}

static bool count_header(struct h1 *h1, size_t bytes)
{
	h1->header_bytes += bytes;
	if (h1->header_bytes > h1->limits.header_bytes_max)
		refuse(h1, 431, "the header is too large");
	else if (++h1->header_lines > h1->limits.headers_max)
		refuse(h1, 431, "too many header lines");
	return h1->state != REFUSED;
}

static void on_header_line(struct h1 *h1, const char *line, size_t bytes)
{
	if (bytes == 2) {
		end_head(h1);
		return;
	}
	if (count_header(h1, bytes) && passes(h1, h1_check_header(line, bytes, &h1->framing)))
		h1->line_start = h1->head.length;
}

static void on_chunk_line(struct h1 *h1, const char *line, size_t bytes)
{
	switch (h1->state) {
	case CHUNK_SIZE:
		if (!passes(h1, h1_check_chunk_size(line, bytes)) || !feed(h1, line, bytes))
			return;
		h1->data_left = h1->library.chunk_bytes;
		if (h1->data_left > h1->limits.body_bytes_max - h1->body.length)
			refuse(h1, 413, "the body is too large");
		else
			h1->state = h1->data_left ? CHUNK_DATA : TRAILER_LINE;
		break;
	case CHUNK_END:
		if (bytes != 2)
			refuse(h1, 400, "a chunk is longer than its size says");
		else if (feed(h1, line, bytes))
			h1->state = CHUNK_SIZE;
		break;
	default:
		if (bytes == 2) {
			if (feed(h1, line, bytes))
				complete(h1);
		} else if (count_header(h1, bytes) && passes(h1, h1_check_trailer(line, bytes))) {
			if (!feed(h1, line, bytes))
				return;
		}
		break;
	}
	h1->line.length = 0;
}

/* How long a line may get, its CR LF included, and what a longer one is answered with. */
static size_t line_limit(const struct h1 *h1, struct h1_refusal *ret_refusal)
{
	size_t left = h1->limits.header_bytes_max - h1->header_bytes;
	switch (h1->state) {
	case REQUEST_LINE:
		*ret_refusal = (struct h1_refusal){ 414, "the request line is too long" };
		return h1->limits.target_bytes_max + REQUEST_LINE_EXTRA;
	case CHUNK_SIZE:
	case CHUNK_END:
		*ret_refusal = (struct h1_refusal){ 400, "the line of a chunk is too long" };
		return CHUNK_LINE_BYTES_MAX;
	default:
		*ret_refusal = (struct h1_refusal){ 431, "the header is too large" };
		if (left > h1->limits.header_line_bytes_max) {
			ret_refusal->text = "a header line is too long";
			left = h1->limits.header_line_bytes_max;
		}
		return left + 2; /* the last line is an empty one */
	}
}

/* Refuses what may stand in no line, wherever the line is cut. */
static bool check_byte(struct h1 *h1, char previous, char byte)
{
	if (previous == '\r' && byte != '\n')
		refuse(h1, 400, "a line holds a CR without LF");
	else if (byte == '\n' && previous != '\r')
		refuse(h1, 400, "a line ends in LF without CR");
	else if (byte != '\n' && byte != '\r' && !text_line_bytes(&byte, 1))
		refuse(h1, 400, "a line holds a control character");
	return h1->state != REFUSED;
}

/* Takes bytes up to the end of the line, or all. Returns how many. */
static size_t take_line(struct h1 *h1, const char *bytes, size_t count)
{
	bool in_head = h1->state == REQUEST_LINE || h1->state == HEADER_LINE;
	struct buffer *buffer = in_head ? &h1->head : &h1->line;
	size_t start_at = in_head ? h1->line_start : 0;
	size_t so_far = buffer->length - start_at;
	struct h1_refusal too_long;
	size_t limit = line_limit(h1, &too_long);
	char previous = so_far ? buffer->data[buffer->length - 1] : 0;
	size_t taken = 0;
	while (taken < count && previous != '\n') {
		size_t text = previous == '\r' ? 0 : text_line_bytes(bytes + taken, count - taken);
		if (!text && !check_byte(h1, previous, bytes[taken]))
			return taken;
		taken += text ? text : 1;
		previous = bytes[taken - 1];
		if (so_far + taken > limit) {
			refuse(h1, too_long.status, too_long.text);
			return taken;
		}
	}
	ERROR_UNFILLED struct error error;
	if (!buffer_append(buffer, bytes, taken, &error)) {
		refuse(h1, 503, "out of memory for the request");
		return taken;
	}
	if (previous != '\n')
		return taken;
	const char *line = buffer->data + start_at;
	size_t line_bytes = buffer->length - start_at;
	if (h1->state == REQUEST_LINE)
		on_request_line(h1, line, line_bytes);
	else if (in_head)
		on_header_line(h1, line, line_bytes);
	else
		on_chunk_line(h1, line, line_bytes);
	return taken;
}

/* Takes bytes of the body. Returns how many. */
static size_t take_data(struct h1 *h1, const char *bytes, size_t count)
{
	if (count > h1->data_left)
		count = (size_t)h1->data_left;
	ERROR_UNFILLED struct error error;
	if (!feed(h1, bytes, count))
		return count;
	if (!buffer_append(&h1->body, bytes, count, &error)) {
		refuse(h1, 503, "out of memory for the request");
		return count;
	}
	h1->data_left -= count;
	if (h1->data_left)
		return count;
	if (h1->state == FIXED_BODY)
		complete(h1);
	else
		h1->state = CHUNK_END;
	return count;
}

enum h1_event h1_input(struct h1 *h1, const void *bytes, size_t count, size_t *ret_used)
{
	const char *at = bytes;
	size_t used = 0;
	assert(h1->state != COMPLETE);
	if (h1->event == H1_CONTINUE)
		h1->event = H1_MORE;
	while (used < count && h1->event == H1_MORE) {
		if (h1->state == FIXED_BODY || h1->state == CHUNK_DATA)
			used += take_data(h1, at + used, count - used);
		else
			used += take_line(h1, at + used, count - used);
	}
	*ret_used = used;
	return h1->event;
}

const struct http_request *h1_request(const struct h1 *h1)
{
	return h1->event == H1_REQUEST || h1->event == H1_CONTINUE ? &h1->request : NULL;
}

int h1_refusal(const struct h1 *h1, const char **ret_text)
{
	*ret_text = h1->refusal.text;
	return h1->refusal.status;
}

enum h1_stage h1_stage(const struct h1 *h1)
{
	switch (h1->state) {
	case REQUEST_LINE:
		return h1->head.length || h1->empty_line ? H1_HEAD : H1_IDLE;
	case HEADER_LINE:
		return H1_HEAD;
	case COMPLETE:
	case REFUSED:
		return H1_DONE;
	default:
		return H1_BODY;
	}
}
