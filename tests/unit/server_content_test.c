/* Files whose bytes are kept: which and when, that a change is seen, and what is lent of a body. */
#include "unit.h"

#include "server/content.h"
#include "server/routes.h"

#include <fcntl.h>
#include <unistd.h>

static char top[] = "/tmp/mtls-content.XXXXXX";
static struct contents *contents;

static int set_up(void **state)
{
	(void)state;
	contents = contents_new();
	return !mkdtemp(top) || chdir(top);
}

static int tear_down(void **state)
{
	(void)state;
	contents_free(contents);
	OWN(char) char *command = text_format("cd / && rm -r '%s'", top);
	return system(command);
}

static void put(const char *name, const char *bytes, size_t count)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, count), count);
	close(fd);
}

/* A file as somebody has opened it, and a moment at which it is old. */
struct file {
	int fd;
	struct stat stat;
	time_t later;
};

static struct file open_file(const char *name)
{
	struct file file = { .fd = open(name, O_RDONLY | O_CLOEXEC) };
	assert_true(file.fd >= 0);
	assert_int_equal(fstat(file.fd, &file.stat), 0);
	file.later = file.stat.st_ctim.tv_sec + CONTENT_YOUNG_S + 1;
	return file;
}

static struct content *get(const struct file *file)
{
	return contents_get(contents, file->fd, &file->stat, file->later);
}

/* Asks twice, as the first time only leaves a note; the caller's to release. */
static struct content *get_kept(const char *name)
{
	struct file file = open_file(name);
	struct content *content = get(&file);
	if (!content)
		content = get(&file);
	close(file.fd);
	return content;
}

static void assert_holds(struct content *content, const char *expected, size_t count)
{
	assert_non_null(content);
	assert_memory_equal(content_bytes(content), expected, count);
	content_release(content);
}

static void keeps_what_is_asked_for_again(void **state)
{
	(void)state;
	put("again", "0123456789", 10);
	struct file file = open_file("again");
	assert_null(get(&file));
	struct content *second = get(&file), *third = get(&file);
	assert_non_null(second);
	assert_ptr_equal(second, third);
	content_release(third);
	/* The file itself is not asked any more. */
	close(file.fd);
	file.fd = -1;
	assert_holds(get(&file), "0123456789", 10);
	assert_holds(second, "0123456789", 10);
}

static void keeps_nothing_young(void **state)
{
	(void)state;
	put("young", "0123456789", 10);
	struct file file = open_file("young");
	time_t changed = file.stat.st_ctim.tv_sec;
	for (int i = 0; i < 3; i++)
		for (time_t at = changed - 2; at <= changed + CONTENT_YOUNG_S; at++)
			assert_null(contents_get(contents, file.fd, &file.stat, at));
	/* An old time of modification can be set by anybody; one in the future, too. */
	const struct timespec old[2] = { { 784111777, 0 }, { 784111777, 0 } };
	assert_int_equal(futimens(file.fd, old), 0);
	assert_int_equal(fstat(file.fd, &file.stat), 0);
	for (int i = 0; i < 3; i++)
		assert_null(contents_get(contents, file.fd, &file.stat, changed + 1));
	const struct timespec future[2] = { { changed + 100, 0 }, { changed + 100, 0 } };
	assert_int_equal(futimens(file.fd, future), 0);
	close(file.fd);
	file = open_file("young");
	for (int i = 0; i < 3; i++)
		assert_null(get(&file));
	file.later = changed + 103;
	assert_null(get(&file));
	assert_holds(get(&file), "0123456789", 10);
	close(file.fd);
}

static void keeps_nothing_large_and_nothing_empty(void **state)
{
	(void)state;
	put("sized", "", 0);
	assert_null(get_kept("sized"));
	assert_int_equal(truncate("sized", (off_t)CONTENT_BYTES_MAX + 1), 0);
	assert_null(get_kept("sized"));
	assert_int_equal(truncate("sized", (off_t)CONTENT_BYTES_MAX), 0);
	struct content *most = get_kept("sized");
	assert_non_null(most);
	assert_int_equal(content_bytes(most)[CONTENT_BYTES_MAX - 1], 0);
	content_release(most);
}

static void sees_every_change(void **state)
{
	(void)state;
	put("page", "first one", 9);
	assert_holds(get_kept("page"), "first one", 9);
	struct file before = open_file("page");
	/* As long, and with the time that it had: the other time tells. */
	put("page", "other one", 9);
	const struct timespec times[2] = { before.stat.st_mtim, before.stat.st_mtim };
	assert_int_equal(utimensat(AT_FDCWD, "page", times, 0), 0);
	struct file after = open_file("page");
	assert_int_equal(after.stat.st_mtim.tv_nsec, before.stat.st_mtim.tv_nsec);
	if (after.stat.st_ctim.tv_sec != before.stat.st_ctim.tv_sec ||
		after.stat.st_ctim.tv_nsec != before.stat.st_ctim.tv_nsec) {
		assert_null(get(&after));
		assert_holds(get(&after), "other one", 9);
	}
	close(before.fd);
	close(after.fd);
	/* Another file under the name. */
	put("fresh", "third one", 9);
	assert_int_equal(rename("fresh", "page"), 0);
	assert_holds(get_kept("page"), "third one", 9);
	/* Longer, shorter. */
	put("page", "longer than before", 18);
	assert_holds(get_kept("page"), "longer than before", 18);
	assert_int_equal(truncate("page", 6), 0);
	assert_holds(get_kept("page"), "longer", 6);
}

