/*
 * The verifier over a table of chains: what OpenSSL alone says, what mutual TLS adds, and which
 * code names it. Every row is also given to `openssl verify`, which must agree with the openssl
 * profile on the verdict, the error's number and its depth.
 */
#include "certs.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

/* What one row may need; made once. */
static struct {
	struct made *root, *other_root, *rekeyed_root, *sub, *sub_no_clients, *sub_of_sub;
	struct made *short_root, *short_sub, *not_ca, *constrained, *weak_sub, *no_sign;
	const char *ca, *two_cas, *short_ca, *sub_ca, *constrained_ca, *other_ca;
	const char *crl, *crl_stale, *crl_early, *crl_of_other, *sub_crl;
} world;

static struct made *client(struct made *issuer)
{
	return MAKE(issuer, .subject = "CN=a client", .extensions = CLIENT_EXTENSIONS);
}

static struct made *server(struct made *issuer)
{
	return MAKE(issuer, .subject = "CN=localhost", .extensions = SERVER_EXTENSIONS);
}

static struct made *sub_ca(struct made *issuer, const char *subject, const char *key)
{
	return MAKE(issuer, .subject = subject, .key = key, .extensions = SUB_EXTENSIONS);
}

static void make_roots(void)
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

static void make_subs(void)
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

static int make_world(void **state)
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

static int end_world(void **state)
{
	(void)state;
	certs_folder_done();
	certs_done();
	return 0;
}

/* ---- One question ---- */

struct question {
	const char *ca;
	const char *crl[2];
	struct made *leaf, *sent[3];
	enum verify_purpose purpose;
	enum verify_eku eku;
	const char *name;
	time_t at;
	int depth; /* 0: the default; -2 stands for 0 */
};

static int depth_of(const struct question *q)
{
	return q->depth == -2 ? 0 : q->depth ? q->depth : -1;
}

static struct verify_result ask(const struct question *q, enum verify_profile profile)
{
	struct error error;
	struct verify_result result;
	OWN(trust) struct trust *trust = NULL;
	const char *ca = q->ca ? q->ca : world.ca;
	size_t crls = q->crl[0] ? q->crl[1] ? 2 : 1 : 0;
	if (!trust_load(&ca, 1, q->crl, crls, &trust, &error))
		fail_msg("%s", error.text);
	STACK_OF(X509) *sent = sk_X509_new_null();
	for (int i = 0; i < 3 && q->sent[i]; i++)
		sk_X509_push(sent, q->sent[i]->certificate);
	struct verify_options options = { .profile = profile,
		.eku = q->eku,
		.purpose = q->purpose,
		.name = q->name,
		.at = q->at ? q->at : NOW,
		.depth_max = depth_of(q) };
	verify_leaf(trust, q->leaf->certificate, sent, &options, &result);
	assert_int_equal(ERR_peek_error(), 0);
	sk_X509_free(sent);
	return result;
}

static void expect(const char *what, const struct question *q, enum verify_profile profile,
	enum code code, int x509_error)
{
	struct verify_result result = ask(q, profile);
	if (result.code != code || result.x509_error != x509_error ||
		result.ok != (code == CODE_NONE))
		fail_msg("%s: expected '%s' (%d), seen '%s' (%d): %s", what, code_name(code),
			x509_error, code_name(result.code), result.x509_error, result.why);
}

/* ---- `openssl verify`, asked the same ---- */

