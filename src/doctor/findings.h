/* The findings: which cause, how sure, by which evidence. */
#ifndef MTLS_DOCTOR_FINDINGS_H
#define MTLS_DOCTOR_FINDINGS_H

#include "client/client.h"
#include "doctor/serverlog.h"

/* What is known when the last probe has been made. */
struct facts {
	const struct target *target;
	const char *url, *cert, *ca;
	bool has_certificate; /* we were given one */
	bool asked, sent;     /* the server asked for one; ours went out */
	bool shares_version;  /* one of those that we were told to use */
	bool restricted_ciphers, restricted_groups;
	bool speaks12, speaks13;  /* the server does, to anybody */
	const json_t *request;    /* the CertificateRequest, or NULL */
	const struct probe *last; /* the handshake with our certificate, and the request */
	const char *alpn;         /* what we offered, "h2,http/1.1" */
	bool works_without_alpn;  /* a trial without what was suspected */
	bool works_without_sni;
	bool works_without_ciphers, works_without_groups;
	const struct suspects *suspects; /* NULL without a certificate */
	const struct log_record *record; /* of the server's log, or NULL */
	bool record_is_new;              /* it was written while we tried */
};

/* Whether the handshake and the answer are what was wanted. */
bool facts_work(const struct facts *facts);
/* The findings as a JSON array, the likeliest first; the caller's. */
json_t *findings_make(const struct facts *facts);
/* One finding that needs no ranking, appended. */
void finding_add(json_t *findings, enum code code, const char *refused_by, bool certain,
	const char *evidence, const char *fix, const char *server_side);

#endif
