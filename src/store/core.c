/*
 * The store's thread. It takes all questions that wait, puts their writes into one batch, and
 * answers them after its commit: while a commit waits for the disk, the next batch gathers.
 */
#include "store/core.h"

#include "store/chunk.h"
#include <errno.h>

/* One commit's; more wait for the next one, so that a question's wait has a bound. */
#define BATCH_MAX 4096
/* A database may ask that a batch that met another's is begun again. */
#define TRIES_MAX 5
/* Whoever is so many changes behind reads everything again. */
#define BEHIND_MAX 50000

/* ---- Reading what is kept ---- */

static bool take_row(void *context, const struct row *row, struct error *reterr)
{
	struct items *items = context;
	if (row->revision > items->revision)
		items->revision = row->revision;
	/* A number that is taken is never given again, whatever the head says. */
	if (row->id >= items->next_id && row->id < INT64_MAX)
		items->next_id = row->id + 1;
	return items_put(items, row, reterr);
}

/* Makes the items what the database's are. After a failure they are neither. */
static bool follow(struct core *core, const struct head *head, struct error *reterr)
{
	struct items *items = &core->items;
	struct backend *backend = core->backend;
	int64_t behind = head->revision - items->revision;
	/* Another epoch, or less than we know of: a database that was put in place of the other. */
	bool other = head->epoch != items->epoch || behind < 0 || behind > BEHIND_MAX;
	int64_t from = items->revision;
	if (other) {
		items_done(items);
		items->epoch = head->epoch;
		from = -1;
	}
	items->revision = head->revision;
	if (items->next_id < head->next_id)
		items->next_id = head->next_id;
	return (!other && !behind) ||
	       backend->methods->load(backend, from, take_row, items, reterr);
}

/* ---- Batches ---- */

static enum store_status failure(const struct error *error)
{
	switch (error->kind) {
	case ERROR_LIMIT:
		return STORE_FULL;
	case ERROR_NETWORK:
		return STORE_UNKNOWN;
	default:
		return STORE_DOWN;
	}
}

static bool write_all(
	struct core *core, struct question *first, uint64_t *ret_writes, struct error *reterr)
{
	struct backend *backend = core->backend;
	for (struct question *q = first; q; q = q->next) {
		struct error error;
		if (q->reads)
			continue;
		q->status = items_apply(&core->items, &q->write, &q->row, &q->task, &error);
		if (q->status == STORE_FULL || q->status == STORE_INVALID)
			question_fail(q, q->status, &error);
		if (q->status != STORE_DONE)
			continue;
		q->version = (struct store_version){ core->items.epoch, q->row.revision };
		if (!backend->methods->save(backend, &q->row, reterr))
			return false;
		++*ret_writes;
	}
	return true;
}

/* Writes are begun, made and committed; reads alone ask whether somebody else has written. */
static bool run(struct core *core, struct question *first, bool writes, uint64_t *ret_writes,
	struct error *reterr)
{
	struct backend *backend = core->backend;
	const struct backend_methods *methods = backend->methods;
	struct head head = { 0 };
	if (!writes)
		return methods->look(backend, &head, reterr) && follow(core, &head, reterr);
	if (!methods->begin(backend, &head, reterr))
		return false;
	bool ok = follow(core, &head, reterr) && write_all(core, first, ret_writes, reterr);
	if (ok && *ret_writes) {
		head.revision = core->items.revision;
		head.next_id = core->items.next_id;
		ok = methods->commit(backend, &head, reterr);
	}
	if (!ok || !*ret_writes)
		methods->abandon(backend);
	return ok;
}

/* What became of it in a batch that failed. */
static void forget(struct question *question)
{
	free(TAKE(question->task));
	free(TAKE(question->error));
	question->status = STORE_DONE;
}

static void run_batch(struct core *core, struct queue *batch)
{
	struct question *first = batch->first;
	struct error error;
	int64_t next_id = core->items.next_id;
	uint64_t kept = 0, failed = 0;
	bool writes = false;
	for (struct question *q = first; q; q = q->next)
		writes |= !q->reads;
	bool ok = false;
	for (int tries = 0; !ok && tries < TRIES_MAX; tries++) {
		error.system = 0;
		kept = 0;
		ok = run(core, first, writes, &kept, &error);
		if (ok)
			break;
		/* Only this thread exchanges the list, so it may look at it. */
		items_restore(&core->items, core->list, next_id);
		for (struct question *q = first; q; q = q->next)
			forget(q);
		if (error.system != EAGAIN)
			break;
	}
	struct store_list *list = core->list;
	if (ok && (list->revision != core->items.revision || list->epoch != core->items.epoch))
		list = items_list(&core->items);
	for (struct question *q = first; q; q = q->next) {
		if (!ok)
			question_fail(q, failure(&error), &error);
		else if (q->reads)
			q->list = store_list_hold(list);
		failed += q->status >= STORE_FULL;
	}
	pthread_mutex_lock(&core->lock);
	if (list != core->list) {
		store_list_free(core->list);
		core->list = list;
	}
	core->counts.writes += ok ? kept : 0;
	core->counts.commits += ok && kept;
	if (ok)
		core->failed_ms = 0;
	else
		core_failed(core, 0);
	core->counts.failures += failed;
	ports_answer(batch);
	pthread_mutex_unlock(&core->lock);
}

void core_failed(struct core *core, uint64_t failures)
{
	core->counts.failures += failures;
	core->failed_ms = clock_monotonic_ms();
}

void *core_work(void *context)
{
	struct core *core = context;
	pthread_mutex_lock(&core->lock);
	while (!core->stopping) {
		struct queue batch = { 0 };
		while (core->queue.first && batch.count < BATCH_MAX) {
			struct question *question = core->queue.first;
			queue_remove(&core->queue, question);
			question->queued = false;
			queue_put(&batch, question);
		}
		if (!batch.first) {
			pthread_cond_wait(&core->work, &core->lock);
			continue;
		}
		pthread_mutex_unlock(&core->lock);
		run_batch(core, &batch);
		pthread_mutex_lock(&core->lock);
	}
	pthread_mutex_unlock(&core->lock);
	return NULL;
}

/* ---- Opening ---- */

static bool begin_new(struct core *core, struct head *head, struct error *reterr)
{
	struct backend *backend = core->backend;
	items_begin(&core->items);
	for (size_t i = 0; i < ITEMS_LAB; i++) {
		struct row row;
		OWN(char) char *task = NULL;
		if (items_apply(&core->items, &items_of_the_lab[i], &row, &task, reterr) !=
			STORE_DONE)
			bug("the lab's own items do not fit: %s", reterr->text);
		if (!backend->methods->save(backend, &row, reterr))
			return false;
	}
	*head = (struct head){ core->items.epoch, core->items.revision, core->items.next_id };
	return backend->methods->commit(backend, head, reterr);
}

bool core_read_all(struct core *core, struct error *reterr)
{
	struct backend *backend = core->backend;
	struct head head;
	if (!backend->methods->begin(backend, &head, reterr))
		return false;
	bool is_new = !head.epoch;
	bool ok = is_new ? begin_new(core, &head, reterr) : follow(core, &head, reterr);
	if (!ok || !is_new)
		backend->methods->abandon(backend);
	return ok;
}
