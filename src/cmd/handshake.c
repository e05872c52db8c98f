/* A handshake from the client's side, as text and as JSON. */
#include "cmd/handshake.h"

static void print_certificate(FILE *target, const char *whose, const struct identity *identity)
{
	char from[CLOCK_RFC3339_BYTES], until[CLOCK_RFC3339_BYTES];
	fprintf(target, "* %s: %s\n", whose, identity->subject);
	fprintf(target, "*   issuer: %s\n", identity->issuer);
	fprintf(target, "*   serial: %s\n", identity->serial);
	for (size_t i = 0; i < identity->sans_count; i++)
		fprintf(target, "*   SAN: %s\n", identity->sans[i]);
	fprintf(target, "*   valid: %s to %s\n", clock_rfc3339(identity->not_before, from),
		clock_rfc3339(identity->not_after, until));
}

static void print_list(FILE *target, const char *what, const json_t *list)
{
	size_t index;
	json_t *item;
	json_array_foreach((json_t *)list, index, item)
		fprintf(target, "%s%s", index ? ", " : what, json_string_value(item));
	if (json_array_size(list))
		fputc('\n', target);
}

static void print_request(FILE *target, const struct tls_peer *peer)
{
	if (!peer->certificate_request) {
		fputs("* the server did not ask for a client certificate\n", target);
		return;
	}
	fputs("* the server asked for a client certificate\n", target);
	print_list(target,
		"*   of a CA named: ", json_object_get(peer->certificate_request, "authorities"));
	print_list(target, "*   signing with: ",
		json_object_get(peer->certificate_request, "signature_algorithms"));
}

void handshake_print(FILE *target, const struct client *client)
{
	const struct tls_outcome *outcome = client_outcome(client);
	const struct tls_peer *peer = client_peer(client);
	if (*client_address(client))
		fprintf(target, "* connected to %s\n", client_address(client));
	if (outcome->finished)
		fprintf(target, "* %s with %s, %s handshake\n", outcome->version, outcome->cipher,
			outcome->resumed ? "resumed" : "full");
	else
		fprintf(target, "* the handshake%s%s did not finish\n",
			outcome->version ? " of " : "", outcome->version ? outcome->version : "");
	if (peer->certificate) {
		print_certificate(target, "server certificate", peer->certificate);
		fprintf(target, "*   %s\n", outcome->verified ? "verified" : "not verified");
	}
	if (outcome->finished || peer->certificate_request)
		print_request(target, peer);
	if (outcome->certificate_sent && client_identity(client))
		print_certificate(target, "our certificate", client_identity(client));
	else if (outcome->certificate_requested)
		fputs("* we sent no certificate\n", target);
	if (outcome->alert_sent >= 0)
		fprintf(target, "* alert sent: %d (%s)\n", outcome->alert_sent,
			tls_alert_name(outcome->alert_sent));
	if (outcome->alert_received >= 0)
		fprintf(target, "* alert received: %d (%s)\n", outcome->alert_received,
			tls_alert_name(outcome->alert_received));
}

static json_t *certificate_json(const struct identity *identity)
{
	char from[CLOCK_RFC3339_BYTES], until[CLOCK_RFC3339_BYTES];
	if (!identity)
		return json_null();
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:s}", "subject", identity->subject,
		"issuer", identity->issuer, "serial", identity->serial, "sha256", identity->sha256,
		"sans", identity_sans(identity), "not_before",
		clock_rfc3339(identity->not_before, from), "not_after",
		clock_rfc3339(identity->not_after, until));
}

json_t *handshake_json(const struct client *client)
{
	const struct tls_outcome *outcome = client_outcome(client);
	const struct tls_peer *peer = client_peer(client);
	json_t *request =
		peer->certificate_request ? json_incref(peer->certificate_request) : json_null();
	return json_pack("{s:s, s:b, s:b, s:s?, s:s?, s:s, s:b, s:o, s:o, s:o, s:b, s:o, s:o, s:o}",
		"address", client_address(client), "finished", outcome->finished, "resumed",
		outcome->resumed, "version", outcome->version, "cipher", outcome->cipher, "alpn",
		outcome->alpn, "verified", outcome->verified, "server",
		certificate_json(peer->certificate), "client",
		certificate_json(client_identity(client)), "certificate_request", request,
		"certificate_sent", outcome->certificate_sent, "messages",
		tls_transcript_json(&peer->transcript, false), "alert_sent",
		tls_alert_json(outcome->alert_sent), "alert_received",
		tls_alert_json(outcome->alert_received));
}

json_t *handshake_error_json(const struct error *error)
{
	const char *code = error->code == CODE_NONE ? NULL : code_name(error->code);
	return json_pack("{s:s, s:s?, s:s, s:s, s:o, s:i, s:i}", "kind",
		error_kind_name(error->kind), "code", code, "text", error->text, "hint",
		error_advice(error), "alert", tls_alert_json(error->alert), "x509_error",
		error->x509_error, "exit_code", error_exit_code(error->kind));
}
