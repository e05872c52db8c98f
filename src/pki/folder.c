/* Opening a CA folder, issuing from it, and keeping its state. */
#include "pki/folder_state.h"

#include "pki/bundle.h"
#include "pki/key.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <unistd.h>

enum { SERIAL_BITS = 159, CLOCK_SKEW_S = 300, DAY_S = 24 * 60 * 60 };

void ca_free(struct ca *ca)
{
	if (!ca)
		return;
	free(ca->folder);
	free(ca->name);
	free(ca->certificate_path);
	free(ca->key_path);
	free(ca->crl_path);
	X509_free(ca->certificate);
	EVP_PKEY_free(ca->key);
	index_done(&ca->index);
	free(ca->serial_last);
	free(ca->crl_number);
	if (ca->lock >= 0)
		close(ca->lock);
	free(ca);
}

static struct ca *ca_new(const char *folder, const char *name)
{
	struct ca *ca = calloc(1, sizeof *ca);
	if (!ca)
		bug("out of memory");
	ca->lock = -1;
	ca->folder = text_copy(folder);
	ca->name = text_copy(name);
	ca->certificate_path = text_format("%s/%s.crt", folder, name);
	ca->key_path = text_format("%s/%s.key", folder, name);
	ca->crl_path = text_format("%s/%s.crl", folder, name);
	return ca;
}

/* A file of one hexadecimal number; NULL in *ret when it is not there. */
static bool read_number(const char *path, char **ret, struct error *reterr)
{
	if (!file_exists(path))
		return true;
	OWN(buffer) struct buffer text = BUFFER(256);
	if (!file_read(path, &text, reterr))
		return false;
	size_t digits = strspn(text.data, "0123456789ABCDEFabcdef");
	if (!digits || text.data[digits + strspn(text.data + digits, "\r\n")])
		return error_set(
			reterr, ERROR_INPUT, "cannot read '%s': it is no hexadecimal number", path);
	*ret = text_format("%.*s", (int)digits, text.data);
	return true;
}

/* Under the lock: what another program wrote before it is seen, what we write is not lost. */
static bool load_state(struct ca *ca, struct error *reterr)
{
	OWN(char) char *lock = text_format("%s/" CA_LOCK_NAME, ca->folder);
	OWN(char) char *index = text_format("%s/index.txt", ca->folder);
	OWN(char) char *last = text_format("%s/%s.srl", ca->folder, ca->name);
	OWN(char) char *crl_number = text_format("%s/crlnumber", ca->folder);
	return file_lock(lock, &ca->lock, reterr) && index_read(index, &ca->index, reterr) &&
	       read_number(last, &ca->serial_last, reterr) &&
	       read_number(crl_number, &ca->crl_number, reterr);
}

static bool check_pair(const struct ca *ca, struct error *reterr)
{
	return key_check_pair(ca->key, ca->certificate, ca->key_path, ca->certificate_path, reterr);
}

static bool read_certificate(struct ca *ca, struct error *reterr)
{
	OWN(X509) X509 *certificate = NULL;
	if (!bundle_certificate(ca->certificate_path, &certificate, reterr))
		return false;
	if (!X509_check_ca(certificate))
		return error_set(reterr, ERROR_INPUT,
			"cannot issue from '%s': it is no CA's certificate (basicConstraints "
			"CA:TRUE and keyCertSign)",
			ca->certificate_path);
	X509_free(ca->certificate);
	ca->certificate = TAKE(certificate);
	return true;
}

bool ca_open_locked(const char *folder, const char *name, struct ca **ret, struct error *reterr)
{
	OWN(ca) struct ca *ca = ca_new(folder, name);
	/* Looked at before the lock is made: no lock file in a folder that holds no CA. */
	if (!file_exists(ca->certificate_path)) {
		error_set(reterr, ERROR_INPUT, "there is no CA in '%s': '%s' is missing", folder,
			ca->certificate_path);
		return error_hint(
			reterr, "make one with: mtls init, or name its folder with --certs");
	}
	/* And again behind the lock: somebody may have made the CA anew. */
	if (!read_certificate(ca, reterr) || !load_state(ca, reterr) ||
		!read_certificate(ca, reterr))
		return false;
	file_sweep(folder);
	*ret = TAKE(ca);
	return true;
}

bool ca_unlock(struct ca *ca, const char *passphrase, struct error *reterr)
{
	return ca->key || (bundle_private_key(ca->key_path, passphrase, &ca->key, reterr) &&
				  check_pair(ca, reterr));
}

