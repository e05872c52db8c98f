/* What a plan grants, and what Landlock of each version is asked for; nothing is confined here. */
#include "unit.h"

#include "confine/parts.h"

#include <linux/landlock.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/mtls-confine-plan.XXXXXX";

static int set_up(void **state)
{
	(void)state;
	return !mkdtemp(folder) || chdir(folder) != 0 || mkdir("certs", 0755) != 0 ||
	       mkdir("certs/v1", 0755) != 0 || mkdir("state", 0755) != 0 ||
	       symlink("v1/server.crt", "certs/server.crt") != 0 ||
	       symlink("nowhere/ca.crt", "certs/ca.crt") != 0;
}

static int tear_down(void **state)
{
	(void)state;
	OWN(char) char *command = text_format("rm -rf '%s'", folder);
	return system(command);
}

static void touch(const char *path)
{
	struct error error;
	if (!file_write(path, FILE_PUBLIC, "x", 1, &error))
		fail_msg("%s", error.text);
}

static void folders_are(const struct confine_folders *folders, const char *const *wanted)
{
	size_t count = 0;
	for (; wanted[count]; count++) {
		assert_true(count < folders->count);
		assert_string_equal(folders->paths[count], wanted[count]);
	}
	assert_int_equal(folders->count, count);
}

static void folders_of_files_each_once(void **state)
{
	(void)state;
	OWN(confine_plan) struct confine_plan plan = { 0 };
	confine_may_read(&plan, "certs/client.crt");
	confine_may_read(&plan, "certs/client.key");
	confine_may_read(&plan, "certs//client.csr");
	confine_may_read(&plan, "mtls.cnf");
	confine_may_read(&plan, "/top");
	confine_may_read(&plan, "/etc/ssl/ca.crt");
	confine_may_read(&plan, NULL);
	confine_may_read_folder(&plan, "site");
	confine_may_read_folder(&plan, "site");
	confine_may_read_folder(&plan, NULL);
	confine_may_write(&plan, "state/todo.db");
	confine_may_write(&plan, NULL);
	folders_are(
		&plan.reads, (const char *const[]){ "certs", ".", "/", "/etc/ssl", "site", NULL });
	folders_are(&plan.writes, (const char *const[]){ "state", NULL });
}

/* Whoever renews a certificate by changing a link changes what lies behind it, too. */
static void a_link_grants_where_it_leads(void **state)
{
	(void)state;
	OWN(confine_plan) struct confine_plan plan = { 0 };
	OWN(char) char *real = realpath("certs/v1", NULL);
	touch("certs/v1/server.crt");
	confine_may_read(&plan, "certs/server.crt");
	folders_are(&plan.reads, (const char *const[]){ "certs", real, NULL });
	/* One that leads nowhere grants what it stands in, and is told of when it is read. */
	OWN(confine_plan) struct confine_plan broken = { 0 };
	confine_may_read(&broken, "certs/ca.crt");
	folders_are(&broken.reads, (const char *const[]){ "certs", NULL });
	/* One on the way to it is found again under its name: the kernel goes by where it leads. */
	OWN(confine_plan) struct confine_plan through = { 0 };
	assert_int_equal(symlink("v1", "certs/now"), 0);
	confine_may_read(&through, "certs/now/server.crt");
	folders_are(&through.reads, (const char *const[]){ "certs/now", NULL });
}

#define REFER (1ULL << 13)
#define TRUNCATE (1ULL << 14)
#define IOCTL_DEV (1ULL << 15)
#define FIRST ((1ULL << 13) - 1)

static void each_version_is_asked_for_what_it_knows(void **state)
{
	(void)state;
	static const struct {
		int version;
		uint64_t files, net, net_connecting, scoped;
	} rows[] = {
		{ 1, FIRST, 0, 0, 0 },
		{ 2, FIRST | REFER, 0, 0, 0 },
		{ 3, FIRST | REFER | TRUNCATE, 0, 0, 0 },
		{ 4, FIRST | REFER | TRUNCATE, 3, 1, 0 },
		{ 5, FIRST | REFER | TRUNCATE | IOCTL_DEV, 3, 1, 0 },
		{ 6, FIRST | REFER | TRUNCATE | IOCTL_DEV, 3, 1, 2 },
		{ 7, FIRST | REFER | TRUNCATE | IOCTL_DEV, 3, 1, 2 },
		{ 99, FIRST | REFER | TRUNCATE | IOCTL_DEV, 3, 1, 2 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct landlock_rights rights = landlock_rights(rows[i].version, false);
		assert_int_equal(rights.files, rows[i].files);
		assert_int_equal(rights.net, rows[i].net);
		assert_int_equal(rights.scoped, rows[i].scoped);
		/* A grant of what was not taken away is an error of the kernel's. */
		assert_int_equal(rights.read & ~rights.files, 0);
		assert_int_equal(rights.write & ~rights.files, 0);
		assert_int_equal(
			landlock_rights(rows[i].version, true).net, rows[i].net_connecting);
	}
}

static void reading_is_no_writing_and_neither_is_running(void **state)
{
	(void)state;
	struct landlock_rights rights = landlock_rights(99, false);
	const uint64_t changes = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |
				 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
				 TRUNCATE;
	assert_int_equal(rights.read, LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR);
	assert_int_equal(rights.write, rights.read | changes);
	assert_int_equal(rights.write & LANDLOCK_ACCESS_FS_EXECUTE, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folders_of_files_each_once),
		cmocka_unit_test(a_link_grants_where_it_leads),
		cmocka_unit_test(each_version_is_asked_for_what_it_knows),
		cmocka_unit_test(reading_is_no_writing_and_neither_is_running),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
