/* Atomic, private and capped files. */
#include "base/file.h"

#include "base/list.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FLUSHERS_MAX = 7 /* besides the calling thread */ };

#define PIECE_BYTES ((size_t)16384)

/* A file that is not there or not ours is the caller's mistake; the machine's is not. */
static bool cannot_read(const char *name, struct error *reterr)
{
	bool machine = errno == EIO || errno == EMFILE || errno == ENFILE || errno == ENOMEM;
	return error_errno(reterr, machine ? ERROR_IO : ERROR_INPUT, "cannot read '%s'", name);
}

/* Into the room that there is, so that a small file needs no more, to be wiped, than its size. */
static bool read_all(int fd, const char *name, struct buffer *ret, struct error *reterr)
{
	for (;;) {
		size_t left = ret->bytes_max - ret->length;
		size_t free_bytes = ret->capacity > ret->length + 1
					    ? ret->capacity - ret->length - 1
					    : PIECE_BYTES;
		size_t wanted = left > free_bytes ? free_bytes : left;
		char *room, beyond;
		if (!wanted) {
			if (read(fd, &beyond, 1) <= 0)
				return true;
			return error_set(reterr, ERROR_LIMIT,
				"cannot read '%s': it is larger than %zu bytes", name,
				ret->bytes_max);
		}
		if (!buffer_reserve(ret, wanted, &room, reterr))
			return false;
		ssize_t got = read(fd, room, wanted);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return cannot_read(name, reterr);
		if (!got)
			return true;
		ret->length += (size_t)got;
		ret->data[ret->length] = 0;
	}
}

bool file_read(const char *path, struct buffer *ret, struct error *reterr)
{
	bool standard_input = !strcmp(path, "-");
	int fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return cannot_read(path, reterr);
	struct stat about = { 0 };
	char *ignored;
	bool ok = true;
	if (!standard_input && fstat(fd, &about) == 0 && S_ISDIR(about.st_mode))
		ok = error_set(
			reterr, ERROR_INPUT, "cannot read '%s': it is a folder, not a file", path);
	/* And one byte, to meet the end in. */
	else if (S_ISREG(about.st_mode) && about.st_size < (off_t)PIECE_BYTES &&
		 (size_t)about.st_size < ret->bytes_max)
		ok = buffer_reserve(ret, (size_t)about.st_size + 1, &ignored, reterr);
	ok = ok && read_all(fd, standard_input ? "standard input" : path, ret, reterr);
	if (ok && !ret->length)
		ok = error_set(reterr, ERROR_INPUT, "cannot use '%s': it is empty", path);
	if (!standard_input)
		close(fd);
	if (!ok)
		buffer_done(ret);
	return ok;
}

struct entry {
	char *path, *temporary;
	int fd;
	int failed; /* errno: why it did not reach the disk */
	bool renamed;
};

struct file_set {
	struct entry *entries;
	size_t count;
	pthread_t flushers[FLUSHERS_MAX];
	size_t flushers_count;
	bool flushing;
	bool spare_disk, many;
	atomic_size_t flushed; /* how many entries a thread has taken on */
};

struct file_set *file_set_new(void)
{
	struct file_set *set = calloc(1, sizeof *set);
	if (!set)
		bug("out of memory");
	return set;
}

static void *flush_entries(void *context)
{
	struct file_set *set = context;
	for (size_t i; (i = atomic_fetch_add(&set->flushed, 1)) < set->count;)
		if (fsync(set->entries[i].fd) != 0)
			set->entries[i].failed = errno;
	return NULL;
}

/*
 * Side by side, as then the file system commits its journal once for many files: the 18 files of a
 * set of certificates take 2 ms so, and 5 ms one after another (ext4).
 */
static void begin_flush(struct file_set *set, size_t threads_max)
{
	atomic_store(&set->flushed, 0);
	set->flushing = true;
	while (set->flushers_count < FLUSHERS_MAX && set->flushers_count < threads_max &&
		pthread_create(&set->flushers[set->flushers_count], NULL, flush_entries, set) == 0)
		set->flushers_count++;
}

void file_set_flush(struct file_set *set)
{
	begin_flush(set, set->count);
}

/* What no thread has taken on is left to the calling one. */
static void end_flush(struct file_set *set)
{
	if (!set->flushing)
		return;
	flush_entries(set);
	while (set->flushers_count)
		pthread_join(set->flushers[--set->flushers_count], NULL);
	set->flushing = false;
}

void file_set_many(struct file_set *set)
{
	set->many = true;
}

void file_set_free(struct file_set *set)
{
	if (!set)
		return;
	end_flush(set);
	for (size_t i = 0; i < set->count; i++) {
		struct entry *entry = &set->entries[i];
		if (entry->fd >= 0)
			close(entry->fd);
		if (!entry->renamed)
			unlink(entry->temporary);
		free(entry->path);
		free(entry->temporary);
	}
	free(set->entries);
	free(set);
}

