/*
 * Opening a store beside other work: the same stores and the same words of failure as in one call,
 * and nothing made, locked or left when a start that went on meanwhile came to nothing.
 */
#include "unit.h"

#include "store_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>

static char path[100], where[120];
static struct store_options options = { where, 60000, 1 << 30 };

static int set_up(void **state)
{
	folder_up(state);
	snprintf(path, sizeof path, "%s/deeper/todo.db", folder);
	snprintf(where, sizeof where, "sqlite:%s", path);
	options.where = where;
	return 0;
}

static struct store *opened_beside(void)
{
	OWN(store_opening) struct store_opening *opening = store_opening_new(&options);
	struct store *store = NULL;
	struct error error;
	if (!store_opening_end(opening, &store, &error))
		fail_msg("%s", error.text);
	store_start(store);
	return store;
}

static size_t items(struct store *store)
{
	OWN(json_t) json_t *json = read_json(store);
	return json_array_size(json);
}

static void a_new_file_and_one_that_is_there(void **state)
{
	(void)state;
	for (size_t before = 5; before < 8; before++) {
		OWN(store) struct store *store = opened_beside();
		assert_int_equal(items(store), before);
		assert_int_equal(add(store, "one more", false), STORE_DONE);
	}
	OWN(store) struct store *store = opened(where);
	assert_int_equal(items(store), 8);
}

static void in_memory(void **state)
{
	(void)state;
	options.where = "memory";
	OWN(store) struct store *store = opened_beside();
	assert_int_equal(items(store), 5);
}

/* What is not there yet is made by the end, and not by who goes before. */
static void nothing_is_made_without_an_end(void **state)
{
	(void)state;
	struct stat about;
	store_opening_free(store_opening_new(&options));
	assert_int_equal(stat(folder, &about), 0);
	snprintf(path, sizeof path, "%s/deeper", folder);
	assert_int_equal(stat(path, &about), -1);
	assert_int_equal(errno, ENOENT);
	store_opening_free(NULL);
}

/* Nor is a file that somebody made and nobody wrote to. */
static void an_empty_file_is_left_empty_without_an_end(void **state)
{
	(void)state;
	struct stat about;
	snprintf(path, sizeof path, "%s/empty.db", folder);
	snprintf(where, sizeof where, "sqlite:%s", path);
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	store_opening_free(store_opening_new(&options));
	assert_int_equal(stat(path, &about), 0);
	assert_int_equal(about.st_size, 0);
	OWN(store) struct store *store = opened_beside();
	assert_int_equal(items(store), 5);
}

/* Whoever gives up lets go of the file: another may have it at once. */
static void given_up_it_lets_go(void **state)
{
	(void)state;
	store_free(opened(where));
	for (int i = 0; i < 20; i++) {
		store_opening_free(store_opening_new(&options));
		OWN(store) struct store *store = opened(where);
		assert_int_equal(items(store), 5);
	}
}

/* Both ways say the same, whatever it is. */
static void both_fail_alike(enum error_kind kind, const char *part)
{
	struct store *untouched = NULL;
	struct error at_once, beside;
	assert_false(store_open(&options, &untouched, &at_once));
	OWN(store_opening) struct store_opening *opening = store_opening_new(&options);
	assert_false(store_opening_end(opening, &untouched, &beside));
	assert_null(untouched);
	assert_int_equal(beside.kind, kind);
	assert_int_equal(at_once.kind, kind);
	assert_string_equal(beside.text, at_once.text);
	assert_string_equal(error_advice(&beside), error_advice(&at_once));
	if (!strstr(beside.text, part))
		fail_msg("'%s' does not say '%s'", beside.text, part);
}

static void what_fails_says_the_same(void **state)
{
	(void)state;
	OWN(store) struct store *store = opened(where);
	both_fail_alike(ERROR_STORE, "another mtls serve uses");
	assert_int_equal(items(store), 5); /* which it does, as before */
	OWN(char) char *bad = text_format("sqlite:%s/bad.db", folder);
	OWN(char) char *make = text_format("yes damaged | head -c 8192 >%s/bad.db", folder);
	assert_int_equal(system(make), 0);
	options.where = bad;
	both_fail_alike(ERROR_INPUT, "bad.db': file is not a database");
	options.where = "nonsense";
	both_fail_alike(ERROR_USAGE, "'nonsense' names no store");
	options.where = "sqlite:";
	both_fail_alike(ERROR_USAGE, "'sqlite:' names no store");
	options.where = folder;
	both_fail_alike(ERROR_USAGE, "names no store");
	OWN(char) char *place = text_format("sqlite:%s", folder);
	options.where = place;
	both_fail_alike(ERROR_IO, "Is a directory");
}

/* It is the control thread that takes signals; one that came while the file was opened waits. */
static void its_thread_takes_no_signals(void **state)
{
	(void)state;
	sigset_t one, before, waiting;
	store_free(opened(where));
	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &one, &before), 0);
	struct store_opening *opening = store_opening_new(&options);
	assert_int_equal(kill(getpid(), SIGUSR1), 0); /* would end the process */
	store_opening_free(opening);
	assert_int_equal(sigpending(&waiting), 0);
	assert_true(sigismember(&waiting, SIGUSR1));
	int number;
	assert_int_equal(sigwait(&one, &number), 0);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
}

static void only_a_database_is_remote(void **state)
{
	(void)state;
	static const char *const near[] = { "memory", "sqlite:postgresql://x", "nonsense" };
	static const char *const far[] = { "postgresql://x/y", "postgres://x/y" };
	for (size_t i = 0; i < 3; i++)
		assert_false(store_is_remote(&(struct store_options){ .where = near[i] }));
	for (size_t i = 0; i < 2; i++)
		assert_true(store_is_remote(&(struct store_options){ .where = far[i] }));
}

int main(void)
{
#define IN_FOLDER(name) cmocka_unit_test_setup_teardown(name, set_up, folder_down)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(a_new_file_and_one_that_is_there),
		IN_FOLDER(in_memory),
		IN_FOLDER(nothing_is_made_without_an_end),
		IN_FOLDER(an_empty_file_is_left_empty_without_an_end),
		IN_FOLDER(given_up_it_lets_go),
		IN_FOLDER(what_fails_says_the_same),
		IN_FOLDER(its_thread_takes_no_signals),
		cmocka_unit_test(only_a_database_is_remote),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
