/*
 * The control socket: who runs the server asks it to reload, and hears what came of it. A line in,
 * a JSON object in a line out, and that was it; what stands behind the line is not looked at:
 *
 *	reload
 *	{"result": "refused", "code": "crl-expired", "error": "...", "hint": "...", "snapshot": 3}
 */
#ifndef MTLS_SERVER_CONTROL_H
#define MTLS_SERVER_CONTROL_H

#include "server/reload.h"

struct control;
/* Listens on `path`, errors as net_listen_local. The rest is borrowed, and must outlive it. */
must_check bool control_new(struct net_loop *loop, const char *path, struct reload *reload,
	const struct log *log, struct control **ret, struct error *reterr);
/* The path is gone with it. Accepts NULL. */
void control_free(struct control *control);
OWN_DEFINE(control, struct control, control_free);

#endif
