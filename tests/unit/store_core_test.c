/*
 * The store's thread over a database of the test's own: what is answered when it is slow, fails in
 * each of its calls, is full, asks to try again, or is changed by somebody else. Nobody loses what
 * was answered, and it goes on by itself.
 */
#include "unit.h"

#include "store/core.h"
#include "store_ask.h"

#include <errno.h>

enum call { NONE, BEGIN, LOAD, SAVE, COMMIT, LOOK };

/* A database in memory: rows by id, and what is to go wrong. */
static struct fake {
	struct backend backend;
	struct head head, begun;
	struct {
		struct row row;
		char *task;
	} rows[100], saved[100];
	size_t saved_count;
	enum call fails;
	struct error error;
	int failures; /* how often; -1: always */
	int batches, abandoned;
	pthread_mutex_t gate; /* held: begin waits */
} fake;

static bool goes_wrong(enum call call, struct error *reterr)
{
	if (fake.fails != call || !fake.failures)
		return false;
	if (fake.failures > 0)
		fake.failures--;
	*reterr = fake.error;
	return true;
}

static void keep(const struct row *row)
{
	free(fake.rows[row->id].task);
	fake.rows[row->id].task = text_copy(row->task);
	fake.rows[row->id].row = *row;
	fake.rows[row->id].row.task = fake.rows[row->id].task;
}

static void drop_saved(void)
{
	for (size_t i = 0; i < fake.saved_count; i++)
		free(fake.saved[i].task);
	fake.saved_count = 0;
}

static bool fake_begin(struct backend *backend, struct head *ret, struct error *reterr)
{
	(void)backend;
	pthread_mutex_lock(&fake.gate);
	pthread_mutex_unlock(&fake.gate);
	fake.batches++;
	if (goes_wrong(BEGIN, reterr))
		return false;
	*ret = fake.head;
	return true;
}

static bool fake_load(struct backend *backend, int64_t revision, backend_on_row *on_row,
	void *context, struct error *reterr)
{
	(void)backend;
	for (size_t i = 0; i < 100; i++) {
		const struct row *row = &fake.rows[i].row;
		if (!row->id || row->revision <= revision || (revision < 0 && row->removed))
			continue;
		if (!on_row(context, row, reterr))
			return false;
	}
	return !goes_wrong(LOAD, reterr);
}

static bool fake_save(struct backend *backend, const struct row *row, struct error *reterr)
{
	(void)backend;
	fake.saved[fake.saved_count].row = *row;
	fake.saved[fake.saved_count++].task = text_copy(row->task);
	return !goes_wrong(SAVE, reterr);
}

static bool fake_commit(struct backend *backend, const struct head *head, struct error *reterr)
{
	(void)backend;
	bool wrong = goes_wrong(COMMIT, reterr);
	/* One whose outcome nobody knows did happen here. */
	if (wrong && reterr->kind != ERROR_NETWORK)
		return false;
	fake.head = *head;
	for (size_t i = 0; i < fake.saved_count; i++) {
		fake.saved[i].row.task = fake.saved[i].task;
		keep(&fake.saved[i].row);
	}
	drop_saved();
	return !wrong;
}

static void fake_abandon(struct backend *backend)
{
	(void)backend;
	fake.abandoned++;
	drop_saved();
}

static bool fake_look(struct backend *backend, struct head *ret, struct error *reterr)
{
	(void)backend;
	if (goes_wrong(LOOK, reterr))
		return false;
	*ret = fake.head;
	return true;
}

static void fake_free(struct backend *backend)
{
	(void)backend;
}

static const struct backend_methods fake_methods = {
	.begin = fake_begin,
	.load = fake_load,
	.save = fake_save,
	.commit = fake_commit,
	.abandon = fake_abandon,
	.look = fake_look,
	.free = fake_free,
};

static struct store *open_fake(uint64_t ms_max)
{
	struct core *core = core_new(&fake.backend, ms_max);
	struct error error;
	assert_true(core_read_all(core, &error));
	core->list = items_list(&core->items);
	store_start(&core->store);
	return &core->store;
}

static int set_up(void **state)
{
	(void)state;
	fake = (struct fake){ .backend.methods = &fake_methods };
	pthread_mutex_init(&fake.gate, NULL);
	fake.head.next_id = 1;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < 100; i++)
		free(fake.rows[i].task);
	drop_saved();
	got_done();
	pthread_mutex_destroy(&fake.gate);
	return 0;
}

static void go_wrong(enum call call, int times, enum error_kind kind, int system)
{
	error_set(&fake.error, kind, "made to fail");
	fake.error.system = system;
	fake.failures = times;
	fake.fails = call;
}

static size_t count(struct store *store)
{
	OWN(json_t) json_t *json = read_json(store);
	return json_array_size(json);
}

