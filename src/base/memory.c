/*
 * Each thread keeps some of what was freed in lists by size, and takes it from there again. A piece
 * has no header, as a connection that is idle has hundreds: the C library knows how large it is.
 *
 * Sanitizers find what is used after it was freed only if it is freed, so with them, and where
 * nobody tells a piece's size, these are the C library's functions.
 */
#include "base/memory.h"

#include "base/error.h"

#if defined __SANITIZE_ADDRESS__ || !defined __GLIBC__
#define PLAIN 1
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define PLAIN 1
#endif
#endif

#define PREPARED_BYTES ((size_t)112 << 10)

#ifndef PLAIN
#include <malloc.h>
#include <pthread.h>

/* As glibc rounds: 24, 40, 56, ... */
#define SMALLEST_BYTES ((size_t)24)
#define STEP_BYTES 16
/* One kind of piece for what TLS needs to hold one record (RFC 8446 section 5.2) while it is read
 * or written; the others are small. */
#define RECORD_BYTES_MIN ((size_t)16 << 10)
#define RECORD_BYTES ((size_t)17 << 10)
enum { SMALL_KINDS = 64, RECORD = SMALL_KINDS, KINDS };
/* What a thread keeps of one size, as one turn of a loop may have a hundred answers; of all
 * together 4 MiB at most. */
#define KEPT_BYTES_MAX ((size_t)64 << 10)
#define KEPT_RECORDS_MAX 2

struct piece {
	struct piece *next;
};

/*
 * The last one, for what is of no kind, has no piece and no room ever, and until somebody empties
 * them at the thread's end no list has room: that saves two questions a piece.
 */
static _Thread_local struct lists {
	struct list {
		struct piece *first;
		size_t room; /* how many more it may keep */
	} of[KINDS + 1];
	bool registered;
} lists;

static pthread_key_t at_thread_end;
static bool has_key;

/* How large a piece of that kind is made: KINDS is for those that no list has. */
static size_t bytes_of(size_t kind)
{
	return kind == RECORD ? RECORD_BYTES : SMALLEST_BYTES + kind * STEP_BYTES;
}

static size_t kind_that_holds(size_t bytes)
{
	if (bytes <= SMALLEST_BYTES)
		return 0;
	size_t kind = (bytes - SMALLEST_BYTES + STEP_BYTES - 1) / STEP_BYTES;
	if (kind < SMALL_KINDS)
		return kind;
	return bytes >= RECORD_BYTES_MIN && bytes <= RECORD_BYTES ? RECORD : KINDS;
}

/* The largest kind that a piece of so many bytes can serve as. */
static size_t kind_within(size_t bytes)
{
	if (bytes < SMALLEST_BYTES)
		return KINDS;
	size_t kind = (bytes - SMALLEST_BYTES) / STEP_BYTES;
	if (kind < SMALL_KINDS)
		return kind;
	return bytes >= RECORD_BYTES && bytes < RECORD_BYTES + 4 * STEP_BYTES ? RECORD : KINDS;
}

static size_t pieces_max(size_t kind)
{
	return kind == RECORD ? KEPT_RECORDS_MAX
			      : (KEPT_BYTES_MAX + bytes_of(kind) - 1) / bytes_of(kind);
}

static void empty_lists(void *argument)
{
	(void)argument;
	for (size_t kind = 0; kind < KINDS; kind++) {
		for (struct piece *piece = lists.of[kind].first, *next; piece; piece = next) {
			next = piece->next;
			free(piece);
		}
		lists.of[kind] = (struct list){ 0 };
	}
	lists.registered = false; /* what is freed still later asks for it once more */
}

static void make_key(void)
{
	has_key = pthread_key_create(&at_thread_end, empty_lists) == 0;
}

static bool registers(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, make_key);
	if (!has_key || pthread_setspecific(at_thread_end, &lists) != 0)
		return false;
	for (size_t kind = 0; kind < KINDS; kind++)
		lists.of[kind].room = pieces_max(kind);
	return lists.registered = true;
}

static void put(struct list *list, void *memory)
{
	struct piece *piece = memory;
	piece->next = list->first;
	list->first = piece;
	list->room--;
}

/* Apart, so that the usual way keeps nothing in registers that would have to be saved. */
__attribute__((noinline)) static void give_to_full(size_t kind, void *memory)
{
	if (kind != KINDS && !lists.registered && registers())
		put(&lists.of[kind], memory);
	else
		free(memory);
}

__attribute__((noinline)) static void *take_from_empty(size_t kind, size_t bytes)
{
	return malloc(kind == KINDS ? bytes : bytes_of(kind));
}

void *memory_take(size_t bytes)
{
	size_t kind = kind_that_holds(bytes);
	struct list *list = &lists.of[kind];
	struct piece *piece = list->first;
	if (!piece)
		return take_from_empty(kind, bytes);
	list->first = piece->next;
	list->room++;
	return piece;
}

void memory_give(void *memory)
{
	size_t kind = memory ? kind_within(malloc_usable_size(memory)) : KINDS;
	if (lists.of[kind].room)
		put(&lists.of[kind], memory);
	else
		give_to_full(kind, memory);
}

size_t memory_kept(void)
{
	size_t bytes = 0;
	for (size_t kind = 0; kind < KINDS && lists.registered; kind++)
		bytes += (pieces_max(kind) - lists.of[kind].room) * bytes_of(kind);
	return bytes;
}

#else

void *memory_take(size_t bytes)
{
	return malloc(bytes);
}

void memory_give(void *memory)
{
	free(memory);
}

size_t memory_kept(void)
{
	return 0;
}

#endif

/*
 * Except in the first thread the C library makes a heap larger by what is asked for, by a system
 * call for each page: fifteen of them in a server's first handshake. What is given back here is
 * less than what it would return to the system. Volatile, as a compiler may leave both out.
 */
void memory_prepare(void)
{
	void *volatile room = malloc(PREPARED_BYTES);
	free(room);
}

void *memory_object(size_t bytes, const char *what)
{
	void *object = memory_take(bytes);
	if (!object)
		bug("out of memory for %s", what);
	return object;
}
