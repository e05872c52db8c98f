/* A folder certs/ with a CA in it, for tests that issue, revoke or damage. */
#ifndef MTLS_TESTS_PKI_CA_FOLDER_H
#define MTLS_TESTS_PKI_CA_FOLDER_H

#include "pki_fixture.h"

#include <sys/stat.h>

static EVP_PKEY *ca_key, *leaf_key;

/* Opens and unlocks FOLDER/NAME.crt and .key. */
static inline must_check bool ca_open_named(const char *folder, const char *name,
	const char *passphrase, struct ca **ret, struct error *reterr)
{
	OWN(ca) struct ca *ca = NULL;
	if (!ca_open_locked(folder, name, &ca, reterr) || !ca_unlock(ca, passphrase, reterr))
		return false;
	*ret = TAKE(ca);
	return true;
}

static inline must_check bool ca_open(
	const char *folder, const char *passphrase, struct ca **ret, struct error *reterr)
{
	return ca_open_named(folder, "ca", passphrase, ret, reterr);
}

/* Enters a folder of its own; certs/ca.crt is "Test CA", valid for 100 days. */
static inline int ca_folder_make(void **state)
{
	if (enter_folder(state) != 0)
		return -1;
	ca_key = EVP_EC_gen("P-256");
	leaf_key = EVP_EC_gen("P-256");
	OWN(X509) X509 *certificate = fixture_ca("Test CA", ca_key, 100);
	mkdir("certs", 0755);
	fixture_write_certificate("certs/ca.crt", certificate);
	fixture_write_key("certs/ca.key", ca_key, NULL);
	return 0;
}

static inline int ca_folder_drop(void **state)
{
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(leaf_key);
	return leave_folder(state);
}

static inline struct ca *ca_folder_open(void)
{
	struct error error;
	struct ca *ca = NULL;
	if (!ca_open("certs", NULL, &ca, &error))
		fail_msg("%s", error.text);
	return ca;
}

/* A certificate for leaf_key under that common name, with the CA's state written. */
static inline X509 *ca_folder_issue(
	struct ca *ca, const char *common_name, int days, struct notes *notes)
{
	struct error error;
	OWN(X509_NAME) X509_NAME *name = fixture_name(common_name);
	OWN(file_set) struct file_set *set = file_set_new();
	X509 *leaf = NULL;
	if (!ca_begin(ca, name, leaf_key, days, notes, &leaf, &error) ||
		!ca_finish(ca, leaf, set, &error) || !file_set_commit(set, true, &error))
		fail_msg("%s", error.text);
	return leaf;
}

#endif
