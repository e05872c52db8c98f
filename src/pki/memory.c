/*
 * Memory for OpenSSL, which asks for two thousand small pieces in a handshake and gives all of them
 * back: each thread keeps some of what was freed in lists by size, and takes it from there again.
 * What is secret OpenSSL wipes before it gives it back, here as to the C library. A piece has no
 * header, as a connection that is idle has hundreds: the C library knows how large it is.
 *
 * Sanitizers find what is used after it was freed only if it is freed, so with them, and where
 * nobody tells a piece's size, OpenSSL has the C library's functions.
 */
#include "pki/memory.h"

#include <openssl/crypto.h>

#if defined __SANITIZE_ADDRESS__ || !defined __GLIBC__
#define PLAIN 1
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define PLAIN 1
#endif
#endif

#ifndef PLAIN
#include <malloc.h>
#include <pthread.h>

/* As glibc rounds: 24, 40, 56, ... */
#define SMALLEST_BYTES ((size_t)24)
#define STEP_BYTES 16
#define KINDS 64
/* What a thread keeps of one size; of all together 1 MiB at most. */
#define KEPT_BYTES_MAX ((size_t)16 << 10)

struct piece {
	struct piece *next;
};

static _Thread_local struct lists {
	struct piece *first[KINDS];
	size_t bytes[KINDS];
	bool registered; /* somebody empties them at the thread's end */
} lists;

static pthread_key_t at_thread_end;

static size_t bytes_of(size_t kind)
{
	return SMALLEST_BYTES + kind * STEP_BYTES;
}

static void empty_lists(void *argument)
{
	(void)argument;
	for (size_t kind = 0; kind < KINDS; kind++) {
		for (struct piece *piece = lists.first[kind], *next; piece; piece = next) {
			next = piece->next;
			free(piece);
		}
		lists.first[kind] = NULL;
		lists.bytes[kind] = 0;
	}
	lists.registered = false; /* what is freed still later asks for it once more */
}

static void *take(size_t bytes, const char *file, int line)
{
	(void)file, (void)line;
	if (!bytes)
		return NULL;
	size_t kind = bytes <= SMALLEST_BYTES
			      ? 0
			      : (bytes - SMALLEST_BYTES + STEP_BYTES - 1) / STEP_BYTES;
	if (kind >= KINDS)
		return malloc(bytes);
	struct piece *piece = lists.first[kind];
	if (!piece)
		return malloc(bytes_of(kind));
	lists.first[kind] = piece->next;
	lists.bytes[kind] -= bytes_of(kind);
	return piece;
}

static void give(void *memory, const char *file, int line)
{
	(void)file, (void)line;
	size_t bytes = memory ? malloc_usable_size(memory) : 0;
	size_t kind = bytes < SMALLEST_BYTES ? KINDS : (bytes - SMALLEST_BYTES) / STEP_BYTES;
	if (kind >= KINDS || lists.bytes[kind] >= KEPT_BYTES_MAX) {
		free(memory);
		return;
	}
	if (!lists.registered)
		lists.registered = pthread_setspecific(at_thread_end, &lists) == 0;
	struct piece *piece = memory;
	piece->next = lists.first[kind];
	lists.first[kind] = piece;
	lists.bytes[kind] += bytes_of(kind);
}

static void *change(void *memory, size_t bytes, const char *file, int line)
{
	if (!memory)
		return take(bytes, file, line);
	if (bytes)
		return realloc(memory, bytes);
	give(memory, file, line);
	return NULL;
}

void memory_begin(void)
{
	if (pthread_key_create(&at_thread_end, empty_lists) == 0)
		CRYPTO_set_mem_functions(take, change, give); /* not once OpenSSL has memory */
}

size_t memory_kept(void)
{
	size_t bytes = 0;
	for (size_t kind = 0; kind < KINDS; kind++)
		bytes += lists.bytes[kind];
	return bytes;
}

#else

void memory_begin(void)
{
}

size_t memory_kept(void)
{
	return 0;
}

#endif
