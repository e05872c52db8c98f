/* Describing whole files: which objects they hold, and each of them. */
#include "pki/show_parts.h"

#include "pki/bundle.h"
#include "pki/describe.h"
#include "pki/identity.h"
#include "pki/key.h"
#include "pki/pfx.h"
#include "pki/profile.h"

#include <openssl/err.h>

enum { DAY_S = 24 * 60 * 60, REVOKED_SHOWN_MAX = 1000 };

/* Of no certificate: its years have four digits. */
#define BAD_TIME ((time_t)INT64_MIN)

void show_set(json_t *target, const char *name, json_t *value)
{
	if (json_object_set_new(target, name, value) != 0)
		bug("a description that is no JSON: %s", name);
}

void show_time(json_t *target, const char *name, time_t at)
{
	char text[CLOCK_RFC3339_BYTES];
	show_set(target, name, at == BAD_TIME ? json_null() : json_string(clock_rfc3339(at, text)));
}

/* Whole days, rounded down: -1 on the first day after the end. */
static void show_days_left(json_t *target, time_t end, time_t now)
{
	long long seconds = (long long)end - (long long)now;
	show_set(target, "days_left",
		json_integer(seconds >= 0 ? seconds / DAY_S : -((-seconds + DAY_S - 1) / DAY_S)));
}

static json_t *object_of(enum bundle_kind kind)
{
	return json_pack("{s:s}", "kind", bundle_kind_name(kind));
}

static void show_validity(json_t *target, X509 *certificate, time_t now)
{
	time_t since = describe_time(X509_get0_notBefore(certificate), BAD_TIME);
	time_t until = describe_time(X509_get0_notAfter(certificate), BAD_TIME);
	bool bad = since == BAD_TIME || until == BAD_TIME;
	show_time(target, "not_before", since);
	show_time(target, "not_after", until);
	if (!bad)
		show_days_left(target, until, now);
	show_set(target, "status",
		json_string(bad           ? "malformed times"
			    : now < since ? "not valid yet"
			    : now > until ? "expired"
					  : "in its time"));
}

json_t *show_certificate(X509 *certificate, time_t now)
{
	OWN(identity) struct identity *identity = identity_new(certificate);
	json_t *target = object_of(BUNDLE_CERTIFICATE);
	show_set(target, "subject", json_string(identity->subject));
	show_set(target, "issuer", json_string(identity->issuer));
	show_set(target, "serial", json_string(identity->serial));
	show_set(target, "version", json_integer(X509_get_version(certificate) + 1));
	show_validity(target, certificate, now);
	show_extensions(target, X509_get0_extensions(certificate));
	show_public_key(target, X509_get0_pubkey(certificate));
	show_set(target, "signature", json_string(OBJ_nid2sn(X509_get_signature_nid(certificate))));
	show_set(target, "sha256", json_string(identity->sha256));
	return target;
}

json_t *show_request(X509_REQ *request)
{
	char subject[512];
	json_t *target = object_of(BUNDLE_REQUEST);
	EVP_PKEY *key = X509_REQ_get0_pubkey(request);
	OWN(extensions) STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(request);
	describe_name(X509_REQ_get_subject_name(request), subject, sizeof subject);
	show_set(target, "subject", json_string(subject));
	show_extensions(target, extensions);
	show_public_key(target, key);
	bool holds = key && X509_REQ_verify(request, key) == 1;
	ERR_clear_error();
	show_set(target, "signature_holds", json_boolean(holds));
	return target;
}

