/* A folder for one run, removed afterwards. */
#ifndef MTLS_LAB_FOLDER_H
#define MTLS_LAB_FOLDER_H

#include "base/base.h"

/* Makes an empty folder below TMPDIR or /tmp, 0700; the path is the caller's to free. */
must_check bool lab_folder_make(char **ret_path, struct error *reterr);
/* Removes it with all that is in it, following no link. What cannot be removed stays. */
void lab_folder_remove(const char *path);

#endif
