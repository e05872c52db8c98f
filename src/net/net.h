/*
 * net: the event loop, listening sockets, connections, timers and signals. Here is the only libuv.
 *
 * Everything runs on the thread that runs the loop (net_wake_send alone may be called on any), and
 * every callback comes from within net_loop_run. What is closed or freed calls back no more. This
 * is the room's door.
 */
#ifndef MTLS_NET_NET_H
#define MTLS_NET_NET_H

#include "base/base.h"

#include <stdint.h>

/* ---- The loop ---- */

struct net_loop;
/* ERROR_IO where there are no descriptors left for one. */
must_check bool net_loop_new(struct net_loop **ret, struct error *reterr);
/* Everything made in the loop must have been closed or freed before; another order is a bug. */
void net_loop_free(struct net_loop *loop);
OWN_DEFINE(net_loop, struct net_loop, net_loop_free);
/* Returns after net_loop_stop, or when there is nothing left to wait for. */
void net_loop_run(struct net_loop *loop);
void net_loop_stop(struct net_loop *loop);

typedef void net_on_turn(void *context);
/*
 * `turn` runs whenever the events that were there have been handled, before the loop waits for the
 * next: for what is done once for all of them. Once a loop.
 */
void net_loop_each_turn(struct net_loop *loop, net_on_turn *turn, void *context);
/*
 * For how long the last turn kept the loop from looking at what came meanwhile: from the moment at
 * which it was woken to the end of `turn`, without timers. 0 in a loop without net_loop_each_turn.
 */
uint64_t net_loop_turn_ms(const struct net_loop *loop);

/* ---- Timers: one shot ---- */

struct net_timer;
typedef void net_on_timer(void *context);
struct net_timer *net_timer_new(struct net_loop *loop, net_on_timer *fire, void *context);
/* Starts, or starts again; what was asked for before is forgotten. */
void net_timer_start(struct net_timer *timer, uint64_t ms);
void net_timer_stop(struct net_timer *timer);
void net_timer_free(struct net_timer *timer);
OWN_DEFINE(net_timer, struct net_timer, net_timer_free);

/* ---- Waking a loop from another thread ---- */

struct net_wake;
typedef void net_on_wake(void *context);
/* Waiting to be woken alone keeps no loop running. */
struct net_wake *net_wake_new(struct net_loop *loop, net_on_wake *fire, void *context);
/*
 * On any thread: `fire` runs on the loop's thread, once or more after the call; calls that come
 * close together may share one. What the caller wrote before, `fire` sees.
 */
void net_wake_send(struct net_wake *wake);
/* From now on it keeps the loop running, until net_loop_stop. */
void net_wake_hold(struct net_wake *wake);
/* On the loop's thread, when no other thread can call net_wake_send any more. Accepts NULL. */
void net_wake_free(struct net_wake *wake);
OWN_DEFINE(net_wake, struct net_wake, net_wake_free);

/* ---- Watching files ---- */

struct net_watch;
typedef void net_on_change(void *context);
/*
 * `fire` is called once when something in the folder was made, written, renamed or removed, and
 * once more for what happens after net_watch_again. Waiting for that alone keeps no loop running.
 * ERROR_NETWORK when it cannot be had.
 */
must_check bool net_watch_new(struct net_loop *loop, const char *folder, net_on_change *fire,
	void *context, struct net_watch **ret, struct error *reterr);
void net_watch_again(struct net_watch *watch);
void net_watch_free(struct net_watch *watch);
OWN_DEFINE(net_watch, struct net_watch, net_watch_free);

/* ---- Signals ---- */

struct net_signal;
typedef void net_on_signal(void *context, int number);
must_check bool net_signal_new(struct net_loop *loop, int number, net_on_signal *fire,
	void *context, struct net_signal **ret, struct error *reterr);
void net_signal_free(struct net_signal *signal);
OWN_DEFINE(net_signal, struct net_signal, net_signal_free);

/* ---- Addresses ---- */

