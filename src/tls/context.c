/*
 * A context: one side's trust, credentials and rules, checked and loaded once. Everything that
 * OpenSSL would choose by itself (versions, security level, chain building, caches) is set here.
 */
#include "tls/sessions.h"

#include <openssl/err.h>

/* AES-128-GCM first: the fastest where the processor helps, and strong enough (RFC 9325 4.2). */
#define SUITES "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
/* Forward secrecy and AEAD only, so that TLS 1.2 never falls back to RSA key exchange. */
#define CIPHERS \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:" \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:" \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"

#define SECURITY_LEVEL 2
/* Verified chains that a server remembers; one takes about 20 KiB. */
#define PROOFS_MAX 1024
/* What a peer may send as its chain; ten RSA-4096 certificates fit. */
#define CHAIN_BYTES_MAX (64 << 10)

/* Adds `word` to a colon-separated list. */
static void list_add(char **list, const char *word, size_t bytes)
{
	OWN(char) char *before = *list;
	*list = text_format("%s%s%.*s", before ? before : "", before ? ":" : "", (int)bytes, word);
}

/* The user's one list falls apart into the two that OpenSSL wants. */
static void split_ciphers(struct tls_context *context, const char *both)
{
	for (const char *word = both ? both : ""; *word;) {
		size_t bytes = strcspn(word, ":");
		if (bytes)
			list_add(!strncmp(word, "TLS_", 4) ? &context->suites : &context->ciphers,
				word, bytes);
		word += bytes + (word[bytes] == ':');
	}
	if (!context->suites)
		context->suites = text_copy(SUITES);
	if (!context->ciphers)
		context->ciphers = text_copy(CIPHERS);
}

static bool encode_alpn(struct tls_context *context, const char *names, struct error *reterr)
{
	for (const char *name = names ? names : ""; *name;) {
		size_t bytes = strcspn(name, ",");
		if (!bytes || bytes > 255 || context->alpn_bytes + bytes + 1 > TLS_ALPN_BYTES)
			return error_set(reterr, ERROR_USAGE,
				"'%s' is no list of application protocols", names);
		context->alpn[context->alpn_bytes++] = (unsigned char)bytes;
		memcpy(context->alpn + context->alpn_bytes, name, bytes);
		context->alpn_bytes += (unsigned)bytes;
		name += bytes + (name[bytes] == ',');
	}
	return true;
}

