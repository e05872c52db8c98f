/*
 * Why a handshake failed, from what this side can know. An alert often has several causes (48 has
 * eight): the table of codes gives them all, and what we saw on the wire rules some out.
 */
#include "tls/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>

/* What our own OpenSSL calls the fault, and what we call it. */
static const struct {
	int reason;
	enum error_kind kind;
	enum code code;
} reasons[] = {
	{ SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, ERROR_REFUSED_BY_US,
		CODE_NO_CLIENT_CERTIFICATE },
	{ SSL_R_UNSUPPORTED_PROTOCOL, ERROR_REFUSED_BY_US, CODE_TLS_VERSION },
	{ SSL_R_NO_PROTOCOLS_AVAILABLE, ERROR_REFUSED_BY_US, CODE_TLS_VERSION },
	{ SSL_R_WRONG_SSL_VERSION, ERROR_REFUSED_BY_US, CODE_TLS_VERSION },
	{ SSL_R_VERSION_TOO_LOW, ERROR_REFUSED_BY_US, CODE_TLS_VERSION },
	{ SSL_R_NO_SHARED_CIPHER, ERROR_REFUSED_BY_US, CODE_TLS_NO_SHARED_CIPHER },
	{ SSL_R_NO_SUITABLE_KEY_SHARE, ERROR_REFUSED_BY_US, CODE_TLS_NO_SHARED_GROUP },
	{ SSL_R_NO_SHARED_GROUPS, ERROR_REFUSED_BY_US, CODE_TLS_NO_SHARED_GROUP },
	{ SSL_R_NO_APPLICATION_PROTOCOL, ERROR_REFUSED_BY_US, CODE_ALPN_MISMATCH },
	{ SSL_R_CALLBACK_FAILED, ERROR_REFUSED_BY_US, CODE_SNI_UNKNOWN },
	{ SSL_R_HTTP_REQUEST, ERROR_REFUSED_BY_US, CODE_PLAIN_HTTP },
	{ SSL_R_HTTPS_PROXY_REQUEST, ERROR_REFUSED_BY_US, CODE_PLAIN_HTTP },
	{ SSL_R_EXCESSIVE_MESSAGE_SIZE, ERROR_REFUSED_BY_US, CODE_CHAIN_TOO_LARGE },
	{ SSL_R_UNEXPECTED_EOF_WHILE_READING, ERROR_NETWORK, CODE_PEER_CLOSED },
};

static const char *peer_word(const struct tls_failure *failure)
{
	return failure->server ? "client" : "server";
}

/* Codes of the alert's table that are never what a lone refusal means. */
static bool is_special(enum code code)
{
	return code == CODE_OPTIONAL_BAD_GIVEN || code == CODE_SYSTEM_TRUST_STORE ||
	       (code >= CODE_RESUMED_AFTER_REVOCATION && code <= CODE_REVOKED_WHILE_CONNECTED);
}

/* Whether what we saw on the wire allows that cause of the peer's alert. */
static bool is_possible(const struct tls_failure *failure, enum code code)
{
	const struct tls_outcome *outcome = failure->outcome;
	bool asked = outcome->certificate_requested;
	switch ((int)code) {
	case CODE_NO_CLIENT_CERTIFICATE:
		return !outcome->certificate_sent && !failure->has_certificate;
	case CODE_CLIENT_KEY_TYPE:
		return !outcome->certificate_sent && failure->has_certificate && asked;
	case CODE_TLS_VERSION:
	case CODE_TLS_NO_SHARED_CIPHER:
	case CODE_TLS_NO_SHARED_GROUP:
	case CODE_ALPN_MISMATCH:
	case CODE_SNI_UNKNOWN:
		return !asked; /* these end a handshake before it is about certificates */
	case CODE_CHAIN_TOO_LARGE:
	case CODE_CHAIN_TOO_MANY:
		return outcome->certificate_sent;
	default:
		/* The rest are faults of a certificate, so one was sent. */
		return failure->server || outcome->certificate_sent;
	}
}

/* All causes of the alert that are possible; their number. */
static size_t find_causes(const struct tls_failure *failure, enum code *causes, size_t causes_max)
{
	const struct tls_outcome *outcome = failure->outcome;
	bool new = outcome->version && !strcmp(outcome->version, "TLSv1.3");
	enum code_side refusing = failure->server ? SIDE_CLIENT : SIDE_SERVER;
	size_t count = 0;
	for (int i = CODE_NONE + 1; i < CODE_COUNT && count < causes_max; i++) {
		const struct code_info *info = code_info((enum code)i);
		int alert = new ? info->alert13 : info->alert12;
		if (info->side == refusing && alert == outcome->alert_received &&
			!is_special((enum code)i) && is_possible(failure, (enum code)i))
			causes[count++] = (enum code)i;
	}
	return count;
}

