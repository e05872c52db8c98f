/*
 * From facts to causes. Certain is only what our own files and the wire prove, or what the server
 * itself wrote; everything else is a list, the likeliest first, with what would tell.
 */
#include "doctor/findings.h"

#include <stdio.h>

void finding_add(json_t *findings, enum code code, const char *refused_by, bool certain,
	const char *evidence, const char *fix, const char *server_side)
{
	for (size_t i = 0; i < json_array_size(findings); i++)
		if (!strcmp(json_string_value(json_object_get(json_array_get(findings, i), "code")),
			    code_name(code)))
			return;
	json_array_append_new(findings,
		json_pack("{s:s, s:s, s:b, s:s, s:s, s:s, s:s?}", "code", code_name(code),
			"refused_by", refused_by, "certain", certain, "text", code_info(code)->text,
			"evidence", evidence, "fix", fix && *fix ? fix : code_info(code)->hint,
			"server_side", server_side));
}

/* ---- Pages that refuse a certificate after a handshake that succeeded ---- */

enum page { PAGE_NONE, PAGE_NO_CERTIFICATE, PAGE_BAD_CERTIFICATE, PAGE_FORBIDDEN };

static enum page page_of(const struct probe *probe)
{
	const char *body = probe->response.data ? probe->response.data : "";
	if (probe->status == 496 ||
		(probe->status == 400 && strstr(body, "No required SSL certificate was sent")))
		return PAGE_NO_CERTIFICATE;
	if (probe->status == 495 ||
		(probe->status == 400 && strstr(body, "The SSL certificate error")))
		return PAGE_BAD_CERTIFICATE;
	if (probe->status == 401 || probe->status == 403)
		return PAGE_FORBIDDEN;
	return PAGE_NONE;
}

bool facts_work(const struct facts *facts)
{
	return facts->last->finished && !facts->last->refused && page_of(facts->last) == PAGE_NONE;
}

/* What the server said, in words: an alert, a page, or nothing. */
static char *answer_text(const struct facts *facts)
{
	const struct probe *last = facts->last;
	int alert = last->outcome.alert_received;
	if (alert >= 0)
		return text_format("alert %d (%s)", alert, tls_alert_name(alert));
	if (last->status)
		return text_format("HTTP %d", last->status);
	return text_copy(last->error.system == 0 ? "the end of the connection without an alert"
						 : "a broken connection without an alert");
}

/* Which line on the server would say it. */
static char *server_side(enum code code)
{
	const struct code_info *info = code_info(code);
	if (!info->x509_error)
		return text_format("mtls serve writes code=%s", info->name);
	return text_format("nginx (error_log ... info), Apache, stunnel and s_server write \"%s\" "
			   "(%d); mtls serve writes code=%s",
		suspect_error_text(info->x509_error), info->x509_error, info->name);
}

/* What a shell takes as it is. */
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-"

static bool stands_beside(const char *folder, const char *stem, const char *suffix)
{
	OWN(char) char *path = text_format("%s/%s.%s", folder, stem, suffix);
	return file_exists(path);
}

/* Whether the certificate is a client's, only not a good one any more. */
static bool can_follow_its_cnf(enum code code)
{
	return code == CODE_CLIENT_EXPIRED || code == CODE_CLIENT_REVOKED ||
	       code == CODE_CLIENT_CA_REKEYED || code == CODE_CLIENT_BAD_SIGNATURE ||
	       code == CODE_CLIENT_WEAK_DIGEST || code == CODE_CLIENT_WEAK_KEY;
}

/*
 * A new certificate, by a command that helps as it stands: in the folder of the old one, in its
 * place where a .cnf describes it, and else with the option that names the new one.
 */
