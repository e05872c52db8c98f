/* Giving up root, and what the kernel splits it into (capabilities(7)). */
#include "confine/parts.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* The process has these and no others. */
static bool set_capabilities(uint32_t low)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct wanted[_LINUX_CAPABILITY_U32S_3] = { { .effective = low,
		.permitted = low } };
	return syscall(SYS_capset, &header, wanted) == 0;
}

bool capabilities_end(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3] = { { 0 } };
	/* Who has none may be forbidden to say so, by another's filter of system calls. */
	if (syscall(SYS_capget, &header, held) == 0 && !held[0].permitted && !held[1].permitted)
		return true;
	return set_capabilities(0);
}

/* Root's own go with its name, but for those that it holds fast. */
static bool hold_capabilities(void)
{
	return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0;
}

static bool keep_listening(void)
{
	return set_capabilities(1U << CAP_NET_BIND_SERVICE) &&
	       prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) == 0;
}

#else

bool capabilities_end(void)
{
	return true;
}

static bool hold_capabilities(void)
{
	return true;
}

static bool keep_listening(void)
{
	return true;
}

#endif

static bool find(const char *name, struct passwd *ret, struct error *reterr)
{
	errno = 0;
	const struct passwd *found = getpwnam(name);
	if (!found && errno && errno != ENOENT)
		return error_errno(reterr, ERROR_IO, "cannot look up the user '%s'", name);
	if (!found) {
		error_set(reterr, ERROR_USAGE, "there is no user '%s' to become", name);
		if (*name && !name[strspn(name, "0123456789")])
			return error_hint(reterr, "give the user's name, not its number");
		return error_hint(reterr, "make one: useradd --system --no-create-home %s", name);
	}
	if (found->pw_uid == 0)
		return error_set(
			reterr, ERROR_USAGE, "the user '%s' to become is root itself", name);
	*ret = *found;
	return true;
}

bool confine_knows(const char *user, struct error *reterr)
{
	struct passwd about = { 0 };
	return find(user, &about, reterr);
}

bool confine_become(const char *user, struct error *reterr)
{
	struct passwd about = { 0 };
	if (!find(user, &about, reterr))
		return false;
	if (getuid() == about.pw_uid && geteuid() == about.pw_uid)
		return true;
	if (geteuid() != 0) {
		error_set(reterr, ERROR_IO, "only root can become the user '%s'", user);
		return error_hint(reterr, "start it as that user, and without --user");
	}
	/* The groups first: afterwards there is no right to change them. */
	return (hold_capabilities() && initgroups(user, about.pw_gid) == 0 &&
		       setgid(about.pw_gid) == 0 && setuid(about.pw_uid) == 0 &&
		       keep_listening()) ||
	       error_errno(reterr, ERROR_IO, "cannot become the user '%s'", user);
}