static int openssl_says(const struct question *q, int *ret_depth)
{
	static int run;
	char sent[2048] = "", command[4096], name[64], line[512];
	X509 *const leaf[] = { q->leaf->certificate, NULL };
	size_t used = 0;
	snprintf(name, sizeof name, "leaf-%d.crt", run);
	const char *leaf_path = certs_write(name, leaf);
	for (int i = 0; i < 3 && q->sent[i]; i++) {
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
static void row(const char *what, const struct question *q, int openssl_error, enum code code,
	int x509_error)
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

static void good_chains_pass(void **state)
{
	(void)state;
	ROW("a client", 0, CODE_NONE, 0, .leaf = client(world.root), .purpose = PURPOSE_CLIENT);
	ROW("a client behind an intermediate", 0, CODE_NONE, 0, .leaf = client(world.sub),
		.sent = { world.sub }, .purpose = PURPOSE_CLIENT);
	ROW("a client of the second CA", 0, CODE_NONE, 0, .leaf = client(world.other_root),
		.ca = world.two_cas, .purpose = PURPOSE_CLIENT);
	ROW("a server by name", 0, CODE_NONE, 0, .leaf = server(world.root),
		.purpose = PURPOSE_SERVER, .name = "DNS:localhost");
	ROW("a server by address", 0, CODE_NONE, 0, .leaf = server(world.root),
		.purpose = PURPOSE_SERVER, .name = "IP:127.0.0.1");
	ROW("a client for any purpose", 0, CODE_NONE, 0, .leaf = client(world.root));
	ROW("a CA for any purpose", 0, CODE_NONE, 0, .leaf = world.sub);
	ROW("the anchor itself", 0, CODE_NONE, 0, .leaf = world.root);
	ROW("certificates that have nothing to do with it", 0, CODE_NONE, 0,
		.leaf = client(world.root), .sent = { world.short_sub, world.other_root },
		.purpose = PURPOSE_CLIENT);
	ROW("two intermediates at a depth of two", 0, CODE_NONE, 0,
		.leaf = client(world.sub_of_sub), .sent = { world.sub, world.sub_of_sub },
		.purpose = PURPOSE_CLIENT, .depth = 2);
}

static void finds_no_way_to_an_anchor(void **state)
{
	(void)state;
	struct made *stranger = MAKE(NULL, .subject = "CN=me", .extensions = CLIENT_EXTENSIONS);
	ROW("a client of a foreign CA", 20, CODE_CLIENT_UNKNOWN_CA, 20,
		.leaf = client(world.other_root), .purpose = PURPOSE_CLIENT);
	ROW("the same, its root sent along", 19, CODE_CLIENT_UNKNOWN_CA, 19,
		.leaf = client(world.other_root), .sent = { world.other_root },
		.purpose = PURPOSE_CLIENT);
	ROW("a server of a foreign CA", 20, CODE_SERVER_UNKNOWN_CA, 20,
		.leaf = server(world.other_root), .purpose = PURPOSE_SERVER);
	ROW("a self-signed client", 18, CODE_CLIENT_SELF_SIGNED, 18, .leaf = stranger,
		.purpose = PURPOSE_CLIENT);
	ROW("its intermediate was not sent", 20, CODE_CLIENT_CHAIN_INCOMPLETE, 20,
		.leaf = client(world.sub), .purpose = PURPOSE_CLIENT);
	ROW("the upper of two was not sent", 20, CODE_SERVER_CHAIN_INCOMPLETE, 20,
		.leaf = server(world.sub_of_sub), .sent = { world.sub_of_sub },
		.purpose = PURPOSE_SERVER);
	ROW("an anchor with pathlen 0 has no intermediates", 20, CODE_CLIENT_UNKNOWN_CA, 20,
		.leaf = client(world.short_sub), .ca = world.short_ca, .purpose = PURPOSE_CLIENT);
	ROW("the CA's name with another key", 20, CODE_CLIENT_CA_REKEYED, 20,
		.leaf = client(world.rekeyed_root), .purpose = PURPOSE_CLIENT);
	ROW("the same, the new root sent along", 19, CODE_SERVER_CA_REKEYED, 19,
		.leaf = server(world.rekeyed_root), .sent = { world.rekeyed_root },
		.purpose = PURPOSE_SERVER);
	ROW("a leaf among the anchors is no anchor", 20, CODE_CLIENT_UNKNOWN_CA, 20,
		.leaf = client(world.other_root), .ca = world.ca, .purpose = PURPOSE_CLIENT);
	ROW("an anchor that may not sign", 79, CODE_CLIENT_ISSUER_NOT_CA, 79,
		.leaf = client(world.no_sign), .ca = world.constrained_ca,
		.purpose = PURPOSE_CLIENT);
}

static void anchors_need_not_be_roots(void **state)
{
	(void)state;
	struct made *leaf = client(world.sub);
	struct made *old = MAKE(world.root, .subject = "CN=Old CA", .key = "P-256#sub",
		.not_before = NOW - 2 * DAY, .not_after = NOW - DAY, .extensions = SUB_EXTENSIONS);
	struct made *of_old = client(old);
	const char *old_ca = WRITE("old.crt", old->certificate);
	const char *leaf_ca = WRITE("leaf.crt", leaf->certificate);
	ROW("an anchor that is no root", 2, CODE_NONE, 0, .leaf = leaf, .ca = world.sub_ca,
		.purpose = PURPOSE_CLIENT);
	ROW("with its CRL, and none of the root", 2, CODE_NONE, 0, .leaf = leaf, .ca = world.sub_ca,
		.crl = { world.sub_crl }, .purpose = PURPOSE_CLIENT);
	ROW("with the root's CRL alone", 2, CODE_CRL_MISSING, 3, .leaf = leaf, .ca = world.sub_ca,
		.crl = { world.crl }, .purpose = PURPOSE_CLIENT);
	ROW("one that has expired", 2, CODE_CLIENT_EXPIRED, 10, .leaf = of_old, .ca = old_ca,
		.purpose = PURPOSE_CLIENT);
	ROW("the leaf itself is no anchor", 20, CODE_CLIENT_UNKNOWN_CA, 20, .leaf = leaf,
		.ca = leaf_ca, .purpose = PURPOSE_CLIENT);
}

/* One CA with two certificates; only the one that is tried last leads to our anchor. */
static void other_paths_are_tried(void **state)
{
	(void)state;
	struct made *astray = sub_ca(world.other_root, "CN=Test Lab Intermediate CA", "P-256#sub");
	struct made *leaf = client(world.sub);
	ROW("the way to a stranger stands first", 20, CODE_NONE, 0, .leaf = leaf,
		.sent = { astray, world.sub }, .purpose = PURPOSE_CLIENT);
	ROW("and alone", 20, CODE_CLIENT_UNKNOWN_CA, 20, .leaf = leaf, .sent = { astray },
		.purpose = PURPOSE_CLIENT);
	ROW("twice over", 20, CODE_CLIENT_UNKNOWN_CA, 20, .leaf = leaf, .sent = { astray, astray },
		.purpose = PURPOSE_CLIENT);
}

static void says_incomplete_when_the_leaf_names_its_issuers_issuer(void **state)
{
	(void)state;
	struct made *sub = sub_ca(world.root, "CN=Some Other House", "P-256#sub");
	struct made *leaf = MAKE(sub, .subject = "CN=a client",
		.extensions = { "authorityKeyIdentifier=keyid,issuer:always",
			"extendedKeyUsage=clientAuth" });
	ROW("authorityCertIssuer is our anchor", 20, CODE_CLIENT_CHAIN_INCOMPLETE, 20, .leaf = leaf,
		.purpose = PURPOSE_CLIENT);
	ROW("without it the name tells", 20, CODE_CLIENT_UNKNOWN_CA, 20, .leaf = client(sub),
		.purpose = PURPOSE_CLIENT);
}

static void refuses_bad_paths(void **state)
{
	(void)state;
	ROW("path length exceeded", 25, CODE_CLIENT_PATH_LENGTH, 25,
		.leaf = client(world.short_sub), .sent = { world.short_sub }, .ca = world.short_ca,
		.purpose = PURPOSE_CLIENT);
	ROW("the issuer is no CA", 79, CODE_CLIENT_ISSUER_NOT_CA, 79, .leaf = client(world.not_ca),
		.sent = { world.not_ca }, .purpose = PURPOSE_CLIENT);
	ROW("the issuer is no CA, of a server", 79, CODE_SERVER_ISSUER_NOT_CA, 79,
		.leaf = server(world.not_ca), .sent = { world.not_ca }, .purpose = PURPOSE_SERVER);
	ROW("one intermediate at a depth of none", 22, CODE_CLIENT_CHAIN_TOO_LONG, 22,
		.leaf = client(world.sub), .sent = { world.sub }, .purpose = PURPOSE_CLIENT,
		.depth = -2);
	ROW("two intermediates at a depth of one", 22, CODE_SERVER_CHAIN_TOO_LONG, 22,
		.leaf = server(world.sub_of_sub), .sent = { world.sub, world.sub_of_sub },
		.purpose = PURPOSE_SERVER, .depth = 1);
	ROW("an intermediate for servers only", 26, CODE_CLIENT_INTERMEDIATE_EKU, 26,
		.leaf = client(world.sub_no_clients), .sent = { world.sub_no_clients },
		.purpose = PURPOSE_CLIENT);
	ROW("a name outside the constraint", 47, CODE_SERVER_NAME_CONSTRAINT, 47,
		.leaf = server(world.constrained), .ca = world.constrained_ca,
		.purpose = PURPOSE_SERVER);
	ROW("a corrupt signature", 7, CODE_CLIENT_BAD_SIGNATURE, 7,
		.leaf = MAKE(world.root, .subject = "CN=a client", .corrupt = true,
			.extensions = CLIENT_EXTENSIONS),
		.purpose = PURPOSE_CLIENT);
	ROW("an unknown critical extension", 34, CODE_CLIENT_CRITICAL_EXTENSION, 34,
		.leaf = MAKE(world.root, .subject = "CN=a client",
			.extensions = { "authorityKeyIdentifier=keyid",
				"extendedKeyUsage=clientAuth", "1.2.3.4.5=critical,DER:0500" }),
		.purpose = PURPOSE_CLIENT);
}

static void refuses_weak_cryptography(void **state)
{
	(void)state;
	ROW("a SHA-1 signature", 68, CODE_CLIENT_WEAK_DIGEST, 68,
		.leaf = MAKE(world.root, .subject = "CN=a client", .digest = "sha1",
			.extensions = CLIENT_EXTENSIONS),
		.purpose = PURPOSE_CLIENT);
	ROW("an RSA-1024 key", 66, CODE_SERVER_WEAK_KEY, 66,
		.leaf = MAKE(world.root, .subject = "CN=localhost", .key = "rsa:1024",
			.extensions = SERVER_EXTENSIONS),
		.purpose = PURPOSE_SERVER);
	ROW("an RSA-1024 intermediate", 67, CODE_CLIENT_WEAK_KEY, 67,
		.leaf = client(world.weak_sub), .sent = { world.weak_sub },
		.purpose = PURPOSE_CLIENT);
}

static void refuses_what_is_not_meant_for_the_role(void **state)
{
	(void)state;
	struct made *any = MAKE(world.root, .subject = "CN=a client",
		.extensions = {
			"authorityKeyIdentifier=keyid", "extendedKeyUsage=anyExtendedKeyUsage" });
	struct made *none = MAKE(world.root, .subject = "CN=localhost",
		.extensions = { "authorityKeyIdentifier=keyid", "subjectAltName=DNS:localhost" });
	struct made *encipher = MAKE(world.root, .subject = "CN=localhost",
		.extensions = { "authorityKeyIdentifier=keyid", "keyUsage=critical,keyEncipherment",
			"extendedKeyUsage=serverAuth,clientAuth", "subjectAltName=DNS:localhost" });
	struct made *agree = MAKE(world.root, .subject = "CN=a client",
		.extensions = { "authorityKeyIdentifier=keyid", "keyUsage=critical,keyAgreement",
			"extendedKeyUsage=clientAuth" });
	struct made *v1 = MAKE(world.root, .subject = "CN=old", .v1 = true);
	ROW("a server as a client", 26, CODE_CLIENT_WRONG_EKU, 26, .leaf = server(world.root),
		.purpose = PURPOSE_CLIENT);
	ROW("a client as a server", 26, CODE_SERVER_WRONG_EKU, 26, .leaf = client(world.root),
		.purpose = PURPOSE_SERVER);
	ROW("anyExtendedKeyUsage is not clientAuth", 26, CODE_CLIENT_WRONG_EKU, 26, .leaf = any,
		.purpose = PURPOSE_CLIENT);
	ROW("nor serverAuth", 26, CODE_SERVER_WRONG_EKU, 26, .leaf = any,
		.purpose = PURPOSE_SERVER);
	ROW("a client without EKU", 0, CODE_CLIENT_NO_EKU, 26, .leaf = none,
		.purpose = PURPOSE_CLIENT);
	ROW("a server without EKU", 0, CODE_NONE, 0, .leaf = none, .purpose = PURPOSE_SERVER);
	ROW("a client that cannot sign", 26, CODE_CLIENT_WRONG_KEY_USAGE, 26, .leaf = encipher,
		.purpose = PURPOSE_CLIENT);
	ROW("a client that can only agree on keys", 0, CODE_CLIENT_WRONG_KEY_USAGE, 26,
		.leaf = agree, .purpose = PURPOSE_CLIENT);
	ROW("a server that cannot sign", 0, CODE_SERVER_WRONG_KEY_USAGE, 26, .leaf = encipher,
		.purpose = PURPOSE_SERVER);
	ROW("a CA as a client", 26, CODE_CLIENT_IS_CA, 26, .leaf = world.sub,
		.purpose = PURPOSE_CLIENT);
	ROW("a CA as a client that may sign", 0, CODE_CLIENT_IS_CA, 26,
		.leaf = MAKE(world.root, .subject = "CN=both",
			.extensions = { "authorityKeyIdentifier=keyid",
				"basicConstraints=critical,CA:TRUE",
				"keyUsage=critical,digitalSignature,keyCertSign",
				"extendedKeyUsage=clientAuth" }),
		.purpose = PURPOSE_CLIENT);
	ROW("a CA as a server", 26, CODE_SERVER_IS_CA, 26, .leaf = world.sub,
		.purpose = PURPOSE_SERVER);
	ROW("a version 1 client", 0, CODE_CLIENT_V1, 26, .leaf = v1, .purpose = PURPOSE_CLIENT);
	ROW("a version 1 server", 0, CODE_SERVER_V1, 26, .leaf = v1, .purpose = PURPOSE_SERVER);
	ROW("a version 1 leaf of no role", 0, CODE_CLIENT_V1, 26, .leaf = v1);
}

static void eku_option_moves_the_line(void **state)
{
	(void)state;
	struct made *none = MAKE(world.root, .subject = "CN=localhost",
		.extensions = { "authorityKeyIdentifier=keyid", "subjectAltName=DNS:localhost" });
	struct question q = { .leaf = none, .purpose = PURPOSE_CLIENT, .eku = EKU_STANDARD };
	expect("standard takes a client without", &q, PROFILE_MTLS, CODE_NONE, 0);
	q.purpose = PURPOSE_SERVER;
	expect("and a server without", &q, PROFILE_MTLS, CODE_NONE, 0);
	q.eku = EKU_STRICT;
	expect("strict refuses a server without", &q, PROFILE_MTLS, CODE_SERVER_NO_EKU, 26);
	q.purpose = PURPOSE_CLIENT;
	expect("and a client without", &q, PROFILE_MTLS, CODE_CLIENT_NO_EKU, 26);
	q.leaf = server(world.root);
	q.eku = EKU_STANDARD;
	expect("standard still refuses a wrong one", &q, PROFILE_MTLS, CODE_CLIENT_WRONG_EKU, 26);
}

static void names_come_from_the_san_alone(void **state)
{
	(void)state;
	struct made *no_san = MAKE(world.root, .subject = "CN=localhost",
		.extensions = { "authorityKeyIdentifier=keyid", "extendedKeyUsage=serverAuth" });
	struct made *wild = MAKE(world.root, .subject = "CN=w",
		.extensions = { "authorityKeyIdentifier=keyid", "extendedKeyUsage=serverAuth",
			"subjectAltName=DNS:*.example.com,DNS:f*.example.org" });
	struct made *address = MAKE(world.root, .subject = "CN=localhost",
		.extensions = { "authorityKeyIdentifier=keyid", "extendedKeyUsage=serverAuth",
			"subjectAltName=IP:127.0.0.1" });
	struct made *mail = MAKE(world.root, .subject = "CN=m/emailAddress=a@example.com",
		.extensions = { "authorityKeyIdentifier=keyid", "extendedKeyUsage=clientAuth" });
	ROW("another name", 62, CODE_SERVER_NAME_MISMATCH, 62, .leaf = server(world.root),
		.purpose = PURPOSE_SERVER, .name = "DNS:other.example");
	ROW("another address", 64, CODE_SERVER_NAME_MISMATCH, 64, .leaf = server(world.root),
		.purpose = PURPOSE_SERVER, .name = "IP:127.0.0.2");
	ROW("a common name only", 0, CODE_SERVER_NO_SAN, 62, .leaf = no_san,
		.purpose = PURPOSE_SERVER, .name = "DNS:localhost");
	ROW("an address only, asked by name", 62, CODE_SERVER_NAME_MISMATCH, 62, .leaf = address,
		.purpose = PURPOSE_SERVER, .name = "DNS:localhost.example");
	ROW("a wildcard", 0, CODE_NONE, 0, .leaf = wild, .purpose = PURPOSE_SERVER,
		.name = "DNS:a.example.com");
	ROW("a wildcard is one label", 62, CODE_SERVER_NAME_MISMATCH, 62, .leaf = wild,
		.purpose = PURPOSE_SERVER, .name = "DNS:a.b.example.com");
	ROW("half a label", 0, CODE_SERVER_NAME_MISMATCH, 62, .leaf = wild,
		.purpose = PURPOSE_SERVER, .name = "DNS:foo.example.org");
	ROW("an address in the subject", 0, CODE_CLIENT_NAME_MISMATCH, 63, .leaf = mail,
		.purpose = PURPOSE_CLIENT, .name = "email:a@example.com");
}

static void asked_names_are_taken_apart(void **state)
{
	(void)state;
	struct error error;
	struct question q = { .leaf = server(world.root), .purpose = PURPOSE_SERVER };
	q.name = "localhost";
	expect("a bare name", &q, PROFILE_MTLS, CODE_NONE, 0);
	q.name = "127.0.0.1";
	expect("a bare address", &q, PROFILE_MTLS, CODE_NONE, 0);
	q.name = "dns:LOCALHOST.";
	expect("an absolute one in capitals", &q, PROFILE_MTLS, CODE_NONE, 0);
	q.name = "DNS:127.0.0.1";
	expect("an address is no DNS name", &q, PROFILE_MTLS, CODE_SERVER_NAME_MISMATCH, 62);
	q.name = "DNS:.localhost";
	expect("no name at all", &q, PROFILE_MTLS, CODE_SERVER_NAME_MISMATCH, 62);
	assert_true(verify_name_check("IP:::1", &error));
	assert_true(verify_name_check("email:a@b", &error));
	assert_false(verify_name_check("DNS:.localhost", &error));
	assert_int_equal(error.kind, ERROR_USAGE);
	assert_string_equal(
		error.text, "cannot look for the name 'DNS:.localhost': it is no DNS name");
	assert_false(verify_name_check("IP:1.2.3", &error));
	assert_string_equal(error.text, "cannot look for the name 'IP:1.2.3': it is no IP address");
	assert_false(verify_name_check("email:a", &error));
	assert_string_equal(
		error.text, "cannot look for the name 'email:a': it is no e-mail address");
	assert_false(verify_name_check("a\nb", &error));
	assert_string_equal(error.text, "cannot look for the name 'a\\x0ab': it is no DNS name");
	char many[300];
	memset(many, 'a', sizeof many - 1);
	many[sizeof many - 1] = 0;
	assert_false(verify_name_check(many, &error));
}

static void validity_is_inclusive(void **state)
{
	(void)state;
	time_t end = NOW + 365 * DAY, start = NOW - DAY;
	struct made *leaf = client(world.root);
	struct question q = { .leaf = leaf, .purpose = PURPOSE_CLIENT };
	struct made *brief = MAKE(world.root, .subject = "CN=brief", .not_after = NOW + 10,
		.extensions = CLIENT_EXTENSIONS);
	ROW("a second before notBefore", 9, CODE_CLIENT_NOT_YET_VALID, 9, .leaf = leaf,
		.purpose = PURPOSE_CLIENT, .at = start - 1);
	ROW("notBefore", 0, CODE_NONE, 0, .leaf = leaf, .purpose = PURPOSE_CLIENT, .at = start);
	ROW("a second before notAfter", 0, CODE_NONE, 0, .leaf = brief, .purpose = PURPOSE_CLIENT,
		.at = NOW + 9);
	ROW("notAfter itself", 10, CODE_NONE, 0, .leaf = brief, .purpose = PURPOSE_CLIENT,
		.at = NOW + 10);
	ROW("a second after", 10, CODE_CLIENT_EXPIRED, 10, .leaf = brief, .purpose = PURPOSE_CLIENT,
		.at = NOW + 11);
	q.at = end;
	expect("leaf and anchor at once", &q, PROFILE_MTLS, CODE_NONE, 0);
	q.at = end + 1;
	expect("and a second later", &q, PROFILE_MTLS, CODE_CLIENT_EXPIRED, 10);
	struct verify_result result = ask(&q, PROFILE_MTLS);
	assert_non_null(strstr(result.why, "notAfter is 2027-06-01T00:00:00Z"));
}

static void crls_fail_closed(void **state)
{
	(void)state;
	struct made *leaf = client(world.root);
	const char *revoked = certs_write_crl(
		"revoked.crl", world.root, &(struct crl_spec){ .revoked = leaf->certificate });
	const char *sub_revoked = certs_write_crl("sub-revoked.crl", world.root,
		&(struct crl_spec){ .revoked = world.sub->certificate });
	const char *forged =
		certs_write_crl("forged.crl", world.rekeyed_root, &(struct crl_spec){ 0 });
	const char *other_key = certs_write_crl(
		"otherkey.crl", world.rekeyed_root, &(struct crl_spec){ .without_key_id = true });
	const char *critical = certs_write_crl("critical.crl", world.root,
		&(struct crl_spec){ .extension = "1.2.3.4=critical,DER:0500" });
	ROW("a fresh CRL", 0, CODE_NONE, 0, .leaf = leaf, .crl = { world.crl },
		.purpose = PURPOSE_CLIENT);
	ROW("revoked", 23, CODE_CLIENT_REVOKED, 23, .leaf = leaf, .crl = { revoked },
		.purpose = PURPOSE_CLIENT);
	ROW("another CA's CRL", 3, CODE_CRL_MISSING, 3, .leaf = leaf, .crl = { world.crl_of_other },
		.purpose = PURPOSE_CLIENT);
	ROW("of a server", 3, CODE_SERVER_CRL_MISSING, 3, .leaf = server(world.root),
		.crl = { world.crl_of_other }, .purpose = PURPOSE_SERVER);
	ROW("an expired CRL", 12, CODE_CRL_EXPIRED, 12, .leaf = leaf, .crl = { world.crl_stale },
		.purpose = PURPOSE_CLIENT);
	ROW("a CRL of tomorrow", 11, CODE_CRL_NOT_YET_VALID, 11, .leaf = leaf,
		.crl = { world.crl_early }, .purpose = PURPOSE_CLIENT);
	ROW("a CRL that says it is by another key", 3, CODE_CRL_MISSING, 3, .leaf = leaf,
		.crl = { forged }, .purpose = PURPOSE_CLIENT);
	ROW("a CRL by another key", 8, CODE_CRL_BAD_SIGNATURE, 8, .leaf = leaf,
		.crl = { other_key }, .purpose = PURPOSE_CLIENT);
	ROW("a CRL with an unknown critical extension", 36, CODE_CRL_UNUSABLE, 36, .leaf = leaf,
		.crl = { critical }, .purpose = PURPOSE_CLIENT);
	ROW("the intermediate's CRL is missing", 3, CODE_CRL_MISSING, 3, .leaf = client(world.sub),
		.sent = { world.sub }, .crl = { world.crl }, .purpose = PURPOSE_CLIENT);
	ROW("both CRLs", 0, CODE_NONE, 0, .leaf = client(world.sub), .sent = { world.sub },
		.crl = { world.crl, world.sub_crl }, .purpose = PURPOSE_CLIENT);
	ROW("the intermediate is revoked", 23, CODE_CLIENT_REVOKED, 23, .leaf = client(world.sub),
		.sent = { world.sub }, .crl = { sub_revoked, world.sub_crl },
		.purpose = PURPOSE_CLIENT);
	ROW("nextUpdate itself", 12, CODE_NONE, 0, .leaf = leaf, .crl = { world.crl },
		.purpose = PURPOSE_CLIENT, .at = NOW + 7 * DAY);
	ROW("a second after", 12, CODE_CRL_EXPIRED, 12, .leaf = leaf, .crl = { world.crl },
		.purpose = PURPOSE_CLIENT, .at = NOW + 7 * DAY + 1);
}

static void result_names_the_certificate(void **state)
{
	(void)state;
	struct question q = { .leaf = client(world.sub_no_clients),
		.sent = { world.sub_no_clients },
		.purpose = PURPOSE_CLIENT };
	struct verify_result result = ask(&q, PROFILE_MTLS);
	assert_int_equal(result.depth, 1);
	assert_string_equal(result.subject, "CN=Servers Only CA");
	assert_string_equal(result.issuer, "CN=Test Lab Root CA");
	assert_non_null(strstr(result.why, "certificate 'CN=Servers Only CA' (serial "));
	q = (struct question){ .leaf = MAKE(world.other_root, .subject = "CN=a\nb\\c",
				       .extensions = CLIENT_EXTENSIONS),
		.purpose = PURPOSE_CLIENT };
	result = ask(&q, PROFILE_MTLS);
	assert_null(strchr(result.subject, '\n'));
	assert_null(strchr(result.why, '\n'));
	q = (struct question){ .leaf = client(world.root), .purpose = PURPOSE_CLIENT };
	result = ask(&q, PROFILE_MTLS);
	assert_int_equal(result.depth, -1);
	assert_string_equal(result.subject, "CN=a client");
	assert_string_equal(result.why, "");
}

static void large_input_is_refused_unread(void **state)
{
	(void)state;
	/* A number of 8200 bits that is nobody's key: making one would take a minute. */
	unsigned char modulus[1025] = { [0] = 1, [1024] = 0x80 };
	unsigned int exponent = 65537;
	OSSL_PARAM parameters[] = { OSSL_PARAM_construct_BN("n", modulus, sizeof modulus),
		OSSL_PARAM_construct_uint("e", &exponent), OSSL_PARAM_construct_end() };
	EVP_PKEY *large = NULL;
	EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY_fromdata_init(maker);
	assert_true(EVP_PKEY_fromdata(maker, &large, EVP_PKEY_PUBLIC_KEY, parameters) > 0);
	EVP_PKEY_CTX_free(maker);
	X509 *x = X509_dup(client(world.root)->certificate);
	X509_set_pubkey(x, large);
	X509_sign(x, world.root->key, EVP_sha256());
	struct made one = { .certificate = x };
	struct question q = { .leaf = &one, .purpose = PURPOSE_CLIENT };
	expect("an RSA key of 8200 bits", &q, PROFILE_MTLS, CODE_KEY_TOO_LARGE, 28);
	assert_true(ask(&q, PROFILE_OPENSSL).ok);
	q = (struct question){
		.leaf = client(world.root), .sent = { &one }, .purpose = PURPOSE_CLIENT
	};
	expect("one among those sent", &q, PROFILE_MTLS, CODE_KEY_TOO_LARGE, 28);
	assert_string_equal(ask(&q, PROFILE_MTLS).subject, "CN=a client");
	X509_free(x);
	EVP_PKEY_free(large);
}

static void too_many_certificates_are_refused(void **state)
{
	(void)state;
	struct error error;
	struct verify_result result;
	OWN(trust) struct trust *trust = NULL;
	assert_true(trust_load(&world.ca, 1, NULL, 0, &trust, &error));
	STACK_OF(X509) *sent = sk_X509_new_null();
	struct verify_options options = {
		.profile = PROFILE_MTLS, .purpose = PURPOSE_CLIENT, .at = NOW, .depth_max = -1
	};
	for (int i = 0; i < 32; i++)
		sk_X509_push(sent, world.sub->certificate);
	verify_leaf(trust, client(world.root)->certificate, sent, &options, &result);
	assert_true(result.ok);
	sk_X509_push(sent, world.sub->certificate);
	verify_leaf(trust, client(world.root)->certificate, sent, &options, &result);
	assert_int_equal(result.code, CODE_CHAIN_TOO_LARGE);
	sk_X509_free(sent);
}

static void handshake_leaves_error_and_chain(void **state)
{
	(void)state;
	struct error error;
	struct verify_result result;
	OWN(trust) struct trust *trust = NULL;
	assert_true(trust_load(&world.ca, 1, NULL, 0, &trust, &error));
	struct verify_options options = {
		.profile = PROFILE_MTLS, .purpose = PURPOSE_CLIENT, .at = NOW, .depth_max = -1
	};
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	X509_STORE_CTX_init(context, trust_store(trust), client(world.root)->certificate, NULL);
	assert_int_equal(verify_handshake(context, trust, &options, &result), 1);
	assert_int_equal(X509_STORE_CTX_get_error(context), X509_V_OK);
	assert_int_equal(sk_X509_num(X509_STORE_CTX_get0_chain(context)), 2);
	X509_STORE_CTX_free(context);
	context = X509_STORE_CTX_new();
	X509_STORE_CTX_init(context, trust_store(trust), world.sub->certificate, NULL);
	assert_int_equal(verify_handshake(context, trust, &options, &result), 0);
	assert_int_equal(X509_STORE_CTX_get_error(context), X509_V_ERR_INVALID_PURPOSE);
	assert_int_equal(result.code, CODE_CLIENT_IS_CA);
	X509_STORE_CTX_free(context);
}

static void trust_needs_good_files(void **state)
{
	(void)state;
	struct error error;
	struct trust *trust = NULL;
	const char *crl = world.crl, *missing = "/nonexistent/ca.crt";
	assert_false(trust_load(NULL, 0, NULL, 0, &trust, &error));
	assert_int_equal(error.kind, ERROR_INPUT);
	assert_string_equal(error.text, "no trust anchor is named");
	assert_false(trust_load(&missing, 1, NULL, 0, &trust, &error));
	assert_string_equal(error.text, "trust anchors: cannot read '/nonexistent/ca.crt': "
					"No such file or directory");
	assert_false(trust_load(&crl, 1, NULL, 0, &trust, &error));
	assert_non_null(strstr(error.text, "it is a CRL, not a CA certificate"));
	assert_false(trust_load(&world.ca, 1, &world.ca, 1, &trust, &error));
	assert_non_null(strstr(error.text, "it is a certificate, not a CRL"));
	assert_null(trust);
	assert_true(trust_load(&world.two_cas, 1, &crl, 1, &trust, &error));
	assert_true(trust_has_crl(trust));
	STACK_OF(X509_NAME) *names = trust_names(trust);
	assert_int_equal(sk_X509_NAME_num(names), 2);
	sk_X509_NAME_pop_free(names, X509_NAME_free);
	trust_free(trust);
}

static void words_are_parsed(void **state)
{
	(void)state;
	enum verify_profile profile = PROFILE_OPENSSL;
	enum verify_eku eku = EKU_DEFAULT;
	enum verify_purpose purpose = PURPOSE_ANY;
	assert_true(verify_profile_parse("strict", &profile));
	assert_int_equal(profile, PROFILE_STRICT);
	assert_false(verify_profile_parse("Strict", &profile));
	assert_true(verify_eku_parse("standard", &eku));
	assert_int_equal(eku, EKU_STANDARD);
	assert_false(verify_eku_parse("", &eku));
	assert_true(verify_purpose_parse("client", &purpose));
	assert_int_equal(purpose, PURPOSE_CLIENT);
	assert_false(verify_purpose_parse("peer", &purpose));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_chains_pass),
		cmocka_unit_test(finds_no_way_to_an_anchor),
		cmocka_unit_test(anchors_need_not_be_roots),
		cmocka_unit_test(other_paths_are_tried),
		cmocka_unit_test(says_incomplete_when_the_leaf_names_its_issuers_issuer),
		cmocka_unit_test(refuses_bad_paths),
		cmocka_unit_test(refuses_weak_cryptography),
		cmocka_unit_test(refuses_what_is_not_meant_for_the_role),
		cmocka_unit_test(eku_option_moves_the_line),
		cmocka_unit_test(names_come_from_the_san_alone),
		cmocka_unit_test(asked_names_are_taken_apart),
		cmocka_unit_test(validity_is_inclusive),
		cmocka_unit_test(crls_fail_closed),
		cmocka_unit_test(result_names_the_certificate),
		cmocka_unit_test(large_input_is_refused_unread),
		cmocka_unit_test(too_many_certificates_are_refused),
		cmocka_unit_test(handshake_leaves_error_and_chain),
		cmocka_unit_test(trust_needs_good_files),
		cmocka_unit_test(words_are_parsed),
	};
	return cmocka_run_group_tests(tests, make_world, end_world);
}
