/*
 * The tables, in SQL that SQLite, PostgreSQL, CockroachDB, YugabyteDB and Citus all have. One row
 * says what the list is now; items keep the revision of their last change. Where several servers
 * share them, those that were removed stay as rows, so that whoever was away can catch up.
 */
#include "store/backend.h"

const char *const schema_steps[SCHEMA_VERSION][SCHEMA_STATEMENTS_MAX] = {
	{
		"CREATE TABLE mtls_schema (version BIGINT NOT NULL)",
		"INSERT INTO mtls_schema (version) VALUES (0)",
		"CREATE TABLE mtls_head (one BIGINT NOT NULL PRIMARY KEY, epoch BIGINT NOT NULL, "
		"revision BIGINT NOT NULL, next_id BIGINT NOT NULL)",
		"INSERT INTO mtls_head (one, epoch, revision, next_id) VALUES (1, 0, 0, 1)",
		"CREATE TABLE mtls_todo (id BIGINT NOT NULL PRIMARY KEY, "
		"revision BIGINT NOT NULL, task TEXT NOT NULL, done BIGINT NOT NULL, "
		"removed BIGINT NOT NULL)",
	},
	/* Catching up looks for revisions. */
	{ "CREATE INDEX mtls_todo_revision ON mtls_todo (revision)" },
};

bool schema_check(const char *where, long long version, struct error *reterr)
{
	if (version < 0)
		return error_set(reterr, ERROR_INPUT,
			"%s is damaged: it does not say its schema's version", where);
	if (version <= SCHEMA_VERSION)
		return true;
	error_set(reterr, ERROR_INPUT,
		"%s has schema version %lld, and this mtls knows up to %d: a newer one made it",
		where, version, SCHEMA_VERSION);
	return error_hint(reterr, "use that mtls, or another --store");
}
