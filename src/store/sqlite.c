/*
 * Items in a file of SQLite, the only file that calls it. A write-ahead log that is flushed at each
 * commit (synchronous=FULL) keeps what was committed through a crash and a loss of power.
 */
#include "store/backend.h"
#include "store/libsqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long to wait for somebody who looks into the file with another program. */
#define BUSY_MS_MAX 2000

enum statement { BEGIN, HEAD, ITEMS, CHANGES, SAVE, REMOVE, SAVE_HEAD, COMMIT, STATEMENTS };

static const char *const texts[STATEMENTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[HEAD] = SCHEMA_SELECT_HEAD,
	[ITEMS] = SCHEMA_SELECT_ITEMS,
	[CHANGES] = SCHEMA_SELECT_CHANGES,
	[SAVE] = SCHEMA_SAVE_ITEM,
	[REMOVE] = "DELETE FROM mtls_todo WHERE id = $1",
	[SAVE_HEAD] = SCHEMA_SAVE_HEAD,
	[COMMIT] = "COMMIT",
};

static struct libsqlite sq; /* filled when the first store is opened */

struct file_store {
	struct backend backend;
	char *path;
	int lock;
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS];
};

/* ---- Errors ---- */

static bool is_full(const struct file_store *file, int status)
{
	int why = (status & 0xff) == SQLITE_IOERR ? sq.system_errno(file->db) : 0;
	return status == SQLITE_FULL || why == ENOSPC || why == EDQUOT;
}

static bool failed(const struct file_store *file, const char *doing, struct error *reterr)
{
	int status = sq.extended_errcode(file->db);
	if (is_full(file, status))
		return error_set(reterr, ERROR_LIMIT,
			"the store is full: no room for '%s' on its disk", file->path);
	int kind = status & 0xff;
	bool bad = kind == SQLITE_NOTADB || kind == SQLITE_CORRUPT;
	return error_set(reterr, bad ? ERROR_INPUT : ERROR_STORE, "cannot %s '%s': %s", doing,
		file->path, sq.errmsg(file->db));
}

/* Runs a statement that gives no rows. */
static bool run(
	struct file_store *file, enum statement which, const char *doing, struct error *reterr)
{
	sqlite3_stmt *statement = file->statements[which];
	bool ok = sq.step(statement) == SQLITE_DONE || failed(file, doing, reterr);
	sq.reset(statement);
	return ok;
}

static bool execute(
	struct file_store *file, const char *text, const char *doing, struct error *reterr)
{
	return sq.exec(file->db, text, NULL, NULL, NULL) == SQLITE_OK ||
	       failed(file, doing, reterr);
}

/* The number in the first column of the first row; `otherwise` when there is no row. */
static bool ask_number(struct file_store *file, const char *text, long long otherwise,
	long long *ret, struct error *reterr)
{
	sqlite3_stmt *statement = NULL;
	int status = sq.prepare_v2(file->db, text, -1, &statement, NULL);
	if (status == SQLITE_OK)
		status = sq.step(statement);
	if (status == SQLITE_ROW)
		*ret = sq.column_int64(statement, 0);
	else if (status == SQLITE_DONE)
		*ret = otherwise;
	else
		failed(file, "read", reterr);
	sq.finalize(statement);
	return status == SQLITE_ROW || status == SQLITE_DONE;
}

/* ---- Batches ---- */

static void file_abandon(struct backend *backend)
{
	struct file_store *file = (struct file_store *)backend;
	/* A failed commit may have rolled back by itself. */
	if (!sq.get_autocommit(file->db))
		sq.exec(file->db, "ROLLBACK", NULL, NULL, NULL);
}

static bool file_begin(struct backend *backend, struct head *ret, struct error *reterr)
{
	struct file_store *file = (struct file_store *)backend;
	if (!run(file, BEGIN, "write to", reterr))
		return false;
	sqlite3_stmt *statement = file->statements[HEAD];
	int status = sq.step(statement);
	bool found = status == SQLITE_ROW;
	if (status == SQLITE_DONE)
		error_set(reterr, ERROR_INPUT, "'%s' is damaged: mtls_head has no row", file->path);
	else if (found)
		*ret = (struct head){ (uint64_t)sq.column_int64(statement, 0),
			sq.column_int64(statement, 1), sq.column_int64(statement, 2) };
	else
		failed(file, "read", reterr);
	sq.reset(statement);
	if (!found)
		file_abandon(backend);
	return found;
}

