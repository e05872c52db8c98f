/* The limit of open files: raised where that may be done, and never used up. */
#include "base/descriptors.h"

#include <limits.h>
#include <sys/resource.h>

/* For reloads, the store, the sockets of the monitor and of orders; a quarter where few are had. */
#define KEPT_MAX 64

static int kept_from = INT_MAX;

size_t descriptors_raise(size_t wanted)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return wanted;
	rlim_t soft = limit.rlim_cur;
	if (soft < wanted) {
		limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
		if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
			soft = limit.rlim_cur;
	}
	int count = soft < INT_MAX ? (int)soft : INT_MAX;
	kept_from = count - (count / 4 < KEPT_MAX ? count / 4 : KEPT_MAX);
	return (size_t)count;
}

bool descriptors_scarce(int fd)
{
	return fd >= kept_from;
}
