/* Servers side by side, one client after the other, and their records read back as JSON. */
#include "lab/run_parts.h"

#include "lab/draw.h"
#include "lab/report.h"
#include "lab/stranger.h"

#include <stdio.h>

#define GREETING_BYTES_MAX ((size_t)64 << 10)

bool lab_new(const char *folder, struct lab **ret, struct error *reterr)
{
	OWN(lab) struct lab *lab = calloc(1, sizeof *lab);
	if (!lab)
		bug("out of memory");
	lab->folder = text_copy(folder);
	/* Many servers stand in one folder, and none has anything to keep. */
	setenv("MTLS_STORE", "memory", 1);
	if (!process_self(&lab->program, reterr))
		return false;
	*ret = TAKE(lab);
	return true;
}

void lab_call_by(struct lab *lab, lab_caller *call)
{
	lab->call = call;
}

static void stop_server(struct lab_server *server)
{
	process_stop(&server->process);
	buffer_done(&server->greeting);
}

void lab_free(struct lab *lab)
{
	if (!lab)
		return;
	lab_later_free(lab->later);
	for (size_t i = 0; i < lab->servers_count; i++)
		stop_server(&lab->servers[i]);
	free(lab->servers);
	free(lab->folder);
	free(lab->program);
	free(lab);
}

/* ---- Commands ---- */

/* So that our exit code is that of the command that failed. */
static enum error_kind kind_of_exit(int code)
{
	static const enum error_kind kinds[] = { [2] = ERROR_USAGE, [3] = ERROR_IO };
	if (code == 70)
		return ERROR_BUG;
	return code == 2 || code == 3 ? kinds[code] : ERROR_CHECK;
}

bool lab_command(struct lab *lab, const char *const *words, bool quiet, struct error *reterr)
{
	struct words all = { { "mtls" }, 1 };
	words_add_all(&all, words);
	struct process process;
	int code;
	if (!process_start(lab->program, all.list, lab->folder,
		    quiet ? PROCESS_CAPTURE : PROCESS_SHOW, &process, reterr))
		return false;
	bool ok = process_finish(&process, &code, reterr);
	if (ok && code != 0) {
		OWN(char) char *line = words_join(&all);
		ok = error_set(reterr, kind_of_exit(code), "%s: exit code %d%s%s", line, code,
			process.err.length ? "\n" : "", process.err.length ? process.err.data : "");
	}
	process_stop(&process);
	return ok;
}

/* ---- Records ---- */

static must_check bool next_record(
	struct lab_server *server, json_t **ret, const char **ret_event, struct error *reterr)
{
	for (;;) {
		OWN(char) char *line = NULL;
		if (!process_line(&server->process, &line, reterr))
			return false;
		json_t *record = json_loads(line, 0, NULL);
		const char *event = json_string_value(json_object_get(record, "event"));
		if (event) {
			*ret = record;
			*ret_event = event;
			return true;
		}
		json_decref(record); /* a line that is no record says nothing of a connection */
	}
}

bool lab_server_messages(struct lab_server *server, const char *event, int count,
	struct buffer *ret, struct error *reterr)
{
	while (count > 0) {
		OWN(json_t) json_t *record = NULL;
		const char *name;
		if (!next_record(server, &record, &name, reterr))
			return false;
		const char *message = json_string_value(json_object_get(record, "message"));
		if (!buffer_format(ret, reterr, "%s\n", message ? message : ""))
			return false;
		count -= !strcmp(name, event);
	}
	return true;
}

/* ---- Servers ---- */

/* A server without a limit of its own serves both versions. */
static struct lab_server *find_server(const struct lab *lab, const struct lab_run *run, bool other)
{
	struct words words = words_of_server(run, other);
	for (size_t i = 0; i < lab->servers_count; i++)
		if (words_equal(&lab->servers[i].words, &words))
			return &lab->servers[i];
	return NULL;
}

static must_check bool start_server(
	struct lab *lab, const struct lab_run *run, bool other, struct error *reterr)
{
	struct words words = words_of_server(run, other), told = words;
	words_add(&words, "--listen");
	words_add(&words, WORDS_HOST ":0");
	words_add(&words, "--log");
	words_add(&words, "json");
	if (lab->call) {
		words_add(&words, "--transcript");
		words_add(&words, "--workers"); /* one client at a time needs no more */
		words_add(&words, "1");
	}
	struct lab_server *server = &lab->servers[lab->servers_count];
	if (!process_start(lab->program, words.list, lab->folder, PROCESS_CAPTURE, &server->process,
		    reterr))
		return false;
	server->words = told;
	server->greeting = (struct buffer)BUFFER(GREETING_BYTES_MAX);
	lab->servers_count++;
	return true;
}

