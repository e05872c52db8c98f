/*
 * A connection without a socket: the peer's bytes are fed in, ours collect in one buffer. OpenSSL
 * reads and writes through a BIO over that memory, so a flight is one receive and one send.
 */
#include "tls/context.h"

#include <assert.h>
#include <limits.h>
#include <openssl/err.h>
#include <pthread.h>

/* What may wait to be decrypted, and to be sent: callers keep far below, by back-pressure. */
#define INPUT_BYTES_MAX ((size_t)1 << 20)
#define OUTPUT_BYTES_MAX ((size_t)4 << 20)
/* A TLS record adds at most this to its content (RFC 8446 section 5.2). */
#define RECORD_EXTRA_BYTES 256

struct tls_connection {
	SSL *ssl;
	struct tls_record record;
	struct tls_outcome outcome;
	struct tls_standing standing, offered; /* a server's */
	STACK_OF(X509) * replaced;
	const char *input; /* not yet decrypted: within `kept`, or borrowed during a call */
	size_t input_count;
	struct buffer kept;
	struct buffer output;
	enum tls_status status;
};

/* ERR_clear_error goes through the whole queue, which is nearly always empty. */
static void clear_errors(void)
{
	if (ERR_peek_error())
		ERR_clear_error();
}

/* ---- The BIO ---- */

static int memory_read(BIO *bio, char *target, size_t wanted, size_t *ret_count)
{
	struct tls_connection *connection = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	size_t count = connection->input_count < wanted ? connection->input_count : wanted;
	if (!count) {
		BIO_set_retry_read(bio);
		return 0;
	}
	memcpy(target, connection->input, count);
	connection->input += count;
	connection->input_count -= count;
	*ret_count = count;
	return 1;
}

static int memory_write(BIO *bio, const char *bytes, size_t count, size_t *ret_count)
{
	struct tls_connection *connection = BIO_get_data(bio);
	ERROR_UNFILLED struct error error;
	BIO_clear_retry_flags(bio);
	if (!buffer_append(&connection->output, bytes, count, &error))
		return 0;
	*ret_count = count;
	return 1;
}

static long memory_control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio, (void)number, (void)pointer;
	return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *memory_method;

static void make_method(void)
{
	memory_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "memory");
	if (!memory_method || !BIO_meth_set_read_ex(memory_method, memory_read) ||
		!BIO_meth_set_write_ex(memory_method, memory_write) ||
		!BIO_meth_set_ctrl(memory_method, memory_control))
		bug("out of memory for a BIO's methods");
}

static BIO *memory_bio(struct tls_connection *connection)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, make_method);
	BIO *bio = BIO_new(memory_method);
	if (!bio)
		bug("out of memory for a BIO");
	BIO_set_data(bio, connection);
	BIO_set_init(bio, 1);
	return bio;
}

/* ---- Life ---- */

struct tls_connection *tls_connection_new(const struct tls_context *context)
{
	struct tls_connection *connection = calloc(1, sizeof *connection);
	if (!connection)
		bug("out of memory for a TLS connection");
	connection->record = (struct tls_record){ .context = context,
		.outcome = &connection->outcome,
		.standing = context->server ? &connection->standing : NULL,
		.offered = &connection->offered,
		.replaced = &connection->replaced };
	if (context->keeps_transcripts) {
		connection->record.transcript = calloc(1, sizeof *connection->record.transcript);
		if (!connection->record.transcript)
			bug("out of memory for a transcript");
	}
	buffer_init(&connection->kept, INPUT_BYTES_MAX);
	buffer_init(&connection->output, OUTPUT_BYTES_MAX);
	connection->ssl = SSL_new(context->ssl);
	if (!connection->ssl || !tls_record_attach(connection->ssl, &connection->record))
		bug("out of memory for a TLS connection");
	BIO *bio = memory_bio(connection);
	SSL_set_bio(connection->ssl, bio, bio); /* takes it */
	if (context->server)
		SSL_set_accept_state(connection->ssl);
	else
		SSL_set_connect_state(connection->ssl);
	if (context->sni && !SSL_set_tlsext_host_name(connection->ssl, context->sni))
		bug("out of memory for a server's name");
	return connection;
}

void tls_connection_watch(struct tls_connection *connection, struct tls_peer *peer)
{
	connection->record.peer = peer;
}

