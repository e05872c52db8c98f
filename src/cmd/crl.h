/* Writing a CRL, which `mtls crl` does, and `mtls revoke` again where there is one. */
#ifndef MTLS_CMD_CRL_H
#define MTLS_CMD_CRL_H

#include "cmd/issuer.h"

/* Makes a CRL, writes it to `path` and the CA's state beside it, all or nothing. */
must_check bool crl_write(struct ca *ca, int days, const char *path, struct error *reterr);

#endif
