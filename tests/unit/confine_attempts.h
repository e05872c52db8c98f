/* What an intruder would try in a process, and what the server goes on doing, a function each. */
#ifndef MTLS_TESTS_CONFINE_ATTEMPTS_H
#define MTLS_TESTS_CONFINE_ATTEMPTS_H

#include "confine_folder.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

/* Each gives 0, or errno. */

static int opening(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int result(long status)
{
	return status < 0 ? errno : 0;
}

static int reads_certificate(void)
{
	return opening("certs/server.crt", O_RDONLY);
}
/* As a certificate is renewed, from outside; the grant is the folder's, and still holds. */
static int reads_what_was_put_in_its_place(void)
{
	return opening("certs/renewed.crt", O_RDONLY);
}
static int writes_certificate(void)
{
	return opening("certs/server.crt", O_WRONLY);
}
static int truncates_certificate(void)
{
	return result(truncate("certs/server.crt", 0));
}
static int adds_to_certificates(void)
{
	return opening("certs/more.crt", O_WRONLY | O_CREAT);
}
static int removes_certificate(void)
{
	return result(unlink("certs/server.crt"));
}
static int replaces_certificate(void)
{
	int status = opening("state/mine.crt", O_WRONLY | O_CREAT);
	return status ? status : result(rename("state/mine.crt", "certs/server.crt"));
}
static int writes_state(void)
{
	return opening("state/todo.db-wal", O_RDWR | O_CREAT | O_TRUNC);
}
static int removes_state(void)
{
	int status = opening("state/gone", O_RDWR | O_CREAT);
	return status ? status : result(unlink("state/gone"));
}
static int reads_elsewhere(void)
{
	return opening("else/secret", O_RDONLY);
}
static int reads_above(void)
{
	return opening(".", O_RDONLY | O_DIRECTORY);
}
static int reads_passwords(void)
{
	return opening("/etc/shadow", O_RDONLY);
}
static int reads_names(void)
{
	return opening("/etc/passwd", O_RDONLY);
}
static int loads_libraries(void)
{
	return opening("/usr/lib", O_RDONLY | O_DIRECTORY);
}
static int runs_a_program(void)
{
	char *const words[] = { "true", NULL };
	return result(execv("/bin/true", words));
}
static int runs_a_program_by_descriptor(void)
{
	int fd = open("/usr/lib", O_PATH | O_CLOEXEC);
	char *const words[] = { "true", NULL };
	return result(syscall(SYS_execveat, fd, "x", words, words, 0));
}
static int starts_a_process(void)
{
	pid_t child = fork();
	if (child == 0)
		_exit(0);
	return result(child);
}
static int traces(void)
{
	return result(ptrace(PTRACE_TRACEME, 0, 0, 0));
}
static int mounts(void)
{
	return result(mount("none", "state", "tmpfs", 0, NULL));
}
static int enters_a_namespace(void)
{
	return result(unshare(CLONE_NEWUSER));
}
static int clones_a_namespace(void)
{
	long child = syscall(SYS_clone, CLONE_NEWNET | SIGCHLD, NULL, NULL, NULL, NULL);
	if (child == 0)
		_exit(0);
	return result(child);
}
static int clones_by_the_new_call(void)
{
	return result(syscall(SYS_clone3, NULL, (size_t)0));
}
static int sends_packets(void)
{
	return result(socket(AF_PACKET, SOCK_RAW, 0));
}
static int asks_the_kernel_for_keys(void)
{
	return result(syscall(SYS_keyctl, 0, -3, 0));
}
static int asks_for_a_ring(void)
{
	return result(syscall(SYS_io_uring_setup, 1, NULL));
}
static int types_on_the_terminal(void)
{
	return result(ioctl(STDIN_FILENO, TIOCSTI, "x"));
}
static int memory_to_write_and_run(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0) == MAP_FAILED
		       ? errno
		       : 0;
}
static int runs_what_was_written(void)
{
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return result(mprotect(memory, 4096, PROT_READ | PROT_EXEC));
}
static int becomes_another_user(void)
{
	return result(setresuid(1, 1, 1));
}
static int connects(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int status = result(connect(fd, (struct sockaddr *)&address, sizeof address));
	close(fd);
	return status;
}
static int listens_on_another_port(void)
{
	const struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int status = result(bind(fd, (const struct sockaddr *)&any, sizeof any));
	close(fd);
	return status;
}
static int signals_its_parent(void)
{
	return result(kill(getppid(), 0));
}
static int signals_itself(void)
{
	return result(kill(getpid(), 0));
}
static void *thread(void *context)
{
	return context;
}
static int starts_a_thread(void)
{
	pthread_t id;
	int status = pthread_create(&id, NULL, thread, NULL);
	return status ? status : pthread_join(id, NULL);
}
static int accepts(void)
{
	return result(fcntl(listening, F_GETFL)) || result(listen(listening, 5));
}

/* Those of a sanitizer that traces us at the end are let through: PROCESSES is no wall then. */
#ifdef __SANITIZE_ADDRESS__
#define IS_SANITIZED true
#else
#define IS_SANITIZED false
#endif

enum wall { NONE, FILTER, PROCESSES, FILES, NETWORK, SCOPE };
#define ROW(name, wall, status) \
	{ \
#name, name, wall, status \
	}

static const struct {
	const char *name;
	int (*run)(void);
	enum wall wall; /* that stops it; NONE: nothing may */
	int status;
} attempts[] = {
	ROW(reads_certificate, NONE, 0),
	ROW(reads_what_was_put_in_its_place, NONE, 0),
	ROW(writes_state, NONE, 0),
	ROW(removes_state, NONE, 0),
	ROW(loads_libraries, NONE, 0),
	ROW(signals_itself, NONE, 0),
	ROW(starts_a_thread, NONE, 0),
	ROW(accepts, NONE, 0),
	ROW(writes_certificate, FILES, EACCES),
	ROW(truncates_certificate, FILES, EACCES),
	ROW(adds_to_certificates, FILES, EACCES),
	ROW(removes_certificate, FILES, EACCES),
	ROW(replaces_certificate, FILES, EACCES),
	ROW(reads_elsewhere, FILES, EACCES),
	ROW(reads_above, FILES, EACCES),
	ROW(reads_passwords, FILES, EACCES),
	ROW(reads_names, FILES, EACCES),
	ROW(connects, NETWORK, EACCES),
	ROW(listens_on_another_port, NETWORK, EACCES),
	ROW(signals_its_parent, SCOPE, EPERM),
	ROW(runs_a_program, FILTER, EPERM),
	ROW(runs_a_program_by_descriptor, FILTER, EPERM),
	ROW(starts_a_process, PROCESSES, EPERM),
	ROW(traces, PROCESSES, EPERM),
	ROW(mounts, FILTER, EPERM),
	ROW(enters_a_namespace, FILTER, EPERM),
	ROW(clones_a_namespace, FILTER, EPERM),
	ROW(clones_by_the_new_call, FILTER, ENOSYS),
	ROW(sends_packets, FILTER, EAFNOSUPPORT),
	ROW(asks_the_kernel_for_keys, FILTER, EPERM),
	ROW(asks_for_a_ring, FILTER, EPERM),
	ROW(types_on_the_terminal, FILTER, EPERM),
	ROW(memory_to_write_and_run, FILTER, EPERM),
	ROW(runs_what_was_written, FILTER, EPERM),
	ROW(becomes_another_user, FILTER, EPERM),
};
#define ATTEMPTS (sizeof attempts / sizeof *attempts)

#endif
