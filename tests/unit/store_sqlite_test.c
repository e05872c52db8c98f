/*
 * A store's file: what is in it, older ones brought up to date, and damaged, foreign, full and
 * locked ones, which are refused with nothing lost.
 */
#include "unit.h"

#include "store/backend.h"
#include "store_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/syscall.h>

static char path[100], where[120];
static size_t files_flushed, folders_flushed; /* by us: SQLite has fdatasync for that */

int fsync(int fd)
{
	struct stat about;
	assert_int_equal(fstat(fd, &about), 0);
	files_flushed += S_ISREG(about.st_mode);
	folders_flushed += S_ISDIR(about.st_mode);
	return (int)syscall(SYS_fsync, fd);
}

/* By SQLite, on the store's thread, of what was written; it may be told to fail. */
static atomic_size_t writes_flushed;
static atomic_bool disk_fails;

int fdatasync(int fd)
{
	if (atomic_load(&disk_fails)) {
		errno = EIO;
		return -1;
	}
	atomic_fetch_add(&writes_flushed, 1);
	return (int)syscall(SYS_fdatasync, fd);
}

static int set_up(void **state)
{
	folder_up(state);
	snprintf(path, sizeof path, "%s/todo.db", folder);
	snprintf(where, sizeof where, "sqlite:%s", path);
	return 0;
}

/* Looks into the file, or changes it, as another program would; the first number, or -1. */
static long long by_hand(const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *statement = NULL;
	long long number = -1;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	for (const char *rest = sql; *rest;) {
		if (sqlite3_prepare_v2(db, rest, -1, &statement, &rest) != SQLITE_OK)
			fail_msg("%s: %s", sql, sqlite3_errmsg(db));
		int status = sqlite3_step(statement);
		if (status == SQLITE_ROW)
			number = sqlite3_column_int64(statement, 0);
		else if (status != SQLITE_DONE)
			fail_msg("%s: %s", sql, sqlite3_errmsg(db));
		sqlite3_finalize(statement);
	}
	sqlite3_close(db);
	return number;
}

static void make(void)
{
	store_free(opened(where));
}

static void is_refused(enum error_kind kind, const char *format)
{
	struct store *store = NULL;
	struct error error;
	OWN(char) char *wanted = NULL;
	const char *at = strstr(format, "PATH");
	wanted = at ? text_format("%.*s%s%s", (int)(at - format), format, path, at + 4)
		    : text_copy(format);
	if (try_open(where, &store, &error))
		fail_msg("opened, instead of: %s", wanted);
	assert_string_equal(error.text, wanted);
	assert_int_equal(error.kind, kind);
	assert_null(store);
}

static size_t count(void)
{
	OWN(store) struct store *store = opened(where);
	OWN(json_t) json_t *json = read_json(store);
	return json_array_size(json);
}

static void a_new_file_is_private_and_of_this_version(void **state)
{
	(void)state;
	static const struct {
		const char *sql;
		long long number;
	} rows[] = {
		{ "SELECT version FROM mtls_schema", SCHEMA_VERSION },
		{ "SELECT count(*) FROM mtls_schema", 1 },
		{ "SELECT count(*) FROM mtls_head", 1 },
		{ "SELECT epoch > 0 AND epoch < 9007199254740992 FROM mtls_head", 1 },
		{ "SELECT next_id FROM mtls_head", 6 },
		{ "SELECT revision FROM mtls_head", 5 },
		{ "SELECT count(*) FROM mtls_todo", 5 },
		{ "SELECT count(*) FROM sqlite_master WHERE name = 'mtls_todo_revision'", 1 },
		{ "SELECT journal_mode = 'wal' FROM pragma_journal_mode", 1 },
		{ "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'", 1 },
	};
	struct stat about;
	make();
	assert_int_equal(stat(path, &about), 0);
	assert_int_equal(about.st_mode & 0777, 0600);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (by_hand(rows[i].sql) != rows[i].number)
			fail_msg("%s", rows[i].sql);
}

static void opening_flushes(size_t files, size_t folders)
{
	files_flushed = folders_flushed = 0;
	make();
	assert_int_equal(files_flushed, files);
	assert_int_equal(folders_flushed, folders);
}

/* A copy that somebody put there may not be on the disk yet; its folder's turn is the first write.
 */
