/* Where a client connects to: a host's name, asked once. */
#include "net/internal.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>

void net_target_free(struct net_target *target)
{
	free(target);
}

bool net_resolve(const struct net_address *address, struct net_target **ret, struct error *reterr)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	/* On a machine that has nothing but loopback, AI_ADDRCONFIG finds nothing at all. */
	const struct addrinfo any = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	char port[8];
	snprintf(port, sizeof port, "%u", address->port);
	int status = getaddrinfo(address->host, port, &hints, &found);
	if (status && status != EAI_SYSTEM)
		status = getaddrinfo(address->host, port, &any, &found);
	if (status)
		return error_code(reterr, ERROR_NETWORK, CODE_HOST_UNKNOWN,
			"cannot find the host '%s': %s", address->host,
			status == EAI_SYSTEM ? strerror(errno) : gai_strerror(status));
	struct net_target *target = net_allocate(sizeof *target);
	target->address = *address;
	for (const struct addrinfo *one = found; one && target->count < NET_TARGETS_MAX;
		one = one->ai_next)
		memcpy(&target->sockets[target->count++], one->ai_addr, one->ai_addrlen);
	freeaddrinfo(found);
	*ret = target;
	return true;
}

bool net_target_next(struct net_target *target)
{
	if (target->at + 1 >= target->count)
		return false;
	target->at++;
	return true;
}
