/*
 * Memory for what is made and freed again and again: OpenSSL asks for two thousand small pieces in
 * a handshake, and a request is a handful of objects. It comes from lists of what the same thread
 * freed before; see memory.c. Whoever holds a secret wipes it before it is given back.
 */
#ifndef MTLS_BASE_MEMORY_H
#define MTLS_BASE_MEMORY_H

#include <stddef.h>

/* At least `bytes` bytes that hold anything, as from malloc, or NULL; realloc and free know it. */
void *memory_take(size_t bytes);
/* Takes back what memory_take gave, on any thread, or malloc did. Accepts NULL. */
void memory_give(void *memory);
/* The same as memory_take, but ends the program when there is none for `what`. */
void *memory_object(size_t bytes, const char *what);
/* For a thread that is about to have work: its heap grows now by what that takes, at once. */
void memory_prepare(void);
/* How many bytes this thread keeps for the next question; always 0 where it keeps none. */
size_t memory_kept(void);

#endif
