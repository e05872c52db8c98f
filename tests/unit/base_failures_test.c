/*
 * Files when the machine fails: a full disk, a folder that cannot be written, a limit, a lock that
 * another process holds. What was there stays, nothing half-written appears, the sentence names it.
 */
#include "unit.h"

#include "base/base.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];

static int enter(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/mtls-failures-test.XXXXXX");
	return !mkdtemp(folder) || chmod(folder, 0755) || chdir(folder);
}

static int leave(void **state)
{
	(void)state;
	OWN(char) char *command = text_format("chmod -R u+w '%s'; rm -rf '%s'", folder, folder);
	return chdir("/") || system(command);
}

/* The names in `path`, sorted as the set's files are: as many as there are, none hidden. */
static int entries_of(const char *path)
{
	int count = 0;
	DIR *listing = opendir(path);
	assert_non_null(listing);
	for (struct dirent *entry; (entry = readdir(listing));)
		count += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	closedir(listing);
	return count;
}

static bool holds_text(const char *path, const char *content)
{
	struct error error;
	OWN(buffer) struct buffer text = BUFFER(65536);
	return file_read(path, &text, &error) && !strcmp(text.data, content);
}

/* Runs `part` in a process of its own, whose limits and user are then its own too. */
static void in_child(bool (*part)(void))
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (!child)
		_exit(part() ? 42 : 1);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
}

/* True when it failed so; prints what else happened, as a child's asserts are not seen. */
static bool failed_so(bool ok, const struct error *error, const char *sentence)
{
	if (!ok && error->kind == ERROR_IO && !strcmp(error->text, sentence))
		return true;
	fprintf(stderr, "%s instead of '%s'\n", ok ? "success" : error->text, sentence);
	return false;
}

/* ---- A limit on the size of files, met by the second of a set ---- */

static bool second_is_too_large(void)
{
	static const char large[8192];
	struct error error;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 4096, 4096 });
	OWN(file_set) struct file_set *set = file_set_new();
	return file_set_add(set, "first", FILE_PRIVATE, "1", 1, &error) &&
	       failed_so(file_set_add(set, "second", FILE_PRIVATE, large, sizeof large, &error),
		       &error, "cannot write 'second': File too large");
}

static void a_set_that_meets_a_limit_leaves_nothing(void **state)
{
	(void)state;
	in_child(second_is_too_large);
	assert_int_equal(entries_of("."), 0);
}

static bool replaced_by_what_is_too_large(void)
{
	static char large[4097];
	struct error error;
	memset(large, 'x', sizeof large);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 4096, 4096 });
	/* The most that fits, then one byte more. */
	return file_write("exact", FILE_PUBLIC, large, 4096, &error) &&
	       failed_so(file_write("old", FILE_PUBLIC, large, 4097, &error), &error,
		       "cannot write 'old': File too large");
}

static void a_file_stays_when_its_next_version_does_not_fit(void **state)
{
	(void)state;
	struct error error;
	assert_true(file_write("old", FILE_PUBLIC, "old", 3, &error));
	in_child(replaced_by_what_is_too_large);
	assert_true(holds_text("old", "old"));
	assert_int_equal(entries_of("."), 2);
}

/* ---- A folder that may not be written, as a user who is bound by that ---- */

static bool writes_into_what_is_closed(void)
{
	struct error error;
	int fd = 42;
	if (geteuid() == 0 && (setgid(65534) || setuid(65534)))
		return false;
	OWN(file_set) struct file_set *set = file_set_new();
	return failed_so(file_write("closed/key", FILE_PRIVATE, "k", 1, &error), &error,
		       "cannot write 'closed/key': Permission denied") &&
	       failed_so(file_set_add(set, "closed/new", FILE_PUBLIC, "n", 1, &error), &error,
		       "cannot write 'closed/new': Permission denied") &&
	       failed_so(file_make_folder("closed/deep/er", &error), &error,
		       "cannot make the folder 'closed/deep': Permission denied") &&
	       failed_so(file_lock("closed/lock", &fd, &error), &error,
		       "cannot lock 'closed/lock': Permission denied") &&
	       fd == 42;
}

