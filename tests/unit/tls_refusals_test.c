/*
 * The table of codes, carried out: for each fault of a certificate a handshake in memory on TLS 1.2
 * and on 1.3, in which the side that the table names refuses with the table's alert and X.509
 * error, and the other side's hint names the true cause.
 */
#include "tls_pair.h"

static struct made *sub, *deep_sub, *short_sub, *below_short, *no_ca, *servers_only, *clients_only;
static struct made *constrained, *rekeyed;

static void make_issuers(void)
{
	sub = MAKE(ca, .subject = "CN=Sub/O=Lab", .key = "P-256#5", .extensions = SUB_EXTENSIONS);
	deep_sub = MAKE(sub, .subject = "CN=Deep", .key = "P-256#6", .extensions = SUB_EXTENSIONS);
	short_sub = MAKE(ca, .subject = "CN=Short", .key = "P-256#5",
		.extensions = { "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid",
			"basicConstraints=critical,CA:TRUE,pathlen:0",
			"keyUsage=critical,keyCertSign" });
	below_short = MAKE(
		short_sub, .subject = "CN=Below", .key = "P-256#6", .extensions = SUB_EXTENSIONS);
	no_ca = MAKE(ca, .subject = "CN=No CA", .key = "P-256#5",
		.extensions = { "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid",
			"basicConstraints=critical,CA:FALSE" });
	servers_only = MAKE(ca, .subject = "CN=Servers", .key = "P-256#5",
		.extensions = { "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid",
			"basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign",
			"extendedKeyUsage=serverAuth" });
	clients_only = MAKE(ca, .subject = "CN=Clients", .key = "P-256#5",
		.extensions = { "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid",
			"basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign",
			"extendedKeyUsage=clientAuth" });
	constrained = MAKE(ca, .subject = "CN=Constrained", .key = "P-256#5",
		.extensions = { "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid",
			"basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign",
			"nameConstraints=critical,permitted;DNS:allowed.example" });
	rekeyed =
		MAKE(NULL, .subject = "CN=CA/O=Lab", .key = "P-256#7", .extensions = CA_EXTENSIONS);
}

/* Lines of an extension that differ with the role of the leaf. */
#define EKU "its own role"
#define OTHER_EKU "the other role"
#define SAN "subjectAltName=DNS:localhost,IP:127.0.0.1"
#define IDS "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid"
#define LEAF "basicConstraints=critical,CA:FALSE"
#define SIGNS "keyUsage=critical,digitalSignature"
#define GOOD .extensions = { IDS, LEAF, SIGNS, EKU, SAN }

enum list { NO_LIST, GOOD_LIST, REVOKING_LIST, OTHERS_LIST, OLD_LIST, EARLY_LIST, FORGED_LIST };

/* One row: what is wrong, what each side calls it (CODE_NONE: it has nothing against it). */
struct fault {
	const char *what;
	enum code of_client, of_server;
	struct made **issuer; /* NULL: self-signed */
	struct made **sent[2];
	struct spec spec;
	enum list crl;
	enum verify_eku eku;
	int depth;     /* the most intermediates, counted from 1: 1 is none; 0 is no limit */
	bool nameless; /* the judge of a server asks for no name */
	bool lenient;  /* its own OpenSSL must be talked into showing it */
};

