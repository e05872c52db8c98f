/*
 * A second, small reader of the same lines. OpenSSL's parser merges sections of one name, lets the
 * last of two equal keys win, and reads other files and the environment, all in silence: here it is
 * said. Nothing but warnings comes from this file; values come from OpenSSL.
 */
#include "pki/profile_internal.h"

#include <ctype.h>

struct scan {
	struct profile *profile;
	struct profile_entry *entries;
	size_t count;
	char *section;
	size_t line; /* where the logical line began */
};

static void add_entry(struct scan *scan, const char *section, const char *key)
{
	scan->entries = list_grow(scan->entries, scan->count, sizeof *scan->entries, "a .cnf file");
	scan->entries[scan->count++] = (struct profile_entry){ .section = text_copy(section),
		.key = key ? text_copy(key) : NULL,
		.line = scan->line };
}

static int compare(const void *left, const void *right)
{
	const struct profile_entry *a = left, *b = right;
	int order = strcmp(a->section, b->section);
	if (!order)
		order = strcmp(a->key ? a->key : "", b->key ? b->key : "");
	return order ? order : a->line < b->line ? -1 : a->line > b->line;
}

/* Ends the line at its comment: a `#` outside of quotes and not behind a backslash. */
static void cut_comment(char *line)
{
	for (char quote = 0; *line; line++) {
		if (*line == '\\' && line[1])
			line++;
		else if (quote)
			quote = *line == quote ? 0 : quote;
		else if (*line == '"' || *line == '\'' || *line == '`')
			quote = *line;
		else if (*line == '#')
			*line = 0, line--;
	}
}

static char *trim(char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	size_t bytes = strlen(text);
	while (bytes && isspace((unsigned char)text[bytes - 1]))
		text[--bytes] = 0;
	return text;
}

static const char *shown(const char *text, char target[static 80])
{
	return text_escape(target, 80, text, strlen(text));
}

static void note_environment(struct scan *scan, const char *value)
{
	for (const char *at = value; (at = strchr(at, '$')) != NULL; at++) {
		const char *name = at + 1 + (at[1] == '{' || at[1] == '(');
		if (strncmp(name, "ENV::", 5) != 0 || (at > value && at[-1] == '\\'))
			continue;
		name += 5;
		int bytes = 0;
		while (bytes < 64 && (isalnum((unsigned char)name[bytes]) || name[bytes] == '_'))
			bytes++;
		profile_warn_line(scan->profile, CODE_CNF_ENVIRONMENT, scan->line,
			"'%s' line %zu takes a value from the environment variable %.*s",
			scan->profile->path, scan->line, bytes, name);
	}
}

static void take_directive(struct scan *scan, char *line)
{
	char text[80];
	if (strncmp(line, ".include", 8) != 0)
		return;
	char *file = trim(line + 8);
	if (*file == '=')
		file = trim(file + 1);
	profile_warn_line(scan->profile, CODE_CNF_INCLUDE, scan->line,
		"'%s' line %zu reads another file: %s", scan->profile->path, scan->line,
		shown(file, text));
}

static void take_line(struct scan *scan, char *line)
{
	cut_comment(line);
	line = trim(line);
	if (*line == '[') {
		char *end = strchr(line, ']');
		if (end)
			*end = 0;
		free(scan->section);
		scan->section = text_copy(trim(line + 1));
		add_entry(scan, scan->section, NULL);
		return;
	}
	char *equals = strchr(line, '=');
	if (*line == '.' && (!equals || !strncmp(line, ".include", 8))) {
		take_directive(scan, line);
		return;
	}
	if (!equals)
		return;
	*equals = 0;
	char *key = trim(line), *colons = strstr(key, "::");
	if (colons) { /* section::key = value */
		*colons = 0;
		add_entry(scan, key, colons + 2);
	} else {
		add_entry(scan, scan->section, key);
	}
	note_environment(scan, equals + 1);
}

/* Cuts the text into lines; a backslash at the end joins the next one. */
static void take_lines(struct scan *scan, char *text)
{
	size_t line = 1;
	while (*text) {
		char *start = text, *write = text;
		scan->line = line;
		for (; *text; text++) {
			if (*text == '\r' && text[1] == '\n')
				continue;
			if (*text == '\\' && (text[1] == '\n' || !strncmp(text + 1, "\r\n", 2))) {
				text += text[1] == '\n' ? 1 : 2;
				line++;
				continue;
			}
			if (*text == '\n')
				break;
			if (*text == '\\' && text[1] && text[1] != '\r')
				*write++ = *text++;
			*write++ = *text;
		}
		if (*text)
			text++;
		*write = 0;
		line++;
		take_line(scan, start);
	}
}

static void report(struct scan *scan)
{
	char section[80], key[80];
	for (size_t i = 1; i < scan->count; i++) {
		const struct profile_entry *first = &scan->entries[i - 1],
					   *second = &scan->entries[i];
		if (strcmp(first->section, second->section) != 0 || !first->key != !second->key ||
			(first->key && strcmp(first->key, second->key) != 0))
			continue;
		if (!second->key)
			profile_warn_line(scan->profile, CODE_CNF_DUPLICATE_SECTION, second->line,
				"'%s' has the section [%s] twice, in lines %zu and %zu: OpenSSL "
				"merges them",
				scan->profile->path, shown(second->section, section), first->line,
				second->line);
		else
			profile_warn_line(scan->profile, CODE_CNF_DUPLICATE_KEY, second->line,
				"'%s' sets %s twice in [%s], in lines %zu and %zu: the last one "
				"wins",
				scan->profile->path, shown(second->key, key),
				shown(second->section, section), first->line, second->line);
	}
}

void profile_scan(struct profile *profile, const char *text, size_t bytes)
{
	struct scan scan = { .profile = profile, .section = text_copy("default") };
	OWN(char) char *copy = text_format("%.*s", (int)bytes, text);
	bool mark = !strncmp(copy, "\xef\xbb\xbf", 3);
	take_lines(&scan, copy + (mark ? 3 : 0));
	if (scan.count)
		qsort(scan.entries, scan.count, sizeof *scan.entries, compare);
	report(&scan);
	free(scan.section);
	profile->entries = scan.entries;
	profile->entries_count = scan.count;
}

void profile_scan_done(struct profile *profile)
{
	for (size_t i = 0; i < profile->entries_count; i++) {
		free(profile->entries[i].section);
		free(profile->entries[i].key);
	}
	free(profile->entries);
}

size_t profile_line(
	const struct profile *profile, const char *section, const char *name, size_t index)
{
	for (size_t i = 0; i < profile->entries_count; i++) {
		const struct profile_entry *entry = &profile->entries[i];
		bool same = !strcmp(entry->section, section) && !entry->key == !name &&
			    (!name || !strcmp(entry->key, name));
		if (same && !index--)
			return entry->line;
	}
	return 0;
}

const char *profile_section_at(const struct profile *profile, size_t index)
{
	const char *last = NULL;
	for (size_t i = 0; i < profile->entries_count; i++) {
		const struct profile_entry *entry = &profile->entries[i];
		if (entry->key || (last && !strcmp(last, entry->section)))
			continue;
		last = entry->section;
		if (!index--)
			return last;
	}
	return NULL;
}
