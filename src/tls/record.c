/*
 * What OpenSSL's callbacks tell about a handshake while it runs, written into an outcome. Here the
 * verifier is hung in, and alerts, versions and certificates are seen whether or not it succeeds.
 */
#include "tls/sessions.h"

#include <openssl/err.h>
#include <pthread.h>

static int connection_slot = -1, context_slot = -1, peer_slot = -1;
static pthread_once_t slots_once = PTHREAD_ONCE_INIT;

static void free_record(
	void *parent, void *record, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
	(void)parent, (void)data, (void)index, (void)argl, (void)argp;
	free(record);
}

/* An SSL that a library owns goes when the library likes; its peer must not keep the pointer. */
static void forget_connection(
	void *connection, void *data, CRYPTO_EX_DATA *all, int index, long argl, void *argp)
{
	(void)all, (void)index, (void)argl, (void)argp;
	struct tls_peer *peer = data;
	if (peer && peer->connection == connection)
		peer->connection = NULL;
}

static void make_slots(void)
{
	connection_slot = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	context_slot = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_record);
	peer_slot = SSL_get_ex_new_index(0, NULL, NULL, NULL, forget_connection);
	if (connection_slot < 0 || context_slot < 0 || peer_slot < 0)
		bug("no room for data beside a TLS connection");
}

const struct tls_record *tls_record_of(const SSL *ssl)
{
	const struct tls_record *record = SSL_get_ex_data(ssl, connection_slot);
	return record ? record : SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_slot);
}

void tls_outcome_init(struct tls_outcome *outcome)
{
	*outcome = (struct tls_outcome){
		.alert_sent = -1,
		.alert_received = -1,
	};
}

void tls_outcome_done(struct tls_outcome *outcome)
{
	memory_give(outcome->sni);
	free(outcome->refused);
	tls_outcome_init(outcome);
}

static struct verify_result *copy_of(const struct verify_result *result)
{
	struct verify_result *copy = malloc(sizeof *copy);
	if (!copy)
		bug("out of memory for a verification");
	*copy = *result;
	return copy;
}

void tls_outcome_copy(const struct tls_outcome *outcome, struct tls_outcome *target)
{
	tls_outcome_done(target);
	*target = *outcome;
	if (outcome->sni)
		target->sni = text_copy(outcome->sni);
	if (outcome->refused)
		target->refused = copy_of(outcome->refused);
}

/* `result` is read only where the verifier refused. Returns what the verifier said. */
static int conclude(struct tls_outcome *outcome, int verified, const struct verify_result *result)
{
	free(outcome->refused);
	outcome->verified = verified;
	outcome->refused = verified ? NULL : copy_of(result);
	return verified;
}

bool tls_record_attach(SSL *ssl, struct tls_record *record)
{
	pthread_once(&slots_once, make_slots);
	tls_outcome_init(record->outcome);
	return SSL_set_ex_data(ssl, connection_slot, record);
}

bool tls_record_attach_all(SSL_CTX *ssl, const struct tls_record *record)
{
	pthread_once(&slots_once, make_slots);
	struct tls_record *copy = malloc(sizeof *copy);
	if (!copy)
		bug("out of memory for a handshake's record");
	*copy = *record;
	if (SSL_CTX_set_ex_data(ssl, context_slot, copy))
		return true;
	free(copy);
	return false;
}

void tls_peer_done(struct tls_peer *peer)
{
	identity_free(peer->certificate);
	json_decref(peer->certificate_request);
	json_decref(peer->chain);
	*peer = (struct tls_peer){ 0 };
}

#define LAST_WORDS_BYTES_MAX (64 << 10)

void tls_peer_last_words(struct tls_peer *peer, int socket)
{
	/* The library's own BIO works only inside its calls; nothing is written any more. */
	BIO *input = BIO_new_socket(socket, BIO_NOCLOSE), *output = BIO_new(BIO_s_null());
	if (!peer->connection || !input || !output) {
		BIO_free(input);
		BIO_free(output);
		return;
	}
	SSL_set_bio(peer->connection, input, output);
	char sink[4096];
	int count, total = 0;
	while (total < LAST_WORDS_BYTES_MAX &&
		(count = SSL_read(peer->connection, sink, sizeof sink)) > 0)
		total += count;
	ERR_clear_error();
}

static json_t *show_chain(X509_STORE_CTX *store)
{
	json_t *list = json_array();
	const STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(store);
	for (int i = 0; i < sk_X509_num(sent); i++)
		json_array_append_new(list, show_certificate(sk_X509_value(sent, i), time(NULL)));
	return list;
}

/*
 * What a peer sent is parsed anew by each handshake, and its session keeps it: 4 KiB for as long as
 * the connection or the session lives. A proof has certificates of the very same bytes, so these
 * take their places, and all of a client's connections share them. Ours are freed only when the
 * handshake is done, whoever still looks at them until then.
 */
