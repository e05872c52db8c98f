/*
 * What people who know Python's getpeercert() expect to read. Names, order and spelling are those
 * of CPython's ssl module; what that module leaves out or cannot decode is left out or escaped.
 */
#include "pki/peercert.h"

#include "pki/describe.h"

/* Exact where it is text; else escaped, so that the JSON stays valid. */
static json_t *string(const void *bytes, size_t count)
{
	if (text_is_utf8(bytes, count))
		return json_stringn(bytes, count);
	size_t target_bytes = 4 * count + 1;
	OWN(char) char *target = malloc(target_bytes);
	if (!target)
		bug("out of memory for a certificate's text");
	return json_string(text_escape(target, target_bytes, bytes, count));
}

static json_t *ia5(const ASN1_STRING *text)
{
	return string(ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text));
}

static json_t *pair(const char *name, json_t *value)
{
	return json_pack("[so]", name, value);
}

/* "commonName", or the number of an object that OpenSSL has no name for. */
static json_t *attribute(const X509_NAME_ENTRY *entry)
{
	char name[128];
	unsigned char *utf8 = NULL;
	OBJ_obj2txt(name, sizeof name, X509_NAME_ENTRY_get_object(entry), 0);
	const ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);
	int bytes = ASN1_STRING_to_UTF8(&utf8, value);
	json_t *text = bytes < 0 ? ia5(value) : string(utf8, (size_t)bytes);
	OPENSSL_free(utf8);
	return pair(name, text);
}

/* An array of RDNs, each an array of [name, value]. */
static json_t *name_json(const X509_NAME *name)
{
	json_t *names = json_array(), *rdn = NULL;
	int set = -1;
	for (int i = 0; i < X509_NAME_entry_count(name); i++) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
		if (!rdn || X509_NAME_ENTRY_set(entry) != set)
			json_array_append_new(names, rdn = json_array());
		set = X509_NAME_ENTRY_set(entry);
		json_array_append_new(rdn, attribute(entry));
	}
	return names;
}

static json_t *address(const ASN1_OCTET_STRING *octets)
{
	const unsigned char *at = ASN1_STRING_get0_data(octets);
	char text[64];
	int bytes = ASN1_STRING_length(octets), used = 0;
	if (bytes == 4) {
		snprintf(text, sizeof text, "%d.%d.%d.%d", at[0], at[1], at[2], at[3]);
		return json_string(text);
	}
	if (bytes != 16)
		return json_string("<invalid>");
	for (int i = 0; i < 8; i++)
		used += snprintf(text + used, sizeof text - (size_t)used, "%s%X", i ? ":" : "",
			at[2 * i] << 8 | at[2 * i + 1]);
	return json_string(text);
}

static json_t *object(const ASN1_OBJECT *identifier)
{
	char text[128];
	OBJ_obj2txt(text, sizeof text, identifier, 0);
	return json_string(text);
}

/* The other kinds as OpenSSL prints them, "othername:<unsupported>", cut at the colon. */
static json_t *printed(GENERAL_NAME *name)
{
	char *text = NULL;
	OWN(BIO) BIO *bio = BIO_new(BIO_s_mem());
	if (!bio || !GENERAL_NAME_print(bio, name))
		return NULL;
	long bytes = BIO_get_mem_data(bio, &text);
	const char *colon = bytes > 0 ? memchr(text, ':', (size_t)bytes) : NULL;
	if (!colon)
		return NULL;
	json_t *value = string(colon + 1, (size_t)(text + bytes - colon - 1));
	return json_pack("[oo]", string(text, (size_t)(colon - text)), value);
}

static json_t *general_name(GENERAL_NAME *name)
{
	switch (name->type) {
	case GEN_DIRNAME:
		return pair("DirName", name_json(name->d.directoryName));
	case GEN_EMAIL:
		return pair("email", ia5(name->d.rfc822Name));
	case GEN_DNS:
		return pair("DNS", ia5(name->d.dNSName));
	case GEN_URI:
		return pair("URI", ia5(name->d.uniformResourceIdentifier));
	case GEN_RID:
		return pair("Registered ID", object(name->d.registeredID));
	case GEN_IPADD:
		return pair("IP Address", address(name->d.iPAddress));
	}
	return printed(name);
}

