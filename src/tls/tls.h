/*
 * tls: contexts made from options, connections without sockets, and what a handshake said.
 *
 * A connection is bytes in, bytes out: feed it what the peer sent, write out what it made. So
 * the same code serves an event loop, a test in memory and the lab.
 *
 * This is the room's door.
 */
#ifndef MTLS_TLS_TLS_H
#define MTLS_TLS_TLS_H

#include "pki/pki.h"
#include "tls/explain.h"
#include "tls/transcript.h"

enum tls_verify { TLS_VERIFY_REQUIRED, TLS_VERIFY_OPTIONAL, TLS_VERIFY_NONE };

enum tls_version {
	TLS_VERSION_ANY = 0,
	TLS_1_0 = 0x301,
	TLS_1_1 = 0x302,
	TLS_1_2 = 0x303,
	TLS_1_3 = 0x304
};

/* Whether and where a server keeps sessions; all of them are judged anew when they come back. */
enum tls_resumption {
	TLS_RESUMPTION_OFF,
	TLS_RESUMPTION_SESSIONS, /* in the server's memory */
	TLS_RESUMPTION_TICKETS,  /* at the clients, encrypted */
};
/* The sessions of a server, for all of its contexts and threads; bounded, the oldest go first. */
struct tls_sessions;
struct tls_sessions *tls_sessions_new(size_t count_max);
void tls_sessions_free(struct tls_sessions *sessions);
OWN_DEFINE(tls_sessions, struct tls_sessions, tls_sessions_free);
size_t tls_sessions_count(struct tls_sessions *sessions);

/* Borrowed strings: they must live as long as tls_context_new runs. */
struct tls_options {
	bool server;
	const char *cert, *key, *passphrase; /* a client may have none (NULL) */
	const char *const *ca;
	size_t ca_count;
	const char *const *crl;
	size_t crl_count;
	enum tls_verify verify_mode;               /* server */
	struct verify_options verify;              /* purpose is the peer's */
	enum tls_version version_min, version_max; /* 0: TLS 1.2, none */
	/*
	 * TLS 1.2's list and 1.3's suites (TLS_...) in one, colon-separated; a version that nothing
	 * in it names keeps ours, and NULL is ours for both. The security level is 2 unless the
	 * list says @SECLEVEL=N: a client of TLS 1.0 or 1.1 needs "DEFAULT@SECLEVEL=0".
	 */
	const char *ciphers;
	const char *groups;  /* of the key exchange, colon-separated; NULL: OpenSSL's */
	const char *sigalgs; /* by which the peer may prove its key, likewise */
	bool sni_strict;  /* server: refuse names that its certificate does not cover, alert 112 */
	const char *alpn; /* comma-separated, "http/1.1"; NULL: none */
	bool transcript;  /* each connection keeps one: tls_connection_transcript */
	bool keeps_session; /* client: asks for sessions, for tls_connection_session */
	const char *sni;    /* client: ask for this name; NULL: for none (libcurl asks by itself) */
	/*
	 * Client: a server that does not pass verification is talked to all the same, and
	 * outcome.refused says what was wrong. To look at servers, never to send them anything; the
	 * trust may then be empty.
	 */
	bool insecure_observe;
	/*
	 * Server: what is resumed and for how long after the last full handshake, in seconds. The
	 * sessions, which also hold the random ticket keys, must outlive the context; a reload
	 * gives the next context the same ones.
	 */
	enum tls_resumption resumption;
	struct tls_sessions *sessions;
	long long session_s_max;
	const char *ticket_keys;  /* file of 80-byte keys that several hosts share; NULL: random */
	const char *session_name; /* what else sets sessions apart: a listener, a policy; or NULL */
};

/*
 * A SHA-256 of what the named files hold now, `more` (may be NULL) being one that goes with them:
 * equal digests make equal contexts of the same options. ERROR_INPUT names the file that cannot be
 * read. Pipes and folders are taken as they are.
 */
#define TLS_DIGEST_BYTES 32
must_check bool tls_options_digest(const struct tls_options *options, const char *more,
	unsigned char ret[static TLS_DIGEST_BYTES], struct error *reterr);

/*
 * From now on the calling thread's OpenSSL uses, where nobody names a library context, a server's
 * (library.c): it knows what TLS and X.509 need, and is quicker to set up and to search than
 * OpenSSL's own. A thread of a server begins with it. Where openssl.cnf chooses other providers it
 * does nothing.
 */
