/*
 * Sessions that a server keeps. OpenSSL resumes one without a look at the client's certificate: no
 * verifier, no CRL, no expiry. So each is kept with what its full handshake proved, and that is
 * judged anew before OpenSSL sees the session. A session that is not as good as a full handshake
 * does not exist, and a full handshake follows.
 */
#include "tls/sessions.h"

#include <openssl/err.h>
#include <stdatomic.h>

struct tls_sessions {
	struct cache *table;
	struct tls_ticket_keys *keys;
};

/* One session; the SSL_SESSION is shared by connections of all threads, which only read it. */
struct kept {
	atomic_uint references;
	SSL_SESSION *session;
	struct tls_standing standing;
	char server_name[];
};

static bool is_kept(const void *value, const void *key, size_t key_bytes)
{
	unsigned bytes;
	const unsigned char *id = SSL_SESSION_get_id(((const struct kept *)value)->session, &bytes);
	return bytes == key_bytes && !memcmp(id, key, key_bytes);
}

static void hold(void *value)
{
	atomic_fetch_add(&((struct kept *)value)->references, 1);
}

static void release(void *value)
{
	struct kept *kept = value;
	if (atomic_fetch_sub(&kept->references, 1) > 1)
		return;
	SSL_SESSION_free(kept->session);
	tls_standing_done(&kept->standing);
	free(kept);
}

struct tls_sessions *tls_sessions_new(size_t count_max)
{
	static const struct cache_kind kind = { is_kept, hold, release };
	struct tls_sessions *sessions = calloc(1, sizeof *sessions);
	if (!sessions)
		bug("out of memory for sessions");
	sessions->table = cache_new(count_max, &kind);
	sessions->keys = tls_ticket_keys_new();
	return sessions;
}

void tls_sessions_free(struct tls_sessions *sessions)
{
	if (!sessions)
		return;
	cache_free(sessions->table);
	tls_ticket_keys_free(sessions->keys);
	free(sessions);
}

size_t tls_sessions_count(struct tls_sessions *sessions)
{
	return cache_count(sessions->table);
}

struct tls_ticket_keys *tls_sessions_keys(struct tls_sessions *sessions)
{
	return sessions->keys;
}

/* ---- What a connection relies on ---- */

void tls_standing_done(struct tls_standing *standing)
{
	proof_release(standing->proof);
	*standing = (struct tls_standing){ 0 };
}

bool tls_standing_offer(const struct tls_record *record, const struct tls_standing *standing,
	const char *server_name)
{
	const struct tls_context *context = record->context;
	time_t at = verify_time(&context->verify);
	VERIFY_UNFILLED struct verify_result ignored; /* the full handshake that follows says it */
	struct proof *proof = NULL;
	tls_standing_done(record->offered);
	/* A clock that was put back tells no age. */
	if (at < standing->since || at - standing->since > context->session_s_max)
		return false;
	/* Another name is another request (RFC 6066 section 3). */
	if (strcmp(server_name, tls_record_name(record)) != 0)
		return false;
	if (standing->proof ? !context->proofs || !proof_holds(context->proofs, standing->proof, at,
							  &ignored, &proof)
			    : context->verify_mode == TLS_VERIFY_REQUIRED)
		return false;
	*record->offered = (struct tls_standing){ standing->since, proof };
	return true;
}

const struct tls_standing *tls_standing_of(const struct tls_record *record, const SSL *ssl)
{
	/* Until the end of the handshake what was offered stands beside what was proved. */
	bool offered = SSL_session_reused(ssl) && record->offered->since;
	struct tls_standing *standing = offered ? record->offered : record->standing;
	if (!standing->since)
		standing->since = verify_time(&record->context->verify);
	return standing;
}

void tls_standing_settle(const struct tls_record *record, const SSL *ssl)
{
	if (!record->standing)
		return;
	if (SSL_session_reused(ssl)) {
		tls_standing_done(record->standing);
		*record->standing = *record->offered;
		*record->offered = (struct tls_standing){ 0 };
		record->outcome->verified = record->standing->proof != NULL;
	}
	tls_standing_done(record->offered);
	sk_X509_pop_free(TAKE(*record->replaced), X509_free);
}

/* ---- OpenSSL's callbacks ---- */