static void a_folder_is_flushed_for_a_new_file(void **state)
{
	(void)state;
	struct stat before, after;
	opening_flushes(1, 1);
	assert_int_equal(stat(path, &before), 0);
	opening_flushes(1, 0);
	assert_int_equal(count(), 5);
	assert_int_equal(stat(path, &after), 0);
	/* Nothing is changed of what is right, or it would have to be written. */
	assert_memory_equal(&before.st_ctim, &after.st_ctim, sizeof before.st_ctim);
	assert_int_equal(chmod(path, 0640), 0);
	opening_flushes(1, 0);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(after.st_mode & 07777, 0600);
	/* Made, but never written: whoever made it may have ended before its folder was flushed. */
	assert_int_equal(truncate(path, 0), 0);
	opening_flushes(1, 1);
	assert_int_equal(count(), 5);
}

static void what_was_done_is_in_the_file(void **state)
{
	(void)state;
	struct store_version before;
	{
		OWN(store) struct store *store = opened(where);
		assert_int_equal(add(store, "it's \xc3\xb1", true), STORE_DONE);
		assert_int_equal(add(store, "removed", false), STORE_DONE);
		assert_int_equal(take_out(store, 7), STORE_DONE);
		assert_int_equal(edit(store, 1, "changed", 0), STORE_DONE);
		OWN(store_list) struct store_list *list = read_list(store);
		before = store_list_version(list);
	}
	/* No row stays of what nobody else has to learn. */
	assert_int_equal(by_hand("SELECT count(*) FROM mtls_todo"), 6);
	assert_int_equal(by_hand("SELECT count(*) FROM mtls_todo WHERE removed <> 0"), 0);
	assert_int_equal(by_hand("SELECT done FROM mtls_todo WHERE task = 'it''s \xc3\xb1'"), 1);
	assert_int_equal(by_hand("SELECT done FROM mtls_todo WHERE task = 'changed'"), 0);
	assert_int_equal(by_hand("SELECT next_id FROM mtls_head"), 8);
	OWN(store) struct store *store = opened(where);
	OWN(store_list) struct store_list *list = read_list(store);
	assert_true(store_list_version(list).epoch == before.epoch);
	assert_int_equal(store_list_version(list).revision, before.revision);
	assert_int_equal(add(store, "next", false), STORE_DONE);
	assert_int_equal(got.item.id, 8);
}

static void flushes_before(enum store_status status, size_t before)
{
	assert_int_equal(status, STORE_DONE);
	assert_true(atomic_load(&writes_flushed) > before);
}

/* What a kill cannot show, as the system still has it then. */
static void an_answer_waits_for_the_disk(void **state)
{
	(void)state;
	OWN(store) struct store *store = opened(where);
	size_t before = atomic_load(&writes_flushed);
	flushes_before(add(store, "one", false), before);
	before = atomic_load(&writes_flushed);
	flushes_before(add(store, "two", false), before);
	before = atomic_load(&writes_flushed);
	flushes_before(edit(store, 6, "changed", 1), before);
	before = atomic_load(&writes_flushed);
	flushes_before(take_out(store, 7), before);
	/* And nothing is promised that the disk does not take. */
	atomic_store(&disk_fails, true);
	enum store_status status = add(store, "lost", false);
	atomic_store(&disk_fails, false);
	assert_int_equal(status, STORE_UNKNOWN);
	assert_int_equal(add(store, "three", false), STORE_DONE);
	OWN(json_t) json_t *json = read_json(store);
	assert_int_equal(json_array_size(json), 7);
	assert_null(strstr(
		json_string_value(json_object_get(json_array_get(json, 6), "task")), "lost"));
}

/* A file as each older program left it, with an item of its own. */
static void each_older_version_is_brought_up_to_date(void **state)
{
	(void)state;
	for (int version = 1; version <= SCHEMA_VERSION; version++) {
		unlink(path);
		for (int made = 0; made < version; made++)
			for (int i = 0; i < SCHEMA_STATEMENTS_MAX && schema_steps[made][i]; i++)
				by_hand(schema_steps[made][i]);
		OWN(char)
		char *set = text_format("UPDATE mtls_schema SET version = %d;"
					"UPDATE mtls_head SET epoch = 7, revision = 3, next_id = 5;"
					"INSERT INTO mtls_todo VALUES (4, 3, 'old', 1, 0)",
			version);
		by_hand(set);
		assert_int_equal(count(), 1);
		assert_int_equal(by_hand("SELECT version FROM mtls_schema"), SCHEMA_VERSION);
		assert_int_equal(by_hand("SELECT count(*) FROM sqlite_master "
					 "WHERE name = 'mtls_todo_revision'"),
			1);
		assert_int_equal(by_hand("SELECT epoch FROM mtls_head"), 7);
	}
}

