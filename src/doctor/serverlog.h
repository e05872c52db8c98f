/* What a server's log says about a refusal: ours, nginx, Apache, haproxy, OpenSSL, Go, Java, Envoy.
 */
#ifndef MTLS_DOCTOR_SERVERLOG_H
#define MTLS_DOCTOR_SERVERLOG_H

#include "base/base.h"

struct log_record {
	enum code code;
	int x509_error; /* that the line names, 0: none */
	char line[512]; /* escaped */
};

/* The cause that one line names; false: the line is about something else. */
must_check bool log_line_read(const char *line, struct log_record *ret);
/*
 * The last line behind `from` bytes that names a cause other than `except`, which is known to be
 * about somebody else (CODE_NONE: any). False: there is none yet, or the file cannot be read.
 */
bool log_read(const char *path, size_t from, enum code except, struct log_record *ret);
/* How many bytes the file has; 0 when there is none. */
size_t log_size(const char *path);

#endif
