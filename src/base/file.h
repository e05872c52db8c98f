/* Files: read with a cap, written whole or not at all, private ones 0600 from their first byte. */
#ifndef MTLS_BASE_FILE_H
#define MTLS_BASE_FILE_H

#include "base/buffer.h"

#include <stdbool.h>
#include <sys/types.h>

/* A certificate, key, CRL or configuration larger than this is not one. */
#define FILE_INPUT_BYTES_MAX ((size_t)16 << 20)

/*
 * Reads a whole regular file (or, for "-", standard input) into `ret`, whose bytes_max is the cap.
 * ERROR_INPUT when it is missing, unreadable, a folder or empty; ERROR_LIMIT when it is too large;
 * ERROR_IO when the disk fails, or there are no descriptors left.
 */
must_check bool file_read(const char *path, struct buffer *ret, struct error *reterr);

enum file_mode {
	FILE_PUBLIC = 0644,
	FILE_PRIVATE = 0600,
};

/*
 * Files written together. Each is made under a temporary name beside its target (O_CREAT|O_EXCL,
 * its mode from the first byte); file_set_commit flushes them to the disk and renames them all,
 * file_set_free removes what was not committed. A failure before the first rename changes nothing,
 * and a target that no file may replace, a folder or a device, fails when it is added.
 */
struct file_set;
struct file_set *file_set_new(void);
void file_set_free(struct file_set *set);
OWN_DEFINE(file_set, struct file_set, file_set_free);
must_check bool file_set_add(struct file_set *set, const char *path, enum file_mode mode,
	const void *data, size_t bytes, struct error *reterr);
/*
 * Begins to bring the files to the disk and returns at once; file_set_commit waits for it. For a
 * caller that has something else to do meanwhile, but nothing more to add.
 */
void file_set_flush(struct file_set *set);
/*
 * For thousands of files, each added once, into this empty set: none stays open, and commit brings
 * their whole file system to the disk at once (syncfs) instead of each file.
 */
void file_set_many(struct file_set *set);
/* Moves the files of `other`, behind those of `set`; for sets that threads filled side by side. No
 * path may be in both. */
void file_set_join(struct file_set *set, struct file_set *other);
/* For files that nobody needs after a power cut: they are not brought to the disk at all. */
void file_set_spare_disk(struct file_set *set);
/* With `replace` false a target that exists already is an error, and nothing is renamed. */
must_check bool file_set_commit(struct file_set *set, bool replace, struct error *reterr);

/* One file, replaced atomically. */
must_check bool file_write(const char *path, enum file_mode mode, const void *data, size_t bytes,
	struct error *reterr);

/* Makes the folder and its parents, 0755. */
must_check bool file_make_folder(const char *path, struct error *reterr);
bool file_exists(const char *path);
/* Removes from the folder what writers left that were killed: temporaries of ended processes. */
void file_sweep(const char *folder);
/* What stands behind the last slash; borrowed from `path`. */
const char *file_name(const char *path);

/* Waits for, and holds, an advisory lock on PATH (made 0600 if missing); close *ret_fd to release.
 */
must_check bool file_lock(const char *path, int *ret_fd, struct error *reterr);
/* The same on a folder itself: nothing is made in it. */
must_check bool file_lock_folder(const char *path, int *ret_fd, struct error *reterr);

#endif
