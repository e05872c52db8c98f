/* The command lines of both sides, word by word. */
#include "lab/words.h"

#include <stdio.h>

void words_add(struct words *words, const char *word)
{
	if (words->count == WORDS_MAX)
		bug("a scenario's command has more than %d words", WORDS_MAX);
	words->list[words->count++] = word;
}

void words_add_all(struct words *words, const char *const *list)
{
	while (*list)
		words_add(words, *list++);
}

bool words_equal(const struct words *a, const struct words *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->list[i], b->list[i]) != 0)
			return false;
	return true;
}

static size_t column(enum tls_version version)
{
	return version == TLS_1_3;
}

static void add_profile(struct words *words, const struct lab_run *run)
{
	if (!run->stack)
		return;
	words_add(words, "--profile");
	words_add(words, "openssl");
}

struct words words_of_server(const struct lab_run *run, bool other)
{
	struct words words = { { "mtls", "serve" }, 2 };
	words_add_all(&words, other ? run->scenario->other : run->scenario->server);
	add_profile(&words, run);
	const char *limit = run->scenario->server_tls[column(run->version)];
	if (limit) {
		words_add(&words, "--tls-min");
		words_add(&words, limit);
	}
	return words;
}

struct words words_of_client(const struct lab_run *run, const char *url, const char *resolve)
{
	struct words words = { { "mtls", "request", url }, 3 };
	words_add_all(&words, run->scenario->client);
	add_profile(&words, run);
	if (resolve) {
		words_add(&words, "--resolve");
		words_add(&words, resolve);
	}
	const char *only = run->scenario->client_tls[column(run->version)];
	const char *usual = run->version == TLS_1_3 ? "1.3" : "1.2";
	if (only || run->version == TLS_1_3) {
		words_add(&words, "--tls-min");
		words_add(&words, only ? only : usual);
	}
	if (only || run->version == TLS_1_2) {
		words_add(&words, "--tls-max");
		words_add(&words, only ? only : usual);
	}
	return words;
}

char *words_url(const struct scenario *scenario, int port)
{
	return text_format(
		"https://%s:%d/todo", scenario->host ? scenario->host : WORDS_HOST, port);
}

char *words_resolution(const struct scenario *scenario, int port)
{
	if (!scenario->host || !strcmp(scenario->host, "localhost"))
		return NULL;
	return text_format("%s:%d:" WORDS_HOST, scenario->host, port);
}

char *words_join(const struct words *words)
{
	OWN(buffer) struct buffer text = BUFFER(4096);
	struct error error;
	for (size_t i = 0; i < words->count; i++)
		if (!buffer_format(&text, &error, "%s%s", i ? " " : "", words->list[i]))
			bug("%s", error.text);
	return text_copy(text.data);
}