static bool file_load(struct backend *backend, int64_t revision, backend_on_row *on_row,
	void *context, struct error *reterr)
{
	struct file_store *file = (struct file_store *)backend;
	sqlite3_stmt *statement = file->statements[revision < 0 ? ITEMS : CHANGES];
	if (revision >= 0)
		sq.bind_int64(statement, 1, revision);
	int status;
	bool ok = true;
	while (ok && (status = sq.step(statement)) == SQLITE_ROW) {
		const unsigned char *task = sq.column_text(statement, 2);
		const struct row row = { .id = sq.column_int64(statement, 0),
			.revision = sq.column_int64(statement, 1),
			.task = task ? (const char *)task : "",
			.done = sq.column_int64(statement, 3) != 0,
			.removed = sq.column_int64(statement, 4) != 0 };
		ok = on_row(context, &row, reterr) ||
		     error_context(reterr, "item %" PRId64 " of '%s'", row.id, file->path);
	}
	if (ok && status != SQLITE_DONE)
		ok = failed(file, "read", reterr);
	sq.reset(statement);
	return ok;
}

static bool file_save(struct backend *backend, const struct row *row, struct error *reterr)
{
	struct file_store *file = (struct file_store *)backend;
	/* Nobody else has to learn of it, and what is gone gives its pages back. */
	if (row->removed) {
		sq.bind_int64(file->statements[REMOVE], 1, row->id);
		return run(file, REMOVE, "write to", reterr);
	}
	sqlite3_stmt *statement = file->statements[SAVE];
	sq.bind_int64(statement, 1, row->id);
	sq.bind_int64(statement, 2, row->revision);
	sq.bind_text(statement, 3, row->task, -1, SQLITE_STATIC);
	sq.bind_int64(statement, 4, row->done);
	sq.bind_int64(statement, 5, 0);
	return run(file, SAVE, "write to", reterr);
}

static bool file_commit(struct backend *backend, const struct head *head, struct error *reterr)
{
	struct file_store *file = (struct file_store *)backend;
	sqlite3_stmt *statement = file->statements[SAVE_HEAD];
	sq.bind_int64(statement, 1, (sqlite3_int64)head->epoch);
	sq.bind_int64(statement, 2, head->revision);
	sq.bind_int64(statement, 3, head->next_id);
	if (!run(file, SAVE_HEAD, "write to", reterr))
		return false;
	if (run(file, COMMIT, "write to", reterr))
		return true;
	/* What could not be flushed may still be found after a crash. */
	if (reterr->kind == ERROR_STORE)
		reterr->kind = ERROR_NETWORK;
	return false;
}

/* ---- Opening ---- */

static void file_store_free(struct backend *backend)
{
	struct file_store *file = (struct file_store *)backend;
	for (size_t i = 0; i < STATEMENTS; i++)
		if (file->statements[i])
			sq.finalize(file->statements[i]);
	if (file->db)
		sq.close(file->db);
	if (file->lock >= 0)
		close(file->lock);
	free(file->path);
	free(file);
}

/* And its log, index and lock beside it. */
static void needs(const struct backend *backend, store_on_need *tell, void *context)
{
	tell(context, STORE_WRITES, ((const struct file_store *)backend)->path);
}

static const struct backend_methods methods = {
	.begin = file_begin,
	.load = file_load,
	.save = file_save,
	.commit = file_commit,
	.abandon = file_abandon,
	.needs = needs,
	.free = file_store_free,
};

/* The folder of a path with its slash; "./" when it names none. The caller's to free. */
static char *folder_of(const char *path)
{
	size_t bytes = (size_t)(file_name(path) - path);
	return bytes ? text_format("%.*s", (int)bytes, path) : text_copy("./");
}

static bool flush_folder(const char *path, struct error *reterr)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;
	if (!ok)
		error_errno(reterr, ERROR_IO, "cannot flush the folder '%s'", path);
	if (fd >= 0)
		close(fd);
	return ok;
}

