/* The keyed hash is SipHash, and the bounded table keeps, finds, replaces and evicts. */
#include "unit.h"

#include "base/base.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

/* ---- The hash ---- */

static void hashes_as_the_paper_does(void **state)
{
	(void)state;
	/* The key and the message 00 01 02 ...; appendix A of the paper, and its reference vectors.
	 */
	static const struct {
		size_t count;
		uint64_t hash;
	} rows[] = { { 0, 0x726fdb47dd0e0e31 }, { 1, 0x74f839c593dc67fd },
		{ 7, 0xab0200f58b01d137 }, { 8, 0x93f5f5799a932462 }, { 15, 0xa129ca6149be45e5 },
		{ 16, 0x3f2acc7f57c29bdb }, { 63, 0x958a324ceb064572 } };
	const struct hash_key key = { { 0x0706050403020100, 0x0f0e0d0c0b0a0908 } };
	unsigned char message[64];
	for (unsigned i = 0; i < sizeof message; i++)
		message[i] = (unsigned char)i;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(hash_bytes(&key, message, rows[i].count), rows[i].hash);
}

static void two_random_keys_differ(void **state)
{
	(void)state;
	struct hash_key a = hash_key_random(), b = hash_key_random();
	assert_memory_not_equal(&a, &b, sizeof a);
	assert_int_not_equal(hash_bytes(&a, "x", 1), hash_bytes(&b, "x", 1));
}

/* ---- The table ---- */

struct item {
	atomic_int references;
	char name[16];
};

static atomic_int alive;

static struct item *item(const char *name)
{
	struct item *made = calloc(1, sizeof *made);
	assert_non_null(made);
	made->references = 1;
	snprintf(made->name, sizeof made->name, "%s", name);
	alive++;
	return made;
}

static bool item_is(const void *value, const void *key, size_t key_bytes)
{
	const struct item *one = value;
	return strlen(one->name) == key_bytes && !memcmp(one->name, key, key_bytes);
}

static void item_hold(void *value)
{
	((struct item *)value)->references++;
}

static void item_release(void *value)
{
	struct item *one = value;
	if (--one->references)
		return;
	free(one);
	alive--;
}

static const struct cache_kind kind = { item_is, item_hold, item_release };

static void put(struct cache *cache, const char *name)
{
	cache_put(cache, name, strlen(name), item(name));
}

static bool has(struct cache *cache, const char *name)
{
	struct item *one = cache_get(cache, name, strlen(name));
	if (one) {
		assert_string_equal(one->name, name);
		item_release(one);
	}
	return one;
}

static void finds_what_was_put_and_nothing_else(void **state)
{
	(void)state;
	struct cache *cache = cache_new(1000, &kind);
	assert_false(has(cache, "a"));
	put(cache, "a");
	put(cache, "b");
	assert_true(has(cache, "a"));
	assert_true(has(cache, "b"));
	assert_false(has(cache, "ab"));
	assert_false(has(cache, ""));
	assert_int_equal(cache_count(cache), 2);
	assert_true(cache_remove(cache, "a", 1));
	assert_false(cache_remove(cache, "a", 1));
	assert_false(has(cache, "a"));
	assert_int_equal(cache_count(cache), 1);
	assert_int_equal(alive, 1);
	cache_free(cache);
	assert_int_equal(alive, 0);
}

static void a_value_outlives_its_place(void **state)
{
	(void)state;
	struct cache *cache = cache_new(8, &kind);
	put(cache, "a");
	struct item *held = cache_get(cache, "a", 1);
	put(cache, "a"); /* the same key: the first one is replaced */
	assert_int_equal(cache_count(cache), 1);
	assert_int_equal(alive, 2);
	cache_free(cache);
	assert_string_equal(held->name, "a");
	item_release(held);
	assert_int_equal(alive, 0);
}

static void the_least_recently_used_goes_first(void **state)
{
	(void)state;
	struct cache *cache = cache_new(8, &kind); /* one set */
	char name[16];
	for (int i = 0; i < 8; i++) {
		snprintf(name, sizeof name, "%d", i);
		put(cache, name);
	}
	assert_true(has(cache, "0")); /* used again: 1 is now the oldest */
	put(cache, "8");
	assert_true(has(cache, "0"));
	assert_false(has(cache, "1"));
	assert_true(has(cache, "8"));
	cache_remove(cache, "3", 1);
	put(cache, "9"); /* a free slot is taken first */
	assert_true(has(cache, "2"));
	assert_int_equal(cache_count(cache), 8);
	cache_free(cache);
}

static void a_flood_stays_within_bounds(void **state)
{
	(void)state;
	struct cache *cache = cache_new(100, &kind);
	char name[16];
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof name, "%d", i);
		put(cache, name);
	}
	assert_true(cache_count(cache) >= 100 && cache_count(cache) <= 128);
	assert_int_equal(alive, (int)cache_count(cache));
	assert_true(has(cache, "4999"));
	cache_free(cache);
	assert_int_equal(alive, 0);
}

static void *work(void *argument)
{
	char name[16];
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof name, "%d", i % 97);
		if (i % 7 == 0)
			cache_remove(argument, name, strlen(name));
		else if (!has(argument, name))
			put(argument, name);
	}
	return NULL;
}

static void threads_share_it(void **state)
{
	(void)state;
	struct cache *cache = cache_new(64, &kind);
	pthread_t threads[4];
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, cache), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(alive, (int)cache_count(cache));
	cache_free(cache);
	assert_int_equal(alive, 0);
	cache_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_as_the_paper_does),
		cmocka_unit_test(two_random_keys_differ),
		cmocka_unit_test(finds_what_was_put_and_nothing_else),
		cmocka_unit_test(a_value_outlives_its_place),
		cmocka_unit_test(the_least_recently_used_goes_first),
		cmocka_unit_test(a_flood_stays_within_bounds),
		cmocka_unit_test(threads_share_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
