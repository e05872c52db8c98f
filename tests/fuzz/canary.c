/* A target with a known fault, so that the tests can see the replay and the search find one. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	if (bytes == 4 && !memcmp(data, "song", 4))
		abort();
	return 0;
}
