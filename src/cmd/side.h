/*
 * What every command that takes one side of a connection shares: which certificate, which trust,
 * which rules. The same options, defaults and errors for all of them.
 */
#ifndef MTLS_CMD_SIDE_H
#define MTLS_CMD_SIDE_H

#include "cmd/secret.h"
#include "tls/tls.h"

/* The rows of an option table; `peer` is who is checked: "server" or "client". */
#define SIDE_OPTIONS(peer) \
	{ .name = "certs", \
		.value = "DIR", \
		.environment = "MTLS_CERTS", \
		.preset = "certs", \
		.help = "folder with ca.crt, and the certificate and key of this side" }, \
		SIDE_FILES_AND_RULES(peer)
/* Without --certs, for a command that takes something else by that name. */
#define SIDE_FILES_AND_RULES(peer) \
	{ .name = "cert", .value = "FILE", .help = "our certificate, then its intermediates" }, \
		{ .name = "key", .value = "FILE", .help = "the key of our certificate" }, \
		{ .name = "key-pass", \
			.value = SECRET_SOURCES, \
			.help = "where the passphrase of an encrypted key comes from" }, \
		{ .name = "ca", \
			.value = "FILE", \
			.repeats = true, \
			.help = "trust " peer "s of this CA, and never the system's list" }, \
		{ .name = "crl", \
			.value = "FILE", \
			.repeats = true, \
			.help = "refuse " peer "s that this CRL lists; a missing or expired one " \
				"refuses all" }, \
		{ .name = "profile", \
			.choices = "openssl|mtls|strict", \
			.value = "NAME", \
			.preset = "mtls", \
			.help = "rules for the " peer "'s certificate" }, \
		{ .name = "eku", \
			.choices = "default|strict|standard", \
			.value = "RULE", \
			.preset = "default", \
			.help = "which extended key usage the " peer "'s certificate needs" }, \
		{ .name = "depth", \
			.value = "N", \
			.help = "intermediates allowed between " peer " and CA, 0 to 100" }, \
		{ .name = "tls-min", \
			.choices = "1.0|1.1|1.2|1.3", \
			.value = "VERSION", \
			.preset = "1.2", \
			.help = "lowest version of TLS" }, \
		{ .name = "tls-max", \
			.choices = "1.0|1.1|1.2|1.3", \
			.value = "VERSION", \
			.help = "highest version of TLS" }, \
		{ .name = "ciphers", \
			.value = "LIST", \
			.help = "ciphers of TLS 1.2 and suites (TLS_...) of 1.3, in OpenSSL's " \
				"notation" }, \
		{ .name = "groups", \
			.value = "LIST", \
			.help = "groups of the key exchange, colon-separated: X25519:P-256" }, \
	{ \
		.name = "sigalgs", .value = "LIST", \
		.help = "signatures by which the " peer " may prove its key, colon-separated" \
	}

struct side {
	struct tls_options tls; /* points into here and into the arguments */
	char *cert, *key, *ca;
	const char *ca_list[1];
	struct buffer passphrase;
};

/*
 * Fills in `role`'s files ("client", "server") and the options above. `ret` starts as { 0 }. With
 * `bare` no certificate is taken. An encrypted key is asked for on the terminal when there is one.
 */
must_check bool side_read(
	struct args *args, const char *role, bool bare, struct side *ret, struct error *reterr);
/* The file of our certificate: --cert, or ROLE.crt in the folder of --certs; to free. */
char *side_certificate(const struct args *args, const char *role);
/* Where the key of a certificate file is looked for: NAME.key for NAME.crt, else the same file. The
 * caller's. */
char *side_key_beside(const char *cert);
void side_done(struct side *side);
static inline void own_side(struct side *side)
{
	side_done(side);
}

#endif