static char *issue_again(const struct facts *facts, enum code code)
{
	const char *name = facts->suspects ? facts->suspects->subject : "";
	const char *bare = !strncmp(name, "CN=", 3) && !strpbrk(name, ",+\\ ") ? name + 3 : "NAME";
	const char *slash = facts->cert ? strrchr(facts->cert, '/') : NULL;
	const char *file = slash ? slash + 1 : facts->cert,
		   *end = file ? strstr(file, ".crt") : NULL;
	if (!end || end[4] || strspn(facts->cert, PLAIN) < strlen(facts->cert))
		return text_format("mtls issue client %s --force", bare);
	OWN(char) char *folder =
		slash ? text_format("%.*s", (int)(slash - facts->cert), facts->cert)
		      : text_copy(".");
	OWN(char) char *stem = text_format("%.*s", (int)(end - file), file);
	if (!stands_beside(folder, "ca", "key"))
		return text_format("where the CA's key is: mtls issue client %s --force", bare);
	/* What was never a client's stays as it is: somebody else's server may need it. */
	bool same = !strcmp(stem, bare), again = can_follow_its_cnf(code);
	bool in_place = again && (same || stands_beside(folder, stem, "cnf"));
	OWN(char) char *fresh =
		text_format("%s%s", in_place ? stem : bare, same && !again ? "-client" : "");
	bool usual = !strcmp(folder, "certs");
	OWN(char) char *command = text_format("mtls issue client %s%s%s --force", fresh,
		usual ? "" : " --certs ", usual ? "" : folder);
	return in_place ? TAKE(command)
			: text_format("%s, then --cert %s/%s.crt", command, folder, fresh);
}

static char *fix_of(const struct facts *facts, enum code code)
{
	switch ((int)code) {
	case CODE_NO_CLIENT_CERTIFICATE:
		return text_format("mtls request %s --cert FILE --key FILE", facts->url);
	case CODE_CLIENT_EXPIRED:
	case CODE_CLIENT_WRONG_EKU:
	case CODE_CLIENT_NO_EKU:
	case CODE_CLIENT_WRONG_KEY_USAGE:
	case CODE_CLIENT_IS_CA:
	case CODE_CLIENT_V1:
	case CODE_CLIENT_SELF_SIGNED:
	case CODE_CLIENT_WEAK_DIGEST:
	case CODE_CLIENT_WEAK_KEY:
	case CODE_CLIENT_REVOKED:
	case CODE_CLIENT_BAD_SIGNATURE:
	case CODE_CLIENT_CA_REKEYED:
	case CODE_CLIENT_KEY_TYPE:
		return issue_again(facts, code);
	default:
		return text_copy(code_info(code)->hint);
	}
}

/* ---- What is suspected of a certificate that was sent ---- */

static const struct suspect *find_suspect(const struct facts *facts, enum code code)
{
	for (size_t i = 0; facts->suspects && i < facts->suspects->count; i++)
		if (facts->suspects->list[i].code == code)
			return &facts->suspects->list[i];
	return NULL;
}

static void add_suspect(
	const struct facts *facts, const struct suspect *suspect, bool certain, json_t *findings)
{
	OWN(char) char *answer = answer_text(facts);
	OWN(char) char *evidence =
		text_format("%s; the server answered with %s", suspect->evidence, answer);
	OWN(char) char *fix =
		*suspect->fix ? text_copy(suspect->fix) : fix_of(facts, suspect->code);
	OWN(char) char *tell = server_side(suspect->code);
	finding_add(
		findings, suspect->code, "server", certain, evidence, fix, certain ? NULL : tell);
}

static int alert_of(const struct facts *facts, enum code code)
{
	const char *version = facts->last->outcome.version;
	bool new = version && !strcmp(version, "TLSv1.3");
	return new ? code_info(code)->alert13 : code_info(code)->alert12;
}

/* Faults that are there. Those that fit the alert come first; a soft one has to fit it. */
static void add_proven(const struct facts *facts, json_t *findings)
{
	int alert = facts->last->outcome.alert_received;
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < facts->suspects->count; i++) {
			const struct suspect *one = &facts->suspects->list[i];
			bool fits = alert_of(facts, one->code) == alert;
			if (one->proven && fits == (pass == 0) && (fits || !one->soft))
				add_suspect(facts, one, true, findings);
		}
}

