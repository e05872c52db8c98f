/* Temporary folders. */
#include "lab/folder.h"

#include <ftw.h>
#include <stdio.h>

bool lab_folder_make(char **ret_path, struct error *reterr)
{
	const char *parent = getenv("TMPDIR");
	OWN(char) char *path = text_format("%s/mtls-XXXXXX", parent && *parent ? parent : "/tmp");
	if (!mkdtemp(path))
		return error_errno(reterr, ERROR_IO, "cannot make the folder '%s'", path);
	*ret_path = TAKE(path);
	return true;
}

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *walk)
{
	(void)about, (void)type, (void)walk;
	return remove(path);
}

void lab_folder_remove(const char *path)
{
	enum { DESCRIPTORS = 16 };
	nftw(path, remove_one, DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
}
