/*
 * base: what every room stands on. No OpenSSL, no sockets, no printing.
 *
 * This is the room's door: include it, not the headers behind it.
 */
#ifndef MTLS_BASE_BASE_H
#define MTLS_BASE_BASE_H

#include "base/args.h"
#include "base/buffer.h"
#include "base/cache.h"
#include "base/clock.h"
#include "base/code.h"
#include "base/cores.h"
#include "base/descriptors.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/library.h"
#include "base/list.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/notes.h"
#include "base/own.h"
#include "base/text.h"

#endif
