/* The functions of SQLite that we call; library.h says why they are not linked. */
#ifndef MTLS_STORE_LIBSQLITE_H
#define MTLS_STORE_LIBSQLITE_H

#include <sqlite3.h>

/* X(result, name, parameters) */
#define LIBSQLITE_FUNCTIONS(X) \
	X(int, bind_int64, (sqlite3_stmt * statement, int at, sqlite3_int64 value)) \
	X(int, bind_text, \
		(sqlite3_stmt * statement, int at, const char *text, int bytes, \
			void (*release)(void *))) \
	X(int, busy_timeout, (sqlite3 * db, int ms)) \
	X(int, close, (sqlite3 * db)) \
	X(sqlite3_int64, column_int64, (sqlite3_stmt * statement, int column)) \
	X(const unsigned char *, column_text, (sqlite3_stmt * statement, int column)) \
	X(const char *, errmsg, (sqlite3 * db)) \
	X(int, exec, \
		(sqlite3 * db, const char *text, int (*row)(void *, int, char **, char **), \
			void *context, char **message)) \
	X(int, extended_errcode, (sqlite3 * db)) \
	X(int, extended_result_codes, (sqlite3 * db, int on)) \
	X(int, finalize, (sqlite3_stmt * statement)) \
	X(int, get_autocommit, (sqlite3 * db)) \
	X(int, open_v2, (const char *path, sqlite3 **db, int flags, const char *vfs)) \
	X(int, prepare_v2, \
		(sqlite3 * db, const char *text, int bytes, sqlite3_stmt **statement, \
			const char **rest)) \
	X(int, prepare_v3, \
		(sqlite3 * db, const char *text, int bytes, unsigned flags, \
			sqlite3_stmt **statement, const char **rest)) \
	X(int, reset, (sqlite3_stmt * statement)) \
	X(int, step, (sqlite3_stmt * statement)) \
	X(int, system_errno, (sqlite3 * db))

struct libsqlite {
#define LIBSQLITE_MEMBER(result, name, parameters) result(*name) parameters;
	LIBSQLITE_FUNCTIONS(LIBSQLITE_MEMBER)
#undef LIBSQLITE_MEMBER
};

#endif
