/* A handshake over a plain socket: what the server says is kept, whether or not it succeeds. */
#include "client/probe.h"

#include "client/url.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

#define PORT_DEFAULT 443

/* ---- Where to ---- */

static bool split_authority(const char *text, size_t bytes, struct net_address *ret)
{
	long long port = PORT_DEFAULT;
	OWN(char) char *host = text_format("%.*s", (int)bytes, text);
	char *end = *host == '[' ? strchr(host, ']') : NULL;
	char *colon = end ? end + 1 : strrchr(host, ':');
	if (*host == '[' && (!end || (*colon && *colon != ':')))
		return false;
	if (end && !*colon)
		colon = NULL;
	if (colon && !end && strchr(host, ':') != colon)
		colon = NULL; /* an IPv6 address without brackets */
	if (colon && !text_number(colon + 1, 1, 65535, &port))
		return false;
	if (colon)
		*colon = 0;
	if (end)
		*end = 0;
	const char *bare = host + (end != NULL);
	if (!*bare || strlen(bare) >= sizeof ret->host || strpbrk(bare, " @/"))
		return false;
	snprintf(ret->host, sizeof ret->host, "%s", bare);
	ret->port = (uint16_t)port;
	return true;
}

bool target_parse(const char *url, const char *name, struct target *ret, struct error *reterr)
{
	OWN(char) char *full = url_full(url);
	const char *rest = full + strlen("https://");
	struct net_address address = { .port = PORT_DEFAULT };
	if (strncasecmp(full, "https://", strlen("https://")) != 0) {
		error_code(reterr, ERROR_USAGE,
			strncasecmp(url, "http://", 7) ? CODE_NONE : CODE_PLAIN_HTTP,
			"the URL '%s' is not https://", url);
		return error_hint(reterr, "mutual TLS needs https://");
	}
	size_t bytes = strcspn(rest, "/?#");
	if (!split_authority(rest, bytes, &address))
		return error_set(reterr, ERROR_USAGE, "'%s' is no URL", url);
	if (name && !verify_name_check(name, reterr))
		return false;
	bool number = name_is_address(address.host);
	size_t length = strlen(address.host);
	if (length > 1 && address.host[length - 1] == '.')
		address.host[length - 1] = 0;
	ret->address = address;
	ret->path = text_format("%s%.*s", rest[bytes] == '/' ? "" : "/",
		(int)strcspn(rest + bytes, "#"), rest + bytes);
	ret->name =
		name ? text_copy(name) : text_format("%s:%s", number ? "IP" : "DNS", address.host);
	if (name && !strncmp(name, "DNS:", 4))
		ret->sni = text_copy(name + 4);
	else if (!number)
		ret->sni = text_copy(address.host);
	return true;
}

void target_done(struct target *target)
{
	free(target->path);
	free(target->name);
	free(target->sni);
}

/* ---- One connection ---- */

void probe_done(struct probe *probe)
{
	tls_peer_done(&probe->peer);
	tls_outcome_done(&probe->outcome);
	tls_session_free(probe->session);
	buffer_done(&probe->response);
}

struct line {
	struct net_dial *dial;
	struct tls_connection *tls;
	uint64_t until;
	struct probe *probe;
	bool deaf; /* the peer takes no more; what it said before may still be read */
};

static unsigned left(const struct line *line)
{
	uint64_t now = clock_monotonic_ms();
	return now < line->until ? (unsigned)(line->until - now) : 0;
}

static void flush(struct line *line)
{
	size_t count;
	const void *bytes = tls_connection_output(line->tls, &count);
	if (count && !line->deaf)
		line->deaf = !net_dial_send(line->dial, bytes, count, left(line));
	tls_connection_sent(line->tls, count);
}

/* More of the peer's bytes into TLS. */
static enum tls_status feed(struct line *line)
{
	char bytes[16384];
	size_t count;
	struct error *error = &line->probe->error;
	flush(line);
	if (!net_dial_receive(line->dial, bytes, sizeof bytes, left(line), &count))
		return tls_connection_end(line->tls, errno, error);
	if (!count)
		return tls_connection_end(line->tls, 0, error);
	return tls_connection_input(line->tls, bytes, count, error);
}

