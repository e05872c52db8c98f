/* What a server shows to anybody who asks: versions, chain, and what it wants of clients. */
#include "doctor/doctor.h"

#include "client/client.h"

#include <stdio.h>

static void say(const struct doctor_options *options, const char *step)
{
	if (options->progress)
		options->progress(options->context, step);
}

static const struct {
	enum tls_version version;
	const char *name;
} versions[] = { { TLS_1_3, "TLSv1.3" }, { TLS_1_2, "TLSv1.2" }, { TLS_1_1, "TLSv1.1" },
	{ TLS_1_0, "TLSv1" } };

/* Without a certificate, whoever the server is: only to look. */
static struct tls_options observer(
	const struct doctor_options *options, const struct target *target, enum tls_version version)
{
	struct tls_options tls = options->tls;
	tls.server = false;
	tls.insecure_observe = true;
	tls.cert = tls.key = tls.passphrase = NULL;
	tls.verify.purpose = PURPOSE_SERVER;
	tls.verify.name = target->name;
	tls.sni = target->sni;
	tls.alpn = tls.alpn ? tls.alpn : "http/1.1";
	tls.version_min = tls.version_max = version;
	if (version < TLS_1_2)
		tls.ciphers = "DEFAULT@SECLEVEL=0";
	return tls;
}

static json_t *handshake_json(const struct probe *probe)
{
	const struct tls_outcome *outcome = &probe->outcome;
	const json_t *asked = probe->peer.certificate_request;
	return json_pack("{s:s, s:s?, s:s, s:b, s:O?, s:O?}", "version", outcome->version, "cipher",
		outcome->cipher, "alpn", outcome->alpn, "requests_certificate",
		outcome->certificate_requested, "authorities",
		json_object_get(asked, "authorities"), "signature_algorithms",
		json_object_get(asked, "signature_algorithms"));
}

/* On TLS 1.2 a server that wants a certificate refuses us once all has been seen. */
static bool refused_version(const struct probe *probe)
{
	return !probe->outcome.version;
}

/* Whether another name, or none, gets another certificate. */
static json_t *sni_json(const struct doctor_options *options, const struct net_places *places,
	const struct target *target, const struct probe *usual, enum tls_version version)
{
	static const struct {
		const char *member, *name;
	} trials[] = { { "without", NULL }, { "unknown", "unknown.invalid" } };
	json_t *result = json_pack("{s:s?}", "asked", target->sni);
	for (size_t i = 0; i < sizeof trials / sizeof trials[0]; i++) {
		OWN(probe) struct probe probe = { .connected = false };
		struct error error;
		struct tls_options tls = observer(options, target, version);
		tls.sni = trials[i].name;
		if (!probe_run(places, target, &tls, NULL, options->ms_max, &probe, &error))
			continue;
		const char *seen = "refused";
		if (probe.outcome.version && probe.peer.certificate && usual->peer.certificate)
			seen = strcmp(probe.peer.certificate->sha256,
				       usual->peer.certificate->sha256)
				       ? "another certificate"
				       : "the same certificate";
		json_object_set_new(result, trials[i].member, json_string(seen));
	}
	return result;
}

static void take_best(struct probe *best, struct probe *probe)
{
	probe_done(best);
	*best = *probe;
	*probe = (struct probe){ 0 };
}

static json_t *verdict_json(const struct doctor_options *options, const struct probe *probe)
{
	const struct verify_result *refused = probe->outcome.refused;
	if (!options->tls.ca_count || !probe->peer.chain)
		return json_pack("{s:n, s:n, s:n}", "verified", "code", "why");
	return json_pack("{s:b, s:s?, s:s?}", "verified", probe->outcome.verified, "code",
		refused ? code_name(refused->code) : NULL, "why", refused ? refused->why : NULL);
}

bool doctor_look(const struct doctor_options *options, json_t **ret, struct error *reterr)
{
	OWN(target) struct target target = { .path = NULL };
	OWN(net_places) struct net_places *places = NULL;
	OWN(probe) struct probe best = { .connected = false };
	OWN(json_t) json_t *spoken = json_object();
	OWN(json_t) json_t *handshakes = json_array();
	enum tls_version version = TLS_VERSION_ANY;
	say(options, "resolve");
	if (!target_parse(options->url, options->name, &target, reterr) ||
		!net_places_find(&target.address, options->ms_max, &places, reterr))
		return false;
	for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
		OWN(probe) struct probe probe = { .connected = false };
		struct tls_options tls = observer(options, &target, versions[i].version);
		say(options, versions[i].name);
		if (!probe_run(places, &target, &tls, NULL, options->ms_max, &probe, reterr))
			return false;
		if (!probe.connected || probe.error.code == CODE_NOT_TLS) {
			*reterr = probe.error;
			return false;
		}
		json_object_set_new(
			spoken, versions[i].name, json_boolean(!refused_version(&probe)));
		if (refused_version(&probe) && best.outcome.version)
			continue;
		if (!refused_version(&probe))
			json_array_append_new(handshakes, handshake_json(&probe));
		if (!best.outcome.version) {
			version = versions[i].version;
			take_best(&best, &probe);
		}
	}
	if (!best.outcome.version) {
		*reterr = best.error;
		return error_context(reterr, "no version of TLS leads to a handshake");
	}
	say(options, "SNI");
	OWN(json_t) json_t *verdict = verdict_json(options, &best);
	json_t *sni = sni_json(options, places, &target, &best, version);
	*ret = json_pack("{s:s, s:s, s:O, s:O, s:O?, s:o}", "url", options->url, "address",
		best.address, "versions", spoken, "handshakes", handshakes, "chain",
		best.peer.chain, "sni", sni);
	if (!*ret)
		return error_set(reterr, ERROR_USAGE, "the URL is no UTF-8");
	json_object_update(*ret, verdict);
	return true;
}
