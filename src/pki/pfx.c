/* Making and opening PFX files. */
#include "pki/pfx.h"

#include "pki/bundle.h"
#include "pki/key.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <unistd.h>

enum {
	ROUNDS_GENERATED = 2048, /* OpenSSL's default */
	ROUNDS_PERSON = 600000,
	/*
	 * .NET is documented to stop at 600,000 rounds for MAC, key and certificates taken
	 * together: three times this stays below. Not tried on a Windows machine.
	 */
	ROUNDS_WINDOWS = 150000,
	ROUNDS_READ_MAX = 10000000, /* a file that wants more only wants our time */
};

#define ADB_IMPORT \
	"adb push %s /sdcard/Download/ (then on the device: Settings, Security, Install a " \
	"certificate)"
#define KEYTOOL_IMPORT \
	"keytool -importkeystore -srcstoretype PKCS12 -srckeystore %s " \
	"-destkeystore keystore.jks"
/* The folder is a browser's, and is not there before its first start. */
#define NSS_IMPORT "mkdir -p $HOME/.pki/nssdb && pk12util -d sql:$HOME/.pki/nssdb -i %s"
#define WINDOWS_IMPORT "certutil -user -importpfx %s"

struct recipe {
	struct pfx_form form;
	int cipher;                 /* NID for key and certificates */
	const EVP_MD *(*mac)(void); /* RC2-40, which old tools chose for certificates, never */
};

static const struct recipe recipes[PFX_TARGETS] = {
	[PFX_MODERN] = { { "modern", "AES-256-CBC", "SHA-256", ROUNDS_PERSON, NSS_IMPORT,
				 NSS_IMPORT " -w %s" },
		NID_aes_256_cbc, EVP_sha256 },
	[PFX_MACOS] = { { "macos", "3DES", "SHA-1", ROUNDS_PERSON,
				"security import %s -k ~/Library/Keychains/login.keychain-db",
				"security import %s -k ~/Library/Keychains/login.keychain-db "
				"-P \"$(cat %s)\"" },
		NID_pbe_WithSHA1And3_Key_TripleDES_CBC, EVP_sha1 },
	[PFX_WINDOWS] = { { "windows", "AES-256-CBC", "SHA-256", ROUNDS_WINDOWS, WINDOWS_IMPORT,
				  NULL },
		NID_aes_256_cbc, EVP_sha256 },
	[PFX_WINDOWS_2016] = { { "windows-2016", "3DES", "SHA-1", ROUNDS_WINDOWS, WINDOWS_IMPORT,
				       NULL },
		NID_pbe_WithSHA1And3_Key_TripleDES_CBC, EVP_sha1 },
	[PFX_ANDROID] = { { "android", "3DES", "SHA-1", ROUNDS_PERSON, ADB_IMPORT, NULL },
		NID_pbe_WithSHA1And3_Key_TripleDES_CBC, EVP_sha1 },
	[PFX_JAVA8] = { { "java8", "3DES", "SHA-1", ROUNDS_PERSON, KEYTOOL_IMPORT,
				KEYTOOL_IMPORT " -srcstorepass:file %s" },
		NID_pbe_WithSHA1And3_Key_TripleDES_CBC, EVP_sha1 },
};

bool pfx_target_parse(const char *text, enum pfx_target *ret)
{
	for (size_t i = 0; i < PFX_TARGETS; i++)
		if (!strcmp(text, recipes[i].form.name)) {
			*ret = (enum pfx_target)i;
			return true;
		}
	return false;
}

const struct pfx_form *pfx_form(enum pfx_target target)
{
	return &recipes[target].form;
}

int pfx_rounds(const struct pfx_options *options)
{
	return options->generated ? ROUNDS_GENERATED : recipes[options->target].form.rounds_max;
}

