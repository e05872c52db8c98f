/* Names and numbers of certificates as text that may be shown: RFC 4514, escaped. */
#ifndef MTLS_PKI_DESCRIBE_H
#define MTLS_PKI_DESCRIBE_H

#include "pki/openssl.h"

/* The name in RFC 4514 form, escaped (text_escape) and cut to fit. Returns `target`. */
char *describe_name(const X509_NAME *name, char *target, size_t target_bytes);
/* Upper-case hexadecimal, an even number of digits, "-" before a negative one. */
#define DESCRIBE_SERIAL_BYTES 64
char *describe_serial(const ASN1_INTEGER *serial, char *target, size_t target_bytes);
/* Seconds since the epoch; `otherwise` when it is none or malformed. */
time_t describe_time(const ASN1_TIME *time, time_t otherwise);
/* Bytes as hexadecimal, two digits each. `target` has room for 2 * bytes + 1. */
void describe_hex(const void *source, size_t bytes, char *target);
/* SHA-256 of bytes that are no certificate, such as a policy's. */
#define DESCRIBE_SHA256_BYTES 32
void describe_sha256(
	const void *source, size_t bytes, unsigned char target[static DESCRIBE_SHA256_BYTES]);

#endif
