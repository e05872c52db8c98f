/* Which way to sign with RSA a processor prefers, and which certificates it is about. */
#include "unit.h"

#include "certs.h"
#include "tls/processor.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ZEN_3 0x00a00f11
#define AVX2_BMI2_ADX (1U << 5 | 1U << 8 | 1U << 19)

static void assert_prefers(bool expected, const char *vendor, unsigned signature, unsigned features)
{
	struct tls_processor processor = { .signature = signature, .features = features };
	snprintf(processor.vendor, sizeof processor.vendor, "%s", vendor);
	if (tls_processor_prefers_avx2(&processor) != expected)
		fail_msg("%s %x %x", vendor, signature, features);
}

static void only_where_it_was_measured(void **state)
{
	(void)state;
	assert_prefers(true, "AuthenticAMD", ZEN_3, AVX2_BMI2_ADX);
	assert_prefers(true, "AuthenticAMD", 0x00a20f10, AVX2_BMI2_ADX | 1U << 29);
	/* Older, newer, and others' processors are left to OpenSSL. */
	assert_prefers(false, "AuthenticAMD", 0x00830f10, AVX2_BMI2_ADX);
	assert_prefers(false, "AuthenticAMD", 0x00b00f20, AVX2_BMI2_ADX);
	assert_prefers(false, "GenuineIntel", ZEN_3, AVX2_BMI2_ADX);
	assert_prefers(false, "GenuineIntel", 0x000506e3, AVX2_BMI2_ADX);
	assert_prefers(false, "", 0, 0);
	/* Zen 4 has a third way. */
	assert_prefers(false, "AuthenticAMD", 0x00a10f11, AVX2_BMI2_ADX | 1U << 21);
	/* Without one of them OpenSSL has no choice. */
	for (unsigned bit = 1; bit; bit <<= 1)
		if (bit & AVX2_BMI2_ADX)
			assert_prefers(false, "AuthenticAMD", ZEN_3, AVX2_BMI2_ADX & ~bit);
}

static const char *certificate_with(const char *name, const char *key)
{
	return WRITE(name, MAKE(NULL, .subject = "CN=localhost", .key = key)->certificate);
}

static void a_key_is_known_by_its_kind_and_size(void **state)
{
	(void)state;
	static const char *const others[] = { "P-256", "P-384", "ed25519", "rsa:1024", "rsa:3072" };
	assert_true(tls_processor_has_rsa_2048(certificate_with("rsa.crt", "rsa:2048")));
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (tls_processor_has_rsa_2048(certificate_with("other.crt", others[i])))
			fail_msg("%s", others[i]);
}

static void what_is_no_file_of_a_certificate_is_left_alone(void **state)
{
	(void)state;
	struct error error;
	const char *text = certs_path("text"), *pipe = certs_path("pipe");
	assert_true(file_write(text, FILE_PUBLIC, "no certificate\n", 15, &error));
	assert_int_equal(mkfifo(pipe, 0600), 0);
	assert_false(tls_processor_has_rsa_2048(text));
	assert_false(tls_processor_has_rsa_2048("missing"));
	assert_false(tls_processor_has_rsa_2048("."));
	assert_false(tls_processor_has_rsa_2048(pipe)); /* and does not wait */
}

/* The text of a certificate between what is not of it, with `end` as the end of each line. */
static const char *written_as(const char *name, const char *before, const char *end)
{
	struct error error;
	OWN(buffer) struct buffer pem = BUFFER(65536), text = BUFFER(65536);
	const char *path = certs_path(name);
	assert_true(file_read(certificate_with("plain.crt", "rsa:2048"), &pem, &error));
	assert_true(buffer_append(&text, before, strlen(before), &error));
	for (size_t i = 0; i < pem.length; i++)
		if (pem.data[i] == '\n')
			assert_true(buffer_append(&text, end, strlen(end), &error));
		else
			assert_true(buffer_append(&text, &pem.data[i], 1, &error));
	assert_true(file_write(path, FILE_PUBLIC, text.data, text.length, &error));
	return path;
}

static void a_file_may_be_written_in_other_ways(void **state)
{
	(void)state;
	static char much[20000];
	memset(much, ' ', sizeof much - 1);
	assert_true(tls_processor_has_rsa_2048(written_as("plain", "", "\n")));
	assert_true(tls_processor_has_rsa_2048(written_as("before", "A server:\n", "\n")));
	assert_true(tls_processor_has_rsa_2048(written_as("dos", "", "\r\n")));
	assert_true(tls_processor_has_rsa_2048(written_as("spaces", "", " \n ")));
	/* What is first counts, and so does how far we look; what ends nowhere is no certificate.
	 */
	assert_false(tls_processor_has_rsa_2048(
		written_as("second", "-----BEGIN CERTIFICATE-----\nAAAA\n", "\n")));
	assert_false(tls_processor_has_rsa_2048(written_as("late", much, "\n")));
	assert_false(tls_processor_has_rsa_2048(written_as("unended", "", "")));
}

static void only_both_together_gain(void **state)
{
	(void)state;
	/* Whether this processor is one of them is not ours to say. */
	assert_false(tls_processor_gains(certificate_with("p256.crt", "P-256")));
	assert_false(tls_processor_gains("missing"));
	(void)tls_processor_gains(certificate_with("rsa.crt", "rsa:2048"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_where_it_was_measured),
		cmocka_unit_test(a_key_is_known_by_its_kind_and_size),
		cmocka_unit_test(what_is_no_file_of_a_certificate_is_left_alone),
		cmocka_unit_test(a_file_may_be_written_in_other_ways),
		cmocka_unit_test(only_both_together_gain),
	};
	return cmocka_run_group_tests(tests, NULL, certs_end);
}
