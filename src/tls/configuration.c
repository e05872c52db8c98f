/*
 * OpenSSL takes every line of openssl.cnf into tables before it looks whether anything there is
 * about itself, and in the file of a distribution most often nothing is: it is for the openssl
 * command. That is a twentieth of a server's start, so here is who sees that in one go. Only what
 * cannot be misunderstood counts; with the first sign that needs more of the grammar (continued
 * lines, files to include, SECTION::NAME, a value of ours that is quoted or put together) the
 * answer is that OpenSSL had better look itself.
 */
#include "tls/configuration.h"

#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)64 << 10)

struct span {
	const char *text;
	size_t bytes;
};

struct reading {
	struct span rest, section;
	bool strange; /* not to be judged here */
};

struct entry {
	struct span section, name, value;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_of_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '.';
}

static struct span trimmed(const char *begin, const char *end)
{
	while (begin < end && is_blank(*begin))
		begin++;
	while (begin < end && is_blank(end[-1]))
		end--;
	return (struct span){ begin, (size_t)(end - begin) };
}

/* Directives begin with a dot: .include, .pragma. */
static bool is_name(struct span span)
{
	for (size_t i = 0; i < span.bytes; i++)
		if (!is_of_name(span.text[i]))
			return false;
	return span.bytes && span.text[0] != '.';
}

static bool is_same(struct span one, struct span other)
{
	return one.bytes == other.bytes && !memcmp(one.text, other.text, one.bytes);
}

static bool is_text(struct span span, const char *text)
{
	return is_same(span, (struct span){ text, strlen(text) });
}

/* Without blanks around it. With a backslash at its end it is not all, even where it is a comment.
 */
static struct span next_line(struct reading *reading)
{
	struct span *rest = &reading->rest;
	const char *begin = rest->text, *end = memchr(begin, '\n', rest->bytes);
	size_t taken = end ? (size_t)(end - begin) + 1 : rest->bytes;
	struct span line = trimmed(begin, end ? end : begin + rest->bytes);
	*rest = (struct span){ begin + taken, rest->bytes - taken };
	reading->strange |= line.bytes && line.text[line.bytes - 1] == '\\';
	return line;
}

/* What follows is a comment, or ignored likewise. */
static bool begin_section(struct reading *reading, struct span line)
{
	const char *end = memchr(line.text, ']', line.bytes);
	if (end)
		reading->section = trimmed(line.text + 1, end);
	return end && is_name(reading->section);
}

/* A value may hold anything, as long as nobody asks for it: quotes end with their line. */
static bool read_entry(struct span line, struct entry *ret)
{
	const char *end = line.text + line.bytes, *sign = memchr(line.text, '=', line.bytes);
	if (!sign)
		return false;
	const char *comment = memchr(sign, '#', (size_t)(end - sign));
	ret->name = trimmed(line.text, sign);
	ret->value = trimmed(sign + 1, comment ? comment : end);
	return is_name(ret->name);
}

/* The next NAME = VALUE, or the head of a section, which has no name. False when there is none. */
static bool next_entry(struct reading *reading, struct entry *ret)
{
	while (reading->rest.bytes && !reading->strange) {
		struct span line = next_line(reading);
		if (!line.bytes || *line.text == '#')
			continue;
		*ret = (struct entry){ .section = reading->section };
		if (*line.text == '[') {
			reading->strange |= !begin_section(reading, line);
			ret->section = reading->section;
		} else
			reading->strange |= !read_entry(line, ret);
		return !reading->strange;
	}
	return false;
}

static struct reading reading_of(const char *text, size_t bytes)
{
	return (struct reading){ { text, bytes }, { "default", strlen("default") },
		memchr(text, 0, bytes) != NULL };
}

bool tls_configuration_is_plain(const char *text, size_t bytes)
{
	struct entry entry;
	struct span ours = { 0 };
	bool found = false, empty = true;
	struct reading reading = reading_of(text, bytes);
	while (next_entry(&reading, &entry)) {
		if (!is_text(entry.section, "default") || !is_text(entry.name, "openssl_conf"))
			continue;
		reading.strange |= ours.bytes || !is_name(entry.value);
		ours = entry.value;
	}
	if (reading.strange || !ours.bytes)
		return !reading.strange;
	reading = reading_of(text, bytes);
	while (next_entry(&reading, &entry))
		if (is_same(entry.section, ours)) {
			found = true;
			empty = empty && !entry.name.bytes;
		}
	return found && empty;
}

bool tls_configuration_passed(void)
{
	struct error ignored;
	OWN(buffer) struct buffer text = BUFFER(FILE_BYTES_MAX);
	char *path = CONF_get1_default_config_file();
	bool plain = path && *path && file_read(path, &text, &ignored) &&
		     tls_configuration_is_plain(text.data, text.length) &&
		     OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1;
	OPENSSL_free(path);
	return plain;
}