static bool write_all(int fd, const char *data, size_t bytes)
{
	while (bytes) {
		ssize_t written = write(fd, data, bytes);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return false;
		data += written;
		bytes -= (size_t)written;
	}
	return true;
}

static struct entry *find_entry(struct file_set *set, const char *path)
{
	for (size_t i = 0; i < set->count; i++)
		if (!strcmp(set->entries[i].path, path))
			return &set->entries[i];
	return NULL;
}

static struct entry *new_entry(struct file_set *set)
{
	set->entries = list_grow(set->entries, set->count, sizeof *set->entries, "files");
	return &set->entries[set->count++];
}

/* NULL: errno says why. */
static struct entry *begin_entry(struct file_set *set, const char *path, enum file_mode mode)
{
	OWN(char)
	char *temporary = text_format("%s.%ld.%zu.tmp", path, (long)getpid(), set->count);
	static const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
	int fd = open(temporary, flags, (mode_t)mode);
	/* A stale temporary of a killed process with our id must not stop us. */
	if (fd < 0 && errno == EEXIST && unlink(temporary) == 0)
		fd = open(temporary, flags, (mode_t)mode);
	if (fd < 0)
		return NULL;
	struct entry *entry = new_entry(set);
	*entry = (struct entry){ .path = text_copy(path), .temporary = TAKE(temporary), .fd = fd };
	return entry;
}

static bool cannot_write(const char *path, struct error *reterr)
{
	int folder_bytes = (int)(file_name(path) - path) - 1;
	error_errno(reterr, ERROR_IO, "cannot write '%s'", path);
	if (reterr->system == ENOENT && folder_bytes > 0)
		error_hint(reterr, "make its folder first: mkdir -p '%.*s'", folder_bytes, path);
	return false;
}

enum target {
	TARGET_FREE, /* nothing, or what a file may replace */
	TARGET_FOLDER,
	TARGET_SPECIAL, /* a device, pipe or socket: a file in its place would take it from all */
};

/* What lies in /dev is judged by what it leads to, as /dev/stdout is a link. */
static enum target target_of(const char *path)
{
	bool device = !strncmp(path, "/dev/", 5);
	struct stat about;
	if ((device ? stat(path, &about) : lstat(path, &about)) != 0)
		return TARGET_FREE;
	if (S_ISDIR(about.st_mode))
		return TARGET_FOLDER;
	return device || (!S_ISREG(about.st_mode) && !S_ISLNK(about.st_mode)) ? TARGET_SPECIAL
									      : TARGET_FREE;
}

/* Now, as the rename that found a folder would be too late for the files before it. */
static bool can_replace(const char *path, struct error *reterr)
{
	enum target target = target_of(path);
	if (target == TARGET_SPECIAL)
		return error_set(reterr, ERROR_IO,
			"cannot write '%s': it is a device, pipe or socket, which a file would "
			"replace",
			path);
	errno = EISDIR;
	return target == TARGET_FREE || cannot_write(path, reterr);
}

bool file_set_add(struct file_set *set, const char *path, enum file_mode mode, const void *data,
	size_t bytes, struct error *reterr)
{
	end_flush(set);
	/* A later content for the same path takes the place of the earlier. */
	struct entry *entry = set->many ? NULL : find_entry(set, path);
	if (entry && (ftruncate(entry->fd, 0) != 0 || lseek(entry->fd, 0, SEEK_SET) != 0 ||
			     fchmod(entry->fd, (mode_t)mode) != 0))
		return cannot_write(path, reterr);
	if (!entry) {
		if (!can_replace(path, reterr))
			return false;
		entry = begin_entry(set, path, mode);
		if (!entry)
			return cannot_write(path, reterr);
	}
	bool ok = write_all(entry->fd, data, bytes);
	if (set->many) {
		ok = close(entry->fd) == 0 && ok;
		entry->fd = -1;
	}
	return ok || cannot_write(path, reterr);
}

void file_set_join(struct file_set *set, struct file_set *other)
{
	end_flush(set);
	end_flush(other);
	for (size_t i = 0; i < other->count; i++)
		*new_entry(set) = other->entries[i];
	other->count = 0;
}

