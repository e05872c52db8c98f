/*
 * confine: gives up what a server does not need: the rights of root, other programs, other files.
 *
 *	confine_become("mtls", &error);        the rights of another user, once the files are named
 *	confine_may_read(&plan, "certs/server.crt");
 *	confine_may_write(&plan, "state/todo.db");
 *	confine(&plan, &confined, &error);     for good, and for every thread that is started later
 *
 * Nothing here can be taken back, so all of it comes before the first thread that lives on. Three
 *walls stand one behind the other: capabilities and user, a filter of system calls (seccomp(2)),
 *and the folders that can be reached at all (landlock(7)). This is the room's door.
 */
#ifndef MTLS_CONFINE_CONFINE_H
#define MTLS_CONFINE_CONFINE_H

#include "base/base.h"

#include <stdint.h>

enum confine_mode {
	CONFINE_OFF,
	CONFINE_AUTO,    /* as much as the machine has */
	CONFINE_REQUIRE, /* all, or no start */
};

/* Folders, and never files: a file that is replaced by another of its name is not the same file. */
struct confine_folders {
	char **paths;
	size_t count;
};

/* Begins as { 0 }, but for the mode, and ends with confine_plan_done. */
struct confine_plan {
	enum confine_mode mode;
	bool connects; /* to other servers: it needs TCP, and the system's files about names */
	struct confine_folders reads, writes;
};

/*
 * The folder of a file, and of what it is a link to, whether the file exists or not. Accepts NULL.
 */
void confine_may_read(struct confine_plan *plan, const char *path);
void confine_may_write(struct confine_plan *plan, const char *path);
/* The folder itself. Accepts NULL. */
void confine_may_read_folder(struct confine_plan *plan, const char *folder);
void confine_plan_done(struct confine_plan *plan);
static inline void own_confine_plan(struct confine_plan *plan)
{
	confine_plan_done(plan);
}

/* What was done of it. */
struct confined {
	bool is_root;     /* still, and with its capabilities */
	int filter_errno; /* 0: system calls are filtered */
	int landlock;     /* the version of Landlock's interface; 0: none */
	int landlock_errno;
	/* A folder of files to be read that can be written after all, and the one that it lies in;
	 * borrowed from the plan. */
	const char *exposed, *exposed_by;
};

/*
 * Ends all capabilities (but not those of a process that runs as root and has not become somebody
 * else), and puts up the walls of the plan. What a machine lacks is told in `ret`; with
 * CONFINE_REQUIRE it is ERROR_IO. A folder to be written that cannot be opened is ERROR_INPUT.
 */
must_check bool confine(
	const struct confine_plan *plan, struct confined *ret, struct error *reterr);

/*
 * Whether confine() could do what CONFINE_REQUIRE asks of this machine and user, who may become
 * `user` before (NULL: nobody else); the same errors. The folders are not looked at.
 */
must_check bool confine_can(const char *user, struct error *reterr);

/*
 * Root becomes that user, with the user's groups, and keeps nothing but the right to listen on
 * ports below 1024, which confine() ends. Whoever is that user already stays it. ERROR_USAGE for a
 * name that nobody has, and for root's own; ERROR_IO for who is not root.
 */
must_check bool confine_become(const char *user, struct error *reterr);
/* Whether root could become that user; the same errors for a name. */
must_check bool confine_knows(const char *user, struct error *reterr);

#endif
