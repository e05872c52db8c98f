/* The probes in their order; each leaves a line behind, and the last ones what the findings need.
 */
#include "doctor/doctor.h"
#include "doctor/findings.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

/* How long a server may take to write its log. */
#define LOG_MS_MAX 500
#define LOG_ROUND_MS 10
/* Clocks that differ by less explain nothing. */
#define CLOCK_SECONDS_MAX 60

struct run {
	const struct doctor_options *options;
	struct target target;
	struct net_places *places;
	json_t *steps;
	json_t *findings;
	struct facts facts;
	struct suspects suspects;
	struct probe look12, look13, last;
	struct log_record record;
	bool own_fault; /* our own files do not even make a client */
};

static void own_run(struct run *run)
{
	target_done(&run->target);
	net_places_free(run->places);
	json_decref(run->steps);
	json_decref(run->findings);
	probe_done(&run->look12);
	probe_done(&run->look13);
	probe_done(&run->last);
}

static void begin(const struct run *run, const char *step)
{
	if (run->options->progress)
		run->options->progress(run->options->context, step);
}

static void note(struct run *run, const char *name, bool ok, unsigned ms, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
static void note(struct run *run, const char *name, bool ok, unsigned ms, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	OWN(char) char *text = text_format_list(format, arguments);
	va_end(arguments);
	json_array_append_new(run->steps, json_pack("{s:s, s:b, s:i, s:s}", "name", name, "ok", ok,
						  "ms", (int)ms, "text", text));
}

/* ---- The server, as anybody sees it ---- */

static bool find_places(struct run *run, struct error *reterr)
{
	uint64_t start = clock_monotonic_ms();
	struct error error;
	begin(run, "resolve");
	if (!target_parse(run->options->url, run->options->name, &run->target, reterr))
		return false;
	bool found =
		net_places_find(&run->target.address, run->options->ms_max, &run->places, &error);
	unsigned ms = (unsigned)(clock_monotonic_ms() - start);
	OWN(char) char *text = found ? net_places_text(run->places) : text_copy(error.text);
	note(run, "resolve", found, ms, "%s", text);
	if (!found)
		finding_add(
			run->findings, CODE_HOST_UNKNOWN, "nobody", true, error.text, NULL, NULL);
	return true;
}

static struct tls_options basis(const struct run *run)
{
	struct tls_options tls = run->options->tls;
	tls.server = false;
	tls.verify.purpose = PURPOSE_SERVER;
	tls.verify.name = run->target.name;
	tls.sni = run->target.sni;
	tls.alpn = tls.alpn ? tls.alpn : "http/1.1";
	return tls;
}

/* Only looks: no certificate of ours, and no request. */
static bool look(struct run *run, enum tls_version version, struct probe *ret, struct error *reterr)
{
	struct tls_options tls = basis(run);
	tls.insecure_observe = true;
	tls.cert = tls.key = tls.passphrase = NULL;
	tls.version_min = tls.version_max = version;
	tls.ciphers = NULL;
	begin(run, version == TLS_1_3 ? "TLS 1.3" : "TLS 1.2");
	return probe_run(run->places, &run->target, &tls, NULL, run->options->ms_max, ret, reterr);
}

static void note_versions(struct run *run)
{
	struct facts *facts = &run->facts;
	facts->speaks12 = run->look12.outcome.version != NULL;
	facts->speaks13 = run->look13.outcome.version != NULL;
	const struct tls_options *tls = &run->options->tls;
	facts->alpn = basis(run).alpn;
	enum tls_version max = tls->version_max ? tls->version_max : TLS_1_3;
	facts->shares_version =
		(facts->speaks12 && tls->version_min <= TLS_1_2 && max >= TLS_1_2) ||
		(facts->speaks13 && max >= TLS_1_3);
	unsigned ms = run->look12.ms + run->look13.ms;
	bool any = facts->speaks12 || facts->speaks13;
	note(run, "TLS", any, ms, "%s",
		facts->speaks12 && facts->speaks13 ? "the server speaks TLS 1.2 and 1.3"
		: facts->speaks13                  ? "the server speaks TLS 1.3, not 1.2"
		: facts->speaks12                  ? "the server speaks TLS 1.2, not 1.3"
						   : run->look13.error.text);
}

/* What it asks for, on the version that the real handshake will take. */
static const struct probe *usual_look(const struct run *run)
{
	enum tls_version max = run->options->tls.version_max;
	bool new = run->facts.speaks13 && (!max || max >= TLS_1_3);
	return new || !run->facts.speaks12 ? &run->look13 : &run->look12;
}

static void note_request(struct run *run)
{
	const struct probe *seen = usual_look(run);
	const json_t *names = json_object_get(seen->peer.certificate_request, "authorities");
	OWN(char) char *list = text_copy("");
	for (size_t i = 0; i < json_array_size(names) && i < 4; i++) {
		OWN(char) char *before = TAKE(list);
		list = text_format("%s%s'%s'", before, i ? ", " : "",
			json_string_value(json_array_get(names, i)));
	}
	run->facts.asked = seen->outcome.certificate_requested;
	run->facts.request = seen->peer.certificate_request;
	if (!seen->outcome.version)
		return;
	if (!run->facts.asked)
		note(run, "certificate request", true, 0, "the server asks for no certificate");
	else
		note(run, "certificate request", true, 0, "the server asks for a certificate of %s",
			*list ? list : "any CA: it names none");
}

static void note_server(struct run *run)
{
	const struct probe *seen = usual_look(run);
	const struct tls_outcome *outcome = &seen->outcome;
	if (!seen->peer.certificate)
		return;
	if (!run->options->tls.ca_count)
		note(run, "server certificate", false, 0, "'%s' cannot be verified without --ca",
			seen->peer.certificate->subject);
	else if (outcome->verified)
		note(run, "server certificate", true, 0, "'%s' is good for %s",
			seen->peer.certificate->subject, run->target.name);
	else
		note(run, "server certificate", false, 0, "%s",
			outcome->refused ? outcome->refused->why : "it was not verified");
}

static bool look_at_server(struct run *run, struct error *reterr)
{
	if (!look(run, TLS_1_3, &run->look13, reterr))
		return false;
	if (!run->look13.connected) {
		note(run, "connect", false, run->look13.ms, "%s", run->look13.error.text);
		finding_add(run->findings,
			run->look13.error.code ? run->look13.error.code : CODE_CONNECTION_REFUSED,
			"nobody", run->look13.error.code != CODE_NONE, run->look13.error.text, NULL,
			NULL);
		return true;
	}
	note(run, "connect", true, run->look13.ms, "connected to %s", run->look13.address);
	if (run->look13.error.code == CODE_NOT_TLS) {
		note(run, "TLS", false, 0, "%s", run->look13.error.text);
		finding_add(run->findings, CODE_NOT_TLS, "client", true,
			"the first bytes that the server sent are no TLS record", NULL, NULL);
		return true;
	}
	if (!look(run, TLS_1_2, &run->look12, reterr))
		return false;
	note_versions(run);
	note_request(run);
	note_server(run);
	return true;
}

/* ---- Our own files ---- */

/* What else is odd about our certificate: no cause by itself, and a step for whoever is left
 * without. */
static void lint_own(struct run *run, X509 *leaf)
{
	OWN(lint_report) struct lint_report report = { 0 };
	lint_certificate(leaf, run->options->tls.cert, "client", time(NULL), &report);
	for (size_t i = 0; i < report.count; i++) {
		const struct lint_finding *finding = &report.findings[i];
		if (finding->rule->level > LINT_NOTE)
			note(run, "lint", true, 0, "%s [%s]", finding->text,
				code_name(finding->rule->code));
	}
}

/* Files that belong together, before any packet. */
static bool check_own(struct run *run, struct error *reterr)
{
	const struct tls_options *tls = &run->options->tls;
	struct error error;
	if (!tls->cert) {
		note(run, "own certificate", true, 0, "we have none to show");
		return true;
	}
	begin(run, "own certificate");
	OWN(credentials) struct credentials *own = NULL;
	if (!credentials_load(tls->cert, tls->key, tls->passphrase, &own, &error)) {
		if (error.code == CODE_NONE) {
			*reterr = error;
			return false;
		}
		note(run, "own key", false, 0, "%s", error.text);
		finding_add(run->findings, error.code, "own", true, error.text,
			error_advice(&error), NULL);
		run->own_fault = true;
		return true;
	}
	if (!credentials_prove(own)) {
		OWN(char)
		char *text = text_format("'%s' belongs to '%s' by its public half, and what it "
					 "signs does not verify",
			tls->key, tls->cert);
		note(run, "own key", false, 0, "%s", text);
		finding_add(
			run->findings, CODE_CLIENT_NO_POSSESSION, "own", true, text, NULL, NULL);
		run->own_fault = true;
		return true;
	}
	note(run, "own key", true, 0, "'%s' belongs to '%s'", tls->key, tls->cert);
	lint_own(run, own->leaf);
	const struct suspects_question question = { .cert = tls->cert,
		.ca = tls->ca,
		.ca_count = tls->ca_count,
		.crl = tls->crl,
		.crl_count = tls->crl_count,
		.authorities = json_object_get(run->facts.request, "authorities"),
		.now = time(NULL) };
	if (!suspects_find(&question, &run->suspects, reterr))
		return false;
	run->facts.suspects = &run->suspects;
	bool any = false;
	for (size_t i = 0; i < run->suspects.count; i++) {
		const struct suspect *one = &run->suspects.list[i];
		note(run, "own certificate", !one->proven || one->soft, 0, "%s", one->evidence);
		any = true;
	}
	if (!any)
		note(run, "own certificate", true, 0,
			"'%s' is in its time and fit to be a client's", run->suspects.subject);
	if (run->suspects.names_given)
		note(run, "CA names", run->suspects.names_ours, 0,
			run->suspects.names_ours ? "the server asks for the CA of our chain"
						 : "our chain ends at no CA that the server names");
	return true;
}

/* ---- The real handshake ---- */

static void note_last(struct run *run)
{
	const struct probe *last = &run->last;
	run->facts.sent = last->outcome.certificate_sent;
	run->facts.asked = run->facts.asked || last->outcome.certificate_requested;
	/* On TLS 1.3 the server's refusal comes when we think that all is done. */
	bool done = last->finished && last->outcome.alert_received < 0;
	note(run, "handshake", done, last->ms, done ? "%s with %s" : "%s",
		done ? last->outcome.version : last->error.text, last->outcome.cipher);
	if (!done)
		return;
	if (last->status)
		note(run, "request", facts_work(&run->facts), 0, "GET %s: HTTP %d",
			run->target.path, last->status);
	else
		note(run, "request", !last->refused, 0, "GET %s: %s", run->target.path,
			last->refused ? last->error.text : "no HTTP answer");
}

/* The server's Date, to the second, against ours. */
static void note_clock(struct run *run)
{
	const char *date =
		run->last.response.data ? strcasestr(run->last.response.data, "\r\ndate: ") : NULL;
	time_t server, now = time(NULL);
	if (!date)
		return;
	date += strlen("\r\ndate: ");
	OWN(char) char *text = text_format("%.*s", (int)strcspn(date, "\r\n"), date);
	if (!clock_from_http_date(text, &server))
		return;
	long long off = (long long)server - (long long)now;
	bool ok = off > -CLOCK_SECONDS_MAX && off < CLOCK_SECONDS_MAX;
	note(run, "clock", ok, 0,
		ok ? "the two clocks agree" : "the server's clock is %lld s %s of ours",
		off < 0 ? -off : off, off < 0 ? "behind" : "ahead");
}

/* One more look without what was suspected: does it then go on? */
enum left_out { LEFT_ALPN, LEFT_SNI, LEFT_CIPHERS, LEFT_GROUPS };
static bool trial(struct run *run, enum left_out what)
{
	struct tls_options tls = basis(run);
	struct error error;
	OWN(probe) struct probe probe = { .connected = false };
	tls.insecure_observe = true;
	tls.cert = tls.key = tls.passphrase = NULL;
	*(what == LEFT_ALPN            ? &tls.alpn
		: what == LEFT_SNI     ? &tls.sni
		: what == LEFT_CIPHERS ? &tls.ciphers
				       : &tls.groups) = NULL;
	return probe_run(run->places, &run->target, &tls, NULL, run->options->ms_max, &probe,
		       &error) &&
	       probe.outcome.version;
}

static void try_without(struct run *run)
{
	struct facts *facts = &run->facts;
	if (run->last.outcome.version || !run->last.connected)
		return;
	facts->works_without_ciphers = facts->restricted_ciphers && trial(run, LEFT_CIPHERS);
	if (facts->works_without_ciphers)
		return;
	facts->works_without_groups = facts->restricted_groups && trial(run, LEFT_GROUPS);
	if (facts->works_without_groups)
		return;
	facts->works_without_alpn = trial(run, LEFT_ALPN);
	facts->works_without_sni =
		!facts->works_without_alpn && run->target.sni && trial(run, LEFT_SNI);
}

/* The server may write a moment after it has spoken. */
static void read_log(struct run *run, size_t before)
{
	const char *path = run->options->server_log;
	uint64_t until = clock_monotonic_ms() + LOG_MS_MAX;
	/* Of our first look, which shows none, the server may write as late as now. */
	enum code except = run->facts.sent ? CODE_NO_CLIENT_CERTIFICATE : CODE_NONE;
	if (!path || facts_work(&run->facts))
		return;
	begin(run, "server log");
	bool found = log_read(path, before, except, &run->record);
	while (!found && clock_monotonic_ms() < until) {
		poll(NULL, 0, LOG_ROUND_MS);
		found = log_read(path, before, except, &run->record);
	}
	run->facts.record_is_new = found;
	found = found || log_read(path, 0, except, &run->record);
	if (found)
		run->facts.record = &run->record;
	note(run, "server log", found, 0, "%s",
		found ? run->record.line : "no line names a cause that we know");
}

static bool shake_hands(struct run *run, struct error *reterr)
{
	struct tls_options tls = basis(run);
	struct error error;
	size_t before = run->options->server_log ? log_size(run->options->server_log) : 0;
	begin(run, "handshake");
	/* Without any CA there is nothing to hold the server against; and nothing secret is sent.
	 */
	tls.insecure_observe = !tls.ca_count;
	if (!probe_run(run->places, &run->target, &tls, run->target.path, run->options->ms_max,
		    &run->last, &error)) {
		const struct suspect *weak = NULL;
		for (size_t i = 0; i < run->suspects.count; i++)
			if (run->suspects.list[i].code == CODE_CLIENT_WEAK_KEY ||
				run->suspects.list[i].code == CODE_CLIENT_WEAK_DIGEST)
				weak = &run->suspects.list[i];
		if (!weak) {
			*reterr = error;
			return false;
		}
		/* Our own OpenSSL takes no such certificate, so it never gets to the server. */
		note(run, "handshake", false, 0, "%s", error.text);
		finding_add(run->findings, weak->code, "own", true, weak->evidence, NULL, NULL);
		return true;
	}
	run->facts.last = &run->last;
	note_last(run);
	note_clock(run);
	try_without(run);
	read_log(run, before);
	json_t *made = findings_make(&run->facts);
	json_array_extend(run->findings, made);
	json_decref(made);
	return true;
}

bool doctor_diagnose(const struct doctor_options *options, json_t **ret, struct error *reterr)
{
	OWN(run)
	struct run run = { .options = options, .steps = json_array(), .findings = json_array() };
	run.facts = (struct facts){ .target = &run.target,
		.url = options->url,
		.cert = options->tls.cert,
		.has_certificate = options->tls.cert != NULL,
		.restricted_ciphers = options->tls.ciphers != NULL,
		.restricted_groups = options->tls.groups != NULL };
	if (!find_places(&run, reterr))
		return false;
	if (run.places && !look_at_server(&run, reterr))
		return false;
	if (!check_own(&run, reterr))
		return false;
	bool reached = !json_array_size(run.findings) && !run.own_fault;
	if (reached && !shake_hands(&run, reterr))
		return false;
	bool works = run.facts.last && facts_work(&run.facts);
	*ret = json_pack("{s:s, s:b, s:o, s:O, s:O}", "url", options->url, "works", works, "status",
		run.last.status ? json_integer(run.last.status) : json_null(), "steps", run.steps,
		"findings", run.findings);
	if (!*ret)
		return error_set(reterr, ERROR_USAGE, "the URL is no UTF-8");
	return true;
}
