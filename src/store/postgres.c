/*
 * Items in PostgreSQL, or whatever speaks its protocol and SQL; the only file that calls libpq.
 *
 * A batch costs two round trips: one locks the head row and reads it, one sends all rows, the head
 * and COMMIT in a pipeline. Nothing here waits for the database without a deadline.
 *
 * Long because libpq is to be called in one file alone.
 */
#include "store/backend.h"
#include "store/libpq.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

/* After a connection that failed, others fail at once for so long: nobody is to be flooded. */
#define RETRY_MS 100
/* Two servers that meet an empty database make its tables at the same time: one has to try again.
 */
#define SET_UP_TRIES 20

/* SQLSTATEs: PostgreSQL's manual, appendix A. */
#define STATE_UNDEFINED_TABLE "42P01"
#define STATE_DISK_FULL "53100"
#define STATE_SERIALIZATION "40001"
#define STATE_DEADLOCK "40P01"

struct database {
	struct backend backend;
	const struct libpq *pq;
	PQconninfoOption *options;
	PGconn *connection; /* NULL: none */
	uint64_t ms_max, deadline_ms, retry_ms;
	struct error last; /* why there is no connection */
	int interrupt[2];  /* a pipe: a byte in it ends every wait */
};

/* What a pipeline came to. */
struct outcome {
	PGresult *rows; /* of the last query that gave rows; OWN */
	bool committed;
};

static bool load_libpq(const struct libpq **ret, struct error *reterr)
{
	static const char *const files[] = { "libpq.so.5", "libpq.5.dylib", "libpq.so", NULL };
	static const char *const symbols[] = {
#define LIBPQ_SYMBOL(result, name, parameters) "PQ" #name,
		LIBPQ_FUNCTIONS(LIBPQ_SYMBOL)
#undef LIBPQ_SYMBOL
			NULL
	};
	static const struct library library = { "libpq", "Debian and Ubuntu: libpq5; Fedora: libpq",
		NULL, files, symbols };
	static struct libpq loaded;
	*ret = &loaded;
	return library_load(&library, &loaded, reterr);
}

/* ---- Waiting ---- */

/* One line of what libpq says. */
static bool failed(
	struct database *database, const char *doing, const char *why, struct error *reterr)
{
	(void)database;
	OWN(char) char *text = text_copy(why);
	size_t bytes = strlen(text);
	while (bytes && isspace((unsigned char)text[bytes - 1]))
		text[--bytes] = 0;
	for (char *at = text; *at; at++)
		if (isspace((unsigned char)*at))
			*at = ' ';
	return error_set(reterr, ERROR_STORE, "cannot %s the database: %s", doing, text);
}

static void disconnect(struct database *database)
{
	if (database->connection)
		database->pq->finish(database->connection);
	database->connection = NULL;
}

/* Until the socket is ready for `events`, the deadline, or the end. */
static bool wait_for(struct database *database, short events, struct error *reterr)
{
	for (;;) {
		struct pollfd fds[2] = { { database->pq->socket(database->connection), events, 0 },
			{ database->interrupt[0], POLLIN, 0 } };
		uint64_t now = clock_monotonic_ms();
		uint64_t left = now < database->deadline_ms ? database->deadline_ms - now : 0;
		int ready = poll(fds, 2, (int)left);
		if (ready < 0 && errno == EINTR)
			continue;
		if (ready < 0)
			return error_errno(reterr, ERROR_STORE, "cannot wait for the database");
		if (fds[1].revents)
			return error_set(reterr, ERROR_STORE, "the server is stopping");
		if (!ready)
			return error_set(reterr, ERROR_STORE,
				"the database did not answer within %llu ms",
				(unsigned long long)database->ms_max);
		return true;
	}
}

/* ---- Pipelines ---- */

static void outcome_done(struct database *database, struct outcome *outcome)
{
	if (outcome->rows)
		database->pq->clear(outcome->rows);
	outcome->rows = NULL;
}

static bool queue(struct database *database, const char *text, int count, const char *const *values,
	struct error *reterr)
{
	return database->pq->sendQueryParams(
		       database->connection, text, count, NULL, values, NULL, NULL, 0) ||
	       failed(database, "write to", database->pq->errorMessage(database->connection),
		       reterr);
}