static void share_certificates(const struct tls_record *record, X509_STORE_CTX *store)
{
	STACK_OF(X509) *own = X509_STORE_CTX_get0_untrusted(store);
	const STACK_OF(X509) *known = proof_sent(record->standing->proof);
	if (sk_X509_num(own) != sk_X509_num(known) || *record->replaced)
		return;
	*record->replaced = sk_X509_new_reserve(NULL, sk_X509_num(own));
	for (int i = 0; *record->replaced && i < sk_X509_num(own); i++) {
		X509 *shared = sk_X509_value(known, i), *parsed = sk_X509_value(own, i);
		if (shared == parsed || !X509_up_ref(shared))
			continue;
		sk_X509_push(*record->replaced, parsed);
		sk_X509_set(own, i, shared);
	}
}

static int verify_peer(X509_STORE_CTX *store, void *argument)
{
	(void)argument;
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	const struct tls_record *record = ssl ? tls_record_of(ssl) : NULL;
	bool observe = record && record->context->insecure_observe;
	if (record && record->peer && !record->peer->certificate) {
		record->peer->certificate = identity_new(X509_STORE_CTX_get0_cert(store));
		record->peer->chain = show_chain(store);
	}
	if (!record || !record->context->trust) {
		/* Nobody says whom to trust: nobody is. */
		X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
		return observe;
	}
	VERIFY_UNFILLED struct verify_result result;
	struct tls_standing *standing = record->standing;
	if (standing && record->context->proofs) {
		tls_standing_done(standing);
		standing->since = verify_time(&record->context->verify);
		int verified =
			proof_handshake(record->context->proofs, store, &result, &standing->proof);
		if (standing->proof)
			share_certificates(record, store);
		return conclude(record->outcome, verified, &result);
	}
	int verified =
		verify_handshake(store, record->context->trust, &record->context->verify, &result);
	return conclude(record->outcome, verified, &result) || observe;
}

/* Whether a Certificate message holds any (RFC 5246 section 7.4.2, RFC 8446 section 4.4.2). */
static bool has_certificate(const SSL *ssl, const unsigned char *message, size_t bytes)
{
	size_t at = 4;
	if (SSL_version(ssl) == TLS1_3_VERSION) {
		if (bytes <= at)
			return false;
		at += 1U + message[at]; /* certificate_request_context */
	}
	return bytes > at + 3;
}

static json_t *authorities(const SSL *ssl)
{
	json_t *names = json_array();
	const STACK_OF(X509_NAME) *list = SSL_get0_peer_CA_list(ssl);
	for (int i = 0; i < sk_X509_NAME_num(list); i++) {
		char text[VERIFY_NAME_BYTES];
		describe_name(sk_X509_NAME_value(list, i), text, sizeof text);
		json_array_append_new(names, json_string(text));
	}
	return names;
}

/* What the CertificateRequest said, as OpenSSL keeps it once we answer. */
static json_t *certificate_request(SSL *ssl)
{
	json_t *names = json_array();
	int count = SSL_get_sigalgs(ssl, -1, NULL, NULL, NULL, NULL, NULL);
	for (int i = 0; i < count; i++) {
		unsigned char low, high;
		char number[8];
		SSL_get_sigalgs(ssl, i, NULL, NULL, NULL, &low, &high);
		unsigned scheme = (unsigned)high << 8 | low;
		snprintf(number, sizeof number, "0x%04x", scheme & 0xffff);
		const char *name = tls_signature_scheme_name(scheme);
		json_array_append_new(names, json_string(name ? name : number));
	}
	return json_pack(
		"{s:o, s:o}", "authorities", authorities(ssl), "signature_algorithms", names);
}

/* A name has 255 bytes at most (RFC 1035 section 2.3.4). */
#define NAME_BYTES_MAX 256

static void note_name(struct tls_outcome *outcome, const void *name, size_t bytes)
{
	char text[NAME_BYTES_MAX];
	text_escape_ascii(text, sizeof text, name, bytes);
	memory_give(outcome->sni); /* of a first ClientHello (RFC 8446 section 4.1.4) */
	outcome->sni = *text ? strcpy(memory_object(strlen(text) + 1, "a name"), text) : NULL;
}

static void see_version(const SSL *ssl, struct tls_outcome *outcome)
{
	outcome->version = SSL_get_version(ssl);
	/* A server has seen the name itself: OpenSSL's may be that of a session that came back. */
	const char *sni =
		SSL_is_server(ssl) ? NULL : SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	if (sni && !outcome->sni)
		note_name(outcome, sni, strlen(sni));
}

static void see_handshake(const struct tls_record *record, bool written,
	const unsigned char *message, size_t bytes, SSL *ssl)
{
	struct tls_outcome *outcome = record->outcome;
	/* A ServerHello that comes in is shown before its version is taken over. */
	if (written ? message[0] == SSL3_MT_SERVER_HELLO
		    : message[0] != SSL3_MT_SERVER_HELLO && message[0] != SSL3_MT_CLIENT_HELLO)
		see_version(ssl, outcome);
	if (message[0] == SSL3_MT_CERTIFICATE_REQUEST)
		outcome->certificate_requested = true;
	if (message[0] != SSL3_MT_CERTIFICATE)
		return;
	bool any = has_certificate(ssl, message, bytes);
	if (!written)
		outcome->peer_certificate = any;
	else
		outcome->certificate_sent = any;
	if (written && !SSL_is_server(ssl) && record->peer && !record->peer->certificate_request)
		record->peer->certificate_request = certificate_request(ssl);
}

