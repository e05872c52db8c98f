/*
 * Sessions that must not be resumed. A resumption shows no certificate, so whoever was let in once
 * is let in again, unless the server looks at its own records. TLS keeps a session in the server's
 * memory, by its id (1.2), or in a ticket that the client holds (1.2, RFC 5077; 1.3, RFC 8446
 * section 2.2); servers treat them differently, so each is tried.
 */
#include "lab/audit_parts.h"
#include "lab/process.h"
#include "lab/scenario.h"

#include <poll.h>
#include <stdio.h>

/* How long the client that is to expire lives: its sessions must be made meanwhile. */
#define LIFE_S 5
/* How long a server may take to load a CRL, after the command has ended. */
#define RELOAD_MS 10000
#define LOOK_AGAIN_MS 50
#define REFUSALS 6

static const struct {
	enum tls_version version;
	const char *way;
} ways[AUDIT_WAYS] = { { TLS_1_2, AUDIT_BY_ID }, { TLS_1_2, AUDIT_BY_TICKET },
	{ TLS_1_3, AUDIT_BY_TICKET } };

size_t audit_way(enum tls_version version, const char *way)
{
	size_t i = 0;
	while (i < AUDIT_WAYS - 1 && (ways[i].version != version || strcmp(ways[i].way, way) != 0))
		i++;
	return i;
}

void audit_guest_done(struct audit_guest *guest)
{
	for (size_t i = 0; i < AUDIT_WAYS; i++)
		tls_session_free(guest->kept[i].session);
	free(guest->cert);
	free(guest->key);
}

static void wait_a_moment(void)
{
	poll(NULL, 0, LOOK_AGAIN_MS);
}

static must_check bool go_on(struct error *reterr)
{
	return !process_interrupted || error_set(reterr, ERROR_CHECK, "interrupted");
}

/* ---- Making sessions ---- */

/* Without the ticket extension a server of TLS 1.2 keeps the session itself. */
static struct tls_options options_for(const struct audit_server *audit, const struct target *target,
	const struct audit_guest *guest, size_t way)
{
	struct tls_options tls =
		audit_tls(audit, target, ways[way].version, guest->cert, guest->key);
	tls.keeps_session = !strcmp(ways[way].way, AUDIT_BY_TICKET);
	return tls;
}

static const char *why_no_session(const struct tls_session *session, size_t way)
{
	bool ticket = !strcmp(ways[way].way, AUDIT_BY_TICKET);
	if (!session)
		return ticket ? "the server gives no tickets" : "the server keeps no sessions";
	if (ticket && !tls_session_is_ticket(session))
		return "the server gives no tickets";
	return NULL;
}

/*
 * A full handshake, and then a resumption while the client is still good: a server that resumes
 * nobody has nothing to be found. `at` and `places` may be another listener's.
 */
static must_check bool make_one(struct audit_server *audit, const struct target *at,
	const struct net_places *places, struct audit_guest *guest, size_t way,
	struct error *reterr)
{
	struct audit_kept *kept = &guest->kept[way];
	struct tls_options tls = options_for(audit, at, guest, way);
	struct audit_result result = { 0 };
	for (int turn = 0; turn < 2; turn++) {
		OWN(probe) struct probe probe = { .connected = false };
		if (!probe_resume(places, at, &tls, at->path, audit->options.ms_max, kept->session,
			    &probe, reterr))
			return false;
		audit_judge_server(&probe, -1, &result);
		const char *why = turn ? NULL : why_no_session(probe.session, way);
		if (result.verdict != AUDIT_ACCEPTED)
			snprintf(kept->why, sizeof kept->why, "no session was made: %.120s",
				result.seen);
		else if (why)
			snprintf(kept->why, sizeof kept->why, "%s", why);
		else if (turn && !probe.outcome.resumed)
			snprintf(kept->why, sizeof kept->why, "the server resumes no sessions");
		if (*kept->why) {
			tls_session_free(kept->session);
			kept->session = NULL;
			return true;
		}
		if (probe.session) {
			tls_session_free(kept->session);
			kept->session = TAKE(probe.session);
		}
	}
	return true;
}

static must_check bool make_sessions(struct audit_server *audit, const struct target *at,
	const struct net_places *places, struct audit_guest *guest, struct error *reterr)
{
	guest->made = true;
	for (size_t i = 0; i < AUDIT_WAYS; i++)
		if (audit->speaks[ways[i].version == TLS_1_3] &&
			!make_one(audit, at, places, guest, i, reterr))
			return false;
	return true;
}

/* ---- Expired ---- */

bool audit_make_expiring(struct audit_server *audit, struct error *reterr)
{
	if (!mint_can_sign(lab_minted_ca(audit->minted)))
		return true;
	struct audit_guest *guest = &audit->expired;
	guest->cert = text_format("%s/certs/client-short.crt", audit->options.folder);
	guest->key = text_format("%s/certs/client-short.key", audit->options.folder);
	audit->expires = time(NULL) + LIFE_S;
	OWN(char) char *certs = text_format("%s/certs", audit->options.folder);
	return file_make_folder(certs, reterr) &&
	       lab_mint_short(lab_minted_ca(audit->minted), audit->options.client_name,
		       audit->expires, guest->cert, guest->key, reterr) &&
	       make_sessions(audit, &audit->target, audit->places, guest, reterr);
}