/* Whether it may be made private: not /etc/passwd, nor a device, that a wrong word named. */
static bool is_ours(int fd, const char *path, struct stat *ret_about, struct error *reterr)
{
	static const char magic[16] = "SQLite format 3"; /* section 1.3 of its file format */
	char begin[sizeof magic];
	if (fstat(fd, ret_about) != 0)
		return error_errno(reterr, ERROR_IO, "cannot look at '%s'", path);
	if (!S_ISREG(ret_about->st_mode))
		return error_set(reterr, ERROR_INPUT, "cannot open '%s': it is no file", path);
	return !ret_about->st_size ||
	       (pread(fd, begin, sizeof begin, 0) == sizeof begin &&
		       !memcmp(begin, magic, sizeof magic)) ||
	       error_set(reterr, ERROR_INPUT, "cannot open '%s': file is not a database", path);
}

bool sqlite_check(const char *path, struct error *reterr)
{
	struct stat about;
	OWN(char) char *folder = folder_of(path);
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0) {
		bool ok = is_ours(fd, path, &about, reterr);
		close(fd);
		return ok;
	}
	if (errno != ENOENT)
		return error_errno(reterr, ERROR_IO, "cannot open '%s'", path);
	/* A start makes the last folder of the path, and none above it. */
	size_t bytes = strlen(folder);
	while (bytes > 1 && folder[bytes - 1] == '/')
		bytes--;
	OWN(char) char *itself = text_format("%.*s", (int)bytes, folder);
	OWN(char) char *parent = folder_of(itself);
	return stat(folder, &about) == 0 || stat(parent, &about) == 0 ||
	       error_errno(reterr, ERROR_IO, "cannot make the folder '%s'", folder);
}

/*
 * The file, private from its first byte; SQLite gives its log and index the same mode. The folder
 * of a file that holds something is left to SQLite, which flushes it when it begins a log: here
 * that would wait for whatever else the disk has to do.
 */
static bool make_file(const char *path, struct error *reterr)
{
	OWN(char) char *folder = folder_of(path);
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return error_errno(reterr, ERROR_IO, "cannot make the folder '%s'", folder);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno(reterr, ERROR_IO, "cannot open '%s'", path);
	struct stat about;
	bool ok = is_ours(fd, path, &about, reterr) &&
		  ((((about.st_mode & 07777) == 0600 || fchmod(fd, 0600) == 0) && fsync(fd) == 0) ||
			  error_errno(reterr, ERROR_IO, "cannot make '%s' private", path));
	close(fd);
	return ok && (about.st_size || flush_folder(folder, reterr));
}

