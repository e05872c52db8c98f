/* What a server shows, in words: of the same JSON that programs get. */
#include "cmd/look_text.h"

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text ? text : "";
}

static char *join(const json_t *list)
{
	char *all = text_copy("");
	for (size_t i = 0; i < json_array_size(list); i++) {
		OWN(char) char *before = all;
		all = text_format("%s%s%s", before, i ? ", " : "",
			json_string_value(json_array_get(list, i)));
	}
	return all;
}

static bool add_versions(const json_t *versions, struct buffer *ret, struct error *reterr)
{
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)versions, name, value)
	{
		if (!buffer_format(ret, reterr, "  %-9s %s\n", name,
			    json_is_true(value) ? "yes" : "refused"))
			return false;
	}
	return true;
}

static bool add_handshake(const json_t *handshake, struct buffer *ret, struct error *reterr)
{
	OWN(char) char *authorities = join(json_object_get(handshake, "authorities"));
	OWN(char) char *schemes = join(json_object_get(handshake, "signature_algorithms"));
	const char *alpn = text_of(handshake, "alpn"), *cipher = text_of(handshake, "cipher");
	bool asks = json_is_true(json_object_get(handshake, "requests_certificate"));
	if (!buffer_format(ret, reterr, "on %s\n  cipher    %s\n  ALPN      %s\n",
		    text_of(handshake, "version"),
		    *cipher ? cipher : "unknown without a client certificate",
		    *alpn     ? alpn
		    : *cipher ? "none chosen of http/1.1"
			      : "unknown without a client certificate"))
		return false;
	if (!asks)
		return buffer_text(ret, "  asks for no client certificate\n", reterr);
	return buffer_format(ret, reterr,
		"  asks for a client certificate\n    of a CA named   %s\n    signing with    %s\n",
		*authorities ? authorities : "(any: no CA is named)", schemes);
}

static bool add_certificate(
	const json_t *certificate, size_t number, struct buffer *ret, struct error *reterr)
{
	const json_t *names = json_object_get(certificate, "names");
	OWN(char) char *list = json_is_array(names) ? join(names) : text_copy("");
	return buffer_format(ret, reterr,
		"  %zu  %s\n     issuer    %s\n     %s%s%svalid     %s to %s (%s)\n", number,
		text_of(certificate, "subject"), text_of(certificate, "issuer"),
		*list ? "names     " : "", list, *list ? "\n     " : "",
		text_of(certificate, "not_before"), text_of(certificate, "not_after"),
		text_of(certificate, "status"));
}

bool look_text(const json_t *shown, struct buffer *ret, struct error *reterr)
{
	const json_t *chain = json_object_get(shown, "chain");
	const json_t *handshakes = json_object_get(shown, "handshakes");
	const json_t *verified = json_object_get(shown, "verified");
	const json_t *sni = json_object_get(shown, "sni");
	if (!buffer_format(ret, reterr, "%s at %s\nversions\n", text_of(shown, "url"),
		    text_of(shown, "address")) ||
		!add_versions(json_object_get(shown, "versions"), ret, reterr))
		return false;
	for (size_t i = 0; i < json_array_size(handshakes); i++)
		if (!add_handshake(json_array_get(handshakes, i), ret, reterr))
			return false;
	if (!buffer_text(ret, "chain\n", reterr))
		return false;
	for (size_t i = 0; i < json_array_size(chain); i++)
		if (!add_certificate(json_array_get(chain, i), i, ret, reterr))
			return false;
	if (json_is_true(verified) && !buffer_text(ret, "  verified\n", reterr))
		return false;
	if (json_is_false(verified) && !buffer_format(ret, reterr, "  not verified: %s [%s]\n",
					       text_of(shown, "why"), text_of(shown, "code")))
		return false;
	return buffer_format(ret, reterr, "server name\n  without one   %s\n  another one   %s\n",
		text_of(sni, "without"), text_of(sni, "unknown"));
}
