/* Resumption: which sessions a server takes back. What is installed in an SSL_CTX, and its parts.
 */
#ifndef MTLS_TLS_SESSIONS_H
#define MTLS_TLS_SESSIONS_H

#include "tls/context.h"

/* Installs what the context's kind of resumption needs, or its absence. */
void tls_sessions_configure(const struct tls_context *context, SSL_CTX *ssl);

/*
 * A session comes back that was begun with `standing` under that name: whether it is still as good
 * as a full handshake, by the clock, the maximum age, and the anchors and CRLs of now. Then the
 * connection relies on it, if OpenSSL has nothing against the session either.
 */
bool tls_standing_offer(const struct tls_record *record, const struct tls_standing *standing,
	const char *server_name);
/* What a session that begins on this connection rests on. */
const struct tls_standing *tls_standing_of(const struct tls_record *record, const SSL *ssl);
/* The handshake is done: resumed, or in full. */
void tls_standing_settle(const struct tls_record *record, const SSL *ssl);

/* ---- tickets.c: sessions that the client keeps, encrypted ---- */

struct tls_ticket_keys;
/* Random ones, in memory only. */
struct tls_ticket_keys *tls_ticket_keys_new(void);
/* A file of 80-byte keys: the first encrypts, all decrypt. */
must_check bool tls_ticket_keys_read(
	const char *path, struct tls_ticket_keys **ret, struct error *reterr);
void tls_ticket_keys_free(struct tls_ticket_keys *keys);

struct tls_ticket_keys *tls_sessions_keys(struct tls_sessions *sessions);
/* OpenSSL's callbacks: the key of a ticket, and a ticket that was decrypted, or not. */
int tls_ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
	EVP_MAC_CTX *mac, int encrypt);
SSL_TICKET_RETURN tls_ticket_take_back(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
	size_t name_bytes, SSL_TICKET_STATUS status, void *argument);
/* Writes into a session what its ticket must carry. */
void tls_ticket_describe(const struct tls_record *record, SSL *ssl, SSL_SESSION *session);

#endif