/* Two servers on one file would each answer from what it remembers. */
static bool take_lock(struct file_store *file, struct error *reterr)
{
	OWN(char) char *path = text_format("%s.lock", file->path);
	file->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (file->lock < 0)
		return error_errno(reterr, ERROR_IO, "cannot open '%s'", path);
	if (flock(file->lock, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (errno != EWOULDBLOCK)
		return error_errno(reterr, ERROR_IO, "cannot lock '%s'", path);
	error_set(reterr, ERROR_STORE, "another mtls serve uses '%s'", file->path);
	return error_hint(reterr, "stop it, or take another file, or --store memory");
}

/* Asks for a write-ahead log. The answer is what became of it. */
static bool take_journal(struct file_store *file, bool *ret, struct error *reterr)
{
	sqlite3_stmt *statement = NULL;
	int status = sq.prepare_v2(file->db, "PRAGMA journal_mode = WAL", -1, &statement, NULL);
	if (status == SQLITE_OK)
		status = sq.step(statement);
	bool ok = status == SQLITE_ROW || failed(file, "open", reterr);
	const char *mode = ok ? (const char *)sq.column_text(statement, 0) : NULL;
	if (ok)
		*ret = mode && !strcmp(mode, "wal");
	sq.finalize(statement);
	return ok;
}

static bool set_up(struct file_store *file, long long bytes_max, struct error *reterr)
{
	long long page = 0;
	bool has_journal = false;
	sq.busy_timeout(file->db, BUSY_MS_MAX);
	if (!take_journal(file, &has_journal, reterr) ||
		!execute(file,
			"PRAGMA synchronous = FULL; "
			"PRAGMA temp_store = MEMORY", /* who is confined has no other place */
			"open", reterr) ||
		!ask_number(file, "PRAGMA page_size", 4096, &page, reterr))
		return false;
	if (!has_journal)
		return error_set(reterr, ERROR_STORE,
			"cannot open '%s': its disk does not support a write-ahead log",
			file->path);
	OWN(char) char *bound = text_format("PRAGMA max_page_count = %lld", bytes_max / page);
	return execute(file, bound, "open", reterr);
}

/* What cannot be read is looked at again, by who says what is wrong with it. */
static bool is_current(struct file_store *file)
{
	long long version = -1;
	struct error ignored;
	return ask_number(file, SCHEMA_SELECT_VERSION, -1, &version, &ignored) &&
	       version == SCHEMA_VERSION;
}

static bool migrate(struct file_store *file, struct error *reterr)
{
	long long tables = 0, version = 0;
	if (is_current(file))
		return true;
	if (!execute(file, "BEGIN IMMEDIATE", "open", reterr) ||
		!ask_number(file, "SELECT count(*) FROM sqlite_master", 0, &tables, reterr))
		return false;
	if (tables) {
		long long ours = 0;
		if (!ask_number(file,
			    "SELECT count(*) FROM sqlite_master WHERE name = 'mtls_schema'", 0,
			    &ours, reterr))
			return false;
		if (!ours)
			return error_set(reterr, ERROR_INPUT,
				"'%s' is a database of another program", file->path);
		if (!ask_number(file, SCHEMA_SELECT_VERSION, -1, &version, reterr))
			return false;
	}
	OWN(char) char *where = text_format("'%s'", file->path);
	if (!schema_check(where, version, reterr))
		return false;
	for (; version < SCHEMA_VERSION; version++) {
		const char *const *step = schema_steps[version];
		for (size_t i = 0; i < SCHEMA_STATEMENTS_MAX && step[i]; i++)
			if (!execute(file, step[i], "write to", reterr))
				return false;
		OWN(char) char *set =
			text_format("UPDATE mtls_schema SET version = %lld", version + 1);
		if (!execute(file, set, "write to", reterr))
			return false;
	}
	return execute(file, "COMMIT", "write to", reterr);
}

static bool prepare(struct file_store *file, struct error *reterr)
{
	for (size_t i = 0; i < STATEMENTS; i++)
		if (sq.prepare_v3(file->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
			    &file->statements[i], NULL) != SQLITE_OK)
			return failed(file, "read", reterr);
	return true;
}

static bool load_sqlite(struct error *reterr)
{
	static const char *const files[] = { "libsqlite3.so.0", "libsqlite3.dylib", "libsqlite3.so",
		NULL };
	static const char *const symbols[] = {
#define LIBSQLITE_SYMBOL(result, name, parameters) "sqlite3_" #name,
		LIBSQLITE_FUNCTIONS(LIBSQLITE_SYMBOL)
#undef LIBSQLITE_SYMBOL
			NULL
	};
	static const struct library library = { .name = "SQLite",
		.packages = "Debian and Ubuntu: libsqlite3-0; Fedora: sqlite-libs",
		.instead = "keep the items elsewhere: --store memory",
		.files = files,
		.symbols = symbols,
		.own_first = true };
	return sq.open_v2 || library_load(&library, &sq, reterr);
}

static bool open_file(struct file_store *file, long long bytes_max, struct error *reterr)
{
	if (!load_sqlite(reterr) || !make_file(file->path, reterr) || !take_lock(file, reterr))
		return false;
	/* A path of ours is never one of SQLite's URIs. */
	if (sq.open_v2(file->path, &file->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
		SQLITE_OK)
		return failed(file, "open", reterr);
	sq.extended_result_codes(file->db, 1);
	return set_up(file, bytes_max, reterr) && migrate(file, reterr) && prepare(file, reterr);
}

bool sqlite_open(const char *path, long long bytes_max, struct backend **ret, struct error *reterr)
{
	struct file_store *file = calloc(1, sizeof *file);
	if (!file)
		bug("out of memory for the store");
	file->backend.methods = &methods;
	file->path = text_copy(path);
	file->lock = -1;
	if (!open_file(file, bytes_max, reterr)) {
		file_store_free(&file->backend);
		return false;
	}
	*ret = &file->backend;
	return true;
}