static json_t *alternative_names(const X509 *certificate)
{
	json_t *names = json_array();
	for (int at = -1; (at = X509_get_ext_by_NID(certificate, NID_subject_alt_name, at)) >= 0;) {
		OWN(GENERAL_NAMES)
		GENERAL_NAMES *found = X509V3_EXT_d2i(X509_get_ext(certificate, at));
		for (int i = 0; i < sk_GENERAL_NAME_num(found); i++)
			json_array_append_new(names, general_name(sk_GENERAL_NAME_value(found, i)));
	}
	return names;
}

static json_t *access_locations(const X509 *certificate, int method)
{
	json_t *uris = json_array();
	AUTHORITY_INFO_ACCESS *access = X509_get_ext_d2i(certificate, NID_info_access, NULL, NULL);
	for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access); i++) {
		const ACCESS_DESCRIPTION *one = sk_ACCESS_DESCRIPTION_value(access, i);
		if (OBJ_obj2nid(one->method) == method && one->location->type == GEN_URI)
			json_array_append_new(
				uris, ia5(one->location->d.uniformResourceIdentifier));
	}
	AUTHORITY_INFO_ACCESS_free(access);
	return uris;
}

static json_t *crl_locations(const X509 *certificate)
{
	json_t *uris = json_array();
	CRL_DIST_POINTS *points =
		X509_get_ext_d2i(certificate, NID_crl_distribution_points, NULL, NULL);
	for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
		const DIST_POINT *point = sk_DIST_POINT_value(points, i);
		if (!point->distpoint || point->distpoint->type != 0)
			continue;
		const GENERAL_NAMES *names = point->distpoint->name.fullname;
		for (int j = 0; j < sk_GENERAL_NAME_num(names); j++) {
			const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, j);
			if (name->type == GEN_URI)
				json_array_append_new(uris, ia5(name->d.uniformResourceIdentifier));
		}
	}
	CRL_DIST_POINTS_free(points);
	return uris;
}

/* "Feb  5 00:00:00 2026 GMT" */
static json_t *time_json(const ASN1_TIME *time)
{
	char *text = NULL;
	OWN(BIO) BIO *bio = BIO_new(BIO_s_mem());
	if (!bio || !ASN1_TIME_print(bio, time))
		return json_string("");
	long bytes = BIO_get_mem_data(bio, &text);
	return string(text, bytes > 0 ? (size_t)bytes : 0);
}

static void set_unless_empty(json_t *object, const char *name, json_t *array)
{
	if (json_array_size(array))
		json_object_set_new(object, name, array);
	else
		json_decref(array);
}

json_t *peercert_new(X509 *certificate)
{
	char serial[DESCRIBE_SERIAL_BYTES];
	json_t *all = json_object();
	json_object_set_new(all, "subject", name_json(X509_get_subject_name(certificate)));
	json_object_set_new(all, "issuer", name_json(X509_get_issuer_name(certificate)));
	json_object_set_new(all, "version", json_integer(X509_get_version(certificate) + 1));
	json_object_set_new(all, "serialNumber",
		json_string(describe_serial(
			X509_get0_serialNumber(certificate), serial, sizeof serial)));
	json_object_set_new(all, "notBefore", time_json(X509_get0_notBefore(certificate)));
	json_object_set_new(all, "notAfter", time_json(X509_get0_notAfter(certificate)));
	set_unless_empty(all, "subjectAltName", alternative_names(certificate));
	set_unless_empty(all, "OCSP", access_locations(certificate, NID_ad_OCSP));
	set_unless_empty(all, "caIssuers", access_locations(certificate, NID_ad_ca_issuers));
	set_unless_empty(all, "crlDistributionPoints", crl_locations(certificate));
	return all;
}
