/*
 * Feeds a fuzz target without libFuzzer: every file of the folders named as arguments, then each
 * of them cut short at every length and with one byte changed at every place. What libFuzzer once
 * found stays found, and any compiler can look.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_BYTES_MAX ((size_t)1 << 20)
/* Cuts and changes of one input; a longer one is sampled at even distances. */
#define VARIANTS_MAX 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Its own allocation of exactly that size, so that a sanitizer sees one byte too many. */
static void feed(const uint8_t *data, size_t bytes)
{
	uint8_t *copy = calloc(bytes ? bytes : 1, 1);
	if (!copy)
		abort();
	memcpy(copy, data, bytes);
	LLVMFuzzerTestOneInput(copy, bytes);
	free(copy);
}

static void feed_variants(uint8_t *data, size_t bytes)
{
	static const uint8_t changes[] = { 0x00, 0xff, '\n', 0x80 };
	feed(data, bytes);
	size_t step = bytes / VARIANTS_MAX + 1;
	for (size_t i = 0; i < bytes; i += step) {
		feed(data, i);
		uint8_t kept = data[i];
		for (size_t c = 0; c < sizeof changes; c++) {
			data[i] = changes[c];
			feed(data, bytes);
		}
		data[i] = kept ^ 1;
		feed(data, bytes);
		data[i] = kept;
	}
}

/* How many files were fed, or -1. */
static int replay_folder(const char *folder)
{
	static uint8_t data[INPUT_BYTES_MAX];
	DIR *entries = opendir(folder);
	if (!entries)
		return -1;
	int inputs = 0;
	for (struct dirent *entry; (entry = readdir(entries));) {
		char path[4096];
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		FILE *file = fopen(path, "rb");
		if (!file) {
			inputs = -1;
			break;
		}
		size_t bytes = fread(data, 1, sizeof data, file);
		fclose(file);
		feed_variants(data, bytes);
		inputs++;
	}
	closedir(entries);
	return inputs;
}

int main(int argc, char **argv)
{
	int inputs = 0;
	feed((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++) {
		int count = replay_folder(argv[i]);
		if (count < 0) {
			fprintf(stderr, "cannot read the inputs in '%s'\n", argv[i]);
			return 2;
		}
		inputs += count;
	}
	printf("%d inputs replayed\n", inputs);
	if (!inputs)
		fputs("no input: a replay of nothing proves nothing\n", stderr);
	return inputs ? 0 : 1;
}
