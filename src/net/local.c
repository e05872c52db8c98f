/*
 * Sockets that have a path instead of a port (unix(7)): for who is on this machine and may open the
 * path. Mode 0600 from the first moment, and the peer's user can be asked for.
 */
#include "net/internal.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static bool address_of(const char *path, struct sockaddr_un *ret, struct error *reterr)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	size_t bytes = strlen(path);
	if (!bytes || bytes >= sizeof ret->sun_path)
		return error_set(reterr, ERROR_USAGE,
			"the path of a socket has 1 to %zu bytes, and '%s' has %zu",
			sizeof ret->sun_path - 1, path, bytes);
	memcpy(ret->sun_path, path, bytes);
	return true;
}

/* A socket that is neither connected nor bound, and the address of the path. */
static bool open_socket(
	const char *path, struct sockaddr_un *ret_address, int *ret_fd, struct error *reterr)
{
	if (!address_of(path, ret_address, reterr))
		return false;
	*ret_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return *ret_fd >= 0 || error_errno(reterr, ERROR_IO, "cannot make a socket");
}

bool net_local_connect(const char *path, int *ret_fd, struct error *reterr)
{
	struct sockaddr_un address;
	int fd;
	if (!open_socket(path, &address, &fd, reterr))
		return false;
	if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
		*ret_fd = fd;
		return true;
	}
	int system = errno;
	close(fd);
	if (system == ECONNREFUSED || system == ENOENT)
		error_code(reterr, ERROR_NETWORK, CODE_CONNECTION_REFUSED, "nobody listens on '%s'",
			path);
	else
		error_set(reterr, ERROR_NETWORK, "cannot connect to '%s': %s", path,
			strerror(system));
	reterr->system = system;
	return false;
}

static bool is_free(const char *path, struct error *reterr)
{
	struct stat about;
	return lstat(path, &about) != 0 || S_ISSOCK(about.st_mode) ||
	       error_set(reterr, ERROR_INPUT,
		       "cannot listen on '%s': it is there already, and no socket", path);
}

bool net_local_check(const char *path, struct error *reterr)
{
	struct sockaddr_un address;
	struct stat about;
	if (!address_of(path, &address, reterr) || !is_free(path, reterr))
		return false;
	size_t bytes = (size_t)(file_name(path) - path);
	OWN(char) char *folder = bytes ? text_format("%.*s.", (int)bytes, path) : text_copy(".");
	return stat(folder, &about) == 0 ||
	       error_errno(reterr, ERROR_NETWORK, "cannot listen on '%s'", path);
}

/* Removes what a server that was killed left behind; who still listens keeps its path. */
static bool remove_stale(const char *path, struct error *reterr)
{
	struct error error;
	int fd;
	if (!is_free(path, reterr))
		return false;
	if (net_local_connect(path, &fd, &error)) {
		close(fd);
		error_set(reterr, ERROR_NETWORK,
			"cannot listen on '%s': another server listens there", path);
		return error_hint(reterr, "choose another path, or stop that server");
	}
	if (error.system == ECONNREFUSED && unlink(path) == 0)
		return true;
	errno = error.system;
	return errno == ENOENT || error_errno(reterr, ERROR_NETWORK, "cannot listen on '%s'", path);
}

static bool bind_path(int fd, const struct sockaddr_un *address, struct error *reterr)
{
	const struct sockaddr *at = (const struct sockaddr *)address;
	/* The path gets the socket's own mode: there is no moment in which others may connect. */
	bool ours = fchmod(fd, S_IRUSR | S_IWUSR) == 0;
	bool bound = ours && bind(fd, at, sizeof *address) == 0;
	if (ours && !bound && errno == EADDRINUSE) {
		if (!remove_stale(address->sun_path, reterr))
			return false;
		bound = bind(fd, at, sizeof *address) == 0;
	}
	return (bound && listen(fd, SOMAXCONN) == 0) ||
	       error_errno(reterr, ERROR_NETWORK, "cannot listen on '%s'", address->sun_path);
}

bool net_listen_local(struct net_loop *loop, const char *path, net_on_accept *accept, void *context,
	struct net_listener **ret, struct error *reterr)
{
	struct sockaddr_un address;
	int fd;
	if (!open_socket(path, &address, &fd, reterr))
		return false;
	if (bind_path(fd, &address, reterr))
		return net_listen_open(loop, fd, path, accept, context, ret, reterr);
	close(fd);
	return false;
}

bool net_stream_peer_is_owner(const struct net_stream *stream)
{
#ifdef SO_PEERCRED
	uv_os_fd_t fd;
	struct ucred peer;
	socklen_t bytes = sizeof peer;
	return uv_fileno((const uv_handle_t *)stream, &fd) == 0 &&
	       getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
#else
	(void)stream; /* the path's mode has to do */
	return true;
#endif
}