/* Sends what waits, and reads until a whole result has come. */
static bool await_result(struct database *database, struct error *reterr)
{
	const struct libpq *pq = database->pq;
	PGconn *connection = database->connection;
	for (;;) {
		int unsent = pq->flush(connection);
		if (unsent < 0)
			return failed(database, "write to", pq->errorMessage(connection), reterr);
		if (!unsent && !pq->isBusy(connection))
			return true;
		if (!wait_for(database, (short)(unsent ? POLLIN | POLLOUT : POLLIN), reterr))
			return false;
		if (!pq->consumeInput(connection))
			return failed(database, "read from", pq->errorMessage(connection), reterr);
	}
}

/* The first error of a pipeline is its cause: what follows it is only left out. */
static void take_error(
	struct database *database, const PGresult *result, bool *ok, struct error *reterr)
{
	const char *state = database->pq->resultErrorField(result, PG_DIAG_SQLSTATE);
	const char *why = database->pq->resultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	if (!*ok)
		return;
	*ok = false;
	failed(database, "use", why ? why : database->pq->errorMessage(database->connection),
		reterr);
	if (state && !strcmp(state, STATE_DISK_FULL))
		error_set(reterr, ERROR_LIMIT, "the store is full: its disk has no room");
	else if (state && (!strcmp(state, STATE_SERIALIZATION) || !strcmp(state, STATE_DEADLOCK)))
		reterr->system = EAGAIN;
	else if (state && !strcmp(state, STATE_UNDEFINED_TABLE))
		reterr->system = ENOENT;
}

/* Ends the pipeline and takes all its results. A connection that breaks is gone afterwards. */
static bool collect(struct database *database, struct outcome *ret, struct error *reterr)
{
	const struct libpq *pq = database->pq;
	bool ok = true, synchronised = false;
	*ret = (struct outcome){ 0 };
	if (!pq->pipelineSync(database->connection))
		ok = failed(database, "write to", pq->errorMessage(database->connection), reterr);
	while (ok || !synchronised) {
		if (!await_result(database, ok ? reterr : &(struct error){ 0 })) {
			ok = false;
			break;
		}
		PGresult *result = pq->getResult(database->connection);
		if (!result) {
			if (pq->status(database->connection) == CONNECTION_OK)
				continue; /* one query's results end, the next one's follow */
			ok = ok && failed(database, "read from",
					   pq->errorMessage(database->connection), reterr);
			break;
		}
		ExecStatusType status = pq->resultStatus(result);
		synchronised = status == PGRES_PIPELINE_SYNC;
		if (status == PGRES_TUPLES_OK) {
			outcome_done(database, ret);
			ret->rows = TAKE(result);
		} else if (status == PGRES_COMMAND_OK) {
			ret->committed |= !strcmp(pq->cmdStatus(result), "COMMIT");
		} else if (status == PGRES_FATAL_ERROR) {
			take_error(database, result, &ok, reterr);
		}
		if (result)
			pq->clear(result);
		if (synchronised)
			break;
	}
	if (!synchronised)
		disconnect(database);
	if (!ok)
		outcome_done(database, ret);
	return ok;
}

/* One statement without parameters, whose rows nobody wants. */
static bool execute(struct database *database, const char *text, struct error *reterr)
{
	struct outcome outcome;
	if (!queue(database, text, 0, NULL, reterr) || !collect(database, &outcome, reterr))
		return false;
	outcome_done(database, &outcome);
	return true;
}

/* ---- Connections ---- */

static bool finish_connecting(struct database *database, struct error *reterr)
{
	const struct libpq *pq = database->pq;
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;
	while (status != PGRES_POLLING_OK) {
		if (status == PGRES_POLLING_FAILED)
			return failed(database, "connect to",
				pq->errorMessage(database->connection), reterr);
		if (!wait_for(database, status == PGRES_POLLING_READING ? POLLIN : POLLOUT, reterr))
			return false;
		status = pq->connectPoll(database->connection);
	}
	if (pq->setnonblocking(database->connection, 1) != 0 ||
		!pq->enterPipelineMode(database->connection))
		return failed(
			database, "connect to", pq->errorMessage(database->connection), reterr);
	/* Whoever stops in the middle of a batch must not keep the head row from all others. */
	OWN(char) char *bounds = text_format("SET idle_in_transaction_session_timeout = %llu",
		(unsigned long long)database->ms_max);
	return execute(database, bounds, reterr);
}

