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

/* Which of the options names a missing file is said, and nothing is given back. */
static void each_list_says_which_it_is(void **state)
{
	(void)state;
	static const char *const gone[] = { "ca", "gone" }, *const nul[] = { "cert" };
	static const struct {
		struct tls_options options;
		const char *more, *text;
	} rows[] = {
		{ { .cert = "gone" }, NULL, "cannot read 'gone': No such file or directory" },
		{ { .cert = "cert", .key = "gone" }, NULL,
			"cannot read 'gone': No such file or directory" },
		{ { .ca = gone, .ca_count = 2 }, NULL,
			"trust anchors: cannot read 'gone': No such file or directory" },
		{ { .crl = gone + 1, .crl_count = 1 }, NULL,
			"CRLs: cannot read 'gone': No such file or directory" },
		{ { .ca = nul, .ca_count = 1 }, "gone",
			"cannot read 'gone': No such file or directory" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		unsigned char digest[TLS_DIGEST_BYTES] = { 7 };
		struct error error;
		assert_false(tls_options_digest(&rows[i].options, rows[i].more, digest, &error));
		assert_int_equal(error.kind, ERROR_INPUT);
		assert_string_equal(error.text, rows[i].text);
		assert_int_equal(digest[0], 7);
	}
}

/* Of no files at all it is a digest too; an empty file is none that could be used. */
static void nothing_has_a_digest_and_an_empty_file_none(void **state)
{
	(void)state;
	const struct tls_options none = { .server = true }, empty = { .cert = "cert" };
	unsigned char one[TLS_DIGEST_BYTES], two[TLS_DIGEST_BYTES];
	struct error error;
	assert_true(tls_options_digest(&none, NULL, one, &error));
	assert_true(tls_options_digest(&none, NULL, two, &error));
	assert_memory_equal(one, two, sizeof one);
	write_file("cert", "");
	assert_false(tls_options_digest(&empty, NULL, two, &error));
	assert_string_equal(error.text, "cannot use 'cert': it is empty");
	assert_memory_equal(one, two, sizeof one);
}

static void a_file_has_a_limit(void **state)
{
	(void)state;
	const struct tls_options large = { .cert = "cert" };
	unsigned char digest[TLS_DIGEST_BYTES];
	struct error error;
	assert_int_equal(truncate("cert", (off_t)CRL_BYTES_MAX + 1), 0);
	assert_false(tls_options_digest(&large, NULL, digest, &error));
	assert_int_equal(error.kind, ERROR_LIMIT);
	assert_non_null(strstr(error.text, "'cert'"));
	write_file("cert", "cert");
	assert_true(tls_options_digest(&large, NULL, digest, &error));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_file_counts),
		cmocka_unit_test(a_missing_file_is_named_and_a_pipe_left_alone),
		cmocka_unit_test(each_list_says_which_it_is),
		cmocka_unit_test(nothing_has_a_digest_and_an_empty_file_none),
		cmocka_unit_test(a_file_has_a_limit),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
