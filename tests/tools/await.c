/*
 * Waits until a file contains a text: what a test does instead of sleeping.
 *
 *	await SECONDS FILE TEXT PID
 *
 * Exit 0 when FILE contains TEXT, 1 when the seconds have passed before it did, 3 when the process
 * PID has ended before. The file is looked at every few milliseconds: there is no portable way to
 *be told.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define FILE_BYTES_MAX ((size_t)64 << 20)

static bool contains(const char *path, const char *text)
{
	static char *content;
	static size_t length, capacity;
	FILE *file = fopen(path, "rb");
	if (!file)
		return false;
	if (fseek(file, (long)length, SEEK_SET))
		length = 0;
	for (;;) {
		if (capacity - length < 4096) {
			if (capacity >= FILE_BYTES_MAX)
				break;
			capacity = capacity ? capacity * 2 : 65536;
			content = realloc(content, capacity);
			if (!content)
				abort();
		}
		size_t bytes = fread(content + length, 1, capacity - length - 1, file);
		if (!bytes)
			break;
		length += bytes;
	}
	fclose(file);
	return length && memmem(content, length, text, strlen(text));
}

/* A process that has ended may wait for its parent, the test, to ask how: that too is an end. */
static bool ended(pid_t pid)
{
	if (kill(pid, 0) && errno == ESRCH)
		return true;
	char path[64], line[512];
	snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
	FILE *file = fopen(path, "r");
	if (!file)
		return false;
	bool zombie = false;
	if (fgets(line, sizeof line, file)) {
		const char *state = strrchr(line, ')');
		zombie = state && state[1] && state[2] == 'Z';
	}
	fclose(file);
	return zombie;
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fputs("usage: await SECONDS FILE TEXT PID\n", stderr);
		return 2;
	}
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	time_t deadline = now.tv_sec + atol(argv[1]);
	for (;;) {
		/* Asked before the file is read, so that a last word is not missed. */
		bool last = ended((pid_t)atol(argv[4]));
		if (contains(argv[2], argv[3]))
			return 0;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (last)
			return 3;
		if (now.tv_sec >= deadline)
			return 1;
		poll(NULL, 0, 5);
	}
}
