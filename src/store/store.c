/* Which store a name stands for, and a store's life. */
#include "store/core.h"

#include <signal.h>

static void core_free(struct store *store)
{
	struct core *core = (struct core *)store;
	if (core->running) {
		pthread_mutex_lock(&core->lock);
		core->stopping = true;
		pthread_cond_signal(&core->work);
		pthread_mutex_unlock(&core->lock);
		if (core->backend->methods->interrupt)
			core->backend->methods->interrupt(core->backend);
		pthread_join(core->thread, NULL);
	}
	if (core->backend)
		core->backend->methods->free(core->backend);
	store_list_free(core->list);
	items_done(&core->items);
	pthread_cond_destroy(&core->work);
	pthread_mutex_destroy(&core->lock);
	free(core);
}

static const struct store_methods methods = {
	.open = port_open,
	.write = port_write,
	.read = port_read,
	.deliver = port_deliver,
	.close = port_close,
	.free = core_free,
};

struct core *core_new(struct backend *backend, uint64_t ms_max)
{
	struct core *core = calloc(1, sizeof *core);
	if (!core)
		bug("out of memory for the store");
	core->store.methods = &methods;
	pthread_mutex_init(&core->lock, NULL);
	pthread_cond_init(&core->work, NULL);
	core->backend = backend;
	core->ms_max = ms_max;
	return core;
}

struct store *store_memory_new(void)
{
	struct core *core = core_new(NULL, 0);
	items_begin(&core->items);
	for (size_t i = 0; i < ITEMS_LAB; i++) {
		struct row row;
		OWN(char) char *task = NULL;
		struct error error;
		if (items_apply(&core->items, &items_of_the_lab[i], &row, &task, &error) !=
			STORE_DONE)
			bug("the lab's own items do not fit: %s", error.text);
	}
	return &core->store;
}

bool store_is_remote(const struct store_options *options)
{
	return !strncmp(options->where, "postgresql://", 13) ||
	       !strncmp(options->where, "postgres://", 11);
}

/* NULL when it is none of SQLite. */
static const char *sqlite_path(const char *where)
{
	static const char sqlite[] = "sqlite:";
	size_t bytes = strlen(sqlite);
	return !strncmp(where, sqlite, bytes) && where[bytes] ? where + bytes : NULL;
}

bool store_is_named(const struct store_options *options, struct error *reterr)
{
	if (!strcmp(options->where, "memory") || sqlite_path(options->where) ||
		store_is_remote(options))
		return true;
	error_set(reterr, ERROR_USAGE, "'%s' names no store", options->where);
	return error_hint(reterr, "memory, sqlite:PATH, or postgresql://HOST/DATABASE");
}

bool store_check(const struct store_options *options, struct error *reterr)
{
	const char *path = sqlite_path(options->where);
	return store_is_named(options, reterr) && (!path || sqlite_check(path, reterr));
}

static bool open_backend(
	const struct store_options *options, struct backend **ret, struct error *reterr)
{
	const char *path = sqlite_path(options->where);
	return path ? sqlite_open(path, options->bytes_max, ret, reterr)
		    : postgres_open(options->where, (uint64_t)options->ms_max, ret, reterr);
}

/* A disk that is full is no input that is too large. */
static bool cannot_open(struct error *reterr)
{
	if (reterr->kind == ERROR_LIMIT || reterr->kind == ERROR_NETWORK)
		reterr->kind = ERROR_STORE;
	return false;
}

bool store_open(const struct store_options *options, struct store **ret, struct error *reterr)
{
	struct backend *backend = NULL;
	if (!strcmp(options->where, "memory")) {
		*ret = store_memory_new();
		return true;
	}
	if (!store_is_named(options, reterr))
		return false;
	if (!open_backend(options, &backend, reterr))
		return cannot_open(reterr);
	struct core *core = core_new(backend, (uint64_t)options->ms_max);
	if (!core_read_all(core, reterr)) {
		core_free(&core->store);
		return cannot_open(reterr);
	}
	core->list = items_list(&core->items);
	*ret = &core->store;
	return true;
}

void store_needs(const struct store *store, store_on_need *tell, void *context)
{
	const struct core *core = (const struct core *)store;
	if (core->backend)
		core->backend->methods->needs(core->backend, tell, context);
}

void store_start(struct store *store)
{
	struct core *core = (struct core *)store;
	if (!core->backend || core->running)
		return;
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&core->thread, NULL, core_work, core) != 0)
		bug("no thread for the store");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	core->running = true;
}

struct store_counts store_counts(struct store *store)
{
	struct core *core = (struct core *)store;
	pthread_mutex_lock(&core->lock);
	struct store_counts counts = core->counts;
	counts.waiting = core->queue.count;
	/* What was last committed; without a thread there is a list only while nothing changes. */
	counts.items = core->list ? store_list_count(core->list) : core->items.count;
	counts.failing =
		core->failed_ms && clock_monotonic_ms() - core->failed_ms < STORE_FAILING_MS;
	pthread_mutex_unlock(&core->lock);
	return counts;
}