/* What our own files rule out: their faults would have been seen. */
static bool is_ruled_out(const struct facts *facts, enum code code)
{
	switch ((int)code) {
	case CODE_CLIENT_WRONG_EKU:
	case CODE_CLIENT_NO_EKU:
	case CODE_CLIENT_WRONG_KEY_USAGE:
	case CODE_CLIENT_IS_CA:
	case CODE_CLIENT_V1:
	case CODE_CLIENT_WEAK_DIGEST:
	case CODE_CLIENT_WEAK_KEY:
	case CODE_CLIENT_SELF_SIGNED:
		return true;
	case CODE_CLIENT_PATH_LENGTH:
	case CODE_CLIENT_ISSUER_NOT_CA:
	case CODE_CLIENT_INTERMEDIATE_EKU:
	case CODE_CLIENT_NAME_CONSTRAINT:
	case CODE_CLIENT_BAD_SIGNATURE:
	case CODE_CLIENT_CRITICAL_EXTENSION:
		return facts->suspects->verified;
	case CODE_CLIENT_CHAIN_TOO_LONG:
		return facts->suspects->chain_count == 0;
	case CODE_CLIENT_CHAIN_INCOMPLETE:
		return facts->suspects->names_ours || facts->suspects->verified;
	default:
		return false;
	}
}

/* In the order of how often they are it. */
static const enum code usual[] = { CODE_CLIENT_REVOKED, CODE_CRL_EXPIRED, CODE_CRL_MISSING,
	CODE_CLIENT_UNKNOWN_CA, CODE_CLIENT_CHAIN_TOO_LONG, CODE_CLIENT_CHAIN_INCOMPLETE,
	CODE_CLIENT_CA_REKEYED, CODE_CLIENT_PATH_LENGTH, CODE_CLIENT_ISSUER_NOT_CA,
	CODE_CLIENT_INTERMEDIATE_EKU, CODE_CLIENT_NAME_CONSTRAINT, CODE_CLIENT_BAD_SIGNATURE,
	CODE_CLIENT_CRITICAL_EXTENSION, CODE_CLIENT_EXPIRED, CODE_CLIENT_NOT_YET_VALID };

/* Alerts that say what they mean; stacks send the others for anything. */
static bool is_telling(int alert)
{
	return alert == 44 || alert == 45 || alert == 48 || alert == 43 || alert == 51;
}

static void add_likely(const struct facts *facts, json_t *findings)
{
	int alert = facts->last->outcome.alert_received;
	OWN(char) char *answer = answer_text(facts);
	for (size_t i = 0; i < facts->suspects->count; i++)
		if (!facts->suspects->list[i].proven)
			add_suspect(facts, &facts->suspects->list[i], false, findings);
	for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
		enum code code = usual[i];
		if (is_ruled_out(facts, code) ||
			(is_telling(alert) && alert_of(facts, code) != alert))
			continue;
		OWN(char) char *fix = fix_of(facts, code);
		OWN(char) char *tell = server_side(code);
		OWN(char)
		char *evidence = text_format("the server answered our certificate with %s, and "
					     "nothing in our files speaks against it%s",
			answer,
			code == CODE_CLIENT_EXPIRED || code == CODE_CLIENT_NOT_YET_VALID
				? ": the server's clock may be wrong"
				: "");
		finding_add(findings, code, "server", false, evidence, fix, tell);
	}
}

static void refused_certificate(const struct facts *facts, json_t *findings)
{
	if (!facts->suspects)
		return;
	add_proven(facts, findings);
	if (!json_array_size(findings))
		add_likely(facts, findings);
}

/* ---- Refusals that are not about a certificate ---- */

static void nothing_sent(const struct facts *facts, json_t *findings)
{
	OWN(char) char *answer = answer_text(facts);
	enum code code = facts->has_certificate ? CODE_CLIENT_KEY_TYPE : CODE_NO_CLIENT_CERTIFICATE;
	OWN(char) char *fix = fix_of(facts, code);
	OWN(char)
	char *evidence = facts->has_certificate
				 ? text_format("the server asked for a certificate and takes no "
					       "signature of our key's kind, so ours stayed at "
					       "home; it answered with %s",
					   answer)
				 : text_format("the server asked for a certificate, we have none, "
					       "and it answered with %s",
					   answer);
	finding_add(findings, code, "server", true, evidence, fix, NULL);
}