static const struct fault faults[] = {
	{ "nothing is wrong", CODE_NONE, CODE_NONE, &ca, .spec = { GOOD } },
	{ "nothing is wrong behind an intermediate", CODE_NONE, CODE_NONE, &sub, { &sub },
		.spec = { GOOD } },
	{ "nothing is wrong, as a CRL says", CODE_NONE, CODE_NONE, &ca, .spec = { GOOD },
		.crl = GOOD_LIST },
	{ "another CA", CODE_CLIENT_UNKNOWN_CA, CODE_SERVER_UNKNOWN_CA, &other_ca,
		.spec = { GOOD } },
	{ "self-signed", CODE_CLIENT_SELF_SIGNED, CODE_SERVER_SELF_SIGNED, NULL,
		.spec = { .extensions = { LEAF, SIGNS, EKU, SAN } } },
	{ "the CA's name, another key", CODE_CLIENT_CA_REKEYED, CODE_SERVER_CA_REKEYED, &rekeyed,
		.spec = { GOOD } },
	{ "the intermediate is not sent", CODE_CLIENT_CHAIN_INCOMPLETE,
		CODE_SERVER_CHAIN_INCOMPLETE, &sub, .spec = { GOOD } },
	{ "the other role's EKU", CODE_CLIENT_WRONG_EKU, CODE_SERVER_WRONG_EKU, &ca,
		.spec = { .extensions = { IDS, LEAF, SIGNS, OTHER_EKU, SAN } } },
	{ "any EKU is no EKU", CODE_CLIENT_WRONG_EKU, CODE_SERVER_WRONG_EKU, &ca,
		.spec = { .extensions = { IDS, LEAF, SIGNS, "extendedKeyUsage=anyExtendedKeyUsage",
				  SAN } } },
	{ "no EKU", CODE_CLIENT_NO_EKU, CODE_NONE, &ca,
		.spec = { .extensions = { IDS, LEAF, SIGNS, SAN } } },
	{ "no EKU where it is required of both", CODE_CLIENT_NO_EKU, CODE_SERVER_NO_EKU, &ca,
		.spec = { .extensions = { IDS, LEAF, SIGNS, SAN } }, .eku = EKU_STRICT },
	{ "no EKU where it is required of nobody", CODE_NONE, CODE_NONE, &ca,
		.spec = { .extensions = { IDS, LEAF, SIGNS, SAN } }, .eku = EKU_STANDARD },
	{ "a key that may not sign", CODE_CLIENT_WRONG_KEY_USAGE, CODE_SERVER_WRONG_KEY_USAGE, &ca,
		.spec = { .key = "rsa:2048",
			.extensions = { IDS, LEAF, "keyUsage=critical,keyEncipherment", EKU,
				SAN } } },
	{ "expired a second ago", CODE_CLIENT_EXPIRED, CODE_SERVER_EXPIRED, &ca,
		.spec = { GOOD, .not_after = NOW - 1 } },
	{ "in its last second", CODE_NONE, CODE_NONE, &ca, .spec = { GOOD, .not_after = NOW } },
	{ "valid in a second", CODE_CLIENT_NOT_YET_VALID, CODE_SERVER_NOT_YET_VALID, &ca,
		.spec = { GOOD, .not_before = NOW + 1 } },
	{ "in its first second", CODE_NONE, CODE_NONE, &ca, .spec = { GOOD, .not_before = NOW } },
	{ "revoked", CODE_CLIENT_REVOKED, CODE_SERVER_REVOKED, &ca, .spec = { GOOD },
		.crl = REVOKING_LIST },
	{ "a CRL of another CA alone", CODE_CRL_MISSING, CODE_SERVER_CRL_MISSING, &ca,
		.spec = { GOOD }, .crl = OTHERS_LIST },
	{ "a CRL that has expired", CODE_CRL_EXPIRED, CODE_SERVER_CRL_EXPIRED, &ca,
		.spec = { GOOD }, .crl = OLD_LIST },
	{ "a CRL of tomorrow", CODE_CRL_NOT_YET_VALID, CODE_CRL_NOT_YET_VALID, &ca,
		.spec = { GOOD }, .crl = EARLY_LIST },
	{ "a CRL that another key signed", CODE_CRL_BAD_SIGNATURE, CODE_CRL_BAD_SIGNATURE, &ca,
		.spec = { GOOD }, .crl = FORGED_LIST },
	{ "an intermediate below pathlen 0", CODE_CLIENT_PATH_LENGTH, CODE_SERVER_PATH_LENGTH,
		&below_short, { &below_short, &short_sub }, .spec = { GOOD } },
	{ "an issuer that is no CA", CODE_CLIENT_ISSUER_NOT_CA, CODE_SERVER_ISSUER_NOT_CA, &no_ca,
		{ &no_ca }, .spec = { GOOD } },
	{ "two intermediates where two may be", CODE_NONE, CODE_NONE, &deep_sub,
		{ &deep_sub, &sub }, .spec = { GOOD }, .depth = 3 },
	{ "two intermediates where one may be", CODE_CLIENT_CHAIN_TOO_LONG,
		CODE_SERVER_CHAIN_TOO_LONG, &deep_sub, { &deep_sub, &sub }, .spec = { GOOD },
		.depth = 2 },
	{ "one intermediate where none may be", CODE_CLIENT_CHAIN_TOO_LONG,
		CODE_SERVER_CHAIN_TOO_LONG, &sub, { &sub }, .spec = { GOOD }, .depth = 1 },
	{ "no intermediate where none may be", CODE_NONE, CODE_NONE, &ca, .spec = { GOOD },
		.depth = 1 },
	{ "a CA as a leaf", CODE_CLIENT_IS_CA, CODE_SERVER_IS_CA, &ca,
		.spec = { .extensions = { IDS, "basicConstraints=critical,CA:TRUE",
				  "keyUsage=critical,digitalSignature,keyCertSign", EKU, SAN } } },
	{ "version 1, which can carry no name", CODE_CLIENT_V1, CODE_SERVER_V1, &ca,
		.spec = { .v1 = true } },
	{ "version 1, asked for no name", CODE_CLIENT_V1, CODE_SERVER_V1, &ca,
		.spec = { .v1 = true }, .nameless = true },
	{ "an intermediate for servers alone", CODE_CLIENT_INTERMEDIATE_EKU, CODE_NONE,
		&servers_only, { &servers_only }, .spec = { GOOD } },
	{ "an intermediate for clients alone", CODE_NONE, CODE_SERVER_INTERMEDIATE_EKU,
		&clients_only, { &clients_only }, .spec = { GOOD } },
	{ "a name that the intermediate may not give", CODE_CLIENT_NAME_CONSTRAINT,
		CODE_SERVER_NAME_CONSTRAINT, &constrained, { &constrained }, .spec = { GOOD } },
	{ "a signature with one wrong bit", CODE_CLIENT_BAD_SIGNATURE, CODE_SERVER_BAD_SIGNATURE,
		&ca, .spec = { GOOD, .corrupt = true } },
	{ "a critical extension that nobody knows", CODE_CLIENT_CRITICAL_EXTENSION,
		CODE_SERVER_CRITICAL_EXTENSION, &ca,
		.spec = { .extensions = { IDS, LEAF, SIGNS, EKU, SAN,
				  "1.2.3.4.5=critical,DER:0500" } } },
	{ "an extension that nobody knows", CODE_NONE, CODE_NONE, &ca,
		.spec = { .extensions = { IDS, LEAF, SIGNS, EKU, SAN, "1.2.3.4.5=DER:0500" } } },
	{ "signed with SHA-1", CODE_CLIENT_WEAK_DIGEST, CODE_SERVER_WEAK_DIGEST, &ca,
		.spec = { GOOD, .digest = "SHA1" }, .lenient = true },
	{ "an RSA key of 1024 bits", CODE_CLIENT_WEAK_KEY, CODE_SERVER_WEAK_KEY, &ca,
		.spec = { GOOD, .key = "rsa:1024" }, .lenient = true },
	{ "a name that nobody asked for", CODE_NONE, CODE_SERVER_NAME_MISMATCH, &ca,
		.spec = { .extensions = { IDS, LEAF, SIGNS, EKU,
				  "subjectAltName=DNS:other.example" } } },
	{ "an address alone, asked by name", CODE_NONE, CODE_SERVER_NAME_MISMATCH, &ca,
		.spec = { .extensions = { IDS, LEAF, SIGNS, EKU,
				  "subjectAltName=IP:127.0.0.1" } } },
	{ "no SAN", CODE_NONE, CODE_SERVER_NO_SAN, &ca,
		.spec = { .extensions = { IDS, LEAF, SIGNS, EKU } } },
};
#define FAULTS (sizeof faults / sizeof faults[0])

