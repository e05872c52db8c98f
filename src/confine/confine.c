/* Which folders a plan names, and putting up its walls one after the other. */
#include "confine/parts.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

/* ---- The plan ---- */

/* Takes the text. */
static void add_folder(struct confine_folders *folders, char *folder)
{
	for (size_t i = 0; i < folders->count; i++)
		if (!strcmp(folders->paths[i], folder)) {
			free(folder);
			return;
		}
	folders->paths =
		list_grow(folders->paths, folders->count, sizeof *folders->paths, "folders");
	folders->paths[folders->count++] = folder;
}

static char *folder_of(const char *path)
{
	const char *name = file_name(path);
	if (name == path)
		return text_copy(".");
	size_t bytes = (size_t)(name - path);
	while (bytes > 1 && path[bytes - 1] == '/')
		bytes--;
	return text_format("%.*s", (int)bytes, path);
}

static bool is_link(const char *path)
{
	struct stat about;
	return lstat(path, &about) == 0 && S_ISLNK(about.st_mode);
}

/* What is no link stands in the folder that it names. */
static void add_folders_of(struct confine_folders *folders, const char *path)
{
	add_folder(folders, folder_of(path));
	if (!is_link(path))
		return;
	OWN(char) char *real = realpath(path, NULL);
	OWN(char) char *folder = folder_of(path);
	OWN(char) char *real_folder = realpath(folder, NULL);
	OWN(char) char *behind = real ? folder_of(real) : NULL;
	if (behind && real_folder && strcmp(behind, real_folder) != 0)
		add_folder(folders, TAKE(behind));
}

void confine_may_read(struct confine_plan *plan, const char *path)
{
	if (path)
		add_folders_of(&plan->reads, path);
}

void confine_may_write(struct confine_plan *plan, const char *path)
{
	if (path)
		add_folders_of(&plan->writes, path);
}

void confine_may_read_folder(struct confine_plan *plan, const char *folder)
{
	if (folder)
		add_folder(&plan->reads, text_copy(folder));
}

static void folders_done(struct confine_folders *folders)
{
	for (size_t i = 0; i < folders->count; i++)
		free(folders->paths[i]);
	free(folders->paths);
}

void confine_plan_done(struct confine_plan *plan)
{
	folders_done(&plan->reads);
	folders_done(&plan->writes);
}

/* ---- The walls ---- */

static bool is_below(const char *inner, const char *outer)
{
	OWN(char) char *in = realpath(inner, NULL);
	OWN(char) char *out = realpath(outer, NULL);
	if (!in || !out)
		return false;
	size_t bytes = strlen(out);
	return !strncmp(in, out, bytes) &&
	       (in[bytes] == '/' || !in[bytes] || out[bytes - 1] == '/');
}

/* What may be written below a folder cannot be taken back for a folder in it. */
static void find_exposed(const struct confine_plan *plan, struct confined *ret)
{
	for (size_t i = 0; i < plan->reads.count; i++)
		for (size_t j = 0; j < plan->writes.count && !ret->exposed; j++)
			if (is_below(plan->reads.paths[i], plan->writes.paths[j])) {
				ret->exposed = plan->reads.paths[i];
				ret->exposed_by = plan->writes.paths[j];
			}
}

/* No program that is started from here on, if one were, has more rights than this one. */
static bool forbid_new_privileges(struct error *reterr)
{
#ifdef __linux__
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return error_errno(reterr, ERROR_IO, "cannot give up new privileges");
#endif
	(void)reterr;
	return true;
}

static bool lacks(const char *what, int system, struct error *reterr)
{
	errno = system;
	error_errno(reterr, ERROR_IO, "cannot confine the server: no %s here", what);
	reterr->system = system;
	return error_hint(
		reterr, "take --sandbox auto, which does without, or a kernel that has it");
}

static bool check_required(const struct confined *confined, struct error *reterr)
{
	if (confined->filter_errno)
		return lacks("filter of system calls (seccomp)", confined->filter_errno, reterr);
	if (confined->landlock_errno)
		return lacks("Landlock", confined->landlock_errno, reterr);
	if (confined->exposed) {
		error_set(reterr, ERROR_USAGE,
			"cannot confine the server: '%s' is to be read only, and '%s' to be "
			"written",
			confined->exposed, confined->exposed_by);
		return error_hint(reterr, "give what is written a folder of its own, as state/ is");
	}
	if (confined->is_root) {
		error_set(reterr, ERROR_USAGE, "cannot confine the server: it runs as root");
		return error_hint(reterr, "name a user that it shall become: --user NAME");
	}
	return true;
}

bool confine_can(const char *user, struct error *reterr)
{
	struct confined confined = { .is_root = geteuid() == 0 && !user };
	if (!filter_is_known())
		confined.filter_errno = errno;
	if (!landlock_version())
		confined.landlock_errno = errno;
	return check_required(&confined, reterr);
}

bool confine(const struct confine_plan *plan, struct confined *ret, struct error *reterr)
{
	struct confined confined = { .is_root = geteuid() == 0 };
	const char *folder = NULL;
	if (!forbid_new_privileges(reterr))
		return false;
	if (!confined.is_root && !capabilities_end())
		return error_errno(reterr, ERROR_IO, "cannot give up capabilities");
	if (plan->mode == CONFINE_OFF) {
		*ret = confined;
		return true;
	}
	confined.landlock = landlock_version();
	if (!confined.landlock)
		confined.landlock_errno = errno;
	else if (!landlock_enforce(confined.landlock, plan, &folder)) {
		confined.landlock_errno = errno;
		confined.landlock = 0;
		if (folder)
			return error_errno(
				reterr, ERROR_INPUT, "cannot confine the server to '%s'", folder);
	}
	if (!filter_enforce())
		confined.filter_errno = errno;
	find_exposed(plan, &confined);
	if (plan->mode == CONFINE_REQUIRE && !check_required(&confined, reterr))
		return false;
	*ret = confined;
	return true;
}
