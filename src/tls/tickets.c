/*
 * Sessions that clients keep for us, for several hosts that share their keys. A ticket carries what
 * a kept session stands beside: when the client was last verified in full, the name that it asked
 * for, and with the leaf, which OpenSSL puts in itself, the certificates that came with it. When
 * it comes back the verifier is asked about these as of any others.
 */
#include "tls/sessions.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <sys/stat.h>

#define KEYS_MAX 16
#define NAME_BYTES 16
#define SECRET_BYTES 32
#define KEY_BYTES (NAME_BYTES + 2 * SECRET_BYTES)

/* In the file's order, which is that of nginx's ssl_session_ticket_key. */
struct key {
	unsigned char name[NAME_BYTES], mac[SECRET_BYTES], cipher[SECRET_BYTES];
};

struct tls_ticket_keys {
	pthread_mutex_t mutex;
	bool rotates;
	time_t begun; /* the first key, if it rotates */
	size_t count;
	struct key keys[KEYS_MAX];
};

static struct tls_ticket_keys *keys_new(bool rotates)
{
	struct tls_ticket_keys *keys = calloc(1, sizeof *keys);
	if (!keys)
		bug("out of memory for ticket keys");
	pthread_mutex_init(&keys->mutex, NULL);
	keys->rotates = rotates;
	return keys;
}

struct tls_ticket_keys *tls_ticket_keys_new(void)
{
	return keys_new(true);
}

void tls_ticket_keys_free(struct tls_ticket_keys *keys)
{
	if (!keys)
		return;
	pthread_mutex_destroy(&keys->mutex);
	OPENSSL_cleanse(keys->keys, sizeof keys->keys);
	free(keys);
}

bool tls_ticket_keys_read(const char *path, struct tls_ticket_keys **ret, struct error *reterr)
{
	OWN(buffer)
	struct buffer bytes = { .bytes_max = (size_t)KEYS_MAX * KEY_BYTES, .secret = true };
	struct stat status;
	if (!file_read(path, &bytes, reterr))
		return error_context(reterr, "ticket keys");
	if (stat(path, &status) == 0 && (status.st_mode & 077)) {
		error_set(reterr, ERROR_INPUT, "ticket keys: others may read '%s'", path);
		return error_hint(
			reterr, "who has the keys can be any client: chmod 600, and make new keys");
	}
	if (bytes.length % KEY_BYTES) {
		error_set(reterr, ERROR_INPUT,
			"ticket keys: '%s' has %zu bytes, not %d for each key", path, bytes.length,
			KEY_BYTES);
		return error_hint(reterr, "make one with: openssl rand -out FILE 80");
	}
	struct tls_ticket_keys *keys = keys_new(false);
	keys->count = bytes.length / KEY_BYTES;
	memcpy(keys->keys, bytes.data, bytes.length);
	*ret = keys;
	return true;
}

/*
 * A random key encrypts for one maximum age of a session and decrypts for one more: then no ticket
 * that it made is good any longer.
 */
static bool rotate(struct tls_ticket_keys *keys, time_t at, long long age)
{
	if (!keys->rotates || (keys->count && at >= keys->begun && at - keys->begun < age))
		return true;
	struct key fresh;
	if (RAND_priv_bytes((unsigned char *)&fresh, sizeof fresh) != 1)
		return false;
	/* After a long silence the one before is of no use either. */
	bool still_good = keys->count && at - keys->begun < 2 * age;
	keys->keys[1] = keys->keys[0];
	keys->keys[0] = fresh;
	keys->count = still_good ? 2 : 1;
	keys->begun = at;
	OPENSSL_cleanse(&fresh, sizeof fresh);
	return true;
}

/* The key that encrypts (`name` NULL), or the one of that name; its place, -1 without one. */
static int find_key(const struct tls_context *context, const unsigned char *name, struct key *ret)
{
	struct tls_ticket_keys *keys =
		context->ticket_keys ? context->ticket_keys : tls_sessions_keys(context->sessions);
	int found = -1;
	pthread_mutex_lock(&keys->mutex);
	if (name || rotate(keys, verify_time(&context->verify), context->session_s_max))
		for (size_t i = 0; i < keys->count && found < 0; i++)
			if (!name || !CRYPTO_memcmp(keys->keys[i].name, name, NAME_BYTES)) {
				*ret = keys->keys[i];
				found = (int)i;
			}
	pthread_mutex_unlock(&keys->mutex);
	return found;
}

static bool use_key(const struct key *key, const unsigned char *iv, EVP_CIPHER_CTX *cipher,
	EVP_MAC_CTX *mac, int encrypt)
{
	const OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_octet_string(
			OSSL_MAC_PARAM_KEY, (void *)key->mac, sizeof key->mac),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_end(),
	};
	return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->cipher, iv, encrypt) &&
	       EVP_MAC_CTX_set_params(mac, parameters);
}

