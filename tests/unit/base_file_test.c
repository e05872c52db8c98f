/*
 * Files: private from the first byte, all of a set or none, nothing left behind; and every kind of
 * input that is no usable file, each with its own sentence.
 */
#include "unit.h"

#include "base/base.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];

static int enter_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/mtls-file-test.XXXXXX");
	return !mkdtemp(folder) || chdir(folder);
}

static int entries(void)
{
	int count = 0;
	DIR *listing = opendir(".");
	for (struct dirent *entry; (entry = readdir(listing));)
		count += entry->d_name[0] != '.';
	closedir(listing);
	return count;
}

static int leave_folder(void **state)
{
	(void)state;
	DIR *listing = opendir(".");
	for (struct dirent *entry; (entry = readdir(listing));)
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			remove(entry->d_name);
	closedir(listing);
	return chdir("/") || rmdir(folder);
}

static void put(const char *path, const char *content)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(content, file);
	fclose(file);
}

static void assert_content(const char *path, const char *content)
{
	struct error error;
	OWN(buffer) struct buffer text = BUFFER(4096);
	assert_true(file_read(path, &text, &error));
	assert_string_equal(text.data, content);
}

static mode_t mode_of(const char *path)
{
	struct stat about;
	assert_int_equal(stat(path, &about), 0);
	return about.st_mode & 07777;
}

static void assert_unreadable(const char *path, enum error_kind kind, const char *sentence)
{
	struct error error;
	OWN(buffer) struct buffer text = BUFFER(8);
	assert_false(file_read(path, &text, &error));
	assert_int_equal(error.kind, kind);
	assert_string_equal(error.text, sentence);
	assert_int_equal(text.length, 0);
}

static void reads_up_to_its_cap(void **state)
{
	(void)state;
	put("exact", "12345678");
	assert_content("exact", "12345678");
	struct error error;
	OWN(buffer) struct buffer text = BUFFER(8);
	assert_true(file_read("exact", &text, &error));
	assert_int_equal(text.length, 8);
}

static void refuses_what_is_no_file(void **state)
{
	(void)state;
	put("empty", "");
	put("large", "123456789");
	assert_unreadable("absent", ERROR_INPUT, "cannot read 'absent': No such file or directory");
	assert_unreadable("empty", ERROR_INPUT, "cannot use 'empty': it is empty");
	assert_unreadable("large", ERROR_LIMIT, "cannot read 'large': it is larger than 8 bytes");
	assert_unreadable(".", ERROR_INPUT, "cannot read '.': it is a folder, not a file");
	assert_unreadable(
		"/dev/zero", ERROR_LIMIT, "cannot read '/dev/zero': it is larger than 8 bytes");
	assert_unreadable("/dev/null", ERROR_INPUT, "cannot use '/dev/null': it is empty");
	if (geteuid() != 0) {
		put("closed", "1");
		chmod("closed", 0);
		assert_unreadable("closed", ERROR_INPUT, "cannot read 'closed': Permission denied");
	}
}

/* The file is good: it is the machine that has no descriptor left. */
static void blames_no_file_for_the_machine(void **state)
{
	(void)state;
	struct rlimit before, none;
	put("good", "1");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	struct error error;
	struct buffer content = BUFFER(8);
	bool ok = file_read("good", &content, &error);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_false(ok);
	assert_int_equal(error.kind, ERROR_IO);
	assert_string_equal(error.text, "cannot read 'good': Too many open files");
}

static void private_is_0600_whatever_the_umask(void **state)
{
	(void)state;
	struct error error;
	mode_t before = umask(0);
	assert_true(file_write("key", FILE_PRIVATE, "k", 1, &error));
	assert_int_equal(mode_of("key"), 0600);
	/* It has that mode before it has its name, too. */
	OWN(file_set) struct file_set *set = file_set_new();
	assert_true(file_set_add(set, "other", FILE_PRIVATE, "k", 1, &error));
	DIR *listing = opendir(".");
	for (struct dirent *entry; (entry = readdir(listing));)
		if (!strncmp(entry->d_name, "other.", 6))
			assert_int_equal(mode_of(entry->d_name), 0600);
	closedir(listing);
	assert_true(file_write("certificate", FILE_PUBLIC, "c", 1, &error));
	assert_int_equal(mode_of("certificate"), 0644);
	umask(before);
}

