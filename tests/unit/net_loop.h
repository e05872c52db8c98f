/* A loop for a test, which ends where none can be had. */
#ifndef MTLS_TESTS_NET_LOOP_H
#define MTLS_TESTS_NET_LOOP_H

#include "unit.h"

#include "net/net.h"

static inline struct net_loop *new_loop(void)
{
	struct error error;
	struct net_loop *loop = NULL;
	if (!net_loop_new(&loop, &error))
		fail_msg("%s", error.text);
	return loop;
}

#endif