/* Whether the head is there and as much body as it promises. */
static bool is_whole(const struct buffer *response)
{
	const char *end = response->data ? strstr(response->data, "\r\n\r\n") : NULL;
	const char *length = end ? strcasestr(response->data, "\r\ncontent-length:") : NULL;
	if (!length || length > end)
		return false;
	unsigned long long bytes = strtoull(length + strlen("\r\ncontent-length:"), NULL, 10);
	return response->length >= (size_t)(end + 4 - response->data) + bytes;
}

/* Reads until the answer is whole, the peer refuses or leaves, or the time is over. */
static void listen(struct line *line)
{
	struct probe *probe = line->probe;
	struct error full;
	enum tls_status status = TLS_WANT_INPUT;
	while (!is_whole(&probe->response)) {
		char bytes[16384];
		size_t count;
		status = tls_connection_read(line->tls, bytes, sizeof bytes, &count, &probe->error);
		if (status == TLS_READY) {
			if (!buffer_append(&probe->response, bytes, count, &full))
				break; /* what there is room for says enough */
			continue;
		}
		if (status == TLS_WANT_INPUT)
			status = feed(line);
		if (status == TLS_FAILED || status == TLS_CLOSED)
			break;
	}
	/* A peer that answered and then broke off has answered. */
	probe->refused =
		status == TLS_FAILED &&
		(!probe->response.length || tls_connection_outcome(line->tls)->alert_received >= 0);
	/* Some servers (Node) let the handshake be and hang up on a certificate that they refuse.
	 */
	if (status == TLS_CLOSED && !probe->response.length) {
		error_code(&probe->error, ERROR_NETWORK, CODE_PEER_CLOSED,
			"the server closed the connection without an answer");
		probe->error.alert = -1;
		probe->refused = true;
	}
	if (probe->response.data)
		sscanf(probe->response.data, "HTTP/%*1[0-9].%*1[0-9] %3d", &probe->status);
}

static void shake_hands(struct line *line)
{
	struct probe *probe = line->probe;
	enum tls_status status = tls_connection_input(line->tls, NULL, 0, &probe->error);
	while (status == TLS_WANT_INPUT)
		status = feed(line);
	flush(line);
	probe->finished = tls_connection_finished(line->tls);
	probe->refused = status == TLS_FAILED || !probe->finished;
}

static must_check bool say(struct line *line, const char *text)
{
	bool ok = tls_connection_write(line->tls, text, strlen(text), &line->probe->error);
	flush(line);
	return ok;
}

/* All of a request behind its first line. */
static char *request_rest(const struct target *target, const char *connection)
{
	return text_format("Host: %s\r\nUser-Agent: mtls/%s\r\nAccept: */*\r\n%s\r\n",
		target->sni ? target->sni : target->address.host, MTLS_VERSION, connection);
}

static void ask(
	struct line *line, const struct target *target, const char *path, const char *connection)
{
	OWN(char) char *rest = request_rest(target, connection);
	OWN(char) char *request = text_format("GET %s HTTP/1.1\r\n%s", path, rest);
	if (say(line, request))
		listen(line);
}

static void note(struct line *line)
{
	const struct tls_transcript *transcript = tls_connection_transcript(line->tls);
	tls_outcome_copy(tls_connection_outcome(line->tls), &line->probe->outcome);
	if (transcript)
		line->probe->peer.transcript = *transcript;
	if (!line->probe->refused)
		line->probe->error = (struct error){ .kind = ERROR_NONE, .alert = -1 };
}

static void hang_up(struct line *line)
{
	tls_connection_shutdown(line->tls);
	flush(line);
	note(line);
}

bool probe_run(const struct net_places *places, const struct target *target,
	const struct tls_options *options, const char *path, unsigned ms_max, struct probe *ret,
	struct error *reterr)
{
	return probe_resume(places, target, options, path, ms_max, NULL, ret, reterr);
}

