/*
 * The walk from the root to a file, one component at a time on descriptors that are held, so that
 * nobody can swap a folder for a link in between. Links are followed by hand: each name on the way
 * is checked like one in a request, which openat2's RESOLVE_BENEATH would not do for dot files.
 * Devices and FIFOs are never opened: opening alone can block, rewind a tape or answer a writer.
 */
#include "server/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <unistd.h>

#define DEPTH_MAX 64
#define LINKS_MAX 8

/* x.key, and what is made of it: x.key.old, x.key~, or x.key.4711.0.tmp while it is written. */
static bool is_secret(const char *name, size_t bytes)
{
	static const char *const secret[] = { ".key", ".pfx", ".p12", ".pass" };
	for (size_t at = 0; at < bytes; at++)
		for (size_t i = 0; i < sizeof secret / sizeof *secret; i++) {
			size_t end = at + strlen(secret[i]);
			if (end <= bytes && !strncasecmp(name + at, secret[i], end - at) &&
				(end == bytes || strchr(".~-_", name[end])))
				return true;
		}
	return false;
}

static bool serves_name(const char *name, size_t bytes)
{
	if (!bytes || *name == '.')
		return false;
	for (size_t i = 0; i < bytes; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f || name[i] == '\\' ||
			name[i] == '/')
			return false;
	return !is_secret(name, bytes);
}

bool folder_serves(const struct files *files, int folder, const char *name)
{
	struct stat about;
	const struct kept_back *store = &files->store;
	return serves_name(name, strlen(name)) &&
	       (!store->name || strncmp(name, store->name, strlen(store->name)) != 0 ||
		       (fstat(folder, &about) == 0 &&
			       (about.st_ino != store->folder || about.st_dev != store->device)));
}

bool folder_decode(const char *path, char ret[static FOLDER_PATH_BYTES])
{
	char decoded[FOLDER_PATH_BYTES];
	size_t length = 0, name = 0;
	if (*path++ != '/')
		return false;
	for (; *path; path++) {
		char byte = *path;
		if (length == sizeof decoded - 1)
			return false;
		if (byte == '/') {
			/* Also refuses "//", of which a redirect would make another host. */
			if (!serves_name(decoded + name, length - name))
				return false;
			name = length + 1;
		} else if (byte == '%') {
			int high = text_hex_value(path[1]);
			int low = high < 0 ? -1 : text_hex_value(path[2]);
			if (low < 0)
				return false;
			byte = (char)(high << 4 | low);
			if (byte == '/')
				return false;
			path += 2;
		}
		decoded[length++] = byte;
	}
	if (length > name && !serves_name(decoded + name, length - name))
		return false;
	decoded[length] = 0;
	memcpy(ret, decoded, length + 1);
	return true;
}

/* ---- The walk ---- */

struct walk {
	const struct files *files;
	int folders[DEPTH_MAX]; /* from the root, which is borrowed, to where we are */
	size_t depth;
	size_t links;
	char rest[FOLDER_PATH_BYTES]; /* what is still to be walked */
};

static void leave_all(struct walk *walk)
{
	while (walk->depth > 1)
		close(walk->folders[--walk->depth]);
}

/* Puts a link's target in front of what is left to walk. */
static int follow(struct walk *walk, const char *name, const char *rest)
{
	char target[FOLDER_PATH_BYTES];
	ssize_t bytes = readlinkat(walk->folders[walk->depth - 1], name, target, sizeof target - 1);
	if (bytes <= 0 || ++walk->links > LINKS_MAX || *target == '/')
		return ENOENT;
	size_t rest_bytes = strlen(rest);
	if ((size_t)bytes + 1 + rest_bytes >= sizeof walk->rest)
		return ENOENT;
	memmove(walk->rest + bytes + 1, rest, rest_bytes + 1);
	memcpy(walk->rest, target, (size_t)bytes);
	walk->rest[bytes] = '/';
	if (!rest_bytes)
		walk->rest[bytes] = 0;
	return 0;
}

