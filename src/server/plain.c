/* A request, its answer, and the end; few callers at a time, each for a few seconds at most. */
#include "server/plain.h"

#include "server/routes.h"

#include <stdio.h>

#define CALLERS_MAX 16
/* From the connection to its end, whatever happens in between. */
#define CALL_MS_MAX 10000
#define AFTER_BYTES_MAX ((size_t)64 << 10)
#define ANSWER_BYTES_MAX ((size_t)8 << 20)
#define UNIX "unix:"

struct caller {
	struct plain *plain;
	struct net_stream *stream; /* NULL: this place is free */
	struct net_timer *timer;
	struct h1 *h1;
	bool answered;
	size_t after; /* bytes that came behind the request */
};

struct plain {
	struct net_loop *loop;
	plain_answer *answer;
	void *context;
	struct net_listener *listener;
	char *address;
	struct caller callers[CALLERS_MAX];
};

/* Small: who asks here has no reason to send more. */
static const struct http_limits limits = { .target_bytes_max = 1024,
	.header_line_bytes_max = 4096,
	.header_bytes_max = 8192,
	.headers_max = 64,
	.body_bytes_max = 0 };

static void hang_up(struct caller *caller)
{
	net_stream_close(TAKE(caller->stream));
	net_timer_free(TAKE(caller->timer));
	h1_free(TAKE(caller->h1));
}

static void timed_out(void *context)
{
	hang_up(context);
}

/* ---- Answering ---- */

/* Half-closes behind it: the caller reads an end, and then it is the caller who leaves. */
static void send_answer(
	struct caller *caller, const struct http_request *request, struct http_response *answer)
{
	OWN(http_response) struct http_response *response = answer;
	OWN(buffer) struct buffer bytes = BUFFER(ANSWER_BYTES_MAX);
	struct error error; /* who did not wait for the answer does not need it */
	bool done = true;
	bool ok = h1_write_head(response, request, false, time(NULL), &bytes, &error) &&
		  (!http_response_sends_body(response, request) ||
			  response_read(response, ANSWER_BYTES_MAX, &bytes, &done, &error)) &&
		  net_stream_write(caller->stream, bytes.data, bytes.length, &error);
	caller->answered = true;
	if (ok && done)
		net_stream_shutdown(caller->stream);
	else
		hang_up(caller);
}

static void converse(struct caller *caller, const char *bytes, size_t count)
{
	const char *why;
	struct error error;
	while (count && !caller->answered) {
		size_t used = 0;
		enum h1_event event = h1_input(caller->h1, bytes, count, &used);
		bytes += used;
		count -= used;
		switch (event) {
		case H1_MORE:
			return;
		case H1_CONTINUE:
			if (!net_stream_write(caller->stream, H1_CONTINUE_LINE,
				    strlen(H1_CONTINUE_LINE), &error)) {
				hang_up(caller);
				return;
			}
			break;
		case H1_REQUEST: {
			const struct http_request *request = h1_request(caller->h1);
			send_answer(caller, request,
				caller->plain->answer(caller->plain->context, request));
			break;
		}
		case H1_REFUSED: {
			int status = h1_refusal(caller->h1, &why);
			send_answer(caller, NULL, http_response_error(status, "%s", why));
			break;
		}
		}
	}
}

/* ---- Events ---- */

static void received(void *context, const void *bytes, size_t count)
{
	struct caller *caller = context;
	if (!caller->answered) {
		converse(caller, bytes, count);
		return;
	}
	caller->after += count;
	if (caller->after > AFTER_BYTES_MAX)
		hang_up(caller);
}

static void ended(void *context, const struct error *broken)
{
	struct caller *caller = context;
	/* Who has ended may still be reading; the deadline runs. */
	if (broken || !caller->answered || !net_stream_pending(caller->stream))
		hang_up(caller);
}

static void drained(void *context)
{
	(void)context; /* the half-close follows by itself */
}

static void accepted(void *context, struct net_stream *stream)
{
	static const struct net_stream_events events = { received, ended, drained };
	struct plain *plain = context;
	for (size_t i = 0; i < CALLERS_MAX; i++) {
		struct caller *caller = &plain->callers[i];
		if (caller->stream)
			continue;
		*caller = (struct caller){ .plain = plain,
			.stream = stream,
			.timer = net_timer_new(plain->loop, timed_out, caller),
			.h1 = h1_new(&limits) };
		net_timer_start(caller->timer, CALL_MS_MAX);
		net_stream_start(stream, &events, caller);
		return;
	}
	net_stream_close(stream);
}

/* ---- Life ---- */

static const char *path_of(const char *where)
{
	return strncmp(where, UNIX, strlen(UNIX)) ? NULL : where + strlen(UNIX);
}

static bool parse(const char *where, struct net_address *ret, struct error *reterr)
{
	if (!net_address_parse(where, ret, reterr))
		return false;
	if (net_address_is_loopback(ret))
		return true;
	error_set(reterr, ERROR_USAGE,
		"'%s' can be reached from other machines, and what is told there is for this one "
		"alone",
		where);
	return error_hint(reterr, "127.0.0.1:%u, [::1]:%u, or a socket with a path: unix:PATH",
		ret->port, ret->port);
}

bool plain_check(const char *where, struct error *reterr)
{
	struct net_address address;
	return path_of(where) || parse(where, &address, reterr);
}

bool plain_has_place(const char *where, struct error *reterr)
{
	return !path_of(where) || net_local_check(path_of(where), reterr);
}

static bool listen_at(struct plain *plain, const char *where, struct error *reterr)
{
	struct net_address address;
	char text[NET_ADDRESS_BYTES];
	if (path_of(where)) {
		plain->address = text_copy(where);
		return net_listen_local(
			plain->loop, path_of(where), accepted, plain, &plain->listener, reterr);
	}
	if (!parse(where, &address, reterr) ||
		!net_listen(plain->loop, &address, accepted, plain, &plain->listener, reterr))
		return false;
	address.port = net_listener_port(plain->listener);
	plain->address = text_format("http://%s", net_address_format(&address, text));
	return true;
}

bool plain_new(struct net_loop *loop, const char *where, plain_answer *answer, void *context,
	struct plain **ret, struct error *reterr)
{
	OWN(plain) struct plain *plain = calloc(1, sizeof *plain);
	if (!plain)
		bug("out of memory for a listener");
	plain->loop = loop;
	plain->answer = answer;
	plain->context = context;
	if (!listen_at(plain, where, reterr))
		return false;
	*ret = TAKE(plain);
	return true;
}

void plain_free(struct plain *plain)
{
	if (!plain)
		return;
	for (size_t i = 0; i < CALLERS_MAX; i++)
		hang_up(&plain->callers[i]);
	net_listener_close(plain->listener);
	free(plain->address);
	free(plain);
}

const char *plain_address(const struct plain *plain)
{
	return plain->address;
}
