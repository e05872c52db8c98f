/*
 * Scenarios in which something happens between a client's first visit and its last: its certificate
 * expires or is revoked, or it brings a session to another listener. All first visits are made at
 * the start, so that what happens happens once, and while other scenarios run.
 */
#include "lab/certificates.h"
#include "lab/report.h"
#include "lab/run_parts.h"

#include <stdio.h>
#include <strings.h>
#include <time.h>

enum {
	VISIT_MS_MAX = 20000,
	/* How long a certificate lives that is to expire; longer on a machine that is slow. */
	LIFE_S_MIN = 3,
	LIFE_S_MAX = 100,
	LIST_BYTES_MAX = 1 << 16,
	LIST_VALID_S = 30 * 24 * 60 * 60,
};

struct guest {
	struct lab_run run;
	struct tls_session *session;
	struct probe_stay *stay;
	const char *lacks; /* NULL: its first visits were as they should be */
};

struct lab_later {
	struct mint *ca;
	time_t expires;
	size_t count;
	struct guest guests[];
};

static void forget(struct guest *guest)
{
	tls_session_free(guest->session);
	probe_stay_free(guest->stay);
	guest->session = NULL;
	guest->stay = NULL;
	guest->lacks = NULL;
}

void lab_later_free(struct lab_later *later)
{
	if (!later)
		return;
	for (size_t i = 0; i < later->count; i++)
		forget(&later->guests[i]);
	mint_free(later->ca);
	free(later);
}

/* ---- Visits ---- */

/* A server, as the client finds it. */
struct place {
	struct target target;
	struct net_places *places;
};

static void own_place(struct place *place)
{
	target_done(&place->target);
	net_places_free(place->places);
}

static must_check bool find_place(
	const struct lab_server *server, struct place *ret, struct error *reterr)
{
	OWN(char) char *url = text_format("%s/todo", server->url);
	return target_parse(url, NULL, &ret->target, reterr) &&
	       net_places_find(&ret->target.address, VISIT_MS_MAX, &ret->places, reterr);
}

/* The row's words for the client are "--cert FILE" or "--no-cert"; the key stands beside it. */
static struct tls_options options_for(const struct lab_run *run, char **ret_key)
{
	static const char *const ca[] = { "certs/ca.crt" };
	const char *cert = run->scenario->client[1];
	*ret_key =
		cert ? text_format("%.*s.key", (int)(strlen(cert) - strlen(".crt")), cert) : NULL;
	return (struct tls_options){ .ca = ca,
		.ca_count = 1,
		.cert = cert,
		.key = *ret_key,
		.verify = { .purpose = PURPOSE_SERVER, .name = "IP:" WORDS_HOST },
		.version_min = run->version,
		.version_max = run->version,
		.transcript = true,
		.keeps_session = true };
}

static must_check bool visit(const struct lab_run *run, const struct lab_server *server,
	const struct tls_session *session, struct probe *ret, struct error *reterr)
{
	OWN(place) struct place place = { .places = NULL };
	OWN(char) char *key = NULL;
	struct tls_options tls = options_for(run, &key);
	return find_place(server, &place, reterr) &&
	       probe_resume(place.places, &place.target, &tls, place.target.path, VISIT_MS_MAX,
		       session, ret, reterr);
}

/* The server's record of a visit that is not the one looked at. */
static must_check bool skip_record(struct lab_server *server, bool ended, struct error *reterr)
{
	struct lab_report ignored = { .present = false };
	OWN(json_t) json_t *messages = NULL;
	return lab_server_record(server, ended, &ignored, &messages, reterr);
}

/* A session, and the proof that it is one: it is resumed while nothing speaks against it. */
static must_check bool make_session(struct lab *lab, struct guest *guest, struct error *reterr)
{
	struct lab_server *server =
		lab_server_of(lab, &guest->run, *guest->run.scenario->other != NULL);
	for (int turn = 0; turn < 2 && !guest->lacks; turn++) {
		OWN(probe) struct probe probe = { .connected = false };
		if (!visit(&guest->run, server, guest->session, &probe, reterr) ||
			!skip_record(server, true, reterr))
			return false;
		if (probe.status != 200)
			guest->lacks = "the client was not let in before";
		else if (turn ? !probe.outcome.resumed : !probe.session)
			guest->lacks = "the server keeps no session";
		if (probe.session) {
			tls_session_free(guest->session);
			guest->session = TAKE(probe.session);
		}
	}
	return true;
}

static must_check bool come_to_stay(struct lab *lab, struct guest *guest, struct error *reterr)
{
	struct lab_server *server = lab_server_of(lab, &guest->run, false);
	OWN(place) struct place place = { .places = NULL };
	OWN(char) char *key = NULL;
	struct tls_options tls = options_for(&guest->run, &key);
	if (!find_place(server, &place, reterr) ||
		!probe_stay(
			place.places, &place.target, &tls, VISIT_MS_MAX, &guest->stay, reterr) ||
		!skip_record(server, false, reterr))
		return false;
	if (probe_stay_seen(guest->stay)->status != 200)
		guest->lacks = "the client was not let in before";
	return true;
}

static must_check bool first_visit(struct lab *lab, struct guest *guest, struct error *reterr)
{
	return guest->run.scenario->way == WAY_STAYS ? come_to_stay(lab, guest, reterr)
						     : make_session(lab, guest, reterr);
}

/* ---- What happens ---- */