void tls_thread_begin(void);

struct tls_context; /* immutable once made; threads share it */
must_check bool tls_context_new(
	const struct tls_options *options, struct tls_context **ret, struct error *reterr);
void tls_context_free(struct tls_context *context);
OWN_DEFINE(tls_context, struct tls_context, tls_context_free);

/*
 * What a handshake, finished or not, left behind: for a log record, `-v`, the lab and the doctor.
 * A server holds one for as long as the connection, so what is rare or long is behind a pointer.
 */
struct tls_outcome {
	bool finished;
	bool resumed;
	bool verified;              /* the peer's certificate is good; a resumed one's still is */
	bool peer_certificate;      /* the peer sent one */
	bool certificate_requested; /* a CertificateRequest was sent, by whichever side serves */
	bool certificate_sent;      /* this side's Certificate message was not empty */
	const char *version;        /* "TLSv1.3", NULL before it is agreed */
	const char *cipher;
	char *sni; /* escaped; NULL: no name was asked for */
	char alpn[16];
	int alert_sent, alert_received; /* RFC 8446 section 6; -1: none; close_notify is none */
	int reason;                     /* OpenSSL's SSL_R_ of what went wrong here, 0: none */
	struct verify_result *refused;  /* why the peer's certificate is not good, or NULL */
};

/* An outcome before its first byte. */
void tls_outcome_init(struct tls_outcome *outcome);
/* Frees what it points at. */
void tls_outcome_done(struct tls_outcome *outcome);
/* The same again in `target`, an outcome too, for when the connection will be gone. */
void tls_outcome_copy(const struct tls_outcome *outcome, struct tls_outcome *target);

/* What a client keeps besides: who the server said it is, and what it asked for. */
struct tls_peer {
	struct identity
		*certificate; /* the leaf, verified or not (see outcome.verified); or NULL */
	/* {"authorities": [RFC 4514 names], "signature_algorithms": [names]}; NULL: none asked */
	json_t *certificate_request;
	struct tls_transcript transcript;
	json_t *chain;    /* what the server sent, as show_certificate tells it; or NULL */
	void *connection; /* for tls_peer_last_words: NULL once its owner has freed it */
};
void tls_peer_done(struct tls_peer *peer);
/*
 * A server that refuses us on TLS 1.3 does so after our handshake; if it then closes at once, our
 * request runs into a reset, while its alert still waits in the socket's receive queue. Reads that
 * queue, without waiting, so that the outcome knows the alert. The library that owns the
 * connection may close it afterwards, but not use it; if it has freed it, nothing happens.
 */
void tls_peer_last_words(struct tls_peer *peer, int socket);

/* The name of an alert, "certificate_required", from our own table: OpenSSL 3.0 lacks some. */
const char *tls_alert_name(int alert);
/* {"number": 116, "name": "certificate_required"}, the caller's; null for -1. */
json_t *tls_alert_json(int alert);
/* "rsa_pss_rsae_sha256" (RFC 8446 section 4.2.3); NULL for a number that has no name. */
const char *tls_signature_scheme_name(unsigned scheme);

/*
 * Applies a context's trust, credentials, versions and verifier to an SSL_CTX that a library made
 * (libcurl's CURLOPT_SSL_CTX_FUNCTION), and records the outcome of its next handshake in
 * `ret_outcome` and, unless NULL, `ret_peer`. They and the context must outlive the SSL_CTX.
 */
must_check bool tls_context_apply(const struct tls_context *context, void *ssl_ctx,
	struct tls_outcome *ret_outcome, struct tls_peer *ret_peer, struct error *reterr);
/* The side's own certificate, the caller's to free; NULL when it has none. */
struct identity *tls_context_identity(const struct tls_context *context);
/* Of its trust; all 0 when it has none. */
struct trust_dates tls_context_dates(const struct tls_context *context);
/* trust_crl_warnings of its anchors and CRLs. */
json_t *tls_context_crl_warnings(const struct tls_context *context);
/* When what it relies on ends: its own certificate first, if it has one, then the trust that it
 * asks for; to free.
 */
struct end *tls_context_ends(const struct tls_context *context, size_t *ret_count);
/* The running OpenSSL's version, "3.0.19": a library that shares our SSL_CTX must say the same. */
const char *tls_library_version(void);

