/* What the files behind folder.h share: an open CA's inside. */
#ifndef MTLS_PKI_FOLDER_STATE_H
#define MTLS_PKI_FOLDER_STATE_H

#include "pki/folder.h"
#include "pki/index.h"

struct ca {
	char *folder, *name;
	char *certificate_path, *key_path, *crl_path;
	int lock;
	X509 *certificate;
	EVP_PKEY *key; /* NULL until unlocked */
	struct index index;
	char *serial_last; /* of ca.srl; NULL: none */
	char *crl_number;  /* the next CRL's, hexadecimal */
};

#endif
