/* The report, one file after another, and what only several files together show. */
#include "pki/lint_parts.h"

#include "pki/describe.h"
#include "pki/key.h"

#include <openssl/err.h>

struct entry {
	X509 *certificate;
	char *path;
};

struct lint {
	struct lint_options options;
	struct entry *entries;
	size_t count;
	struct bundle **crls; /* of files with CRLs */
	char **crl_paths;
	size_t crls_count;
};

void lint_add(struct lint_report *report, enum code code, const char *file, size_t line, char *text,
	const char *fix)
{
	OWN(char) char *owned = text;
	const struct lint_rule *rule = lint_rule(code);
	if (!rule)
		bug("lint finds '%s', which is not in its table", code_name(code));
	for (size_t i = 0; i < report->count; i++)
		if (report->findings[i].rule == rule && !strcmp(report->findings[i].file, file) &&
			!strcmp(report->findings[i].text, owned))
			return;
	report->findings =
		list_grow(report->findings, report->count, sizeof *report->findings, "findings");
	report->findings[report->count++] = (struct lint_finding){ .rule = rule,
		.file = text_copy(file),
		.line = line,
		.text = TAKE(owned),
		.fix = text_copy(fix ? fix : code_info(code)->hint) };
	report->counts[rule->level]++;
}

void lint_report_done(struct lint_report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		free(report->findings[i].file);
		free(report->findings[i].text);
		free(report->findings[i].fix);
	}
	free(report->findings);
	*report = (struct lint_report){ 0 };
}

struct lint *lint_new(const struct lint_options *options)
{
	struct lint *lint = calloc(1, sizeof *lint);
	if (!lint)
		bug("out of memory for lint");
	lint->options = *options;
	return lint;
}

void lint_role(struct lint *lint, const char *role)
{
	lint->options.role = role;
}

void lint_free(struct lint *lint)
{
	if (!lint)
		return;
	for (size_t i = 0; i < lint->count; i++) {
		X509_free(lint->entries[i].certificate);
		free(lint->entries[i].path);
	}
	for (size_t i = 0; i < lint->crls_count; i++) {
		bundle_free(lint->crls[i]);
		free(lint->crl_paths[i]);
	}
	free(lint->entries);
	free(lint->crls);
	free(lint->crl_paths);
	free(lint);
}

static void remember(struct lint *lint, X509 *certificate, const char *path)
{
	lint->entries = list_grow(lint->entries, lint->count, sizeof *lint->entries, "lint");
	X509_up_ref(certificate);
	lint->entries[lint->count++] = (struct entry){ certificate, text_copy(path) };
}

/* The file's own key, or NAME.key beside NAME.crt. */
static void check_pair(
	struct lint *lint, const char *path, const struct bundle *bundle, struct lint_report *ret)
{
	struct error error;
	OWN(bundle) struct bundle *beside = NULL;
	size_t bytes = strlen(path);
	bool named = bytes > 4 && path[bytes - 4] == '.' && strcmp(path + bytes - 4, ".key") != 0;
	OWN(char) char *key_path = text_format("%.*s.key", (int)(named ? bytes - 4 : 0), path);
	const EVP_PKEY *key = bundle->counts[BUNDLE_KEY] ? bundle->key : NULL;
	const char *where = path;
	if (!sk_X509_num(bundle->certificates))
		return;
	if (!key && named && file_exists(key_path) &&
		bundle_read(key_path, lint->options.passphrase, &beside, &error)) {
		key = beside->key;
		where = key_path;
	}
	if (key &&
		!key_check_pair(key, sk_X509_value(bundle->certificates, 0), where, path, &error) &&
		error.code == CODE_KEY_MISMATCH)
		lint_add(ret, CODE_KEY_MISMATCH, path, 0, text_copy(error.text), NULL);
	if (beside)
		lint_key_file(key_path, beside, ret);
}

