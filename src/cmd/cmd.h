/* cmd: one file a subcommand: parse, call, print, exit code. Only this room prints. Its door. */
#ifndef MTLS_CMD_CMD_H
#define MTLS_CMD_CMD_H

#include "base/base.h"

/* Runs the program; returns its exit code. */
int cmd_main(int argc, char **argv);

#endif
