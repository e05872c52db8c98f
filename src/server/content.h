/*
 * What small files hold that are asked for again and again, in memory. A file's bytes stand under
 * all that its inode says of its version, and the inode is asked each time: a change is seen by the
 * next request, and whoever is being answered gets one version whole.
 */
#ifndef MTLS_SERVER_CONTENT_H
#define MTLS_SERVER_CONTENT_H

#include <stddef.h>
#include <sys/stat.h>
#include <time.h>

/* Of one file; and of how many. So 32 MiB at most, of what is asked for most. */
#define CONTENT_BYTES_MAX ((size_t)1 << 20)
#define CONTENTS_MAX 32
/* A file that was changed so many seconds ago may change once more without another time. */
#define CONTENT_YOUNG_S 2

struct contents; /* threads share it */
struct contents *contents_new(void);
void contents_free(struct contents *contents);

struct content;
/*
 * The bytes of an open file that had this status just now, held for the caller. NULL where they
 * are to be read from the file: it is large, or young at the moment `at`, or asked for the first
 * time, or it changes while it is read.
 */
struct content *contents_get(struct contents *contents, int fd, const struct stat *stat, time_t at);
/* As many as its status said. */
const char *content_bytes(const struct content *content);
void content_release(void *content);

#endif
