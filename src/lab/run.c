/* Servers side by side, one client after the other, and their records read back as JSON. */
#include "lab/run.h"

#include "lab/report.h"

#include <stdio.h>

#define HOST "127.0.0.1"
enum { WORDS_MAX = 24, URL_BYTES = 64, GREETING_BYTES_MAX = 65536 };

/* Several scenarios share a server when they tell it the same. */
struct lab_server {
	const struct scenario *scenario; /* the first of them */
	enum tls_version version;        /* matters only where the scenario limits the server */
	struct process process;
	char url[URL_BYTES];
	struct buffer greeting; /* what it said when it started */
};

struct lab {
	char *folder, *program;
	struct lab_server *servers;
	size_t servers_count;
};

bool lab_new(const char *folder, struct lab **ret, struct error *reterr)
{
	OWN(lab) struct lab *lab = calloc(1, sizeof *lab);
	if (!lab)
		bug("out of memory");
	lab->folder = text_copy(folder);
	lab->servers = calloc(scenarios_count * 2, sizeof *lab->servers);
	if (!lab->servers)
		bug("out of memory");
	if (!process_self(&lab->program, reterr))
		return false;
	*ret = TAKE(lab);
	return true;
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

struct words {
	const char *list[WORDS_MAX + 1];
	size_t count;
};

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

static struct words server_words(
	const struct scenario *scenario, enum tls_version version, const char *listen)
{
	struct words words = { { "mtls", "serve", "--listen", listen }, 4 };
	add_all(&words, scenario->server);
	const char *limit = scenario->server_tls[column(version)];
	if (limit) {
		add(&words, "--tls-min");
		add(&words, limit);
	}
	return words;
}

static struct words client_words(
	const struct scenario *scenario, enum tls_version version, const char *url)
{
	struct words words = { { "mtls", "request", url }, 3 };
	add_all(&words, scenario->client);
	const char *only = scenario->client_tls[column(version)];
	const char *usual = version == TLS_1_3 ? "1.3" : "1.2";
	if (only || version == TLS_1_3) {
		add(&words, "--tls-min");
		add(&words, only ? only : usual);
	}
	if (only || version == TLS_1_2) {
		add(&words, "--tls-max");
		add(&words, only ? only : usual);
	}
	return words;
}

/* What the client is to ask for: the server by the name or address that the scenario is about. */
static char *request_url(const struct scenario *scenario, const char *server_url)
{
	return text_format("https://%s:%s/todo", scenario->host ? scenario->host : HOST,
		strrchr(server_url, ':') + 1);
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

static bool same_server(const struct scenario *a, const struct scenario *b, size_t at)
{
	const char *limit_a = a->server_tls[at], *limit_b = b->server_tls[at];
	if (strcmp(limit_a ? limit_a : "", limit_b ? limit_b : "") != 0)
		return false;
	for (size_t i = 0; a->server[i] || b->server[i]; i++)
		if (!a->server[i] || !b->server[i] || strcmp(a->server[i], b->server[i]) != 0)
			return false;
	return true;
}

/* A server without a limit of its own serves both versions. */
static struct lab_server *find_server(
	const struct lab *lab, const struct scenario *scenario, enum tls_version version)
{
	for (size_t i = 0; i < lab->servers_count; i++) {
		struct lab_server *server = &lab->servers[i];
		bool limited = server->scenario->server_tls[column(server->version)] != NULL;
		if ((!limited || server->version == version) &&
			same_server(server->scenario, scenario, column(version)))
			return server;
	}
	return NULL;
}

static must_check bool start_server(struct lab *lab, const struct scenario *scenario,
	enum tls_version version, struct error *reterr)
{
	struct words words = server_words(scenario, version, HOST ":0");
	add(&words, "--log");
	add(&words, "json");
	struct lab_server *server = &lab->servers[lab->servers_count];
	if (!process_start(lab->program, words.list, lab->folder, PROCESS_CAPTURE, &server->process,
		    reterr))
		return false;
	server->scenario = scenario;
	server->version = version;
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

bool lab_serve(struct lab *lab, struct error *reterr)
{
	static const enum tls_version versions[] = { TLS_1_2, TLS_1_3 };
	for (size_t i = 0; i < scenarios_count; i++)
		for (size_t v = 0; v < 2; v++)
			if (!find_server(lab, &scenarios[i], versions[v]) &&
				!start_server(lab, &scenarios[i], versions[v], reterr))
				return false;
	for (size_t i = 0; i < lab->servers_count; i++)
		if (!await_ready(&lab->servers[i], reterr))
			return false;
	return true;
}

static struct lab_server *server_of(
	const struct lab *lab, const struct scenario *scenario, enum tls_version version)
{
	struct lab_server *server = find_server(lab, scenario, version);
	if (!server)
		bug("no server was started for the scenario '%s'", scenario_name(scenario));
	return server;
}

const char *lab_url(
	const struct lab *lab, const struct scenario *scenario, enum tls_version version)
{
	return server_of(lab, scenario, version)->url;
}

const char *lab_greeting(const struct lab *lab, const struct scenario *scenario)
{
	return server_of(lab, scenario, TLS_1_3)->greeting.data;
}

char *lab_server_line(
	const struct lab *lab, const struct scenario *scenario, enum tls_version version)
{
	const char *url = lab_url(lab, scenario, version);
	struct words words = server_words(scenario, version, url + strlen("https://"));
	return join(&words);
}

char *lab_client_line(
	const struct lab *lab, const struct scenario *scenario, enum tls_version version)
{
	OWN(char) char *url = request_url(scenario, lab_url(lab, scenario, version));
	struct words words = client_words(scenario, version, url);
	return join(&words);
}

/* ---- Runs ---- */

/* A server that ends or falls silent has recorded nothing: that is an observation, too. */
static must_check bool server_record(
	struct lab_server *server, struct lab_report *ret, struct error *reterr)
{
	for (;;) {
		OWN(json_t) json_t *record = NULL;
		const char *event;
		if (!next_record(server, &record, &event, reterr))
			return !process_interrupted;
		if (report_from_server(record, ret))
			return true;
	}
}

bool lab_messages(struct lab *lab, const struct scenario *scenario, const char *event, int count,
	struct buffer *ret, struct error *reterr)
{
	return take_messages(server_of(lab, scenario, TLS_1_3), event, count, ret, reterr);
}

bool lab_run(struct lab *lab, const struct scenario *scenario, enum tls_version version,
	struct lab_observation *ret, struct error *reterr)
{
	struct lab_server *server = server_of(lab, scenario, version);
	OWN(char) char *url = request_url(scenario, server->url);
	struct words words = client_words(scenario, version, url);
	add(&words, "--json");
	struct lab_observation seen = { .version = version };
	struct process client;
	int code;
	if (!process_start(lab->program, words.list, lab->folder, PROCESS_CAPTURE, &client, reterr))
		return false;
	bool ok = process_finish(&client, &code, reterr);
	OWN(json_t) json_t *answer =
		ok && client.out.length ? json_loads(client.out.data, 0, NULL) : NULL;
	process_stop(&client);
	if (!ok)
		return false;
	report_from_client(answer, &seen.client);
	if (!server_record(server, &seen.server, reterr))
		return false;
	*ret = seen;
	return true;
}
