/*
 * What a database does for the store: called from the store's thread alone, one call at a time, and
 * before that thread starts from the one that opens. Each may wait, for as long as the store lets a
 * question wait, and no longer where the database lets it choose.
 *
 * A batch is begin, load, save for each row, commit. Whatever fails in between, abandon follows.
 */
#ifndef MTLS_STORE_BACKEND_H
#define MTLS_STORE_BACKEND_H

#include "store/items.h"

struct backend;

/* What a database knows about its list. All 0 in one that is new. */
struct head {
	uint64_t epoch;
	int64_t revision, next_id;
};

typedef bool backend_on_row(void *context, const struct row *row, struct error *reterr);

/*
 * ERROR_LIMIT says that the disk, or what we may have of it, is full; ERROR_NETWORK, of commit
 * alone, that nobody knows whether it happened; ERROR_STORE all else, with `system` EAGAIN where
 * the same batch, begun again, may succeed.
 */
struct backend_methods {
	/* Begins a batch: nobody else writes before its end. */
	bool (*begin)(struct backend *backend, struct head *ret, struct error *reterr);
	/* The rows that changed behind that revision; with -1 the items that there are. */
	bool (*load)(struct backend *backend, int64_t revision, backend_on_row *row, void *context,
		struct error *reterr);
	bool (*save)(struct backend *backend, const struct row *row, struct error *reterr);
	/* The batch is as safe as it can be afterwards, with `head` as what the list is now. */
	bool (*commit)(struct backend *backend, const struct head *head, struct error *reterr);
	void (*abandon)(struct backend *backend);
	/* The head outside of a batch. NULL where nobody else can write. */
	bool (*look)(struct backend *backend, struct head *ret, struct error *reterr);
	/* As store_needs. */
	void (*needs)(const struct backend *backend, store_on_need *tell, void *context);
	/* From any thread: what waits has to fail at once. NULL where nothing waits. */
	void (*interrupt)(struct backend *backend);
	void (*free)(struct backend *backend);
};

struct backend {
	const struct backend_methods *methods;
};

/* ---- The schema, in the words that SQLite and everything that speaks PostgreSQL share ---- */

#define SCHEMA_VERSION 2
/* What makes version i + 1 of version i, a statement each, up to NULL. Then the version is set. */
#define SCHEMA_STATEMENTS_MAX 6
extern const char *const schema_steps[SCHEMA_VERSION][SCHEMA_STATEMENTS_MAX];
#define SCHEMA_SELECT_VERSION "SELECT version FROM mtls_schema"
#define SCHEMA_SELECT_HEAD "SELECT epoch, revision, next_id FROM mtls_head"
#define SCHEMA_SELECT_ITEMS \
	"SELECT id, revision, task, done, removed FROM mtls_todo WHERE removed = 0 ORDER BY id"
#define SCHEMA_SELECT_CHANGES \
	"SELECT id, revision, task, done, removed FROM mtls_todo WHERE revision > $1 ORDER BY id"
#define SCHEMA_SAVE_ITEM \
	"INSERT INTO mtls_todo (id, revision, task, done, removed) VALUES ($1, $2, $3, $4, $5) " \
	"ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, task = excluded.task, " \
	"done = excluded.done, removed = excluded.removed"
#define SCHEMA_SAVE_HEAD "UPDATE mtls_head SET epoch = $1, revision = $2, next_id = $3"

/* Refuses what a newer program made, and what none did. `where` names the database. */
must_check bool schema_check(const char *where, long long version, struct error *reterr);

/* What sqlite_open would complain of before it makes anything, looked at alone. */
must_check bool sqlite_check(const char *path, struct error *reterr);
must_check bool sqlite_open(
	const char *path, long long bytes_max, struct backend **ret, struct error *reterr);
must_check bool postgres_open(
	const char *url, uint64_t ms_max, struct backend **ret, struct error *reterr);

#endif
