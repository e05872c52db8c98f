/* Whether a live connection's certificate is good still, as each of its requests asks again. */
#include "server/connection_parts.h"

enum code connection_standing(struct connection *connection)
{
	const struct snapshot *now = connection->worker->snapshot;
	time_t at = time(NULL);
	if (connection->judged == now->number && at <= connection->good_until)
		return CODE_NONE;
	enum code code =
		tls_connection_check(connection->tls, now->tls, at, &connection->good_until);
	connection->judged = code == CODE_NONE ? now->number : 0;
	if (code == CODE_CLIENT_REVOKED)
		return CODE_REVOKED_WHILE_CONNECTED;
	return code == CODE_CLIENT_EXPIRED ? CODE_EXPIRED_WHILE_CONNECTED : code;
}