static bool offers(const char *names, const char *wanted)
{
	for (size_t bytes = 0; *names; names += bytes + (names[bytes] == ',')) {
		bytes = strcspn(names, ",");
		if (bytes == strlen(wanted) && !memcmp(names, wanted, bytes))
			return true;
	}
	return false;
}

static void no_shared_protocol(const struct facts *facts, const char *answer, json_t *findings)
{
	OWN(char)
	char *evidence = text_format("offered %s, the server answers with %s%s", facts->alpn,
		answer,
		facts->works_without_alpn ? "; offered none, it goes on with the handshake" : "");
	finding_add(findings, CODE_ALPN_MISMATCH, "server", true, evidence,
		offers(facts->alpn, "http/1.1")
			? "have the server take http/1.1, or offer one of its own with --alpn"
			: "offer http/1.1",
		"the server's list of application protocols");
}

static void before_certificates(const struct facts *facts, json_t *findings)
{
	OWN(char) char *answer = answer_text(facts);
	bool other = facts->speaks12 || facts->speaks13;
	int alert = facts->last->outcome.alert_received;
	OWN(char) char *evidence = NULL;
	/* These two alerts have one meaning each (RFC 7301 section 3.2, RFC 6066 section 3), and
	 * come whatever the version. */
	bool protocol = facts->works_without_alpn || alert == 120;
	bool name = facts->works_without_sni || alert == 112;
	if (!protocol && !name && (alert == 70 || (!facts->shares_version && other))) {
		evidence = text_format("the server speaks%s%s%s to others, and answered us with %s",
			facts->speaks12 ? " TLS 1.2" : "", facts->speaks13 ? " TLS 1.3" : "",
			other ? "" : " neither TLS 1.2 nor 1.3", answer);
		finding_add(findings, CODE_TLS_VERSION, "server", true, evidence,
			!other             ? NULL /* whatever we do */
			: !facts->speaks12 ? "leave out --tls-max: the server wants TLS 1.3"
					   : "leave out --tls-min and --tls-max",
			NULL);
		return;
	}
	if (protocol) {
		no_shared_protocol(facts, answer, findings);
		return;
	}
	if (name) {
		evidence = text_format("asked for the name '%s' the server answers with %s%s",
			facts->target->sni ? facts->target->sni : "", answer,
			facts->works_without_sni ? "; without a name the handshake goes on" : "");
		finding_add(findings, CODE_SNI_UNKNOWN, "server", true, evidence, NULL,
			"the server's list of names");
		return;
	}
	if (facts->works_without_groups) {
		evidence = text_format("the server answered our first message with %s; with our "
				       "usual groups it goes on",
			answer);
		finding_add(findings, CODE_TLS_NO_SHARED_GROUP, "server", true, evidence,
			"leave out --groups", NULL);
		return;
	}
	if (alert == 40 || alert == 71 || facts->works_without_ciphers) {
		evidence = text_format("the server answered our first message with %s%s", answer,
			facts->works_without_ciphers ? "; with our usual ciphers it goes on" : "");
		finding_add(findings, CODE_TLS_NO_SHARED_CIPHER, "server",
			facts->works_without_ciphers, evidence,
			facts->works_without_ciphers ? "leave out --ciphers" : NULL,
			facts->works_without_ciphers ? NULL : "\"no shared cipher\"");
		if (!facts->works_without_ciphers)
			finding_add(findings, CODE_TLS_NO_SHARED_GROUP, "server", false, evidence,
				NULL, "\"no suitable key share\"");
	}
}

