/*
 * OpenSSL's memory from a thread's lists: as large as asked, nobody else's, wiped where it was
 * secret, bounded, and given back at the thread's end. Under a sanitizer the lists are empty, and
 * the rest holds all the same.
 */
#include "unit.h"

#include "pki/memory.h"
#include "pki/openssl.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BOUND_BYTES ((size_t)2 << 20)

static bool keeps; /* there are lists in this build */

static void sizes_are_as_asked(void **state)
{
	(void)state;
	assert_null(OPENSSL_malloc(0));
	OPENSSL_free(NULL);
	for (size_t round = 0; round < 3; round++)
		for (size_t bytes = 1; bytes < 2500; bytes += bytes < 100 ? 1 : 37) {
			unsigned char *one = OPENSSL_malloc(bytes), *other = OPENSSL_zalloc(bytes);
			assert_int_equal((uintptr_t)one % 16, 0);
			for (size_t i = 0; i < bytes; i++)
				assert_int_equal(other[i], 0); /* whatever lay there before */
			memset(one, 0xaa, bytes);
			memset(other, 0xbb, bytes);
			assert_int_equal(one[0], 0xaa);
			assert_int_equal(one[bytes - 1], 0xaa);
			OPENSSL_free(one);
			OPENSSL_free(other);
		}
}

static void a_piece_has_one_owner(void **state)
{
	(void)state;
	enum { COUNT = 500 };
	unsigned char *pieces[COUNT];
	for (size_t round = 0; round < 4; round++) {
		for (size_t i = 0; i < COUNT; i++) {
			pieces[i] = OPENSSL_malloc(16 + i);
			memset(pieces[i], (int)(i & 0xff), 16 + i);
		}
		for (size_t i = 0; i < COUNT; i++)
			for (size_t at = 0; at < 16 + i; at++)
				if (pieces[i][at] != (i & 0xff))
					fail_msg("piece %zu is somebody else's too", i);
		for (size_t i = round % 2; i < COUNT; i += 2)
			OPENSSL_free(pieces[i]);
		for (size_t i = 1 - round % 2; i < COUNT; i += 2)
			OPENSSL_free(pieces[i]);
	}
}

static void it_grows_and_shrinks_with_its_content(void **state)
{
	(void)state;
	char *text = OPENSSL_realloc(NULL, 10);
	memcpy(text, "123456789", 10);
	static const size_t sizes[] = { 24, 25, 40, 41, 1000, 1024, 1032, 1033, 5000, 100, 24, 10 };
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		text = OPENSSL_realloc(text, sizes[i]);
		assert_string_equal(text, "123456789");
		text[sizes[i] - 1] = 0;
		memcpy(text, "123456789", 10);
	}
	assert_null(OPENSSL_realloc(text, 0));
}

/* The very piece that held it comes back from the list, and must not tell. */
static void what_was_secret_is_wiped(void **state)
{
	(void)state;
	static const size_t sizes[] = { 32, 64, 1000, 4000 };
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		unsigned char *secret = OPENSSL_malloc(sizes[i]);
		memset(secret, 0x5a, sizes[i]);
		OPENSSL_clear_free(secret, sizes[i]);
		unsigned char *again = OPENSSL_malloc(sizes[i]);
		if (keeps && sizes[i] < 1024)
			assert_ptr_equal(again, secret);
		for (size_t at = sizeof(void *); at < sizes[i]; at++)
			assert_int_not_equal(again[at], 0x5a);
		OPENSSL_free(again);
	}
	/* And where it has to move. */
	unsigned char *secret = OPENSSL_malloc(40);
	memset(secret, 0x5a, 40);
	unsigned char *larger = OPENSSL_clear_realloc(secret, 40, 900);
	assert_int_equal(larger[39], 0x5a);
	unsigned char *again = OPENSSL_malloc(40);
	for (size_t at = sizeof(void *); at < 40; at++)
		assert_int_not_equal(again[at], 0x5a);
	OPENSSL_free(again);
	OPENSSL_clear_free(larger, 900);
}

