/*
 * Chains to verify, and one row a chain: what OpenSSL alone says, what mutual TLS adds, and which
 * code names it. Every row is also given to `openssl verify`, which must agree with the openssl
 * profile on the verdict, the error's number and its depth.
 */
#ifndef MTLS_TESTS_VERIFY_ROWS_H
#define MTLS_TESTS_VERIFY_ROWS_H

#include "certs.h"

/* What one row may need; made once. */
static struct {
	struct made *root, *other_root, *rekeyed_root, *sub, *sub_no_clients, *sub_of_sub;
	struct made *short_root, *short_sub, *not_ca, *constrained, *weak_sub, *no_sign;
	const char *ca, *two_cas, *short_ca, *sub_ca, *constrained_ca, *other_ca;
	const char *crl, *crl_stale, *crl_early, *crl_of_other, *sub_crl;
} world;

static inline struct made *client(struct made *issuer)
{
	return MAKE(issuer, .subject = "CN=a client", .extensions = CLIENT_EXTENSIONS);
}

static inline struct made *server(struct made *issuer)
{
	return MAKE(issuer, .subject = "CN=localhost", .extensions = SERVER_EXTENSIONS);
}

static inline struct made *sub_ca(struct made *issuer, const char *subject, const char *key)
{
	return MAKE(issuer, .subject = subject, .key = key, .extensions = SUB_EXTENSIONS);
}

static inline void make_roots(void)
{
	world.root = MAKE(NULL, .subject = "CN=Test Lab Root CA", .key = "P-256#root",
		.extensions = CA_EXTENSIONS);
	world.other_root = MAKE(NULL, .subject = "CN=Foreign Root CA", .key = "P-256#other",
		.extensions = CA_EXTENSIONS);
	world.rekeyed_root = MAKE(NULL, .subject = "CN=Test Lab Root CA", .key = "P-256#rekeyed",
		.extensions = CA_EXTENSIONS);
	world.short_root = MAKE(NULL, .subject = "CN=Short Root CA", .key = "P-256#short",
		.extensions = { "subjectKeyIdentifier=hash",
			"basicConstraints=critical,CA:TRUE,pathlen:0",
			"keyUsage=critical,keyCertSign,cRLSign" });
	world.constrained = MAKE(NULL, .subject = "CN=Constrained CA", .key = "P-256#limited",
		.extensions = { "subjectKeyIdentifier=hash", "basicConstraints=critical,CA:TRUE",
			"keyUsage=critical,keyCertSign,cRLSign",
			"nameConstraints=critical,permitted;DNS:allowed.example" });
	world.no_sign =
		MAKE(NULL, .subject = "CN=Root That Signs No Certificates", .key = "P-256#nosign",
			.extensions = { "subjectKeyIdentifier=hash",
				"basicConstraints=critical,CA:TRUE", "keyUsage=critical,cRLSign" });
}

static inline void make_subs(void)
{
	world.sub = sub_ca(world.root, "CN=Test Lab Intermediate CA", "P-256#sub");
	world.sub_of_sub = sub_ca(world.sub, "CN=Test Lab Issuing CA", "P-256#subsub");
	world.short_sub = sub_ca(world.short_root, "CN=Too Deep CA", "P-256#sub");
	world.not_ca = MAKE(world.root, .subject = "CN=No CA", .key = "P-256#sub",
		.extensions = { "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid",
			"basicConstraints=critical,CA:FALSE" });
	world.sub_no_clients = MAKE(world.root, .subject = "CN=Servers Only CA", .key = "P-256#sub",
		.extensions = { "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid",
			"basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign",
			"extendedKeyUsage=serverAuth" });
	world.weak_sub = MAKE(world.root, .subject = "CN=Weak CA", .key = "rsa:1024",
		.extensions = SUB_EXTENSIONS);
}

static inline int make_world(void **state)
{
	(void)state;
	make_roots();
	make_subs();
	world.ca = WRITE("ca.crt", world.root->certificate);
	world.two_cas = WRITE("two.crt", world.root->certificate, world.other_root->certificate);
	world.short_ca = WRITE("short.crt", world.short_root->certificate);
	world.sub_ca = WRITE("sub.crt", world.sub->certificate);
	world.constrained_ca = WRITE(
		"constrained.crt", world.constrained->certificate, world.no_sign->certificate);
	world.other_ca = WRITE("other.crt", world.other_root->certificate);
	world.crl = certs_write_crl("ca.crl", world.root, &(struct crl_spec){ 0 });
	world.sub_crl = certs_write_crl("sub.crl", world.sub, &(struct crl_spec){ 0 });
	world.crl_stale = certs_write_crl("stale.crl", world.root,
		&(struct crl_spec){ .last_update = NOW - 9 * DAY, .next_update = NOW - DAY });
	world.crl_early = certs_write_crl(
		"early.crl", world.root, &(struct crl_spec){ .last_update = NOW + DAY });
	world.crl_of_other =
		certs_write_crl("other.crl", world.other_root, &(struct crl_spec){ 0 });
	return 0;
}

/* ---- One question ---- */

#define SENT_MAX 6

struct question {
	const char *ca;
	const char *crl[2];
	struct made *leaf, *sent[SENT_MAX];
	enum verify_purpose purpose;
	enum verify_eku eku;
	const char *name;
	time_t at;
	long long crl_grace_s;
	int depth; /* 0: the default; -2 stands for 0 */
};