static int select_alpn(SSL *ssl, const unsigned char **ret, unsigned char *ret_bytes,
	const unsigned char *offered, unsigned offered_bytes, void *argument)
{
	(void)ssl;
	const struct tls_context *context = argument;
	unsigned char *selected;
	if (SSL_select_next_proto(&selected, ret_bytes, context->alpn, context->alpn_bytes, offered,
		    offered_bytes) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*ret = selected;
	return SSL_TLSEXT_ERR_OK;
}

/*
 * The name only ever decides whether there is a connection, never under which rules: without one,
 * in another case or with a trailing dot it is the same server.
 */
static int check_server_name(SSL *ssl, int *alert, void *argument)
{
	const struct tls_context *context = argument;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	size_t bytes = name ? strlen(name) : 0;
	if (bytes && name[bytes - 1] == '.')
		bytes--;
	if (!bytes || X509_check_host(context->credentials->leaf, name, bytes, 0, NULL) == 1)
		return SSL_TLSEXT_ERR_OK;
	*alert = SSL_AD_UNRECOGNIZED_NAME;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/*
 * A session may only come back to a listener with the same rules, or a session of a lenient one
 * would get past a strict one. The digest of what decides is its name.
 */
static bool make_session_context(
	struct tls_context *context, const char *name, struct error *reterr)
{
	OWN(EVP_MD_CTX) EVP_MD_CTX *hash = EVP_MD_CTX_new();
	const int rules[] = { (int)context->verify_mode, (int)context->verify.profile,
		(int)context->verify.eku, (int)context->verify.purpose, context->verify.depth_max,
		(int)context->sni_strict };
	bool ok = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) &&
		  EVP_DigestUpdate(hash, rules, sizeof rules) &&
		  (!name || EVP_DigestUpdate(hash, name, strlen(name) + 1));
	STACK_OF(X509_OBJECT) *objects =
		context->trust ? X509_STORE_get0_objects(trust_store(context->trust)) : NULL;
	for (int i = 0; ok && i < sk_X509_OBJECT_num(objects); i++) {
		X509 *anchor = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
		unsigned char one[TLS_SESSION_ID_BYTES];
		if (anchor)
			ok = X509_digest(anchor, EVP_sha256(), one, NULL) &&
			     EVP_DigestUpdate(hash, one, sizeof one);
	}
	if (ok && EVP_DigestFinal_ex(hash, context->session_id, NULL))
		return true;
	return error_openssl(reterr, ERROR_IO, "cannot digest the trust anchors");
}

static bool set_protocol(const struct tls_context *context, SSL_CTX *ssl, struct error *reterr)
{
	SSL_CTX_set_security_level(ssl, SECURITY_LEVEL);
	/* Without an explicit minimum OpenSSL answers an old client with alert 80, not 70. */
	if (!SSL_CTX_set_min_proto_version(ssl, context->version_min) ||
		!SSL_CTX_set_max_proto_version(ssl, context->version_max))
		return error_openssl(reterr, ERROR_USAGE, "the versions of TLS cannot be set");
	if (!SSL_CTX_set_cipher_list(ssl, context->ciphers))
		return error_openssl(
			reterr, ERROR_USAGE, "cannot use the ciphers '%s'", context->ciphers);
	if (!SSL_CTX_set_ciphersuites(ssl, context->suites))
		return error_openssl(
			reterr, ERROR_USAGE, "cannot use the TLS 1.3 suites '%s'", context->suites);
	if (context->groups && !SSL_CTX_set1_groups_list(ssl, context->groups))
		return error_openssl(
			reterr, ERROR_USAGE, "cannot use the groups '%s'", context->groups);
	/* A server names them in its CertificateRequest, a client in its ClientHello. */
	if (context->sigalgs &&
		!(context->server ? SSL_CTX_set1_client_sigalgs_list(ssl, context->sigalgs)
				  : SSL_CTX_set1_sigalgs_list(ssl, context->sigalgs)))
		return error_openssl(reterr, ERROR_USAGE,
			"cannot use the signature algorithms '%s'", context->sigalgs);
	SSL_CTX_set_options(ssl,
		SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	if (!context->keeps_session)
		SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ssl, 0);
	SSL_CTX_set_max_early_data(ssl, 0);
	SSL_CTX_set_max_cert_list(ssl, CHAIN_BYTES_MAX);
	/* Send the chain that the file holds, never one guessed from the trust anchors. */
	SSL_CTX_set_mode(ssl, SSL_MODE_NO_AUTO_CHAIN | SSL_MODE_RELEASE_BUFFERS);
	return true;
}

static void set_verification(const struct tls_context *context, SSL_CTX *ssl)
{
	int mode = SSL_VERIFY_PEER;
	if (context->server && context->verify_mode == TLS_VERIFY_REQUIRED)
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	if (context->server && context->verify_mode == TLS_VERIFY_NONE)
		mode = SSL_VERIFY_NONE;
	SSL_CTX_set_verify(ssl, mode, NULL);
	if (context->trust)
		SSL_CTX_set1_cert_store(ssl, trust_store(context->trust));
	if (context->trust && context->server)
		SSL_CTX_set_client_CA_list(ssl, trust_names(context->trust)); /* takes them */
}

bool tls_context_configure(const struct tls_context *context, SSL_CTX *ssl, struct error *reterr)
{
	ERR_clear_error();
	if (!set_protocol(context, ssl, reterr))
		return false;
	set_verification(context, ssl);
	if (context->server && !SSL_CTX_set_session_id_context(
				       ssl, context->session_id, sizeof context->session_id))
		return error_openssl(reterr, ERROR_BUG, "cannot set the session-id context");
	if (context->alpn_bytes && context->server)
		SSL_CTX_set_alpn_select_cb(ssl, select_alpn, (void *)context);
	/* HTTP/2 knows no certificate after the handshake, though libcurl offers one (RFC 8740 3).
	 */
	if (!context->server && memmem(context->alpn, context->alpn_bytes, "\2h2", 3))
		SSL_CTX_set_post_handshake_auth(ssl, 0);
	if (context->alpn_bytes && !context->server &&
		SSL_CTX_set_alpn_protos(ssl, context->alpn, context->alpn_bytes) != 0)
		return error_openssl(reterr, ERROR_IO, "cannot offer application protocols");
	if (context->sni_strict) {
		SSL_CTX_set_tlsext_servername_callback(ssl, check_server_name);
		SSL_CTX_set_tlsext_servername_arg(ssl, (void *)context);
	}
	const struct credentials *own = context->credentials;
	if (own && !SSL_CTX_use_cert_and_key(ssl, own->leaf, own->key, own->chain, 1))
		return error_openssl(reterr, ERROR_INPUT, "cannot use the certificate");
	tls_record_callbacks(ssl);
	tls_sessions_configure(context, ssl);
	return true;
}

static bool load(
	struct tls_context *context, const struct tls_options *options, struct error *reterr)
{
	bool wants_trust = options->server ? options->verify_mode != TLS_VERIFY_NONE
					   : !options->insecure_observe;
	if ((wants_trust || options->ca_count) &&
		!trust_load(options->ca, options->ca_count, options->crl, options->crl_count,
			&context->trust, reterr))
		return false;
	if (options->server && !options->cert)
		return error_set(reterr, ERROR_USAGE, "a server needs a certificate and its key");
	if (!options->cert)
		return true;
	return credentials_load(
		options->cert, options->key, options->passphrase, &context->credentials, reterr);
}

bool tls_context_new(
	const struct tls_options *options, struct tls_context **ret, struct error *reterr)
{
	OWN(tls_context) struct tls_context *context = calloc(1, sizeof *context);
	if (!context)
		bug("out of memory for a TLS context");
	context->server = options->server;
	context->verify_mode = options->verify_mode;
	context->keeps_transcripts = options->transcript;
	context->sni_strict = options->sni_strict && options->server;
	context->keeps_session = options->keeps_session && !options->server;
	context->insecure_observe = options->insecure_observe && !options->server;
	context->sni = options->sni && !options->server ? text_copy(options->sni) : NULL;
	context->sessions = options->server ? options->sessions : NULL;
	context->resumption = context->sessions ? options->resumption : TLS_RESUMPTION_OFF;
	context->session_s_max = options->session_s_max;
	context->verify = options->verify;
	context->verify.name = NULL;
	if (options->verify.name)
		context->verify.name = context->name = text_copy(options->verify.name);
	context->version_min = options->version_min ? (int)options->version_min : TLS_1_2;
	context->version_max = (int)options->version_max;
	if (context->version_max && context->version_max < context->version_min)
		return error_set(reterr, ERROR_USAGE,
			"the highest version of TLS is below the lowest that is allowed");
	if (options->ciphers && !options->ciphers[strspn(options->ciphers, ":")])
		return error_set(reterr, ERROR_USAGE, "cannot use the ciphers '%s': none is named",
			options->ciphers);
	split_ciphers(context, options->ciphers);
	context->groups = options->groups ? text_copy(options->groups) : NULL;
	context->sigalgs = options->sigalgs ? text_copy(options->sigalgs) : NULL;
	if (!encode_alpn(context, options->alpn, reterr) || !load(context, options, reterr))
		return false;
	if (context->resumption == TLS_RESUMPTION_TICKETS && options->ticket_keys &&
		!tls_ticket_keys_read(options->ticket_keys, &context->ticket_keys, reterr))
		return false;
	ERR_clear_error();
	if (!make_session_context(context, options->session_name, reterr))
		return false;
	context->ssl = options->server ? SSL_CTX_new_ex(tls_library(), NULL, TLS_server_method())
				       : SSL_CTX_new(TLS_client_method());
	if (!context->ssl)
		return error_openssl(reterr, ERROR_IO, "cannot make a TLS context");
	if (context->server && context->trust)
		context->proofs = proof_register_new(context->trust, &context->verify, PROOFS_MAX);
	if (!tls_context_configure(context, context->ssl, reterr))
		return reterr->kind == ERROR_INPUT && options->cert
			       ? error_context(reterr, "'%s'", options->cert)
			       : false;
	*ret = TAKE(context);
	return true;
}

void tls_context_free(struct tls_context *context)
{
	if (!context)
		return;
	SSL_CTX_free(context->ssl);
	proof_register_free(context->proofs);
	tls_ticket_keys_free(context->ticket_keys);
	credentials_free(context->credentials);
	trust_free(context->trust);
	free(context->name);
	free(context->sni);
	free(context->ciphers);
	free(context->suites);
	free(context->groups);
	free(context->sigalgs);
	free(context);
}

bool tls_context_apply(const struct tls_context *context, void *ssl_ctx,
	struct tls_outcome *ret_outcome, struct tls_peer *ret_peer, struct error *reterr)
{
	const struct tls_record record = { .context = context,
		.outcome = ret_outcome,
		.peer = ret_peer,
		.transcript = ret_peer ? &ret_peer->transcript : NULL };
	tls_outcome_init(ret_outcome);
	if (!tls_context_configure(context, ssl_ctx, reterr))
		return false;
	if (!tls_record_attach_all(ssl_ctx, &record))
		return error_openssl(reterr, ERROR_IO, "cannot watch the handshake");
	return true;
}

struct identity *tls_context_identity(const struct tls_context *context)
{
	return context->credentials ? identity_new(context->credentials->leaf) : NULL;
}

struct trust_dates tls_context_dates(const struct tls_context *context)
{
	return context->trust ? trust_dates(context->trust) : (struct trust_dates){ 0 };
}

json_t *tls_context_crl_warnings(const struct tls_context *context)
{
	return trust_crl_warnings(context->trust);
}

struct end *tls_context_ends(const struct tls_context *context, size_t *ret_count)
{
	const struct credentials *own = context->credentials;
	bool asks = !context->server || context->verify_mode != TLS_VERIFY_NONE;
	struct end *ends = trust_ends(asks ? context->trust : NULL, own != NULL, ret_count);
	if (own)
		ends[0] = trust_end(END_CERTIFICATE, own->leaf, 0);
	return ends;
}

const char *tls_library_version(void)
{
	return OpenSSL_version(OPENSSL_VERSION_STRING);
}