static void keeps_no_mixture(void **state)
{
	(void)state;
	/* Changed, or cut, between the look at its status and its reading. */
	put("mixed", "0123456789", 10);
	struct file file = open_file("mixed");
	assert_null(get(&file));
	put("mixed", "abcdefghijkl", 12);
	assert_null(get(&file));
	assert_int_equal(truncate("mixed", 5), 0);
	assert_null(get(&file));
	file.fd = (close(file.fd), -1);
	assert_null(get(&file)); /* nor what cannot be read */
}

static void outlives_its_place(void **state)
{
	(void)state;
	put("held", "held on", 7);
	struct content *held = get_kept("held");
	assert_non_null(held);
	put("crowd", "", 0);
	for (int i = 1; i < 20 * CONTENTS_MAX; i++) {
		assert_int_equal(truncate("crowd", i), 0);
		struct content *other = get_kept("crowd");
		if (other)
			content_release(other);
	}
	/* The place is another's by now; whoever is being answered still has all of it. */
	struct file file = open_file("held");
	assert_null(get(&file));
	close(file.fd);
	assert_holds(held, "held on", 7);
}

/* ---- Of a response ---- */

static int released;

static void release(void *holder)
{
	assert_string_equal(holder, "holder");
	released++;
}

static void reads_of_a_file_at_hand(void **state)
{
	(void)state;
	struct error error;
	bool done = false;
	static char holder[] = "holder";
	OWN(buffer) struct buffer read = BUFFER(100);
	struct http_response *response = http_response_new(206);
	assert_true(http_response_append(response, "<", 1, &error));
	http_response_append_file(response, 2, 3);
	assert_true(http_response_append(response, "><", 2, &error));
	http_response_append_file(response, 9, 1);
	http_response_hold(response, "0123456789", holder, release);
	while (!done)
		assert_true(response_read(response, 2, &read, &done, &error));
	assert_string_equal(read.data, "<234><9");
	released = 0;
	http_response_free(response);
	assert_int_equal(released, 1);
}

static void lends_long_runs_only(void **state)
{
	(void)state;
	struct error error;
	bool done = true;
	const char *lent = NULL;
	static char large[3 * TLS_RECORD_BYTES];
	OWN(buffer) struct buffer read = BUFFER(sizeof large);
	OWN(http_response) struct http_response *response = http_response_new(200);
	assert_int_equal(response_lend(response, sizeof large, &lent, &done), 0);
	assert_true(http_response_append(response, large, 10, &error));
	http_response_append_file(response, 5, sizeof large - 5);
	http_response_hold(response, large, NULL, NULL);
	/* Ten bytes go with what else is to be said. */
	assert_int_equal(response_lend(response, sizeof large, &lent, &done), 0);
	assert_null(lent);
	assert_true(response_read(response, 10, &read, &done, &error));
	assert_false(done);
	assert_int_equal(response_lend(response, TLS_RECORD_BYTES, &lent, &done), TLS_RECORD_BYTES);
	assert_ptr_equal(lent, large + 5);
	assert_false(done);
	assert_int_equal(
		response_lend(response, sizeof large, &lent, &done), 2 * TLS_RECORD_BYTES - 5);
	assert_ptr_equal(lent, large + 5 + TLS_RECORD_BYTES);
	assert_true(done);
	assert_int_equal(response_lend(response, sizeof large, &lent, &done), 0);
}

static void lends_nothing_that_must_be_read(void **state)
{
	(void)state;
	bool done = true;
	const char *lent = NULL;
	put("read", "0", 1);
	assert_int_equal(truncate("read", 2 * TLS_RECORD_BYTES), 0);
	OWN(http_response) struct http_response *response = http_response_new(200);
	http_response_append_file(response, 0, 2 * TLS_RECORD_BYTES);
	http_response_file(response, open("read", O_RDONLY | O_CLOEXEC));
	assert_int_equal(response_lend(response, 2 * TLS_RECORD_BYTES, &lent, &done), 0);
	assert_true(done); /* untouched */
	assert_null(lent);
	assert_int_equal(response->body_read, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_is_asked_for_again),
		cmocka_unit_test(keeps_nothing_young),
		cmocka_unit_test(keeps_nothing_large_and_nothing_empty),
		cmocka_unit_test(sees_every_change),
		cmocka_unit_test(keeps_no_mixture),
		cmocka_unit_test(outlives_its_place),
		cmocka_unit_test(reads_of_a_file_at_hand),
		cmocka_unit_test(lends_long_runs_only),
		cmocka_unit_test(lends_nothing_that_must_be_read),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
