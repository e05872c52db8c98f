/*
 * Opening a store beside other work: loading SQLite and reading a file of it is a fifth of a
 * server's start. Only what is there already is opened so. To make a file or a folder, and to call
 * a database, waits until whoever starts has nothing left to complain of.
 */
#include "store/store.h"

#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>

struct store_opening {
	struct store_options options;
	pthread_t thread;
	bool begun;
	struct store *store; /* NULL: it failed, with this error */
	struct error error;
};

static void *work(void *context)
{
	struct store_opening *opening = context;
	if (!store_open(&opening->options, &opening->store, &opening->error))
		opening->store = NULL;
	return NULL;
}

/* An empty file is one that nobody has begun yet. */
static bool is_kept(const char *where)
{
	static const char sqlite[] = "sqlite:";
	struct stat about;
	return !strncmp(where, sqlite, strlen(sqlite)) &&
	       stat(where + strlen(sqlite), &about) == 0 && S_ISREG(about.st_mode) && about.st_size;
}

struct store_opening *store_opening_new(const struct store_options *options)
{
	struct store_opening *opening = calloc(1, sizeof *opening);
	sigset_t all, before;
	if (!opening)
		bug("out of memory for opening a store");
	opening->options = *options;
	if (!is_kept(options->where))
		return opening;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	opening->begun = pthread_create(&opening->thread, NULL, work, opening) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return opening;
}

static void finish(struct store_opening *opening)
{
	if (opening->begun)
		pthread_join(opening->thread, NULL);
	opening->begun = false;
}

bool store_opening_end(struct store_opening *opening, struct store **ret, struct error *reterr)
{
	if (!opening->begun)
		return store_open(&opening->options, ret, reterr);
	finish(opening);
	if (!opening->store) {
		*reterr = opening->error;
		return false;
	}
	*ret = TAKE(opening->store);
	return true;
}

void store_opening_free(struct store_opening *opening)
{
	if (!opening)
		return;
	finish(opening);
	store_free(opening->store);
	free(opening);
}
