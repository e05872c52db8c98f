/* Comparing Host and server name. */
#include "server/host.h"

#include <string.h>
#include <strings.h>

/* The length of the name in HOST or HOST:PORT, without a trailing dot. */
static size_t name_bytes(const char *text)
{
	const char *bracket = text[0] == '[' ? strchr(text, ']') : NULL;
	size_t bytes = bracket ? (size_t)(bracket + 1 - text) : strcspn(text, ":");
	return bytes && text[bytes - 1] == '.' ? bytes - 1 : bytes;
}

bool host_is_server_name(const char *authority, const char *sni)
{
	if (!authority || !sni || !*sni)
		return true;
	size_t bytes = name_bytes(authority);
	return bytes == name_bytes(sni) && !strncasecmp(authority, sni, bytes);
}
