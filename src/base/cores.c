/* Processors, as the system and whoever confined us count them. */
#include "base/cores.h"

#include <sched.h>
#include <unistd.h>

size_t cores_usable(size_t max)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);
#ifdef __linux__
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof set, &set) == 0)
		count = CPU_COUNT(&set);
#endif
	if (count < 1)
		return 1;
	return (size_t)count < max ? (size_t)count : max;
}
