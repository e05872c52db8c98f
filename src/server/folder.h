/* Opening what a request's path names, without ever leaving the folder that is served. */
#ifndef MTLS_SERVER_FOLDER_H
#define MTLS_SERVER_FOLDER_H

#include "server/content.h"
#include "server/files.h"

#include <limits.h>
#include <sys/stat.h>

/* The store's file, where it lies in a folder that is served, and its log and lock beside it. */
struct kept_back {
	char *name; /* what their names begin with; NULL: there is none */
	ino_t folder;
	dev_t device;
};

struct files {
	int root; /* descriptor of the folder */
	struct kept_back store;
	struct contents *contents;
};

#define FOLDER_PATH_BYTES 4096

/*
 * Decodes the percent-encoded path of a request into one relative to the root ("" for "/"), with
 * its slash at the end if it has one. False when it names nothing that may be served, be it there
 * or not.
 */
must_check bool folder_decode(const char *path, char ret[static FOLDER_PATH_BYTES]);

/* No dot file, no key, PFX or store, no byte that a shell, a terminal or Windows reads its own
 * way. `folder` is the descriptor of the one that it lies in. */
bool folder_serves(const struct files *files, int folder, const char *name);

struct opened {
	int fd; /* the caller's to close */
	struct stat stat;
};

/*
 * Opens a decoded path: a regular file for reading, or a folder. 0, or an errno: ENOENT for all
 * that is not served, EMFILE and its like when the machine is at its limit.
 */
int folder_open(const struct files *files, const char *path, struct opened *ret);

/* An HTML page of what is in the folder, at the request's path. */
struct http_response *folder_list(
	const struct files *files, int folder, const char *path, const char *shown_path);

#endif
