/* Servers side by side, one client after the other, and their records read back as JSON. */
#include "lab/run.h"

#include "lab/draw.h"
#include "lab/report.h"
#include "lab/stranger.h"

#include <stdio.h>

#define HOST "127.0.0.1"
enum { WORDS_MAX = 28, URL_BYTES = 64, GREETING_BYTES_MAX = 65536 };

struct words {
	const char *list[WORDS_MAX + 1];
	size_t count;
};

/* Several runs share a server when they tell it the same. */
struct lab_server {
	struct words words; /* without those that say where it listens */
	struct process process;
	char url[URL_BYTES];
	struct buffer greeting; /* what it said when it started */
};

struct lab {
	char *folder, *program;
	lab_caller *call; /* NULL: a process of its own for each request */
	struct lab_server *servers;
	size_t servers_count;
};

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
	for (size_t i = 0; i < lab->servers_count; i++)
		stop_server(&lab->servers[i]);
	free(lab->servers);
	free(lab->folder);
	free(lab->program);
	free(lab);
}

/* ---- Words ---- */

static void add(struct words *words, const char *word)
{
	if (words->count == WORDS_MAX)
		bug("a scenario's command has more than %d words", WORDS_MAX);
	words->list[words->count++] = word;
}

static void add_all(struct words *words, const char *const *list)
{
	while (*list)
		add(words, *list++);
}

static size_t column(enum tls_version version)
{
	return version == TLS_1_3;
}

static void add_profile(struct words *words, const struct lab_run *run)
{
	if (!run->stack)
		return;
	add(words, "--profile");
	add(words, "openssl");
}

static struct words server_words(const struct lab_run *run)
{
	struct words words = { { "mtls", "serve" }, 2 };
	add_all(&words, run->scenario->server);
	add_profile(&words, run);
	const char *limit = run->scenario->server_tls[column(run->version)];
	if (limit) {
		add(&words, "--tls-min");
		add(&words, limit);
	}
	return words;
}

/* `url` and `resolve` (NULL: the address needs no help) are borrowed. */
static struct words client_words(const struct lab_run *run, const char *url, const char *resolve)
{
	struct words words = { { "mtls", "request", url }, 3 };
	add_all(&words, run->scenario->client);
	add_profile(&words, run);
	if (resolve) {
		add(&words, "--resolve");
		add(&words, resolve);
	}
	const char *only = run->scenario->client_tls[column(run->version)];
	const char *usual = run->version == TLS_1_3 ? "1.3" : "1.2";
	if (only || run->version == TLS_1_3) {
		add(&words, "--tls-min");
		add(&words, only ? only : usual);
	}
	if (only || run->version == TLS_1_2) {
		add(&words, "--tls-max");
		add(&words, only ? only : usual);
	}
	return words;
}

/* What the client is to ask for: the server by the name or address that the scenario is about. */
static char *request_url(const struct scenario *scenario, int port)
{
	return text_format("https://%s:%d/todo", scenario->host ? scenario->host : HOST, port);
}

/* A name that no resolver knows; NULL for one that every machine does. */
static char *resolution(const struct scenario *scenario, int port)
{
	if (!scenario->host || !strcmp(scenario->host, "localhost"))
		return NULL;
	return text_format("%s:%d:" HOST, scenario->host, port);
}

static char *join(const struct words *words)
{
	OWN(buffer) struct buffer text = BUFFER(4096);
	struct error error;
	for (size_t i = 0; i < words->count; i++)
		if (!buffer_format(&text, &error, "%s%s", i ? " " : "", words->list[i]))
			bug("%s", error.text);
	return text_copy(text.data);
}

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
	add_all(&all, words);
	struct process process;
	int code;
	if (!process_start(lab->program, all.list, lab->folder,
		    quiet ? PROCESS_CAPTURE : PROCESS_SHOW, &process, reterr))
		return false;
	bool ok = process_finish(&process, &code, reterr);
	if (ok && code != 0) {
		OWN(char) char *line = join(&all);
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

/* Appends the messages up to and with the nth record of that event. */
static must_check bool take_messages(struct lab_server *server, const char *event, int count,
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

static bool same_words(const struct words *a, const struct words *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->list[i], b->list[i]) != 0)
			return false;
	return true;
}

/* A server without a limit of its own serves both versions. */
static struct lab_server *find_server(const struct lab *lab, const struct lab_run *run)
{
	struct words words = server_words(run);
	for (size_t i = 0; i < lab->servers_count; i++)
		if (same_words(&lab->servers[i].words, &words))
			return &lab->servers[i];
	return NULL;
}

static must_check bool start_server(
	struct lab *lab, const struct lab_run *run, struct error *reterr)
{
	struct words words = server_words(run), told = words;
	add(&words, "--listen");
	add(&words, HOST ":0");
	add(&words, "--log");
	add(&words, "json");
	if (lab->call) {
		add(&words, "--transcript");
		add(&words, "--workers"); /* one client at a time needs no more */
		add(&words, "1");
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
	static const char start[] = "https://" HOST ":";
	if (!take_messages(server, "ready", 1, &server->greeting, reterr))
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
	lab->servers = calloc(count + 1, sizeof *lab->servers);
	if (!lab->servers)
		bug("out of memory");
	for (size_t i = 0; i < count; i++)
		if (needs_server(&runs[i]) && !find_server(lab, &runs[i]) &&
			!start_server(lab, &runs[i], reterr))
			return false;
	for (size_t i = 0; i < lab->servers_count; i++)
		if (!await_ready(&lab->servers[i], reterr))
			return false;
	return true;
}

static struct lab_server *server_of(const struct lab *lab, const struct lab_run *run)
{
	struct lab_server *server = find_server(lab, run);
	if (!server)
		bug("no server was started for the scenario '%s'", scenario_name(run->scenario));
	return server;
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
	struct words words = server_words(run);
	if (needs_server(run)) {
		add(&words, "--listen");
		add(&words, lab_url(lab, run) + strlen("https://"));
	}
	return join(&words);
}

char *lab_client_line(const struct lab *lab, const struct lab_run *run)
{
	int port = needs_server(run) ? port_of(server_of(lab, run)) : 8443;
	OWN(char) char *url = request_url(run->scenario, port);
	OWN(char) char *resolve = resolution(run->scenario, port);
	struct words words = client_words(run, url, resolve);
	return join(&words);
}

/* ---- Runs ---- */

/* A server that ends or falls silent has recorded nothing: that is an observation, too. */
static must_check bool server_record(struct lab_server *server, bool transcript,
	struct lab_report *ret, json_t **ret_messages, struct error *reterr)
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
	return take_messages(server_of(lab, run), event, count, ret, reterr);
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
	OWN(char) char *url = request_url(run->scenario, port);
	OWN(char) char *resolve = resolution(run->scenario, port);
	OWN(json_t) json_t *answer = NULL;
	struct words words = client_words(run, url, resolve);
	add(&words, "--json");
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
	struct words words = server_words(run);
	struct process server;
	int code;
	add(&words, "--listen");
	add(&words, HOST ":0");
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
		  (!needs_server(run) || server_record(server_of(lab, run), lab->call != NULL,
						 &seen.server, &server, reterr));
	OWN(json_t) json_t *client = seen.messages;
	seen.messages = ok ? draw_merge(client, server) : NULL;
	if (ok)
		*ret = seen;
	return ok;
}
