/* A library that a command needs is loaded with all its functions, or it is said what is missing.
 */
#include "unit.h"

#include "base/base.h"

static const char *const files[] = { "libmtls-nowhere.so.1", "libsqlite3.so.0", "libsqlite3.dylib",
	NULL };

static void its_functions_can_be_called(void **state)
{
	(void)state;
	static const char *const symbols[] = { "sqlite3_libversion", "sqlite3_libversion_number",
		NULL };
	static const struct library library = { "SQLite", "unused", NULL, files, symbols };
	struct {
		const char *(*text)(void);
		int (*number)(void);
		void *untouched;
	} functions = { NULL, NULL, &functions };
	struct error error;
	assert_true(library_load(&library, &functions, &error));
	assert_int_equal(functions.text()[0], '3');
	assert_true(functions.number() >= 3024000);
	assert_ptr_equal(functions.untouched, &functions);
	/* And again: it is loaded once. */
	assert_true(library_load(&library, &functions, &error));
}

/* Whichever way it looks for its own functions, the C library's that it calls are ours. */
static void one_that_looks_in_itself_first_works_too(void **state)
{
	(void)state;
	static const char *const symbols[] = { "sqlite3_mprintf", "sqlite3_free", NULL };
	static const struct library library = { .name = "SQLite",
		.packages = "unused",
		.files = files,
		.symbols = symbols,
		.own_first = true };
	struct {
		char *(*print)(const char *, ...);
		void (*give)(void *);
	} functions;
	struct error error;
	assert_true(library_load(&library, &functions, &error));
	char *text = functions.print("%d items", 3);
	assert_string_equal(text, "3 items");
	functions.give(text);
}

static void a_function_that_is_missing_is_named(void **state)
{
	(void)state;
	static const char *const symbols[] = { "sqlite3_libversion", "sqlite3_of_tomorrow", NULL };
	static const struct library library = { "SQLite", "a newer one", NULL, files, symbols };
	void *functions[2] = { NULL, NULL };
	struct error error;
	assert_false(library_load(&library, functions, &error));
	assert_int_equal(error.kind, ERROR_IO);
	assert_string_equal(error.text, "this SQLite lacks sqlite3_of_tomorrow");
	assert_string_equal(error.hint, "install it (a newer one)");
	/* The one that it has is not given out either: half a library is none. */
	assert_null(functions[0]);
	assert_null(functions[1]);
}

static void a_library_that_is_missing_is_named_with_what_to_do(void **state)
{
	(void)state;
	static const char *const nowhere[] = { "libmtls-nowhere.so.1", "libmtls-nowhere.so.2",
		NULL };
	static const char *const symbols[] = { "function", NULL };
	static const struct library library = { "libnowhere", "Debian: 100% of it", "go without",
		nowhere, symbols };
	void *function = NULL;
	struct error error;
	assert_false(library_load(&library, &function, &error));
	assert_int_equal(error.kind, ERROR_IO);
	assert_string_equal(error.text,
		"cannot load libnowhere: libmtls-nowhere.so.2: cannot open shared object file: No "
		"such file or directory");
	assert_string_equal(error.hint, "install it (Debian: 100% of it), or go without");
	assert_null(function);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_functions_can_be_called),
		cmocka_unit_test(one_that_looks_in_itself_first_works_too),
		cmocka_unit_test(a_function_that_is_missing_is_named),
		cmocka_unit_test(a_library_that_is_missing_is_named_with_what_to_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
