/*
 * Runs a program as on a machine whose kernel lacks one thing: its system calls fail.
 *
 *	without landlock|seccomp COMMAND...
 */
#include <err.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int count, char **words)
{
	if (count < 3)
		errx(2, "usage: without landlock|seccomp COMMAND...");
	unsigned call = !strcmp(words[1], "landlock") ? SYS_landlock_create_ruleset : SYS_seccomp;
	struct sock_filter instructions[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {
		.len = sizeof instructions / sizeof *instructions,
		.filter = instructions,
	};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		err(3, "cannot take %s away", words[1]);
	execvp(words[2], words + 2);
	err(3, "%s", words[2]);
}