static bool flush_folder(const char *path, int flush(int fd))
{
	OWN(char) char *folder = text_copy(path);
	char *slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = 0;
	int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && flush(fd) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

/* Each folder once. */
static bool flush_folders(const struct file_set *set, int flush(int fd), struct error *reterr)
{
	for (size_t i = 0; i < set->count; i++) {
		const char *path = set->entries[i].path, *slash = strrchr(path, '/');
		size_t bytes = slash ? (size_t)(slash - path) + 1 : 0;
		bool seen = false;
		for (size_t j = 0; j < i && !seen; j++)
			seen = !strncmp(set->entries[j].path, path, bytes) &&
			       !strchr(set->entries[j].path + bytes, '/');
		if (!seen && !flush_folder(path, flush))
			return cannot_write(path, reterr);
	}
	return true;
}

void file_set_spare_disk(struct file_set *set)
{
	set->spare_disk = true;
}

bool file_set_commit(struct file_set *set, bool replace, struct error *reterr)
{
	if (set->many && !set->spare_disk && !flush_folders(set, syncfs, reterr))
		return false;
	if (!set->flushing && set->count && !set->spare_disk && !set->many)
		begin_flush(set, set->count - 1);
	end_flush(set);
	for (size_t i = 0; i < set->count; i++) {
		struct entry *entry = &set->entries[i];
		if (!replace && file_exists(entry->path))
			return error_set(reterr, ERROR_IO, "cannot write '%s': it exists already",
				entry->path);
		int closed = entry->fd < 0 ? 0 : close(entry->fd);
		entry->fd = -1;
		if (entry->failed)
			errno = entry->failed;
		if (entry->failed || closed)
			return cannot_write(entry->path, reterr);
	}
	for (size_t i = 0; i < set->count; i++) {
		struct entry *entry = &set->entries[i];
		if (rename(entry->temporary, entry->path) != 0)
			return cannot_write(entry->path, reterr);
		entry->renamed = true;
	}
	/* The renames become durable with their folder. */
	return set->spare_disk || flush_folders(set, fsync, reterr);
}

static bool write_special(const char *path, const void *data, size_t bytes, struct error *reterr)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	bool ok = fd >= 0 && write_all(fd, data, bytes);
	if (!ok)
		cannot_write(path, reterr);
	if (fd >= 0)
		close(fd);
	return ok;
}

bool file_write(
	const char *path, enum file_mode mode, const void *data, size_t bytes, struct error *reterr)
{
	if (target_of(path) == TARGET_SPECIAL)
		return write_special(path, data, bytes, reterr);
	OWN(file_set) struct file_set *set = file_set_new();
	return file_set_add(set, path, mode, data, bytes, reterr) &&
	       file_set_commit(set, true, reterr);
}

bool file_make_folder(const char *path, struct error *reterr)
{
	OWN(char) char *walk = text_copy(path);
	for (char *slash = walk;;) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = 0;
		struct stat about;
		if (mkdir(walk, 0755) != 0 &&
			(errno != EEXIST || stat(walk, &about) != 0 || !S_ISDIR(about.st_mode)))
			return error_errno(reterr, ERROR_IO, "cannot make the folder '%s'", walk);
		if (!slash)
			return true;
		*slash = '/';
	}
}

/* The process of "NAME.PROCESS.NUMBER.tmp", as begin_entry names them; 0: it is another file. */
static long temporary_of(const char *name)
{
	static const char digits[] = "0123456789";
	size_t bytes = strlen(name), number = 0, process = 0;
	if (bytes < 4 || strcmp(name + bytes - 4, ".tmp") != 0)
		return 0;
	const char *at = name + bytes - 4;
	while (at > name && strchr(digits, at[-1]))
		at--, number++;
	if (!number || at == name || *--at != '.')
		return 0;
	while (at > name && strchr(digits, at[-1]))
		at--, process++;
	if (!process || process > 10 || at == name || at[-1] != '.')
		return 0;
	return strtol(at, NULL, 10);
}

void file_sweep(const char *folder)
{
	DIR *directory = opendir(folder);
	if (!directory)
		return;
	for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		long process = temporary_of(entry->d_name);
		if (process > 0 && process <= INT_MAX && kill((pid_t)process, 0) != 0 &&
			errno == ESRCH)
			unlinkat(dirfd(directory), entry->d_name, 0);
	}
	closedir(directory);
}

bool file_exists(const char *path)
{
	struct stat about;
	return lstat(path, &about) == 0;
}

const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static bool lock_open(int fd, const char *path, int *ret_fd, struct error *reterr)
{
	if (fd < 0)
		return error_errno(reterr, ERROR_IO, "cannot lock '%s'", path);
	while (flock(fd, LOCK_EX) != 0)
		if (errno != EINTR) {
			error_errno(reterr, ERROR_IO, "cannot lock '%s'", path);
			close(fd);
			return false;
		}
	*ret_fd = fd;
	return true;
}

bool file_lock(const char *path, int *ret_fd, struct error *reterr)
{
	return lock_open(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), path, ret_fd, reterr);
}

bool file_lock_folder(const char *path, int *ret_fd, struct error *reterr)
{
	return lock_open(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), path, ret_fd, reterr);
}
