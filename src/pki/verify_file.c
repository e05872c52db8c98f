/* A chain from files, verified. */
#include "pki/bundle.h"
#include "pki/verify.h"

/* Appends a file's certificates, of which there must be one at least. */
static bool append(const char *path, STACK_OF(X509) * certificates, struct error *reterr)
{
	OWN(certificates) STACK_OF(X509) *more = NULL;
	if (!bundle_certificates(path, &more, reterr))
		return false;
	while (sk_X509_num(more))
		if (!sk_X509_push(certificates, sk_X509_shift(more)))
			bug("out of memory for a chain");
	return true;
}

bool verify_file(const struct trust *trust, const char *path, const char *const *chain_paths,
	size_t chain_count, const struct verify_options *options, struct verify_result *ret,
	struct error *reterr)
{
	OWN(certificates) STACK_OF(X509) *chain = sk_X509_new_null();
	if (!chain)
		bug("out of memory for a chain");
	if (!append(path, chain, reterr))
		return false;
	for (size_t i = 0; i < chain_count; i++)
		if (!append(chain_paths[i], chain, reterr))
			return false;
	OWN(X509) X509 *leaf = sk_X509_shift(chain);
	verify_leaf(trust, leaf, chain, options, ret);
	return true;
}