static void replaces_a_file_whole(void **state)
{
	(void)state;
	struct error error;
	put("file", "old, and longer");
	chmod("file", 0666);
	assert_true(file_write("file", FILE_PRIVATE, "new", 3, &error));
	assert_content("file", "new");
	assert_int_equal(mode_of("file"), 0600);
	assert_int_equal(entries(), 1);
}

/* A symbolic link that somebody left at the target is replaced, not followed. */
static void does_not_write_through_a_link(void **state)
{
	(void)state;
	struct error error;
	put("victim", "precious");
	assert_int_equal(symlink("victim", "key"), 0);
	assert_true(file_write("key", FILE_PRIVATE, "secret", 6, &error));
	assert_content("victim", "precious");
	assert_content("key", "secret");
}

/* And what is no file at all stays what it is. */
static void replaces_no_pipe_or_device(void **state)
{
	(void)state;
	struct error error;
	struct stat about;
	OWN(file_set) struct file_set *set = file_set_new();
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_false(file_set_add(set, "pipe", FILE_PUBLIC, "x", 1, &error));
	assert_int_equal(error.kind, ERROR_IO);
	assert_string_equal(error.text, "cannot write 'pipe': it is a device, pipe or socket, "
					"which a file would replace");
	assert_false(file_set_add(set, "/dev/null", FILE_PUBLIC, "x", 1, &error));
	assert_int_equal(lstat("pipe", &about), 0);
	assert_true(S_ISFIFO(about.st_mode));
	assert_int_equal(entries(), 1);
	int fd = open("target", O_RDWR | O_CREAT, 0600);
	OWN(char) char *path = text_format("/dev/fd/%d", fd);
	assert_true(file_write(path, FILE_PUBLIC, "text", 4, &error));
	assert_content("target", "text");
	close(fd);
}

static void commits_all_or_none(void **state)
{
	(void)state;
	struct error error;
	{
		OWN(file_set) struct file_set *set = file_set_new();
		assert_true(file_set_add(set, "a", FILE_PRIVATE, "1", 1, &error));
		assert_true(file_set_add(set, "b", FILE_PUBLIC, "2", 1, &error));
		assert_false(file_exists("a"));
		assert_true(file_set_commit(set, false, &error));
	}
	assert_content("a", "1");
	assert_content("b", "2");
	assert_int_equal(entries(), 2);
	{
		OWN(file_set) struct file_set *set = file_set_new();
		assert_true(file_set_add(set, "c", FILE_PRIVATE, "3", 1, &error));
		assert_true(file_set_add(set, "b", FILE_PUBLIC, "4", 1, &error));
		assert_false(file_set_commit(set, false, &error));
		assert_int_equal(error.kind, ERROR_IO);
		assert_string_equal(error.text, "cannot write 'b': it exists already");
	}
	assert_false(file_exists("c"));
	assert_content("b", "2");
	assert_int_equal(entries(), 2);
}

static void commits_what_was_flushed_before(void **state)
{
	(void)state;
	struct error error;
	char name[16];
	OWN(file_set) struct file_set *set = file_set_new();
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "f%d", i);
		assert_true(file_set_add(set, name, FILE_PUBLIC, name, strlen(name), &error));
	}
	file_set_flush(set);
	assert_false(file_exists("f0"));
	assert_true(file_set_commit(set, true, &error));
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "f%d", i);
		OWN(buffer) struct buffer content = BUFFER(16);
		assert_true(file_read(name, &content, &error));
		assert_string_equal(content.data, name);
	}
}