static json_t *show_revoked(X509_REVOKED *revoked)
{
	char serial[DESCRIBE_SERIAL_BYTES];
	json_t *target = json_object();
	describe_serial(X509_REVOKED_get0_serialNumber(revoked), serial, sizeof serial);
	show_set(target, "serial", json_string(serial));
	show_time(target, "since", describe_time(X509_REVOKED_get0_revocationDate(revoked), -1));
	ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(revoked, NID_crl_reason, NULL, NULL);
	if (reason) {
		/* RFC 5280 section 5.3.1; 7 is not used. */
		static const char *const names[] = { "unspecified", "keyCompromise", "CACompromise",
			"affiliationChanged", "superseded", "cessationOfOperation",
			"certificateHold", NULL, "removeFromCRL", "privilegeWithdrawn",
			"AACompromise" };
		long number = ASN1_ENUMERATED_get(reason);
		bool known = number >= 0 && number < 11 && names[number];
		show_set(target, "reason", json_string(known ? names[number] : "unknown"));
	}
	ASN1_ENUMERATED_free(reason);
	return target;
}

json_t *show_crl(X509_CRL *crl, time_t now)
{
	char text[512];
	json_t *target = object_of(BUNDLE_CRL), *list = json_array();
	STACK_OF(X509_REVOKED) *revoked = X509_CRL_get_REVOKED(crl);
	describe_name(X509_CRL_get_issuer(crl), text, sizeof text);
	show_set(target, "issuer", json_string(text));
	OWN(ASN1_INTEGER) ASN1_INTEGER *number =
		X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
	if (number)
		show_set(target, "number",
			json_string(describe_serial(number, text, DESCRIBE_SERIAL_BYTES)));
	show_set(target, "version", json_integer(X509_CRL_get_version(crl) + 1));
	show_time(target, "this_update", describe_time(X509_CRL_get0_lastUpdate(crl), -1));
	time_t next = describe_time(X509_CRL_get0_nextUpdate(crl), -1);
	if (next >= 0) {
		show_time(target, "next_update", next);
		show_days_left(target, next, now);
		show_set(target, "status", json_string(now > next ? "expired" : "in its time"));
	}
	show_extensions(target, X509_CRL_get0_extensions(crl));
	int count = sk_X509_REVOKED_num(revoked);
	show_set(target, "revoked_count", json_integer(count > 0 ? count : 0));
	for (int i = 0; i < count && i < REVOKED_SHOWN_MAX; i++)
		json_array_append_new(list, show_revoked(sk_X509_REVOKED_value(revoked, i)));
	show_set(target, "revoked", list);
	return target;
}

static json_t *show_key(const struct bundle *bundle)
{
	bool is_private = bundle->counts[BUNDLE_KEY] > 0;
	json_t *target = object_of(is_private ? BUNDLE_KEY : BUNDLE_PUBLIC_KEY);
	if (is_private)
		show_set(target, "encrypted", json_boolean(bundle->key_encrypted));
	if (bundle->key)
		show_public_key(target, bundle->key);
	else
		show_set(target, "note",
			json_string("its passphrase is needed to say more (--key-pass)"));
	return target;
}

/* Whether the key beside NAME.crt is the certificate's: a pair that was mixed up is common. */
static void show_key_beside(
	json_t *target, const char *path, X509 *certificate, const struct show_options *options)
{
	struct error ignored;
	OWN(bundle) struct bundle *bundle = NULL;
	size_t bytes = strlen(path);
	OWN(char) char *key = text_format("%.*s.key", (int)(bytes > 4 ? bytes - 4 : 0), path);
	if (bytes <= 4 || path[bytes - 4] != '.' || !file_exists(key))
		return;
	show_set(target, "key_file", json_string(key));
	if (!bundle_read(key, options->passphrase, &bundle, &ignored) || !bundle->key) {
		show_set(target, "key_matches", json_null());
		return;
	}
	bool same = X509_check_private_key(certificate, bundle->key) == 1;
	ERR_clear_error();
	show_set(target, "key_matches", json_boolean(same));
}