/* What the database remarks by the way libpq would print; what is wrong the results say. */
static void overhear(void *context, const char *remark)
{
	(void)context, (void)remark;
}

static bool try_connect(struct database *database, struct error *reterr)
{
	const struct libpq *pq = database->pq;
	const char *names[64] = { "sslmode", "application_name", "client_encoding" };
	const char *values[64] = { "verify-full", "mtls", "UTF8" };
	size_t count = 3;
	/* Of two with one name the later one counts: what the user says. */
	for (const PQconninfoOption *option = database->options; option->keyword; option++)
		if (option->val && count < 63) {
			names[count] = option->keyword;
			values[count++] = option->val;
		}
	database->connection = pq->connectStartParams(names, values, 0);
	if (!database->connection)
		bug("out of memory for a connection");
	pq->setNoticeProcessor(database->connection, overhear, NULL);
	if (pq->status(database->connection) == CONNECTION_BAD)
		failed(database, "connect to", pq->errorMessage(database->connection), reterr);
	else if (finish_connecting(database, reterr))
		return true;
	disconnect(database);
	return false;
}

static bool connect_to(struct database *database, struct error *reterr)
{
	if (clock_monotonic_ms() < database->retry_ms) {
		*reterr = database->last;
		return false;
	}
	if (try_connect(database, reterr))
		return true;
	database->last = *reterr;
	database->retry_ms = clock_monotonic_ms() + RETRY_MS;
	return false;
}

/* ---- Batches ---- */

static bool ask_head(
	struct database *database, bool lock, struct outcome *ret, struct error *reterr)
{
	return (!lock || queue(database, "BEGIN", 0, NULL, reterr)) &&
	       queue(database, lock ? SCHEMA_SELECT_HEAD " FOR UPDATE" : SCHEMA_SELECT_HEAD, 0,
		       NULL, reterr) &&
	       collect(database, ret, reterr);
}

/* A connection that has been there may have ended since: then a new one is worth a try. */
static bool read_head(struct backend *backend, bool lock, struct head *ret, struct error *reterr)
{
	struct database *database = (struct database *)backend;
	const struct libpq *pq = database->pq;
	struct outcome outcome = { 0 };
	database->deadline_ms = clock_monotonic_ms() + database->ms_max;
	bool old = database->connection != NULL;
	if (!old && !connect_to(database, reterr))
		return false;
	bool ok = ask_head(database, lock, &outcome, reterr);
	if (!ok && old && !database->connection && clock_monotonic_ms() < database->deadline_ms)
		ok = connect_to(database, reterr) && ask_head(database, lock, &outcome, reterr);
	if (!ok)
		return false;
	ok = outcome.rows && pq->ntuples(outcome.rows) == 1;
	if (ok)
		*ret = (struct head){ strtoull(pq->getvalue(outcome.rows, 0, 0), NULL, 10),
			strtoll(pq->getvalue(outcome.rows, 0, 1), NULL, 10),
			strtoll(pq->getvalue(outcome.rows, 0, 2), NULL, 10) };
	else
		error_set(reterr, ERROR_STORE, "the database has no head row");
	outcome_done(database, &outcome);
	return ok;
}

static void abandon(struct backend *backend)
{
	struct database *database = (struct database *)backend;
	struct error error;
	if (database->connection && !execute(database, "ROLLBACK", &error))
		disconnect(database);
}

static bool begin(struct backend *backend, struct head *ret, struct error *reterr)
{
	if (read_head(backend, true, ret, reterr))
		return true;
	abandon(backend);
	return false;
}

static bool look(struct backend *backend, struct head *ret, struct error *reterr)
{
	return read_head(backend, false, ret, reterr);
}