/* The leaf of a row, for a client or a server. */
static struct made *leaf_of(const struct fault *fault, bool of_client)
{
	static const char *const usages[] = { "extendedKeyUsage=serverAuth",
		"extendedKeyUsage=clientAuth" };
	struct spec spec = fault->spec;
	spec.subject = "CN=localhost";
	if (!fault->issuer)
		spec.key = "P-256#4";
	for (size_t i = 0; i < EXTENSIONS_MAX && spec.extensions[i]; i++) {
		if (!strcmp(spec.extensions[i], EKU))
			spec.extensions[i] = usages[of_client];
		else if (!strcmp(spec.extensions[i], OTHER_EKU))
			spec.extensions[i] = usages[!of_client];
	}
	return certs_make(fault->issuer ? *fault->issuer : NULL, &spec);
}

static const char *crl_of(const struct fault *fault, const struct made *leaf)
{
	struct made forger = { ca->certificate, rekeyed->key };
	switch (fault->crl) {
	case NO_LIST:
		return NULL;
	case REVOKING_LIST:
		return certs_write_crl(
			"row.crl", ca, &(struct crl_spec){ .revoked = leaf->certificate });
	case OTHERS_LIST:
		return certs_write_crl("row.crl", other_ca, &(struct crl_spec){ 0 });
	case OLD_LIST:
		return certs_write_crl("row.crl", ca,
			&(struct crl_spec){
				.last_update = NOW - 9 * DAY, .next_update = NOW - DAY });
	case EARLY_LIST:
		return certs_write_crl(
			"row.crl", ca, &(struct crl_spec){ .last_update = NOW + DAY });
	case FORGED_LIST:
		return certs_write_crl("row.crl", &forger, &(struct crl_spec){ 0 });
	default:
		return certs_write_crl("row.crl", ca, &(struct crl_spec){ 0 });
	}
}

