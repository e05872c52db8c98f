/* GET /whoami and /handshake: the identity as the server sees it, and how it was shown. */
#include "server/todo.h"

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *time_or_null(const struct identity *identity, time_t at)
{
	char text[CLOCK_RFC3339_BYTES];
	return identity ? json_string(clock_rfc3339(at, text)) : json_null();
}

void handshake(struct exchange *exchange)
{
	const struct tls_outcome *tls = exchange->facts.tls;
	const struct tls_transcript *transcript = exchange->facts.transcript;
	OWN(char) char *summary = tls && tls->finished
					  ? text_format("%s with %s, %s handshake", tls->version,
						    tls->cipher, tls->resumed ? "resumed" : "full")
					  : text_copy("there is no TLS");
	OWN(json_t) json_t *json = json_pack("{s:s, s:o}", "summary", summary, "messages",
		transcript ? tls_transcript_json(transcript, true) : json_array());
	exchange_answer_json(exchange, 200, json);
}

void whoami(struct exchange *exchange)
{
	static const struct identity nobody = { 0 };
	const struct identity *known = exchange->facts.identity;
	const struct identity *identity = known ? known : &nobody;
	const struct tls_outcome *tls = exchange->facts.tls;
	json_t *connection =
		tls ? json_pack("{s:o,s:o,s:b}", "version", text_or_null(tls->version), "cipher",
			      text_or_null(tls->cipher), "resumed", tls->resumed)
		    : json_null();
	/* A copy: workers share the identity, and a reference would be counted in it. */
	json_t *peercert = identity->peercert ? json_deep_copy(identity->peercert) : json_null();
	OWN(json_t) json_t *json = json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "client",
		exchange_client_json(exchange), "subject", text_or_null(identity->subject),
		"issuer", text_or_null(identity->issuer), "serial", text_or_null(identity->serial),
		"sans", identity_sans(identity), "sha256", text_or_null(identity->sha256),
		"not_before", time_or_null(known, identity->not_before), "not_after",
		time_or_null(known, identity->not_after), "tls", connection, "peercert", peercert);
	exchange_answer_json(exchange, 200, json);
}
