/* SipHash-2-4 as its paper has it: two rounds a word, four at the end. */
#include "base/hash.h"

#include "base/error.h"

#include <string.h>
#include <sys/random.h>

struct hash_key hash_key_random(void)
{
	struct hash_key key;
	if (getrandom(&key, sizeof key, 0) != (ssize_t)sizeof key)
		bug("the kernel gives no random bytes");
	return key;
}

static uint64_t rotate(uint64_t word, unsigned bits)
{
	return word << bits | word >> (64 - bits);
}

static void rounds(uint64_t v[static 4], int count)
{
	while (count--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

static uint64_t little_endian(const unsigned char *bytes, size_t count)
{
	uint64_t word = 0;
	for (size_t i = 0; i < count; i++)
		word |= (uint64_t)bytes[i] << (8 * i);
	return word;
}

uint64_t hash_bytes(const struct hash_key *key, const void *bytes, size_t count)
{
	const unsigned char *at = bytes;
	uint64_t v[4] = { 0x736f6d6570736575 ^ key->words[0], 0x646f72616e646f6d ^ key->words[1],
		0x6c7967656e657261 ^ key->words[0], 0x7465646279746573 ^ key->words[1] };
	uint64_t last = (uint64_t)count << 56;
	for (; count >= 8; count -= 8, at += 8) {
		uint64_t word = little_endian(at, 8);
		v[3] ^= word;
		rounds(v, 2);
		v[0] ^= word;
	}
	last |= count ? little_endian(at, count) : 0;
	v[3] ^= last;
	rounds(v, 2);
	v[0] ^= last;
	v[2] ^= 0xff;
	rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
