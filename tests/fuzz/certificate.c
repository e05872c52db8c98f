/*
 * Certificates and CRLs: whatever comes is read or refused with a sentence, verified in every
 * profile without a crash, and described in text that cannot break out of a line.
 *
 * The input is one file. Its first certificate is the leaf, and all of them are trust anchors and
 * intermediates as well: so a self-signed one reaches the rules behind the signature check however
 * its bytes were changed.
 */
#include "pki/pki.h"
#include "pki/trust.h"

#include <assert.h>
#include <openssl/err.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const char *text)
{
	assert(text_is_utf8(text, strlen(text)));
	for (; *text; text++)
		assert((unsigned char)*text >= 0x20 && *text != 0x7f);
}

static void check_identity(X509 *leaf)
{
	OWN(identity) struct identity *identity = identity_new(leaf);
	if (identity->common_name)
		check_line(identity->common_name);
	check_line(identity->subject);
	check_line(identity->issuer);
	for (size_t i = 0; i < identity->sans_count; i++)
		check_line(identity->sans[i]);
	char *text = json_dumps(identity->peercert, 0);
	assert(text);
	free(text);
}

static void check_result(const struct verify_result *result)
{
	assert(result->ok == (result->code == CODE_NONE));
	assert(result->ok == (result->x509_error == 0));
	assert(result->ok == !*result->why);
	check_line(result->subject);
	check_line(result->issuer);
	check_line(result->serial);
	check_line(result->why);
}

static void check_profiles(const struct trust *trust, X509 *leaf, STACK_OF(X509) * rest)
{
	static const struct verify_options rows[] = {
		{ .profile = PROFILE_OPENSSL, .purpose = PURPOSE_SERVER, .name = "DNS:localhost" },
		{ .profile = PROFILE_STRICT, .purpose = PURPOSE_SERVER, .name = "IP:127.0.0.1" },
		{ .profile = PROFILE_MTLS, .purpose = PURPOSE_CLIENT, .name = "email:a@b.example" },
		{ .profile = PROFILE_STRICT, .purpose = PURPOSE_ANY },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct verify_result result;
		struct verify_options options = rows[i];
		options.at = X509_cmp_current_time(X509_get0_notAfter(leaf)) > 0 ? 0 : 1800000000;
		options.depth_max = -1;
		verify_leaf(trust, leaf, rest, &options, &result);
		check_result(&result);
		assert(!ERR_peek_error());
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error error;
	OWN(bundle) struct bundle *bundle = NULL;
	OWN(buffer) struct buffer bytes = BUFFER((size_t)1 << 20);
	if (!size || !buffer_append(&bytes, data, size, &error))
		return 0;
	if (!bundle_parse("input", &bytes, "passphrase", &bundle, &error)) {
		assert(error.kind == ERROR_INPUT || error.kind == ERROR_LIMIT);
		check_line(error.text);
		ERR_clear_error();
		return 0;
	}
	if (!sk_X509_num(bundle->certificates))
		return 0;
	X509 *leaf = sk_X509_value(bundle->certificates, 0);
	check_identity(leaf);
	OWN(trust) struct trust *trust = trust_new();
	trust_add_anchors(trust, bundle->certificates);
	trust_add_crls(trust, bundle->crls);
	check_profiles(trust, leaf, bundle->certificates);
	return 0;
}