bool ca_adopt(const char *folder, const char *name, X509 *certificate, EVP_PKEY *key,
	struct ca **ret, struct error *reterr)
{
	OWN(ca) struct ca *ca = ca_new(folder, name);
	if (!file_make_folder(folder, reterr) || !load_state(ca, reterr))
		return false;
	if (!X509_up_ref(certificate))
		bug("a certificate cannot be shared");
	ca->certificate = certificate;
	if (!EVP_PKEY_up_ref(key))
		bug("a key cannot be shared");
	ca->key = key;
	if (!check_pair(ca, reterr))
		return false;
	*ret = TAKE(ca);
	return true;
}

X509 *ca_certificate(const struct ca *ca)
{
	return ca->certificate;
}

const char *ca_certificate_path(const struct ca *ca)
{
	return ca->certificate_path;
}

/* Nobody has it: not index.txt, and neither the last of ca.srl nor the one that follows it. */
static bool is_free(const struct ca *ca, const BIGNUM *number, const char *serial)
{
	if (index_find(&ca->index, serial))
		return false;
	BIGNUM *last = NULL;
	if (!ca->serial_last || !BN_hex2bn(&last, ca->serial_last))
		return true;
	bool taken = !BN_cmp(number, last) || (BN_add_word(last, 1) && !BN_cmp(number, last));
	BN_free(last);
	return !taken;
}

/* 20 octets are the most (RFC 5280 4.1.2.2), and the first bit is the sign: 159 random bits. */
static bool random_number(BIGNUM *ret)
{
	do {
		if (!BN_rand(ret, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY))
			return false;
	} while (BN_is_zero(ret));
	return true;
}

bool ca_random_serial(X509 *certificate)
{
	OWN(BIGNUM) BIGNUM *number = BN_new();
	return number && random_number(number) &&
	       BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
}

bool ca_new_serial(const struct ca *ca, ASN1_INTEGER **ret, struct error *reterr)
{
	OWN(BIGNUM) BIGNUM *number = BN_new();
	for (int tries = 0; number && tries < 100; tries++) {
		OWN(ASN1_INTEGER) ASN1_INTEGER *serial = NULL;
		if (!random_number(number) || !(serial = BN_to_ASN1_INTEGER(number, NULL)))
			break;
		OWN(char) char *text = index_serial(serial);
		if (is_free(ca, number, text)) {
			*ret = TAKE(serial);
			return true;
		}
	}
	return error_openssl(reterr, ERROR_IO, "cannot make a random serial");
}

static bool set_validity(
	const struct ca *ca, X509 *certificate, int days, struct notes *notes, struct error *reterr)
{
	const ASN1_TIME *ca_start = X509_get0_notBefore(ca->certificate);
	const ASN1_TIME *ca_end = X509_get0_notAfter(ca->certificate);
	time_t now = time(NULL);
	if (ASN1_TIME_cmp_time_t(ca_end, now) < 0)
		return error_set(reterr, ERROR_INPUT,
			"cannot issue from '%s': the CA's certificate has expired",
			ca->certificate_path);
	if (ASN1_TIME_cmp_time_t(ca_start, now) > 0)
		return error_set(reterr, ERROR_INPUT,
			"cannot issue from '%s': the CA's certificate is not valid yet",
			ca->certificate_path);
	bool early = ASN1_TIME_cmp_time_t(ca_start, now - CLOCK_SKEW_S) > 0;
	bool late = ASN1_TIME_cmp_time_t(ca_end, now + (time_t)days * DAY_S) < 0;
	int days_left = 0, seconds_left = 0;
	if (!(early ? X509_set1_notBefore(certificate, ca_start) != 0
		    : X509_gmtime_adj(X509_getm_notBefore(certificate), -CLOCK_SKEW_S) != NULL) ||
		!(late ? X509_set1_notAfter(certificate, ca_end) != 0
		       : X509_time_adj_ex(X509_getm_notAfter(certificate), days, 0, &now) !=
					NULL) ||
		!ASN1_TIME_diff(&days_left, &seconds_left, NULL, ca_end))
		return error_openssl(reterr, ERROR_INPUT, "cannot set a validity of %d days", days);
	if (late)
		notes_add(notes,
			"the certificate is valid for %d days, not %d: its CA '%s' ends then",
			days_left, days, ca->certificate_path);
	return true;
}

