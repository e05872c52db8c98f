/*
 * The library context that servers handshake in. To make a key of a certificate OpenSSL 3.0 copies
 * the list of all algorithms there are, asks each kind of key for its names and each decoder of
 * each format whether it could be of help, and remembers none of it: that costs more than all the
 * cryptography of a full handshake. So here is a provider that is OpenSSL's default one, done by
 * that one's own functions, but offers only what TLS and X.509 have a use for, and of the decoders
 * those for a key in a certificate, a SubjectPublicKeyInfo in DER (RFC 5280 section 4.1). Some
 * algorithms are ours: schedule.c, password.c, peer_key.c.
 *
 * OpenSSL's default provider is in the same context, so that whatever its functions ask for in
 * their turn is ours again, but is not active there: nothing else of it is looked at, and the
 * process needs no second context with a table of names and a random generator of its own.
 */
#include "tls/configuration.h"
#include "tls/context.h"
#include "tls/password.h"
#include "tls/peer_key.h"
#include "tls/schedule.h"

#include <openssl/core_dispatch.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <pthread.h>

#define NAME "mtls-peers"
#define OPERATIONS 32 /* OSSL_OP_... are below it; of one that is not, nothing is left out */

/*
 * What is offered of an operation, by an algorithm's first name. Ciphers are those of every suite
 * that libssl knows, and two of the random generator; digests those of signatures; HMAC is a kind
 * of key and of signature to TLS 1.2's older suites. Of operations that do not stand here all is
 * offered.
 */
static const char *const ciphers[] = { "AES-256-CTR", "AES-256-ECB", "AES-128-CBC", "AES-256-CBC",
	"AES-128-CBC-HMAC-SHA1", "AES-256-CBC-HMAC-SHA1", "AES-128-CBC-HMAC-SHA256",
	"AES-256-CBC-HMAC-SHA256", "AES-128-GCM", "AES-256-GCM", "AES-128-CCM", "AES-256-CCM",
	"ARIA-128-GCM", "ARIA-256-GCM", "CAMELLIA-128-CBC", "CAMELLIA-256-CBC", "ChaCha20-Poly1305",
	"DES-EDE3-CBC", "NULL", NULL };
static const char *const digests[] = { "MD5", "MD5-SHA1", "RIPEMD-160", "SHA1", "SHA2-224",
	"SHA2-256", "SHA2-384", "SHA2-512", "SHA2-512/224", "SHA2-512/256", "SHA3-224", "SHA3-256",
	"SHA3-384", "SHA3-512", "SM3", NULL };
static const char *const macs[] = { "HMAC", NULL };
static const char *const derivations[] = { "HKDF", "TLS13-KDF", "TLS1-PRF", "PBKDF2", "PKCS12KDF",
	NULL };
static const char *const exchanges[] = { "DH", "ECDH", "X25519", "X448", NULL };
static const char *const keys[] = { "DH", "DSA", "EC", "ED25519", "ED448", "HMAC", "RSA", "RSA-PSS",
	"SM2", "X25519", "X448", NULL };
static const char *const generators[] = { "CTR-DRBG", "SEED-SRC", NULL };
static const char *const signatures[] = { "DSA", "ECDSA", "ED25519", "ED448", "HMAC", "RSA", "SM2",
	NULL };
/* A key that cannot sign is of no use in a certificate. */
static const char *const decoders[] = { "DSA", "EC", "ED25519", "ED448", "RSA", "RSA-PSS", "SM2",
	NULL };
static const char *const *const wanted[OPERATIONS] = {
	[OSSL_OP_CIPHER] = ciphers,
	[OSSL_OP_DIGEST] = digests,
	[OSSL_OP_MAC] = macs,
	[OSSL_OP_KDF] = derivations,
	[OSSL_OP_RAND] = generators,
	[OSSL_OP_KEYEXCH] = exchanges,
	[OSSL_OP_KEYMGMT] = keys,
	[OSSL_OP_SIGNATURE] = signatures,
	[OSSL_OP_DECODER] = decoders,
	[OSSL_OP_ENCODER] = keys,
};

static OSSL_PROVIDER *whole;                /* OpenSSL's default one */
static EVP_KEM *whole_held;                 /* what keeps it: one of its algorithms */
static OSSL_ALGORITHM *offered[OPERATIONS]; /* NULL: all */
static const OSSL_DISPATCH *ec_keys;        /* its management of them */
static OSSL_LIB_CTX *lean;

/* Of decoders and encoders: those of public keys, and what writes a private one (RFC 5958). */
static bool is_for_keys(int operation, const OSSL_ALGORITHM *algorithm)
{
	const char *what = algorithm->property_definition;
	if (operation == OSSL_OP_DECODER)
		return strstr(what, "input=der") && strstr(what, "structure=SubjectPublicKeyInfo");
	return operation != OSSL_OP_ENCODER ||
	       (strstr(what, "output=der") && (strstr(what, "structure=SubjectPublicKeyInfo") ||
						      strstr(what, "structure=PrivateKeyInfo")));
}

static bool is_named(const OSSL_ALGORITHM *algorithm, const char *name)
{
	size_t bytes = strcspn(algorithm->algorithm_names, ":");
	return strlen(name) == bytes && !memcmp(name, algorithm->algorithm_names, bytes);
}

static bool is_wanted(int operation, const OSSL_ALGORITHM *algorithm)
{
	if (!is_for_keys(operation, algorithm))
		return false;
	for (const char *const *one = wanted[operation]; *one; one++)
		if (is_named(algorithm, *one))
			return true;
	return false;
}