static void a_failure_is_told_and_leaves_everything_as_it_was(void **state)
{
	(void)state;
	static const struct {
		enum call call;
		enum error_kind kind;
		enum store_status status;
	} rows[] = {
		{ BEGIN, ERROR_STORE, STORE_DOWN },
		{ SAVE, ERROR_STORE, STORE_DOWN },
		{ COMMIT, ERROR_STORE, STORE_DOWN },
		{ BEGIN, ERROR_LIMIT, STORE_FULL },
		{ SAVE, ERROR_LIMIT, STORE_FULL },
		{ COMMIT, ERROR_LIMIT, STORE_FULL },
	};
	OWN(store) struct store *store = open_fake(60000);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		OWN(json_t) json_t *before = read_json(store);
		go_wrong(rows[i].call, 3, rows[i].kind, 0);
		assert_int_equal(add(store, "lost", false), rows[i].status);
		assert_string_equal(got.error.text, "made to fail");
		assert_int_equal(edit(store, 1, "lost", -1), rows[i].status);
		assert_int_equal(take_out(store, 2), rows[i].status);
		assert_true(store_counts(store).failing);
		assert_int_equal(store_counts(store).items, 5 + i);
		OWN(json_t) json_t *behind = read_json(store);
		assert_true(json_equal(before, behind));
		/* It goes on by itself, and no number was used. */
		assert_int_equal(add(store, "kept", false), STORE_DONE);
		assert_int_equal(got.item.id, 6 + i);
		assert_false(store_counts(store).failing);
	}
	assert_int_equal(store_counts(store).failures, 18);
	assert_int_equal(store_counts(store).writes, 6);
	assert_int_equal(fake.head.next_id, 12);
}

static void what_nobody_knows_is_said_and_found_later(void **state)
{
	(void)state;
	OWN(store) struct store *store = open_fake(60000);
	go_wrong(COMMIT, 1, ERROR_NETWORK, 0);
	assert_int_equal(add(store, "perhaps", false), STORE_UNKNOWN);
	assert_int_equal(count(store), 6);
	assert_int_equal(add(store, "next", false), STORE_DONE);
	assert_int_equal(got.item.id, 7);
}

static void a_batch_that_may_succeed_is_begun_again(void **state)
{
	(void)state;
	OWN(store) struct store *store = open_fake(60000);
	int before = fake.batches;
	go_wrong(COMMIT, 3, ERROR_STORE, EAGAIN);
	assert_int_equal(add(store, "in the end", false), STORE_DONE);
	assert_int_equal(got.item.id, 6);
	assert_int_equal(fake.batches - before, 4);
	assert_int_equal(count(store), 6);
	/* But not for ever. */
	go_wrong(SAVE, -1, ERROR_STORE, EAGAIN);
	assert_int_equal(add(store, "never", false), STORE_DOWN);
	fake.failures = 0;
	assert_int_equal(count(store), 6);
}

static void what_others_wrote_is_there(void **state)
{
	(void)state;
	OWN(store) struct store *store = open_fake(60000);
	fake.head.revision += 3;
	fake.head.next_id = 9;
	keep(&(struct row){ .id = 8, .revision = fake.head.revision, .task = "theirs" });
	keep(&(struct row){ .id = 1, .revision = fake.head.revision, .task = "", .removed = true });
	keep(&(struct row){ .id = 2, .revision = fake.head.revision, .task = "changed" });
	OWN(json_t) json_t *json = read_json(store);
	assert_int_equal(json_array_size(json), 5);
	assert_string_equal(
		"changed", json_string_value(json_object_get(json_array_get(json, 0), "task")));
	assert_int_equal(add(store, "ours", false), STORE_DONE);
	assert_int_equal(got.item.id, 9);
	/* A write catches up as well. */
	fake.head.revision++;
	keep(&(struct row){ .id = 2, .revision = fake.head.revision, .task = "", .removed = true });
	assert_int_equal(edit(store, 2, "x", -1), STORE_ABSENT);
	/* What cannot be asked for is not guessed. */
	go_wrong(LOOK, 1, ERROR_STORE, 0);
	assert_null(read_list(store));
	assert_string_equal(got.error.text, "made to fail");
	fake.head.revision++;
	go_wrong(LOAD, 1, ERROR_STORE, 0);
	assert_null(read_list(store));
	assert_int_equal(count(store), 5);
}

/* Another list in its place: a backup, or one that somebody began anew. */
static void another_list_is_read_whole(void **state)
{
	(void)state;
	OWN(store) struct store *store = open_fake(60000);
	assert_int_equal(add(store, "gone with the backup", false), STORE_DONE);
	fake.rows[6].row.removed = true;
	fake.head.revision -= 1;
	fake.head.next_id = 6;
	assert_int_equal(count(store), 5);
	assert_int_equal(add(store, "again", false), STORE_DONE);
	assert_int_equal(got.item.id, 6);
	const uint64_t epoch = got.item.version.epoch;
	fake.head.epoch++;
	assert_int_equal(edit(store, 6, "once more", -1), STORE_DONE);
	assert_int_equal(got.item.version.epoch, epoch + 1);
}