/* From the folder that the walk is in; -1 and errno. No client gets one of the last descriptors. */
static int open_here(const struct walk *walk, const char *name, int flags)
{
	int fd = openat(walk->folders[walk->depth - 1], name, O_RDONLY | O_CLOEXEC | flags);
	if (fd < 0 || !descriptors_scarce(fd))
		return fd;
	close(fd);
	errno = EMFILE;
	return -1;
}

static int enter(struct walk *walk, const char *name)
{
	if (walk->depth == DEPTH_MAX)
		return ENOENT;
	int fd = open_here(walk, name, O_DIRECTORY | O_NOFOLLOW);
	if (fd < 0)
		return errno;
	walk->folders[walk->depth++] = fd;
	return 0;
}

static int open_file(const struct walk *walk, const char *name, struct opened *ret)
{
	struct opened opened;
	opened.fd = open_here(walk, name, O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (opened.fd < 0)
		return errno;
	/* Looked at again: it may have been replaced since. */
	if (fstat(opened.fd, &opened.stat) || !S_ISREG(opened.stat.st_mode)) {
		close(opened.fd);
		return ENOENT;
	}
	*ret = opened;
	return 0;
}

/* The folder that the walk ended in, on a descriptor of its own. */
static int open_folder(const struct walk *walk, struct opened *ret)
{
	struct opened opened;
	opened.fd = open_here(walk, ".", O_DIRECTORY);
	if (opened.fd < 0)
		return errno;
	if (fstat(opened.fd, &opened.stat)) {
		close(opened.fd);
		return ENOENT;
	}
	*ret = opened;
	return 0;
}

/* One component. *ret_file says that it was a file, which is open now. */
static int step(
	struct walk *walk, const char *name, const char *rest, bool *ret_file, struct opened *ret)
{
	struct stat stat;
	if (!strcmp(name, "."))
		return 0;
	if (!strcmp(name, "..")) { /* only a link can say this: folder_decode refuses it */
		if (walk->depth == 1)
			return ENOENT;
		close(walk->folders[--walk->depth]);
		return 0;
	}
	if (!folder_serves(walk->files, walk->folders[walk->depth - 1], name))
		return ENOENT;
	if (fstatat(walk->folders[walk->depth - 1], name, &stat, AT_SYMLINK_NOFOLLOW))
		return errno;
	if (S_ISLNK(stat.st_mode))
		return follow(walk, name, rest);
	if (S_ISDIR(stat.st_mode))
		return enter(walk, name);
	if (!S_ISREG(stat.st_mode) || *rest)
		return ENOENT;
	*ret_file = true;
	return open_file(walk, name, ret);
}

int folder_open(const struct files *files, const char *path, struct opened *ret)
{
	struct walk walk = { .files = files, .folders = { files->root }, .depth = 1 };
	bool file = false;
	int failure = 0;
	size_t length = strlen(path);
	bool folder_wanted = length && path[length - 1] == '/';
	memcpy(walk.rest, path, length + 1);
	while (!failure && !file && *walk.rest) {
		char name[NAME_MAX + 1];
		size_t bytes = strcspn(walk.rest, "/");
		if (bytes > NAME_MAX) {
			failure = ENOENT;
			break;
		}
		memcpy(name, walk.rest, bytes);
		name[bytes] = 0;
		const char *rest = walk.rest + bytes;
		rest += strspn(rest, "/");
		memmove(walk.rest, rest, strlen(rest) + 1);
		if (bytes)
			failure = step(&walk, name, walk.rest, &file, ret);
	}
	if (!failure && file && folder_wanted) {
		close(ret->fd);
		failure = ENOENT;
	} else if (!failure && !file) {
		failure = open_folder(&walk, ret);
	}
	leave_all(&walk);
	bool ours = failure == EMFILE || failure == ENFILE || failure == ENOMEM || failure == EIO;
	return failure && !ours ? ENOENT : failure;
}
