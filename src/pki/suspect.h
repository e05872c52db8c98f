/*
 * What may speak against a client's certificate, from the client's own files alone: a server that
 * refuses it sends one alert for many causes, and these are those that can be proved from here.
 */
#ifndef MTLS_PKI_SUSPECT_H
#define MTLS_PKI_SUSPECT_H

#include "pki/openssl.h"

#define SUSPECT_EVIDENCE_BYTES 640
#define SUSPECTS_MAX 16

struct suspect {
	enum code code;
	bool proven;                           /* the fault is there; else it fits what is known */
	bool soft;                             /* a fault that only some servers mind */
	char evidence[SUSPECT_EVIDENCE_BYTES]; /* one line, escaped */
	char fix[SUSPECT_EVIDENCE_BYTES];      /* a command; "": the code's hint */
};

struct suspects {
	struct suspect list[SUSPECTS_MAX]; /* the likeliest first */
	size_t count;
	char subject[256], issuer[256]; /* of the leaf, escaped */
	bool names_given;               /* the server named CAs */
	bool names_ours;                /* and an issuer in our chain is one of them */
	size_t chain_count;             /* certificates behind the leaf */
	bool verified;                  /* the chain leads to one of `ca` */
};

struct suspects_question {
	const char *cert;      /* the file, the leaf first */
	const char *const *ca; /* what the client trusts; often the server trusts the same */
	size_t ca_count;
	const char *const *crl;
	size_t crl_count;
	const json_t *authorities; /* names in the server's CertificateRequest, RFC 4514; or NULL */
	time_t now;
};

/* Fails, with the errors of bundle_read and trust_load, only when a file cannot be read. */
must_check bool suspects_find(
	const struct suspects_question *question, struct suspects *ret, struct error *reterr);

/* The code of OpenSSL's verification error when a server has it of a client, CODE_NONE for 0. */
enum code suspect_code(int x509_error);
/* OpenSSL's number for a text that contains its sentence for it, or Node's name; 0: none. */
int suspect_error_in(const char *text);
/* "unable to get local issuer certificate", for those who search a log. */
const char *suspect_error_text(int x509_error);

#endif