static void begin(struct probe *probe)
{
	*probe = (struct probe){ .response = BUFFER(PROBE_RESPONSE_BYTES_MAX) };
	tls_outcome_init(&probe->outcome);
}

/* A TLS connection over the line's dial, with its handshake. */
static void connect_tls(
	struct line *line, const struct tls_context *context, const struct tls_session *session)
{
	struct probe *probe = line->probe;
	line->tls = tls_connection_new(context);
	probe->connected = true;
	snprintf(probe->address, sizeof probe->address, "%s", net_dial_address(line->dial));
	tls_connection_watch(line->tls, &probe->peer);
	if (session)
		tls_connection_resume(line->tls, session);
	shake_hands(line);
}

bool probe_resume(const struct net_places *places, const struct target *target,
	const struct tls_options *options, const char *path, unsigned ms_max,
	const struct tls_session *session, struct probe *ret, struct error *reterr)
{
	OWN(tls_context) struct tls_context *context = NULL;
	OWN(net_dial) struct net_dial *dial = NULL;
	uint64_t start = clock_monotonic_ms();
	begin(ret);
	if (!tls_context_new(options, &context, reterr))
		return false;
	if (net_dial(places, ms_max, &dial, &ret->error)) {
		struct line line = { .dial = dial, .until = start + ms_max, .probe = ret };
		connect_tls(&line, context, session);
		if (!ret->refused && path)
			ask(&line, target, path, "Connection: close\r\n");
		hang_up(&line);
		if (ret->finished)
			ret->session = tls_connection_session(line.tls);
		ret->peer.connection = NULL;
		tls_connection_free(line.tls);
	} else {
		ret->refused = true;
	}
	ret->ms = (unsigned)(clock_monotonic_ms() - start);
	return true;
}

/* ---- A connection that stays ---- */

struct probe_stay {
	struct tls_context *context;
	struct net_dial *dial;
	char *rest; /* of the second request */
	unsigned ms_max;
	struct line line;
	struct probe probe;
};

void probe_stay_free(struct probe_stay *stay)
{
	if (!stay)
		return;
	tls_connection_free(stay->line.tls);
	net_dial_close(stay->dial);
	tls_context_free(stay->context);
	probe_done(&stay->probe);
	free(stay->rest);
	free(stay);
}

bool probe_stay(const struct net_places *places, const struct target *target,
	const struct tls_options *options, unsigned ms_max, struct probe_stay **ret,
	struct error *reterr)
{
	OWN(probe_stay) struct probe_stay *stay = calloc(1, sizeof *stay);
	if (!stay)
		bug("out of memory");
	stay->rest = request_rest(target, "");
	stay->ms_max = ms_max;
	begin(&stay->probe);
	if (!tls_context_new(options, &stay->context, reterr) ||
		!net_dial(places, ms_max, &stay->dial, reterr))
		return false;
	stay->line = (struct line){
		.dial = stay->dial, .until = clock_monotonic_ms() + ms_max, .probe = &stay->probe
	};
	connect_tls(&stay->line, stay->context, NULL);
	if (!stay->probe.refused)
		ask(&stay->line, target, target->path, "");
	/* Between two requests it would be idle, and those the server may end on its own. */
	OWN(char) char *first = text_format("GET %s HTTP/1.1\r\n", target->path);
	if (!stay->probe.refused && !say(&stay->line, first))
		stay->probe.refused = true;
	note(&stay->line);
	*ret = TAKE(stay);
	return true;
}

const struct probe *probe_stay_seen(const struct probe_stay *stay)
{
	return &stay->probe;
}

void probe_stay_ask(struct probe_stay *stay)
{
	buffer_done(&stay->probe.response);
	stay->probe.response = (struct buffer)BUFFER(PROBE_RESPONSE_BYTES_MAX);
	stay->probe.status = 0;
	stay->line.until = clock_monotonic_ms() + stay->ms_max;
	if (say(&stay->line, stay->rest))
		listen(&stay->line);
	else
		stay->probe.refused = true;
	hang_up(&stay->line);
}
