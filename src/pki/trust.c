/* Trust anchors and CRLs: loaded once from named files, never from the system's store. */
#include "pki/trust.h"

#include "pki/bundle.h"
#include "pki/describe.h"

#include <openssl/err.h>

struct trust {
	X509_STORE *store;
	STACK_OF(X509) * anchors;
	STACK_OF(X509_CRL) * crls;
};

void trust_free(struct trust *trust)
{
	if (!trust)
		return;
	X509_STORE_free(trust->store);
	sk_X509_pop_free(trust->anchors, X509_free);
	sk_X509_CRL_pop_free(trust->crls, X509_CRL_free);
	free(trust);
}

struct trust *trust_new(void)
{
	struct trust *trust = calloc(1, sizeof *trust);
	if (!trust || !(trust->store = X509_STORE_new()) ||
		!(trust->anchors = sk_X509_new_null()) || !(trust->crls = sk_X509_CRL_new_null()))
		bug("out of memory for trust anchors");
	return trust;
}

static void add_anchor(struct trust *trust, X509 *anchor)
{
	/* Decodes the extensions now, so that threads only read what they share. */
	X509_check_purpose(anchor, -1, 0);
	if (!X509_STORE_add_cert(trust->store, anchor) || !X509_up_ref(anchor) ||
		!sk_X509_push(trust->anchors, anchor))
		bug("out of memory for trust anchors");
}

void trust_add_anchors(struct trust *trust, const STACK_OF(X509) * anchors)
{
	for (int i = 0; i < sk_X509_num(anchors); i++)
		add_anchor(trust, sk_X509_value(anchors, i));
}

struct trust *trust_in(X509 *anchor)
{
	struct trust *trust = trust_new();
	add_anchor(trust, anchor);
	return trust;
}

void trust_add_crls(struct trust *trust, const STACK_OF(X509_CRL) * crls)
{
	for (int i = 0; i < sk_X509_CRL_num(crls); i++) {
		X509_CRL *crl = sk_X509_CRL_value(crls, i);
		if (!X509_STORE_add_crl(trust->store, crl) || !X509_CRL_up_ref(crl) ||
			!sk_X509_CRL_push(trust->crls, crl))
			bug("out of memory for CRLs");
	}
}

static bool load_anchors(struct trust *trust, const char *path, struct error *reterr)
{
	OWN(bundle) struct bundle *bundle = NULL;
	if (!bundle_read(path, NULL, &bundle, reterr)) {
		if (!file_exists(path))
			error_hint(reterr, "make a CA with: mtls init, or name one with --ca or "
					   "its folder with --certs");
		return error_context(reterr, "trust anchors");
	}
	if (!sk_X509_num(bundle->certificates))
		return error_set(reterr, ERROR_INPUT,
			"trust anchors: cannot use '%s': it is %s, not a CA certificate", path,
			bundle_kind_name(bundle->kind));
	trust_add_anchors(trust, bundle->certificates);
	return true;
}

static bool load_crls(struct trust *trust, const char *path, struct error *reterr)
{
	OWN(bundle) struct bundle *bundle = NULL;
	if (!bundle_read_kind(path, NULL, BUNDLE_CRL, &bundle, reterr))
		return error_context(reterr, "CRLs");
	trust_add_crls(trust, bundle->crls);
	return true;
}

bool trust_load(const char *const *ca_paths, size_t ca_count, const char *const *crl_paths,
	size_t crl_count, struct trust **ret, struct error *reterr)
{
	OWN(trust) struct trust *trust = trust_new();
	if (!ca_count) {
		error_set(reterr, ERROR_INPUT, "no trust anchor is named");
		return error_hint(reterr, "name the CA's certificate with --ca FILE");
	}
	for (size_t i = 0; i < ca_count; i++)
		if (!load_anchors(trust, ca_paths[i], reterr))
			return false;
	for (size_t i = 0; i < crl_count; i++)
		if (!load_crls(trust, crl_paths[i], reterr))
			return false;
	*ret = TAKE(trust);
	return true;
}

STACK_OF(X509_NAME) * trust_names(const struct trust *trust)
{
	STACK_OF(X509_NAME) *names = sk_X509_NAME_new_null();
	for (int i = 0; names && i < sk_X509_num(trust->anchors); i++) {
		const X509 *anchor = sk_X509_value(trust->anchors, i);
		X509_NAME *name = X509_NAME_dup(X509_get_subject_name(anchor));
		if (!name || !sk_X509_NAME_push(names, name))
			bug("out of memory for the names of trust anchors");
	}
	return names;
}

X509_STORE *trust_store(const struct trust *trust)
{
	return trust->store;
}

bool trust_has_crl(const struct trust *trust)
{
	return sk_X509_CRL_num(trust->crls) > 0;
}

const STACK_OF(X509) * trust_anchors(const struct trust *trust)
{
	return trust->anchors;
}

const STACK_OF(X509_CRL) * trust_crls(const struct trust *trust)
{
	return trust->crls;
}

/* The earlier of two moments, 0 being none. */
static time_t earlier(time_t one, time_t other)
{
	return !one || other < one ? other : one;
}

