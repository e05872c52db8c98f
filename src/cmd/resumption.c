/* From the options of resumption to those of a TLS context. */
#include "cmd/resumption.h"

#define AGE_S_MAX (7 * 86400LL) /* RFC 8446 section 4.6.1 */

bool resumption_read(struct args *args, struct tls_options *ret, struct tls_sessions **ret_sessions,
	struct error *reterr)
{
	long long count;
	const char *mode = args_text(args, "resumption");
	if (!args_number(args, "session-age", 1, AGE_S_MAX, &ret->session_s_max, reterr) ||
		!args_number(args, "sessions-max", 1, 1000000, &count, reterr))
		return false;
	ret->ticket_keys = args_text(args, "ticket-keys");
	ret->resumption = TLS_RESUMPTION_SESSIONS;
	if (!strcmp(mode, "tickets"))
		ret->resumption = TLS_RESUMPTION_TICKETS;
	else if (!strcmp(mode, "off"))
		ret->resumption = TLS_RESUMPTION_OFF;
	if (ret->ticket_keys && ret->resumption != TLS_RESUMPTION_TICKETS) {
		error_set(reterr, ERROR_USAGE,
			"mtls serve: --ticket-keys is for --resumption tickets");
		return error_hint(reterr, "sessions that are kept here need no keys");
	}
	*ret_sessions = ret->sessions =
		tls_sessions_new(ret->resumption == TLS_RESUMPTION_SESSIONS ? (size_t)count : 1);
	return true;
}