static bool load(struct backend *backend, int64_t revision, backend_on_row *on_row, void *context,
	struct error *reterr)
{
	struct database *database = (struct database *)backend;
	const struct libpq *pq = database->pq;
	struct outcome outcome;
	char from[24];
	snprintf(from, sizeof from, "%" PRId64, revision);
	const char *const values[] = { from };
	bool all = revision < 0;
	if (!queue(database, all ? SCHEMA_SELECT_ITEMS : SCHEMA_SELECT_CHANGES, !all, values,
		    reterr) ||
		!collect(database, &outcome, reterr))
		return false;
	bool ok = true;
	int count = outcome.rows ? pq->ntuples(outcome.rows) : 0;
	for (int i = 0; ok && i < count; i++) {
		const struct row row = { .id = strtoll(pq->getvalue(outcome.rows, i, 0), NULL, 10),
			.revision = strtoll(pq->getvalue(outcome.rows, i, 1), NULL, 10),
			.task = pq->getvalue(outcome.rows, i, 2),
			.done = *pq->getvalue(outcome.rows, i, 3) != '0',
			.removed = *pq->getvalue(outcome.rows, i, 4) != '0' };
		ok = on_row(context, &row, reterr) ||
		     error_context(reterr, "item %" PRId64 " of the database", row.id);
	}
	outcome_done(database, &outcome);
	return ok;
}

static bool save(struct backend *backend, const struct row *row, struct error *reterr)
{
	char id[24], revision[24];
	snprintf(id, sizeof id, "%" PRId64, row->id);
	snprintf(revision, sizeof revision, "%" PRId64, row->revision);
	const char *const values[] = { id, revision, row->task, row->done ? "1" : "0",
		row->removed ? "1" : "0" };
	return queue((struct database *)backend, SCHEMA_SAVE_ITEM, 5, values, reterr);
}

static bool commit(struct backend *backend, const struct head *head, struct error *reterr)
{
	struct database *database = (struct database *)backend;
	struct outcome outcome;
	char epoch[24], revision[24], next_id[24];
	snprintf(epoch, sizeof epoch, "%" PRIu64, head->epoch);
	snprintf(revision, sizeof revision, "%" PRId64, head->revision);
	snprintf(next_id, sizeof next_id, "%" PRId64, head->next_id);
	const char *const values[] = { epoch, revision, next_id };
	if (!queue(database, SCHEMA_SAVE_HEAD, 3, values, reterr) ||
		!queue(database, "COMMIT", 0, NULL, reterr))
		return false;
	bool ok = collect(database, &outcome, reterr);
	outcome_done(database, &outcome);
	if (ok && outcome.committed)
		return true;
	if (ok)
		return error_set(reterr, ERROR_STORE, "the database rolled a batch back");
	/* The connection ended between COMMIT and its answer. */
	if (!database->connection)
		reterr->kind = ERROR_NETWORK;
	return false;
}

static void interrupt(struct backend *backend)
{
	struct database *database = (struct database *)backend;
	/* A full pipe says the same. */
	if (write(database->interrupt[1], "", 1) < 0)
		return;
}

/* Of the address or of the environment. */
static bool names_a_service(const struct database *database)
{
	for (const PQconninfoOption *option = database->options; option->keyword; option++)
		if (!strcmp(option->keyword, "service") && option->val)
			return true;
	return getenv("PGSERVICE") != NULL;
}

/*
 * The files that libpq reads at each connection: of the address, of a service, of its own
 * variables, or at home. A file of passwords that is not there shuts nobody out, and opens no home.
 */
static void needs(const struct backend *backend, store_on_need *tell, void *context)
{
	static const char *const keywords[] = { "sslcert", "sslkey", "sslrootcert", "sslcrl",
		"sslcrldir", "passfile" };
	const struct database *database = (const struct database *)backend;
	const char *home = getenv("HOME"), *services = getenv("PGSERVICEFILE");
	/* As the connection that stands has found them; NULL where there is none. */
	PQconninfoOption *found = database->pq->conninfo(database->connection);
	tell(context, STORE_CONNECTS, NULL);
	for (const PQconninfoOption *option = found ? found : database->options; option->keyword;
		option++)
		for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
			const char *value = option->val;
			if (strcmp(option->keyword, keywords[i]) != 0)
				continue;
			if (!value && option->envvar)
				value = getenv(option->envvar);
			if (value && *value &&
				(strcmp(keywords[i], "passfile") != 0 || access(value, F_OK) == 0))
				tell(context, STORE_READS, value);
		}
	database->pq->conninfoFree(found);
	OWN(char) char *own = home ? text_format("%s/.postgresql/root.crt", home) : NULL;
	OWN(char) char *own_services = home ? text_format("%s/.pg_service.conf", home) : NULL;
	if (services)
		tell(context, STORE_READS, services);
	else if (own_services && names_a_service(database) && access(own_services, F_OK) == 0)
		tell(context, STORE_READS, own_services);
	if (own)
		tell(context, STORE_READS, own);
}

