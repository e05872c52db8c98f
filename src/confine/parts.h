/* What the files of this room share. */
#ifndef MTLS_CONFINE_PARTS_H
#define MTLS_CONFINE_PARTS_H

#include "confine/confine.h"

/* What Landlock is asked to take away, and gives back folder by folder. */
struct landlock_rights {
	uint64_t files, net, scoped; /* handled: what is not granted is denied */
	uint64_t read, write;        /* granted below a folder */
};
/* For a version of the interface; later ones are as the latest that is known here. */
struct landlock_rights landlock_rights(int version, bool connects);

/* The version that the kernel has; 0 with errno where it has none, or it is switched off. */
int landlock_version(void);
/* False with errno, and *ret_folder when it was one of the plan's. */
must_check bool landlock_enforce(
	int version, const struct confine_plan *plan, const char **ret_folder);

/* Whether the kernel took the filter of system calls; false with errno. */
must_check bool filter_enforce(void);
/* Whether it would; false with errno. */
must_check bool filter_is_known(void);

/* Ends every capability; root's come back with the next program, which there will not be. */
must_check bool capabilities_end(void);

#endif
