/* Whether the host that a request is for is the one that its connection was made to. */
#ifndef MTLS_SERVER_HOST_H
#define MTLS_SERVER_HOST_H

#include <stdbool.h>

/*
 * False when the client asked the handshake for one name and the request for another (RFC 9110
 * section 7.4: 421). Case, a trailing dot and the port make no difference. Without a server name in
 * the handshake (a client that connects to an address sends none) any host will do.
 */
bool host_is_server_name(const char *authority, const char *sni);

#endif
