/*
 * The one verifier: `mtls verify`, the server, the clients and the lab all come here, so that they
 * agree. Offline it takes a leaf (verify_leaf); inside a handshake it takes over OpenSSL's own
 * verification (verify_handshake, for SSL_CTX_set_cert_verify_callback).
 */
#ifndef MTLS_PKI_VERIFY_H
#define MTLS_PKI_VERIFY_H

#include "pki/openssl.h"

enum verify_profile {
	PROFILE_OPENSSL, /* what OpenSSL does by itself */
	PROFILE_MTLS,   /* plus what mutual TLS needs: no CA or v1 leaf, clientAuth, a SAN for names
			 */
	PROFILE_STRICT, /* plus named rules of RFC 5280 and the CA/B baseline */
};

enum verify_purpose { PURPOSE_ANY, PURPOSE_SERVER, PURPOSE_CLIENT };

enum verify_eku {
	EKU_DEFAULT,  /* clientAuth required of clients, nothing of servers */
	EKU_STRICT,   /* explicit on both */
	EKU_STANDARD, /* absence accepted on both */
};

#define VERIFY_DEPTH_DEFAULT 9

struct verify_options {
	enum verify_profile profile;
	enum verify_eku eku;
	enum verify_purpose purpose; /* of the leaf */
	const char *name;            /* "DNS:x", "IP:x", "email:x" that it must be for; NULL: any */
	time_t at;                   /* 0: now */
	long long crl_grace_s;       /* for so long an expired CRL counts on; 0: fails closed */
	int depth_max;               /* intermediates between leaf and anchor; -1: the default */
};

/* The moment that is verified for. */
time_t verify_time(const struct verify_options *options);

#define VERIFY_NAME_BYTES 256

/* What was found. Texts are escaped (text_escape) and cut to fit. */
struct verify_result {
	bool ok;
	enum code code; /* of the failure; CODE_NONE when ok */
	int x509_error; /* X509_V_ERR_..., 0 when ok */
	int depth;      /* of the certificate that failed: 0 is the leaf; -1: none */
	char subject[VERIFY_NAME_BYTES]; /* of that certificate, RFC 4514; the leaf's when ok */
	char issuer[VERIFY_NAME_BYTES];
	char serial[64];                 /* upper-case hexadecimal */
	char why[VERIFY_NAME_BYTES * 3]; /* one sentence, naming the certificate */
};
/* Of a local one that nobody reads unless it was filled, as ERROR_UNFILLED. */
#define VERIFY_UNFILLED ERROR_UNFILLED

/* Trust anchors and CRLs, loaded once and then read-only: threads share it. */
struct trust;

/*
 * Loads trust anchors (PEM or DER, several a file) and CRLs. No anchor at all, or a file that is
 * missing, empty or malformed, is ERROR_INPUT naming the file. With a CRL, every certificate below
 * an anchor needs its issuer's (fails closed). Never the system's store.
 */
must_check bool trust_load(const char *const *ca_paths, size_t ca_count,
	const char *const *crl_paths, size_t crl_count, struct trust **ret, struct error *reterr);
/* Of one certificate at hand, of which it takes a reference. */
struct trust *trust_in(X509 *anchor);
void trust_free(struct trust *trust);
OWN_DEFINE(trust, struct trust, trust_free);
/* The anchors' subjects, for a CertificateRequest; the caller's to free with their names. */
STACK_OF(X509_NAME) * trust_names(const struct trust *trust);
X509_STORE *trust_store(const struct trust *trust); /* borrowed */
bool trust_has_crl(const struct trust *trust);

/* How much is trusted and until when; of several the first to end, 0 for none. */
struct trust_dates {
	size_t anchors, crls;
	time_t anchors_until;
	time_t crls_since, crls_until; /* the oldest lastUpdate, the first nextUpdate */
};
struct trust_dates trust_dates(const struct trust *trust);
/*
 * What keeps every client of a CA out: a CRL that bears the name of one among the anchors and is
 * signed by none of that name; where there are CRLs, an anchor without one. An array of objects
 * with a `code` and a sentence as `text`, the caller's.
 */
json_t *trust_crl_warnings(const struct trust *trust);

/* What a side relies on and what ends some day. */
enum end_kind { END_CERTIFICATE, END_ANCHOR, END_CRL };
struct end {
	enum end_kind kind;
	char name[VERIFY_NAME_BYTES]; /* of its subject, a CRL's issuer; RFC 4514, escaped */
	char serial[64];              /* upper-case hexadecimal; "" of a CRL */
	time_t since, until;          /* until 0: a CRL that has no end */
};
/* Of one certificate; `otherwise` is what a malformed date is taken for. */
struct end trust_end(enum end_kind kind, const X509 *certificate, time_t otherwise);
/*
 * Each anchor, and for each issuer of CRLs the last of them to end; the caller's to free. `room` is
 * for so many entries of the caller's own before them, which *ret_count includes. `trust` may be
 * NULL.
 */
struct end *trust_ends(const struct trust *trust, size_t room, size_t *ret_count);

/* Whether `name` (as in verify_options) can be a name at all; ERROR_USAGE says why not. */
must_check bool verify_name_check(const char *name, struct error *reterr);

/* Verifies `leaf`; `untrusted` (may be NULL) are the certificates that came with it. */
void verify_leaf(const struct trust *trust, X509 *leaf, STACK_OF(X509) * untrusted,
	const struct verify_options *options, struct verify_result *ret);

/*
 * Reads the leaf and what stands behind it in its file, then the other files of intermediates, and
 * verifies. False, with ERROR_INPUT naming the file, only when one cannot be read.
 */
must_check bool verify_file(const struct trust *trust, const char *path,
	const char *const *chain_paths, size_t chain_count, const struct verify_options *options,
	struct verify_result *ret, struct error *reterr);

/*
 * Inside a handshake: verifies what `context` holds against the anchors it was made with. Returns 1
 * or 0 and leaves in `context` the X.509 error that makes OpenSSL send the right alert.
 */
int verify_handshake(X509_STORE_CTX *context, const struct trust *trust,
	const struct verify_options *options, struct verify_result *ret);

/* "openssl", "mtls", "strict" and so on; false for another word. */
must_check bool verify_profile_parse(const char *text, enum verify_profile *ret);
must_check bool verify_eku_parse(const char *text, enum verify_eku *ret);
must_check bool verify_purpose_parse(const char *text, enum verify_purpose *ret);

#endif
