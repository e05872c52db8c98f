/* What the files of the verifier share; nothing here is for other rooms. */
#ifndef MTLS_PKI_VERIFY_PARTS_H
#define MTLS_PKI_VERIFY_PARTS_H

#include "pki/trust.h"

#define VERIFY_DETAIL_BYTES 256

/* What stands in the way of a certificate. */
struct finding {
	enum code code;
	int x509_error; /* what OpenSSL is told, and so the alert; 0: the code's own (code_info) */
	int depth;      /* of the certificate; -1 where it is none of the chain's */
	X509 *culprit;  /* borrowed from the chain, the peer's certificates or the store; NULL: leaf
			 */
	char detail[VERIFY_DETAIL_BYTES]; /* escaped; what was seen, or "" */
};

/* The role that a leaf is judged in. With PURPOSE_ANY its own EKU tells: serverAuth without
 * clientAuth makes a server, everything else a client, as most users of mutual TLS ask for those.
 */
enum role { ROLE_CLIENT, ROLE_SERVER };
enum role verify_role(const struct verify_options *options, X509 *leaf);

/* ---- verify_code.c: OpenSSL's error, made specific ---- */

/* Names the failure that X509_verify_cert left in `context`. */
void finding_from_openssl(X509_STORE_CTX *context, const struct trust *trust,
	const struct verify_options *options, struct finding *ret);

/* ---- verify_path.c: OpenSSL's path building and checking ---- */

/*
 * X509_verify_cert on a context that is otherwise set up for `at`; in all profiles but openssl
 * with what RFC 5280 accepts and OpenSSL does not. The verified chain stays in the context.
 */
bool path_verify(X509_STORE_CTX *context, const struct trust *trust,
	const struct verify_options *options, time_t at, struct finding *ret);

/* ---- leaf.c: what mutual TLS needs of a leaf beyond OpenSSL's checks ---- */

/* true when all is well; `chain` is the verified one, the leaf first. */
bool leaf_check(
	const STACK_OF(X509) * chain, const struct verify_options *options, struct finding *ret);
/* Whether its subjectAltName has an entry of that type (GEN_DNS, ...); -1: any entry. */
bool leaf_has_san(const X509 *leaf, int type);

/* ---- strict.c: the named rules ---- */

/* true when all is well; `chain` is the verified one, the leaf first. */
bool strict_check(const struct trust *trust, const STACK_OF(X509) * chain,
	const struct verify_options *options, struct finding *ret);

/* ---- verify_name.c: the name that is asked for ---- */

enum name_kind { NAME_DNS, NAME_IP, NAME_EMAIL };
#define VERIFY_ASKED_BYTES 256
struct asked_name {
	enum name_kind kind;
	char text[VERIFY_ASKED_BYTES];
};
/* "DNS:x", "IP:x", "email:x"; a bare word is an address if it reads as one, else a DNS name. */
bool asked_name_parse(const char *text, struct asked_name *ret, const char **ret_fault);

#endif