/* ---- Revoked ---- */

static must_check bool reload(const struct audit_server *audit, struct error *reterr)
{
	OWN(buffer) struct buffer crl = BUFFER(FILE_INPUT_BYTES_MAX);
	/* Its output is not ours to print where results go. */
	OWN(char) char *script = text_format("exec >&2\n%s", audit->options.reload_command);
	const char *const words[] = { "sh", "-c", script, NULL };
	struct process process;
	const char *what;
	int code;
	if (!lab_minted_file(audit->minted, "certs/ca.crl", &crl, &what, reterr) ||
		!file_write(audit->options.crl_out, FILE_PUBLIC, crl.data, crl.length, reterr) ||
		!process_start("/bin/sh", words, ".", PROCESS_SHOW, &process, reterr))
		return false;
	bool ok = process_finish(&process, &code, reterr);
	process_stop(&process);
	if (ok && code)
		ok = error_set(reterr, ERROR_CHECK, "the reload command '%s' failed: exit code %d",
			audit->options.reload_command, code);
	return ok;
}

/* The command may end before the server has done what it was told. */
static must_check bool await_refusal(struct audit_server *audit, struct error *reterr)
{
	uint64_t until = clock_monotonic_ms() + RELOAD_MS;
	enum tls_version version = audit->speaks[1] ? TLS_1_3 : TLS_1_2;
	int refusals =
		0; /* in a row: for a while those who know and those who do not both answer */
	while (refusals < REFUSALS && clock_monotonic_ms() < until) {
		OWN(probe) struct probe probe = { .connected = false };
		struct tls_options tls = audit_tls(
			audit, &audit->target, version, audit->revoked.cert, audit->revoked.key);
		if (!go_on(reterr) || !audit_probe(audit, &tls, NULL, &probe, reterr))
			return false;
		/* While it starts anew it may hang up on everybody, too. */
		bool refused =
			probe.outcome.alert_received >= 0 || audit_page_refuses(probe.status);
		refusals = refused ? refusals + 1 : 0;
		if (refusals < REFUSALS)
			wait_a_moment();
	}
	audit->knows_revocation = refusals == REFUSALS;
	return true;
}

bool audit_revoke(struct audit_server *audit, struct error *reterr)
{
	struct audit_guest *guest = &audit->revoked;
	if (guest->made)
		return true;
	return audit_mint(audit, "certs/client-revoked", &guest->cert, &guest->key, reterr) &&
	       make_sessions(audit, &audit->target, audit->places, guest, reterr) &&
	       reload(audit, reterr) && await_refusal(audit, reterr);
}

/* ---- Trying again ---- */

/* Whose sessions the run is about; NULL, with the reason in the result, when there are none. */
static must_check bool find_guest(struct audit_server *audit, struct audit_result *result,
	struct audit_guest **ret, struct error *reterr)
{
	const char *why = NULL;
	*ret = NULL;
	switch ((int)result->scenario->code) {
	case CODE_RESUMED_AFTER_REVOCATION:
		*ret = &audit->revoked;
		if (!audit->knows_revocation)
			why = "after the reload a full handshake of the revoked client is let in, "
			      "too";
		break;
	case CODE_RESUMED_AFTER_EXPIRY:
		*ret = &audit->expired;
		if (!audit->expired.made)
			why = AUDIT_NO_KEY;
		else if (!process_await_second(audit->expires, reterr))
			return false;
		break;
	default:
		*ret = &audit->stranger;
		if (!audit->options.other_url)
			why = "needs --other-url, a listener that asks for no certificate";
		else if (!audit->stranger.made &&
			 !make_sessions(audit, &audit->other, audit->other_places, &audit->stranger,
				 reterr))
			return false;
	}
	size_t way = audit_way(result->version, result->way);
	if (!why && !(*ret)->kept[way].session)
		why = (*ret)->kept[way].why;
	if (why) {
		audit_skip(result, why);
		*ret = NULL;
	}
	return true;
}

bool audit_run_session(
	struct audit_server *audit, struct audit_result *result, struct error *reterr)
{
	struct audit_guest *guest;
	if (!find_guest(audit, result, &guest, reterr))
		return false;
	if (!guest)
		return true;
	size_t way = audit_way(result->version, result->way);
	struct tls_options tls = options_for(audit, &audit->target, guest, way);
	OWN(probe) struct probe probe = { .connected = false };
	if (!audit_probe(audit, &tls, guest->kept[way].session, &probe, reterr))
		return false;
	const struct code_info *info = code_info(result->scenario->code);
	audit_judge_server(
		&probe, result->version == TLS_1_3 ? info->alert13 : info->alert12, result);
	return true;
}