static int keep(SSL *ssl, SSL_SESSION *session)
{
	const struct tls_record *record = tls_record_of(ssl);
	const struct tls_standing *standing = tls_standing_of(record, ssl);
	const char *name = tls_record_name(record);
	size_t name_bytes = strlen(name) + 1;
	unsigned id_bytes;
	const unsigned char *id = SSL_SESSION_get_id(session, &id_bytes);
	struct kept *kept = malloc(sizeof *kept + name_bytes);
	if (!kept)
		bug("out of memory for a session");
	atomic_init(&kept->references, 1);
	kept->session = session;
	kept->standing = (struct tls_standing){ standing->since, proof_hold(standing->proof) };
	memcpy(kept->server_name, name, name_bytes);
	cache_put(record->context->sessions->table, id, id_bytes, kept);
	return 1; /* its reference is ours now */
}

/* Another listener's session is left to that listener. */
static bool is_of(const SSL_SESSION *session, const struct tls_context *context)
{
	unsigned bytes;
	const unsigned char *id = SSL_SESSION_get0_id_context(session, &bytes);
	return bytes == sizeof context->session_id && !memcmp(id, context->session_id, bytes);
}

static SSL_SESSION *take_back(SSL *ssl, const unsigned char *id, int id_bytes, int *ret_copy)
{
	const struct tls_record *record = tls_record_of(ssl);
	struct cache *table = record->context->sessions->table;
	struct kept *kept = cache_get(table, id, (size_t)id_bytes);
	SSL_SESSION *session = NULL;
	*ret_copy = 0; /* the reference that we return is OpenSSL's */
	if (!kept)
		return NULL;
	if (is_of(kept->session, record->context) &&
		tls_standing_offer(record, &kept->standing, kept->server_name) &&
		SSL_SESSION_up_ref(kept->session))
		session = kept->session;
	ERR_clear_error();
	release(kept);
	return session;
}

/* After a fatal alert (RFC 5246 section 7.2.2). */
static void drop(SSL_CTX *ssl, SSL_SESSION *session)
{
	const struct tls_context *context = SSL_CTX_get_app_data(ssl);
	unsigned bytes;
	const unsigned char *id = SSL_SESSION_get_id(session, &bytes);
	cache_remove(context->sessions->table, id, bytes);
}

/* Before a ticket is written: the client is told for how long it is worth keeping. */
static int describe(SSL *ssl, void *argument)
{
	(void)argument;
	const struct tls_record *record = tls_record_of(ssl);
	const struct tls_context *context = record->context;
	const struct tls_standing *standing = tls_standing_of(record, ssl);
	SSL_SESSION *session = SSL_get_session(ssl);
	time_t at = verify_time(&context->verify), end = standing->since + context->session_s_max;
	if (standing->proof && proof_not_after(standing->proof) < end)
		end = proof_not_after(standing->proof);
	SSL_SESSION_set_timeout(session, end > at ? (long)(end - at) : 1);
	if (context->resumption == TLS_RESUMPTION_TICKETS)
		tls_ticket_describe(record, ssl, session);
	return 1;
}

void tls_sessions_configure(const struct tls_context *context, SSL_CTX *ssl)
{
	if (context->resumption == TLS_RESUMPTION_OFF)
		return;
	SSL_CTX_set_app_data(ssl, (void *)context);
	SSL_CTX_set_timeout(ssl, (long)context->session_s_max);
	SSL_CTX_set_num_tickets(ssl, 1);
	SSL_CTX_set_session_ticket_cb(ssl, describe,
		context->resumption == TLS_RESUMPTION_TICKETS ? tls_ticket_take_back : NULL, NULL);
	if (context->resumption == TLS_RESUMPTION_TICKETS) {
		SSL_CTX_clear_options(ssl, SSL_OP_NO_TICKET);
		SSL_CTX_set_tlsext_ticket_key_evp_cb(ssl, tls_ticket_key);
		return;
	}
	SSL_CTX_set_session_cache_mode(ssl,
		SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL | SSL_SESS_CACHE_NO_AUTO_CLEAR);
	SSL_CTX_sess_set_new_cb(ssl, keep);
	SSL_CTX_sess_set_get_cb(ssl, take_back);
	SSL_CTX_sess_set_remove_cb(ssl, drop);
}
