/*
 * server: accepts connections, lets in who proves who they are, answers, and ends in good order.
 *
 * This is the room's door.
 */
#ifndef MTLS_SERVER_SERVER_H
#define MTLS_SERVER_SERVER_H

#include "confine/confine.h"
#include "http/http.h"
#include "net/net.h"
#include "server/policy.h"
#include "store/store.h"
#include "tls/tls.h"

/* What one peer may cost. */
struct server_limits {
	long long connections_max; /* more are closed as they come; those that are there stay */
	/* How many an address may begin in a second, 0: as it likes; 'given' by the user, and so
	 * for this machine's own addresses, too. */
	long long handshakes_per_address;
	bool handshakes_given;
	/* Of one worker, beyond which whoever comes is closed at once: handshakes in progress, and
	 * what a turn of its loop may take while a tenth of them are (0: as long as it likes). */
	long long handshakes_pending, lag_ms_max;
	long long handshake_ms_max; /* from the accepted connection to the end of the handshake */
	long long idle_ms_max;      /* between two requests */
	long long header_ms_max;    /* from a request's first byte to the end of its head: 408 */
	long long body_ms_max;      /* from there to the end of its body: 408 */
	long long send_ms_max;      /* without the peer taking one byte of an answer */
	long long drain_delay_ms;   /* from the signal to stop, to be taken off a list, before: */
	long long drain_ms_max;     /* from when nobody new gets in to the end */
	struct http_limits http;
};

#define SERVER_WORKERS_MAX 64

/* What "result" is in an answer of the control socket (control.h). */
#define CONTROL_ACCEPTED "accepted"
#define CONTROL_UNCHANGED "unchanged"
#define CONTROL_REFUSED "refused"
/* And "late", if any are: how many workers have not taken a snapshot up after so long. */
#define RELOAD_LATE_MS 2000

#define SERVER_SOCKETS_MAX 16

/* What systemd, or whoever else started us, has prepared: sd_listen_fds(3), sd_notify(3). */
struct server_supervision {
	int first;
	size_t sockets; /* that listen, from descriptor `first` on, in the place of `listen` */
	char *notify;   /* where it wants to be told how we are; NULL: nowhere */
	long long watchdog_us; /* within which it wants to hear that we live; 0: it does not */
};
/* From the environment, which it is removed from. ERROR_USAGE for what makes no sense. */
must_check bool server_supervision_read(struct server_supervision *ret, struct error *reterr);
void server_supervision_done(struct server_supervision *supervision);

/* Borrowed: what `tls` points at must outlive the server, which reads its files again; the rest
 * server_new. */
struct server_options {
	const struct net_address *listen;
	size_t listen_count;
	struct tls_options tls;
	struct store_options store; /* `where` NULL: in memory */
	const char
		*policy_path; /* the .cnf file whose [policy] counts, if it has one; NULL: none */
	const char *root;     /* serve the files of this folder; NULL: none */
	const char
		*access_log; /* a line of JSON a request, into this file; "-": stdout; NULL: none */
	const char *metrics; /* where to tell its numbers, as server_metrics_check; NULL: nowhere */
	const char *control; /* the path of a socket that takes orders; NULL: none */
	size_t workers;      /* threads that serve, 1 to SERVER_WORKERS_MAX; 0: one */
	const char *user;    /* whom root becomes; NULL: nobody else */
	enum confine_mode sandbox;
	struct server_supervision supervision;
	struct server_limits limits;
	struct log log;
	bool log_failed_only; /* of the requests those with a status of 400 and more */
	bool log_transcripts; /* of each connection that ends, if `tls` keeps them */
};

/* What server_new would find, without listening or opening the store. */
struct server_checked {
	struct identity *certificate;
	struct trust_dates trust;
	bool has_policy;
	size_t rules;
	json_t *warnings; /* sentences: dangers that are no errors, and what ends soon */
};
/* The errors of server_new that come from files. */
must_check bool server_check(
	const struct server_options *options, struct server_checked *ret, struct error *reterr);
void server_checked_done(struct server_checked *checked);

/* "HOST:PORT" of a loopback address, or "unix:PATH"; ERROR_USAGE for anything else. */
must_check bool server_metrics_check(const char *where, struct error *reterr);

struct server;

/*
 * Listens, loads what the options name, confines the process for good, and says so in the log;
 * whoever connects meanwhile waits until server_run. The store is opened on a thread of its own,
 * which has ended by then; to open one on another machine comes before listening. What
 * cannot be loaded is ERROR_INPUT naming the file, a port that cannot be had ERROR_NETWORK, what
 * the sandbox asks for in vain ERROR_IO.
 */
must_check bool server_new(
	const struct server_options *options, struct server **ret, struct error *reterr);
/*
 * Serves until SIGINT or SIGTERM, and reloads its files at SIGHUP and when one of them changes. At
 * the end nobody new is accepted and requests in flight are answered, for at most drain_ms_max; up
 * to drain_delay_ms before that it serves as ever and says to monitors that it is not ready. A
 * second signal ends it at once. ERROR_IO when its threads cannot be had.
 */
must_check bool server_run(struct server *server, struct error *reterr);
void server_free(struct server *server);
OWN_DEFINE(server, struct server, server_free);

#endif
