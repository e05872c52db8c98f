/*
 * The table of scenarios. Alerts and X.509 errors are not repeated here: they come from the code
 * (base/codes.def), which says them once for every part of the program.
 */
#include "lab/scenario.h"

/* The key is looked for beside its certificate. */
#define OF(stem) "--cert", stem ".crt"
/* What most servers are told: our CA only, and its list of revoked certificates. */
#define USUAL "--ca", "certs/ca.crt", "--crl", "certs/ca.crl"

/* clang-format off */
const struct scenario scenarios[] = {
	{ .code = CODE_NONE, .accepted = true,
	  .title = "client with a good certificate",
	  .lesson = "Both certificates come from our CA: each side proves who it is, and the request is served.",
	  .server = { USUAL } },
	{ .code = CODE_NO_CLIENT_CERTIFICATE,
	  .title = "client without a certificate",
	  .lesson = "On TLS 1.3 the client's connect succeeds first; the refusal comes when it reads.",
	  .server = { USUAL }, .client = { "--no-cert" } },
	{ .code = CODE_CLIENT_UNKNOWN_CA,
	  .title = "client from another CA",
	  .lesson = "A certificate counts only when a CA that the server trusts has signed it.",
	  .server = { USUAL }, .client = { OF("lab/client-unknown-ca") } },
	{ .code = CODE_CLIENT_OTHER_TRUSTED_CA, .accepted = true,
	  .title = "client from another CA that is trusted",
	  .lesson = "The same certificate, and a server that was told to trust its CA as well.",
	  .server = { "--ca", "certs/ca.crt", "--ca", "lab/other-ca.crt" },
	  .client = { OF("lab/client-unknown-ca") } },
	{ .code = CODE_CLIENT_SELF_SIGNED,
	  .title = "client signed by itself",
	  .lesson = "Anybody can sign their own certificate, so it proves nothing.",
	  .server = { USUAL }, .client = { OF("lab/client-self-signed") } },
	{ .code = CODE_CLIENT_WRONG_EKU,
	  .title = "client with a server's certificate (EKU)",
	  .lesson = "Extended key usage serverAuth lets it be a server, not a client.",
	  .server = { USUAL }, .client = { OF("lab/client-wrong-eku") } },
	{ .code = CODE_CLIENT_NO_EKU,
	  .title = "client without extended key usage",
	  .lesson = "OpenSSL by itself, and so Python and nginx, would accept it; we require clientAuth.",
	  .server = { USUAL }, .client = { OF("lab/client-no-eku") } },
	{ .code = CODE_CLIENT_WRONG_KEY_USAGE,
	  .title = "client whose key may not sign",
	  .lesson = "A client proves its key by a signature: its key usage must have digitalSignature.",
	  .server = { USUAL }, .client = { OF("lab/client-wrong-key-usage") } },
	{ .code = CODE_CLIENT_EXPIRED,
	  .title = "client expired",
	  .lesson = "Its last day was yesterday.",
	  .server = { USUAL }, .client = { OF("lab/client-expired") } },
	{ .code = CODE_CLIENT_REVOKED,
	  .title = "client revoked",
	  .lesson = "Still in date, but on the CA's list: with one certificate a client, one can be shut out alone.",
	  .server = { USUAL }, .client = { OF("certs/client-revoked") } },
	{ .code = CODE_SERVER_NAME_MISMATCH,
	  .title = "server's certificate is for another name",
	  .lesson = "The client asked for localhost and was shown a certificate for other.example.",
	  .host = "localhost",
	  .server = { OF("lab/server-name-mismatch") } },
	{ .code = CODE_SERVER_NO_SAN,
	  .title = "server without subject alternative name",
	  .lesson = "Its common name is localhost, which is not enough: Go, browsers and we look at the SAN only.",
	  .host = "localhost",
	  .server = { OF("lab/server-no-san") } },
	{ .code = CODE_SERVER_NO_EKU, .accepted = true,
	  .title = "server without extended key usage",
	  .lesson = "Often said to be refused; it is not, by anybody, unless told to (--eku strict).",
	  .server = { OF("lab/server-no-eku") } },
	{ .code = CODE_SERVER_WRONG_EKU,
	  .title = "server with a client's certificate (EKU)",
	  .lesson = "Extended key usage clientAuth lets it be a client, not a server.",
	  .server = { OF("lab/server-wrong-eku") } },
	{ .code = CODE_SERVER_EXPIRED,
	  .title = "server expired",
	  .lesson = "Clients look at the clock too.",
	  .server = { OF("lab/server-expired") } },
	{ .code = CODE_SERVER_UNKNOWN_CA,
	  .title = "server from another CA",
	  .lesson = "Our client trusts our CA only, never the system's store.",
	  .server = { OF("lab/server-unknown-ca") } },
	{ .code = CODE_TLS_VERSION,
	  .title = "client too old (TLS 1.1; 1.2 for a 1.3 server)",
	  .lesson = "TLS 1.0 and 1.1 are deprecated (RFC 8996); the server offers nothing below 1.2.",
	  .server = { USUAL }, .client = { "--ciphers", "DEFAULT@SECLEVEL=0" },
	  .server_tls = { NULL, "1.3" }, .client_tls = { "1.1", "1.2" } },
	{ .code = CODE_OPTIONAL_NONE_GIVEN, .accepted = true,
	  .title = "certificate optional, none given",
	  .lesson = "CERT_OPTIONAL lets anybody in: whoever forgets to check afterwards has no mutual TLS.",
	  .server = { "--verify", "optional" }, .client = { "--no-cert" } },
	{ .code = CODE_VERIFY_NONE, .accepted = true,
	  .title = "certificate never asked for",
	  .lesson = "CERT_NONE is ordinary HTTPS: the client's certificate is not even asked for.",
	  .server = { "--verify", "none" } },
};
/* clang-format on */
const size_t scenarios_count = sizeof scenarios / sizeof *scenarios;

const char *scenario_name(const struct scenario *scenario)
{
	return scenario->code == CODE_NONE ? "good-client" : code_name(scenario->code);
}

const struct scenario *scenario_find(const char *name)
{
	for (size_t i = 0; i < scenarios_count; i++)
		if (!strcmp(scenario_name(&scenarios[i]), name))
			return &scenarios[i];
	return NULL;
}

struct scenario_expected scenario_expected(
	const struct scenario *scenario, enum tls_version version)
{
	const struct code_info *info = code_info(scenario->code);
	if (scenario->accepted)
		return (struct scenario_expected){ .alert = -1, .http_status = 200 };
	return (struct scenario_expected){ .refuses = info->side,
		.code = scenario->code,
		.alert = version == TLS_1_3 ? info->alert13 : info->alert12,
		.x509_error = info->x509_error };
}
