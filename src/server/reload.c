/* From changed files to a new snapshot, or to a loud no. */
#include "server/reload.h"

#include "server/record.h"
#include "server/warn.h"

/* A certificate and its key, or a folder of files, are rarely written at one moment. */
#define SETTLE_MS 200
/* Files that change while they are read are read again, but not for ever. */
#define ATTEMPTS_MAX 5
#define FOLDERS_MAX 32

struct reload {
	struct net_loop *loop;
	const struct reload_files *files;
	const struct log *log;
	reload_publish *publish;
	void *context;
	struct snapshot *current;
	unsigned char digest[TLS_DIGEST_BYTES]; /* of what the current one was loaded from */
	struct net_timer *settle;
	struct net_watch *watches[FOLDERS_MAX];
	char *folders[FOLDERS_MAX];
	size_t folders_count;
	struct notes unwatched;
	char said[ERROR_TEXT_BYTES]; /* the last refusal: a file that stays bad is told once */
	struct reload_counts counts;
};

/* ---- Loading ---- */

/* A snapshot and the digest of the very bytes that it was made from. */
static bool load(struct reload *reload, unsigned char digest[static TLS_DIGEST_BYTES],
	struct snapshot **ret, struct error *reterr)
{
	unsigned long long number = reload->current ? reload->current->number + 1 : 1;
	for (int i = 0; i < ATTEMPTS_MAX; i++) {
		unsigned char after[TLS_DIGEST_BYTES];
		OWN(snapshot) struct snapshot *snapshot = NULL;
		struct error ignored; /* a missing file is told better by whoever needs it */
		bool before = tls_options_digest(
			&reload->files->tls, reload->files->policy_path, digest, &ignored);
		if (!snapshot_load(&reload->files->tls, reload->files->policy_path, number,
			    &snapshot, reterr))
			return false;
		if (!before ||
			!tls_options_digest(
				&reload->files->tls, reload->files->policy_path, after, &ignored) ||
			memcmp(digest, after, sizeof after) != 0)
			continue;
		*ret = TAKE(snapshot);
		return true;
	}
	return error_set(reterr, ERROR_INPUT, "the files change faster than they can be read");
}

static size_t take(struct reload *reload, struct snapshot *snapshot, const unsigned char *digest)
{
	snapshot_free(reload->current);
	reload->current = snapshot;
	memcpy(reload->digest, digest, sizeof reload->digest);
	return reload->publish(reload->context, snapshot);
}

static bool is_unchanged(const struct reload *reload)
{
	unsigned char digest[TLS_DIGEST_BYTES];
	struct error error;
	return tls_options_digest(
		       &reload->files->tls, reload->files->policy_path, digest, &error) &&
	       !memcmp(digest, reload->digest, sizeof digest);
}

static void record_refusal(struct reload *reload, const char *why, const struct error *error)
{
	char since[CLOCK_RFC3339_BYTES];
	clock_rfc3339(reload->current->loaded_at, since);
	record_line(reload->log, LOG_ERROR, "reload-refused",
		json_pack("{s:s, s:s, s:s, s:s, s:s}", "by", why, "code",
			error->code == CODE_NONE ? "unknown" : code_name(error->code), "why",
			error->text, "hint", error_advice(error), "serving-since", since),
		"RELOAD REFUSED | by=%s%s%s | why=%s | still serving what was loaded at %s", why,
		error->code == CODE_NONE ? "" : " | code=",
		error->code == CODE_NONE ? "" : code_name(error->code), error->text, since);
}

/* What was revoked may still be served where the files before count: that is said, loudly. */
static void record_late(const struct reload *reload, const char *why, size_t late)
{
	if (late)
		record_line(reload->log, LOG_ERROR, "reload-late",
			json_pack("{s:s, s:I, s:I}", "by", why, "snapshot",
				(json_int_t)reload->current->number, "late", (json_int_t)late),
			"RELOAD LATE | by=%s | snapshot=%llu | late=%zu | WARNING: so many workers "
			"have not taken it up after %d s, and judge by what was loaded before",
			why, reload->current->number, late, RELOAD_LATE_MS / 1000);
}

bool reload_now(struct reload *reload, const char *why, struct reloaded *ret, struct error *reterr)
{
	unsigned char digest[TLS_DIGEST_BYTES];
	struct snapshot *snapshot = NULL;
	const char *policy = reload->files->policy_path;
	/* What it includes is in no digest: who asks has it read. */
	if (is_unchanged(reload) && !(policy && policy_includes(policy))) {
		reload->counts.unchanged++;
		reload->said[0] = 0;
		record_line(reload->log, LOG_INFO, "reload-unchanged",
			json_pack("{s:s}", "by", why), "RELOAD | by=%s | no file has changed", why);
		*ret = (struct reloaded){ .late = reload->publish(
						  reload->context, reload->current) };
		record_late(reload, why, ret->late);
		return true;
	}
	if (!load(reload, digest, &snapshot, reterr)) {
		reload->counts.refused++;
		record_refusal(reload, why, reterr);
		snprintf(reload->said, sizeof reload->said, "%s", reterr->text);
		return false;
	}
	reload->counts.done++;
	reload->said[0] = 0;
	*ret = (struct reloaded){ true, take(reload, snapshot, digest) };
	record_line(reload->log, LOG_INFO, "reloaded",
		json_pack("{s:s, s:I}", "by", why, "snapshot", (json_int_t)snapshot->number),
		"RELOAD | by=%s | snapshot=%llu", why, snapshot->number);
	record_late(reload, why, ret->late);
	warn_about_files(reload->log, &reload->files->tls, reload->current->tls);
	return true;
}