int tls_ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
	EVP_MAC_CTX *mac, int encrypt)
{
	struct key key;
	int place = find_key(tls_record_of(ssl)->context, encrypt ? NULL : name, &key);
	if (place < 0)
		return encrypt ? -1 : 0; /* an unknown key's: a full handshake */
	bool ok = true;
	if (encrypt) {
		memcpy(name, key.name, NAME_BYTES);
		ok = RAND_bytes(iv, EVP_MAX_IV_LENGTH) == 1;
	}
	ok = ok && use_key(&key, iv, cipher, mac, encrypt);
	OPENSSL_cleanse(&key, sizeof key);
	if (!ok)
		return -1;
	return place ? 2 : 1; /* 2: a new ticket, under the key that encrypts now */
}

/* ---- What a ticket carries ---- */

#define FORM 1
#define CARRIED_BYTES_MAX ((size_t)8 << 10)

/* The form, whether there was a certificate, the time (big-endian), the name's length and name. */
#define HEAD_BYTES 11

void tls_ticket_describe(const struct tls_record *record, SSL *ssl, SSL_SESSION *session)
{
	const struct tls_standing *standing = tls_standing_of(record, ssl);
	const char *name = tls_record_name(record);
	size_t name_bytes = strlen(name);
	unsigned char head[HEAD_BYTES] = { FORM, standing->proof != NULL };
	struct error ignored;
	OWN(buffer) struct buffer carried = BUFFER(CARRIED_BYTES_MAX);
	for (int i = 0; i < 8; i++)
		head[2 + i] = (unsigned char)((uint64_t)standing->since >> (56 - 8 * i));
	head[10] = (unsigned char)name_bytes;
	bool fits = name_bytes <= UINT8_MAX &&
		    buffer_append(&carried, head, sizeof head, &ignored) &&
		    buffer_append(&carried, name, name_bytes, &ignored);
	const STACK_OF(X509) *sent = standing->proof ? proof_sent(standing->proof) : NULL;
	for (int i = 1; fits && i < sk_X509_num(sent); i++) {
		unsigned char *der = NULL;
		int bytes = i2d_X509(sk_X509_value(sent, i), &der);
		fits = bytes > 0 && buffer_append(&carried, der, (size_t)bytes, &ignored);
		OPENSSL_free(der);
	}
	/* Without its facts a ticket is never taken back. */
	SSL_SESSION_set1_ticket_appdata(
		session, fits ? carried.data : NULL, fits ? carried.length : 0);
}

static STACK_OF(X509) * parse_sent(X509 *leaf, const unsigned char *from, size_t count)
{
	const unsigned char *end = from + count;
	STACK_OF(X509) *sent = sk_X509_new_null();
	bool ok = sent && leaf && X509_up_ref(leaf) && sk_X509_push(sent, leaf);
	while (ok && from < end) {
		X509 *one = d2i_X509(NULL, &from, end - from);
		ok = one && sk_X509_push(sent, one);
	}
	if (ok)
		return sent;
	sk_X509_pop_free(sent, X509_free);
	return NULL;
}

/* What the ticket's connection proved, judged as of now; false without facts, or on bad ones. */
static bool recall(const struct tls_context *context, SSL_SESSION *session,
	struct tls_standing *ret, char name[static UINT8_MAX + 1])
{
	void *data = NULL;
	size_t count = 0;
	if (!SSL_SESSION_get0_ticket_appdata(session, &data, &count) || count < HEAD_BYTES)
		return false;
	const unsigned char *bytes = data;
	size_t name_bytes = bytes[10];
	if (bytes[0] != FORM || count < HEAD_BYTES + name_bytes)
		return false;
	uint64_t since = 0;
	for (int i = 0; i < 8; i++)
		since = since << 8 | bytes[2 + i];
	memcpy(name, bytes + HEAD_BYTES, name_bytes);
	name[name_bytes] = 0;
	*ret = (struct tls_standing){ .since = (time_t)since };
	if (!bytes[1])
		return true;
	STACK_OF(X509) *sent = parse_sent(SSL_SESSION_get0_peer(session),
		bytes + HEAD_BYTES + name_bytes, count - HEAD_BYTES - name_bytes);
	VERIFY_UNFILLED struct verify_result ignored;
	bool ok = sent && context->proofs &&
		  proof_make(context->proofs, sent, verify_time(&context->verify), &ignored,
			  &ret->proof);
	sk_X509_pop_free(sent, X509_free);
	return ok;
}

SSL_TICKET_RETURN tls_ticket_take_back(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
	size_t name_bytes, SSL_TICKET_STATUS status, void *argument)
{
	(void)name, (void)name_bytes, (void)argument;
	const struct tls_record *record = tls_record_of(ssl);
	struct tls_standing standing = { 0 };
	char server_name[UINT8_MAX + 1];
	if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	bool good = recall(record->context, session, &standing, server_name) &&
		    tls_standing_offer(record, &standing, server_name);
	tls_standing_done(&standing);
	ERR_clear_error();
	if (!good)
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	/* Each ticket of TLS 1.3 is for one connection (RFC 8446 appendix C.4). */
	return status == SSL_TICKET_SUCCESS_RENEW || SSL_version(ssl) == TLS1_3_VERSION
		       ? SSL_TICKET_RETURN_USE_RENEW
		       : SSL_TICKET_RETURN_USE;
}