/* What the judge of that row looks at. */
static void judge_by(struct tls_options *judge, const struct fault *fault, const char *const *crl)
{
	judge->verify.eku = fault->eku;
	judge->verify.depth_max = fault->depth - 1;
	if (fault->nameless)
		judge->verify.name = NULL;
	judge->crl = crl;
	judge->crl_count = *crl ? 1 : 0;
}

struct seen {
	enum tls_status status;
	const struct error *error;
	const struct tls_outcome *outcome;
};

static void assert_accepted(const struct fault *fault, const struct seen *judge)
{
	if (judge->status == TLS_FAILED || !judge->outcome->finished || !judge->outcome->verified ||
		judge->outcome->alert_sent != -1)
		fail_msg("%s: refused with alert %d: %s", fault->what, judge->outcome->alert_sent,
			judge->error->text);
}

static void assert_refused(const struct fault *fault, enum code code, enum tls_version version,
	const struct seen *judge, const struct seen *judged)
{
	const struct code_info *info = code_info(code);
	int alert = version == TLS_1_3 ? info->alert13 : info->alert12;
	int x509_error = info->x509_error;
	if (judge->status != TLS_FAILED || judge->error->code != code ||
		judge->error->kind != ERROR_REFUSED_BY_US)
		fail_msg("%s: '%s', not '%s': %s", fault->what, code_name(judge->error->code),
			info->name, judge->error->text);
	if (judge->error->x509_error != x509_error || judge->error->alert != alert ||
		judge->outcome->alert_sent != alert)
		fail_msg("%s: X.509 error %d, alert %d", fault->what, judge->error->x509_error,
			judge->outcome->alert_sent);
	assert_string_equal(judge->outcome->version, version == TLS_1_3 ? "TLSv1.3" : "TLSv1.2");
	assert_true(judge->outcome->peer_certificate);
	if (judged->status != TLS_FAILED || judged->error->kind != ERROR_REFUSED_BY_PEER ||
		judged->outcome->alert_received != alert || judged->error->alert != alert)
		fail_msg("%s: the other side heard alert %d: %s", fault->what,
			judged->outcome->alert_received, judged->error->text);
	assert_int_equal(judged->error->x509_error, 0); /* it cannot know */
	assert_non_null(strstr(judged->error->text, tls_alert_name(alert)));
	if (info->side != SIDE_NONE && judged->error->code != code &&
		!strstr(judged->error->hint, info->name))
		fail_msg(
			"%s: the other side's hint lacks it: %s", fault->what, judged->error->hint);
}