/* Its first lines, up to the event "ready"; one of them says where it listens. */
static must_check bool await_ready(struct lab_server *server, struct error *reterr)
{
	static const char start[] = "https://" WORDS_HOST ":";
	if (!lab_server_messages(server, "ready", 1, &server->greeting, reterr))
		return false;
	const char *url = strstr(server->greeting.data, start);
	if (!url)
		return error_set(reterr, ERROR_BUG, "%s does not say where it listens: %s",
			server->process.name, server->greeting.data);
	snprintf(server->url, sizeof server->url, "%.*s",
		(int)(strlen(start) + strspn(url + strlen(start), "0123456789")), url);
	return true;
}

static bool needs_server(const struct lab_run *run)
{
	return scenario_has_server(run->scenario) && run->scenario->way != WAY_OWN;
}

bool lab_serve(struct lab *lab, const struct lab_run *runs, size_t count, struct error *reterr)
{
	lab->servers = calloc(2 * count + 1, sizeof *lab->servers);
	if (!lab->servers)
		bug("out of memory");
	for (size_t i = 0; i < 2 * count; i++) {
		const struct lab_run *run = &runs[i / 2];
		bool other = i % 2;
		if ((other ? *run->scenario->other != NULL : needs_server(run)) &&
			!find_server(lab, run, other) && !start_server(lab, run, other, reterr))
			return false;
	}
	for (size_t i = 0; i < lab->servers_count; i++)
		if (!await_ready(&lab->servers[i], reterr))
			return false;
	return lab_later_prepare(lab, runs, count, reterr);
}

struct lab_server *lab_server_of(const struct lab *lab, const struct lab_run *run, bool other)
{
	struct lab_server *server = find_server(lab, run, other);
	if (!server)
		bug("no server was started for the scenario '%s'", scenario_name(run->scenario));
	return server;
}

static struct lab_server *server_of(const struct lab *lab, const struct lab_run *run)
{
	return lab_server_of(lab, run, false);
}

static int port_of(const struct lab_server *server)
{
	return atoi(strrchr(server->url, ':') + 1);
}

const char *lab_url(const struct lab *lab, const struct lab_run *run)
{
	return server_of(lab, run)->url;
}

const char *lab_greeting(const struct lab *lab, const struct lab_run *run)
{
	return server_of(lab, run)->greeting.data;
}

char *lab_server_line(const struct lab *lab, const struct lab_run *run)
{
	struct words words = words_of_server(run, false);
	if (needs_server(run)) {
		words_add(&words, "--listen");
		words_add(&words, lab_url(lab, run) + strlen("https://"));
	}
	return words_join(&words);
}

char *lab_client_line(const struct lab *lab, const struct lab_run *run)
{
	int port = needs_server(run) ? port_of(server_of(lab, run)) : 8443;
	OWN(char) char *url = words_url(run->scenario, port);
	OWN(char) char *resolve = words_resolution(run->scenario, port);
	struct words words = words_of_client(run, url, resolve);
	return words_join(&words);
}

/* ---- Runs ---- */

bool lab_server_record(struct lab_server *server, bool transcript, struct lab_report *ret,
	json_t **ret_messages, struct error *reterr)
{
	bool done = false;
	while (!done) {
		OWN(json_t) json_t *record = NULL;
		const char *event;
		if (!next_record(server, &record, &event, reterr))
			return !process_interrupted;
		done = report_from_server(record, ret) && !transcript;
		if (transcript && !strcmp(event, "transcript")) {
			*ret_messages = json_incref(json_object_get(record, "messages"));
			done = true;
		}
	}
	return true;
}

bool lab_messages(struct lab *lab, const struct lab_run *run, const char *event, int count,
	struct buffer *ret, struct error *reterr)
{
	return lab_server_messages(server_of(lab, run), event, count, ret, reterr);
}

