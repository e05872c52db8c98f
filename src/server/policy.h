/*
 * Who may do what: the section [policy] of mtls.cnf. Its rules are asked in their order, and the
 * first one that fits decides; where none fits, the answer is no.
 *
 *	[policy]
 *	reading = allow CN=mtls-client; GET; /todo, /whoami
 *	writing = allow OU=operations, DNS=*.ops.example; GET, POST; /todo
 *	health  = allow anyone; GET; /healthz
 *
 * A rule is "allow" or "deny" and who; methods; paths. Who: anyone, anonymous (no certificate),
 * certificate (any that was verified), or names that must all fit: CN, OU, DNS, URI, email, SPIFFE,
 * issuer, SHA256 and SPKI (of the leaf and of its key). Globs are anchored at both ends: * stands
 * for anything but the separator ('.' of DNS, '/' of a path and a URI, '@' of an address), ** for
 * anything.
 */
#ifndef MTLS_SERVER_POLICY_H
#define MTLS_SERVER_POLICY_H

#include "pki/pki.h"

struct policy;

/*
 * Reads [policy] of a .cnf file; NULL in *ret when it has none. Each mistake is ERROR_INPUT that
 * names file and line. Immutable once made; threads share it.
 */
must_check bool policy_load(const char *path, struct policy **ret, struct error *reterr);
/* Whether the file has others read with it (.include), so that it alone does not tell of changes.
 */
bool policy_includes(const char *path);
void policy_free(struct policy *policy);
OWN_DEFINE(policy, struct policy, policy_free);

struct policy_decision {
	bool allowed;
	const char *rule; /* which decided, the policy's; NULL: none fits, or the path is unclear */
	size_t line;      /* its line, 0: unknown */
	const char *why;  /* a constant sentence */
};

/*
 * Whether the holder of a verified certificate (NULL: nobody) may do this. `path` is
 * percent-encoded as it was sent; one that could be read in two ways (an encoded slash, dots, two
 * slashes) is refused. GET includes HEAD. Pure: nothing but the arguments counts.
 */
struct policy_decision policy_decide(const struct policy *policy, const struct identity *identity,
	const char *method, const char *path);

/* Equal for policies that decide alike, as far as their rules are written alike. */
void policy_digest(const struct policy *policy, unsigned char ret[static DESCRIBE_SHA256_BYTES]);
const char *policy_path(const struct policy *policy);
size_t policy_rule_count(const struct policy *policy);

#endif
