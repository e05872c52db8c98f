/* OpenSSL's error queue as one sentence. */
#include "pki/openssl.h"

#include "pki/ciphers.h"
#include "pki/memory.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>

/*
 * The kernel takes back memory faster than OpenSSL frees it piece by piece (0.4 ms). Secrets are
 * wiped by their owners, not by the end of the process.
 */
void openssl_begin(void)
{
	memory_begin();
	if (!OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_ADD_ALL_CIPHERS, NULL))
		bug("OpenSSL does not start");
	ciphers_begin();
}

/*
 * Empties the queue. The first entry is the cause and later ones say who passed it on, except that
 * the generic "ASN1 lib", "PEM lib" and their like say nothing: the first that is not one wins.
 */
static void queue_reason(char *target, size_t target_bytes)
{
	unsigned long error;
	bool found = false;
	*target = 0;
	while ((error = ERR_get_error()) != 0) {
		bool generic = ERR_COMMON_ERROR(error);
		const char *text = ERR_SYSTEM_ERROR(error) ? strerror(ERR_GET_REASON(error))
							   : ERR_reason_error_string(error);
		if (!text || found || (generic && *target))
			continue;
		snprintf(target, target_bytes, "%s", text);
		found = !generic;
	}
}

bool error_openssl(struct error *reterr, enum error_kind kind, const char *format, ...)
{
	char text[ERROR_TEXT_BYTES / 2], reason[ERROR_TEXT_BYTES / 4];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	queue_reason(reason, sizeof reason);
	return error_set(reterr, kind, "%s%s%s", text, *reason ? ": " : "", reason);
}