struct trust_dates trust_dates(const struct trust *trust)
{
	struct trust_dates dates = { .anchors = (size_t)sk_X509_num(trust->anchors),
		.crls = (size_t)(trust->crls ? sk_X509_CRL_num(trust->crls) : 0) };
	for (int i = 0; i < (int)dates.anchors; i++)
		dates.anchors_until = earlier(dates.anchors_until,
			describe_time(X509_get0_notAfter(sk_X509_value(trust->anchors, i)), 1));
	for (int i = 0; i < (int)dates.crls; i++) {
		const X509_CRL *crl = sk_X509_CRL_value(trust->crls, i);
		dates.crls_since =
			earlier(dates.crls_since, describe_time(X509_CRL_get0_lastUpdate(crl), 1));
		dates.crls_until =
			earlier(dates.crls_until, describe_time(X509_CRL_get0_nextUpdate(crl), 1));
	}
	return dates;
}

/* An anchor that was given twice is one; of an issuer's CRLs the verifier takes the newest. */
static struct end *find_end(struct end *ends, size_t count, const struct end *wanted)
{
	for (size_t i = 0; i < count; i++)
		if (ends[i].kind == wanted->kind && !strcmp(ends[i].name, wanted->name) &&
			!strcmp(ends[i].serial, wanted->serial))
			return &ends[i];
	return NULL;
}

struct end trust_end(enum end_kind kind, const X509 *certificate, time_t otherwise)
{
	struct end end = { .kind = kind,
		.since = describe_time(X509_get0_notBefore(certificate), otherwise),
		.until = describe_time(X509_get0_notAfter(certificate), otherwise) };
	describe_name(X509_get_subject_name(certificate), end.name, sizeof end.name);
	describe_serial(X509_get0_serialNumber(certificate), end.serial, sizeof end.serial);
	return end;
}

static struct end crl_end(const X509_CRL *crl)
{
	const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);
	struct end end = { .kind = END_CRL,
		.since = describe_time(X509_CRL_get0_lastUpdate(crl), 1),
		.until = next ? describe_time(next, 1) : 0 };
	describe_name(X509_CRL_get_issuer(crl), end.name, sizeof end.name);
	return end;
}

struct end *trust_ends(const struct trust *trust, size_t room, size_t *ret_count)
{
	size_t anchors = trust ? (size_t)sk_X509_num(trust->anchors) : 0, count = room;
	size_t all = anchors + (trust ? (size_t)sk_X509_CRL_num(trust->crls) : 0);
	struct end *ends = calloc(room + all + 1, sizeof *ends);
	if (!ends)
		bug("out of memory for %zu dates", all);
	for (size_t i = 0; i < all; i++) {
		struct end end =
			i < anchors
				? trust_end(END_ANCHOR, sk_X509_value(trust->anchors, (int)i), 1)
				: crl_end(sk_X509_CRL_value(trust->crls, (int)(i - anchors)));
		struct end *same = find_end(ends + room, count - room, &end);
		if (!same)
			ends[count++] = end;
		else if (same->until && (!end.until || end.until > same->until))
			*same = end;
	}
	*ret_count = count;
	return ends;
}

static bool is_foreign(const struct trust *trust, X509_CRL *crl)
{
	bool named = false;
	for (int i = 0; i < sk_X509_num(trust->anchors); i++) {
		X509 *anchor = sk_X509_value(trust->anchors, i);
		EVP_PKEY *key = X509_get0_pubkey(anchor);
		if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(anchor)))
			continue;
		named = true;
		if (key && X509_CRL_verify(crl, key) == 1)
			return false;
	}
	return named;
}

/* Only a CA has clients: a leaf that is trusted by itself is nobody's issuer. */
static bool is_without_crl(const struct trust *trust, X509 *anchor)
{
	const X509_NAME *name = X509_get_subject_name(anchor);
	for (int i = 0; i < sk_X509_CRL_num(trust->crls); i++)
		if (!X509_NAME_cmp(X509_CRL_get_issuer(sk_X509_CRL_value(trust->crls, i)), name))
			return false;
	return X509_check_ca(anchor) != 0;
}

static void add_warning(
	json_t *list, enum code code, const char *before, const X509_NAME *of, const char *after)
{
	char name[VERIFY_NAME_BYTES];
	describe_name(of, name, sizeof name);
	OWN(char) char *text = text_format("%s %s%s [%s]", before, name, after, code_name(code));
	json_array_append_new(list, json_pack("{s:s,s:s}", "code", code_name(code), "text", text));
}

json_t *trust_crl_warnings(const struct trust *trust)
{
	json_t *list = json_array();
	for (int i = 0; trust && i < sk_X509_CRL_num(trust->crls); i++) {
		X509_CRL *crl = sk_X509_CRL_value(trust->crls, i);
		if (is_foreign(trust, crl))
			add_warning(list, CODE_CRL_BAD_SIGNATURE, "the CRL of",
				X509_CRL_get_issuer(crl),
				" is not signed by the CA of its name that is trusted: every "
				"client of that CA is refused");
	}
	for (int i = 0; trust_has_crl(trust) && i < sk_X509_num(trust->anchors); i++) {
		X509 *anchor = sk_X509_value(trust->anchors, i);
		if (is_without_crl(trust, anchor))
			add_warning(list, CODE_CRL_MISSING, "there is no CRL of",
				X509_get_subject_name(anchor),
				", which is trusted: every client of that CA is refused until "
				"--crl names one, as mtls crl makes it");
	}
	ERR_clear_error();
	return list;
}
