/* Every line that a server logs, as text and as JSON. */
#include "server/record.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

#define LINE_BYTES_MAX ((size_t)64 << 10)
/* Every line begins with it. */
#define PREFIX "[SERVER] "
/* What all else takes in a line about a request: an address, a status, and words of ours. */
#define REQUEST_BYTES_MAX ((size_t)256 + NET_HOST_BYTES)

void record_line(const struct log *log, enum log_level level, const char *event, json_t *fields,
	const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	log_event_list(log, level, event, fields, PREFIX, format, arguments);
	va_end(arguments);
}

/* A line that grows member by member: " | name=value" as text, and the member of the record. */
struct line {
	struct buffer text;
	json_t *fields;
};

__attribute__((format(printf, 2, 3))) static void add_text(
	struct line *line, const char *format, ...)
{
	struct error ignored; /* what does not fit is cut: the record holds it all */
	char text[ERROR_TEXT_BYTES + 64];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (!buffer_text(&line->text, text, &ignored))
		return;
}

/* As text: a name that holds " | code=..." must not look like a member of the line. */
static void add_value(struct line *line, const char *value)
{
	const char *bar;
	for (; (bar = strstr(value, " | ")); value = bar + 2)
		add_text(line, "%.*s \\x7c", (int)(bar - value), value);
	add_text(line, "%s", value);
}

/* Text that is there; what is from the peer has been escaped where it came in. */
static void add(struct line *line, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	add_text(line, " | %s=", name);
	add_value(line, value);
	json_object_set_new(line->fields, name, json_string(value));
}

static void add_number(struct line *line, const char *name, long long value)
{
	add_text(line, " | %s=%lld", name, value);
	json_object_set_new(line->fields, name, json_integer(value));
}

static void add_alert(struct line *line, const char *name, int alert)
{
	if (alert < 0)
		return;
	add_text(line, " | %s=%d %s", name, alert, tls_alert_name(alert));
	json_object_set_new(line->fields, name, tls_alert_json(alert));
}

/* Who ended the handshake: we, the client, or nobody on purpose. */
static const char *refused_by(const struct error *why)
{
	if (why->kind == ERROR_REFUSED_BY_US)
		return "server";
	return why->kind == ERROR_REFUSED_BY_PEER ? "client" : "nobody";
}

void record_failure(struct worker *worker, const struct net_peer *peer,
	const struct tls_outcome *outcome, const struct error *why)
{
	char address[NET_ADDRESS_BYTES];
	struct line line = { .text = BUFFER(LINE_BYTES_MAX), .fields = json_object() };
	const struct verify_result *refused = outcome->refused;
	counts_failure(&worker->counts, why->code, outcome->version);
	add(&line, "peer", net_peer_format(peer, address));
	add(&line, "code", why->code == CODE_NONE ? "unknown" : code_name(why->code));
	add(&line, "refused-by", refused_by(why));
	add_alert(&line, "alert-sent", outcome->alert_sent);
	add_alert(&line, "alert-received", outcome->alert_received);
	if (refused)
		add_number(&line, "x509-error", refused->x509_error);
	if (outcome->peer_certificate && refused && refused->depth >= 0) {
		add_number(&line, "depth", refused->depth);
		add(&line, "subject", refused->subject);
		add(&line, "issuer", refused->issuer);
		add(&line, "serial", refused->serial);
	}
	add(&line, "sni", outcome->sni);
	add(&line, "version", outcome->version);
	add(&line, "why", why->text);
	add(&line, "hint", error_advice(why));
	record_line(&worker->settings->log, LOG_WARNING, "handshake-failed", line.fields,
		"HANDSHAKE FAILED%s", line.text.data);
	buffer_done(&line.text);
}

void record_transcript(
	struct worker *worker, const struct net_peer *peer, const struct tls_connection *tls)
{
	const struct tls_transcript *transcript = tls_connection_transcript(tls);
	char address[NET_ADDRESS_BYTES];
	if (!transcript || !worker->settings->log_transcripts)
		return;
	struct line line = { .text = BUFFER(LINE_BYTES_MAX), .fields = json_object() };
	add(&line, "peer", net_peer_format(peer, address));
	add_number(&line, "messages", (long long)(transcript->count + transcript->left_out));
	json_object_set_new(line.fields, "messages", tls_transcript_json(transcript, true));
	record_line(&worker->settings->log, LOG_INFO, "transcript", line.fields, "TRANSCRIPT%s",
		line.text.data);
	buffer_done(&line.text);
}

void record_broken(struct worker *worker, const struct net_peer *peer, const struct error *why)
{
	char address[NET_ADDRESS_BYTES];
	struct line line = { .text = BUFFER(LINE_BYTES_MAX), .fields = json_object() };
	add(&line, "peer", net_peer_format(peer, address));
	add(&line, "why", why->text);
	record_line(&worker->settings->log, LOG_INFO, "connection-failed", line.fields,
		"CONNECTION FAILED%s", line.text.data);
	buffer_done(&line.text);
}

