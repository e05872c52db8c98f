/* A scenario's files: which there are, whose they are to read, what the README says, and that
 * nothing of anybody's is replaced. */
#include "unit.h"

#include "lab/make.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/mtls-lab-make.XXXXXX";

static int set_up(void **state)
{
	(void)state;
	return !mkdtemp(folder) || chdir(folder);
}

static int tear_down(void **state)
{
	(void)state;
	OWN(char) char *command = text_format("rm -r '%s'", folder);
	return chdir("/") || system(command);
}

/* The names that were given back, one behind the other. */
static char *made(const char *name, const char *where)
{
	OWN(json_t) json_t *list = json_array();
	OWN(buffer) struct buffer text = BUFFER(4096);
	struct error error;
	if (!lab_make(name, where, list, &error))
		fail_msg("%s", error.text);
	for (size_t i = 0; i < json_array_size(list); i++)
		assert_true(buffer_format(&text, &error, "%s%s", i ? " " : "",
			json_string_value(json_array_get(list, i))));
	return TAKE(text.data);
}

static char *content(const char *path)
{
	OWN(buffer) struct buffer text = BUFFER(FILE_INPUT_BYTES_MAX);
	struct error error;
	if (!file_read(path, &text, &error))
		fail_msg("%s", error.text);
	return TAKE(text.data);
}

static void each_file_is_there_and_keys_are_private(void **state)
{
	(void)state;
	OWN(char) char *names = made("client-expired", "expired");
	OWN(char) char *readme = content("expired/README.txt");
	static const char *const wanted[] = { "ca.crt", "ca.key", "server.crt", "server.key",
		"client-expired.crt", "client-expired.key", "ca.crl", "README.txt" };
	size_t total = 0;
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		struct stat about;
		OWN(char) char *path = text_format("expired/%s", wanted[i]);
		bool key = strstr(wanted[i], ".key") != NULL;
		assert_non_null(strstr(names, wanted[i]));
		assert_int_equal(stat(path, &about), 0);
		if (key)
			assert_int_equal(about.st_mode & 0777, 0600);
		OWN(char) char *bytes = content(path);
		assert_true(*bytes);
		if (i < 7) {
			assert_non_null(strstr(readme, wanted[i]));
			assert_memory_equal(bytes, "-----BEGIN ", 11);
		}
		total += strlen(wanted[i]) + 1;
	}
	/* And no more than these. */
	assert_int_equal(strlen(names) + 1, total);
	static const char lead[] =
		"Made by mtls lab make, for tests: nobody should trust these.\n\n";
	assert_memory_equal(readme, lead, strlen(lead));
	assert_non_null(strstr(readme, "the key of: "));
	assert_non_null(strstr(readme, "\nclient-expired: "));
	assert_non_null(strstr(readme, "\nmtls serve --certs . --ca ca.crt --crl ca.crl\n"));
	assert_non_null(strstr(readme, "\nmtls request --certs . --cert client-expired.crt URL\n"));
	/* The folder's own names, not the lab's. */
	assert_null(strstr(readme, "lab/"));
	assert_null(strstr(readme, "certs/"));
}

static void nothing_is_replaced(void **state)
{
	(void)state;
	OWN(json_t) json_t *list = json_array();
	struct error error;
	assert_int_equal(mkdir("mine", 0700), 0);
	FILE *file = fopen("mine/server.key", "w");
	assert_non_null(file);
	assert_true(fputs("mine", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_false(lab_make("client-expired", "mine", list, &error));
	assert_non_null(strstr(error.text, "mine/server.key"));
	assert_non_null(strstr(error.text, "it exists already"));
	assert_int_equal(json_array_size(list), 0);
	OWN(char) char *kept = content("mine/server.key");
	assert_string_equal(kept, "mine");
	/* Nothing was written beside it either. */
	assert_int_equal(access("mine/ca.crt", F_OK), -1);
	assert_int_equal(access("mine/README.txt", F_OK), -1);
	assert_int_equal(unlink("mine/server.key"), 0);
	assert_int_equal(rmdir("mine"), 0);
}

static void a_name_of_nobody_makes_nothing(void **state)
{
	(void)state;
	static const char *const names[] = { "", "client-expire", "client-expired ", "../x",
		"CLIENT-EXPIRED" };
	OWN(json_t) json_t *list = json_array();
	struct error error;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		OWN(char) char *wanted = text_format("there is no scenario '%s'", names[i]);
		assert_false(lab_make(names[i], "none", list, &error));
		assert_string_equal(error.text, wanted);
		assert_string_equal(error_advice(&error), "mtls lab --list names them all");
		assert_int_equal(error.kind, ERROR_USAGE);
	}
	assert_int_equal(json_array_size(list), 0);
	assert_int_equal(access("none", F_OK), -1);
}

/* A code means all of its rows: the README has them one behind the other. */
static void a_code_means_all_its_rows(void **state)
{
	(void)state;
	OWN(char) char *names = made("client-wrong-eku", "eku");
	OWN(char) char *readme = content("eku/README.txt");
	size_t rows = 0;
	for (size_t i = 0; i < scenarios_count; i++) {
		if (!scenario_matches(&scenarios[i], "client-wrong-eku"))
			continue;
		OWN(char) char *line = text_format("\n%s: %s.\n%s\n", scenario_name(&scenarios[i]),
			scenarios[i].title, scenarios[i].lesson);
		assert_non_null(strstr(readme, line));
		rows++;
	}
	assert_true(rows > 1);
	/* Each file stands once. */
	const char *first = strstr(names, "server.crt");
	assert_non_null(first);
	assert_null(strstr(first + 1, "server.crt"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_file_is_there_and_keys_are_private),
		cmocka_unit_test(nothing_is_replaced),
		cmocka_unit_test(a_name_of_nobody_makes_nothing),
		cmocka_unit_test(a_code_means_all_its_rows),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