/* One handshake; the leaf is the client's or the server's. */
static void shake(const struct fault *fault, bool of_client, enum tls_version version)
{
	struct pair pair;
	size_t before = certs_path_count;
	struct made *leaf = leaf_of(fault, of_client);
	X509 *chain[4] = { leaf->certificate };
	for (size_t i = 0; i < 2 && fault->sent[i]; i++)
		chain[i + 1] = (*fault->sent[i])->certificate;
	const char *cert = certs_write("row.crt", chain);
	const char *key = certs_write_key("row.key", leaf->key, NULL);
	const char *crl = crl_of(fault, leaf);
	struct tls_options server = server_options(),
			   client = client_options(good_cert, good_key, version);
	struct tls_options *judged = of_client ? &client : &server;
	judged->cert = cert;
	judged->key = key;
	judged->ciphers = fault->lenient ? "DEFAULT:@SECLEVEL=0" : NULL;
	judge_by(of_client ? &server : &client, fault, &crl);
	pair_init(&pair, &server, &client);
	pair_handshake(&pair);
	const struct seen sides[] = {
		{ pair.server_status, &pair.server_error, tls_connection_outcome(pair.server) },
		{ pair.client_status, &pair.client_error, tls_connection_outcome(pair.client) },
	};
	enum code code = of_client ? fault->of_client : fault->of_server;
	if (code == CODE_NONE)
		assert_accepted(fault, &sides[!of_client]);
	else
		assert_refused(fault, code, version, &sides[!of_client], &sides[of_client]);
	pair_done(&pair);
	while (certs_path_count > before)
		unlink(certs_paths[--certs_path_count]);
}

static void every_fault_of_a_client_is_refused_by_its_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAULTS; i++)
		for (size_t v = 0; v < 2; v++)
			shake(&faults[i], true, versions[v]);
}

static void every_fault_of_a_server_is_refused_by_its_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAULTS; i++)
		for (size_t v = 0; v < 2; v++)
			shake(&faults[i], false, versions[v]);
}

/* Shown by tls_protocol_test, or by no handshake of a single pair. */
static const enum code elsewhere[] = { CODE_NO_CLIENT_CERTIFICATE, CODE_CLIENT_KEY_TYPE,
	CODE_CLIENT_NO_POSSESSION, CODE_TLS_VERSION, CODE_TLS_NO_SHARED_CIPHER,
	CODE_TLS_NO_SHARED_GROUP, CODE_ALPN_MISMATCH, CODE_SNI_UNKNOWN, CODE_OPTIONAL_BAD_GIVEN,
	CODE_CHAIN_TOO_LARGE, CODE_CHAIN_TOO_MANY, CODE_SYSTEM_TRUST_STORE,
	CODE_RESUMED_AFTER_REVOCATION, CODE_RESUMED_AFTER_EXPIRY, CODE_RESUMED_ACROSS_LISTENERS,
	CODE_RESUMED_WITHOUT_CONTEXT, CODE_CLIENT_NAME_MISMATCH };

static bool is_shown(enum code code)
{
	for (size_t i = 0; i < FAULTS; i++)
		if (faults[i].of_client == code || faults[i].of_server == code)
			return true;
	for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++)
		if (elsewhere[i] == code)
			return true;
	return false;
}

/* A code that somebody adds to the table needs a row here. */
static void every_code_with_an_alert_is_shown(void **state)
{
	(void)state;
	for (int i = CODE_NONE + 1; i < CODE_COUNT; i++) {
		const struct code_info *info = code_info((enum code)i);
		bool refuses = info->side == SIDE_SERVER || info->side == SIDE_CLIENT;
		if (refuses && info->alert13 >= 0 && !is_shown((enum code)i))
			fail_msg("no handshake shows '%s'", info->name);
	}
}

static int make_all(void **state)
{
	pair_world_make(state);
	make_issuers();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fault_of_a_client_is_refused_by_its_name),
		cmocka_unit_test(every_fault_of_a_server_is_refused_by_its_name),
		cmocka_unit_test(every_code_with_an_alert_is_shown),
	};
	return cmocka_run_group_tests(tests, make_all, certs_end);
}
