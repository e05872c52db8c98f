/* What the files of this room share: the context, and the record that its callbacks write. */
#ifndef MTLS_TLS_CONTEXT_H
#define MTLS_TLS_CONTEXT_H

#include "tls/tls.h"

#include <openssl/ssl.h>

OWN_DEFINE(SSL_CTX, SSL_CTX, SSL_CTX_free);

#define TLS_ALPN_BYTES 128
#define TLS_SESSION_ID_BYTES 32 /* SSL_MAX_SID_CTX_LENGTH; a SHA-256 */

struct tls_context {
	SSL_CTX *ssl;
	bool server;
	struct trust *trust;             /* NULL for a server that asks nobody for a certificate */
	struct credentials *credentials; /* NULL for a client without a certificate */
	enum tls_verify verify_mode;
	bool sni_strict, keeps_transcripts;
	bool keeps_session;
	bool insecure_observe;
	char *sni;
	struct verify_options verify;
	struct proof_register *proofs; /* of a server that verifies; else NULL */
	enum tls_resumption resumption;
	struct tls_sessions *sessions;       /* borrowed; NULL without resumption */
	struct tls_ticket_keys *ticket_keys; /* NULL: the sessions' random ones */
	long long session_s_max;
	char *name; /* what verify.name points at */
	int version_min, version_max;
	char *ciphers, *suites;                         /* of TLS 1.2, of 1.3 */
	char *groups, *sigalgs;                         /* NULL: OpenSSL's */
	unsigned char session_id[TLS_SESSION_ID_BYTES]; /* a server's session-id context */
	unsigned char alpn[TLS_ALPN_BYTES];             /* as on the wire (RFC 7301 section 3.1) */
	unsigned alpn_bytes;
};

/* What a server's SSL_CTX is made in: see library.c. NULL, OpenSSL's own, where that is no choice.
 */
OSSL_LIB_CTX *tls_library(void);

/* Sets everything of `context` on an SSL_CTX, a fresh one or one that a library made. */
must_check bool tls_context_configure(
	const struct tls_context *context, SSL_CTX *ssl, struct error *reterr);

/* What a server's connection relies on: who the client proved to be, and when. */
struct tls_standing {
	time_t since;        /* of the last full handshake; 0: there was none yet */
	struct proof *proof; /* NULL: nobody in particular */
};
void tls_standing_done(struct tls_standing *standing);

/* Where the callbacks of one connection write. */
struct tls_record {
	const struct tls_context *context;
	struct tls_outcome *outcome;
	struct tls_peer *peer;             /* NULL when nobody wants it */
	struct tls_transcript *transcript; /* likewise */
	/* What was proved here, and what a session that came back brings; NULL: a client's. */
	struct tls_standing *standing, *offered;
	/* Certificates that others of the same bytes stand in for, until the handshake is done. */
	STACK_OF(X509) * *replaced;
};
/* The name that the client asked for; "" for none. */
static inline const char *tls_record_name(const struct tls_record *record)
{
	return record->outcome->sni ? record->outcome->sni : "";
}
/* Of a connection; NULL for one that was made by nobody of ours. */
const struct tls_record *tls_record_of(const SSL *ssl);

/*
 * Sends what the callbacks learn about `ssl` into `record`, which must outlive it and whose outcome
 * is initialised here. False: out of memory.
 */
must_check bool tls_record_attach(SSL *ssl, struct tls_record *record);
/* As above for every connection of an SSL_CTX, which then owns the record. */
must_check bool tls_record_attach_all(SSL_CTX *ssl, const struct tls_record *record);
/* Installs the callbacks: verification, messages, states. */
void tls_record_callbacks(SSL_CTX *ssl);

#endif
