/*
 * lab: every way to be refused, as data: how its certificates are made, what both sides are told,
 * who must refuse and how. The scenarios run for real: this program's own server and client as
 * processes, and both of their records compared with what was expected.
 *
 * This is the room's door.
 */
#ifndef MTLS_LAB_LAB_H
#define MTLS_LAB_LAB_H

#include "lab/audit.h"
#include "lab/audit_client.h"
#include "lab/audit_server.h"
#include "lab/certificates.h"
#include "lab/compare.h"
#include "lab/draw.h"
#include "lab/explain.h"
#include "lab/folder.h"
#include "lab/html.h"
#include "lab/make.h"
#include "lab/process.h"
#include "lab/report.h"
#include "lab/result.h"
#include "lab/run.h"
#include "lab/scenario.h"
#include "lab/stranger.h"

#endif