static inline int depth_of(const struct question *q)
{
	return q->depth == -2 ? 0 : q->depth ? q->depth : -1;
}

static inline struct verify_result ask(const struct question *q, enum verify_profile profile)
{
	struct error error;
	struct verify_result result;
	OWN(trust) struct trust *trust = NULL;
	const char *ca = q->ca ? q->ca : world.ca;
	size_t crls = q->crl[0] ? q->crl[1] ? 2 : 1 : 0;
	if (!trust_load(&ca, 1, q->crl, crls, &trust, &error))
		fail_msg("%s", error.text);
	STACK_OF(X509) *sent = sk_X509_new_null();
	for (int i = 0; i < SENT_MAX && q->sent[i]; i++)
		sk_X509_push(sent, q->sent[i]->certificate);
	struct verify_options options = { .profile = profile,
		.eku = q->eku,
		.purpose = q->purpose,
		.name = q->name,
		.at = q->at ? q->at : NOW,
		.crl_grace_s = q->crl_grace_s,
		.depth_max = depth_of(q) };
	verify_leaf(trust, q->leaf->certificate, sent, &options, &result);
	assert_int_equal(ERR_peek_error(), 0);
	sk_X509_free(sent);
	return result;
}

static inline void expect(const char *what, const struct question *q, enum verify_profile profile,
	enum code code, int x509_error)
{
	struct verify_result result = ask(q, profile);
	if (result.code != code || result.x509_error != x509_error ||
		result.ok != (code == CODE_NONE))
		fail_msg("%s: expected '%s' (%d), seen '%s' (%d): %s", what, code_name(code),
			x509_error, code_name(result.code), result.x509_error, result.why);
}

/* ---- `openssl verify`, asked the same ---- */

static inline int openssl_says(const struct question *q, int *ret_depth)
{
	static int run;
	char sent[2048] = "", command[4096], name[64], line[512];
	X509 *const leaf[] = { q->leaf->certificate, NULL };
	size_t used = 0;
	snprintf(name, sizeof name, "leaf-%d.crt", run);
	const char *leaf_path = certs_write(name, leaf);
	for (int i = 0; i < SENT_MAX && q->sent[i]; i++) {
		X509 *const one[] = { q->sent[i]->certificate, NULL };
		snprintf(name, sizeof name, "sent-%d-%d.crt", run, i);
		used += (size_t)snprintf(
			sent + used, sizeof sent - used, " -untrusted %s", certs_write(name, one));
	}
	run++;
	used = (size_t)snprintf(command, sizeof command,
		"openssl verify -no-CApath -no-CAstore -auth_level 2 -attime %lld -CAfile %s%s",
		(long long)(q->at ? q->at : NOW), q->ca ? q->ca : world.ca, sent);
	if (q->purpose != PURPOSE_ANY)
		used += (size_t)snprintf(command + used, sizeof command - used, " -purpose %s",
			q->purpose == PURPOSE_CLIENT ? "sslclient" : "sslserver");
	for (int i = 0; i < 2 && q->crl[i]; i++)
		used += (size_t)snprintf(command + used, sizeof command - used, "%s -CRLfile %s",
			i ? "" : " -crl_check_all", q->crl[i]);
	if (q->depth)
		used += (size_t)snprintf(
			command + used, sizeof command - used, " -verify_depth %d", depth_of(q));
	if (q->name)
		used += (size_t)snprintf(command + used, sizeof command - used, " -verify_%s %s",
			!strncmp(q->name, "IP:", 3)    ? "ip"
			: !strncmp(q->name, "DNS:", 4) ? "hostname"
						       : "email",
			strchr(q->name, ':') + 1);
	snprintf(command + used, sizeof command - used, " %s 2>&1", leaf_path);
	FILE *pipe = popen(command, "r");
	int error = 0;
	*ret_depth = -1;
	while (fgets(line, sizeof line, pipe))
		if (!error && sscanf(line, "error %d at %d depth", &error, ret_depth) == 1)
			fail_msg("cannot read: %s", line);
	int status = pclose(pipe);
	if ((status == 0) != (error == 0))
		fail_msg("openssl verify: exit %d, error %d", status, error);
	while (certs_path_count && (strstr(certs_paths[certs_path_count - 1], "/leaf-") ||
					   strstr(certs_paths[certs_path_count - 1], "/sent-")))
		unlink(certs_paths[--certs_path_count]);
	return error;
}

/* ---- The table ---- */

/* One line a chain: what it is, what OpenSSL says of it alone, what we say by default. */
static inline void row(const char *what, const struct question *q, int openssl_error,
	enum code code, int x509_error)
{
	int depth;
	struct verify_result result = ask(q, PROFILE_OPENSSL);
	if (result.x509_error != openssl_error || result.ok != !openssl_error)
		fail_msg("%s: OpenSSL's error should be %d, is %d: %s", what, openssl_error,
			result.x509_error, result.why);
	int theirs = openssl_says(q, &depth);
	if (theirs != result.x509_error || (theirs && depth != result.depth))
		fail_msg("%s: openssl verify says %d at %d, we say %d at %d", what, theirs, depth,
			result.x509_error, result.depth);
	expect(what, q, PROFILE_MTLS, code, x509_error);
}
#define ROW(what, openssl_error, code, x509_error, ...) \
	row(what, &(struct question){ __VA_ARGS__ }, openssl_error, code, x509_error)

#endif
