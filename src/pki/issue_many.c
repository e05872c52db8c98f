/* Many identities at once, on all cores. */
#include "pki/issue_parts.h"

#include <pthread.h>
#include <stdlib.h>

enum { THREADS_MAX = 64, PROGRESS_MS = 100 };

struct many {
	const struct issue_wanted *wanted;
	const char *const *names;
	size_t count;
	struct issued_one *ret;
	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t changed;
	size_t next, made, running;
	struct ca *ca; /* signing needs no lock */
	struct notes *notes;
	struct file_set *set;
	bool failed;
	struct error error; /* of the first that failed */
};

static bool begin(
	struct many *many, const struct issue_source *source, X509 **ret, struct error *reterr)
{
	pthread_mutex_lock(&many->lock);
	bool ok = ca_begin(many->ca, source->subject, source->key, many->wanted->options.days,
		many->notes, ret, reterr);
	issue_note(source, many->notes);
	pthread_mutex_unlock(&many->lock);
	return ok;
}

static void record(struct many *many, X509 *certificate, struct issued_one *ret)
{
	describe_serial(X509_get0_serialNumber(certificate), ret->serial, sizeof ret->serial);
	ret->not_after = describe_time(X509_get0_notAfter(certificate), 0);
	pthread_mutex_lock(&many->lock);
	ca_record(many->ca, certificate);
	pthread_mutex_unlock(&many->lock);
}

static bool make_one(struct many *many, size_t at, EVP_PKEY_CTX *maker, struct file_set *set,
	struct error *reterr)
{
	OWN(new_identity) struct new_identity identity = { 0 };
	OWN(X509) X509 *certificate = NULL;
	struct issue_source source;
	const char *name = many->names[at];
	identity.stem = issue_stem(many->wanted, name);
	if (!new_identity_make(many->wanted, name, maker, &identity, reterr) ||
		!new_identity_source(&identity, many->wanted->options.role, &source, reterr) ||
		!begin(many, &source, &certificate, reterr) ||
		!issue_fill(many->ca, &source, certificate, reterr) ||
		!ca_sign(many->ca, certificate, reterr) ||
		!new_identity_add(&identity, certificate, set, reterr))
		return false;
	record(many, certificate, &many->ret[at]);
	return true;
}

/* With the lock held. */
static void note_end(struct many *many, bool ok, const struct error *error)
{
	many->made += ok;
	if (!ok && !many->failed)
		many->error = *error;
	many->failed = many->failed || !ok;
}

static void *make_until_done(void *context)
{
	struct many *many = context;
	struct error error;
	OWN(EVP_PKEY_CTX) EVP_PKEY_CTX *maker = NULL;
	OWN(file_set) struct file_set *set = file_set_new();
	file_set_many(set);
	bool ready = key_maker_new(&many->wanted->key_type, &maker, &error);
	pthread_mutex_lock(&many->lock);
	if (!ready)
		note_end(many, false, &error);
	while (many->next < many->count && !many->failed) {
		size_t at = many->next++;
		pthread_mutex_unlock(&many->lock);
		bool ok = make_one(many, at, maker, set, &error);
		pthread_mutex_lock(&many->lock);
		note_end(many, ok, &error);
	}
	file_set_join(many->set, set);
	many->running--;
	pthread_cond_signal(&many->changed);
	pthread_mutex_unlock(&many->lock);
	return NULL;
}

/* With the lock held, on the calling thread. */
static void wait_for_all(struct many *many, issue_progress *progress, void *context)
{
	while (many->running) {
		struct timespec until = clock_in_ms(PROGRESS_MS);
		pthread_cond_timedwait(&many->changed, &many->lock, &until);
		if (progress)
			progress(context, many->made);
	}
}

static bool run(struct many *many, issue_progress *progress, void *context, struct error *reterr)
{
	pthread_t threads[THREADS_MAX];
	size_t started = 0, wanted = cores_usable(THREADS_MAX);
	pthread_mutex_lock(&many->lock);
	while (started < wanted && started < many->count &&
		pthread_create(&threads[started], NULL, make_until_done, many) == 0)
		started++;
	many->running = started;
	wait_for_all(many, progress, context);
	pthread_mutex_unlock(&many->lock);
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	if (!started)
		return error_set(reterr, ERROR_IO, "cannot start a thread to make keys");
	if (many->failed)
		*reterr = many->error;
	return !many->failed;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool check_unique(const char *const *names, size_t count, struct error *reterr)
{
	const char **sorted = calloc(count, sizeof *sorted);
	if (!sorted)
		bug("out of memory");
	for (size_t i = 0; i < count; i++)
		sorted[i] = names[i];
	qsort(sorted, count, sizeof *sorted, compare_names);
	bool ok = true;
	for (size_t i = 1; ok && i < count; i++)
		if (!strcmp(sorted[i - 1], sorted[i]))
			ok = error_set(reterr, ERROR_USAGE, "'%s' stands twice among the names",
				sorted[i]);
	free(sorted);
	return ok;
}

/* Before a key is made or the CA's passphrase asked for. */
static bool check(const struct issue_wanted *wanted, const char *const *names, size_t count,
	struct error *reterr)
{
	if (count > ISSUE_NAMES_MAX)
		return error_set(reterr, ERROR_LIMIT,
			"cannot issue %zu certificates at once: %d are the most", count,
			ISSUE_NAMES_MAX);
	if (wanted->options.san_count) {
		error_set(reterr, ERROR_USAGE, "--san names one identity, not %zu", count);
		return error_hint(reterr, "a .cnf beside each says its names: %s/%s.cnf",
			wanted->folder, names[0]);
	}
	for (size_t i = 0; i < count; i++) {
		OWN(new_identity) struct new_identity identity = { 0 };
		if (!new_identity_plan(wanted, names[i], &identity, reterr))
			return false;
	}
	return check_unique(names, count, reterr);
}

static bool check_targets(const struct many *many, struct error *reterr)
{
	for (size_t i = 0; i < many->count; i++) {
		OWN(char) char *stem = issue_stem(many->wanted, many->names[i]);
		if (!issue_check_target(many->ca, stem, many->wanted->force, reterr))
			return false;
	}
	return true;
}

bool issue_many(const struct issue_wanted *wanted, const char *const *names, size_t count,
	issue_open_ca *open, issue_progress *progress, void *context, struct notes *notes,
	struct issued_one *ret, struct error *reterr)
{
	OWN(ca) struct ca *ca = NULL;
	OWN(file_set) struct file_set *set = file_set_new();
	OWN(file_set) struct file_set *files = file_set_new();
	struct many many = { .wanted = wanted,
		.names = names,
		.count = count,
		.ret = ret,
		.notes = notes,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
		.set = files };
	if (!check(wanted, names, count, reterr) || !open(context, &ca, reterr))
		return false;
	many.ca = ca;
	file_sweep(wanted->folder); /* thousands may be left of a run that was killed */
	file_set_many(set);
	/* The state first: no certificate is without its line in index.txt. */
	if (!check_targets(&many, reterr) || !run(&many, progress, context, reterr) ||
		!ca_save(ca, set, reterr))
		return false;
	file_set_join(set, files);
	return file_set_commit(set, true, reterr);
}