static bool reads_what_is_private(void)
{
	struct error error;
	OWN(buffer) struct buffer text = BUFFER(16);
	if (geteuid() == 0 && (setgid(65534) || setuid(65534)))
		return false;
	return !file_read("closed/key", &text, &error) && error.kind == ERROR_INPUT &&
	       !strcmp(error.text, "cannot read 'closed/key': Permission denied") && !text.length;
}

static void a_folder_without_permission_is_named(void **state)
{
	(void)state;
	struct error error;
	assert_int_equal(mkdir("closed", 0755), 0);
	assert_true(file_write("closed/key", FILE_PRIVATE, "old", 3, &error));
	assert_int_equal(chmod("closed", 0555), 0);
	in_child(writes_into_what_is_closed);
	assert_true(holds_text("closed/key", "old"));
	assert_int_equal(entries_of("closed"), 1);
	if (geteuid() == 0)
		in_child(reads_what_is_private);
	assert_int_equal(chmod("closed", 0755), 0);
}

/* ---- A disk that is full, for real: a file system of 64 KiB ---- */

static void a_full_disk_leaves_what_was_there(void **state)
{
	(void)state;
	static char data[16384];
	struct error error;
	memset(data, 'x', sizeof data);
	assert_int_equal(mkdir("small", 0755), 0);
	if (mount("tmpfs", "small", "tmpfs", 0, "size=64k") != 0)
		skip(); /* only root may, and not everywhere */
	bool made = file_write("small/old", FILE_PRIVATE, "old", 3, &error);
	int added = 0;
	{
		OWN(file_set) struct file_set *set = file_set_new();
		char name[32];
		do
			snprintf(name, sizeof name, "small/%d", added);
		while (file_set_add(set, name, FILE_PUBLIC, data, sizeof data, &error) &&
			++added < 16);
	}
	bool kept = holds_text("small/old", "old");
	bool replaced = file_write("small/old", FILE_PRIVATE, "new", 3, &error);
	int left = entries_of("small");
	assert_int_equal(umount("small"), 0);
	assert_true(made && kept && replaced);
	assert_in_range(added, 1, 4);
	assert_int_equal(left, 1);
}

static void a_link_to_a_device_is_replaced(void **state)
{
	(void)state;
	struct error error;
	assert_int_equal(symlink("/dev/full", "full"), 0);
	assert_true(file_write("full", FILE_PUBLIC, "x", 1, &error));
	assert_true(holds_text("full", "x"));
}

/* "-o /dev/null" must not take the device from everybody else. */
static void a_device_is_written_to_and_stays(void **state)
{
	(void)state;
	struct error error;
	struct stat about;
	assert_true(file_write("/dev/null", FILE_PUBLIC, "x", 1, &error));
	assert_false(file_write("/dev/full", FILE_PUBLIC, "x", 1, &error));
	assert_string_equal(error.text, "cannot write '/dev/full': No space left on device");
	assert_int_equal(error.kind, ERROR_IO);
	assert_int_equal(stat("/dev/null", &about), 0);
	assert_true(S_ISCHR(about.st_mode));
	assert_int_equal(stat("/dev/full", &about), 0);
	assert_true(S_ISCHR(about.st_mode));
}

/* ---- Targets that cannot be replaced ---- */

static void a_target_that_is_a_folder_spoils_the_whole_set(void **state)
{
	(void)state;
	struct error error;
	assert_int_equal(mkdir("folder", 0755), 0);
	assert_true(file_write("a", FILE_PUBLIC, "old", 3, &error));
	OWN(file_set) struct file_set *set = file_set_new();
	assert_true(file_set_add(set, "a", FILE_PUBLIC, "new", 3, &error));
	assert_false(file_set_add(set, "folder", FILE_PUBLIC, "x", 1, &error));
	assert_int_equal(error.kind, ERROR_IO);
	assert_string_equal(error.text, "cannot write 'folder': Is a directory");
	assert_true(holds_text("a", "old"));
	file_set_free(TAKE(set));
	assert_int_equal(entries_of("."), 2);
}