static int counted;

static void count_failure(void *context, enum store_status status, const struct store_item *item,
	const struct error *error)
{
	const char *wanted = context;
	assert_null(item);
	assert_int_equal(status, strstr(wanted, "not known") ? STORE_UNKNOWN : STORE_DOWN);
	assert_string_equal(error->text, wanted);
	counted++;
}

static void count_unread(void *context, struct store_list *list, const struct error *error)
{
	assert_null(list);
	assert_string_equal(error->text, context);
	counted++;
}

/* Until the thread has taken what waits. */
static void until_taken(struct core *core)
{
	for (bool taken = false; !taken; sched_yield()) {
		pthread_mutex_lock(&core->lock);
		taken = !core->queue.count;
		pthread_mutex_unlock(&core->lock);
	}
}

/* The first is with the thread, which waits; the others have not been begun. */
static void who_waits_too_long_is_told_whether_it_was_begun(void **state)
{
	(void)state;
	static char begun[] = "the store did not answer within 1 ms; whether it was written is not "
			      "known",
		    waiting[] = "the store did not answer within 1 ms; nothing was written",
		    unread[] = "the store did not answer within 1 ms; nothing was read";
	OWN(store) struct store *store = open_fake(1);
	OWN(store_port) struct store_port *port = store_port_open(store, ring, NULL);
	const struct store_write write = { .task = "slow" };
	struct core *core = (struct core *)store;
	counted = 0;
	pthread_mutex_lock(&fake.gate);
	store_write(port, &write, count_failure, begun);
	until_taken(core);
	store_write(port, &write, count_failure, waiting);
	store_read(port, count_unread, unread);
	while (counted < 3)
		store_port_deliver(port);
	assert_int_equal(store_port_deliver(port), -1);
	pthread_mutex_unlock(&fake.gate);
	/* What was begun is kept, late; what was not is not. */
	while (store_counts(store).writes < 1)
		sched_yield();
	store_port_deliver(port);
	assert_int_equal(fake.head.next_id, 7);
	assert_int_equal(counted, 3);
	assert_int_equal(store_counts(store).failures, 3);
}

static void too_many_are_refused_at_once(void **state)
{
	(void)state;
	static char full[] = "too much waits for the store already",
		    begun[] = "the server is stopping; whether it was written is not known",
		    stopping[] = "the server is stopping; nothing was written";
	OWN(store) struct store *store = open_fake(60000);
	struct store_port *port = store_port_open(store, ring, NULL);
	const struct store_write write = { .task = "x" };
	struct core *core = (struct core *)store;
	counted = 0;
	pthread_mutex_lock(&fake.gate); /* the thread has the first, and stalls */
	store_write(port, &write, count_failure, begun);
	until_taken(core);
	pthread_mutex_lock(&core->lock);
	core->queue.count += STORE_WAITING_MAX;
	pthread_mutex_unlock(&core->lock);
	store_write(port, &write, count_failure, full);
	assert_int_equal(counted, 1);
	pthread_mutex_lock(&core->lock);
	core->queue.count -= STORE_WAITING_MAX;
	pthread_mutex_unlock(&core->lock);
	for (int i = 0; i < 10; i++)
		store_write(port, &write, count_failure, stopping);
	store_port_close(port);
	assert_int_equal(counted, 12);
	pthread_mutex_unlock(&fake.gate);
	assert_int_equal(add(store, "it goes on", false), STORE_DONE);
	assert_int_equal(got.item.id, 7);
}

/* Whatever waits at the same time shares a commit. */
static void many_writes_share_a_commit(void **state)
{
	(void)state;
	OWN(store) struct store *store = open_fake(60000);
	OWN(store_port) struct store_port *port = store_port_open(store, ring, NULL);
	const struct store_write write = { .change = STORE_EDIT, .id = 1, .task = "x", .done = -1 };
	pthread_mutex_lock(&fake.gate);
	for (int i = 0; i < 50; i++)
		store_write(port, &write, on_item, NULL);
	pthread_mutex_unlock(&fake.gate);
	while (store_counts(store).writes < 50)
		sched_yield();
	assert_true(store_counts(store).commits <= 2);
	store_port_deliver(port);
	/* Each is a version of its own. */
	assert_int_equal(got.item.version.revision, 55);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_failure_is_told_and_leaves_everything_as_it_was),
		TEST(what_nobody_knows_is_said_and_found_later),
		TEST(a_batch_that_may_succeed_is_begun_again),
		TEST(what_others_wrote_is_there),
		TEST(another_list_is_read_whole),
		TEST(who_waits_too_long_is_told_whether_it_was_begun),
		TEST(too_many_are_refused_at_once),
		TEST(many_writes_share_a_commit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
