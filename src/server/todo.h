/* The to-do list over HTTP, and who the server thinks is asking. */
#ifndef MTLS_SERVER_TODO_H
#define MTLS_SERVER_TODO_H

#include "server/exchange.h"

void todo_list(struct exchange *exchange);   /* GET /todo */
void todo_create(struct exchange *exchange); /* POST /todo */
void whoami(struct exchange *exchange);      /* GET /whoami */

#endif
