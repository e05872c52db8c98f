/*
 * A client is tried like this: a server of ours listens with the scenario's certificate, the
 * command is run to its end, and the server says whether a request came. What the command says
 * itself is not asked: many exit with 0 after all kinds of things.
 */
#include "lab/audit_client.h"

#include "lab/audit_listener.h"
#include "lab/certificates.h"
#include "lab/process.h"
#include "lab/scenario.h"

#include <stdio.h>

#define WORDS_MAX 256
#define PLACES 7
#define SERVER_CRL "lab/server-revoked.crl"

struct audit_client {
	struct audit_client_options options;
	bool accepts[2]; /* TLS 1.2, 1.3: it sent a request to a good server */
	char why[2][LAB_TEXT_BYTES];
	bool uses_crl;
	struct lab_minted *minted;
};

/* ---- The command ---- */

struct place {
	const char *name;
	char *value;
};

static bool mentions(const char *const *words, const char *what)
{
	while (*words)
		if (strstr(*words++, what))
			return true;
	return false;
}

/* One word with its places filled in; the caller's. */
static char *fill_in(const char *word, const struct place *places)
{
	char *text = text_copy("");
	while (*word) {
		const char *value = NULL;
		size_t bytes = 1;
		for (size_t i = 0; i < PLACES && !value; i++)
			if (!strncmp(word, places[i].name, strlen(places[i].name))) {
				value = places[i].value;
				bytes = strlen(places[i].name);
			}
		OWN(char) char *before = text;
		text = text_format(
			"%s%.*s", before, value ? (int)strlen(value) : 1, value ? value : word);
		word += bytes;
	}
	return text;
}

static char *path_of(const struct audit_client *audit, const char *file)
{
	return text_format("%s/%s", audit->options.folder, file);
}

/* Runs it against that port. What it prints is thrown away: the server is who tells. */
static must_check bool run_command(const struct audit_client *audit, uint16_t port,
	bool *ret_out_of_time, struct error *reterr)
{
	struct place places[PLACES] = { { "{url}", text_format("https://localhost:%d/", port) },
		{ "{host}", text_copy("localhost") }, { "{port}", text_format("%d", port) },
		{ "{ca}", path_of(audit, "certs/ca.crt") },
		{ "{cert}", path_of(audit, "certs/client.crt") },
		{ "{key}", path_of(audit, "certs/client.key") },
		{ "{crl}", path_of(audit, SERVER_CRL) } };
	char *words[WORDS_MAX + 1] = { NULL };
	const char *argv[WORDS_MAX + 1] = { NULL };
	struct process process;
	for (size_t i = 0; audit->options.command[i] && i < WORDS_MAX; i++)
		argv[i] = words[i] = fill_in(audit->options.command[i], places);
	bool ok = process_start(argv[0], argv, ".", PROCESS_CAPTURE, &process, reterr);
	if (ok) {
		int code;
		process.wait_ms = audit->options.ms_max;
		/* Too slow is a thing that a client may be; interrupted is the end of it all. */
		*ret_out_of_time = !process_finish(&process, &code, reterr);
		ok = !*ret_out_of_time || !process_interrupted;
		process_stop(&process);
	}
	for (size_t i = 0; i < PLACES; i++)
		free(places[i].value);
	for (size_t i = 0; i < WORDS_MAX; i++)
		free(words[i]);
	return ok;
}

/* ---- One server ---- */

static must_check bool mint(
	const struct audit_client *audit, const char *name, struct error *reterr)
{
	bool made; /* always: the CA is our own */
	return lab_minted_add(audit->minted, name, audit->options.folder, &made, reterr);
}

static must_check bool mint_crl(const struct audit_client *audit, struct error *reterr)
{
	OWN(buffer) struct buffer crl = BUFFER(FILE_INPUT_BYTES_MAX);
	OWN(char) char *path = path_of(audit, SERVER_CRL);
	const char *what;
	return mint(audit, "lab/server-revoked", reterr) &&
	       lab_minted_file(audit->minted, SERVER_CRL, &crl, &what, reterr) &&
	       file_write(path, FILE_PUBLIC, crl.data, crl.length, reterr);
}

