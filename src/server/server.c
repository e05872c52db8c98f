/* Starting, accepting, and stopping in good order. */
#include "server/server.h"

#include "server/connection.h"
#include "server/files.h"
#include "server/record.h"
#include "server/warn.h"

#include <signal.h>

#define LISTENERS_MAX 16
#define NAME_BYTES 512
#define PIECE_BYTES_MAX ((size_t)1 << 20)

struct server {
	struct settings settings;
	struct store *store;
	struct files *files;
	struct net_loop *loop;
	struct net_listener *listeners[LISTENERS_MAX];
	size_t listeners_count;
	struct net_signal *signals[2];
	struct net_timer *drain_timer;
	struct worker worker;
};

static void accepted(void *context, struct net_stream *stream)
{
	struct worker *worker = context;
	if (worker->connections_count < worker->settings->limits.connections_max) {
		connection_open(worker, stream);
		return;
	}
	/* Those who are in stay; who comes now is sent away before it costs a handshake. */
	net_stream_close(stream);
	unsigned long long shed = ++worker->counts.shed;
	if ((shed & (shed - 1)) == 0) /* the 1st, 2nd, 4th, 8th: a flood must not flood the log */
		record_line(&worker->settings->log, LOG_WARNING, "shed",
			json_pack("{s:I}", "shed", (json_int_t)shed),
			"SHED | %llu connections closed so far, as %lld are open", shed,
			worker->connections_count);
}

/* ---- Stopping ---- */

static void cut_all(void *context)
{
	struct worker *worker = context;
	while (worker->connections)
		connection_abort(worker->connections);
	net_loop_stop(worker->loop);
}

static void close_listeners(struct server *server)
{
	for (size_t i = 0; i < server->listeners_count; i++)
		net_listener_close(server->listeners[i]);
	server->listeners_count = 0;
}

static void got_signal(void *context, int number)
{
	struct server *server = context;
	struct worker *worker = &server->worker;
	if (worker->draining) {
		cut_all(worker);
		return;
	}
	record_line(&server->settings.log, LOG_INFO, "stopping", NULL,
		"Stopping (%s): %lld connections open", number == SIGINT ? "Ctrl+C" : "SIGTERM",
		worker->connections_count);
	worker->draining = true;
	close_listeners(server);
	for (struct connection *c = worker->connections, *next; c; c = next) {
		next = connection_next(c);
		connection_drain(c);
	}
	if (!worker->connections_count)
		net_loop_stop(worker->loop);
	net_timer_start(server->drain_timer, (uint64_t)server->settings.limits.drain_ms_max);
}

/* ---- Starting ---- */

static void say_who_is_let_in(const struct server *server, const struct tls_options *tls)
{
	const struct log *log = &server->settings.log;
	OWN(char) char *names = text_copy("");
	for (size_t i = 0; i < tls->ca_count; i++) {
		OWN(char) char *before = names;
		const char *name = file_name(tls->ca[i]);
		char shown[NAME_BYTES];
		text_escape(shown, sizeof shown, name, strlen(name));
		names = text_format("%s%s%s", before, i ? ", " : "", shown);
	}
	switch (tls->verify_mode) {
	case TLS_VERIFY_REQUIRED:
		record_line(
			log, LOG_INFO, "trust", NULL, "Requiring client cert signed by: %s", names);
		break;
	case TLS_VERIFY_OPTIONAL:
		record_line(log, LOG_WARNING, "trust", NULL,
			"WARNING: a client cert is optional: clients without one are let in. If "
			"given, it must be signed by: %s",
			names);
		break;
	case TLS_VERIFY_NONE:
		record_line(log, LOG_WARNING, "trust", NULL,
			"WARNING: no client cert is asked for: every client is let in");
		break;
	}
}

static void say_started(const struct server *server, const struct server_options *options)
{
	const struct log *log = &server->settings.log;
	for (size_t i = 0; i < server->listeners_count; i++) {
		char text[NET_ADDRESS_BYTES];
		struct net_address address = options->listen[i];
		address.port = net_listener_port(server->listeners[i]);
		json_t *fields =
			json_pack("{s:s, s:i}", "host", address.host, "port", (int)address.port);
		net_address_format(&address, text);
		if (options->root)
			log_event(log, LOG_INFO, "listening", fields,
				"Server running on https://%s", text);
		else
			record_line(log, LOG_INFO, "listening", fields,
				"mTLS server listening on https://%s", text);
	}
	say_who_is_let_in(server, &options->tls);
	record_line(log, LOG_INFO, "ready", NULL, "Press Ctrl+C to stop.");
}

/* On any thread. */
static void store_has_answers(void *context)
{
	net_wake_send(context);
}

static void store_answers(void *context)
{
	const struct worker *worker = context;
	store_port_deliver(worker->store);
}

static bool start(struct server *server, const struct server_options *options, struct error *reterr)
{
	static const int numbers[] = { SIGINT, SIGTERM };
	/* What needs no port first: a wrong file is told before anybody can connect. */
	if (!tls_context_new(&options->tls, &server->settings.tls, reterr))
		return false;
	if (options->root && !files_new(options->root, &server->files, reterr))
		return false;
	server->store = store_memory_new();
	server->loop = server->worker.loop = net_loop_new();
	server->worker.store_wake = net_wake_new(server->loop, store_answers, &server->worker);
	server->worker.store =
		store_port_open(server->store, store_has_answers, server->worker.store_wake);
	server->worker.routes = routes_new(server->worker.store, server->files);
	server->drain_timer = net_timer_new(server->loop, cut_all, &server->worker);
	for (size_t i = 0; i < 2; i++)
		if (!net_signal_new(server->loop, numbers[i], got_signal, server,
			    &server->signals[i], reterr))
			return false;
	for (size_t i = 0; i < options->listen_count; i++) {
		if (!net_listen(server->loop, &options->listen[i], accepted, &server->worker,
			    &server->listeners[i], reterr))
			return false;
		server->listeners_count++;
	}
	return true;
}

bool server_new(const struct server_options *options, struct server **ret, struct error *reterr)
{
	if (!options->listen_count || options->listen_count > LISTENERS_MAX)
		return error_set(reterr, ERROR_USAGE, "a server listens on 1 to %d addresses",
			LISTENERS_MAX);
	OWN(server) struct server *server = calloc(1, sizeof *server);
	if (!server)
		bug("out of memory for a server");
	server->settings.limits = options->limits;
	server->settings.log = options->log;
	server->worker.settings = &server->settings;
	buffer_init(&server->worker.piece, PIECE_BYTES_MAX);
	if (!start(server, options, reterr))
		return false;
	warn_about_keys(&options->log, &options->tls);
	say_started(server, options);
	*ret = TAKE(server);
	return true;
}

void server_run(struct server *server)
{
	net_loop_run(server->loop);
	record_summary(&server->worker);
}

void server_free(struct server *server)
{
	if (!server)
		return;
	close_listeners(server);
	while (server->worker.connections)
		connection_abort(server->worker.connections);
	for (size_t i = 0; i < 2; i++)
		net_signal_free(server->signals[i]);
	net_timer_free(server->drain_timer);
	store_port_close(server->worker.store);
	net_wake_free(server->worker.store_wake);
	net_loop_free(server->loop);
	buffer_done(&server->worker.piece);
	routes_free(server->worker.routes);
	files_free(server->files);
	store_free(server->store);
	tls_context_free(server->settings.tls);
	free(server);
}
