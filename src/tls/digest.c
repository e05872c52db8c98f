/* Whether the files of a side's options still hold what was loaded. */
#include "tls/tls.h"

#include <sys/stat.h>

/* Each file's own digest goes in, so that no bytes move unseen from one file to the next. */
static bool add_file(EVP_MD_CTX *hash, const char *path, struct error *reterr)
{
	unsigned char digest[TLS_DIGEST_BYTES];
	struct stat about;
	/* What can be read only once (a pipe) never changes either. */
	if (stat(path, &about) == 0 && !S_ISREG(about.st_mode))
		return true;
	struct buffer bytes = BUFFER(CRL_BYTES_MAX);
	bytes.secret = true; /* a key is among them */
	bool ok = file_read(path, &bytes, reterr);
	if (ok && (!EVP_Digest(bytes.data, bytes.length, digest, NULL, EVP_sha256(), NULL) ||
			  !EVP_DigestUpdate(hash, digest, sizeof digest)))
		bug("cannot digest '%s'", path);
	buffer_done(&bytes);
	return ok;
}

bool tls_options_digest(const struct tls_options *options, const char *more,
	unsigned char ret[static TLS_DIGEST_BYTES], struct error *reterr)
{
	OWN(EVP_MD_CTX) EVP_MD_CTX *hash = EVP_MD_CTX_new();
	unsigned char digest[TLS_DIGEST_BYTES];
	if (!hash || !EVP_DigestInit_ex(hash, EVP_sha256(), NULL))
		bug("out of memory for a digest");
	const char *const own[] = { options->cert, options->key, more };
	for (size_t i = 0; i < 3; i++)
		if (own[i] && !add_file(hash, own[i], reterr))
			return false;
	for (size_t i = 0; i < options->ca_count; i++)
		if (!add_file(hash, options->ca[i], reterr))
			return error_context(reterr, "trust anchors");
	for (size_t i = 0; i < options->crl_count; i++)
		if (!add_file(hash, options->crl[i], reterr))
			return error_context(reterr, "CRLs");
	if (!EVP_DigestFinal_ex(hash, digest, NULL))
		bug("cannot digest the files of a side");
	memcpy(ret, digest, sizeof digest);
	return true;
}
