/*
 * A transcript out of OpenSSL's message callback. It shows the header of each record before what
 * was in it, so that the record tells whether a message was encrypted.
 */
#include "tls/transcript.h"

#include "tls/tls.h"

#include <openssl/ssl.h>
#include <stdio.h>

static const struct {
	unsigned char type;
	const char *name;
} handshakes[] = {
	{ SSL3_MT_HELLO_REQUEST, "HelloRequest" },
	{ SSL3_MT_CLIENT_HELLO, "ClientHello" },
	{ SSL3_MT_SERVER_HELLO, "ServerHello" },
	{ SSL3_MT_NEWSESSION_TICKET, "NewSessionTicket" },
	{ SSL3_MT_END_OF_EARLY_DATA, "EndOfEarlyData" },
	{ SSL3_MT_ENCRYPTED_EXTENSIONS, "EncryptedExtensions" },
	{ SSL3_MT_CERTIFICATE, "Certificate" },
	{ SSL3_MT_SERVER_KEY_EXCHANGE, "ServerKeyExchange" },
	{ SSL3_MT_CERTIFICATE_REQUEST, "CertificateRequest" },
	{ SSL3_MT_SERVER_DONE, "ServerHelloDone" },
	{ SSL3_MT_CERTIFICATE_VERIFY, "CertificateVerify" },
	{ SSL3_MT_CLIENT_KEY_EXCHANGE, "ClientKeyExchange" },
	{ SSL3_MT_FINISHED, "Finished" },
	{ SSL3_MT_CERTIFICATE_STATUS, "CertificateStatus" },
	{ SSL3_MT_KEY_UPDATE, "KeyUpdate" },
};

const char *tls_message_name(
	const struct tls_message *message, char target[static TLS_MESSAGE_NAME_BYTES])
{
	switch (message->content) {
	case TLS_CHANGE_CIPHER_SPEC:
		return "ChangeCipherSpec";
	case TLS_APPLICATION_DATA:
		return "application data";
	case TLS_ALERT:
		snprintf(target, TLS_MESSAGE_NAME_BYTES, "alert %d %s", message->type,
			tls_alert_name(message->type));
		return target;
	case TLS_HANDSHAKE:
		break;
	}
	for (size_t i = 0; i < sizeof handshakes / sizeof *handshakes; i++)
		if (handshakes[i].type == message->type)
			return handshakes[i].name;
	snprintf(target, TLS_MESSAGE_NAME_BYTES, "handshake message %d", message->type);
	return target;
}

json_t *tls_transcript_json(const struct tls_transcript *transcript, bool server)
{
	json_t *list = json_array();
	for (size_t i = 0; i < transcript->count; i++) {
		const struct tls_message *message = &transcript->messages[i];
		char name[TLS_MESSAGE_NAME_BYTES];
		json_t *object = json_pack("{s:s, s:s, s:b, s:I}", "from",
			message->sent == server ? "server" : "client", "message",
			tls_message_name(message, name), "encrypted", message->encrypted, "bytes",
			(json_int_t)message->bytes);
		if (message->content == TLS_ALERT)
			json_object_set_new(object, "alert", json_integer(message->type));
		json_array_append_new(list, object);
	}
	return list;
}

static void keep(struct tls_transcript *transcript, const struct tls_message *message)
{
	struct tls_message *last =
		transcript->count ? &transcript->messages[transcript->count - 1] : NULL;
	if (last && message->content == TLS_APPLICATION_DATA &&
		last->content == TLS_APPLICATION_DATA && last->sent == message->sent)
		last->bytes += message->bytes;
	else if (transcript->count < TLS_MESSAGES_MAX)
		transcript->messages[transcript->count++] = *message;
	else
		transcript->left_out++;
}

/* RFC 8446 section 5.2: the header of an encrypted record says application data, whatever is in it.
 */
static bool is_encrypted(const struct tls_transcript *transcript, bool sent, bool new_version)
{
	return new_version ? transcript->record[sent] == TLS_APPLICATION_DATA
			   : transcript->changed[sent];
}

static void see_record(
	struct tls_transcript *transcript, bool sent, bool new_version, const unsigned char *header)
{
	transcript->record[sent] = header[0];
	transcript->record_bytes[sent] = (uint32_t)header[3] << 8 | header[4];
	/* OpenSSL shows no ChangeCipherSpec that it reads, but its record. */
	if (header[0] == TLS_CHANGE_CIPHER_SPEC) {
		keep(transcript, &(struct tls_message){ .sent = sent,
					 .content = TLS_CHANGE_CIPHER_SPEC,
					 .bytes = transcript->record_bytes[sent] });
		transcript->changed[sent] = true;
	}
	/* On TLS 1.2 nothing but the header tells of application data. */
	if (header[0] == TLS_APPLICATION_DATA && !new_version)
		keep(transcript, &(struct tls_message){ .sent = sent,
					 .encrypted = true,
					 .content = TLS_APPLICATION_DATA,
					 .bytes = transcript->record_bytes[sent] });
}

void tls_transcript_see(struct tls_transcript *transcript, bool sent, bool new_version, int type,
	const unsigned char *data, size_t bytes)
{
	struct tls_message message = { .sent = sent, .bytes = (uint32_t)bytes };
	switch (type) {
	case SSL3_RT_HEADER:
		if (bytes >= SSL3_RT_HEADER_LENGTH)
			see_record(transcript, sent, new_version, data);
		return;
	case SSL3_RT_INNER_CONTENT_TYPE:
		if (!bytes || data[0] != TLS_APPLICATION_DATA)
			return;
		message.content = TLS_APPLICATION_DATA;
		message.bytes = transcript->record_bytes[sent];
		break;
	case SSL3_RT_HANDSHAKE:
	case SSL3_RT_ALERT:
		if (!bytes || (type == SSL3_RT_ALERT && bytes != 2))
			return;
		message.content = (uint8_t)type;
		message.type = type == SSL3_RT_ALERT ? data[1] : data[0];
		break;
	default:
		return; /* a content type that a later OpenSSL made up */
	}
	message.encrypted = is_encrypted(transcript, sent, new_version);
	keep(transcript, &message);
}
