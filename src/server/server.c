/* The control thread: starts the workers, takes signals, and stops them in good order. */
#include "server/server.h"

#include "server/control.h"
#include "server/expiry.h"
#include "server/files.h"
#include "server/monitor.h"
#include "server/record.h"
#include "server/reload.h"
#include "server/sandbox.h"
#include "server/supervisor.h"
#include "server/warn.h"
#include "server/worker.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#define NAME_BYTES 512
#define OWN_DESCRIPTORS 1024

static const int signal_numbers[] = { SIGINT, SIGTERM, SIGHUP };
#define SIGNALS (sizeof signal_numbers / sizeof *signal_numbers)

struct server {
	struct settings settings;
	struct store_opening *opening;
	struct store *store;
	struct files *files;
	struct reload_files files_of; /* as they were given: what a reload reads again */
	struct reload *reload;
	struct control *control; /* NULL: none */
	struct net_loop *loop;
	struct net_signal *signals[SIGNALS];
	bool on_terminal;
	struct expiry *expiry;
	struct supervisor *supervisor;
	struct monitor monitor;
	struct plain *plain; /* where the monitor is asked; NULL: nowhere */
	struct net_timer *drain_timer, *delay_timer;
	struct net_wake *ended; /* a worker has */
	json_t *sandbox;        /* what is to be said of it */
	struct worker *workers;
	size_t workers_count;
};

/* ---- Stopping ---- */

static void order_all(struct server *server, enum order order)
{
	for (size_t i = 0; i < server->workers_count; i++)
		worker_order(&server->workers[i], order);
}

static void cut_all(void *context)
{
	order_all(context, ORDER_CUT);
}

static void worker_ended(void *context)
{
	struct server *server = context;
	size_t running = 0;
	for (size_t i = 0; i < server->workers_count; i++)
		running += server->workers[i].started && !server->workers[i].ended;
	if (!running)
		net_loop_stop(server->loop);
}

/* ---- Reloading ---- */

static size_t count_late(const struct server *server, unsigned long long number)
{
	size_t late = 0;
	for (size_t i = 0; i < server->workers_count; i++)
		late += !worker_has_taken(&server->workers[i], number);
	return late;
}

/*
 * Who is told that a reload was accepted may rely on it: a worker takes a snapshot between two
 * events. One that is stuck in something longer does so later, and is told of.
 */
static size_t await_switch(struct server *server, unsigned long long number)
{
	struct timespec end = clock_in_ms(RELOAD_LATE_MS);
	size_t late;
	while ((late = count_late(server, number)) != 0)
		if (sem_timedwait(&server->settings.switched, &end) != 0 && errno != EINTR)
			break;
	return late;
}

static size_t publish(void *context, struct snapshot *snapshot)
{
	struct server *server = context;
	if (server->expiry) /* not yet, where the first one is loaded */
		expiry_watch(server->expiry, snapshot->tls);
	for (size_t i = 0; i < server->workers_count; i++) {
		struct worker *worker = &server->workers[i];
		if (worker->snapshot && worker->taken < snapshot->number)
			worker_offer(worker, snapshot);
	}
	return await_switch(server, snapshot->number);
}

/* The signal of a terminal that was closed ends a server that was started there. */
static bool terminal_is_gone(const struct server *server)
{
	return server->on_terminal && !isatty(STDIN_FILENO);
}

static void hang_up(struct server *server)
{
	struct error error;
	struct reloaded reloaded;
	if (server->settings.access)
		access_reopen(server->settings.access);
	if (server->settings.stopping)
		return;
	supervisor_reloading(server->supervisor);
	bool ok = reload_now(server->reload, "SIGHUP", &reloaded, &error); /* the log is told */
	supervisor_ready(server->supervisor, ok ? "Serving" : error.text);
}

/* ---- Signals ---- */

static void drain_all(void *context)
{
	struct server *server = context;
	server->settings.stopped_open = server->settings.open;
	order_all(server, ORDER_DRAIN);
	net_timer_start(server->drain_timer, (uint64_t)server->settings.limits.drain_ms_max);
}