/* Runs a process to its end; what it wrote is the caller's to stop and free. */
static must_check bool run_words(struct lab *lab, const struct words *words, struct process *ret,
	int *ret_exit, struct error *reterr)
{
	if (!process_start(lab->program, words->list, lab->folder, PROCESS_CAPTURE, ret, reterr))
		return false;
	if (process_finish(ret, ret_exit, reterr))
		return true;
	process_stop(ret);
	return false;
}

static must_check bool request_by_process(
	struct lab *lab, const struct words *words, json_t **ret_answer, struct error *reterr)
{
	struct process client;
	int code;
	if (!run_words(lab, words, &client, &code, reterr))
		return false;
	*ret_answer = client.out.length ? json_loads(client.out.data, 0, NULL) : NULL;
	process_stop(&client);
	return true;
}

static must_check bool request(struct lab *lab, const struct lab_run *run, int port,
	struct lab_observation *ret, struct error *reterr)
{
	OWN(char) char *url = words_url(run->scenario, port);
	OWN(char) char *resolve = words_resolution(run->scenario, port);
	OWN(json_t) json_t *answer = NULL;
	struct words words = words_of_client(run, url, resolve);
	words_add(&words, "--json");
	if (lab->call)
		answer = lab->call(words.list + 2);
	else if (!request_by_process(lab, &words, &answer, reterr))
		return false;
	report_from_client(answer, &ret->client);
	ret->messages = json_incref(json_object_get(json_object_get(answer, "tls"), "messages"));
	return true;
}

/* The server is given its configuration as the client is, and must refuse it by itself, too. */
static must_check bool own_server(struct lab *lab, const struct lab_run *run,
	struct lab_observation *ret, struct error *reterr)
{
	struct words words = words_of_server(run, false);
	struct process server;
	int code;
	words_add(&words, "--listen");
	words_add(&words, WORDS_HOST ":0");
	if (!run_words(lab, &words, &server, &code, reterr))
		return false;
	report_from_failure(server.err.data, code, &ret->server);
	process_stop(&server);
	return true;
}

static must_check bool request_of_stranger(struct lab *lab, const struct lab_run *run,
	struct lab_observation *ret, struct error *reterr)
{
	static const enum stranger_kind kinds[] = { [WAY_HTTP_SERVER] = STRANGER_HTTP,
		[WAY_SERVER_LEAVES] = STRANGER_CLOSES,
		[WAY_NOBODY] = STRANGER_ABSENT };
	OWN(stranger) struct stranger *stranger = NULL;
	return stranger_serve(kinds[run->scenario->way], &stranger, reterr) &&
	       request(lab, run, stranger_port(stranger), ret, reterr);
}

static must_check bool plain_http(
	struct lab_server *server, struct lab_observation *ret, struct error *reterr)
{
	ret->client = (struct lab_report){ .present = true, .refused = SIDE_SERVER, .alert = -1 };
	return stranger_plain_http((uint16_t)port_of(server), &ret->client.http_status, reterr);
}

static must_check bool act(struct lab *lab, const struct lab_run *run, struct lab_observation *ret,
	struct error *reterr)
{
	switch (run->scenario->way) {
	case WAY_REQUEST:
		return request(lab, run, port_of(server_of(lab, run)), ret, reterr);
	case WAY_OWN:
		return request(lab, run, 1, ret, reterr) && own_server(lab, run, ret, reterr);
	case WAY_PLAIN_HTTP:
		return plain_http(server_of(lab, run), ret, reterr);
	case WAY_CLIENT_LEAVES:
		return stranger_leaves((uint16_t)port_of(server_of(lab, run)), reterr);
	case WAY_RESUMES:
	case WAY_STAYS:
		return lab_later_run(lab, run, ret, reterr);
	case WAY_HTTP_SERVER:
	case WAY_SERVER_LEAVES:
	case WAY_NOBODY:
		return request_of_stranger(lab, run, ret, reterr);
	}
	return true;
}

bool lab_run(struct lab *lab, const struct lab_run *run, struct lab_observation *ret,
	struct error *reterr)
{
	struct lab_observation seen = { .version = run->version, .stack = run->stack };
	OWN(json_t) json_t *server = NULL;
	bool ok = act(lab, run, &seen, reterr) &&
		  (!needs_server(run) || lab_server_record(server_of(lab, run), lab->call != NULL,
						 &seen.server, &server, reterr));
	OWN(json_t) json_t *client = seen.messages;
	seen.messages = ok ? draw_merge(client, server) : NULL;
	if (ok)
		*ret = seen;
	return ok;
}
