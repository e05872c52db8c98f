/* What a request carries, for every command that sends one: headers and a body. */
#ifndef MTLS_CMD_PAYLOAD_H
#define MTLS_CMD_PAYLOAD_H

#include "base/base.h"

/* The rows of an option table, and what stands beside it in the command. */
#define PAYLOAD_OPTIONS \
	{ .name = "header", \
		.letter = 'H', \
		.value = "'NAME: VALUE'", \
		.repeats = true, \
		.help = "send this header" }, \
	{ \
		.name = "data", .letter = 'd', .value = "TEXT|@FILE|@-", \
		.help = "send this body: the text, a file's bytes, or standard input" \
	}

#define PAYLOAD_OPERANDS .operands = "[METHOD] URL", .operands_min = 1, .operands_max = 2

struct payload {
	const char *url;
	const char *method;   /* unless it is given: "POST" with a body, else "GET" */
	const char **headers; /* "Name: value"; the strings are the arguments' */
	size_t headers_count;
	struct buffer body; /* data NULL: none */
};

/*
 * Reads the operands and options above. Unless a header says otherwise, a body that reads as JSON
 * is sent as such. `ret` starts as { 0 }.
 */
must_check bool payload_read(struct args *args, struct payload *ret, struct error *reterr);
void payload_done(struct payload *payload);

#endif
