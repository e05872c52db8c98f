/*
 * At build time: writes the filter of system calls, as the kernel takes it, to a file.
 *
 *	make_filter ARCHITECTURE FILE [sanitized]
 *
 * It is a list of what is denied, not of what is allowed. The server's own calls are few, but those
 * of libuv, libpq, name services, the C library and what they will need in their next version are
 * not ours to list, and a server that ends at night since one of them was missing is confined by
 * nobody: it is switched off. What is denied is what a server never does and an intruder needs:
 * other programs, other processes, other namespaces, the kernel's own doors. What it may reach of
 * files and of the network is Landlock's part.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* Denied with EPERM; a name that this libseccomp does not know is none that this system has. */
static const char *const denied[] = {
	/* Other programs. */
	"execve",
	"execveat",
	"uselib",
	/* Other processes, and their memory. */
	"process_vm_readv",
	"process_vm_writev",
	"process_madvise",
	"pidfd_getfd",
	"kcmp",
	/* Mounts, roots, namespaces, files by number. */
	"mount",
	"umount",
	"umount2",
	"mount_setattr",
	"move_mount",
	"open_tree",
	"fsopen",
	"fsconfig",
	"fsmount",
	"fspick",
	"pivot_root",
	"chroot",
	"unshare",
	"setns",
	"open_by_handle_at",
	"mknod",
	"mknodat",
	"quotactl",
	"quotactl_fd",
	/* The kernel: modules, tracing, its keys, its clock, its console. */
	"init_module",
	"finit_module",
	"delete_module",
	"create_module",
	"kexec_load",
	"kexec_file_load",
	"reboot",
	"bpf",
	"perf_event_open",
	"userfaultfd",
	"iopl",
	"ioperm",
	"modify_ldt",
	"swapon",
	"swapoff",
	"acct",
	"syslog",
	"add_key",
	"request_key",
	"keyctl",
	"lookup_dcookie",
	"nfsservctl",
	"fanotify_init",
	"settimeofday",
	"clock_settime",
	"stime",
	"adjtimex",
	"clock_adjtime",
	"sethostname",
	"setdomainname",
	"vhangup",
	"personality",
	"_sysctl",
	"sysfs",
	"ustat",
	/* Calls that would go by without a filter. */
	"io_uring_setup",
	"io_uring_enter",
	"io_uring_register",
	/* Other users and rights. */
	"setuid",
	"setgid",
	"setreuid",
	"setregid",
	"setresuid",
	"setresgid",
	"setfsuid",
	"setfsgid",
	"setgroups",
	"capset",
};
/* Sanitizers look for leaks from a process of their own that traces this one. */
static const char *const denied_unless_sanitized[] = { "ptrace", "fork", "vfork" };
#define COUNT(list) (sizeof(list) / sizeof *(list))

static void add(scmp_filter_ctx filter, int system, const char *name, unsigned count,
	const struct scmp_arg_cmp *arguments)
{
	int call = seccomp_syscall_resolve_name(name);
	if (call == __NR_SCMP_ERROR)
		return;
	int status = seccomp_rule_add_array(
		filter, SCMP_ACT_ERRNO((unsigned)system), call, count, arguments);
	/* An architecture that has no such call denies it as it is. */
	if (status && status != -EDOM)
		errx(1, "%s: %s", name, strerror(-status));
}

/* Denied when argument number `which`, of the bits in `mask`, is `value`. */
static void add_when(scmp_filter_ctx filter, int system, const char *name, unsigned which,
	unsigned long long mask, unsigned long long value)
{
	const struct scmp_arg_cmp argument = { which, SCMP_CMP_MASKED_EQ, mask, value };
	add(filter, system, name, 1, &argument);
}

static void add_processes(scmp_filter_ctx filter, int sanitized)
{
	static const unsigned long long namespaces[] = { CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS,
		CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET };
	/* Its flags stand in memory, where no filter can look. The C library takes clone then. */
	add(filter, ENOSYS, "clone3", 0, NULL);
	for (size_t i = 0; i < COUNT(namespaces); i++)
		add_when(filter, EPERM, "clone", 0, namespaces[i], namespaces[i]);
	if (sanitized)
		return;
	/* Threads, and no processes. */
	add_when(filter, EPERM, "clone", 0, CLONE_THREAD, 0);
	for (size_t i = 0; i < COUNT(denied_unless_sanitized); i++)
		add(filter, EPERM, denied_unless_sanitized[i], 0, NULL);
}

/* Memory is written or run, and what was written is not made to run. */
static void add_memory(scmp_filter_ctx filter)
{
	const unsigned long long both = PROT_WRITE | PROT_EXEC;
	add_when(filter, EPERM, "mmap", 2, both, both);
	add_when(filter, EPERM, "mprotect", 2, PROT_EXEC, PROT_EXEC);
	add_when(filter, EPERM, "pkey_mprotect", 2, PROT_EXEC, PROT_EXEC);
}

static void add_sockets(scmp_filter_ctx filter)
{
	for (int family = 0; family < 64; family++)
		if (family != AF_UNIX && family != AF_INET && family != AF_INET6 &&
			family != AF_NETLINK)
			add_when(filter, EAFNOSUPPORT, "socket", 0, 0xffffffff,
				(unsigned long long)family);
	/* Words that the shell of the terminal, on which we were started, would take for typed. */
	add_when(filter, EPERM, "ioctl", 1, 0xffffffff, TIOCSTI);
	add_when(filter, EPERM, "ioctl", 1, 0xffffffff, 0x541c); /* TIOCLINUX */
}

static scmp_filter_ctx filter_for(const char *architecture)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	uint32_t token = seccomp_arch_resolve_name(architecture);
	if (!filter || !token)
		errx(1, "libseccomp does not know the architecture '%s'", architecture);
	if (token != seccomp_arch_native() &&
		(seccomp_arch_remove(filter, SCMP_ARCH_NATIVE) || seccomp_arch_add(filter, token)))
		errx(1, "cannot make a filter for '%s'", architecture);
	/* Calls by the numbers of another architecture (int 0x80) are nobody's but an intruder's.
	 */
	if (seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) ||
		seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2))
		errx(1, "this libseccomp is too old");
	return filter;
}

int main(int count, char **words)
{
	if (count < 3)
		errx(2, "usage: make_filter ARCHITECTURE FILE [sanitized]");
	int sanitized = count > 3 && !strcmp(words[3], "sanitized");
	scmp_filter_ctx filter = filter_for(words[1]);
	for (size_t i = 0; i < COUNT(denied); i++)
		add(filter, EPERM, denied[i], 0, NULL);
	add_processes(filter, sanitized);
	add_memory(filter);
	add_sockets(filter);
	int fd = open(words[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || seccomp_export_bpf(filter, fd) || close(fd))
		err(1, "%s", words[2]);
	seccomp_release(filter);
	return 0;
}
