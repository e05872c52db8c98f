/* A scenario's files, for use elsewhere. */
#ifndef MTLS_LAB_MAKE_H
#define MTLS_LAB_MAKE_H

#include "lab/certificates.h"
#include "lab/scenario.h"

/*
 * Writes into FOLDER (made if need be) the certificates, keys and CRLs of every row that `name`
 * means, with the CAs above them, and a README.txt that says which is which. Keys are 0600.
 * ERROR_USAGE for a name that means none, ERROR_INPUT where a file exists already: none is
 * replaced, and then nothing is written. The files' names are added to `ret_files`.
 */
must_check bool lab_make(
	const char *name, const char *folder, json_t *ret_files, struct error *reterr);

#endif
