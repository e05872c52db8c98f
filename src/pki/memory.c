/*
 * OpenSSL's memory. What is secret it wipes before it gives it back, here as to the C library.
 *
 * Without memory the program ends here, as everywhere in it: OpenSSL would call a good signature
 * wrong and a good file malformed, which a user believes, or go on with locks that it does not
 * have.
 */
#include "pki/memory.h"

#include <openssl/crypto.h>

static void *there(void *memory)
{
	if (!memory)
		bug("out of memory for OpenSSL");
	return memory;
}

static void *take(size_t bytes, const char *file, int line)
{
	(void)file, (void)line;
	return bytes ? there(memory_take(bytes)) : NULL;
}

static void give(void *memory, const char *file, int line)
{
	(void)file, (void)line;
	memory_give(memory);
}

static void *change(void *memory, size_t bytes, const char *file, int line)
{
	if (!memory)
		return take(bytes, file, line);
	if (bytes)
		return there(realloc(memory, bytes));
	give(memory, file, line);
	return NULL;
}

void memory_begin(void)
{
	CRYPTO_set_mem_functions(take, change, give); /* not once OpenSSL has memory */
}
