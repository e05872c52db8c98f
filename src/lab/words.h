/* What the two commands of a run are told. */
#ifndef MTLS_LAB_WORDS_H
#define MTLS_LAB_WORDS_H

#include "lab/run.h"

#define WORDS_HOST "127.0.0.1"
enum { WORDS_MAX = 28 };

/* Ends with NULL; the words are borrowed. */
struct words {
	const char *list[WORDS_MAX + 1];
	size_t count;
};

void words_add(struct words *words, const char *word);
void words_add_all(struct words *words, const char *const *list);
bool words_equal(const struct words *a, const struct words *b);
char *words_join(const struct words *words); /* the caller's */

/* `mtls serve` of the run; `other`: of the server that its session comes from, where the row has
 * one. */
struct words words_of_server(const struct lab_run *run, bool other);
/* `mtls request`; `url` and `resolve` (NULL: the address needs no help) are borrowed. */
struct words words_of_client(const struct lab_run *run, const char *url, const char *resolve);

/* What the client is to ask for: the server by the name or address that the scenario is about. The
 * caller's. */
char *words_url(const struct scenario *scenario, int port);
/* A name that no resolver knows; NULL for one that every machine does. The caller's. */
char *words_resolution(const struct scenario *scenario, int port);

#endif
