/*
 * index.txt, as `openssl ca` keeps it: a line a certificate, six fields with tabs between them
 * (status, notAfter, revocation, serial, file, subject). Lines that we do not change stay as they
 * are, byte for byte.
 */
#ifndef MTLS_PKI_INDEX_H
#define MTLS_PKI_INDEX_H

#include "pki/openssl.h"

/* A CA folder of millions of certificates is for a database, not for this format. */
#define INDEX_BYTES_MAX ((size_t)256 << 20)

struct index_entry {
	char status;      /* V, R or E */
	char *not_after;  /* UTCTime or GeneralizedTime, as in the certificate */
	char *revocation; /* "" or a time, and then perhaps ",reason" and ",more" */
	char *serial;     /* upper-case hexadecimal, an even number of digits */
	char *file;
	char *subject; /* OpenSSL's one-line form: /CN=name */
};

struct index {
	struct index_entry *entries;
	size_t count;
	size_t *places, places_count; /* by serial: one more than the entry's number, 0: none */
};

/* A file that is not there is an empty index. A line out of form is ERROR_INPUT, with its number.
 */
must_check bool index_read(const char *path, struct index *ret, struct error *reterr);
void index_done(struct index *index);
static inline void own_index(struct index *index)
{
	index_done(index);
}

/* NULL if no certificate has that serial. The entry moves when one is added. */
struct index_entry *index_find(const struct index *index, const char *serial);
/* Adds a valid certificate's line; `subject` is of OpenSSL's one-line form. */
void index_add(struct index *index, const ASN1_INTEGER *serial, const ASN1_TIME *not_after,
	const char *subject);
/* The whole file. */
must_check bool index_write(const struct index *index, struct buffer *ret, struct error *reterr);

/* Upper-case hexadecimal with an even number of digits, "00" for zero, as OpenSSL's files have it.
 */
char *index_serial(const ASN1_INTEGER *serial);

#endif
