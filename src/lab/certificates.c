/* What is wrong with each minted certificate and CRL, as tables. */
#include "lab/certificates.h"

enum {
	HOUR_S = 60 * 60,
	DAY_S = 24 * HOUR_S,
	YEAR_S = 365 * DAY_S,
};

#define CA "certs/ca"
#define OTHER_CA "lab/other-ca"

/* clang-format off */
#define IS_CA { "basicConstraints", "critical,CA:TRUE" }, { "keyUsage", "critical,keyCertSign,cRLSign" }
#define NO_CA { "basicConstraints", "critical,CA:FALSE" }
#define USAGE { "keyUsage", "critical,digitalSignature" }
#define EKU(value) { "extendedKeyUsage", value }
#define SAN { "subjectAltName", "DNS:localhost,IP:127.0.0.1" }
#define NOW_VALID .not_before_s = -HOUR_S, .not_after_s = YEAR_S
#define EXPIRED .not_before_s = -YEAR_S, .not_after_s = -DAY_S
#define NOT_YET .not_before_s = DAY_S, .not_after_s = YEAR_S
#define RSA(size) .key = { .id = EVP_PKEY_RSA, .bits = size }
#define CLIENT { NO_CA, USAGE, EKU("clientAuth") }
#define SERVER { NO_CA, USAGE, EKU("serverAuth"), SAN }
#define INTERMEDIATE "mTLS Lab Intermediate CA"