static void whatever_else(const struct facts *facts, json_t *findings)
{
	const struct error *error = &facts->last->error;
	enum code code = error->code ? error->code : CODE_PEER_CLOSED;
	bool ours = code == CODE_NOT_TLS || code == CODE_CONNECTION_REFUSED;
	const char *by = error->kind == ERROR_REFUSED_BY_US  ? "client"
			 : code_info(code)->side == SIDE_OWN ? "own"
							     : "nobody";
	finding_add(findings, code, by, ours || error->kind == ERROR_REFUSED_BY_US,
		*error->text ? error->text : "the connection ended", error_advice(error),
		ours ? NULL : "whatever stands last in its log");
}

static void forbidden(const struct facts *facts, json_t *findings)
{
	OWN(char) char *answer = answer_text(facts);
	if (facts->sent && facts->suspects) {
		for (size_t i = 0; i < facts->suspects->count; i++) {
			const struct suspect *one = &facts->suspects->list[i];
			if (one->proven && !one->soft)
				add_suspect(facts, one, true, findings);
		}
		if (json_array_size(findings))
			return;
	}
	OWN(char)
	char *evidence = text_format("the handshake is done%s, and the answer is %s",
		facts->sent ? " with our certificate" : "", answer);
	if (facts->last->outcome.certificate_requested && !facts->sent) {
		nothing_sent(facts, findings);
		return;
	}
	finding_add(findings, CODE_NOT_AUTHORIZED, "server", false, evidence, NULL,
		"the server's policy, and its record of this request");
}

/* ---- All of it ---- */

/* A line may name a number with several causes; what our files prove is the more specific. */
static void from_record(const struct facts *facts, json_t *findings)
{
	const struct log_record *record = facts->record;
	enum code code = record->code;
	for (size_t i = 0; facts->suspects && record->x509_error && i < facts->suspects->count; i++)
		if (code_info(facts->suspects->list[i].code)->x509_error == record->x509_error) {
			code = facts->suspects->list[i].code;
			break;
		}
	if (code == CODE_NO_CLIENT_CERTIFICATE && facts->has_certificate && !facts->sent)
		code = CODE_CLIENT_KEY_TYPE;
	const struct suspect *suspect = find_suspect(facts, code);
	OWN(char) char *fix =
		suspect && *suspect->fix ? text_copy(suspect->fix) : fix_of(facts, code);
	OWN(char)
	char *evidence = text_format("the server %s: %s",
		facts->record_is_new ? "wrote while we tried" : "wrote some time", record->line);
	finding_add(findings, code, code_info(code)->side == SIDE_CLIENT ? "client" : "server",
		facts->record_is_new, evidence, fix, NULL);
}

json_t *findings_make(const struct facts *facts)
{
	const struct probe *last = facts->last;
	const struct tls_outcome *outcome = &last->outcome;
	json_t *findings = json_array();
	enum page page = page_of(last);
	if (outcome->refused) {
		OWN(char) char *fix = text_copy(code_info(outcome->refused->code)->hint);
		finding_add(findings, outcome->refused->code, "client", true, outcome->refused->why,
			fix, NULL);
		return findings;
	}
	if (facts_work(facts)) {
		if (!facts->asked)
			finding_add(findings, CODE_VERIFY_NONE, "nobody", true,
				"the server's handshake has no CertificateRequest", NULL, NULL);
		else if (!facts->sent)
			finding_add(findings, CODE_OPTIONAL_NONE_GIVEN, "nobody", true,
				"the server asked for a certificate, we sent none, and it went on",
				NULL, NULL);
		return findings;
	}
	if (facts->record && facts->record_is_new)
		from_record(facts, findings);
	if (page == PAGE_FORBIDDEN)
		forbidden(facts, findings);
	else if (page == PAGE_NO_CERTIFICATE || (outcome->certificate_requested && !facts->sent))
		nothing_sent(facts, findings);
	else if (facts->sent)
		refused_certificate(facts, findings);
	else if (last->connected && (outcome->alert_received >= 0 || facts->works_without_sni ||
					    facts->works_without_alpn))
		before_certificates(facts, findings);
	if (facts->record && !facts->record_is_new)
		from_record(facts, findings);
	if (!json_array_size(findings))
		whatever_else(facts, findings);
	return findings;
}
