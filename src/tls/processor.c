/*
 * OpenSSL has two ways to sign with RSA-2048 on x86: with MULX and ADX, which it always takes where
 * there are both, and with AVX2. On AMD's Zen 3 the second needs a third less time. Which one is
 * taken OpenSSL decides when it is loaded, by what it finds or by OPENSSL_ia32cap(3) in the
 * environment; so whoever wants the other must set that before, or begin again.
 *
 * Nothing here calls anything but the plainest of the C library, as it runs before the libraries
 * are ready.
 */
#include "tls/processor.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined __x86_64__
#include <cpuid.h>
#endif

/* Bits of CPUID's leaf 7, EBX. */
#define AVX2 (1U << 5)
#define BMI2 (1U << 8)
#define ADX (1U << 19)
#define AVX512_IFMA (1U << 21) /* with it OpenSSL has a third way, the best */

#define ZEN_3 0x19

/* Of a certificate's file this much is looked at: its key comes early. */
#define FILE_BYTES_MAX 16384

bool tls_processor_prefers_avx2(const struct tls_processor *processor)
{
	unsigned needed = AVX2 | BMI2 | ADX;
	unsigned family = processor->signature >> 8 & 15;
	if (family == 15)
		family += processor->signature >> 20 & 255;
	return !strcmp(processor->vendor, "AuthenticAMD") && family == ZEN_3 &&
	       (processor->features & (needed | AVX512_IFMA)) == needed;
}

static void look(struct tls_processor *ret)
{
	*ret = (struct tls_processor){ 0 };
#if defined __x86_64__
	unsigned ignored, vendor[3];
	if (!__get_cpuid(0, &ignored, &vendor[0], &vendor[2], &vendor[1]) ||
		!__get_cpuid_count(7, 0, &ignored, &ret->features, &ignored, &ignored) ||
		!__get_cpuid(1, &ret->signature, &ignored, &ignored, &ignored))
		return;
	memcpy(ret->vendor, vendor, sizeof vendor);
#endif
}

/*
 * A SubjectPublicKeyInfo with a modulus of 2048 bits, from its algorithm up to the modulus (RFC
 * 3279 section 2.3.1). Found without reading the key, as this is only about time.
 */
static const unsigned char rsa_2048[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
	0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82, 0x01, 0x0f, 0x00, 0x30, 0x82, 0x01, 0x0a,
	0x02, 0x82, 0x01, 0x01, 0x00 };

/* The first PEM block of a text, decoded in its place (RFC 7468); the bytes it has, 0 without. */
static size_t decode(char *text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *begin = strstr(text, "-----BEGIN "), *from = begin ? strchr(begin, '\n') : NULL;
	size_t bytes = 0;
	unsigned value = 0, bits = 0;
	for (; from && *from && *from != '-'; from++) {
		const char *digit = strchr(digits, *from);
		if (!digit)
			continue; /* the end of a line */
		value = value << 6 | (unsigned)(digit - digits);
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		text[bytes++] = (char)(value >> bits);
	}
	return bytes;
}

bool tls_processor_has_rsa_2048(const char *path)
{
	struct stat about;
	char text[FILE_BYTES_MAX + 1];
	/* What can be read only once (a pipe) is left to whom it is for. */
	if (stat(path, &about) < 0 || !S_ISREG(about.st_mode))
		return false;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t bytes = fd < 0 ? -1 : read(fd, text, FILE_BYTES_MAX);
	if (fd >= 0)
		close(fd);
	if (bytes <= 0)
		return false;
	text[bytes] = 0;
	return memmem(text, decode(text), rsa_2048, sizeof rsa_2048);
}

bool tls_processor_gains(const char *certificate)
{
	struct tls_processor processor;
	look(&processor);
	return tls_processor_prefers_avx2(&processor) && tls_processor_has_rsa_2048(certificate);
}
