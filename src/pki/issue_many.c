/* Many identities at once, on all cores. */
#include "pki/issue_pattern.h"

#include "pki/pem.h"

#include <openssl/pem.h>

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
	struct pattern *pattern; /* NULL until one is learned, then it stays */
	bool sought;             /* a thread has taken it on to learn one */
	bool failed;
	struct error error; /* of the first that failed */
};

/* What a thread has for itself. */
struct maker {
	EVP_PKEY_CTX *keys;
	struct file_set *set;
	struct der content, whole;
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

static void describe(const ASN1_INTEGER *serial, const ASN1_TIME *not_after, struct issued_one *ret)
{
	describe_serial(serial, ret->serial, sizeof ret->serial);
	ret->not_after = describe_time(not_after, 0);
}

/* What all others differ from in name and key; the first of them with a .cnf of our own is taken
 * apart. */
static void learn(
	struct many *many, const char *name, const struct new_identity *identity, X509 *certificate)
{
	struct key_p256 key;
	OWN(char) char *text = NULL;
	OWN(GENERAL_NAMES) GENERAL_NAMES *names = NULL;
	struct error error;
	pthread_mutex_lock(&many->lock);
	bool mine = !many->sought && identity->cnf_text && many->count > 1;
	many->sought = many->sought || mine;
	pthread_mutex_unlock(&many->lock);
	if (mine && key_p256_read(identity->key, &key) &&
		issue_write_profile(many->wanted, name, &text, &names, &error)) {
		const struct pattern_fields fields = { .name = name,
			.serial = X509_get0_serialNumber(certificate),
			.key = &key,
			.names = names };
		struct pattern *pattern = pattern_learn(identity, certificate, many->ca, &fields);
		pthread_mutex_lock(&many->lock);
		many->pattern = pattern;
		pthread_mutex_unlock(&many->lock);
	}
	OPENSSL_cleanse(&key, sizeof key);
}

static bool make_by_profile(
	struct many *many, size_t at, char *stem, struct maker *maker, struct error *reterr)
{
	OWN(new_identity) struct new_identity identity = { .stem = stem };
	OWN(X509) X509 *certificate = NULL;
	struct issue_source source;
	const char *name = many->names[at];
	if (!new_identity_make(many->wanted, name, maker->keys, &identity, reterr) ||
		!new_identity_source(&identity, many->wanted->options.role, &source, reterr) ||
		!begin(many, &source, &certificate, reterr) ||
		!issue_fill(many->ca, &source, certificate, reterr) ||
		!ca_sign(many->ca, certificate, reterr) ||
		!new_identity_add(&identity, certificate, maker->set, reterr))
		return false;
	describe(X509_get0_serialNumber(certificate), X509_get0_notAfter(certificate),
		&many->ret[at]);
	pthread_mutex_lock(&many->lock);
	ca_record(many->ca, certificate);
	pthread_mutex_unlock(&many->lock);
	learn(many, name, &identity, certificate);
	return true;
}

static bool add_pem(
	const char *label, const struct der *der, struct buffer *ret, struct error *reterr)
{
	size_t count;
	const unsigned char *bytes = der_bytes(der, &count);
	return pem_add(label, bytes, count, ret, reterr);
}

static bool write_files(const struct many *many, const struct pattern *pattern,
	const struct pattern_fields *fields, EVP_PKEY *key, struct maker *maker,
	struct issue_files *files, struct error *reterr)
{
	struct der *content = &maker->content, *whole = &maker->whole;
	return key_p256_encode(fields->key, &files->key, reterr) &&
	       pattern_write_request(pattern, fields, key, content, whole, reterr) &&
	       add_pem(PEM_STRING_X509_REQ, whole, &files->csr, reterr) &&
	       pattern_write_certificate(pattern, fields, many->ca, content, whole, reterr) &&
	       add_pem(PEM_STRING_X509, whole, &files->crt, reterr);
}

static bool new_serial(struct many *many, ASN1_INTEGER **ret, struct error *reterr)
{
	pthread_mutex_lock(&many->lock);
	bool ok = ca_new_serial(many->ca, ret, reterr);
	pthread_mutex_unlock(&many->lock);
	return ok;
}

static void record(
	struct many *many, const char *name, const ASN1_INTEGER *serial, const ASN1_TIME *not_after)
{
	OWN(X509_NAME) X509_NAME *subject = X509_NAME_new();
	if (!subject || !X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
				(const unsigned char *)name, -1, -1, 0))
		bug("out of memory for a subject");
	pthread_mutex_lock(&many->lock);
	ca_record_line(many->ca, serial, not_after, subject);
	pthread_mutex_unlock(&many->lock);
}

