/* A folder to be confined to, a port to be connected to, and processes that confine themselves. */
#ifndef MTLS_TESTS_CONFINE_FOLDER_H
#define MTLS_TESTS_CONFINE_FOLDER_H

#include "unit.h"

#include "confine/parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/mtls-confine-walls.XXXXXX";
static int listening; /* on a port of this machine, when the test began */
static struct sockaddr_in address = { .sin_family = AF_INET };

static int set_up(void **state)
{
	(void)state;
	struct error error;
	socklen_t bytes = sizeof address;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return !mkdtemp(folder) || chdir(folder) != 0 || mkdir("certs", 0755) != 0 ||
	       mkdir("state", 0755) != 0 || mkdir("else", 0755) != 0 || chmod(folder, 0755) != 0 ||
	       !file_write("certs/server.crt", FILE_PUBLIC, "old", 3, &error) ||
	       !file_write("else/secret", FILE_PUBLIC, "s", 1, &error) ||
	       bind(listening, (struct sockaddr *)&address, sizeof address) != 0 ||
	       listen(listening, 5) != 0 ||
	       getsockname(listening, (struct sockaddr *)&address, &bytes) != 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(listening);
	OWN(char) char *command = text_format("rm -rf '%s'", folder);
	return system(command);
}

struct report {
	bool ok;
	struct confined confined;
	struct error error;
	int status[64]; /* of what was tried */
};

/* Runs it in a process of its own; what it wrote into `ret` is seen here. */
static void in_a_child(void (*run)(struct report *), struct report *ret)
{
	struct report *shared = mmap(
		NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(shared, MAP_FAILED);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		run(shared);
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	*ret = *shared;
	munmap(shared, sizeof *shared);
}

static void plan(struct confine_plan *ret, enum confine_mode mode)
{
	*ret = (struct confine_plan){ .mode = mode };
	confine_may_read(ret, "certs/server.crt");
	confine_may_write(ret, "state/todo.db");
}

#endif
