/* A folder for files of stores, and opening them. */
#ifndef MTLS_TESTS_STORE_FOLDER_H
#define MTLS_TESTS_STORE_FOLDER_H

#include "store_ask.h"

#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static inline int folder_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/mtls-store.XXXXXX");
	assert_non_null(mkdtemp(folder));
	return 0;
}

static inline int folder_down(void **state)
{
	(void)state;
	got_done();
	OWN(char) char *command = text_format("rm -rf %s", folder);
	return system(command);
}

static inline bool try_open(const char *where, struct store **ret, struct error *reterr)
{
	const struct store_options options = { where, 60000, 1 << 30 };
	return store_open(&options, ret, reterr);
}

/* With its thread. */
static inline struct store *opened(const char *where)
{
	struct store *store = NULL;
	struct error error;
	if (!try_open(where, &store, &error))
		fail_msg("%s", error.text);
	store_start(store);
	return store;
}

#endif