static void an_update_that_fails_leaves_the_old_file(void **state)
{
	(void)state;
	make();
	/* Somebody made the second version's index by hand, and said nothing. */
	by_hand("UPDATE mtls_schema SET version = 1");
	is_refused(ERROR_STORE, "cannot write to 'PATH': index mtls_todo_revision already exists");
	assert_int_equal(by_hand("SELECT version FROM mtls_schema"), 1);
	by_hand("DROP INDEX mtls_todo_revision");
	assert_int_equal(count(), 5);
	assert_int_equal(by_hand("SELECT version FROM mtls_schema"), 2);
}

static const struct {
	const char *what, *sql;
	enum error_kind kind;
	const char *error;
} damages[] = {
	{ "another's", "DROP TABLE mtls_schema", ERROR_INPUT,
		"'PATH' is a database of another program" },
	{ "the next version", "UPDATE mtls_schema SET version = 3", ERROR_INPUT,
		"'PATH' has schema version 3, and this mtls knows up to 2: a newer one made it" },
	{ "no version", "DELETE FROM mtls_schema", ERROR_INPUT,
		"'PATH' is damaged: it does not say its schema's version" },
	{ "a version before the first", "UPDATE mtls_schema SET version = -1", ERROR_INPUT,
		"'PATH' is damaged: it does not say its schema's version" },
	{ "no items", "DROP TABLE mtls_todo", ERROR_STORE,
		"cannot read 'PATH': no such table: mtls_todo" },
	{ "no column", "ALTER TABLE mtls_todo DROP COLUMN done", ERROR_STORE,
		"cannot read 'PATH': no such column: done" },
	{ "no head", "DELETE FROM mtls_head", ERROR_INPUT,
		"'PATH' is damaged: mtls_head has no row" },
	{ "Latin-1", "UPDATE mtls_todo SET task = CAST(x'f1' AS TEXT) WHERE id = 2", ERROR_INPUT,
		"item 2 of 'PATH': a task that is not UTF-8" },
	{ "half a character", "UPDATE mtls_todo SET task = CAST(x'61c3' AS TEXT) WHERE id = 5",
		ERROR_INPUT, "item 5 of 'PATH': a task that is not UTF-8" },
};

static void what_is_damaged_is_refused_and_left(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		print_message("%s\n", damages[i].what);
		unlink(path);
		make();
		by_hand(damages[i].sql);
		is_refused(damages[i].kind, damages[i].error);
		/* Nothing was repaired in passing, so it is refused again. */
		is_refused(damages[i].kind, damages[i].error);
	}
}

static void write_at(off_t offset, const char *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, size, offset), (ssize_t)size);
	close(fd);
}

static void broken_pages_are_told_from_none(void **state)
{
	(void)state;
	char noise[4096];
	memset(noise, 0xa5, sizeof noise);
	write_at(0, noise, sizeof noise);
	is_refused(ERROR_INPUT, "cannot open 'PATH': file is not a database");
	unlink(path);
	make();
	/* The first page is whole; all behind it is not. */
	for (off_t page = 1; page < by_hand("PRAGMA page_count"); page++)
		write_at(page * 4096, noise, sizeof noise);
	is_refused(ERROR_INPUT, "cannot read 'PATH': database disk image is malformed");
	/* An empty file is a new one, whoever made it, and becomes private. */
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(count(), 5);
	struct stat about;
	assert_int_equal(stat(path, &about), 0);
	assert_int_equal(about.st_mode & 0777, 0600);
}

