/* One order at a time, from the server's own user or root. */
#include "server/control.h"

#include "server/record.h"

#define CALLERS_MAX 8
#define ORDER_BYTES_MAX 64
/* From the connection to its end, but for the time that an order takes. */
#define CALL_MS_MAX 10000

struct caller {
	struct control *control;
	struct net_stream *stream; /* NULL: this place is free */
	struct net_timer *timer;
	char order[ORDER_BYTES_MAX];
	size_t order_bytes;
};

struct control {
	struct net_loop *loop;
	struct reload *reload;
	const struct log *log;
	struct net_listener *listener;
	struct caller callers[CALLERS_MAX];
};

static json_t *refusal(const struct control *control, const struct error *error)
{
	const char *hint = error_advice(error);
	return json_pack("{s:s, s:s?, s:s, s:s?, s:I}", "result", CONTROL_REFUSED, "code",
		error->code == CODE_NONE ? NULL : code_name(error->code), "error", error->text,
		"hint", *hint ? hint : NULL, "snapshot",
		(json_int_t)reload_current(control->reload)->number);
}

/* An order is so many bytes: one that goes on behind a NUL is another. */
static json_t *obey(const struct control *control, const char *order, size_t bytes)
{
	static const char reload[] = "reload";
	struct error error;
	struct reloaded reloaded;
	if (bytes != sizeof reload - 1 || memcmp(order, reload, bytes) != 0) {
		char shown[ORDER_BYTES_MAX * 4 + 1];
		text_escape(shown, sizeof shown, order, bytes);
		error_set(&error, ERROR_USAGE, "there is no order '%s', only reload", shown);
		return refusal(control, &error);
	}
	if (!reload_now(control->reload, "mtls reload", &reloaded, &error))
		return refusal(control, &error);
	json_t *answer = json_pack("{s:s, s:I}", "result",
		reloaded.changed ? CONTROL_ACCEPTED : CONTROL_UNCHANGED, "snapshot",
		(json_int_t)reload_current(control->reload)->number);
	if (reloaded.late)
		json_object_set_new(answer, "late", json_integer((json_int_t)reloaded.late));
	return answer;
}

static void hang_up(struct caller *caller)
{
	net_stream_close(TAKE(caller->stream));
	net_timer_free(TAKE(caller->timer));
}

static void timed_out(void *context)
{
	hang_up(context);
}

/* The path's mode keeps others away; this holds when somebody has changed it. */
static json_t *answer_to(struct caller *caller, size_t bytes)
{
	struct control *control = caller->control;
	struct error error;
	if (net_stream_peer_is_owner(caller->stream))
		return obey(control, caller->order, bytes);
	error_set(&error, ERROR_CHECK,
		"only the user who runs the server, and root, may give it orders");
	record_line(control->log, LOG_WARNING, "order-refused", NULL,
		"WARNING: an order on the control socket is refused: %s", error.text);
	return refusal(control, &error);
}

static void received(void *context, const void *bytes, size_t count)
{
	struct caller *caller = context;
	if (count >= sizeof caller->order - caller->order_bytes) {
		hang_up(caller);
		return;
	}
	memcpy(caller->order + caller->order_bytes, bytes, count);
	caller->order_bytes += count;
	const char *end = memchr(caller->order, '\n', caller->order_bytes);
	if (!end)
		return;
	/* One order, whatever follows it and however long its answer takes to leave. */
	net_stream_pause(caller->stream);
	OWN(json_t) json_t *answer = answer_to(caller, (size_t)(end - caller->order));
	OWN(char) char *text = json_dumps(answer, 0);
	if (!text)
		bug("an answer that is no JSON");
	OWN(char) char *line = text_format("%s\n", text);
	struct error error; /* who did not wait for the answer finds it in the log */
	bool sent = net_stream_write(caller->stream, line, strlen(line), &error);
	if (!sent || !net_stream_pending(caller->stream))
		hang_up(caller);
	else
		net_timer_start(caller->timer, CALL_MS_MAX);
}

static void ended(void *context, const struct error *error)
{
	(void)error; /* who left needs no answer */
	hang_up(context);
}

static void drained(void *context)
{
	hang_up(context);
}

static void accepted(void *context, struct net_stream *stream)
{
	static const struct net_stream_events events = { received, ended, drained };
	struct control *control = context;
	for (size_t i = 0; i < CALLERS_MAX; i++) {
		struct caller *caller = &control->callers[i];
		if (caller->stream)
			continue;
		*caller = (struct caller){ .control = control,
			.stream = stream,
			.timer = net_timer_new(control->loop, timed_out, caller) };
		net_timer_start(caller->timer, CALL_MS_MAX);
		net_stream_start(stream, &events, caller);
		return;
	}
	net_stream_close(stream);
}

bool control_new(struct net_loop *loop, const char *path, struct reload *reload,
	const struct log *log, struct control **ret, struct error *reterr)
{
	OWN(control) struct control *control = calloc(1, sizeof *control);
	if (!control)
		bug("out of memory for a control socket");
	control->loop = loop;
	control->reload = reload;
	control->log = log;
	if (!net_listen_local(loop, path, accepted, control, &control->listener, reterr))
		return error_context(reterr, "the control socket");
	*ret = TAKE(control);
	return true;
}

void control_free(struct control *control)
{
	if (!control)
		return;
	for (size_t i = 0; i < CALLERS_MAX; i++)
		hang_up(&control->callers[i]);
	net_listener_close(control->listener);
	free(control);
}