static bool show_pfx(const char *path, const struct bundle *bundle,
	const struct show_options *options, json_t *objects, struct error *reterr)
{
	json_t *target = object_of(BUNDLE_PFX);
	json_array_append_new(objects, target);
	const X509_ALGOR *mac = NULL;
	const ASN1_INTEGER *rounds = NULL;
	if (PKCS12_mac_present(bundle->pfx))
		PKCS12_get0_mac(NULL, &mac, NULL, &rounds, bundle->pfx);
	show_set(target, "mac",
		mac ? json_string(OBJ_nid2sn(OBJ_obj2nid(mac->algorithm))) : json_null());
	show_set(target, "mac_rounds", json_integer(rounds ? ASN1_INTEGER_get(rounds) : 1));
	if (!options->password) {
		show_set(target, "note",
			json_string("its password is needed to say more (--password)"));
		return true;
	}
	OWN(pfx) struct pfx *pfx = NULL;
	if (!pfx_open(path, bundle->pfx, options->password, &pfx, reterr))
		return false;
	show_set(target, "holds_key", json_boolean(pfx->key != NULL));
	if (pfx->leaf)
		json_array_append_new(objects, show_certificate(pfx->leaf, options->now));
	for (int i = 0; i < sk_X509_num(pfx->others); i++)
		json_array_append_new(
			objects, show_certificate(sk_X509_value(pfx->others, i), options->now));
	return true;
}

/* Loaded as `mtls init` would load it, so what that would warn of is seen here already. */
static bool show_configuration(const char *path, json_t *objects, struct error *reterr)
{
	OWN(profile) struct profile *profile = NULL;
	if (!profile_load(path, &profile, reterr))
		return false;
	json_t *target = object_of(BUNDLE_CONFIGURATION), *sections = json_array(),
	       *warnings = json_array();
	STACK_OF(OPENSSL_CSTRING) *names = NCONF_get_section_names(profile_conf(profile));
	sk_OPENSSL_CSTRING_sort(names);
	for (int i = 0; i < sk_OPENSSL_CSTRING_num(names); i++) {
		char name[256];
		const char *raw = sk_OPENSSL_CSTRING_value(names, i);
		json_array_append_new(
			sections, json_string(text_escape(name, sizeof name, raw, strlen(raw))));
	}
	sk_OPENSSL_CSTRING_free(names);
	size_t count;
	const struct profile_warning *found = profile_warnings(profile, &count);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(warnings, json_string(found[i].text));
	show_set(target, "sections", sections);
	show_set(target, "warnings", warnings);
	json_array_append_new(objects, target);
	return true;
}

static void show_objects(const char *path, const struct bundle *bundle,
	const struct show_options *options, json_t *objects)
{
	for (int i = 0; i < sk_X509_num(bundle->certificates); i++) {
		X509 *certificate = sk_X509_value(bundle->certificates, i);
		json_t *target = show_certificate(certificate, options->now);
		if (i == 0)
			show_key_beside(target, path, certificate, options);
		json_array_append_new(objects, target);
	}
	if (bundle->request)
		json_array_append_new(objects, show_request(bundle->request));
	for (int i = 0; i < sk_X509_CRL_num(bundle->crls); i++)
		json_array_append_new(
			objects, show_crl(sk_X509_CRL_value(bundle->crls, i), options->now));
	if (bundle->key || bundle->key_locked)
		json_array_append_new(objects, show_key(bundle));
}

bool show_file(
	const char *path, const struct show_options *options, json_t **ret, struct error *reterr)
{
	OWN(bundle) struct bundle *bundle = NULL;
	if (!bundle_read(path, options->passphrase, &bundle, reterr))
		return false;
	bool text = bundle->kind == BUNDLE_CONFIGURATION;
	OWN(json_t) json_t *shown = json_pack("{s:s, s:s, s:s, s:[]}", "file", path, "kind",
		bundle_kind_name(bundle->kind), "form",
		text          ? "text"
		: bundle->pem ? "PEM"
			      : "DER",
		"objects");
	if (!shown)
		return error_set(
			reterr, ERROR_USAGE, "cannot describe a file whose name is no UTF-8");
	json_t *objects = json_object_get(shown, "objects");
	if (bundle->pfx && !show_pfx(path, bundle, options, objects, reterr))
		return false;
	if (text && !show_configuration(path, objects, reterr))
		return false;
	show_objects(path, bundle, options, objects);
	*ret = TAKE(shown);
	return true;
}