/* More may come after all, and a set that is given up waits for its threads. */
static void flushing_may_be_followed_by_anything(void **state)
{
	(void)state;
	struct error error;
	OWN(file_set) struct file_set *set = file_set_new();
	assert_true(file_set_add(set, "first", FILE_PUBLIC, "1", 1, &error));
	file_set_flush(set);
	assert_true(file_set_add(set, "second", FILE_PUBLIC, "2", 1, &error));
	file_set_flush(set);
	file_set_free(TAKE(set));
	assert_false(file_exists("first"));
	assert_false(file_exists("second"));
	assert_int_equal(entries(), 0);
}

/* Two sets that were filled side by side, in one commit. */
static void many_files_are_written_without_staying_open(void **state)
{
	(void)state;
	enum { MANY = 1500 }; /* more than a process may have open, mostly */
	struct error error;
	char name[16];
	OWN(file_set) struct file_set *set = file_set_new();
	OWN(file_set) struct file_set *other = file_set_new();
	file_set_many(set);
	file_set_many(other);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "m%d", i);
		assert_true(file_set_add(
			i % 2 ? set : other, name, FILE_PRIVATE, name, strlen(name), &error));
	}
	assert_false(file_exists("m0"));
	file_set_join(set, other);
	assert_true(file_set_commit(set, false, &error));
	assert_int_equal(entries(), MANY);
	for (int i = 0; i < MANY; i++) {
		struct stat about;
		snprintf(name, sizeof name, "m%d", i);
		assert_int_equal(stat(name, &about), 0);
		assert_int_equal(about.st_mode & 0777, 0600);
		assert_content(name, name);
		assert_int_equal(unlink(name), 0);
	}
}

static void many_files_are_all_refused_or_none(void **state)
{
	(void)state;
	struct error error;
	assert_true(file_write("there", FILE_PUBLIC, "x", 1, &error));
	{
		OWN(file_set) struct file_set *set = file_set_new();
		OWN(file_set) struct file_set *other = file_set_new();
		file_set_many(set);
		file_set_many(other);
		assert_true(file_set_add(set, "a", FILE_PUBLIC, "1", 1, &error));
		assert_true(file_set_add(other, "there", FILE_PUBLIC, "2", 1, &error));
		assert_false(file_set_add(other, "no/such", FILE_PUBLIC, "3", 1, &error));
		assert_string_equal(
			error.text, "cannot write 'no/such': No such file or directory");
		file_set_join(set, other);
		assert_false(file_set_commit(set, false, &error));
		assert_string_equal(error.text, "cannot write 'there': it exists already");
	}
	assert_content("there", "x");
	assert_int_equal(entries(), 1);
}

static void leaves_nothing_when_not_committed(void **state)
{
	(void)state;
	struct error error;
	{
		OWN(file_set) struct file_set *set = file_set_new();
		assert_true(file_set_add(set, "a", FILE_PRIVATE, "1", 1, &error));
		assert_int_equal(entries(), 1);
	}
	assert_int_equal(entries(), 0);
}

static void names_the_file_it_cannot_write(void **state)
{
	(void)state;
	struct error error;
	assert_false(file_write("absent/key", FILE_PRIVATE, "k", 1, &error));
	assert_int_equal(error.kind, ERROR_IO);
	assert_string_equal(error.text, "cannot write 'absent/key': No such file or directory");
	assert_string_equal(error.hint, "make its folder first: mkdir -p 'absent'");
	assert_false(file_write("absent/deep/key", FILE_PRIVATE, "k", 1, &error));
	assert_string_equal(error.hint, "make its folder first: mkdir -p 'absent/deep'");
	assert_int_equal(mkdir("target", 0755), 0);
	assert_false(file_write("target", FILE_PRIVATE, "k", 1, &error));
	assert_string_equal(error.text, "cannot write 'target': Is a directory");
	assert_string_equal(error.hint, "");
	assert_int_equal(entries(), 1);
}