/* What is ours stands in for OpenSSL's, under all the names of that. */
static OSSL_ALGORITHM with_ours(int operation, OSSL_ALGORITHM algorithm)
{
	static const struct {
		const char *name;
		const OSSL_DISPATCH *functions;
	} ours[] = { { "TLS13-KDF", tls_schedule }, { "PBKDF2", tls_password_pbkdf2 },
		{ "PKCS12KDF", tls_password_pkcs12 } };
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		if (is_named(&algorithm, ours[i].name))
			algorithm.implementation = ours[i].functions;
	if (operation == OSSL_OP_DECODER && is_named(&algorithm, "EC"))
		algorithm.implementation = tls_peer_key_ec(algorithm.implementation);
	else if (operation == OSSL_OP_DECODER && is_named(&algorithm, "SM2"))
		algorithm.implementation = tls_peer_key_sm2(algorithm.implementation);
	else if (operation == OSSL_OP_KEYMGMT && is_named(&algorithm, "EC"))
		ec_keys = algorithm.implementation;
	return algorithm;
}

/* False when the default provider has nothing of it, and so is not the one that we know. */
static bool choose(int operation)
{
	int ignored = 0;
	const OSSL_ALGORITHM *all = OSSL_PROVIDER_query_operation(whole, operation, &ignored);
	size_t count = 0, chosen = 0;
	while (all && all[count].algorithm_names)
		count++;
	offered[operation] = calloc(count + 1, sizeof *offered[operation]);
	if (!offered[operation])
		bug("out of memory for algorithms");
	for (size_t i = 0; i < count; i++)
		if (is_wanted(operation, &all[i]))
			offered[operation][chosen++] = with_ours(operation, all[i]);
	return chosen > 0;
}

static bool choose_all(void)
{
	bool ok = true;
	for (int operation = 0; operation < OPERATIONS; operation++)
		ok = ok && (!wanted[operation] || choose(operation));
	return ok;
}

/* ---- The provider ---- */

static const OSSL_ALGORITHM *query(void *provider, int operation, int *ret_no_cache)
{
	(void)provider;
	*ret_no_cache = 0;
	return operation < OPERATIONS && offered[operation]
		       ? offered[operation]
		       : OSSL_PROVIDER_query_operation(whole, operation, ret_no_cache);
}

static int get_capabilities(
	void *provider, const char *capability, OSSL_CALLBACK *callback, void *argument)
{
	(void)provider;
	return OSSL_PROVIDER_get_capabilities(whole, capability, callback, argument);
}

static int begin(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *core,
	const OSSL_DISPATCH **ret_functions, void **ret_provider)
{
	static const OSSL_DISPATCH functions[] = {
		{ OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query },
		{ OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (void (*)(void))get_capabilities },
		{ 0, NULL },
	};
	(void)handle;
	*ret_functions = functions;
	*ret_provider = OSSL_PROVIDER_get0_provider_ctx(whole); /* what its functions expect */
	tls_peer_key_begin(*ret_provider, ec_keys, core);
	return 1;
}

static int is_default(OSSL_PROVIDER *provider, void *argument)
{
	bool *alone = argument;
	*alone = *alone && !strcmp(OSSL_PROVIDER_get0_name(provider), "default");
	return 1;
}

/*
 * An algorithm holds its provider, and so the default one stays as it is while unloading it makes
 * it inactive. There is but one key encapsulation: that is the least to ask for.
 */
static bool load_whole(OSSL_LIB_CTX *library)
{
	OSSL_PROVIDER *active = OSSL_PROVIDER_load(library, "default");
	whole_held = active ? EVP_KEM_fetch(library, "RSA", NULL) : NULL;
	whole = whole_held ? EVP_KEM_get0_provider(whole_held) : NULL;
	return whole && whole == active && OSSL_PROVIDER_unload(active);
}

static bool works(OSSL_LIB_CTX *library)
{
	unsigned char bits[1];
	EVP_MD *digest = EVP_MD_fetch(library, "SHA2-256", NULL);
	bool ours = digest && !strcmp(OSSL_PROVIDER_get0_name(EVP_MD_get0_provider(digest)), NAME);
	EVP_MD_free(digest);
	return ours && RAND_bytes_ex(library, bits, sizeof bits, 0) == 1;
}

/* Whose openssl.cnf chooses other providers (FIPS, a token's) gets those and nothing of ours. */
static bool is_choice_ours(void)
{
	bool alone = true;
	return tls_configuration_passed() ||
	       (OSSL_PROVIDER_do_all(NULL, is_default, &alone) && alone &&
		       !EVP_default_properties_is_fips_enabled(NULL));
}

static void make(void)
{
	if (!is_choice_ours())
		return;
	OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
	if (library && load_whole(library) && choose_all() &&
		OSSL_PROVIDER_add_builtin(library, NAME, begin) &&
		OSSL_PROVIDER_load(library, NAME) && works(library) &&
		tls_schedule_begin(library)) {
		tls_password_begin(library);
		lean = library;
		return;
	}
	EVP_KEM_free(whole_held);
	OSSL_LIB_CTX_free(library);
	ERR_clear_error();
}

OSSL_LIB_CTX *tls_library(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, make);
	return lean;
}

void tls_thread_begin(void)
{
	OSSL_LIB_CTX_set0_default(tls_library()); /* NULL changes nothing */
}