#define NET_HOST_BYTES 256

struct net_address {
	char host[NET_HOST_BYTES]; /* a name or a number, without brackets */
	uint16_t port;
};

/* "HOST:PORT"; an IPv6 address stands in brackets: "[::1]:8443". ERROR_USAGE otherwise. */
must_check bool net_address_parse(const char *text, struct net_address *ret, struct error *reterr);
/* Whether nobody but this machine can connect to it: 127.0.0.0/8, ::1, "localhost". */
bool net_address_is_loopback(const struct net_address *address);
#define NET_ADDRESS_BYTES (NET_HOST_BYTES + 16)
/* The same text again. Returns `target`. */
char *net_address_format(const struct net_address *address, char target[static NET_ADDRESS_BYTES]);

/* ---- Listening ---- */

struct net_listener;
struct net_stream;
/* The stream is the receiver's to close; nothing is read before net_stream_start. */
typedef void net_on_accept(void *context, struct net_stream *stream);
/*
 * Listens on every address of the host: "localhost" is 127.0.0.1 and ::1 where the machine has
 * both. Port 0 is any free port, the same for all. ERROR_NETWORK names address, cause and a hint.
 */
must_check bool net_listen(struct net_loop *loop, const struct net_address *address,
	net_on_accept *accept, void *context, struct net_listener **ret, struct error *reterr);
/* Another loop listens on the very addresses and port of `first`, and gets its share. */
must_check bool net_listen_beside(struct net_loop *loop, const struct net_listener *first,
	net_on_accept *accept, void *context, struct net_listener **ret, struct error *reterr);
/*
 * Listens on a path of this machine, mode 0600. A socket that nobody listens on any more is
 * replaced; one that is in use is ERROR_NETWORK, and a file that is no socket ERROR_INPUT.
 */
must_check bool net_listen_local(struct net_loop *loop, const char *path, net_on_accept *accept,
	void *context, struct net_listener **ret, struct error *reterr);
/* Whether it could: the same errors, but for what only listening shows (in use, no permission). */
must_check bool net_local_check(const char *path, struct error *reterr);
/*
 * Listens on a TCP socket that somebody else has bound and listens on already, and takes it; others
 * beside it (net_listen_beside) accept from the same one. ERROR_USAGE when it is nothing of that.
 */
must_check bool net_listen_given(struct net_loop *loop, int fd, net_on_accept *accept,
	void *context, struct net_listener **ret, struct error *reterr);
/* Whether the other end of such a connection is our own user, or root. */
bool net_stream_peer_is_owner(const struct net_stream *stream);
uint16_t net_listener_port(const struct net_listener *listener);
/* The number of its first address, and its port. */
void net_listener_address(const struct net_listener *listener, struct net_address *ret);
/* Stops at once; the port is free when the loop next turns, a path at once. Accepts NULL. */
void net_listener_close(struct net_listener *listener);

/* ---- Datagrams to whoever supervises us, without a loop ---- */

/* To a path from the root, or an abstract name: "@NAME". Sending never waits. */
must_check bool net_notify_open(const char *where, int *ret_fd, struct error *reterr);
must_check bool net_notify_send(int fd, const char *text);
void net_notify_close(int fd);

/* ---- Connecting ---- */

/* What a host's name stood for when it was asked: addresses, of which one is connected to. */
struct net_target;
/* Waits for the resolver. ERROR_NETWORK names the host. */
must_check bool net_resolve(
	const struct net_address *address, struct net_target **ret, struct error *reterr);
/* Turns to the next address, for when nobody listens on this one; false when there is none. */
bool net_target_next(struct net_target *target);
void net_target_free(struct net_target *target);
OWN_DEFINE(net_target, struct net_target, net_target_free);

/* `error` NULL: the connection stands. Otherwise the stream is still the caller's to close. */
typedef void net_on_connect(void *context, const struct error *error);
/*
 * Begins to connect; the answer comes from the loop, unless the stream was closed before. NULL and
 * *reterr when the machine has no descriptor or port left.
 */