bool lint_file(struct lint *lint, const char *path, struct lint_report *ret, struct error *reterr)
{
	OWN(bundle) struct bundle *bundle = NULL;
	if (!bundle_read(path, lint->options.passphrase, &bundle, reterr))
		return false;
	if (bundle->kind == BUNDLE_CONFIGURATION)
		return lint_configuration(path, lint->options.role, ret, reterr);
	if (bundle->pfx && !lint_pfx(path, bundle, &lint->options, ret, reterr))
		return false;
	for (int i = 0; i < sk_X509_num(bundle->certificates); i++) {
		X509 *certificate = sk_X509_value(bundle->certificates, i);
		/* The wanted role is the leaf's; what stands behind it is what it says. */
		lint_certificate(
			certificate, path, i ? NULL : lint->options.role, lint->options.now, ret);
		remember(lint, certificate, path);
	}
	lint_chain(path, bundle->certificates, ret);
	lint_key_file(path, bundle, ret);
	check_pair(lint, path, bundle, ret);
	if (bundle->request)
		lint_request(path, bundle->request, ret);
	for (int i = 0; i < sk_X509_CRL_num(bundle->crls); i++)
		lint_crl(path, sk_X509_CRL_value(bundle->crls, i), lint->options.now, ret);
	if (sk_X509_CRL_num(bundle->crls)) {
		lint->crls = list_grow(lint->crls, lint->crls_count, sizeof *lint->crls, "lint");
		lint->crl_paths = list_grow(
			lint->crl_paths, lint->crls_count, sizeof *lint->crl_paths, "lint");
		lint->crl_paths[lint->crls_count] = text_copy(path);
		lint->crls[lint->crls_count++] = TAKE(bundle);
	}
	return true;
}

/* ---- All files together ---- */

static void check_issuer(
	const struct entry *entry, const struct entry *issuer, struct lint_report *ret)
{
	char leaf_end[CLOCK_RFC3339_BYTES], issuer_end[CLOCK_RFC3339_BYTES];
	time_t until = describe_time(X509_get0_notAfter(entry->certificate), 0);
	time_t above = describe_time(X509_get0_notAfter(issuer->certificate), 0);
	EVP_PKEY *key = X509_get0_pubkey(issuer->certificate);
	/* The signature too: another CA may have the same name. */
	if (!X509_cmp(entry->certificate, issuer->certificate) || until <= above || !key ||
		X509_check_issued(issuer->certificate, entry->certificate) != X509_V_OK ||
		X509_verify(entry->certificate, key) != 1)
		return;
	OWN(char) char *name = lint_name(entry->certificate);
	OWN(char) char *above_name = lint_name(issuer->certificate);
	lint_add(ret, CODE_OUTLIVES_ISSUER, entry->path, 0,
		text_format("%s is valid until %s, its issuer %s only until %s", name,
			clock_rfc3339(until, leaf_end), above_name,
			clock_rfc3339(above, issuer_end)),
		NULL);
}

static void check_serials(const struct entry *a, const struct entry *b, struct lint_report *ret)
{
	if (X509_cmp(a->certificate, b->certificate) == 0 ||
		X509_issuer_and_serial_cmp(a->certificate, b->certificate) != 0)
		return;
	OWN(char) char *name = lint_name(a->certificate);
	OWN(char) char *other = lint_name(b->certificate);
	lint_add(ret, CODE_SERIAL_DUPLICATE, b->path, 0,
		text_format(
			"%s and %s in '%s' are two certificates of one CA", other, name, a->path),
		NULL);
}

static void check_crl(struct lint *lint, const char *path, X509_CRL *crl, struct lint_report *ret)
{
	bool named = false, holds = false;
	for (size_t i = 0; i < lint->count; i++) {
		X509 *certificate = lint->entries[i].certificate;
		EVP_PKEY *key = X509_get0_pubkey(certificate);
		if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(certificate)))
			continue;
		named = true;
		holds = holds || (key && X509_CRL_verify(crl, key) == 1);
	}
	if (named && !holds)
		lint_add(ret, CODE_CRL_BAD_SIGNATURE, path, 0,
			text_format("the CRL '%s' is not signed by the CA of its name", path),
			NULL);
	ERR_clear_error();
}

void lint_together(struct lint *lint, struct lint_report *ret)
{
	for (size_t i = 0; i < lint->count; i++)
		for (size_t j = 0; j < lint->count; j++) {
			check_issuer(&lint->entries[i], &lint->entries[j], ret);
			if (j < i)
				check_serials(&lint->entries[j], &lint->entries[i], ret);
		}
	for (size_t i = 0; i < lint->crls_count; i++) {
		const STACK_OF(X509_CRL) *crls = lint->crls[i]->crls;
		for (int j = 0; j < sk_X509_CRL_num(crls); j++)
			check_crl(lint, lint->crl_paths[i], sk_X509_CRL_value(crls, j), ret);
	}
	ERR_clear_error();
}
