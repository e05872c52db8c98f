/*
 * Landlock (landlock(7)): which folders can be reached, and whether TCP can. Its system calls have
 * no functions in the C library, and its header may be older than the kernel, so what is newer than
 * version 1 is written down here; the kernel's numbers do not change.
 */
#include "confine/parts.h"

#include <errno.h>
#include <unistd.h>

#ifdef __linux__
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>

/* linux/landlock.h */
#define FS_REFER (1ULL << 13)     /* version 2 */
#define FS_TRUNCATE (1ULL << 14)  /* version 3 */
#define FS_IOCTL_DEV (1ULL << 15) /* version 5 */
#define NET_BIND_TCP (1ULL << 0)  /* version 4 */
#define NET_CONNECT_TCP (1ULL << 1)
#define SCOPE_SIGNAL (1ULL << 1) /* version 6 */

/* landlock_ruleset_attr as of version 6; an older kernel is given the part that it knows. */
struct ruleset {
	uint64_t files, net, scoped;
};

/* Programs and libraries read these as they go: name services, providers, time zones. */
static char *const system_folders[] = { "/usr", "/lib", "/lib64" };
/* And who looks up a host's name: resolv.conf, hosts, and what they are links to. */
static char *const name_folders[] = { "/etc", "/run/systemd/resolve", "/run/NetworkManager",
	"/run/resolvconf", "/run/nscd", "/run/dbus" };
/* Sanitizers look at themselves at exit. */
static char *const debug_folders[] = { "/proc" };
#define COUNT(list) (sizeof(list) / sizeof *(list))

struct landlock_rights landlock_rights(int version, bool connects)
{
	struct landlock_rights rights = {
		/* From EXECUTE to MAKE_SYM, one bit after the other. */
		.files = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
		.read = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
	};
	rights.write = rights.read | LANDLOCK_ACCESS_FS_WRITE_FILE |
		       LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
		       LANDLOCK_ACCESS_FS_MAKE_SOCK;
	if (version >= 2)
		rights.files |= FS_REFER;
	if (version >= 3) {
		rights.files |= FS_TRUNCATE;
		rights.write |= FS_TRUNCATE;
	}
	/* It listens by now: no other port, and no way out. */
	if (version >= 4)
		rights.net = NET_BIND_TCP | (connects ? 0 : NET_CONNECT_TCP);
	if (version >= 5)
		rights.files |= FS_IOCTL_DEV;
	if (version >= 6)
		rights.scoped = SCOPE_SIGNAL;
	return rights;
}

int landlock_version(void)
{
	long version = syscall(
		SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);
	return version < 0 ? 0 : (int)version;
}

static bool grant(int rules, const char *folder, uint64_t rights)
{
	int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	const struct landlock_path_beneath_attr below = { .allowed_access = rights,
		.parent_fd = fd };
	bool ok =
		syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &below, 0U) == 0;
	int system = errno;
	close(fd);
	errno = system;
	return ok;
}

static bool grant_all(
	int rules, const struct confine_folders *folders, uint64_t rights, const char **ret_folder)
{
	for (size_t i = 0; i < folders->count; i++)
		if (!grant(rules, folders->paths[i], rights)) {
			*ret_folder = folders->paths[i];
			return false;
		}
	return true;
}

/* What is not there, or not for us, needs no grant. */
static bool grant_present(int rules, char *const *folders, size_t count, uint64_t rights)
{
	for (size_t i = 0; i < count; i++)
		if (!grant(rules, folders[i], rights) && errno != ENOENT && errno != EACCES)
			return false;
	return true;
}

static bool grant_plan(int rules, const struct landlock_rights *rights,
	const struct confine_plan *plan, const char **ret_folder)
{
	bool sanitized = false;
#ifdef MTLS_SANITIZED
	sanitized = true;
#endif
	return grant_present(rules, plan->reads.paths, plan->reads.count, rights->read) &&
	       grant_all(rules, &plan->writes, rights->write, ret_folder) &&
	       grant_present(rules, system_folders, COUNT(system_folders), rights->read) &&
	       (!plan->connects ||
		       grant_present(rules, name_folders, COUNT(name_folders), rights->read)) &&
	       (!sanitized ||
		       grant_present(rules, debug_folders, COUNT(debug_folders), rights->read));
}

bool landlock_enforce(int version, const struct confine_plan *plan, const char **ret_folder)
{
	const struct landlock_rights rights = landlock_rights(version, plan->connects);
	const struct ruleset ruleset = { rights.files, rights.net, rights.scoped };
	size_t bytes = version >= 6 ? sizeof ruleset
				    : (version >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t));
	int rules = (int)syscall(SYS_landlock_create_ruleset, &ruleset, bytes, 0U);
	if (rules < 0)
		return false;
	bool ok = grant_plan(rules, &rights, plan, ret_folder) &&
		  syscall(SYS_landlock_restrict_self, rules, 0U) == 0;
	int system = errno;
	close(rules);
	errno = system;
	return ok;
}

#else

struct landlock_rights landlock_rights(int version, bool connects)
{
	(void)version, (void)connects;
	return (struct landlock_rights){ 0 };
}

int landlock_version(void)
{
	errno = ENOSYS;
	return 0;
}

bool landlock_enforce(int version, const struct confine_plan *plan, const char **ret_folder)
{
	(void)version, (void)plan, (void)ret_folder;
	errno = ENOSYS;
	return false;
}

#endif
