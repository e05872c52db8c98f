/* Making, checking and writing certificate signing requests. */
#include "pki/request.h"

#include "pki/bundle.h"
#include "pki/extensions.h"
#include "pki/key.h"

#include <openssl/err.h>
#include <openssl/pem.h>

bool request_make(struct profile *profile, const X509_NAME *subject, EVP_PKEY *key, X509_REQ **ret,
	struct error *reterr)
{
	const EVP_MD *digest;
	const char *section;
	if (!key_digest(key, profile_value(profile, "req", "default_md"), &digest, reterr) ||
		!profile_request_section(profile, &section, reterr))
		return false;
	ERR_clear_error();
	OWN(X509_REQ) X509_REQ *request = X509_REQ_new();
	if (!request || !X509_REQ_set_version(request, X509_REQ_VERSION_1) ||
		!X509_REQ_set_subject_name(request, subject) ||
		(!key_put_public(key, X509_REQ_get_X509_PUBKEY(request)) &&
			!X509_REQ_set_pubkey(request, key)))
		return error_openssl(reterr, ERROR_BUG, "cannot build a signing request");
	if (!extensions_request(profile, section, request, reterr))
		return false;
	if (!X509_REQ_sign(request, key, digest))
		return error_openssl(reterr, ERROR_BUG, "cannot sign a signing request");
	*ret = TAKE(request);
	return true;
}

bool request_load(const char *path, X509_REQ **ret, struct error *reterr)
{
	OWN(X509_REQ) X509_REQ *request = NULL;
	if (!bundle_request(path, &request, reterr))
		return false;
	ERR_clear_error();
	EVP_PKEY *key = X509_REQ_get0_pubkey(request);
	if (!key)
		return error_openssl(
			reterr, ERROR_INPUT, "cannot use '%s': its public key is unusable", path);
	if (X509_REQ_verify(request, key) != 1) {
		ERR_clear_error();
		error_set(reterr, ERROR_INPUT,
			"cannot use '%s': the request is not signed by its own key", path);
		return error_hint(reterr, "it was damaged or altered: make a new request");
	}
	*ret = TAKE(request);
	return true;
}

bool certificate_complete(X509 **certificate, struct error *reterr)
{
	ERR_clear_error();
	unsigned char *der = NULL;
	int bytes = i2d_X509(*certificate, &der);
	const unsigned char *at = der;
	X509 *whole = bytes > 0 ? d2i_X509(NULL, &at, bytes) : NULL;
	OPENSSL_free(der);
	if (!whole)
		return error_openssl(reterr, ERROR_BUG, "cannot read a certificate again");
	X509_free(*certificate);
	*certificate = whole;
	return true;
}

static bool take_pem(BIO *bio, bool written, struct buffer *ret, struct error *reterr)
{
	if (!written)
		return error_openssl(reterr, ERROR_BUG, "cannot write PEM");
	char *pem;
	long bytes = BIO_get_mem_data(bio, &pem);
	return buffer_append(ret, pem, (size_t)bytes, reterr);
}

bool pem_add_request(const X509_REQ *request, struct buffer *ret, struct error *reterr)
{
	OWN(BIO) BIO *bio = BIO_new(BIO_s_mem());
	return take_pem(bio, bio && PEM_write_bio_X509_REQ(bio, request), ret, reterr);
}

bool pem_add_certificate(const X509 *cert, struct buffer *ret, struct error *reterr)
{
	OWN(BIO) BIO *bio = BIO_new(BIO_s_mem());
	return take_pem(bio, bio && PEM_write_bio_X509(bio, cert), ret, reterr);
}