/* A head that is older than the items: a number that is taken is not given again. */
static void no_item_is_written_over(void **state)
{
	(void)state;
	make();
	by_hand("UPDATE mtls_head SET next_id = 3");
	{
		OWN(store) struct store *store = opened(where);
		assert_int_equal(add(store, "sixth", false), STORE_DONE);
		assert_int_equal(got.item.id, 6);
	}
	assert_int_equal(count(), 6);
	assert_int_equal(by_hand("SELECT next_id FROM mtls_head"), 7);
	/* A head that is further on is believed: what had those numbers is gone. */
	by_hand("UPDATE mtls_head SET next_id = 100");
	OWN(store) struct store *store = opened(where);
	assert_int_equal(add(store, "hundredth", false), STORE_DONE);
	assert_int_equal(got.item.id, 100);
}

static void one_server_at_a_time(void **state)
{
	(void)state;
	struct error error;
	struct store *second = NULL;
	{
		OWN(store) struct store *store = opened(where);
		is_refused(ERROR_STORE, "another mtls serve uses 'PATH'");
		assert_false(try_open(where, &second, &error));
		assert_string_equal(
			error_advice(&error), "stop it, or take another file, or --store memory");
		/* Whoever was refused has not let go of the first one's lock. */
		assert_false(try_open(where, &second, &error));
		assert_int_equal(add(store, "it goes on", false), STORE_DONE);
	}
	assert_int_equal(count(), 6);
}

static void what_does_not_fit_is_refused_and_the_rest_goes_on(void **state)
{
	(void)state;
	const struct store_options small = { where, 60000, 48 << 10 };
	OWN(char) char *task = calloc(1, STORE_TASK_BYTES_MAX + 1);
	struct store *opening = NULL;
	struct error error;
	memset(task, 'x', STORE_TASK_BYTES_MAX);
	assert_true(store_open(&small, &opening, &error));
	OWN(store) struct store *store = opening;
	store_start(store);
	int added = 0;
	while (add(store, task, false) == STORE_DONE && added < 100)
		added++;
	assert_int_equal(got.status, STORE_FULL);
	assert_true(added > 0 && added < 20);
	OWN(char)
	char *wanted = text_format("the store is full: no room for '%s' on its disk", path);
	assert_string_equal(got.error.text, wanted);
	/* What is there can be read, changed and removed; and then there is room again. */
	OWN(json_t) json_t *json = read_json(store);
	assert_int_equal(json_array_size(json), 5 + added);
	assert_int_equal(edit(store, 1, NULL, 0), STORE_DONE);
	assert_int_equal(take_out(store, 6), STORE_DONE);
	assert_int_equal(add(store, task, false), STORE_DONE);
	assert_int_equal(got.item.id, 6 + added);
}

static const struct {
	const char *name, *error;
} places[] = {
	{ "sqlite:/nowhere/at/all/todo.db",
		"cannot make the folder '/nowhere/at/all/': No such file or directory" },
	{ "sqlite:/dev/null/todo.db", "cannot open '/dev/null/todo.db': Not a directory" },
	{ "sqlite:/", "cannot open '/': Is a directory" },
};

static void a_place_that_is_none_is_said(void **state)
{
	(void)state;
	struct store *store = NULL;
	struct error error;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		assert_false(try_open(places[i].name, &store, &error));
		assert_string_equal(error.text, places[i].error);
		assert_int_equal(error.kind, ERROR_IO);
	}
	static const char *const names[] = { "", "sqlite", "sqlite:", "SQLITE:x", "file:x",
		"memory:", "mysql://x" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		OWN(char) char *wanted = text_format("'%s' names no store", names[i]);
		assert_false(try_open(names[i], &store, &error));
		assert_string_equal(error.text, wanted);
		assert_int_equal(error.kind, ERROR_USAGE);
		assert_string_equal(
			error_advice(&error), "memory, sqlite:PATH, or postgresql://HOST/DATABASE");
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, folder_down)
	const struct CMUnitTest tests[] = {
		TEST(a_new_file_is_private_and_of_this_version),
		TEST(a_folder_is_flushed_for_a_new_file),
		TEST(what_was_done_is_in_the_file),
		TEST(an_answer_waits_for_the_disk),
		TEST(each_older_version_is_brought_up_to_date),
		TEST(an_update_that_fails_leaves_the_old_file),
		TEST(what_is_damaged_is_refused_and_left),
		TEST(broken_pages_are_told_from_none),
		TEST(no_item_is_written_over),
		TEST(one_server_at_a_time),
		TEST(what_does_not_fit_is_refused_and_the_rest_goes_on),
		TEST(a_place_that_is_none_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