void record_ended(struct worker *worker, const struct net_peer *peer,
	const struct identity *identity, enum code code)
{
	char address[NET_ADDRESS_BYTES];
	struct line line = { .text = BUFFER(LINE_BYTES_MAX), .fields = json_object() };
	add(&line, "peer", net_peer_format(peer, address));
	add(&line, "client", identity ? identity->common_name : NULL);
	add(&line, "serial", identity ? identity->serial : NULL);
	add(&line, "code", code_name(code));
	add(&line, "why", code_info(code)->text);
	record_line(&worker->settings->log, LOG_INFO, "connection-ended", line.fields,
		"CONNECTION ENDED%s", line.text.data);
	buffer_done(&line.text);
}

/*
 * A request line cannot break out of its quotes: targets are printable, but may hold one. NULL when
 * this one holds none.
 */
static char *quoted_target(const char *target)
{
	if (!strpbrk(target, "\"\\"))
		return NULL;
	size_t bytes = strlen(target);
	char *quoted = malloc(bytes * 4 + 1), *to = quoted;
	if (!quoted)
		bug("out of memory for a log line");
	for (const char *from = target; *from; from++)
		if (*from == '"' || *from == '\\')
			to += sprintf(to, "\\x%02x", *from);
		else
			*to++ = *from;
	*to = 0;
	return quoted;
}

static void record_refused(
	const struct log *log, const struct record_request *what, const char *shown_name)
{
	const struct record_refusal *refusal = what->refusal;
	const char *code = refusal->code == CODE_NONE ? NULL : code_name(refusal->code);
	json_t *fields = NULL;
	if (log->json)
		fields = json_pack("{s:s, s:s?, s:s?, s:s?, s:s, s:s?, s:s?, s:s*}", "peer",
			what->peer->host, "client",
			what->identity ? what->identity->common_name : NULL, "code", code, "rule",
			refusal->rule, "why", refusal->text, "method",
			what->request ? what->request->method : NULL, "target",
			what->request ? what->request->target : NULL, "id", what->id);
	record_line(log, LOG_INFO, code ? code : "refused", fields, "REFUSED | CN=%s | %s%s%s",
		shown_name, refusal->text, code ? " | code=" : "", code ? code : "");
}

static const char *version_text(const struct http_request *request)
{
	switch (request->version) {
	case HTTP_1_0:
		return "HTTP/1.0";
	case HTTP_1_1:
		return "HTTP/1.1";
	default:
		return "HTTP/2.0";
	}
}

/* Room for a line that is put together from pieces. */
static char *line_room(struct worker *worker, size_t bytes)
{
	ERROR_UNFILLED struct error error;
	char *room;
	worker->line.length = 0;
	if (!buffer_reserve(&worker->line, bytes, &room, &error))
		bug("a line of the log: %s", error.text);
	return room;
}

/* What was put there up to `end` is a line. */
static void put_line(
	const struct worker *worker, const char *event, json_t *fields, const char *end)
{
	const char *line = worker->line.data;
	log_line(&worker->settings->log, LOG_INFO, event, fields, line, (size_t)(end - line));
}

/* One for each line that a handler has to say. */
static void record_lines(struct worker *worker, const struct record_request *what, const char *name)
{
	const struct log *log = &worker->settings->log;
	size_t count = 0;
	const struct exchange_line *lines =
		what->exchange ? exchange_lines(what->exchange, &count) : NULL;
	for (size_t i = 0; i < count; i++) {
		json_t *fields = NULL;
		if (log->json)
			fields = json_pack("{s:s, s:s?, s:s*}", "peer", what->peer->host, "client",
				name, "id", what->id);
		char *to = TEXT_PUT(line_room(worker, sizeof PREFIX + lines[i].bytes), PREFIX);
		put_line(worker, lines[i].event, fields,
			text_put(to, lines[i].text, lines[i].bytes));
	}
}

/* "-" in place of a line that could not be read. */
static char *put_request_line(char *to, const struct http_request *request, const char *target)
{
	if (!request)
		return TEXT_PUT(to, "-");
	to = stpcpy(to, request->method);
	*to++ = ' ';
	to = stpcpy(to, target);
	*to++ = ' ';
	return stpcpy(to, version_text(request));
}

static json_t *request_fields(
	const struct record_request *what, const char *name, const char *request_line)
{
	return json_pack("{s:s, s:i, s:s?, s:s?, s:s, s:i, s:s*}", "peer", what->peer->host, "port",
		what->peer->port, "client", name, "serial",
		what->identity ? what->identity->serial : NULL, "request", request_line, "status",
		what->status, "id", what->id);
}