static void got_signal(void *context, int number)
{
	struct server *server = context;
	if (number == SIGHUP && !terminal_is_gone(server)) {
		hang_up(server);
		return;
	}
	if (server->settings.stopping) {
		cut_all(server);
		return;
	}
	server->settings.stopping = true; /* from now on it is not ready */
	control_free(TAKE(server->control));
	supervisor_stopping(server->supervisor, "Answering what is in flight");
	server->settings.stopped_by = number;
	if (server->settings.limits.drain_delay_ms)
		net_timer_start(
			server->delay_timer, (uint64_t)server->settings.limits.drain_delay_ms);
	else
		drain_all(server);
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
	const struct worker *first = &server->workers[0];
	if (server->plain)
		record_line(log, LOG_INFO, "metrics",
			json_pack("{s:s}", "at", plain_address(server->plain)),
			"Metrics, health and readiness on %s", plain_address(server->plain));
	for (size_t i = 0; i < first->listeners_count; i++) {
		char text[NET_ADDRESS_BYTES];
		struct net_address address;
		if (options->supervision.sockets)
			net_listener_address(first->listeners[i], &address);
		else
			address = options->listen[i];
		address.port = net_listener_port(first->listeners[i]);
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

/* The first worker's sockets tell whether an address can be had; the others listen beside them. */
static bool listen_all(
	struct server *server, const struct server_options *options, struct error *reterr)
{
	struct worker *first = &server->workers[0];
	const struct server_supervision *given = &options->supervision;
	for (size_t i = 0; i < given->sockets; i++)
		if (!worker_take(first, given->first + (int)i, reterr))
			return false;
	for (size_t i = 0; !given->sockets && i < options->listen_count; i++)
		if (!worker_listen(first, &options->listen[i], NULL, reterr))
			return false;
	for (size_t i = 1; i < server->workers_count; i++)
		for (size_t j = 0; j < first->listeners_count; j++)
			if (!worker_listen(&server->workers[i], NULL, first->listeners[j], reterr))
				return false;
	return true;
}

static bool monitor_start(
	struct server *server, const struct server_options *options, struct error *reterr)
{
	server->monitor = (struct monitor){ .settings = &server->settings,
		.workers = server->workers,
		.workers_count = server->workers_count,
		.reload = server->reload,
		.store = server->store,
		.crl_grace_s = options->tls.verify.crl_grace_s,
		.started_at = time(NULL) };
	return plain_new(server->loop, options->metrics, monitor_answer, &server->monitor,
		       &server->plain, reterr) ||
	       error_context(reterr, "the metrics");
}

static void keep_back(void *context, enum store_need need, const char *path)
{
	if (need == STORE_WRITES)
		files_keep_back(context, path);
}

/* What is read: a wrong file is told of before an address that cannot be had. */
static bool read_all(
	struct server *server, const struct server_options *options, struct error *reterr)
{
	if (!reload_new(server->loop, &server->files_of, &server->settings.log, publish, server,
		    &server->reload, reterr))
		return false;
	if (options->root && !files_new(options->root, &server->files, reterr))
		return false;
	if (!server->opening)
		server->store = store_memory_new();
	else if (!store_opening_end(server->opening, &server->store, reterr))
		return false;
	if (server->files)
		store_needs(server->store, keep_back, server->files);
	return true;
}

/* What the control thread looks after. */
static bool watch_all(
	struct server *server, const struct server_options *options, struct error *reterr)
{
	server->drain_timer = net_timer_new(server->loop, cut_all, server);
	server->delay_timer = net_timer_new(server->loop, drain_all, server);
	server->ended = net_wake_new(server->loop, worker_ended, server);
	net_wake_hold(server->ended);
	for (size_t i = 0; i < SIGNALS; i++)
		if (!net_signal_new(server->loop, signal_numbers[i], got_signal, server,
			    &server->signals[i], reterr))
			return false;
	if (options->control && !control_new(server->loop, options->control, server->reload,
					&options->log, &server->control, reterr))
		return false;
	if (options->access_log && !access_new(options->access_log, server->workers_count,
					   &server->settings.log, &server->settings.access, reterr))
		return false;
	server->settings.timed = options->metrics || options->access_log;
	return !options->metrics || monitor_start(server, options, reterr);
}

/*
 * Who comes while a server starts waits in the socket's queue, and is let in by the workers, once
 * everything is read and the process has confined itself; where that fails, the socket goes with
 * the process. A database may keep us waiting, and meanwhile clients had better be refused.
 */
static bool start(struct server *server, const struct server_options *options, struct error *reterr)
{
	struct error not_listening = { 0 };
	bool waits = options->store.where && store_is_remote(&options->store);
	if (options->user && !confine_become(options->user, reterr))
		return false;
	if (!net_loop_new(&server->loop, reterr))
		return false;
	server->settings.accepting = (int)server->workers_count;
	for (size_t i = 0; i < server->workers_count; i++)
		if (!worker_init(&server->workers[i], i, &server->settings, reterr))
			return false;
	bool listens = !waits && listen_all(server, options, &not_listening);
	if (options->store.where)
		server->opening = store_opening_new(&options->store);
	tls_thread_begin();
	if (!read_all(server, options, reterr) || !watch_all(server, options, reterr))
		return false;
	if (waits)
		listens = listen_all(server, options, &not_listening);
	if (!listens) {
		*reterr = not_listening;
		return false;
	}
	for (size_t i = 0; i < server->workers_count; i++)
		worker_equip(&server->workers[i], server->store, server->files,
			reload_current(server->reload));
	supervisor_new(
		server->loop, &options->supervision, &server->settings.log, &server->supervisor);
	return sandbox_enter(options, server->store, &server->sandbox, reterr);
}

bool server_metrics_check(const char *where, struct error *reterr)
{
	return plain_check(where, reterr);
}

bool server_new(const struct server_options *options, struct server **ret, struct error *reterr)
{
	if (!options->listen_count || options->listen_count > LISTENERS_MAX)
		return error_set(reterr, ERROR_USAGE, "a server listens on 1 to %d addresses",
			LISTENERS_MAX);
	OWN(server) struct server *server = calloc(1, sizeof *server);
	if (!server)
		bug("out of memory for a server");
	/* A file for each connection, and what we need ourselves. */
	(void)descriptors_raise((size_t)options->limits.connections_max * 2 + OWN_DESCRIPTORS);
	server->settings.limits = options->limits;
	server->settings.log = options->log;
	sem_init(&server->settings.switched, 0, 0);
	if (options->limits.handshakes_per_address)
		server->settings.rate = rate_new(
			options->limits.handshakes_per_address, !options->limits.handshakes_given);
	server->files_of = (struct reload_files){ options->tls, options->policy_path };
	server->on_terminal = isatty(STDIN_FILENO);
	server->settings.log_failed_only = options->log_failed_only;
	server->settings.log_transcripts = options->log_transcripts;
	server->workers_count = options->workers ? options->workers : 1;
	server->workers = calloc(server->workers_count, sizeof *server->workers);
	if (!server->workers)
		bug("out of memory for %zu workers", server->workers_count);
	json_object_seed(0); /* before there are threads that would each want to */
	if (!start(server, options, reterr)) {
		/* Root may do what that user may not, and would look for the reason in vain. */
		if (options->user && reterr->system == EACCES && !*reterr->hint)
			error_hint(reterr, "the user '%s' tried it: give that user the right to",
				options->user);
		return false;
	}
	warn_about_files(&options->log, &options->tls, reload_current(server->reload)->tls);
	server->expiry =
		expiry_new(server->loop, &server->settings.log, options->tls.verify.crl_grace_s);
	expiry_watch(server->expiry, reload_current(server->reload)->tls);
	say_started(server, options);
	sandbox_say(&options->log, TAKE(server->sandbox));
	*ret = TAKE(server);
	return true;
}

bool server_run(struct server *server, struct error *reterr)
{
	bool ok = true;
	/* Clients may be waiting: the store's thread, which is asked later, comes later. */
	if (server->settings.access)
		ok = access_start(server->settings.access, reterr);
	for (size_t i = 0; ok && i < server->workers_count; i++)
		ok = worker_start(&server->workers[i], server->ended, reterr);
	store_start(server->store);
	if (ok) {
		supervisor_ready(server->supervisor, "Serving");
		net_loop_run(server->loop);
	} else
		cut_all(server);
	struct counts total = { 0 };
	for (size_t i = 0; i < server->workers_count; i++) {
		worker_join(&server->workers[i]);
		counts_add(&total, &server->workers[i].counts);
	}
	record_summary(&server->settings.log, &total);
	return ok;
}

void server_free(struct server *server)
{
	if (!server)
		return;
	for (size_t i = 0; i < server->workers_count; i++)
		worker_done(&server->workers[i]);
	for (size_t i = 0; i < SIGNALS; i++)
		net_signal_free(server->signals[i]);
	net_timer_free(server->drain_timer);
	net_timer_free(server->delay_timer);
	supervisor_free(server->supervisor);
	expiry_free(server->expiry);
	plain_free(server->plain);
	net_wake_free(server->ended);
	access_free(server->settings.access);
	control_free(server->control);
	reload_free(server->reload);
	net_loop_free(server->loop);
	files_free(server->files);
	store_opening_free(server->opening);
	store_free(server->store);
	sem_destroy(&server->settings.switched);
	rate_free(server->settings.rate);
	json_decref(server->sandbox);
	free(server->workers);
	free(server);
}
