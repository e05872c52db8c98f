/*
 * A server is tried like this: first a good client, on each version; then one broken client after
 * the other, each with a whole request, as a refusal may come as a page or, on TLS 1.3, after the
 * handshake; then the good client again.
 */
#include "lab/audit_parts.h"
#include "lab/scenario.h"

#include <stdio.h>

static const enum tls_version versions[] = { TLS_1_2, TLS_1_3 };

/* ---- Making ready ---- */

bool audit_mint(const struct audit_server *audit, const char *name, char **ret_cert, char **ret_key,
	struct error *reterr)
{
	const char *folder = audit->options.folder;
	bool made;
	if (!lab_minted_add(audit->minted, name, folder, &made, reterr))
		return false;
	*ret_cert = made ? text_format("%s/%s.crt", folder, name) : NULL;
	*ret_key = made ? text_format("%s/%s.key", folder, name) : NULL;
	return true;
}

static must_check bool take_good(struct audit_server *audit, struct error *reterr)
{
	const struct audit_server_options *options = &audit->options;
	const char *ca = options->client_ca ? options->client_ca : options->tls.ca[0];
	struct mint *mint;
	if (options->client_ca_key && !options->client_ca)
		return error_set(reterr, ERROR_USAGE,
			"--client-ca-key needs --client-ca, the CA whose key it is");
	if (!options->tls.cert && !options->client_ca_key) {
		error_set(reterr, ERROR_USAGE,
			"there is no good client, and without one nothing can be proven");
		return error_hint(reterr,
			"give --client-ca and --client-ca-key to mint one, or --cert and --key");
	}
	if (!mint_load(ca, options->client_ca_key, &mint, reterr))
		return false;
	audit->minted = lab_minted_under(mint, options->client_name);
	if (!options->tls.cert)
		return audit_mint(
			audit, "certs/client", &audit->good_cert, &audit->good_key, reterr);
	audit->good_cert = text_copy(options->tls.cert);
	audit->good_key = text_copy(options->tls.key);
	return true;
}

static must_check bool resolve(const char *url, unsigned ms_max, struct target *target,
	struct net_places **ret, struct error *reterr)
{
	return target_parse(url, NULL, target, reterr) &&
	       net_places_find(&target->address, ms_max, ret, reterr);
}

bool audit_server_new(
	const struct audit_server_options *options, struct audit_server **ret, struct error *reterr)
{
	OWN(audit_server) struct audit_server *audit = calloc(1, sizeof *audit);
	if (!audit)
		bug("out of memory");
	audit->options = *options;
	if ((options->reload_command != NULL) != (options->crl_out != NULL)) {
		error_set(reterr, ERROR_USAGE, "--reload-command and --crl-out go together");
		return error_hint(
			reterr, "the CRL is written to the file, then the command is run");
	}
	if (!resolve(options->url, options->ms_max, &audit->target, &audit->places, reterr) ||
		(options->other_url && !resolve(options->other_url, options->ms_max, &audit->other,
					       &audit->other_places, reterr)) ||
		!take_good(audit, reterr))
		return false;
	*ret = TAKE(audit);
	return true;
}

void audit_server_free(struct audit_server *audit)
{
	if (!audit)
		return;
	target_done(&audit->target);
	target_done(&audit->other);
	net_places_free(audit->places);
	net_places_free(audit->other_places);
	lab_minted_free(audit->minted);
	audit_guest_done(&audit->revoked);
	audit_guest_done(&audit->expired);
	audit_guest_done(&audit->stranger);
	free(audit->good_cert);
	free(audit->good_key);
	free(audit);
}

/* ---- One connection ---- */

struct tls_options audit_tls(const struct audit_server *audit, const struct target *target,
	enum tls_version version, const char *cert, const char *key)
{
	struct tls_options tls = audit->options.tls;
	tls.server = false;
	tls.verify.purpose = PURPOSE_SERVER;
	tls.verify.name = target->name;
	tls.sni = target->sni;
	tls.version_min = tls.version_max = version;
	if (!cert || strcmp(cert, audit->good_cert) != 0)
		tls.passphrase = NULL; /* what is minted has none */
	tls.cert = cert;
	tls.key = key;
	return tls;
}

bool audit_probe(const struct audit_server *audit, const struct tls_options *tls,
	const struct tls_session *session, struct probe *ret, struct error *reterr)
{
	return probe_resume(audit->places, &audit->target, tls, audit->target.path,
		audit->options.ms_max, session, ret, reterr);
}

/* ---- The good client ---- */

/* What came of it is told as the verdict on a scenario would be. */
static must_check bool try_good(struct audit_server *audit, enum tls_version version,
	struct audit_result *ret, struct error *ret_refusal, struct error *reterr)
{
	OWN(probe) struct probe probe = { .connected = false };
	struct tls_options tls =
		audit_tls(audit, &audit->target, version, audit->good_cert, audit->good_key);
	if (!audit_probe(audit, &tls, NULL, &probe, reterr))
		return false;
	audit_judge_server(&probe, -1, ret);
	*ret_refusal = probe.error;
	return true;
}