static bool make_by_pattern(struct many *many, const struct pattern *pattern, size_t at,
	const char *stem, struct maker *maker, struct error *reterr)
{
	OWN(char) char *cnf = NULL;
	OWN(GENERAL_NAMES) GENERAL_NAMES *names = NULL;
	OWN(EVP_PKEY) EVP_PKEY *key = NULL;
	OWN(ASN1_INTEGER) ASN1_INTEGER *serial = NULL;
	OWN(issue_files) struct issue_files files = { 0 };
	struct key_p256 pair;
	struct pattern_fields fields = { .name = many->names[at], .key = &pair };
	if (!issue_write_profile(many->wanted, fields.name, &cnf, &names, reterr) ||
		!key_make_by(maker->keys, &many->wanted->key_type, &key, reterr) ||
		!new_serial(many, &serial, reterr))
		return false;
	if (!key_p256_read(key, &pair))
		bug("a key is of another kind than the one before it");
	fields.serial = serial;
	fields.names = names;
	issue_files_begin(&files, cnf);
	bool ok = write_files(many, pattern, &fields, key, maker, &files, reterr) &&
		  issue_files_add(&files, stem, maker->set, reterr);
	OPENSSL_cleanse(&pair, sizeof pair);
	if (!ok)
		return false;
	const ASN1_TIME *not_after = X509_get0_notAfter(pattern_certificate(pattern));
	describe(serial, not_after, &many->ret[at]);
	record(many, fields.name, serial, not_after);
	return true;
}

/* A .cnf that is there already says what its certificate is: no pattern does. */
static bool make_one(struct many *many, const struct pattern *pattern, size_t at,
	struct maker *maker, struct error *reterr)
{
	OWN(char) char *stem = issue_stem(many->wanted, many->names[at]);
	OWN(char) char *cnf = issue_path(stem, "cnf");
	/* Once more, as the CA is locked now: what was free before may be taken. */
	if (!issue_check_target(many->ca, stem, many->wanted->force, reterr))
		return false;
	return pattern && !file_exists(cnf)
		       ? make_by_pattern(many, pattern, at, stem, maker, reterr)
		       : make_by_profile(many, at, TAKE(stem), maker, reterr);
}

static struct maker *maker_new(void)
{
	struct maker *maker = calloc(1, sizeof *maker);
	if (!maker)
		bug("out of memory");
	maker->set = file_set_new();
	file_set_many(maker->set);
	return maker;
}

static void maker_free(struct maker *maker)
{
	EVP_PKEY_CTX_free(maker->keys);
	file_set_free(maker->set);
	free(maker);
}
OWN_DEFINE(maker, struct maker, maker_free);

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
	OWN(maker) struct maker *maker = maker_new();
	bool ready = key_maker_new(&many->wanted->key_type, &maker->keys, &error);
	pthread_mutex_lock(&many->lock);
	if (!ready)
		note_end(many, false, &error);
	while (many->next < many->count && !many->failed) {
		size_t at = many->next++;
		const struct pattern *pattern = many->pattern;
		pthread_mutex_unlock(&many->lock);
		bool ok = make_one(many, pattern, at, maker, &error);
		pthread_mutex_lock(&many->lock);
		note_end(many, ok, &error);
	}
	file_set_join(many->set, maker->set);
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
	bool ok = run(&many, progress, context, reterr) && ca_save(ca, set, reterr);
	pattern_free(many.pattern);
	if (!ok)
		return false;
	file_set_join(set, files);
	return file_set_commit(set, true, reterr);
}
