/* What went over one connection, message by message, as the side that kept it saw it. */
#ifndef MTLS_TLS_TRANSCRIPT_H
#define MTLS_TLS_TRANSCRIPT_H

#include "base/base.h"

#include <stdint.h>

/* Handshakes have some fifteen messages; what comes after so many is counted, not kept. */
#define TLS_MESSAGES_MAX 48

enum tls_content { /* RFC 8446 section 5.1 */
	TLS_CHANGE_CIPHER_SPEC = 20,
	TLS_ALERT = 21,
	TLS_HANDSHAKE = 22,
	TLS_APPLICATION_DATA = 23,
};

/* Eight bytes: a server keeps a transcript as long as its connection. */
struct tls_message {
	bool sent; /* by the side that keeps the transcript */
	bool encrypted;
	uint8_t content; /* enum tls_content */
	uint8_t type;    /* of a handshake message (RFC 8446 section 4), or the alert's number */
	uint32_t bytes;  /* of the message without its record; application data in a row is one */
};

/* Starts as { 0 }. */
struct tls_transcript {
	size_t count, left_out;
	struct tls_message messages[TLS_MESSAGES_MAX];
	unsigned char record[2]; /* type of the newest record, [1] of those sent */
	uint32_t record_bytes[2];
	bool changed[2]; /* TLS 1.2: a ChangeCipherSpec went that way */
};

/* "ClientHello", "alert 116 certificate_required", "application data" */
#define TLS_MESSAGE_NAME_BYTES 64
const char *tls_message_name(
	const struct tls_message *message, char target[static TLS_MESSAGE_NAME_BYTES]);

/*
 * [{"from": "client", "message", "encrypted", "bytes"}] and, for an alert, "alert": its number;
 * the caller's. `server` is who kept it.
 */
json_t *tls_transcript_json(const struct tls_transcript *transcript, bool server);

/* OpenSSL's message callback (SSL_CTX_set_msg_callback), whose content types these are. */
void tls_transcript_see(struct tls_transcript *transcript, bool sent, bool new_version, int type,
	const unsigned char *data, size_t bytes);

#endif