/* Nobody there, or a server that we do not trust, is said as any client would say it. */
static bool no_verdict(const char *url, const char *when, const struct audit_result *result,
	const struct error *refusal, struct error *reterr)
{
	if (refusal->kind == ERROR_NETWORK || refusal->kind == ERROR_REFUSED_BY_US) {
		*reterr = *refusal;
		return error_context(reterr, "cannot audit %s", url);
	}
	error_set(reterr, ERROR_CHECK, "%s %s a good client in, so that nothing is proven: %s", url,
		when, result->seen);
	return error_hint(reterr,
		"the server must trust the CA of --client-ca for clients, and allow the "
		"common name of --client-name what the URL asks for");
}

static bool has_version(const struct audit_results *plan, enum tls_version version)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->list[i].version == version)
			return true;
	return false;
}

/* A plan of nothing but old versions still wants to see a good client let in. */
bool audit_server_begin(
	struct audit_server *audit, const struct audit_results *plan, struct error *reterr)
{
	struct audit_result result = { 0 };
	struct error refusal;
	bool any = !has_version(plan, TLS_1_2) && !has_version(plan, TLS_1_3), let_in = false;
	for (size_t i = 0; i < 2; i++) {
		if (!any && !has_version(plan, versions[i]))
			continue;
		if (!try_good(audit, versions[i], &result, &refusal, reterr))
			return false;
		audit->speaks[i] = result.verdict == AUDIT_ACCEPTED;
		let_in = let_in || audit->speaks[i];
		snprintf(audit->why[i], sizeof audit->why[i],
			"no good client is let in on TLS %s: %.100s",
			audit_version_name(versions[i]), result.seen);
	}
	if (!let_in)
		return no_verdict(audit->options.url, "does not let", &result, &refusal, reterr);
	for (size_t i = 0; i < plan->count; i++)
		if (plan->list[i].scenario->code == CODE_RESUMED_AFTER_EXPIRY)
			return audit_make_expiring(audit, reterr);
	return true;
}

bool audit_server_end(struct audit_server *audit, struct error *reterr)
{
	struct audit_result result = { 0 };
	struct error refusal;
	if (!try_good(audit, audit->speaks[1] ? TLS_1_3 : TLS_1_2, &result, &refusal, reterr))
		return false;
	return result.verdict == AUDIT_ACCEPTED ||
	       no_verdict(audit->options.url, "no longer lets", &result, &refusal, reterr);
}

/* ---- One run ---- */

void audit_skip(struct audit_result *result, const char *why)
{
	result->verdict = AUDIT_NOT_RUN;
	snprintf(result->seen, sizeof result->seen, "%s", why);
}

static const char *value_of(const struct scenario *scenario, const char *option)
{
	for (size_t i = 0; scenario->client[i]; i++)
		if (!strcmp(scenario->client[i], option))
			return scenario->client[i + 1];
	return NULL;
}

/* "lab/client-expired" of "lab/client-expired.crt" */
static char *stem_of(const char *file)
{
	return text_format("%.*s", (int)(strrchr(file, '.') - file), file);
}

static must_check bool run_client(
	struct audit_server *audit, struct audit_result *result, struct error *reterr)
{
	const char *file = value_of(result->scenario, "--cert");
	OWN(char) char *cert = NULL;
	OWN(char) char *key = NULL;
	if (file) {
		OWN(char) char *name = stem_of(file);
		if (!audit_mint(audit, name, &cert, &key, reterr))
			return false;
		if (!cert) {
			audit_skip(result, AUDIT_NO_KEY);
			return true;
		}
	} else if (result->scenario->client_tls[0]) {
		cert = text_copy(audit->good_cert);
		key = text_copy(audit->good_key);
	}
	OWN(probe) struct probe probe = { .connected = false };
	struct tls_options tls = audit_tls(audit, &audit->target, result->version, cert, key);
	const char *ciphers = value_of(result->scenario, "--ciphers");
	tls.ciphers = ciphers ? ciphers : tls.ciphers;
	if (!audit_probe(audit, &tls, NULL, &probe, reterr))
		return false;
	audit_judge_server(
		&probe, scenario_expected(result->scenario, result->version, false).alert, result);
	return true;
}

static must_check bool run(
	struct audit_server *audit, struct audit_result *result, struct error *reterr)
{
	size_t column = result->version == TLS_1_3;
	const char *why = NULL;
	if (result->version != TLS_1_1 && !audit->speaks[column])
		why = audit->why[column];
	else if (audit_needs_crl(result->scenario) && !mint_can_sign(lab_minted_ca(audit->minted)))
		why = AUDIT_NO_KEY;
	else if (audit_needs_crl(result->scenario) && !audit->options.reload_command)
		why = "needs --reload-command, by which the server loads a CRL";
	if (why) {
		audit_skip(result, why);
		return true;
	}
	if (audit_needs_crl(result->scenario) && !audit_revoke(audit, reterr))
		return false;
	if (audit_is_about_session(result->scenario))
		return audit_run_session(audit, result, reterr);
	return run_client(audit, result, reterr);
}

bool audit_server_run(struct audit_server *audit, struct audit_result *result, struct error *reterr)
{
	uint64_t began = clock_monotonic_ms();
	bool ok = run(audit, result, reterr);
	result->ms = clock_monotonic_ms() - began;
	return ok;
}