/* A disk that is full after 4096 bytes: the old file stays, and no temporary one. */
static void a_full_disk_leaves_the_old_file(void **state)
{
	(void)state;
	put("file", "old");
	pid_t child = fork();
	if (!child) {
		static const char data[8192];
		struct error error;
		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 4096, 4096 });
		bool failed = !file_write("file", FILE_PRIVATE, data, sizeof data, &error);
		_exit(failed && error.kind == ERROR_IO && error.system == EFBIG &&
					!strcmp(error.text, "cannot write 'file': File too large")
				? 42
				: 1);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
	assert_content("file", "old");
	assert_int_equal(entries(), 1);
}

static void makes_folders_and_their_parents(void **state)
{
	(void)state;
	struct error error;
	assert_true(file_make_folder("certs", &error));
	assert_true(file_make_folder("certs", &error));
	assert_true(file_make_folder("./certs/", &error));
	assert_true(file_make_folder("deep/er", &error));
	assert_true(file_exists("deep/er"));
	assert_int_equal(rmdir("deep/er"), 0);
	put("plain", "x");
	assert_false(file_make_folder("plain", &error));
	assert_string_equal(error.text, "cannot make the folder 'plain': File exists");
	assert_false(file_make_folder("plain/below", &error));
	assert_int_equal(error.kind, ERROR_IO);
}

static void a_dangling_link_exists(void **state)
{
	(void)state;
	assert_int_equal(symlink("nowhere", "link"), 0);
	assert_true(file_exists("link"));
	assert_false(file_exists("nowhere"));
}

static void a_lock_is_held_until_closed(void **state)
{
	(void)state;
	struct error error;
	int fd, other;
	assert_true(file_lock("lock", &fd, &error));
	assert_int_equal(mode_of("lock"), 0600);
	other = open("lock", O_RDWR);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
	close(fd);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
	close(other);
	int untouched = 42;
	assert_false(file_lock("absent/lock", &untouched, &error));
	assert_string_equal(error.text, "cannot lock 'absent/lock': No such file or directory");
	assert_int_equal(untouched, 42);
}

static void sweeps_what_the_dead_left(void **state)
{
	(void)state;
	pid_t child = fork();
	if (!child)
		_exit(0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	char dead[64], living[64];
	snprintf(dead, sizeof dead, "ca.key.%ld.3.tmp", (long)child);
	snprintf(living, sizeof living, "ca.key.%ld.3.tmp", (long)getpid());
	static const char *const others[] = { "notes.tmp", "a.12.tmp", "1.2.tmp", "x..1.tmp",
		"x.1.tmp.bak", "x.99999999999.1.tmp", "x.0.1.tmp", ".tmp" };
	put(dead, "x");
	put(living, "x");
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		put(others[i], "x");
	file_sweep(".");
	assert_false(file_exists(dead));
	assert_true(file_exists(living));
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		assert_true(file_exists(others[i]));
	file_sweep("absent"); /* nothing to do there */
}

#define FILE_TEST(function) cmocka_unit_test_setup_teardown(function, enter_folder, leave_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_TEST(reads_up_to_its_cap),
		FILE_TEST(refuses_what_is_no_file),
		FILE_TEST(blames_no_file_for_the_machine),
		FILE_TEST(private_is_0600_whatever_the_umask),
		FILE_TEST(replaces_a_file_whole),
		FILE_TEST(does_not_write_through_a_link),
		FILE_TEST(replaces_no_pipe_or_device),
		FILE_TEST(commits_all_or_none),
		FILE_TEST(commits_what_was_flushed_before),
		FILE_TEST(flushing_may_be_followed_by_anything),
		FILE_TEST(many_files_are_written_without_staying_open),
		FILE_TEST(many_files_are_all_refused_or_none),
		FILE_TEST(leaves_nothing_when_not_committed),
		FILE_TEST(names_the_file_it_cannot_write),
		FILE_TEST(a_full_disk_leaves_the_old_file),
		FILE_TEST(makes_folders_and_their_parents),
		FILE_TEST(a_dangling_link_exists),
		FILE_TEST(a_lock_is_held_until_closed),
		FILE_TEST(sweeps_what_the_dead_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