static void database_free(struct backend *backend)
{
	struct database *database = (struct database *)backend;
	disconnect(database);
	if (database->options)
		database->pq->conninfoFree(database->options);
	close(database->interrupt[0]);
	close(database->interrupt[1]);
	free(database);
}

static const struct backend_methods methods = {
	.begin = begin,
	.load = load,
	.save = save,
	.commit = commit,
	.abandon = abandon,
	.look = look,
	.needs = needs,
	.interrupt = interrupt,
	.free = database_free,
};

/* ---- Opening ---- */

/* 0 where there is no table yet. */
static bool read_version(struct database *database, long long *ret, struct error *reterr)
{
	struct outcome outcome;
	if (!queue(database, SCHEMA_SELECT_VERSION, 0, NULL, reterr))
		return false;
	if (!collect(database, &outcome, reterr)) {
		*ret = 0;
		return reterr->system == ENOENT;
	}
	const struct libpq *pq = database->pq;
	bool found = outcome.rows && pq->ntuples(outcome.rows);
	*ret = found ? strtoll(pq->getvalue(outcome.rows, 0, 0), NULL, 10) : 0;
	outcome_done(database, &outcome);
	return true;
}

static bool migrate(struct database *database, long long version, struct error *reterr)
{
	struct outcome outcome;
	bool ok = queue(database, "BEGIN", 0, NULL, reterr);
	for (; ok && version < SCHEMA_VERSION; version++) {
		const char *const *step = schema_steps[version];
		for (size_t i = 0; ok && i < SCHEMA_STATEMENTS_MAX && step[i]; i++)
			ok = execute(database, step[i], reterr);
		OWN(char) char *set =
			text_format("UPDATE mtls_schema SET version = %lld", version + 1);
		ok = ok && execute(database, set, reterr);
	}
	ok = ok && queue(database, "COMMIT", 0, NULL, reterr) &&
	     collect(database, &outcome, reterr);
	if (ok)
		outcome_done(database, &outcome);
	return ok;
}

static bool set_up(struct database *database, struct error *reterr)
{
	for (int tries = 0;; tries++) {
		long long version = 0;
		database->deadline_ms = clock_monotonic_ms() + database->ms_max;
		if (!database->connection && !try_connect(database, reterr))
			return false;
		if (!read_version(database, &version, reterr))
			return false;
		if (!schema_check("the database", version, reterr))
			return false;
		if (version == SCHEMA_VERSION || migrate(database, version, reterr))
			return true;
		abandon(&database->backend);
		if (tries == SET_UP_TRIES)
			return false;
		poll(NULL, 0, RETRY_MS);
	}
}

static bool read_url(struct database *database, const char *url, struct error *reterr)
{
	char *why = NULL;
	database->options = database->pq->conninfoParse(url, &why);
	if (!database->options) {
		failed(database, "read the address of", why ? why : "no memory", reterr);
		database->pq->freemem(why);
		reterr->kind = ERROR_USAGE;
		return false;
	}
	for (const PQconninfoOption *option = database->options; option->keyword; option++)
		if (!strcmp(option->keyword, "password") && option->val) {
			error_set(reterr, ERROR_USAGE,
				"a password stands in the address of the database, where others "
				"can see it");
			return error_hint(reterr,
				"log in with a certificate (sslcert, sslkey), or name a file of "
				"passwords: passfile=, PGPASSFILE");
		}
	return true;
}

bool postgres_open(const char *url, uint64_t ms_max, struct backend **ret, struct error *reterr)
{
	const struct libpq *pq;
	if (!load_libpq(&pq, reterr))
		return false;
	struct database *database = calloc(1, sizeof *database);
	if (!database || pipe2(database->interrupt, O_CLOEXEC | O_NONBLOCK) != 0)
		bug("out of memory or descriptors for the store");
	database->backend.methods = &methods;
	database->pq = pq;
	database->ms_max = ms_max;
	if (!read_url(database, url, reterr) || !set_up(database, reterr)) {
		database_free(&database->backend);
		return false;
	}
	*ret = &database->backend;
	return true;
}