static void a_private_number_is_wiped(void **state)
{
	(void)state;
	BIGNUM *secret = BN_new();
	assert_true(BN_set_word(secret, 0x5a5a5a5a5a5a5a5aULL));
	BN_lshift(secret, secret, 64 * 6);
	BN_clear_free(secret);
	for (size_t bytes = 8; bytes < 200; bytes += 8) {
		unsigned char *any = OPENSSL_malloc(bytes);
		for (size_t at = sizeof(void *); at + 8 <= bytes; at += 8)
			assert_memory_not_equal(any + at, "ZZZZZZZZ", 8);
		OPENSSL_free(any);
	}
}

static void what_is_kept_has_a_bound(void **state)
{
	(void)state;
	enum { COUNT = 3000 };
	static void *pieces[COUNT];
	for (size_t bytes = 24; bytes <= 1200; bytes += 100) {
		for (size_t i = 0; i < COUNT; i++)
			pieces[i] = OPENSSL_malloc(bytes);
		for (size_t i = 0; i < COUNT; i++)
			OPENSSL_free(pieces[i]);
		assert_in_range(memory_kept(), 0, BOUND_BYTES);
	}
	assert_true(!keeps || memory_kept() > 0);
}

/* What the answers of one turn of a loop need, some of them a hundred, is there for the next one.
 */
static void a_turn_of_pieces_is_kept(void **state)
{
	(void)state;
	enum { COUNT = 60, BYTES = 1000 };
	void *pieces[COUNT];
	size_t before = memory_kept();
	for (size_t i = 0; i < COUNT; i++)
		pieces[i] = OPENSSL_malloc(BYTES);
	size_t taken = memory_kept();
	assert_true(taken <= before);
	for (size_t i = 0; i < COUNT; i++)
		OPENSSL_free(pieces[i]);
	size_t kept = memory_kept() - taken;
	assert_true(keeps ? kept >= (size_t)COUNT * BYTES : !kept);
	for (size_t i = 0; i < COUNT; i++)
		pieces[i] = OPENSSL_malloc(BYTES);
	assert_int_equal(memory_kept(), taken);
	for (size_t i = 0; i < COUNT; i++)
		OPENSSL_free(pieces[i]);
}

/* What one TLS record needs comes from a list, too, of two or so; nothing else that large does. */
static void room_for_a_record_is_kept(void **state)
{
	(void)state;
	enum { COUNT = 5 };
	static const size_t records[] = { 16384, 16709, 17 << 10 },
			    others[] = { 16383, 17409, 20000 };
	void *pieces[COUNT];
	size_t before = memory_kept(), one = 0;
	for (size_t i = 0; i < 3; i++) {
		for (size_t k = 0; k < COUNT; k++) {
			pieces[k] = OPENSSL_malloc(records[i]);
			memset(pieces[k], 1, records[i]);
		}
		for (size_t k = 0; k < COUNT; k++)
			OPENSSL_free(pieces[k]);
		one = (memory_kept() - before) / 2;
		assert_true(keeps ? one >= 16709 && one < 20000 : !one);
	}
	for (size_t i = 0; i < 3; i++)
		OPENSSL_free(OPENSSL_malloc(others[i]));
	assert_int_equal(memory_kept() - before, 2 * one);
	OPENSSL_clear_free(OPENSSL_zalloc(16709), 16709);
}

static void an_object_is_there(void **state)
{
	(void)state;
	static const size_t sizes[] = { 1, 24, 100, 1000, 5000, 17000 };
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		char *object = memory_object(sizes[i], "a test");
		memset(object, 'x', sizes[i]);
		object = realloc(object, sizes[i] + 100); /* the C library knows it */
		assert_int_equal(object[sizes[i] - 1], 'x');
		memory_give(object);
	}
	memory_give(NULL);
}

static void *grow(size_t bytes)
{
	return OPENSSL_realloc(OPENSSL_malloc(10), bytes);
}

static void *begin(size_t bytes)
{
	return OPENSSL_malloc(bytes);
}

/* OpenSSL without memory takes a good certificate for a bad one: it never sees that there is none.
 */
static void without_memory_the_program_ends(void **state)
{
	(void)state;
	void *(*const ways[])(size_t) = { begin, grow };
	for (size_t i = 0; i < 2 && keeps; i++) {
		pid_t child = fork();
		if (!child) {
			(void)!freopen("/dev/null", "w", stderr);
			_exit(ways[i]((size_t)1 << 62) ? 1 : 0);
		}
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 70);
	}
}

