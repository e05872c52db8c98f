/* What the files behind show.h share. */
#ifndef MTLS_PKI_SHOW_PARTS_H
#define MTLS_PKI_SHOW_PARTS_H

#include "pki/show.h"

/* Adds names, usages, constraints and key identifiers, as far as they are there. */
void show_extensions(json_t *target, const STACK_OF(X509_EXTENSION) * extensions);
/* "key": "RSA-2048", and the digest of the public key. */
void show_public_key(json_t *target, EVP_PKEY *key);
/* Sets a member; the value becomes the object's. */
void show_set(json_t *target, const char *name, json_t *value);
void show_time(json_t *target, const char *name, time_t at);

#endif
