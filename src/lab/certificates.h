/* The certificates that the scenarios need, each broken in one way. */
#ifndef MTLS_LAB_CERTIFICATES_H
#define MTLS_LAB_CERTIFICATES_H

#include "base/base.h"

/*
 * Makes FOLDER/lab/NAME.crt and .key for every minted certificate of the scenarios, from the CA in
 * FOLDER/certs/ca.crt and .key; what an earlier run left there is replaced.
 */
must_check bool lab_mint(const char *folder, struct error *reterr);

/* Their names, for those who list them; NULL beyond the last. */
const char *lab_minted_name(size_t index);

#endif
