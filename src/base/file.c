/* Atomic, private and capped files. */
#include "base/file.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_all(int fd, const char *name, struct buffer *ret, struct error *reterr)
{
	for (;;) {
		size_t left = ret->bytes_max - ret->length;
		size_t wanted = left > 16384 ? 16384 : left;
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
			return error_errno(reterr, ERROR_INPUT, "cannot read '%s'", name);
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
		return error_errno(reterr, ERROR_INPUT, "cannot read '%s'", path);
	struct stat about;
	bool ok = true;
	if (!standard_input && fstat(fd, &about) == 0 && S_ISDIR(about.st_mode))
		ok = error_set(
			reterr, ERROR_INPUT, "cannot read '%s': it is a folder, not a file", path);
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
	bool renamed;
};

struct file_set {
	struct entry *entries;
	size_t count;
};

struct file_set *file_set_new(void)
{
	struct file_set *set = calloc(1, sizeof *set);
	if (!set)
		bug("out of memory");
	return set;
}

void file_set_free(struct file_set *set)
{
	for (size_t i = 0; set && i < set->count; i++) {
		struct entry *entry = &set->entries[i];
		if (entry->fd >= 0)
			close(entry->fd);
		if (!entry->renamed)
			unlink(entry->temporary);
		free(entry->path);
		free(entry->temporary);
	}
	if (set)
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

bool file_set_add(struct file_set *set, const char *path, enum file_mode mode, const void *data,
	size_t bytes, struct error *reterr)
{
	/* A later content for the same path takes the place of the earlier. */
	for (size_t i = 0; i < set->count; i++) {
		struct entry *entry = &set->entries[i];
		if (strcmp(entry->path, path) != 0)
			continue;
		if (ftruncate(entry->fd, 0) != 0 || lseek(entry->fd, 0, SEEK_SET) != 0 ||
			fchmod(entry->fd, (mode_t)mode) != 0 || !write_all(entry->fd, data, bytes))
			return error_errno(reterr, ERROR_IO, "cannot write '%s'", path);
		return true;
	}
	/* A stale temporary of a killed process with our id must not stop us. */
	OWN(char) char *temporary = text_format("%s.%ld.%zu.tmp", path, (long)getpid(), set->count);
	unlink(temporary);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
	if (fd < 0)
		return error_errno(reterr, ERROR_IO, "cannot write '%s'", path);
	struct entry *entries = realloc(set->entries, (set->count + 1) * sizeof *entries);
	if (!entries)
		bug("out of memory");
	set->entries = entries;
	entries[set->count++] =
		(struct entry){ .path = text_copy(path), .temporary = TAKE(temporary), .fd = fd };
	if (!write_all(fd, data, bytes))
		return error_errno(reterr, ERROR_IO, "cannot write '%s'", path);
	return true;
}

static bool flush_folder(const char *path)
{
	OWN(char) char *folder = text_copy(path);
	char *slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = 0;
	int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

bool file_set_commit(struct file_set *set, bool replace, struct error *reterr)
{
	for (size_t i = 0; i < set->count; i++) {
		struct entry *entry = &set->entries[i];
		if (!replace && file_exists(entry->path))
			return error_set(reterr, ERROR_IO, "cannot write '%s': it exists already",
				entry->path);
		int flushed = fsync(entry->fd), closed = close(entry->fd);
		entry->fd = -1;
		if (flushed || closed)
			return error_errno(reterr, ERROR_IO, "cannot write '%s'", entry->path);
	}
	for (size_t i = 0; i < set->count; i++) {
		struct entry *entry = &set->entries[i];
		if (rename(entry->temporary, entry->path) != 0)
			return error_errno(reterr, ERROR_IO, "cannot write '%s'", entry->path);
		entry->renamed = true;
	}
	if (set->count && !flush_folder(set->entries[0].path))
		return error_errno(reterr, ERROR_IO, "cannot write '%s'", set->entries[0].path);
	return true;
}

bool file_write(
	const char *path, enum file_mode mode, const void *data, size_t bytes, struct error *reterr)
{
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

bool file_exists(const char *path)
{
	struct stat about;
	return lstat(path, &about) == 0;
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
