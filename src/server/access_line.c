/* Written by hand, as this is done for each request and a tree of JSON costs more than the request.
 */
#include "server/access_line.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

/* ---- Ids ---- */

void request_ids_init(struct request_ids *ids)
{
	ssize_t got;
	do
		got = getrandom(ids, sizeof *ids, 0);
	while (got < 0 && errno == EINTR);
	if (got != sizeof *ids)
		bug("no random bytes: %s", strerror(errno));
}

/* A bijection (the finalizer of SplitMix64): other numbers give other ids, and none tells the next.
 */
static uint64_t scramble(uint64_t number)
{
	number ^= number >> 30;
	number *= UINT64_C(0xbf58476d1ce4e5b9);
	number ^= number >> 27;
	number *= UINT64_C(0x94d049bb133111eb);
	return number ^ number >> 31;
}

char *request_id(struct request_ids *ids, char target[static REQUEST_ID_BYTES])
{
	snprintf(target, REQUEST_ID_BYTES, "%016" PRIx64 "%016" PRIx64, ids->own,
		scramble(ids->next++));
	return target;
}

/* ---- The line ---- */

struct line {
	struct buffer *text;
	struct error *error;
	bool ok;
};

static void add_bytes(struct line *line, const char *bytes, size_t count)
{
	line->ok = line->ok && buffer_append(line->text, bytes, count, line->error);
}

__attribute__((format(printf, 2, 3))) static void add(struct line *line, const char *format, ...)
{
	char text[256];
	va_list arguments;
	va_start(arguments, format);
	int count = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	add_bytes(line, text, (size_t)count < sizeof text ? (size_t)count : sizeof text - 1);
}

static void add_text(struct line *line, const char *text)
{
	add_bytes(line, text, strlen(text));
}

/* RFC 8259 section 7: what must be escaped, and DEL, which a terminal would act on. */
static bool is_plain(unsigned char c)
{
	return c >= ' ' && c != '"' && c != '\\' && c != 0x7f;
}

static void add_escaped(struct line *line, const char *text)
{
	add_text(line, "\"");
	while (*text) {
		size_t plain = 0;
		while (text[plain] && is_plain((unsigned char)text[plain]))
			plain++;
		add_bytes(line, text, plain);
		text += plain;
		if (*text)
			add(line, "\\u%04x", (unsigned)(unsigned char)*text++);
	}
	add_text(line, "\"");
}

/* Text of a peer is UTF-8 here, as who took it in saw to that; should it not be, it is escaped. */
static void add_string(struct line *line, const char *text)
{
	if (!text) {
		add_text(line, "null");
		return;
	}
	size_t bytes = strlen(text);
	if (text_is_utf8(text, bytes)) {
		add_escaped(line, text);
		return;
	}
	OWN(char) char *escaped = malloc(4 * bytes + 1);
	if (!escaped)
		bug("out of memory for a line");
	add_escaped(line, text_escape(escaped, 4 * bytes + 1, text, bytes));
}

static void add_member(struct line *line, const char *name, const char *value)
{
	add_text(line, ",\"");
	add_text(line, name);
	add_text(line, "\":");
	add_string(line, value);
}

static void add_identity(struct line *line, const struct identity *identity)
{
	add_member(line, "subject", identity ? identity->subject : NULL);
	add_member(line, "serial", identity ? identity->serial : NULL);
	add_text(line, ",\"san\":[");
	for (size_t i = 0; identity && i < identity->sans_count; i++) {
		add_text(line, i ? "," : "");
		add_string(line, identity->sans[i]);
	}
	add_text(line, "]");
}

static void add_time(struct line *line, const struct timespec *at)
{
	char text[CLOCK_RFC3339_BYTES];
	clock_rfc3339(at->tv_sec, text);
	text[strlen(text) - 1] = 0; /* the Z stands behind the fraction */
	add(line, "{\"time\":\"%s.%06ldZ\"", text, at->tv_nsec / 1000);
}

static void add_request(struct line *line, const struct http_request *request)
{
	if (!request)
		add_text(line, ",\"http\":null");
	else if (request->version == HTTP_2)
		add_text(line, ",\"http\":\"2\"");
	else
		add(line, ",\"http\":\"%d.%d\"", request->version / 10, request->version % 10);
	add_member(line, "method", request ? request->method : NULL);
	add_member(line, "path", request ? request->path : NULL);
}

bool access_line(const struct access_entry *entry, struct buffer *ret, struct error *reterr)
{
	struct line line = { ret, reterr, true };
	size_t before = ret->length;
	add_time(&line, &entry->at);
	add_member(&line, "id", entry->id);
	add_member(&line, "peer", entry->peer->host);
	add(&line, ",\"port\":%u", entry->peer->port);
	add_identity(&line, entry->identity);
	add_member(&line, "tls", entry->tls->version);
	add_text(&line, entry->tls->resumed ? ",\"resumed\":true" : ",\"resumed\":false");
	add_request(&line, entry->request);
	add(&line, ",\"status\":%d,\"bytes\":%" PRIu64 ",\"duration_us\":%" PRIu64, entry->status,
		entry->bytes, entry->duration_ns / 1000);
	if (entry->handshake_ns)
		add(&line, ",\"handshake_us\":%" PRIu64, entry->handshake_ns / 1000);
	add_text(&line, "}\n");
	if (!line.ok)
		ret->length = before;
	return line.ok;
}
