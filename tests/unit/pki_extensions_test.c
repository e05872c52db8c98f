/* Extensions on certificates and requests, where no openssl command is needed to judge them. */
#include "unit.h"

#include "pki/pki.h"

#include <openssl/err.h>
#include <unistd.h>

static EVP_PKEY *new_key(void)
{
	struct key_type type = { .id = EVP_PKEY_EC, .curve = "P-256" };
	EVP_PKEY *key = NULL;
	struct error error;
	assert_true(key_make(&type, &key, &error));
	return key;
}

static X509 *bare(const char *subject, EVP_PKEY *key)
{
	X509 *cert = X509_new();
	OWN(X509_NAME) X509_NAME *name = NULL;
	struct error error;
	assert_true(subject_parse(subject, &name, &error));
	assert_true(X509_set_version(cert, X509_VERSION_3) && X509_set_subject_name(cert, name) &&
		    X509_set_issuer_name(cert, name) && X509_set_pubkey(cert, key));
	return cert;
}

static struct profile *with(const char *extensions)
{
	struct profile *profile = NULL;
	struct error error;
	OWN(char) char *text = text_format("[req]\nreq_extensions = x\n[x]\n%s\n", extensions);
	assert_true(profile_parse("test.cnf", text, strlen(text), &profile, &error));
	return profile;
}

static bool has(const X509 *cert, int nid)
{
	return X509_get_ext_by_NID(cert, nid, -1) >= 0;
}

static void identifiers_are_added_as_the_command_does(void **state)
{
	(void)state;
	OWN(EVP_PKEY) EVP_PKEY *key = new_key();
	OWN(EVP_PKEY) EVP_PKEY *other = new_key();
	static const struct {
		const char *extensions;
		bool root_subject, root_authority, leaf_subject, leaf_authority;
	} rows[] = {
		{ "basicConstraints = CA:TRUE", true, false, true, true },
		{ "subjectKeyIdentifier = none\nbasicConstraints = CA:TRUE", false, false, false,
			true },
		{ "authorityKeyIdentifier = none\nbasicConstraints = CA:TRUE", true, false, true,
			false },
		{ "authorityKeyIdentifier = keyid\nbasicConstraints = CA:TRUE", true, false, true,
			true },
		{ "authorityKeyIdentifier = keyid:always", true, true, true, true },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		OWN(profile) struct profile *profile = with(rows[i].extensions);
		OWN(X509) X509 *root = bare("/CN=root", key);
		OWN(X509) X509 *issuer = bare("/CN=root", key);
		OWN(X509) X509 *leaf = bare("/CN=leaf", other);
		OWN(profile) struct profile *plain = with("basicConstraints = CA:TRUE");
		struct error error;
		assert_true(extensions_add(plain, "x", NULL, issuer, NULL, &error));
		assert_true(extensions_add(profile, "x", NULL, root, NULL, &error));
		assert_true(extensions_add(profile, "x", issuer, leaf, NULL, &error));
		assert_int_equal(has(root, NID_subject_key_identifier), rows[i].root_subject);
		assert_int_equal(has(root, NID_authority_key_identifier), rows[i].root_authority);
		assert_int_equal(has(leaf, NID_subject_key_identifier), rows[i].leaf_subject);
		assert_int_equal(has(leaf, NID_authority_key_identifier), rows[i].leaf_authority);
	}
}

static void no_section_adds_nothing(void **state)
{
	(void)state;
	OWN(EVP_PKEY) EVP_PKEY *key = new_key();
	OWN(X509) X509 *cert = bare("/CN=x", key);
	OWN(profile) struct profile *profile = with("basicConstraints = CA:TRUE");
	struct error error;
	assert_true(extensions_add(profile, NULL, NULL, cert, NULL, &error));
	assert_int_equal(X509_get_ext_count(cert), 0);
}