/* ---- Threads ---- */

static void *made_here;

static void *make_and_leave(void *argument)
{
	(void)argument;
	made_here = OPENSSL_malloc(100);
	memset(made_here, 7, 100);
	for (size_t i = 0; i < 100; i++)
		OPENSSL_free(OPENSSL_malloc(i));
	return memory_kept() ? &keeps : NULL;
}

/* A leak checker sees what a thread does not give back when it ends. */
static void a_thread_has_its_own_lists(void **state)
{
	(void)state;
	size_t before = memory_kept();
	for (size_t i = 0; i < 3; i++) {
		pthread_t thread;
		void *kept = NULL;
		assert_int_equal(pthread_create(&thread, NULL, make_and_leave, NULL), 0);
		assert_int_equal(pthread_join(thread, &kept), 0);
		assert_int_equal(kept != NULL, keeps);
		assert_int_equal(memory_kept(), before);
		/* What another thread made is freed here, and stays here. */
		assert_int_equal(((unsigned char *)made_here)[99], 7);
		OPENSSL_free(made_here);
		OPENSSL_free(OPENSSL_malloc(100));
		before = memory_kept();
	}
}

/* The name of the thread's heap in /proc/self/maps: where a piece of it lies, and to where. */
static size_t heap_bytes_around(const void *piece)
{
	char line[512];
	size_t bytes = 0;
	uintptr_t begin, end;
	FILE *maps = fopen("/proc/self/maps", "r");
	while (maps && fgets(line, sizeof line, maps))
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &begin, &end) == 2 &&
			begin <= (uintptr_t)piece && (uintptr_t)piece < end)
			bytes = end - begin;
	if (maps)
		fclose(maps);
	return bytes;
}

static void *prepare_and_take(void *context)
{
	enum { PIECES = 24, BYTES = 4000 };
	size_t *grown = context;
	void *pieces[PIECES], *used = malloc(100000); /* most of what a heap begins with */
	memory_prepare();
	size_t kept = memory_kept(), before = heap_bytes_around(used);
	for (size_t i = 0; i < PIECES; i++) {
		pieces[i] = memory_take(BYTES);
		memset(pieces[i], (int)i, BYTES);
	}
	*grown = heap_bytes_around(used) - before + kept;
	for (size_t i = 0; i < PIECES; i++)
		memory_give(pieces[i]);
	free(used);
	return NULL;
}

static void a_thread_that_prepares_grows_once(void **state)
{
	(void)state;
	pthread_t thread;
	size_t grown = 1;
	assert_int_equal(pthread_create(&thread, NULL, prepare_and_take, &grown), 0);
	pthread_join(thread, NULL);
	if (keeps) /* a sanitizer has heaps of its own */
		assert_int_equal(grown, 0);
	memory_prepare(); /* nor does it hurt where there is nothing to be gained */
}

static void beginning_again_does_nothing(void **state)
{
	(void)state;
	void *piece = OPENSSL_malloc(50);
	openssl_begin();
	OPENSSL_free(piece);
	piece = OPENSSL_malloc(50);
	assert_non_null(piece);
	OPENSSL_free(piece);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_as_asked),
		cmocka_unit_test(a_piece_has_one_owner),
		cmocka_unit_test(it_grows_and_shrinks_with_its_content),
		cmocka_unit_test(what_was_secret_is_wiped),
		cmocka_unit_test(a_private_number_is_wiped),
		cmocka_unit_test(what_is_kept_has_a_bound),
		cmocka_unit_test(a_turn_of_pieces_is_kept),
		cmocka_unit_test(room_for_a_record_is_kept),
		cmocka_unit_test(an_object_is_there),
		cmocka_unit_test(without_memory_the_program_ends),
		cmocka_unit_test(a_thread_has_its_own_lists),
		cmocka_unit_test(a_thread_that_prepares_grows_once),
		cmocka_unit_test(beginning_again_does_nothing),
	};
	openssl_begin();
	OPENSSL_free(OPENSSL_malloc(100));
	keeps = memory_kept() > 0;
#if defined __GLIBC__ && !defined __SANITIZE_ADDRESS__
	if (!keeps)
		return 1;
#endif
	return cmocka_run_group_tests(tests, NULL, NULL);
}
