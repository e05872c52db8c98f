/* The old names of ciphers, which OpenSSL has a table of. */
#ifndef MTLS_PKI_CIPHERS_H
#define MTLS_PKI_CIPHERS_H

/* In the place of all that OpenSSL would have: those that keys are encrypted with. */
void ciphers_begin(void);
/* The others that the header of an encrypted key can name. Of the calls after the first nothing. */
void ciphers_add_rare(void);

#endif