struct net_stream *net_connect(struct net_loop *loop, const struct net_target *target,
	net_on_connect *connected, void *context, struct error *reterr);

/* ---- One connection at a time, without a loop: for probes ---- */

/* Everything that a host's name stands for. */
struct net_places;
/* ERROR_NETWORK when the resolver knows no such host or does not answer in time. */
must_check bool net_places_find(const struct net_address *address, unsigned ms_max,
	struct net_places **ret, struct error *reterr);
void net_places_free(struct net_places *places);
OWN_DEFINE(net_places, struct net_places, net_places_free);
/* "127.0.0.1:8443, [::1]:8443", the caller's to free. */
char *net_places_text(const struct net_places *places);

struct net_dial;
/* Connects to the first address that takes it. CONNECTION_REFUSED when nobody listens on any. */
must_check bool net_dial(const struct net_places *places, unsigned ms_max, struct net_dial **ret,
	struct error *reterr);
void net_dial_close(struct net_dial *dial);
OWN_DEFINE(net_dial, struct net_dial, net_dial_close);
/* To a socket that has a path. CONNECTION_REFUSED when nobody listens there. */
must_check bool net_dial_local(const char *path, struct net_dial **ret, struct error *reterr);
const char *net_dial_address(const struct net_dial *dial);
/* False with errno set; ETIMEDOUT when the time is over. */
must_check bool net_dial_send(
	struct net_dial *dial, const void *bytes, size_t count, unsigned ms_max);
/* Some bytes, as soon as there are any; none is the peer's end. False as above. */
must_check bool net_dial_receive(
	struct net_dial *dial, void *target, size_t room, unsigned ms_max, size_t *ret_count);

/* ---- Streams: one TCP connection ---- */

struct net_stream_events {
	/* The bytes are borrowed for the call. */
	void (*bytes)(void *context, const void *bytes, size_t count);
	/* The peer sends no more (`error` NULL), or the connection broke. */
	void (*end)(void *context, const struct error *error);
	/* All that was written has left for the kernel; only after a write that had to wait. */
	void (*drained)(void *context);
};

void net_stream_start(
	struct net_stream *stream, const struct net_stream_events *events, void *context);
/* Back-pressure: a paused stream reads nothing; it does not see that the peer left either. */
void net_stream_pause(struct net_stream *stream);
void net_stream_resume(struct net_stream *stream);
/* Sends at once what the socket takes and keeps a copy of the rest. */
must_check bool net_stream_write(
	struct net_stream *stream, const void *bytes, size_t count, struct error *reterr);
/*
 * Acknowledges what was received at once, instead of with the answer: for when there is none to
 * send, and a peer that waits for the acknowledgement (RFC 1122 section 4.2.3.4) before it goes on.
 */
void net_stream_acknowledge(struct net_stream *stream);
/* Bytes that wait for the socket. */
size_t net_stream_pending(const struct net_stream *stream);
/* Half-close, after all that was written: the peer reads an end, and may still send. */
void net_stream_shutdown(struct net_stream *stream);
/* Ends both directions and forgets what waits. Accepts NULL. */
void net_stream_close(struct net_stream *stream);
OWN_DEFINE(net_stream, struct net_stream, net_stream_close);

/* Who is at the other end, in digits: a stream holds it for as long as it lives. */
#define NET_NUMBER_BYTES 46 /* INET6_ADDRSTRLEN */
struct net_peer {
	char host[NET_NUMBER_BYTES]; /* "local" for a socket with a path, "unknown" if gone */
	uint16_t port;
};
const struct net_peer *net_stream_peer(const struct net_stream *stream);
/* Its number, for comparing; -1: it is closed. */
int net_stream_descriptor(const struct net_stream *stream);
/* As net_address_format. */
char *net_peer_format(const struct net_peer *peer, char target[static NET_ADDRESS_BYTES]);

#endif
