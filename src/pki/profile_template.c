/* The .cnf files that `mtls init` writes: readable, and a good place to start editing. */
#include "pki/profile.h"

/* What a leaf is for, and its extensions by role. */
static const struct {
	const char *what, *usage, *comment;
} leaves[ROLE_COUNT] = {
	[ROLE_SERVER] = { "server", "serverAuth",
		"# Clients look for the host here, not in the subject.\n" },
	[ROLE_CLIENT] = { "client", "clientAuth", "" },
	[ROLE_PEER] = { "peer, which serves and calls", "serverAuth, clientAuth",
		"# Clients look for the host here, not in the subject.\n" },
};

/* How every file begins: what to run after an edit, and the key's size. */
#define REQUEST_SECTION \
	"# Edit this file and run %s: the certificate follows.\n" \
	"\n" \
	"[ req ]\n" \
	"%s" \
	"default_md         = sha256\n" \
	"prompt             = no\n" \
	"distinguished_name = dn\n"

static char *leaf_text(enum role role, unsigned bits, const char *size, const char *common_name,
	const char *names, const char *follow)
{
	const char *role_text = role_name(role),
		   *san = names ? "subjectAltName         = @alt_names\n" : "";
	/* keyEncipherment is for TLS 1.2's RSA key exchange: nothing for other keys (RFC 8813). */
	const char *encipherment = bits && role != ROLE_CLIENT ? ", keyEncipherment" : "";
	return text_format(
		"# The certificate of a %s.\n" REQUEST_SECTION "req_extensions     = req_ext\n"
		"\n"
		"[ dn ]\n"
		"CN = %s\n"
		"\n"
		"# What the request (CSR) asks for. Signing does not copy it by itself.\n"
		"[ req_ext ]\n"
		"%s"
		"extendedKeyUsage       = %s\n"
		"\n"
		"# What the certificate gets when it is signed.\n"
		"[ v3_%s ]\n"
		"%s"
		"basicConstraints       = critical, CA:FALSE\n"
		"keyUsage               = critical, digitalSignature%s\n"
		"extendedKeyUsage       = %s\n"
		"subjectKeyIdentifier   = hash\n"
		"authorityKeyIdentifier = keyid, issuer\n"
		"%s%s%s%s",
		leaves[role].what, follow, size, common_name, san, leaves[role].usage, role_text,
		san, encipherment, leaves[role].usage, names ? "\n" : "",
		names ? leaves[role].comment : "", names ? "[ alt_names ]\n" : "",
		names ? names : "");
}

char *profile_template(enum role role, unsigned bits, const char *common_name, const char *names,
	const char *follow)
{
	OWN(char) char *size =
		bits ? text_format("default_bits       = %u\n", bits) : text_copy("");
	if (role == ROLE_CA)
		return text_format(
			"# The certificate authority (CA): the root of trust of both "
			"sides.\n" REQUEST_SECTION "x509_extensions    = v3_ca\n"
			"\n"
			"[ dn ]\n"
			"CN = %s\n"
			"\n"
			"# A root has no authorityKeyIdentifier: nobody stands above it.\n"
			"[ v3_ca ]\n"
			"subjectKeyIdentifier   = hash\n"
			"basicConstraints       = critical, CA:TRUE\n"
			"keyUsage               = critical, keyCertSign, cRLSign\n",
			follow, size, common_name);
	return leaf_text(role, bits, size, common_name, names, follow);
}