static void the_last_content_of_a_path_counts(void **state)
{
	(void)state;
	struct error error;
	struct stat about;
	{
		OWN(file_set) struct file_set *set = file_set_new();
		assert_true(file_set_add(set, "a", FILE_PUBLIC, "long and public", 15, &error));
		assert_true(file_set_add(set, "b", FILE_PUBLIC, "b", 1, &error));
		assert_true(file_set_add(set, "a", FILE_PRIVATE, "short", 5, &error));
		assert_true(file_set_commit(set, false, &error));
	}
	assert_true(holds_text("a", "short"));
	assert_int_equal(stat("a", &about), 0);
	assert_int_equal(about.st_mode & 07777, 0600);
	assert_int_equal(entries_of("."), 2);
}

static void a_name_that_is_too_long_is_named(void **state)
{
	(void)state;
	struct error error;
	char name[300];
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = 0;
	assert_false(file_write(name, FILE_PUBLIC, "x", 1, &error));
	assert_int_equal(error.system, ENAMETOOLONG);
	assert_memory_equal(error.text, "cannot write 'nnn", 17);
	assert_non_null(strstr(error.text, "File name too long"));
	assert_int_equal(entries_of("."), 0);
}

/* ---- Locks between processes ---- */

/* Eight processes add a line each time to one file, which without the lock would lose some. */
static void a_lock_keeps_processes_apart(void **state)
{
	(void)state;
	enum { CHILDREN = 8, ROUNDS = 20 };
	pid_t children[CHILDREN];
	struct error error;
	assert_true(file_write("count", FILE_PUBLIC, "0", 1, &error));
	for (int i = 0; i < CHILDREN; i++) {
		children[i] = fork();
		if (children[i])
			continue;
		for (int round = 0; round < ROUNDS; round++) {
			int fd;
			OWN(buffer) struct buffer text = BUFFER(16);
			bool ok = round % 2 ? file_lock_folder(".", &fd, &error)
					    : file_lock_folder("./", &fd, &error);
			ok = ok && file_read("count", &text, &error);
			OWN(char) char *next = text_format("%d", ok ? atoi(text.data) + 1 : 0);
			ok = ok && file_write("count", FILE_PUBLIC, next, strlen(next), &error);
			if (!ok)
				_exit(1);
			close(fd);
		}
		_exit(0);
	}
	for (int i = 0; i < CHILDREN; i++) {
		int status;
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	assert_true(holds_text("count", "160"));
	assert_int_equal(entries_of("."), 1);
}

/* Who dies with a lock leaves it open to others. */
static void a_lock_ends_with_its_process(void **state)
{
	(void)state;
	int ready[2], fd;
	char byte;
	struct error error;
	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	if (!child) {
		bool ok = file_lock("lock", &fd, &error) && write(ready[1], "x", 1) == 1;
		while (ok && pause()) /* pause() never returns 0 */
			;
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_true(file_lock("lock", &fd, &error));
	close(fd);
	close(ready[0]);
	close(ready[1]);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

#define FAILURE(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAILURE(a_set_that_meets_a_limit_leaves_nothing),
		FAILURE(a_file_stays_when_its_next_version_does_not_fit),
		FAILURE(a_folder_without_permission_is_named),
		FAILURE(a_full_disk_leaves_what_was_there),
		FAILURE(a_link_to_a_device_is_replaced),
		FAILURE(a_device_is_written_to_and_stays),
		FAILURE(a_target_that_is_a_folder_spoils_the_whole_set),
		FAILURE(the_last_content_of_a_path_counts),
		FAILURE(a_name_that_is_too_long_is_named),
		FAILURE(a_lock_keeps_processes_apart),
		FAILURE(a_lock_ends_with_its_process),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
