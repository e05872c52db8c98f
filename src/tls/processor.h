/* Which of OpenSSL's ways to sign with RSA suits this processor. */
#ifndef MTLS_TLS_PROCESSOR_H
#define MTLS_TLS_PROCESSOR_H

#include "tls/tls.h"

/* As CPUID tells it: leaf 0, EAX of leaf 1, EBX of leaf 7; all 0 where there is no such thing. */
struct tls_processor {
	char vendor[13];
	unsigned signature, features;
};

/* Whether its RSA-2048 is faster with OpenSSL's AVX2 than with the ADX that OpenSSL would take. */
bool tls_processor_prefers_avx2(const struct tls_processor *processor);
/* Whether the first certificate of a file (PEM, and no pipe) has a key of RSA-2048. */
bool tls_processor_has_rsa_2048(const char *path);

#endif
