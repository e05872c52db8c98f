/* OpenSSL's types under our ownership macro, and its error queue as our error. */
#ifndef MTLS_PKI_OPENSSL_H
#define MTLS_PKI_OPENSSL_H

#include "base/base.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

OWN_DEFINE(BIO, BIO, BIO_free_all);
OWN_DEFINE(EVP_PKEY, EVP_PKEY, EVP_PKEY_free);
OWN_DEFINE(EVP_PKEY_CTX, EVP_PKEY_CTX, EVP_PKEY_CTX_free);
OWN_DEFINE(EVP_MD_CTX, EVP_MD_CTX, EVP_MD_CTX_free);
OWN_DEFINE(X509, X509, X509_free);
OWN_DEFINE(X509_REQ, X509_REQ, X509_REQ_free);
OWN_DEFINE(X509_CRL, X509_CRL, X509_CRL_free);
OWN_DEFINE(X509_NAME, X509_NAME, X509_NAME_free);
OWN_DEFINE(X509_STORE, X509_STORE, X509_STORE_free);
OWN_DEFINE(X509_STORE_CTX, X509_STORE_CTX, X509_STORE_CTX_free);
OWN_DEFINE(GENERAL_NAME, GENERAL_NAME, GENERAL_NAME_free);
OWN_DEFINE(GENERAL_NAMES, GENERAL_NAMES, GENERAL_NAMES_free);
OWN_DEFINE(EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free);
OWN_DEFINE(ASN1_INTEGER, ASN1_INTEGER, ASN1_INTEGER_free);
OWN_DEFINE(BIGNUM, BIGNUM, BN_clear_free);

static inline void own_certificates_free(STACK_OF(X509) * certificates)
{
	sk_X509_pop_free(certificates, X509_free);
}
OWN_DEFINE(certificates, STACK_OF(X509), own_certificates_free);

static inline void own_extensions_free(STACK_OF(X509_EXTENSION) * extensions)
{
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}
OWN_DEFINE(extensions, STACK_OF(X509_EXTENSION), own_extensions_free);

/* Before all else of OpenSSL: at the end of the process nothing is torn down. */
void openssl_begin(void);

/*
 * As error_set, with the most specific reason of OpenSSL's error queue behind a colon; the queue is
 * empty afterwards. ERR_reason_error_string is NULL for system errors: strerror stands in.
 */
bool error_openssl(struct error *reterr, enum error_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