void tls_connection_free(struct tls_connection *connection)
{
	if (!connection)
		return;
	/* A peer that just left has done its session no harm, as one that broke the rules has. */
	if (connection->outcome.finished && connection->status != TLS_FAILED)
		SSL_set_shutdown(connection->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(connection->ssl);
	tls_standing_done(&connection->standing);
	free(connection->record.transcript);
	tls_standing_done(&connection->offered);
	sk_X509_pop_free(connection->replaced, X509_free);
	tls_outcome_done(&connection->outcome);
	buffer_done(&connection->kept);
	buffer_done(&connection->output);
	free(connection);
}

/* ---- A client's sessions ---- */

/* It is OpenSSL's own object: what others see of it is a name. */
struct tls_session *tls_connection_session(const struct tls_connection *connection)
{
	SSL_SESSION *session = SSL_get1_session(connection->ssl);
	if (session && SSL_SESSION_is_resumable(session))
		return (struct tls_session *)session;
	SSL_SESSION_free(session);
	return NULL;
}

void tls_session_free(struct tls_session *session)
{
	SSL_SESSION_free((SSL_SESSION *)session);
}

bool tls_session_is_ticket(const struct tls_session *session)
{
	return SSL_SESSION_has_ticket((const SSL_SESSION *)session) != 0;
}

void tls_connection_resume(struct tls_connection *connection, const struct tls_session *session)
{
	if (!SSL_set_session(connection->ssl, (SSL_SESSION *)session))
		ERR_clear_error(); /* it is not offered, and a full handshake follows */
}

/* ---- Bytes in ---- */

static bool explain(struct tls_connection *connection, int system, struct error *reterr)
{
	const struct tls_context *context = connection->record.context;
	const struct tls_failure failure = {
		.server = context->server,
		.has_certificate = context->credentials != NULL,
		.outcome = &connection->outcome,
		.system = system,
	};
	ERR_clear_error();
	return tls_explain(&failure, reterr);
}

/* What a call of OpenSSL that did not succeed means. */
static enum tls_status status_after(
	struct tls_connection *connection, int result, struct error *reterr)
{
	switch (SSL_get_error(connection->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return TLS_WANT_INPUT;
	case SSL_ERROR_ZERO_RETURN:
		return connection->status = TLS_CLOSED;
	default:
		if (!connection->outcome.reason)
			connection->outcome.reason = ERR_GET_REASON(ERR_peek_last_error());
		explain(connection, 0, reterr);
		return connection->status = TLS_FAILED;
	}
}

/* Bytes that nobody wanted yet are kept, as those given are only borrowed. */
static bool keep_rest(struct tls_connection *connection, struct error *reterr)
{
	if (!connection->input_count) {
		buffer_done(&connection->kept);
		return true;
	}
	const char *kept = connection->kept.data;
	if (kept && connection->input >= kept &&
		connection->input <= kept + connection->kept.length)
		return true;
	if (!buffer_append(&connection->kept, connection->input, connection->input_count, reterr))
		return false;
	connection->input = connection->kept.data;
	return true;
}

static bool take(
	struct tls_connection *connection, const void *bytes, size_t count, struct error *reterr)
{
	if (!connection->input_count) {
		buffer_done(&connection->kept);
		connection->input = bytes;
		connection->input_count = count;
		return true;
	}
	buffer_consume(&connection->kept, connection->kept.length - connection->input_count);
	if (!buffer_append(&connection->kept, bytes, count, reterr))
		return false;
	connection->input = connection->kept.data;
	connection->input_count = connection->kept.length;
	return true;
}

static enum tls_status handshake(struct tls_connection *connection, struct error *reterr)
{
	clear_errors();
	int result = SSL_do_handshake(connection->ssl);
	return result == 1 ? TLS_READY : status_after(connection, result, reterr);
}

enum tls_status tls_connection_input(
	struct tls_connection *connection, const void *bytes, size_t count, struct error *reterr)
{
	if (connection->status == TLS_CLOSED)
		return TLS_CLOSED;
	if (connection->status == TLS_FAILED) {
		error_set(reterr, ERROR_BUG, "bytes were fed to a TLS connection that has failed");
		return TLS_FAILED;
	}
	if (!take(connection, bytes, count, reterr))
		return connection->status = TLS_FAILED;
	enum tls_status status = TLS_READY;
	if (!SSL_is_init_finished(connection->ssl))
		status = handshake(connection, reterr);
	if (status == TLS_READY && !keep_rest(connection, reterr))
		return connection->status = TLS_FAILED;
	return status;
}

enum tls_status tls_connection_end(
	struct tls_connection *connection, int system, struct error *reterr)
{
	if (connection->status == TLS_CLOSED || connection->status == TLS_FAILED)
		return connection->status;
	if (tls_connection_finished(connection) && !system)
		return connection->status = TLS_CLOSED;
	explain(connection, system, reterr);
	return connection->status = TLS_FAILED;
}

enum tls_status tls_connection_read(struct tls_connection *connection, void *target,
	size_t target_bytes, size_t *ret_count, struct error *reterr)
{
	if (connection->status == TLS_CLOSED)
		return TLS_CLOSED;
	if (!connection->input_count && !SSL_has_pending(connection->ssl)) {
		buffer_done(&connection->kept);
		return TLS_WANT_INPUT;
	}
	clear_errors();
	size_t count = 0;
	int result = SSL_read_ex(connection->ssl, target, target_bytes, &count);
	if (result == 1) {
		*ret_count = count;
		return TLS_READY;
	}
	if (!connection->input_count)
		buffer_done(&connection->kept);
	return status_after(connection, result, reterr);
}

/* ---- Bytes out ---- */

bool tls_connection_write(
	struct tls_connection *connection, const void *bytes, size_t count, struct error *reterr)
{
	assert(tls_connection_finished(connection));
	if (!count)
		return true;
	/* Room for all of it first, or the output would grow, and be copied, record by record. */
	char *room;
	size_t records = count / TLS_RECORD_BYTES + 1;
	if (!buffer_reserve(
		    &connection->output, count + records * RECORD_EXTRA_BYTES, &room, reterr))
		return false;
	clear_errors();
	size_t written;
	if (SSL_write_ex(connection->ssl, bytes, count, &written) == 1 && written == count)
		return true;
	return error_openssl(reterr, ERROR_NETWORK, "cannot encrypt %zu bytes", count);
}

void tls_connection_shutdown(struct tls_connection *connection)
{
	if (connection->status == TLS_FAILED || !SSL_is_init_finished(connection->ssl))
		return; /* an alert was the last word, or there was no handshake to end */
	SSL_shutdown(connection->ssl);
	ERR_clear_error();
}

const void *tls_connection_output(const struct tls_connection *connection, size_t *ret_count)
{
	*ret_count = connection->output.length;
	return connection->output.data;
}

void tls_connection_sent(struct tls_connection *connection, size_t count)
{
	if (count == connection->output.length)
		buffer_done(&connection->output); /* an idle connection holds no buffer */
	else
		buffer_consume(&connection->output, count);
}

/* ---- What it came to ---- */

bool tls_connection_finished(const struct tls_connection *connection)
{
	return connection->outcome.finished;
}

const struct tls_outcome *tls_connection_outcome(const struct tls_connection *connection)
{
	return &connection->outcome;
}

const struct tls_transcript *tls_connection_transcript(const struct tls_connection *connection)
{
	return connection->record.transcript;
}

/* That of the proof's leaf: what else the client sent proves nothing about it. */
const struct identity *tls_connection_identity(const struct tls_connection *connection)
{
	const struct tls_outcome *outcome = &connection->outcome;
	const struct proof *proof = connection->standing.proof;
	return outcome->finished && outcome->verified && proof ? proof_identity(proof) : NULL;
}

enum code tls_connection_check(const struct tls_connection *connection,
	const struct tls_context *now, time_t at, time_t *ret_until)
{
	struct proof *proof = connection->standing.proof;
	VERIFY_UNFILLED struct verify_result result;
	if (!proof && !connection->outcome.peer_certificate) {
		*ret_until = (time_t)LONG_MAX; /* nobody was let in by a certificate */
		return CODE_NONE;
	}
	if (!proof || !now->proofs)
		return CODE_CERTIFICATE_INVALID;
	if (!proof_holds(now->proofs, proof, at, &result, &proof))
		return result.code;
	*ret_until = proof_until(proof);
	proof_release(proof);
	return CODE_NONE;
}
