/*
 * Several keys at once. The search for RSA primes is luck: it takes anything from half to three
 * times its mean. So each core searches, and one that runs out of keys to begin starts another
 * search for one that is still open; the first to finish wins and the others are called off.
 */
#include "pki/key.h"

#include <errno.h>
#include <openssl/err.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { SEARCHES_MAX = 16, PROGRESS_MS = 150 };

struct race {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	const struct key_type *types;
	EVP_PKEY **keys;
	size_t count, open; /* keys in all, keys not made yet */
	unsigned *searches; /* begun for each key */
	atomic_bool *over;  /* for each key: made, or given up */
	bool failed;
	struct error error;
};

struct search {
	struct race *race;
	size_t index;
};

static int still_wanted(EVP_PKEY_CTX *context)
{
	const struct search *search = EVP_PKEY_CTX_get_app_data(context);
	return !atomic_load_explicit(&search->race->over[search->index], memory_order_relaxed);
}

static EVP_PKEY *search_rsa(struct search *search)
{
	OWN(EVP_PKEY_CTX) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
	EVP_PKEY *key = NULL;
	if (!context || EVP_PKEY_keygen_init(context) <= 0 ||
		EVP_PKEY_CTX_set_rsa_keygen_bits(
			context, (int)search->race->types[search->index].bits) <= 0)
		return NULL;
	EVP_PKEY_CTX_set_app_data(context, search);
	EVP_PKEY_CTX_set_cb(context, still_wanted);
	return EVP_PKEY_keygen(context, &key) > 0 ? key : NULL;
}

/* Under the lock: the open key with the fewest searches, the largest of these; false: none. */
static bool choose(const struct race *race, size_t *ret)
{
	bool found = false;
	for (size_t i = 0; i < race->count; i++) {
		if (atomic_load(&race->over[i]))
			continue;
		if (!found || race->searches[i] < race->searches[*ret] ||
			(race->searches[i] == race->searches[*ret] &&
				race->types[i].bits > race->types[*ret].bits)) {
			*ret = i;
			found = true;
		}
	}
	return found;
}

static void give_up(struct race *race)
{
	for (size_t i = 0; i < race->count; i++)
		atomic_store(&race->over[i], true);
	race->open = 0;
}

static void *search_until_done(void *context)
{
	struct race *race = context;
	struct search search = { .race = race };
	pthread_mutex_lock(&race->lock);
	while (choose(race, &search.index)) {
		race->searches[search.index]++;
		pthread_mutex_unlock(&race->lock);
		EVP_PKEY *key = search_rsa(&search);
		pthread_mutex_lock(&race->lock);
		if (key && !atomic_load(&race->over[search.index])) {
			race->keys[search.index] = TAKE(key);
			atomic_store(&race->over[search.index], true);
			race->open--;
		} else if (!key && !atomic_load(&race->over[search.index])) {
			race->failed = true;
			error_openssl(&race->error, ERROR_IO, "cannot make an RSA-%u key",
				race->types[search.index].bits);
			give_up(race);
		}
		EVP_PKEY_free(key); /* second to finish */
		ERR_clear_error();
		pthread_cond_signal(&race->changed);
	}
	pthread_mutex_unlock(&race->lock);
	return NULL;
}

/* On the calling thread, with the lock held: tells `progress` what the threads have done. */
static void report_until_done(struct race *race, key_progress *progress, void *context)
{
	bool *told = calloc(race->count, sizeof *told);
	if (!told)
		bug("out of memory");
	for (size_t i = 0; i < race->count; i++)
		told[i] = race->keys[i] != NULL; /* made before the race */
	for (;;) {
		bool ends = !race->open;
		size_t open = race->count;
		for (size_t i = 0; i < race->count; i++) {
			if (!race->keys[i] && open == race->count)
				open = i;
			if (!race->keys[i] || told[i])
				continue;
			told[i] = true;
			if (progress)
				progress(context, i, true);
		}
		if (ends)
			break;
		if (progress && open < race->count)
			progress(context, open, false);
		struct timespec until = clock_in_ms(PROGRESS_MS);
		pthread_cond_timedwait(&race->changed, &race->lock, &until);
	}
	free(told);
}

static bool run_race(struct race *race, key_progress *progress, void *context)
{
	pthread_t threads[SEARCHES_MAX];
	size_t started = 0, wanted = cores_usable(SEARCHES_MAX);
	race->searches = calloc(race->count, sizeof *race->searches);
	race->over = calloc(race->count, sizeof *race->over);
	if (!race->searches || !race->over)
		bug("out of memory");
	for (size_t i = 0; i < race->count; i++)
		atomic_store(&race->over[i], race->keys[i] != NULL);
	pthread_mutex_lock(&race->lock);
	while (started < wanted &&
		pthread_create(&threads[started], NULL, search_until_done, race) == 0)
		started++;
	if (started) {
		report_until_done(race, progress, context);
	} else {
		race->failed = true;
		error_set(&race->error, ERROR_IO, "cannot start a thread to make keys");
	}
	pthread_mutex_unlock(&race->lock);
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	free(race->searches);
	free(race->over);
	return !race->failed;
}

bool key_make_all(const struct key_type *types, size_t count, EVP_PKEY **ret_keys,
	key_progress *progress, void *context, struct error *reterr)
{
	struct race race = { .lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
		.types = types,
		.count = count };
	race.keys = calloc(count ? count : 1, sizeof *race.keys);
	if (!race.keys)
		bug("out of memory");
	bool ok = true;
	/* Only RSA is worth a thread: the others take less time than starting one. */
	for (size_t i = 0; ok && i < count; i++) {
		if (types[i].id == EVP_PKEY_RSA)
			race.open++;
		else
			ok = key_make(&types[i], &race.keys[i], reterr);
		if (ok && race.keys[i] && progress)
			progress(context, i, true);
	}
	if (ok && race.open) {
		ok = run_race(&race, progress, context);
		if (!ok)
			*reterr = race.error;
	}
	for (size_t i = 0; i < count; i++) {
		if (ok)
			ret_keys[i] = race.keys[i];
		else
			EVP_PKEY_free(race.keys[i]);
	}
	free(race.keys);
	return ok;
}
