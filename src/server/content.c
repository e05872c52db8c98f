/* Files under device, inode, size and both times, the second of which nobody can set back. */
#include "server/content.h"

#include "base/base.h"

#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

struct version {
	uint64_t device, inode, bytes;
	int64_t modified, modified_ns, changed, changed_ns;
};

struct content {
	atomic_uint references;
	struct version version;
	char *bytes; /* NULL: it was asked for once */
};

static struct version version_of(const struct stat *stat)
{
	return (struct version){ stat->st_dev, stat->st_ino, (uint64_t)stat->st_size,
		stat->st_mtim.tv_sec, stat->st_mtim.tv_nsec, stat->st_ctim.tv_sec,
		stat->st_ctim.tv_nsec };
}

static bool is_content(const void *value, const void *key, size_t key_bytes)
{
	return !memcmp(&((const struct content *)value)->version, key, key_bytes);
}

static void hold(void *value)
{
	atomic_fetch_add(&((struct content *)value)->references, 1);
}

void content_release(void *value)
{
	struct content *content = value;
	if (atomic_fetch_sub(&content->references, 1) > 1)
		return;
	free(content->bytes);
	free(content);
}

/* A contents is the cache itself: what it holds needs nothing besides. */
struct contents *contents_new(void)
{
	static const struct cache_kind kind = { is_content, hold, content_release };
	return (struct contents *)cache_new(CONTENTS_MAX, &kind);
}

void contents_free(struct contents *contents)
{
	cache_free((struct cache *)contents);
}

const char *content_bytes(const struct content *content)
{
	return content->bytes;
}

/* All of it; NULL when it is shorter by now, or cannot be read: then who sends it will say so. */
static char *read_all(int fd, size_t count)
{
	OWN(char) char *bytes = malloc(count);
	if (!bytes)
		bug("out of memory for a file of %zu bytes", count);
	for (size_t at = 0; at < count;) {
		ssize_t got = pread(fd, bytes + at, count - at, (off_t)at);
		if (got <= 0)
			return NULL;
		at += (size_t)got;
	}
	return TAKE(bytes);
}

static void keep(struct contents *contents, const struct version *version, char *bytes)
{
	struct content *content = malloc(sizeof *content);
	if (!content)
		bug("out of memory for a file's version");
	*content = (struct content){ .version = *version, .bytes = bytes };
	atomic_init(&content->references, 1);
	cache_put((struct cache *)contents, &content->version, sizeof content->version, content);
}

struct content *contents_get(struct contents *contents, int fd, const struct stat *stat, time_t at)
{
	const struct version version = version_of(stat);
	struct stat after;
	if (!version.bytes || version.bytes > CONTENT_BYTES_MAX)
		return NULL;
	/* A time in the future tells no age. */
	if (at - CONTENT_YOUNG_S <= version.changed || at - CONTENT_YOUNG_S <= version.modified)
		return NULL;
	struct content *content = cache_get((struct cache *)contents, &version, sizeof version);
	if (content && content->bytes)
		return content;
	if (!content) {
		keep(contents, &version, NULL);
		return NULL;
	}
	content_release(content);
	OWN(char) char *bytes = read_all(fd, version.bytes);
	if (!bytes || fstat(fd, &after))
		return NULL;
	/* A writer changes the times first, the bytes then. */
	const struct version now = version_of(&after);
	if (memcmp(&now, &version, sizeof now) != 0)
		return NULL;
	keep(contents, &version, TAKE(bytes));
	return cache_get((struct cache *)contents, &version, sizeof version);
}