static must_check bool visit(const struct audit_client *audit, const char *name,
	enum tls_version version, struct audit_visit *ret, struct error *reterr)
{
	OWN(char) char *cert = text_format("%s/%s.crt", audit->options.folder, name);
	OWN(char) char *key = text_format("%s/%s.key", audit->options.folder, name);
	struct audit_listener *listener;
	bool out_of_time = false;
	if (!mint(audit, name, reterr) ||
		!audit_listener_new(cert, key, version, &listener, reterr))
		return false;
	bool ok = run_command(audit, audit_listener_port(listener), &out_of_time, reterr);
	audit_listener_end(listener, ret);
	ret->out_of_time = out_of_time;
	return ok;
}

bool audit_client_new(
	const struct audit_client_options *options, struct audit_client **ret, struct error *reterr)
{
	size_t words = 0;
	while (options->command[words])
		words++;
	if (words > WORDS_MAX)
		return error_set(
			reterr, ERROR_USAGE, "the command has more than %d words", WORDS_MAX);
	if (!mentions(options->command, "{url}") && !mentions(options->command, "{port}")) {
		error_set(reterr, ERROR_USAGE, "nothing in the command says where the server is");
		return error_hint(reterr, "write {url}, or {host} and {port}, where it stands");
	}
	OWN(audit_client) struct audit_client *audit = calloc(1, sizeof *audit);
	if (!audit)
		bug("out of memory");
	audit->options = *options;
	audit->uses_crl = mentions(options->command, "{crl}");
	audit->minted = lab_minted_under(NULL, NULL);
	if (!mint(audit, "certs/ca", reterr) || !mint(audit, "certs/client", reterr) ||
		(audit->uses_crl && !mint_crl(audit, reterr)))
		return false;
	*ret = TAKE(audit);
	return true;
}

void audit_client_free(struct audit_client *audit)
{
	if (!audit)
		return;
	lab_minted_free(audit->minted);
	free(audit);
}

static void skip(struct audit_result *result, const char *why)
{
	result->verdict = AUDIT_NOT_RUN;
	snprintf(result->seen, sizeof result->seen, "%s", why);
}

bool audit_client_begin(
	struct audit_client *audit, const struct audit_results *plan, struct error *reterr)
{
	bool accepted = false;
	struct audit_result result = { 0 };
	for (size_t i = 0; i < plan->count; i++) {
		enum tls_version version = plan->list[i].version;
		size_t column = version == TLS_1_3;
		struct audit_visit seen;
		if (audit->accepts[column] || *audit->why[column])
			continue;
		if (!visit(audit, "certs/server", version, &seen, reterr))
			return false;
		audit_judge_client(&seen, -1, &result);
		audit->accepts[column] = result.verdict == AUDIT_ACCEPTED;
		snprintf(audit->why[column], sizeof audit->why[column],
			"a good server is not asked on TLS %s: %.100s", audit_version_name(version),
			result.seen);
		accepted = accepted || audit->accepts[column];
	}
	if (accepted || !plan->count)
		return true;
	error_set(reterr, ERROR_CHECK,
		"%s sends no request to a good server, so that nothing is proven: %s",
		audit->options.command[0], result.seen);
	return error_hint(reterr, "the CA to trust is {ca}: --cacert {ca} for curl; the client "
				  "must send something");
}

bool audit_client_run(struct audit_client *audit, struct audit_result *result, struct error *reterr)
{
	const struct scenario *scenario = result->scenario;
	size_t column = result->version == TLS_1_3;
	uint64_t began = clock_monotonic_ms();
	struct audit_visit seen;
	if (!audit->accepts[column]) {
		skip(result, audit->why[column]);
		return true;
	}
	if (audit_needs_crl(scenario) && !audit->uses_crl) {
		skip(result, "needs {crl} in the command, the CRL that lists the server");
		return true;
	}
	/* The first word is --cert: see audit_is_about_server. */
	const char *file = scenario->server[1];
	OWN(char) char *name = text_format("%.*s", (int)(strrchr(file, '.') - file), file);
	if (!visit(audit, name, result->version, &seen, reterr))
		return false;
	audit_judge_client(
		&seen, scenario_expected(scenario, result->version, false).alert, result);
	result->ms = clock_monotonic_ms() - began;
	return true;
}
