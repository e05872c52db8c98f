/* A file with several certificates: the leaf first, each before its issuer, and no root at the end.
 */
#include "pki/lint_parts.h"

#include <openssl/err.h>

static bool is_ca(X509 *certificate)
{
	return X509_get_extension_flags(certificate) & EXFLAG_CA;
}

static bool issued(X509 *issuer, X509 *certificate)
{
	bool yes = X509_check_issued(issuer, certificate) == X509_V_OK;
	ERR_clear_error();
	return yes;
}

static int first_leaf(const STACK_OF(X509) * certificates)
{
	for (int i = 0; i < sk_X509_num(certificates); i++)
		if (!is_ca(sk_X509_value(certificates, i)))
			return i;
	return -1;
}

void lint_chain(const char *path, const STACK_OF(X509) * certificates, struct lint_report *ret)
{
	int count = sk_X509_num(certificates), leaf = first_leaf(certificates);
	/* A bundle of CAs alone is a list of trust anchors, which has no order. */
	if (count < 2 || leaf < 0)
		return;
	if (leaf > 0) {
		OWN(char) char *name = lint_name(sk_X509_value(certificates, 0));
		lint_add(ret, CODE_PEM_ORDER, path, 0,
			text_format("the first certificate of '%s' is the CA %s; the leaf is "
				    "number %d",
				path, name, leaf + 1),
			NULL);
		return;
	}
	for (int i = 1; i < count; i++) {
		X509 *before = sk_X509_value(certificates, i - 1);
		X509 *certificate = sk_X509_value(certificates, i);
		if (issued(certificate, before))
			continue;
		OWN(char) char *name = lint_name(certificate);
		OWN(char) char *other = lint_name(before);
		lint_add(ret, CODE_CHAIN_ORDER, path, 0,
			text_format("certificate %d of '%s', %s, did not issue the one before it, "
				    "%s",
				i + 1, path, name, other),
			NULL);
		return;
	}
	X509 *last = sk_X509_value(certificates, count - 1);
	if (issued(last, last)) {
		OWN(char) char *name = lint_name(last);
		lint_add(ret, CODE_CHAIN_WITH_ROOT, path, 0,
			text_format("'%s' ends with the root %s", path, name), NULL);
	}
}
