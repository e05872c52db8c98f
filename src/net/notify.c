/* Datagrams to a socket of this machine that has a path, or an abstract name (unix(7)). */
#include "net/internal.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

bool net_notify_open(const char *where, int *ret_fd, struct error *reterr)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t bytes = strlen(where);
	bool abstract = where[0] == '@';
	if ((!abstract && where[0] != '/') || bytes < 2 || bytes >= sizeof address.sun_path)
		return error_set(reterr, ERROR_USAGE,
			"'%s' is no socket to notify: a path from the root, or @NAME", where);
	memcpy(address.sun_path, where, bytes);
	if (abstract)
		address.sun_path[0] = 0;
	/* An abstract name is exactly so long; a path ends with a NUL. */
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + bytes + !abstract);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, length) == 0) {
		*ret_fd = fd;
		return true;
	}
	error_errno(reterr, ERROR_NETWORK, "cannot notify '%s'", where);
	if (fd >= 0)
		close(fd);
	return false;
}

bool net_notify_send(int fd, const char *text)
{
	return send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

void net_notify_close(int fd)
{
	close(fd);
}