static bool explain_alert(const struct tls_failure *failure, struct error *reterr)
{
	enum { CAUSES_MAX = 16 };
	enum code causes[CAUSES_MAX];
	int alert = failure->outcome->alert_received;
	size_t count = find_causes(failure, causes, CAUSES_MAX);
	const char *peer = peer_word(failure);
	error_code(reterr, ERROR_REFUSED_BY_PEER, count == 1 ? causes[0] : CODE_NONE,
		"the %s refused us with alert %d (%s)", peer, alert, tls_alert_name(alert));
	reterr->alert = alert;
	if (count == 1) {
		size_t used = strlen(reterr->text);
		snprintf(reterr->text + used, sizeof reterr->text - used, ": %s",
			code_info(causes[0])->text);
		return false;
	}
	size_t used = 0;
	for (size_t i = 0; i < count && used < sizeof reterr->hint; i++)
		used += (size_t)snprintf(reterr->hint + used, sizeof reterr->hint - used, "%s%s",
			i == 0 ? "the alert means one of: " : ", ", code_name(causes[i]));
	if (used < sizeof reterr->hint)
		snprintf(reterr->hint + used, sizeof reterr->hint - used,
			"%sonly the %s's log knows which", count ? "; " : "", peer);
	return false;
}

static bool explain_verify(const struct tls_failure *failure, struct error *reterr)
{
	const struct verify_result *verify = failure->outcome->refused;
	error_code(reterr, ERROR_REFUSED_BY_US, verify->code, "we refused the %s's certificate: %s",
		peer_word(failure), *verify->why ? verify->why : code_info(verify->code)->text);
	reterr->x509_error = verify->x509_error;
	reterr->alert = failure->outcome->alert_sent;
	return false;
}

static bool explain_reason(const struct tls_failure *failure, enum error_kind kind, enum code code,
	struct error *reterr)
{
	error_code(reterr, kind, code, "%s", code_info(code)->text);
	reterr->alert = failure->outcome->alert_sent;
	return false;
}

/* A client whose first answer is no TLS record at all is talking to something else. */
static bool is_not_tls(const struct tls_failure *failure)
{
	int reason = failure->outcome->reason;
	return !failure->outcome->version &&
	       (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_PACKET_LENGTH_TOO_LONG ||
		       reason == SSL_R_UNKNOWN_PROTOCOL || reason == SSL_R_UNEXPECTED_MESSAGE);
}

bool tls_explain(const struct tls_failure *failure, struct error *reterr)
{
	const struct tls_outcome *outcome = failure->outcome;
	if (outcome->refused)
		return explain_verify(failure, reterr);
	if (outcome->alert_received >= 0)
		return explain_alert(failure, reterr);
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (outcome->reason == reasons[i].reason)
			return explain_reason(failure, reasons[i].kind, reasons[i].code, reterr);
	if (outcome->reason == SSL_R_BAD_SIGNATURE && failure->server)
		return explain_reason(
			failure, ERROR_REFUSED_BY_US, CODE_CLIENT_NO_POSSESSION, reterr);
	/* Nothing was sent: it is our own choice of versions and ciphers that does not fit. */
	if (outcome->reason == SSL_R_NO_CIPHERS_AVAILABLE) {
		error_set(reterr, ERROR_USAGE,
			"none of our ciphers is for a version of TLS that we allow");
		return error_hint(reterr,
			"TLS 1.0 and 1.1 need ciphers of their own, and a lower security level: "
			"--ciphers DEFAULT@SECLEVEL=0");
	}
	if (is_not_tls(failure))
		return explain_reason(failure, ERROR_REFUSED_BY_US, CODE_NOT_TLS, reterr);
	if (outcome->reason) {
		const char *reason = ERR_reason_error_string(
			ERR_PACK(ERR_LIB_SSL, 0, (unsigned long)outcome->reason));
		error_code(reterr, ERROR_REFUSED_BY_US, CODE_TLS_PROTOCOL,
			"the %s broke the TLS protocol: %s", peer_word(failure),
			reason ? reason : "unknown reason");
		reterr->alert = outcome->alert_sent;
		return false;
	}
	if (failure->system == ECONNREFUSED)
		explain_reason(failure, ERROR_NETWORK, CODE_CONNECTION_REFUSED, reterr);
	else if (failure->system == ETIMEDOUT)
		explain_reason(failure, ERROR_NETWORK, CODE_HANDSHAKE_TIMEOUT, reterr);
	else
		error_code(reterr, ERROR_NETWORK, CODE_PEER_CLOSED, "the %s %s without an alert",
			peer_word(failure),
			failure->system == ECONNRESET ? "reset the connection"
						      : "closed the connection");
	reterr->system = failure->system;
	return false;
}
