/*
 * The functions of libpq that we call. It is loaded when a store needs it, not linked: it pulls in
 * Kerberos and LDAP, which every command would have to wait for at its start.
 */
#ifndef MTLS_STORE_LIBPQ_H
#define MTLS_STORE_LIBPQ_H

#include <libpq-fe.h>

/* X(result, name, parameters) */
#define LIBPQ_FUNCTIONS(X) \
	X(PQconninfoOption *, conninfoParse, (const char *text, char **error)) \
	X(PQconninfoOption *, conninfo, (PGconn * connection)) \
	X(void, conninfoFree, (PQconninfoOption * options)) \
	X(void, freemem, (void *memory)) \
	X(PGconn *, connectStartParams, \
		(const char *const *names, const char *const *values, int expand)) \
	X(PQnoticeProcessor, setNoticeProcessor, \
		(PGconn * connection, PQnoticeProcessor processor, void *context)) \
	X(PostgresPollingStatusType, connectPoll, (PGconn * connection)) \
	X(ConnStatusType, status, (const PGconn *connection)) \
	X(char *, errorMessage, (const PGconn *connection)) \
	X(int, socket, (const PGconn *connection)) \
	X(void, finish, (PGconn * connection)) \
	X(int, setnonblocking, (PGconn * connection, int on)) \
	X(int, enterPipelineMode, (PGconn * connection)) \
	X(int, pipelineSync, (PGconn * connection)) \
	X(int, sendQueryParams, \
		(PGconn * connection, const char *text, int count, const Oid *types, \
			const char *const *values, const int *lengths, const int *formats, \
			int result_format)) \
	X(int, flush, (PGconn * connection)) \
	X(int, consumeInput, (PGconn * connection)) \
	X(int, isBusy, (PGconn * connection)) \
	X(PGresult *, getResult, (PGconn * connection)) \
	X(ExecStatusType, resultStatus, (const PGresult *result)) \
	X(char *, resultErrorField, (const PGresult *result, int field)) \
	X(char *, cmdStatus, (PGresult * result)) \
	X(int, ntuples, (const PGresult *result)) \
	X(char *, getvalue, (const PGresult *result, int row, int column)) \
	X(void, clear, (PGresult * result))

struct libpq {
#define LIBPQ_MEMBER(result, name, parameters) result(*name) parameters;
	LIBPQ_FUNCTIONS(LIBPQ_MEMBER)
#undef LIBPQ_MEMBER
};

#endif
