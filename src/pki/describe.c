/* Names and serial numbers as text. */
#include "pki/describe.h"

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
	OWN(BIGNUM) BIGNUM *number = ASN1_INTEGER_to_BN(serial, NULL);
	char *text = number ? BN_bn2hex(number) : NULL;
	/* "0" alone is the one odd case of BN_bn2hex. */
	snprintf(target, target_bytes, "%s%s", text && !strcmp(text, "0") ? "0" : "",
		text ? text : "");
	OPENSSL_free(text);
	return target;
}

void describe_hex(const void *source, size_t bytes, char *target)
{
	const unsigned char *at = source;
	for (size_t i = 0; i < bytes; i++)
		snprintf(target + 2 * i, 3, "%02x", at[i]);
}
