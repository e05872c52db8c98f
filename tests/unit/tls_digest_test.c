/* The digest of a side's files: every file counts, in its place, and nothing else does. */
#include "unit.h"

#include "tls/tls.h"

#include <sys/stat.h>
#include <unistd.h>

static void write_file(const char *name, const char *text)
{
	struct error error;
	assert_true(file_write(name, FILE_PRIVATE, text, strlen(text), &error));
}

static const char *const cas[] = { "ca" }, *const crls[] = { "crl" };
static const struct tls_options side = {
	.cert = "cert", .key = "key", .ca = cas, .ca_count = 1, .crl = crls, .crl_count = 1
};

static void digest_now(unsigned char ret[static TLS_DIGEST_BYTES])
{
	struct error error;
	if (!tls_options_digest(&side, "more", ret, &error))
		fail_msg("%s", error.text);
}

static int set_up(void **state)
{
	(void)state;
	static char folder[] = "/tmp/mtls-digest-test.XXXXXX";
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	static const char *const names[] = { "cert", "key", "ca", "crl", "more" };
	char folder[4096];
	for (size_t i = 0; i < 5; i++)
		unlink(names[i]);
	return getcwd(folder, sizeof folder) && chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static void every_file_counts(void **state)
{
	(void)state;
	static const char *const names[] = { "cert", "key", "ca", "crl", "more" };
	unsigned char first[TLS_DIGEST_BYTES], now[TLS_DIGEST_BYTES];
	for (size_t i = 0; i < 5; i++)
		write_file(names[i], names[i]);
	digest_now(first);
	for (size_t i = 0; i < 5; i++) {
		write_file(names[i], "other");
		digest_now(now);
		assert_memory_not_equal(first, now, sizeof now);
		write_file(names[i], names[i]); /* written anew, with what it held */
		digest_now(now);
		assert_memory_equal(first, now, sizeof now);
	}
	/* What moves from the end of one file to the next is a change. */
	write_file("cert", "cer");
	write_file("key", "tkey");
	digest_now(now);
	assert_memory_not_equal(first, now, sizeof now);
}

static void a_missing_file_is_named_and_a_pipe_left_alone(void **state)
{
	(void)state;
	struct error error;
	unsigned char digest[TLS_DIGEST_BYTES] = { 7 };
	assert_int_equal(unlink("crl"), 0);
	assert_false(tls_options_digest(&side, NULL, digest, &error));
	assert_string_equal(error.text, "CRLs: cannot read 'crl': No such file or directory");
	assert_int_equal(digest[0], 7);
	assert_int_equal(mkfifo("crl", 0600), 0);
	assert_true(tls_options_digest(&side, NULL, digest, &error)); /* and does not wait */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_file_counts),
		cmocka_unit_test(a_missing_file_is_named_and_a_pipe_left_alone),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
