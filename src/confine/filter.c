/*
 * The filter of system calls (seccomp(2)). It is computed by libseccomp when the program is built
 * (make_filter.c): a start costs one system call, and needs no library.
 */
#include "confine/parts.h"

#include <errno.h>

#ifdef MTLS_HAVE_FILTER
#include <filter_program.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

bool filter_enforce(void)
{
	static struct sock_filter instructions[sizeof filter_program / sizeof(struct sock_filter)];
	memcpy(instructions, filter_program, sizeof instructions);
	const struct sock_fprog program = {
		.len = sizeof instructions / sizeof *instructions,
		.filter = instructions,
	};
	/*
	 * Nobody else's code runs in this process, so the processor may go on guessing about it
	 * (SPEC_ALLOW): kernels before 5.16 would else take that for a sandbox of foreign scripts.
	 */
	long status = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program);
	if (status > 0)
		errno = EBUSY; /* a thread with a filter of its own */
	return status == 0;
}

bool filter_is_known(void)
{
	const uint32_t action = SECCOMP_RET_ERRNO;
	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

#else

bool filter_enforce(void)
{
	return filter_is_known();
}

bool filter_is_known(void)
{
	errno = ENOSYS;
	return false;
}

#endif