void pfx_password_make(char ret_password[static PFX_PASSWORD_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bits[(PFX_PASSWORD_BYTES - 1) / 2];
	if (RAND_bytes(bits, sizeof bits) != 1)
		bug("no random numbers for a password");
	for (size_t i = 0; i < sizeof bits; i++) {
		ret_password[2 * i] = digits[bits[i] >> 4];
		ret_password[2 * i + 1] = digits[bits[i] & 15];
	}
	ret_password[PFX_PASSWORD_BYTES - 1] = 0;
	explicit_bzero(bits, sizeof bits);
}

bool pfx_password_retire(
	const char *path, const char *password, bool *ret_removed, struct error *reterr)
{
	OWN(buffer) struct buffer there = BUFFER(PFX_PASSWORD_BYTES);
	there.secret = true;
	struct error ignored; /* missing, unreadable or longer: not what we made */
	size_t length = PFX_PASSWORD_BYTES - 1;
	*ret_removed = false;
	if (!file_exists(path) || !file_read(path, &there, &ignored) ||
		there.length != PFX_PASSWORD_BYTES || there.data[length] != '\n' ||
		strspn(there.data, "0123456789abcdef") != length ||
		(strlen(password) == length && !memcmp(there.data, password, length)))
		return true;
	if (unlink(path) != 0)
		return error_errno(reterr, ERROR_IO,
			"cannot remove '%s', whose password opens no PFX any more", path);
	*ret_removed = true;
	return true;
}

/* The subject's common name labels the entry in whatever store it is imported into. */
static char *label_of(X509 *leaf)
{
	X509_NAME *subject = X509_get_subject_name(leaf);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	unsigned char *text = NULL;
	int bytes = at < 0 ? -1
			   : ASN1_STRING_to_UTF8(&text,
				     X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
	char label[128];
	text_escape(label, sizeof label, bytes > 0 ? text : (const unsigned char *)"mtls",
		bytes > 0 ? (size_t)bytes : 4);
	OPENSSL_free(text);
	return text_copy(label);
}

static inline void own_bags_free(STACK_OF(PKCS12_SAFEBAG) * bags)
{
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}
OWN_DEFINE(bags, STACK_OF(PKCS12_SAFEBAG), own_bags_free);

static inline void own_safes_free(STACK_OF(PKCS7) * safes)
{
	sk_PKCS7_pop_free(safes, PKCS7_free);
}
OWN_DEFINE(safes, STACK_OF(PKCS7), own_safes_free);

static struct pfx *allocate(void)
{
	struct pfx *pfx = calloc(1, sizeof *pfx);
	if (!pfx || !(pfx->others = sk_X509_new_null()))
		bug("out of memory");
	return pfx;
}

void pfx_free(struct pfx *pfx)
{
	if (!pfx)
		return;
	X509_free(pfx->leaf);
	EVP_PKEY_free(pfx->key);
	own_certificates_free(pfx->others);
	own_bags_free(pfx->sealed);
	free(pfx);
}

struct pfx *pfx_of_key(EVP_PKEY *key)
{
	struct pfx *pfx = allocate();
	if (!EVP_PKEY_up_ref(key))
		bug("out of memory");
	pfx->key = key;
	return pfx;
}

void pfx_certify(struct pfx *pfx, X509 *leaf, X509 *issuer)
{
	if (!X509_up_ref(leaf) ||
		(issuer && (!X509_up_ref(issuer) || !sk_X509_push(pfx->others, issuer))))
		bug("out of memory");
	pfx->leaf = leaf;
}

/* Each further certificate, once; one that stands in two files is no mistake. */
static void add_others(struct pfx *pfx, STACK_OF(X509) * certificates)
{
	for (X509 *next; (next = sk_X509_shift(certificates)) != NULL;) {
		bool known = X509_cmp(next, pfx->leaf) == 0;
		for (int i = 0; i < sk_X509_num(pfx->others); i++)
			known = known || X509_cmp(next, sk_X509_value(pfx->others, i)) == 0;
		if (known)
			X509_free(next);
		else if (!sk_X509_push(pfx->others, next))
			bug("out of memory");
	}
}

/* Whether one of the others signed the leaf (or it signed itself). */
static bool has_issuer(const struct pfx *pfx)
{
	bool found = sk_X509_num(pfx->others) == 0;
	for (int i = 0; !found && i < sk_X509_num(pfx->others); i++) {
		X509 *other = sk_X509_value(pfx->others, i);
		found = X509_check_issued(other, pfx->leaf) == X509_V_OK &&
			X509_verify(pfx->leaf, X509_get0_pubkey(other)) == 1;
	}
	ERR_clear_error();
	return found;
}

bool pfx_gather(const char *certificate_path, const char *key_path, const char *passphrase,
	const char *const *ca_paths, size_t ca_count, struct pfx **ret, struct error *reterr)
{
	OWN(pfx) struct pfx *pfx = allocate();
	OWN(certificates) STACK_OF(X509) *chain = NULL;
	if (!bundle_certificates(certificate_path, &chain, reterr) ||
		!bundle_private_key(key_path, passphrase, &pfx->key, reterr))
		return false;
	pfx->leaf = sk_X509_shift(chain);
	add_others(pfx, chain);
	if (!key_check_pair(pfx->key, pfx->leaf, key_path, certificate_path, reterr))
		return false;
	for (size_t i = 0; i < ca_count; i++) {
		OWN(certificates) STACK_OF(X509) *more = NULL;
		if (!bundle_certificates(ca_paths[i], &more, reterr))
			return false;
		add_others(pfx, more);
	}
	if (!has_issuer(pfx))
		return error_set(reterr, ERROR_INPUT,
			"the certificate '%s' was not issued by the CA '%s'", certificate_path,
			ca_count ? ca_paths[0] : certificate_path);
	*ret = TAKE(pfx);
	return true;
}

bool pfx_seal(struct pfx *pfx, const char *password, const struct pfx_options *options,
	struct error *reterr)
{
	ERR_clear_error();
	if (!*password)
		return error_set(reterr, ERROR_INPUT,
			"cannot make a PFX without a password: it holds the private key");
	OWN(bags) STACK_OF(PKCS12_SAFEBAG) *bags = sk_PKCS12_SAFEBAG_new_null();
	OWN(PKCS8_PRIV_KEY_INFO) PKCS8_PRIV_KEY_INFO *plain = key_pkcs8(pfx->key);
	PKCS12_SAFEBAG *bag = NULL;
	if (!bags || !plain ||
		!(bag = PKCS12_SAFEBAG_create_pkcs8_encrypt(recipes[options->target].cipher,
			  password, -1, NULL, 0, pfx_rounds(options), plain)) ||
		!sk_PKCS12_SAFEBAG_push(bags, bag))
		return error_openssl(reterr, ERROR_INPUT, "cannot encrypt the key of a PFX");
	own_bags_free(pfx->sealed);
	pfx->sealed = TAKE(bags);
	return true;
}

/* What PKCS12_create does, but the key is sealed before. NULL: OpenSSL's queue says why. */
static PKCS12 *assemble(const struct pfx *pfx, const char *password, int cipher, int rounds)
{
	OWN(char) char *label = label_of(pfx->leaf);
	OWN(bags) STACK_OF(PKCS12_SAFEBAG) *certificates = NULL;
	OWN(safes) STACK_OF(PKCS7) *safes = NULL;
	/* Both bags have the same identifier, so that readers find the key's certificate. */
	unsigned char id[EVP_MAX_MD_SIZE];
	unsigned id_bytes = 0;
	PKCS12_SAFEBAG *key = sk_PKCS12_SAFEBAG_value(pfx->sealed, 0);
	PKCS12_SAFEBAG *leaf = PKCS12_add_cert(&certificates, pfx->leaf);
	bool ok = leaf && X509_digest(pfx->leaf, EVP_sha1(), id, &id_bytes) &&
		  PKCS12_add_friendlyname_utf8(leaf, label, -1) &&
		  PKCS12_add_localkeyid(leaf, id, (int)id_bytes) &&
		  PKCS12_add_friendlyname_utf8(key, label, -1) &&
		  PKCS12_add_localkeyid(key, id, (int)id_bytes);
	for (int i = 0; ok && i < sk_X509_num(pfx->others); i++)
		ok = PKCS12_add_cert(&certificates, sk_X509_value(pfx->others, i)) != NULL;
	ok = ok && PKCS12_add_safe(&safes, certificates, cipher, rounds, password) &&
	     PKCS12_add_safe(&safes, pfx->sealed, -1, 0, NULL);
	return ok ? PKCS12_add_safes(safes, 0) : NULL;
}

bool pfx_make(struct pfx *pfx, const char *password, const struct pfx_options *options,
	struct buffer *ret, struct error *reterr)
{
	const struct recipe *recipe = &recipes[options->target];
	int rounds = pfx_rounds(options);
	if (!pfx->sealed && !pfx_seal(pfx, password, options, reterr))
		return false;
	ERR_clear_error();
	OWN(PKCS12) PKCS12 *file = assemble(pfx, password, recipe->cipher, rounds);
	own_bags_free(TAKE(pfx->sealed));
	if (!file || !PKCS12_set_mac(file, password, -1, NULL, 0, rounds, recipe->mac()))
		return error_openssl(reterr, ERROR_INPUT, "cannot make a PFX");
	unsigned char *der = NULL;
	int bytes = i2d_PKCS12(file, &der);
	bool ok = bytes > 0 ? buffer_append(ret, der, (size_t)bytes, reterr)
			    : error_openssl(reterr, ERROR_INPUT, "cannot encode a PFX");
	OPENSSL_free(der);
	return ok;
}

static bool check_mac(const char *path, PKCS12 *file, const char *password, struct error *reterr)
{
	const ASN1_INTEGER *rounds = NULL;
	if (!PKCS12_mac_present(file))
		return error_set(reterr, ERROR_INPUT,
			"cannot open '%s': it has no MAC, so nothing says whether it is intact",
			path);
	PKCS12_get0_mac(NULL, NULL, NULL, &rounds, file);
	int64_t count = 1;
	if (rounds &&
		(!ASN1_INTEGER_get_int64(&count, rounds) || count < 1 || count > ROUNDS_READ_MAX))
		return error_set(reterr, ERROR_LIMIT,
			"cannot open '%s': its MAC takes no number of rounds from 1 to %d", path,
			ROUNDS_READ_MAX);
	if (PKCS12_verify_mac(file, password, -1))
		return true;
	bool wrong = ERR_GET_REASON(ERR_peek_last_error()) != PKCS12_R_MAC_GENERATION_ERROR;
	if (!wrong)
		return error_openssl(reterr, ERROR_INPUT, "cannot open '%s'", path);
	ERR_clear_error();
	return error_set(reterr, ERROR_INPUT,
		"cannot open '%s': the password is wrong, or the file is damaged", path);
}

bool pfx_open(const char *path, PKCS12 *file, const char *password, struct pfx **ret,
	struct error *reterr)
{
	ERR_clear_error();
	if (!check_mac(path, file, password, reterr))
		return false;
	OWN(pfx) struct pfx *pfx = allocate();
	if (!PKCS12_parse(file, password, &pfx->key, &pfx->leaf, &pfx->others)) {
		error_openssl(reterr, ERROR_INPUT,
			"cannot open '%s': the password is right, but its content cannot be read",
			path);
		return error_hint(reterr,
			"it was made with an old cipher such as RC2-40: convert it with `openssl "
			"pkcs12 -legacy`");
	}
	*ret = TAKE(pfx);
	return true;
}

bool pfx_check(
	const char *path, const char *password, const struct pfx *expected, struct error *reterr)
{
	OWN(bundle) struct bundle *bundle = NULL;
	OWN(pfx) struct pfx *pfx = NULL;
	if (!bundle_read_kind(path, NULL, BUNDLE_PFX, &bundle, reterr) ||
		!pfx_open(path, bundle->pfx, password, &pfx, reterr))
		return false;
	if (!pfx->leaf || !pfx->key || X509_cmp(pfx->leaf, expected->leaf) != 0 ||
		EVP_PKEY_eq(pfx->key, expected->key) != 1 ||
		sk_X509_num(pfx->others) != sk_X509_num(expected->others))
		return error_set(reterr, ERROR_IO,
			"'%s' does not hold the leaf, its key and their CA after it was written",
			path);
	return true;
}

/* A word for a POSIX shell, in quotes where it needs them. */
static char *quote(const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_-./+:@%,=";
	if (path[strspn(path, plain)] == 0)
		return text_copy(path);
	OWN(char) char *quoted = text_copy("'");
	for (const char *at = path; *at; at++) {
		char *longer = *at == '\'' ? text_format("%s'\\''", quoted)
					   : text_format("%s%c", quoted, *at);
		free(quoted);
		quoted = longer;
	}
	return text_format("%s'", quoted);
}

/* Puts `first` and `second` where the template has its two %s; a path never is a format. */
static char *fill(const char *template, const char *first, const char *second)
{
	const char *at = strstr(template, "%s"), *then = strstr(at + 2, "%s");
	int head = (int)(at - template);
	if (!then)
		return text_format("%.*s%s%s", head, template, first, at + 2);
	return text_format("%.*s%s%.*s%s%s", head, template, first, (int)(then - at - 2), at + 2,
		second, then + 2);
}

char *pfx_import_command(enum pfx_target target, const char *path, const char *password_path)
{
	const struct pfx_form *form = &recipes[target].form;
	OWN(char) char *file = quote(path);
	OWN(char) char *password = quote(password_path ? password_path : "");
	bool given = password_path && form->import_password;
	return fill(given ? form->import_password : form->import, file, password);
}
