/* A policy's inside: policy_read.c makes it, policy.c decides by it. */
#ifndef MTLS_SERVER_POLICY_PARTS_H
#define MTLS_SERVER_POLICY_PARTS_H

#include "server/policy.h"

enum policy_who {
	POLICY_ANYONE,
	POLICY_ANONYMOUS,
	POLICY_CERTIFICATE,
	POLICY_CN,
	POLICY_OU,
	POLICY_DNS,
	POLICY_URI,
	POLICY_EMAIL,
	POLICY_SPIFFE,
	POLICY_ISSUER,
	POLICY_SHA256,
	POLICY_SPKI,
};

struct policy_match {
	enum policy_who who;
	char *glob;
};

#define POLICY_MATCHES_MAX 16
#define POLICY_RULES_MAX 256
#define POLICY_GLOB_BYTES_MAX 512

struct policy_rule {
	bool allow;
	char *name;
	size_t line;
	struct policy_match matches[POLICY_MATCHES_MAX]; /* all must fit */
	size_t match_count;
	char *methods[POLICY_MATCHES_MAX]; /* "*": any */
	size_t method_count;
	char *paths[POLICY_MATCHES_MAX];
	size_t path_count;
};

struct policy {
	char *path;
	struct policy_rule *rules;
	size_t rule_count;
	unsigned char digest[DESCRIBE_SHA256_BYTES];
};

/*
 * Whether all of `text` fits. `*` does not go over `separator` (0: it goes over everything), `**`
 * does. `fold`: the case of ASCII letters makes no difference.
 */
bool policy_glob(const char *glob, const char *text, char separator, bool fold);

#endif