static void see_message(int written, int version, int type, const void *data, size_t bytes,
	SSL *ssl, void *argument)
{
	(void)version, (void)argument;
	const unsigned char *message = data;
	const struct tls_record *record = tls_record_of(ssl);
	if (!record)
		return;
	if (record->transcript)
		tls_transcript_see(record->transcript, written, SSL_version(ssl) == TLS1_3_VERSION,
			type, message, bytes);
	if (type == SSL3_RT_HANDSHAKE && bytes >= 4)
		see_handshake(record, written, message, bytes, ssl);
	/* close_notify is the polite end, not a refusal (RFC 8446 section 6.1). */
	if (type == SSL3_RT_ALERT && bytes == 2 && message[1] != SSL_AD_CLOSE_NOTIFY)
		*(written ? &record->outcome->alert_sent : &record->outcome->alert_received) =
			message[1];
}

/* OpenSSL has one reason for every message that is too large; only a Certificate's is a chain's. */
static int reason_of(const SSL *ssl, unsigned long error)
{
	OSSL_HANDSHAKE_STATE state = SSL_get_state(ssl);
	int reason = ERR_GET_REASON(error);
	bool chain = state == TLS_ST_SR_CERT || state == TLS_ST_CR_CERT;
	return reason == SSL_R_EXCESSIVE_MESSAGE_SIZE && !chain ? SSL_R_BAD_LENGTH : reason;
}

/*
 * What the keys were agreed on with is needed no more: a secret that whoever reads our memory later
 * should not find, and 0.4 KiB for as long as the connection lives. OpenSSL keeps the empty object.
 */
static void forget_exchange(SSL *ssl)
{
	EVP_PKEY *ours = NULL, *theirs = NULL;
	ERR_set_mark(); /* a kind of key that cannot be emptied is let alone */
	if (SSL_get_tmp_key(ssl, &ours))
		EVP_PKEY_set_type(ours, EVP_PKEY_get_base_id(ours));
	if (SSL_get_peer_tmp_key(ssl, &theirs))
		EVP_PKEY_set_type(theirs, EVP_PKEY_get_base_id(theirs));
	EVP_PKEY_free(ours);
	EVP_PKEY_free(theirs);
	ERR_pop_to_mark();
}

static void see_state(const SSL *ssl, int where, int result)
{
	const struct tls_record *record = tls_record_of(ssl);
	if (!record)
		return;
	struct tls_outcome *outcome = record->outcome;
	/* The last entry is what TLS made of it; those before are the libraries that it asked. */
	unsigned long error = ERR_peek_last_error();
	if ((where & SSL_CB_EXIT) && result <= 0 && ERR_GET_LIB(error) == ERR_LIB_SSL)
		outcome->reason = reason_of(ssl, error);
	if (!(where & SSL_CB_HANDSHAKE_DONE))
		return;
	const unsigned char *alpn;
	unsigned alpn_bytes;
	outcome->finished = true;
	if (record->peer && SSL_set_ex_data((SSL *)ssl, peer_slot, record->peer))
		record->peer->connection = (SSL *)ssl;
	outcome->resumed = SSL_session_reused(ssl);
	tls_standing_settle(record, ssl);
	outcome->cipher = SSL_get_cipher_name(ssl);
	see_version(ssl, outcome);
	SSL_get0_alpn_selected(ssl, &alpn, &alpn_bytes);
	text_escape(outcome->alpn, sizeof outcome->alpn, alpn, alpn_bytes);
	if (record->standing)
		forget_exchange((SSL *)ssl);
}

/* The name that a client asked for, known even when its versions or ciphers are then refused. */
static int see_hello(SSL *ssl, int *alert, void *argument)
{
	(void)alert, (void)argument;
	const unsigned char *data;
	size_t bytes;
	const struct tls_record *record = tls_record_of(ssl);
	/* list length (2), type (1), name length (2), name: RFC 6066 section 3 */
	if (record && SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &bytes) &&
		bytes > 5) {
		size_t name = (size_t)data[3] << 8 | data[4];
		note_name(record->outcome, data + 5, name < bytes - 5 ? name : bytes - 5);
	}
	return SSL_CLIENT_HELLO_SUCCESS;
}

void tls_record_callbacks(SSL_CTX *ssl)
{
	pthread_once(&slots_once, make_slots);
	SSL_CTX_set_cert_verify_callback(ssl, verify_peer, NULL);
	SSL_CTX_set_msg_callback(ssl, see_message);
	SSL_CTX_set_info_callback(ssl, see_state);
	SSL_CTX_set_client_hello_cb(ssl, see_hello, NULL);
}
