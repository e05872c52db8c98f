/* What is wrong with each minted certificate, as a table. */
#include "lab/certificates.h"

#include "pki/pki.h"

#include <time.h>

enum {
	HOUR_S = 60 * 60,
	DAY_S = 24 * HOUR_S,
	YEAR_S = 365 * DAY_S,
};

enum issuer { OUR_CA, OTHER_CA, ITSELF };

struct row {
	const char *name;
	enum issuer issuer;
	struct mint_recipe recipe;
};

/* clang-format off */
#define NO_CA { "basicConstraints", "critical,CA:FALSE" }
#define USAGE { "keyUsage", "critical,digitalSignature" }
#define EKU(value) { "extendedKeyUsage", value }
#define SAN { "subjectAltName", "DNS:localhost,IP:127.0.0.1" }
#define NOW_VALID .not_before_s = -HOUR_S, .not_after_s = YEAR_S
#define EXPIRED .not_before_s = -YEAR_S, .not_after_s = -DAY_S

static const struct row rows[] = {
	{ "other-ca", ITSELF, { "Another CA", NOW_VALID,
		{ { "basicConstraints", "critical,CA:TRUE" },
		  { "keyUsage", "critical,keyCertSign,cRLSign" } } } },
	{ "client-unknown-ca", OTHER_CA, { "mtls-client", NOW_VALID, { NO_CA, USAGE, EKU("clientAuth") } } },
	{ "client-self-signed", ITSELF, { "mtls-client", NOW_VALID, { NO_CA, USAGE, EKU("clientAuth") } } },
	{ "client-wrong-eku", OUR_CA, { "mtls-client", NOW_VALID, { NO_CA, USAGE, EKU("serverAuth") } } },
	{ "client-no-eku", OUR_CA, { "mtls-client", NOW_VALID, { NO_CA, USAGE } } },
	{ "client-wrong-key-usage", OUR_CA, { "mtls-client", NOW_VALID,
		{ NO_CA, { "keyUsage", "critical,keyAgreement" }, EKU("clientAuth") } } },
	{ "client-expired", OUR_CA, { "mtls-client", EXPIRED, { NO_CA, USAGE, EKU("clientAuth") } } },
	{ "server-name-mismatch", OUR_CA, { "localhost", NOW_VALID,
		{ NO_CA, USAGE, EKU("serverAuth"), { "subjectAltName", "DNS:other.example" } } } },
	{ "server-no-san", OUR_CA, { "localhost", NOW_VALID, { NO_CA, USAGE, EKU("serverAuth") } } },
	{ "server-no-eku", OUR_CA, { "localhost", NOW_VALID, { NO_CA, USAGE, SAN } } },
	{ "server-wrong-eku", OUR_CA, { "localhost", NOW_VALID, { NO_CA, USAGE, EKU("clientAuth"), SAN } } },
	{ "server-expired", OUR_CA, { "localhost", EXPIRED, { NO_CA, USAGE, EKU("serverAuth"), SAN } } },
	{ "server-unknown-ca", OTHER_CA, { "localhost", NOW_VALID, { NO_CA, USAGE, EKU("serverAuth"), SAN } } },
};
/* clang-format on */
enum { ROWS = sizeof rows / sizeof *rows };

const char *lab_minted_name(size_t index)
{
	return index < ROWS ? rows[index].name : NULL;
}

bool lab_mint(const char *folder, struct error *reterr)
{
	OWN(char) char *ours_cert = text_format("%s/certs/ca.crt", folder);
	OWN(char) char *ours_key = text_format("%s/certs/ca.key", folder);
	OWN(char) char *target = text_format("%s/lab", folder);
	OWN(mint) struct mint *ours = NULL;
	OWN(mint) struct mint *other = NULL;
	if (!mint_load(ours_cert, ours_key, &ours, reterr) || !file_make_folder(target, reterr))
		return false;
	time_t now = time(NULL);
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *row = &rows[i];
		OWN(char) char *cert = text_format("%s/%s.crt", target, row->name);
		OWN(char) char *key = text_format("%s/%s.key", target, row->name);
		const struct mint *issuers[] = {
			[OUR_CA] = ours, [OTHER_CA] = other, [ITSELF] = NULL
		};
		OWN(mint) struct mint *made = NULL;
		if (!mint_new(&row->recipe, issuers[row->issuer], now, &made, reterr) ||
			!mint_save(made, cert, key, reterr))
			return false;
		if (!strcmp(row->name, "other-ca"))
			other = TAKE(made);
	}
	return true;
}