const struct lab_certificate lab_certificates[] = {
	{ CA, NULL, "the CA that both sides trust", { "mTLS Lab Root CA", NOW_VALID, { IS_CA } } },
	{ "certs/server", CA, "a good server", { "localhost", NOW_VALID, SERVER } },
	{ "certs/client", CA, "a good client", { "mtls-client", NOW_VALID, CLIENT } },
	{ "certs/client-revoked", CA, "a client that the CRL lists", { "client-revoked", NOW_VALID, CLIENT } },
	{ OTHER_CA, NULL, "another CA", { "Another CA", NOW_VALID, { IS_CA } }, .demo = true },
	{ "lab/intermediate", CA, "an intermediate CA", { INTERMEDIATE, NOW_VALID, { IS_CA } } },

	{ "lab/client-unknown-ca", OTHER_CA, "a client of another CA",
		{ "mtls-client", NOW_VALID, CLIENT }, .demo = true },
	{ "lab/client-self-signed", NULL, "a client signed by itself",
		{ "mtls-client", NOW_VALID, CLIENT }, .demo = true },
	{ "lab/client-wrong-eku", CA, "a client that may only be a server",
		{ "mtls-client", NOW_VALID, { NO_CA, USAGE, EKU("serverAuth") } }, .demo = true },
	{ "lab/client-any-eku", CA, "a client with anyExtendedKeyUsage alone",
		{ "mtls-client", NOW_VALID, { NO_CA, USAGE, EKU("anyExtendedKeyUsage") } } },
	{ "lab/client-no-eku", CA, "a client without extended key usage",
		{ "mtls-client", NOW_VALID, { NO_CA, USAGE } }, .demo = true },
	{ "lab/client-no-extensions", CA, "a client without any extension",
		{ "mtls-client", NOW_VALID, .faults = MINT_BARE } },
	{ "lab/client-wrong-key-usage", CA, "a client whose key may not sign",
		{ "mtls-client", NOW_VALID, { NO_CA, { "keyUsage", "critical,keyAgreement" }, EKU("clientAuth") } },
		.demo = true },
	{ "lab/client-key-encipherment", CA, "a client whose key may only encrypt",
		{ "mtls-client", NOW_VALID, { NO_CA, { "keyUsage", "critical,keyEncipherment" }, EKU("clientAuth") } } },
	{ "lab/client-expired", CA, "a client that expired yesterday",
		{ "mtls-client", EXPIRED, CLIENT }, .demo = true },
	{ "lab/client-not-yet-valid", CA, "a client that is valid from tomorrow on",
		{ "mtls-client", NOT_YET, CLIENT } },
	{ "lab/client-chain-incomplete", "lab/intermediate", "a client of the intermediate, which its file lacks",
		{ "mtls-client", NOW_VALID, CLIENT } },
	{ "lab/client-chain", "lab/intermediate", "a client of the intermediate, and the intermediate",
		{ "mtls-client", NOW_VALID, CLIENT }, .chain = { "lab/intermediate" } },
	{ "lab/last-ca", CA, "a CA that may have no CA below it (pathlen 0)",
		{ "mTLS Lab Last CA", NOW_VALID,
		  { { "basicConstraints", "critical,CA:TRUE,pathlen:0" }, { "keyUsage", "critical,keyCertSign" } } } },
	{ "lab/too-deep-ca", "lab/last-ca", "a CA below one that allows none",
		{ "mTLS Lab Deep CA", NOW_VALID, { IS_CA } } },
	{ "lab/client-path-length", "lab/too-deep-ca", "a client below one CA more than pathlen allows",
		{ "mtls-client", NOW_VALID, CLIENT }, .chain = { "lab/too-deep-ca", "lab/last-ca" } },
	{ "lab/no-ca", CA, "a leaf that signs like a CA", { "mTLS Lab Leaf", NOW_VALID, CLIENT } },
	{ "lab/client-issuer-not-ca", "lab/no-ca", "a client that a leaf has signed",
		{ "mtls-client", NOW_VALID, CLIENT }, .chain = { "lab/no-ca" } },
	{ "lab/second-intermediate", "lab/intermediate", "an intermediate below the intermediate",
		{ "mTLS Lab Second CA", NOW_VALID, { IS_CA } } },
	{ "lab/client-chain-too-long", "lab/second-intermediate", "a client below two intermediates",
		{ "mtls-client", NOW_VALID, CLIENT }, .chain = { "lab/second-intermediate", "lab/intermediate" } },
	{ "lab/client-is-ca", CA, "a client whose certificate is a CA's",
		{ "mtls-client", NOW_VALID,
		  { { "basicConstraints", "critical,CA:TRUE" }, { "keyUsage", "critical,keyCertSign,digitalSignature" },
		    EKU("clientAuth") } } },
	{ "lab/client-v1", CA, "a client of X.509 version 1", { "mtls-client", NOW_VALID, .faults = MINT_V1 } },
	{ "lab/server-only-ca", CA, "an intermediate CA for servers only",
		{ "mTLS Lab Servers CA", NOW_VALID, { IS_CA, EKU("serverAuth") } } },
	{ "lab/client-intermediate-eku", "lab/server-only-ca", "a client of a CA for servers only",
		{ "mtls-client", NOW_VALID, CLIENT }, .chain = { "lab/server-only-ca" } },
	{ "lab/inside-ca", CA, "a CA for names below inside.example only",
		{ "mTLS Lab Inside CA", NOW_VALID, { IS_CA, { "nameConstraints", "critical,permitted;DNS:inside.example" } } } },
	{ "lab/client-name-constraint", "lab/inside-ca", "a client with a name outside inside.example",
		{ "mtls-client", NOW_VALID, { NO_CA, USAGE, EKU("clientAuth"), { "subjectAltName", "DNS:client.outside.example" } } },
		.chain = { "lab/inside-ca" } },
	{ "lab/rekeyed-ca", NULL, "a CA with the first one's name and another key",
		{ "mTLS Lab Root CA", NOW_VALID, { IS_CA } }, .named_after = CA },
	{ "lab/client-ca-rekeyed", "lab/rekeyed-ca", "a client of the CA that has another key",
		{ "mtls-client", NOW_VALID, CLIENT } },
	{ "lab/client-bad-signature", CA, "a client whose signature has one bit changed",
		{ "mtls-client", NOW_VALID, CLIENT, .faults = MINT_CORRUPT } },
	{ "lab/client-critical-extension", CA, "a client with a critical extension that nobody knows",
		{ "mtls-client", NOW_VALID, { NO_CA, USAGE, EKU("clientAuth"), { "1.2.3.4.5.6.7", "critical,DER:0500" } } } },
	{ "lab/client-weak-digest", CA, "a client signed with SHA-1",
		{ "mtls-client", NOW_VALID, CLIENT, .digest = "sha1" } },
	{ "lab/client-weak-key", CA, "a client with a key of RSA-1024",
		{ "mtls-client", NOW_VALID, CLIENT, RSA(1024) } },
	{ "lab/client-key-type", CA, "a client with an Ed25519 key",
		{ "mtls-client", NOW_VALID, CLIENT, .key = { .id = EVP_PKEY_ED25519 } } },
	{ "lab/client-no-possession", CA, "a client, its key with the private half of another one",
		{ "mtls-client", NOW_VALID, CLIENT, .faults = MINT_FOREIGN_KEY } },
	{ "lab/pem-order", CA, "a client, its CA first in the file",
		{ "mtls-client", NOW_VALID, CLIENT }, .front = CA },
	{ "lab/key-passphrase", CA, "a client, its key under the passphrase 'right'",
		{ "mtls-client", NOW_VALID, CLIENT }, .passphrase = "right" },
	{ "lab/client-copied", CA, "the good client's files, as somebody else has them",
		{ "mtls-client", NOW_VALID, CLIENT }, .copy_of = "certs/client" },
	{ "lab/client-other-name", CA, "a good client with another name",
		{ "somebody-else", NOW_VALID, CLIENT } },
	{ "lab/plain-anchor", NULL, "a self-signed certificate that does not say CA:TRUE",
		{ "mTLS Lab Plain Anchor", NOW_VALID, { NO_CA, USAGE } } },
	{ "lab/client-of-plain-anchor", "lab/plain-anchor", "a client that it has signed",
		{ "mtls-client", NOW_VALID, CLIENT } },
	{ "lab/client-short", CA, "a client that expires in two minutes",
		{ "mtls-client", .not_before_s = -HOUR_S, .not_after_s = 120, CLIENT } },

	{ "lab/server-name-mismatch", CA, "a server with another name",
		{ "localhost", NOW_VALID, { NO_CA, USAGE, EKU("serverAuth"), { "subjectAltName", "DNS:other.example" } } },
		.demo = true },
	{ "lab/server-ip-only", CA, "a server with an address and no name",
		{ "localhost", NOW_VALID, { NO_CA, USAGE, EKU("serverAuth"), { "subjectAltName", "IP:127.0.0.1" } } } },
	{ "lab/server-no-san", CA, "a server without subject alternative name",
		{ "localhost", NOW_VALID, { NO_CA, USAGE, EKU("serverAuth") } }, .demo = true },
	{ "lab/server-common-name", CA, "a server with the right SAN and another common name",
		{ "other.example", NOW_VALID, SERVER } },
	{ "lab/server-dropped", CA, "a server signed without the extensions that its CSR asked for",
		{ "localhost", NOW_VALID, .faults = MINT_V1 } },
	{ "lab/server-no-eku", CA, "a server without extended key usage",
		{ "localhost", NOW_VALID, { NO_CA, USAGE, SAN } }, .demo = true },
	{ "lab/server-wrong-eku", CA, "a server that may only be a client",
		{ "localhost", NOW_VALID, { NO_CA, USAGE, EKU("clientAuth"), SAN } }, .demo = true },
	{ "lab/server-expired", CA, "a server that expired yesterday", { "localhost", EXPIRED, SERVER }, .demo = true },
	{ "lab/server-not-yet-valid", CA, "a server that is valid from tomorrow on", { "localhost", NOT_YET, SERVER } },
	{ "lab/server-revoked", CA, "a server that a CRL lists", { "localhost", NOW_VALID, SERVER } },
	{ "lab/server-wrong-key-usage", CA, "a server whose key may not sign",
		{ "localhost", NOW_VALID, { NO_CA, { "keyUsage", "critical,keyEncipherment" }, EKU("serverAuth"), SAN },
		  RSA(2048) } },
	{ "lab/server-unknown-ca", OTHER_CA, "a server of another CA", { "localhost", NOW_VALID, SERVER }, .demo = true },
	{ "lab/server-chain-incomplete", "lab/intermediate", "a server of the intermediate, which its file lacks",
		{ "localhost", NOW_VALID, SERVER } },
	{ "lab/server-name-constraint", "lab/inside-ca", "a server with a name outside inside.example",
		{ "localhost", NOW_VALID, SERVER }, .chain = { "lab/inside-ca" } },
	{ "lab/server-critical-extension", CA, "a server with a critical extension that nobody knows",
		{ "localhost", NOW_VALID, { NO_CA, USAGE, EKU("serverAuth"), SAN, { "1.2.3.4.5.6.7", "critical,DER:0500" } } } },
	{ 0 },
};

const struct lab_crl lab_crls[] = {
	{ "certs/ca", CA, "certs/client-revoked", "the CA's list of revoked certificates", -HOUR_S, 30 * DAY_S },
	{ "lab/other-ca", OTHER_CA, NULL, "a CRL of another CA", -HOUR_S, 30 * DAY_S },
	{ "lab/crl-expired", CA, NULL, "a CRL of the CA that expired yesterday", -30 * DAY_S, -DAY_S },
	{ "lab/later", CA, NULL, "a CRL of the CA before the client is revoked", -2 * HOUR_S, 30 * DAY_S },
	{ "lab/server-revoked", CA, "lab/server-revoked", "a CRL of the CA that lists the server", -HOUR_S, 30 * DAY_S },
	{ 0 },
};
/* clang-format on */