/* What OpenSSL reads once, when it is loaded: what to make of the processor. */
#define TLS_PROCESSOR_VARIABLE "OPENSSL_ia32cap"
#define TLS_PROCESSOR_WITHOUT_ADX ":~0x80000"
#define TLS_PROCESSOR_AS_IT_IS ":~0"
/*
 * Whether it would sign faster without ADX, with the key of the certificate in this file: see
 * processor.c. False where the file cannot be read. May be called before any library is ready.
 */
bool tls_processor_gains(const char *certificate);

#ifdef MTLS_PARSED_CERTIFICATES
/* How often a parsed certificate was at hand; see parsed.c. */
unsigned long long tls_parsed_hits(void);
#endif

/* ---- A connection ---- */

enum tls_status {
	TLS_WANT_INPUT, /* more bytes of the peer are needed */
	TLS_READY,      /* the handshake is done, or plain bytes are there */
	TLS_CLOSED,     /* the peer sent close_notify, or its bytes ended */
	TLS_FAILED,     /* see the error and the outcome; output holds our alert */
};

struct tls_connection;
/* The context must outlive it. */
struct tls_connection *tls_connection_new(const struct tls_context *context);
void tls_connection_free(struct tls_connection *connection);
OWN_DEFINE(tls_connection, struct tls_connection, tls_connection_free);

/*
 * A client's session, to resume on a later connection of the same context (RFC 5246 section 7.3,
 * RFC 8446 section 2.2). It holds secrets of the connection, in memory only.
 */
struct tls_session;
/* The newest session that the server gave and that can be resumed; the caller's; NULL: none. */
struct tls_session *tls_connection_session(const struct tls_connection *connection);
void tls_session_free(struct tls_session *session);
OWN_DEFINE(tls_session, struct tls_session, tls_session_free);
/* Whether it lives in a ticket that this side holds (RFC 5077), not in the server's memory. */
bool tls_session_is_ticket(const struct tls_session *session);
/* Offers the session; before the first input. What the server makes of it is outcome.resumed. */
void tls_connection_resume(struct tls_connection *connection, const struct tls_session *session);

/* Also fills `peer`, which must outlive the connection; before the first input. */
void tls_connection_watch(struct tls_connection *connection, struct tls_peer *peer);
/* Takes all of the peer's bytes; goes on with the handshake. A client begins with (NULL, 0). */
enum tls_status tls_connection_input(
	struct tls_connection *connection, const void *bytes, size_t count, struct error *reterr);
/* The peer's bytes ended, with the errno of a connection that broke or 0: TLS_CLOSED, TLS_FAILED.
 */
enum tls_status tls_connection_end(
	struct tls_connection *connection, int system, struct error *reterr);
/* The content of one TLS record (RFC 8446 section 5.1): what a read gives at most. */
#define TLS_RECORD_BYTES ((size_t)16 << 10)
/* Decrypted bytes: TLS_READY with *ret_count > 0, or as above. */
enum tls_status tls_connection_read(struct tls_connection *connection, void *target,
	size_t target_bytes, size_t *ret_count, struct error *reterr);
/* Encrypts all of the bytes into the output. Only once the handshake is done. */
must_check bool tls_connection_write(
	struct tls_connection *connection, const void *bytes, size_t count, struct error *reterr);
/* Adds close_notify to the output. */
void tls_connection_shutdown(struct tls_connection *connection);
/* What is to be sent to the peer: borrowed until the next call; say what was sent. */
const void *tls_connection_output(const struct tls_connection *connection, size_t *ret_count);
void tls_connection_sent(struct tls_connection *connection, size_t count);

bool tls_connection_finished(const struct tls_connection *connection);
const struct tls_outcome *tls_connection_outcome(const struct tls_connection *connection);
/* What was said so far; NULL unless the context's options asked for it. Borrowed. */
const struct tls_transcript *tls_connection_transcript(const struct tls_connection *connection);
/* A server's verified client; NULL without a verified certificate. Lives as long as the connection.
 */
const struct identity *tls_connection_identity(const struct tls_connection *connection);
/*
 * Whether the certificate that a connection was let in by would do at this time and under the trust
 * of a context that may have been made since. CODE_NONE, and *ret_until until when (inclusive) that
 * stays so with this context; else the code that the verifier gives. CODE_NONE for one that was let
 * in without a certificate. Costs a comparison, or one verification for each client and context.
 */
enum code tls_connection_check(const struct tls_connection *connection,
	const struct tls_context *now, time_t at, time_t *ret_until);

#endif