bool ca_begin(struct ca *ca, const X509_NAME *subject, EVP_PKEY *public_key, int days,
	struct notes *notes, X509 **ret, struct error *reterr)
{
	OWN(X509) X509 *certificate = X509_new();
	OWN(ASN1_INTEGER) ASN1_INTEGER *serial = NULL;
	if (!ca_new_serial(ca, &serial, reterr))
		return false;
	/* OpenSSL's default is version 1, which passes every check of a purpose. */
	if (!certificate || !X509_set_version(certificate, X509_VERSION_3) ||
		!X509_set_serialNumber(certificate, serial) ||
		!X509_set_issuer_name(certificate, X509_get_subject_name(ca->certificate)) ||
		!X509_set_subject_name(certificate, subject) ||
		(!key_put_public(public_key, X509_get_X509_PUBKEY(certificate)) &&
			!X509_set_pubkey(certificate, public_key)))
		return error_openssl(reterr, ERROR_INPUT, "cannot begin a certificate");
	if (!set_validity(ca, certificate, days, notes, reterr))
		return false;
	*ret = TAKE(certificate);
	return true;
}

static bool cannot_sign(const struct ca *ca, struct error *reterr)
{
	return error_openssl(reterr, ERROR_INPUT, "cannot sign with the key '%s'", ca->key_path);
}

bool ca_sign(const struct ca *ca, X509 *certificate, struct error *reterr)
{
	const EVP_MD *digest = NULL;
	return key_digest(ca->key, NULL, &digest, reterr) &&
	       (X509_sign(certificate, ca->key, digest) || cannot_sign(ca, reterr));
}

bool ca_sign_bytes(const struct ca *ca, const void *data, size_t bytes, struct key_signature *ret,
	struct error *reterr)
{
	const EVP_MD *digest = NULL;
	return key_digest(ca->key, NULL, &digest, reterr) &&
	       (key_sign(ca->key, digest, data, bytes, ret) || cannot_sign(ca, reterr));
}

void ca_record_line(struct ca *ca, const ASN1_INTEGER *serial, const ASN1_TIME *not_after,
	const X509_NAME *subject)
{
	char *text = X509_NAME_oneline(subject, NULL, 0);
	if (!text)
		bug("out of memory");
	index_add(&ca->index, serial, not_after, text);
	OPENSSL_free(text);
	free(ca->serial_last);
	ca->serial_last = text_copy(ca->index.entries[ca->index.count - 1].serial);
}

void ca_record(struct ca *ca, X509 *certificate)
{
	ca_record_line(ca, X509_get0_serialNumber(certificate), X509_get0_notAfter(certificate),
		X509_get_subject_name(certificate));
}

bool ca_finish(struct ca *ca, X509 *certificate, struct file_set *set, struct error *reterr)
{
	if (!ca_sign(ca, certificate, reterr))
		return false;
	ca_record(ca, certificate);
	return ca_save(ca, set, reterr);
}

static bool save(const struct ca *ca, const char *file, const char *content, size_t bytes,
	struct file_set *set, struct error *reterr)
{
	OWN(char) char *path = text_format("%s/%s", ca->folder, file);
	return file_set_add(set, path, FILE_PUBLIC, content, bytes, reterr);
}

static bool save_line(const struct ca *ca, const char *file, const char *line, struct file_set *set,
	struct error *reterr)
{
	OWN(char) char *text = text_format("%s\n", line);
	return save(ca, file, text, strlen(text), set, reterr);
}

bool ca_save(struct ca *ca, struct file_set *set, struct error *reterr)
{
	OWN(buffer) struct buffer index = BUFFER(INDEX_BYTES_MAX);
	OWN(ASN1_INTEGER) ASN1_INTEGER *number = NULL;
	/*
	 * The NEXT serial is a fresh random one, not the LAST plus one: `openssl x509` counts on
	 * from the last, `openssl ca` from the next, and the two must not meet.
	 */
	if (!index_write(&ca->index, &index, reterr) || !ca_new_serial(ca, &number, reterr))
		return false;
	OWN(char) char *next = index_serial(number);
	OWN(char) char *last_file = text_format("%s.srl", ca->name);
	OWN(char) char *attributes = text_format("%s/index.txt.attr", ca->folder);
	return save(ca, "index.txt", index.data, index.length, set, reterr) &&
	       (file_exists(attributes) ||
		       save_line(ca, "index.txt.attr", "unique_subject = no", set, reterr)) &&
	       save_line(ca, "serial", next, set, reterr) &&
	       (!ca->serial_last || save_line(ca, last_file, ca->serial_last, set, reterr)) &&
	       save_line(ca, "crlnumber", ca->crl_number ? ca->crl_number : "01", set, reterr);
}
