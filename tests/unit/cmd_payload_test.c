/* What a request carries, as its words say: method, headers, body, and the body's type. */
#include "unit.h"

#include "cmd/payload.h"

#include "client/client.h"

#include <stdio.h>
#include <unistd.h>

static const struct option options[] = { PAYLOAD_OPTIONS, { 0 } };

static int run(struct args *args)
{
	(void)args;
	return 0;
}

static const struct command command = {
	.name = "probe", .summary = "x", .operands = "", .options = options, .run = run
};

static bool read_words(
	const char *const *words, struct args **ret_args, struct payload *ret, struct error *reterr)
{
	int count = 0;
	while (words[count])
		count++;
	return args_parse(&command, count, (char *const *)words, ret_args, reterr) &&
	       payload_read(*ret_args, ret, reterr);
}

#define JSON "Content-Type: application/json"
#define BYTES "Content-Type: application/octet-stream"

static void a_body_has_a_type(void **state)
{
	(void)state;
	static const struct {
		const char *words[7], *method, *body, *headers[4];
	} rows[] = {
		{ { NULL }, "GET", NULL, { NULL } },
		{ { "-H", "A: 1" }, "GET", NULL, { "A: 1" } },
		{ { "-d", "{}" }, "POST", "{}", { JSON } },
		{ { "-d", " [1, 2]\n" }, "POST", " [1, 2]\n", { JSON } },
		{ { "--data={\"a\": null}" }, "POST", "{\"a\": null}", { JSON } },
		{ { "-d", "{\"a\": 1, \"a\": 2}" }, "POST", "{\"a\": 1, \"a\": 2}", { BYTES } },
		{ { "-d", "{" }, "POST", "{", { BYTES } },
		{ { "-d", "{} {}" }, "POST", "{} {}", { BYTES } },
		{ { "-d", "a=b" }, "POST", "a=b", { BYTES } },
		{ { "-d", "" }, "POST", "", { BYTES } },
		{ { "-d", "\xff\xfe" }, "POST", "\xff\xfe", { BYTES } },
		{ { "-d", "{}", "-H", "content-type: x/y" }, "POST", "{}",
			{ "content-type: x/y" } },
		{ { "-d", "{}", "-H", "CONTENT-TYPE:" }, "POST", "{}", { "CONTENT-TYPE:" } },
		{ { "-H", "A: 1", "-d", "x", "-H", "B: 2" }, "POST", "x",
			{ "A: 1", "B: 2", BYTES } },
		{ { "-d", "x", "-H", "X-Content-Type: a" }, "POST", "x",
			{ "X-Content-Type: a", BYTES } },
		{ { "-d", "@text" }, "POST", "from a file", { BYTES } },
		{ { "-d", "@json" }, "POST", "[\"a file\"]", { JSON } },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		OWN(args) struct args *args = NULL;
		struct payload payload = { 0 };
		struct error error;
		if (!read_words(rows[i].words, &args, &payload, &error))
			fail_msg("row %zu: %s", i, error.text);
		assert_string_equal(payload.method, rows[i].method);
		assert_int_equal(payload.body.data != NULL, rows[i].body != NULL);
		if (rows[i].body) {
			assert_int_equal(payload.body.length, strlen(rows[i].body));
			assert_memory_equal(payload.body.data, rows[i].body, payload.body.length);
		}
		for (size_t h = 0; h < payload.headers_count; h++)
			assert_string_equal(payload.headers[h], rows[i].headers[h]);
		assert_null(rows[i].headers[payload.headers_count]);
		payload_done(&payload);
	}
}

static void what_cannot_be_read_is_named(void **state)
{
	(void)state;
	static const struct {
		const char *words[6];
		enum error_kind kind;
		const char *text;
	} rows[] = {
		{ { "-d", "@absent" }, ERROR_INPUT,
			"cannot read 'absent': No such file or directory" },
		{ { "-d", "@/" }, ERROR_INPUT, "'/'" },
		{ { "-d", "@" }, ERROR_INPUT, "''" },
		{ { "-d", "a", "-d", "b" }, ERROR_USAGE, "mtls probe: --data is given twice" },
		{ { "-d" }, ERROR_USAGE, "mtls probe: " },
		{ { "-H" }, ERROR_USAGE, "mtls probe: " },
		{ { "-d", "@large" }, ERROR_LIMIT, "'large'" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		OWN(args) struct args *args = NULL;
		struct payload payload = { 0 };
		struct error error = { .kind = ERROR_NONE };
		if (read_words(rows[i].words, &args, &payload, &error))
			fail_msg("row %zu passes", i);
		if (error.kind != rows[i].kind || !strstr(error.text, rows[i].text))
			fail_msg("row %zu: %d %s", i, error.kind, error.text);
		assert_int_equal(payload.headers_count, 0);
		payload_done(&payload);
	}
}

/* A body is bytes: a NUL in a file is one of them. */
static void a_file_may_hold_any_byte(void **state)
{
	(void)state;
	static const char *const words[] = { "-d", "@bytes", NULL };
	OWN(args) struct args *args = NULL;
	struct payload payload = { 0 };
	struct error error;
	assert_true(read_words(words, &args, &payload, &error));
	assert_int_equal(payload.body.length, 5);
	assert_memory_equal(payload.body.data, "a\0b\n\xff", 5);
	assert_string_equal(payload.headers[0], BYTES);
	payload_done(&payload);
}

static char folder[] = "/tmp/mtls-payload-XXXXXX";
static const struct {
	const char *name, *text;
	size_t bytes;
} files[] = { { "text", "from a file", 11 }, { "json", "[\"a file\"]", 10 },
	{ "bytes", "a\0b\n\xff", 5 }, { "large", "x", 1 } };

static int enter_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder) || chdir(folder) != 0)
		return -1;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		FILE *file = fopen(files[i].name, "w");
		if (!file || fwrite(files[i].text, 1, files[i].bytes, file) != files[i].bytes)
			return -1;
		fclose(file);
	}
	return truncate("large", (off_t)CLIENT_BODY_BYTES_MAX + 1);
}

static int leave_folder(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		unlink(files[i].name);
	return chdir("/") == 0 ? rmdir(folder) : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_has_a_type),
		cmocka_unit_test(what_cannot_be_read_is_named),
		cmocka_unit_test(a_file_may_hold_any_byte),
	};
	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
