/* Writing the text format. */
#include "server/exposition.h"

#include "server/counts.h"

#include <stdio.h>

#define NS_PER_S UINT64_C(1000000000)

void exposition_init(struct exposition *exposition)
{
	*exposition = (struct exposition){ .text = BUFFER(EXPOSITION_BYTES_MAX), .ok = true };
}

void exposition_done(struct exposition *exposition)
{
	buffer_done(&exposition->text);
}

static void add(struct exposition *exposition, const char *text)
{
	struct error error;
	exposition->ok = exposition->ok && buffer_text(&exposition->text, text, &error);
}

/* Backslash and newline, and within a label's quotes the quote, are what could end a value. */
static void add_escaped(struct exposition *exposition, const char *text)
{
	while (*text) {
		size_t plain = strcspn(text, "\\\n\"");
		struct error error;
		exposition->ok =
			exposition->ok && buffer_append(&exposition->text, text, plain, &error);
		text += plain;
		if (*text) {
			const char escape[] = { '\\', *text == '\n' ? 'n' : *text, 0 };
			add(exposition, escape);
			text++;
		}
	}
}

void exposition_family(
	struct exposition *exposition, const char *name, const char *type, const char *help)
{
	OWN(char) char *lines = text_format("# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
	add(exposition, lines);
}

static void add_sample(struct exposition *exposition, const char *name, const char *suffix,
	const struct label *labels, const char *value)
{
	const char *before = "{";
	add(exposition, name);
	add(exposition, suffix);
	for (; labels && labels->name; labels++) {
		add(exposition, before);
		add(exposition, labels->name);
		add(exposition, "=\"");
		add_escaped(exposition, labels->value);
		add(exposition, "\"");
		before = ",";
	}
	add(exposition, *before == ',' ? "} " : " ");
	add(exposition, value);
	add(exposition, "\n");
}

void exposition_number(struct exposition *exposition, const char *name, const struct label *labels,
	long long value)
{
	char text[32];
	snprintf(text, sizeof text, "%lld", value);
	add_sample(exposition, name, "", labels, text);
}

/* Seconds as the shortest decimal fraction that is exactly so many nanoseconds: 0.00025, 10. */
static void format_seconds(uint64_t ns, char target[static 40])
{
	snprintf(target, 40, "%llu.%09llu", (unsigned long long)(ns / NS_PER_S),
		(unsigned long long)(ns % NS_PER_S));
	size_t end = strlen(target);
	while (target[end - 1] == '0')
		end--;
	target[target[end - 1] == '.' ? end - 1 : end] = 0;
}

void exposition_durations(struct exposition *exposition, const char *name,
	const struct label *labels, const struct durations *durations)
{
	struct label with_bound[EXPOSITION_LABELS_MAX + 2] = { { NULL, NULL } };
	char bound[40], value[40];
	unsigned long long count = 0;
	size_t n = 0;
	for (; labels && labels[n].name && n < EXPOSITION_LABELS_MAX; n++)
		with_bound[n] = labels[n];
	with_bound[n] = (struct label){ "le", bound };
	for (size_t i = 0; i <= DURATIONS_BOUNDS; i++) {
		if (i < DURATIONS_BOUNDS)
			format_seconds(durations_bounds_ns[i], bound);
		else
			snprintf(bound, sizeof bound, "+Inf");
		count += count_read(&durations->buckets[i]);
		snprintf(value, sizeof value, "%llu", count);
		add_sample(exposition, name, "_bucket", with_bound, value);
	}
	format_seconds(count_read(&durations->sum_ns), bound);
	add_sample(exposition, name, "_sum", labels, bound);
	/* The same number as in the last bucket, whatever is being counted meanwhile. */
	add_sample(exposition, name, "_count", labels, value);
}
