/* One side of a connection, read from options, environment and configuration. */
#include "cmd/side.h"

#include "pki/pki.h"

static enum tls_version parse_version(const char *text)
{
	static const struct {
		const char *text;
		enum tls_version version;
	} versions[] = { { "1.0", TLS_1_0 }, { "1.1", TLS_1_1 }, { "1.2", TLS_1_2 },
		{ "1.3", TLS_1_3 } };
	for (size_t i = 0; text && i < sizeof versions / sizeof versions[0]; i++)
		if (!strcmp(versions[i].text, text))
			return versions[i].version;
	return TLS_VERSION_ANY;
}

char *side_key_beside(const char *cert)
{
	const char *dot = strrchr(cert, '.');
	if (dot && !strcmp(dot, ".crt"))
		return text_format("%.*s.key", (int)(dot - cert), cert);
	return text_copy(cert);
}

static bool read_rules(struct args *args, struct side *side, struct error *reterr)
{
	struct verify_options *verify = &side->tls.verify;
	long long depth = -1;
	if (!verify_profile_parse(args_text(args, "profile"), &verify->profile) ||
		!verify_eku_parse(args_text(args, "eku"), &verify->eku))
		bug("an option's choices are not what the verifier knows");
	if (!args_number(args, "depth", 0, 100, &depth, reterr))
		return false;
	verify->depth_max = (int)depth;
	side->tls.version_min = parse_version(args_text(args, "tls-min"));
	side->tls.version_max = parse_version(args_text(args, "tls-max"));
	side->tls.ciphers = args_text(args, "ciphers");
	side->tls.groups = args_text(args, "groups");
	side->tls.sigalgs = args_text(args, "sigalgs");
	if (side->tls.version_max && side->tls.version_max < side->tls.version_min)
		return error_set(reterr, ERROR_USAGE, "--tls-max %s is below --tls-min %s",
			args_text(args, "tls-max"), args_text(args, "tls-min"));
	return true;
}

/* Whether the key needs a passphrase that nothing but a person can give. */
static bool must_ask(const char *key)
{
	struct error error; /* whoever loads the key will say it better */
	OWN(bundle) struct bundle *bundle = NULL;
	return secret_can_ask() && bundle_read(key, NULL, &bundle, &error) && bundle->key_locked;
}

static bool read_passphrase(struct args *args, struct side *side, struct error *reterr)
{
	const char *source = args_text(args, "key-pass");
	if (!source && must_ask(side->key))
		source = "ask";
	if (!source)
		return true;
	OWN(char) char *what = text_format("the passphrase of '%s'", side->key);
	if (!secret_read(source, what, &side->passphrase, reterr))
		return false;
	side->tls.passphrase = side->passphrase.data;
	return true;
}

static void read_trust(struct args *args, const char *folder, struct side *side)
{
	side->tls.ca = args_list(args, "ca", &side->tls.ca_count);
	side->tls.crl = args_list(args, "crl", &side->tls.crl_count);
	if (side->tls.ca_count)
		return;
	side->ca = text_format("%s/ca.crt", folder);
	side->ca_list[0] = side->ca;
	side->tls.ca = side->ca_list;
	side->tls.ca_count = 1;
}

char *side_certificate(const struct args *args, const char *role)
{
	const char *cert = args_text(args, "cert");
	return cert ? text_copy(cert) : text_format("%s/%s.crt", args_text(args, "certs"), role);
}

bool side_read(
	struct args *args, const char *role, bool bare, struct side *ret, struct error *reterr)
{
	const char *folder = args_text(args, "certs");
	if (!read_rules(args, ret, reterr))
		return false;
	read_trust(args, folder, ret);
	if (bare)
		return true;
	const char *key = args_text(args, "key");
	ret->cert = side_certificate(args, role);
	ret->key = key ? text_copy(key) : side_key_beside(ret->cert);
	ret->tls.cert = ret->cert;
	ret->tls.key = ret->key;
	return read_passphrase(args, ret, reterr);
}

void side_done(struct side *side)
{
	buffer_done(&side->passphrase);
	free(side->cert);
	free(side->key);
	free(side->ca);
}