/* The guests of one event; *ret_any, which may be NULL: there are some. */
static must_check bool first_visits(
	struct lab *lab, enum scenario_event event, bool *ret_any, struct error *reterr)
{
	for (size_t i = 0; i < lab->later->count; i++) {
		struct guest *guest = &lab->later->guests[i];
		if (guest->run.scenario->event != event)
			continue;
		if (ret_any)
			*ret_any = true;
		if (!first_visit(lab, guest, reterr))
			return false;
	}
	return true;
}

/* The first visits of those who were too late are forgotten; their servers record their end. */
static must_check bool forget_expired(struct lab *lab, struct error *reterr)
{
	for (size_t i = 0; i < lab->later->count; i++) {
		struct guest *guest = &lab->later->guests[i];
		bool stayed = guest->stay != NULL;
		if (guest->run.scenario->event != EVENT_EXPIRED)
			continue;
		forget(guest);
		if (stayed && !skip_record(lab_server_of(lab, &guest->run, false), true, reterr))
			return false;
	}
	return true;
}

static must_check bool visit_before_expiry(struct lab *lab, struct error *reterr)
{
	struct lab_later *later = lab->later;
	for (int life = LIFE_S_MIN;; life *= 2) {
		bool any = false;
		later->expires = time(NULL) + life;
		if (!lab_mint_short(later->ca, NULL, later->expires, "lab/client-short.crt",
			    "lab/client-short.key", reterr) ||
			!first_visits(lab, EVENT_EXPIRED, &any, reterr))
			return false;
		if (!any || time(NULL) <= later->expires || life > LIFE_S_MAX)
			return true;
		if (!forget_expired(lab, reterr))
			return false;
	}
}

/* The CA's new list takes the old one's place, and each server says that it has it. */
static must_check bool revoke_client(struct lab *lab, struct error *reterr)
{
	OWN(buffer) struct buffer crl = BUFFER(LIST_BYTES_MAX);
	OWN(buffer) struct buffer said = BUFFER(LIST_BYTES_MAX);
	OWN(mint) struct mint *client = NULL;
	if (!mint_load("certs/client.crt", "certs/client.key", &client, reterr) ||
		!mint_add_crl(lab->later->ca, client, 0, LIST_VALID_S, &crl, reterr) ||
		!file_write("lab/later.crl", FILE_PUBLIC, crl.data, crl.length, reterr))
		return false;
	for (size_t i = 0; i < lab->later->count; i++) {
		struct lab_server *server = lab_server_of(lab, &lab->later->guests[i].run, false);
		if (lab->later->guests[i].run.scenario->event != EVENT_REVOKED || server->reloaded)
			continue;
		if (!lab_server_messages(server, "reloaded", 1, &said, reterr))
			return false;
		server->reloaded = true;
	}
	return true;
}

bool lab_later_prepare(
	struct lab *lab, const struct lab_run *runs, size_t count, struct error *reterr)
{
	bool revoked = false;
	lab->later = calloc(1, sizeof *lab->later + count * sizeof *lab->later->guests);
	if (!lab->later)
		bug("out of memory");
	for (size_t i = 0; i < count; i++)
		if (runs[i].scenario->way == WAY_RESUMES || runs[i].scenario->way == WAY_STAYS)
			lab->later->guests[lab->later->count++].run = runs[i];
	return !lab->later->count ||
	       (mint_load("certs/ca.crt", "certs/ca.key", &lab->later->ca, reterr) &&
		       first_visits(lab, EVENT_NONE, NULL, reterr) &&
		       first_visits(lab, EVENT_REVOKED, &revoked, reterr) &&
		       visit_before_expiry(lab, reterr) &&
		       (!revoked || revoke_client(lab, reterr)));
}

/* ---- The last visit ---- */

static struct guest *find_guest(const struct lab *lab, const struct lab_run *run)
{
	for (size_t i = 0; i < lab->later->count; i++) {
		struct guest *guest = &lab->later->guests[i];
		if (guest->run.scenario == run->scenario && guest->run.version == run->version &&
			guest->run.stack == run->stack)
			return guest;
	}
	bug("nobody was prepared for the scenario '%s'", scenario_name(run->scenario));
}

static void tell(const struct probe *probe, struct lab_observation *ret)
{
	report_from_probe(probe, &ret->client);
	ret->messages = tls_transcript_json(&probe->peer.transcript, false);
}

bool lab_later_run(struct lab *lab, const struct lab_run *run, struct lab_observation *ret,
	struct error *reterr)
{
	struct guest *guest = find_guest(lab, run);
	ret->lacks = guest->lacks;
	if (run->scenario->event == EVENT_EXPIRED &&
		!process_await_second(lab->later->expires, reterr))
		return false;
	if (run->scenario->way == WAY_STAYS) {
		const struct probe *seen = probe_stay_seen(guest->stay);
		probe_stay_ask(guest->stay);
		tell(seen, ret);
		if (seen->response.data &&
			!strcasestr(seen->response.data, "\r\nconnection: close\r\n"))
			ret->lacks = "the server does not close the connection";
		return true;
	}
	OWN(probe) struct probe probe = { .connected = false };
	if (!visit(run, lab_server_of(lab, run, false), guest->session, &probe, reterr))
		return false;
	tell(&probe, ret);
	if (run->scenario->accepted && !probe.outcome.resumed)
		ret->lacks = "the session was not resumed";
	return true;
}
