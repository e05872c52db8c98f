/*
 * http: requests, responses, HTTP/1.1 and HTTP/2 as bytes in, events out. No sockets, no TLS, no
 * files.
 *
 * This is the room's door: include it, not the headers behind it.
 */
#ifndef MTLS_HTTP_HTTP_H
#define MTLS_HTTP_HTTP_H

#include "http/h1.h"
#include "http/h1_answer.h"
#include "http/h2.h"
#include "http/h2_client.h"
#include "http/message.h"
#include "http/range.h"

#endif