static void bad_sections_are_refused(void **state)
{
	(void)state;
	OWN(EVP_PKEY) EVP_PKEY *key = new_key();
	static const char *const rows[] = { "keyUsage = nonsense", "nonsense = 1",
		"subjectAltName = @nowhere", "subjectAltName = IP:1.2.3" };
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		OWN(X509) X509 *cert = bare("/CN=x", key);
		OWN(profile) struct profile *profile = with(rows[i]);
		struct error error = { 0 };
		assert_false(extensions_add(profile, "x", NULL, cert, NULL, &error));
		assert_int_equal(error.kind, ERROR_INPUT);
		assert_non_null(
			strstr(error.text, "'test.cnf': the section [x] makes no extensions"));
		assert_int_equal(ERR_peek_error(), 0);
	}
}

static void names_replace_names(void **state)
{
	(void)state;
	OWN(EVP_PKEY) EVP_PKEY *key = new_key();
	OWN(X509) X509 *cert = bare("/CN=x", key);
	OWN(X509) X509 *same = bare("/CN=x", key);
	OWN(profile) struct profile *profile = with("subjectAltName = DNS:old");
	OWN(GENERAL_NAMES) GENERAL_NAMES *names = NULL;
	struct error error;
	assert_true(extensions_add(profile, "x", NULL, cert, NULL, &error));
	assert_true(extensions_add(profile, "x", NULL, same, NULL, &error));
	assert_true(extensions_equal(cert, same));
	assert_true(names_parse("DNS:new", &names, &error));
	assert_true(extensions_set_names(cert, names, &error));
	assert_false(extensions_equal(cert, same));
	int at = X509_get_ext_by_NID(cert, NID_subject_alt_name, -1);
	assert_int_equal(X509_get_ext_by_NID(cert, NID_subject_alt_name, at), -1);
	assert_false(X509_EXTENSION_get_critical(X509_get_ext(cert, at)));
	assert_int_equal(X509_check_host(cert, "new", 0, 0, NULL), 1);
	assert_int_equal(X509_check_host(cert, "old", 0, 0, NULL), 0);
	/* Without a subject the names are all there is (RFC 5280 section 4.2.1.6). */
	OWN(X509_NAME) X509_NAME *empty = X509_NAME_new();
	assert_true(X509_set_subject_name(cert, empty));
	assert_true(extensions_set_names(cert, names, &error));
	at = X509_get_ext_by_NID(cert, NID_subject_alt_name, -1);
	assert_true(X509_EXTENSION_get_critical(X509_get_ext(cert, at)));
}

static void requests_are_signed_and_checked(void **state)
{
	(void)state;
	OWN(EVP_PKEY) EVP_PKEY *key = new_key();
	OWN(profile) struct profile *profile = with("subjectAltName = DNS:asked");
	OWN(X509_NAME) X509_NAME *name = NULL;
	OWN(X509_REQ) X509_REQ *request = NULL, *again = NULL;
	OWN(buffer) struct buffer pem = BUFFER(16384);
	struct error error;
	char path[] = "/tmp/mtls-request-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_true(subject_parse("asker", &name, &error));
	assert_true(request_make(profile, name, key, &request, &error));
	assert_true(pem_add_request(request, &pem, &error));
	assert_true(file_write(path, FILE_PUBLIC, pem.data, pem.length, &error));
	assert_true(request_load(path, &again, &error));
	STACK_OF(X509_EXTENSION) *asked = X509_REQ_get_extensions(again);
	assert_int_equal(sk_X509_EXTENSION_num(asked), 1);
	sk_X509_EXTENSION_pop_free(asked, X509_EXTENSION_free);

	/* Another subject under the same signature. */
	OWN(X509_NAME) X509_NAME *other = NULL;
	assert_true(subject_parse("another", &other, &error));
	assert_true(X509_REQ_set_subject_name(request, other));
	buffer_done(&pem);
	assert_true(pem_add_request(request, &pem, &error));
	assert_true(file_write(path, FILE_PUBLIC, pem.data, pem.length, &error));
	X509_REQ *forged = NULL;
	assert_false(request_load(path, &forged, &error));
	assert_null(forged);
	assert_non_null(strstr(error.text, "the request is not signed by its own key"));
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identifiers_are_added_as_the_command_does),
		cmocka_unit_test(no_section_adds_nothing),
		cmocka_unit_test(bad_sections_are_refused),
		cmocka_unit_test(names_replace_names),
		cmocka_unit_test(requests_are_signed_and_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