void record_request(struct worker *worker, const struct record_request *what)
{
	const struct log *log = &worker->settings->log;
	const struct http_request *request = what->request;
	const char *name = what->identity ? what->identity->common_name : NULL;
	if (worker->settings->log_failed_only && what->status < 400)
		return;
	OWN(client_shown)
	struct client_shown *made = what->shown ? NULL : client_shown_new(what->identity);
	const struct client_shown *shown = made ? made : what->shown;
	OWN(char) char *quoted = request ? quoted_target(request->target) : NULL;
	const char *target = quoted ? quoted : request ? request->target : "";
	char status[TEXT_DECIMAL_BYTES];
	size_t room = REQUEST_BYTES_MAX + shown->repr_bytes + strlen(target) +
		      (request ? strlen(request->method) : 0);
	char *to = TEXT_PUT(line_room(worker, room), PREFIX "REQUEST | peer=");
	to = stpcpy(to, what->peer->host);
	to = text_put(TEXT_PUT(to, " | cert-CN="), shown->repr, shown->repr_bytes);
	char *request_line = TEXT_PUT(to, " | \"");
	to = put_request_line(request_line, request, target);
	json_t *fields = NULL;
	if (log->json) {
		*to = 0;
		fields = request_fields(what, name, request_line);
	}
	to = stpcpy(TEXT_PUT(to, "\" "), text_decimal((uint64_t)what->status, status));
	put_line(worker, "request", fields, TEXT_PUT(to, " -"));
	if (what->refusal)
		record_refused(log, what, shown->repr);
	record_lines(worker, what, name);
}

void record_expiry(const struct log *log, const struct end *end, enum expiry_stage stage,
	long long crl_grace_s, time_t now)
{
	static const struct {
		enum code soon, over;
	} codes[] = {
		[END_CERTIFICATE] = { CODE_EXPIRES_SOON, CODE_SERVER_EXPIRED },
		[END_ANCHOR] = { CODE_EXPIRES_SOON, CODE_CA_EXPIRED },
		[END_CRL] = { CODE_CRL_EXPIRES_SOON, CODE_CRL_EXPIRED },
	};
	struct line line = { .text = BUFFER(LINE_BYTES_MAX), .fields = json_object() };
	char at[CLOCK_RFC3339_BYTES];
	enum code code = stage < EXPIRY_GRACE ? codes[end->kind].soon : codes[end->kind].over;
	OWN(char) char *sentence = expiry_sentence(end, stage, crl_grace_s, now);
	add(&line, end->kind == END_CRL ? "issuer" : "subject", end->name);
	add(&line, "serial", end->serial);
	add(&line, "until", clock_rfc3339(end->until, at));
	add(&line, "code", code_name(code));
	add(&line, "hint", code_info(code)->hint);
	record_line(log, stage == EXPIRY_OVER ? LOG_ERROR : LOG_WARNING, code_name(code),
		line.fields, "WARNING: %s%s", sentence, line.text.data);
	buffer_done(&line.text);
}

void record_stopping(const struct settings *settings)
{
	record_line(&settings->log, LOG_INFO, "stopping", NULL,
		"Stopping (%s): %lld connections open",
		settings->stopped_by == SIGINT ? "Ctrl+C" : "SIGTERM", settings->stopped_open);
}

void record_shed(const struct log *log, enum shed shed, const struct unsaid *what)
{
	struct line line = { .text = BUFFER(LINE_BYTES_MAX), .fields = json_object() };
	const struct code_info *code = code_info(counts_shed_codes[shed]);
	char peer[NET_ADDRESS_BYTES];
	add_number(&line, "closed", (long long)what->closed);
	add(&line, "peer", net_peer_format(&what->peer, peer));
	add(&line, "code", code->name);
	add(&line, "why", what->why);
	add(&line, "hint", code->hint);
	record_line(log, LOG_WARNING, "shed", line.fields, "SHED%s", line.text.data);
	buffer_done(&line.text);
}

void record_summary(const struct log *log, const struct counts *total)
{
	unsigned long long shed = 0;
	struct line line = { .text = BUFFER(LINE_BYTES_MAX), .fields = json_object() };
	add_number(&line, "connections", (long long)total->connections);
	add_number(&line, "handshakes", (long long)total->handshakes);
	add_number(&line, "requests", (long long)total->requests);
	for (size_t i = SHED_NONE + 1; i < SHED_KINDS; i++)
		shed += count_read(&total->shed[i]);
	if (shed)
		add_number(&line, "shed", (long long)shed);
	for (size_t i = SHED_NONE + 1; i < SHED_KINDS; i++)
		if (count_read(&total->shed[i]))
			add_number(&line, code_name(counts_shed_codes[i]),
				(long long)count_read(&total->shed[i]));
	for (int i = CODE_NONE; i < CODE_COUNT; i++)
		if (counts_failed(total, (enum code)i))
			add_number(&line, i == CODE_NONE ? "unknown" : code_name((enum code)i),
				(long long)counts_failed(total, (enum code)i));
	record_line(log, LOG_INFO, "summary", line.fields, "STOPPED%s", line.text.data);
	buffer_done(&line.text);
}
