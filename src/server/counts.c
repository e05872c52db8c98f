/* Which number something counts in, and the sum of all. */
#include "server/counts.h"

const char *const counts_versions[COUNTS_VERSIONS] = { "none", "TLSv1", "TLSv1.1", "TLSv1.2",
	"TLSv1.3" };
const char *const counts_methods[COUNTS_METHODS] = { "GET", "HEAD", "POST", "PUT", "PATCH",
	"DELETE", "OPTIONS", "other", "none" };
const enum code counts_shed_codes[SHED_KINDS] = { CODE_NONE, CODE_TOO_FREQUENT,
	CODE_TOO_MANY_CONNECTIONS, CODE_SERVER_OVERLOADED };
enum { METHOD_OTHER = COUNTS_METHODS - 2, METHOD_NONE };

size_t counts_version(const char *name)
{
	for (size_t i = 1; name && i < COUNTS_VERSIONS; i++)
		if (!strcmp(counts_versions[i], name))
			return i;
	return 0;
}

size_t counts_method(const char *name)
{
	size_t i = 0;
	if (!name)
		return METHOD_NONE;
	while (i < METHOD_OTHER && strcmp(counts_methods[i], name) != 0)
		i++;
	return i;
}

void counts_handshake(struct counts *counts, const char *version, bool resumed)
{
	size_t i = counts_version(version);
	count_up(&counts->handshakes);
	count_up(&counts->succeeded[i]);
	if (resumed)
		count_up(&counts->resumed[i]);
}

void counts_failure(struct counts *counts, enum code code, const char *version)
{
	count_up(&counts->failed[code][counts_version(version)]);
}

unsigned long long counts_failed(const struct counts *counts, enum code code)
{
	unsigned long long sum = 0;
	for (size_t i = 0; i < COUNTS_VERSIONS; i++)
		sum += count_read(&counts->failed[code][i]);
	return sum;
}

void counts_answer(struct counts *counts, const char *method, int status)
{
	int class = status / 100 - 1;
	count_up(&counts->requests);
	if (class >= 0 && class < COUNTS_CLASSES)
		count_up(&counts->answered[counts_method(method)][class]);
}

static void add_all(atomic_ullong *total, const atomic_ullong *more, size_t count)
{
	for (size_t i = 0; i < count; i++)
		count_more(&total[i], count_read(&more[i]));
}

void counts_add(struct counts *total, const struct counts *more)
{
	add_all(&total->connections, &more->connections, 1);
	add_all(&total->handshakes, &more->handshakes, 1);
	add_all(&total->requests, &more->requests, 1);
	add_all(total->shed, more->shed, SHED_KINDS);
	add_all(total->succeeded, more->succeeded, COUNTS_VERSIONS);
	add_all(total->resumed, more->resumed, COUNTS_VERSIONS);
	for (size_t i = 0; i < CODE_COUNT; i++)
		add_all(total->failed[i], more->failed[i], COUNTS_VERSIONS);
	for (size_t i = 0; i < COUNTS_METHODS; i++)
		add_all(total->answered[i], more->answered[i], COUNTS_CLASSES);
	count_move(&total->idle, count_now(&more->idle));
	count_move(&total->pending, count_now(&more->pending));
	durations_add(&total->full, &more->full);
	durations_add(&total->back, &more->back);
	durations_add(&total->took, &more->took);
}
