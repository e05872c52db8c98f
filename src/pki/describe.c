/* Names and serial numbers as text. */
#include "pki/describe.h"

#include "pki/index.h"

char *describe_name(const X509_NAME *name, char *target, size_t target_bytes)
{
	char *text = NULL;
	OWN(BIO) BIO *bio = BIO_new(BIO_s_mem());
	/* Non-ASCII stays UTF-8 here; text_escape decides what may be shown. */
	unsigned long form = XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
	if (!bio)
		bug("out of memory for a name");
	/* Fails on a string that is no text of its type: what came before it is shown. */
	(void)X509_NAME_print_ex(bio, name, 0, form);
	long bytes = BIO_get_mem_data(bio, &text);
	return text_escape(target, target_bytes, text, bytes > 0 ? (size_t)bytes : 0);
}

char *describe_serial(const ASN1_INTEGER *serial, char *target, size_t target_bytes)
{
	OWN(char) char *text = index_serial(serial);
	snprintf(target, target_bytes, "%s", text);
	return target;
}

time_t describe_time(const ASN1_TIME *time, time_t otherwise)
{
	struct tm parts;
	return time && ASN1_TIME_to_tm(time, &parts) ? timegm(&parts) : otherwise;
}

void describe_hex(const void *source, size_t bytes, char *target)
{
	const unsigned char *at = source;
	for (size_t i = 0; i < bytes; i++)
		snprintf(target + 2 * i, 3, "%02x", at[i]);
}

void describe_sha256(
	const void *source, size_t bytes, unsigned char target[static DESCRIBE_SHA256_BYTES])
{
	if (!EVP_Digest(source, bytes, target, NULL, EVP_sha256(), NULL))
		bug("SHA-256 failed");
}