/* ---- Noticing ---- */

static void settled(void *context)
{
	struct reload *reload = context;
	unsigned char digest[TLS_DIGEST_BYTES];
	struct error error;
	struct snapshot *snapshot = NULL;
	struct reloaded reloaded;
	/* First this: what changes while we read is noticed again. */
	for (size_t i = 0; i < reload->folders_count; i++)
		net_watch_again(reload->watches[i]);
	if (is_unchanged(reload)) {
		reload->said[0] = 0;
		return; /* somebody else's file in the same folder */
	}
	/* Bad files that are still as bad as they were said to be. */
	if (reload->said[0] && !load(reload, digest, &snapshot, &error) &&
		!strcmp(reload->said, error.text))
		return;
	snapshot_free(snapshot);
	if (!reload_now(reload, "file change", &reloaded, &error))
		return; /* it has been told */
}

/* A folder that is never quiet (a log is written there) wakes us once, and is looked at then. */
static void something_changed(void *context)
{
	struct reload *reload = context;
	net_timer_start(reload->settle, SETTLE_MS);
}

static char *folder_of(const char *path)
{
	size_t bytes = (size_t)(file_name(path) - path);
	return bytes ? text_format("%.*s", (int)bytes, path) : text_copy(".");
}

static void watch(struct reload *reload, const char *path)
{
	struct error error;
	OWN(char) char *folder = path ? folder_of(path) : NULL;
	for (size_t i = 0; folder && i < reload->folders_count; i++)
		if (!strcmp(folder, reload->folders[i]))
			return;
	if (!folder || reload->folders_count == FOLDERS_MAX)
		return;
	size_t slot = reload->folders_count;
	if (net_watch_new(reload->loop, folder, something_changed, reload, &reload->watches[slot],
		    &error)) {
		reload->folders[slot] = TAKE(folder);
		reload->folders_count++;
		return;
	}
	notes_add(&reload->unwatched, "%s", error.text);
}

static void watch_all(struct reload *reload)
{
	const struct tls_options *tls = &reload->files->tls;
	watch(reload, tls->cert);
	watch(reload, tls->key);
	watch(reload, reload->files->policy_path);
	for (size_t i = 0; i < tls->ca_count; i++)
		watch(reload, tls->ca[i]);
	for (size_t i = 0; i < tls->crl_count; i++)
		watch(reload, tls->crl[i]);
}

/* Once there is a server to speak of: of a folder that is not there, loading speaks better. */
static void tell_unwatched(const struct reload *reload)
{
	for (size_t i = 0; i < reload->unwatched.count; i++)
		record_line(reload->log, LOG_WARNING, "watch", NULL,
			"WARNING: changes will not be noticed by themselves: %s",
			reload->unwatched.texts[i]);
}

/* ---- Life ---- */

bool reload_new(struct net_loop *loop, const struct reload_files *files, const struct log *log,
	reload_publish *publish, void *context, struct reload **ret, struct error *reterr)
{
	OWN(reload) struct reload *reload = calloc(1, sizeof *reload);
	if (!reload)
		bug("out of memory for reloading");
	*reload = (struct reload){
		.loop = loop, .files = files, .log = log, .publish = publish, .context = context
	};
	unsigned char digest[TLS_DIGEST_BYTES];
	struct snapshot *snapshot = NULL;
	reload->settle = net_timer_new(loop, settled, reload);
	/* What changes from here on is noticed, be it while the first is loaded. */
	watch_all(reload);
	if (!load(reload, digest, &snapshot, reterr))
		return false;
	(void)take(reload, snapshot, digest); /* nobody serves yet */
	tell_unwatched(reload);
	*ret = TAKE(reload);
	return true;
}

void reload_free(struct reload *reload)
{
	if (!reload)
		return;
	for (size_t i = 0; i < reload->folders_count; i++) {
		net_watch_free(reload->watches[i]);
		free(reload->folders[i]);
	}
	notes_done(&reload->unwatched);
	net_timer_free(reload->settle);
	snapshot_free(reload->current);
	free(reload);
}

struct snapshot *reload_current(const struct reload *reload)
{
	return reload->current;
}

struct reload_counts reload_counts(const struct reload *reload)
{
	return reload->counts;
}
