/* Signing somebody else's request: proved, checked, and granted only what the role allows. */
#include "pki/issue_parts.h"

#include "pki/bundle.h"
#include "pki/extensions.h"
#include "pki/name.h"
#include "pki/request.h"

enum { SECURITY_BITS_MIN = 112 /* RSA-2048 */, PEM_BYTES_MAX = 1 << 20 };

/* FILE.csr's FILE, or the whole name where it ends otherwise. */
static char *stem_of(const char *path)
{
	size_t bytes = strlen(path);
	bool ends = bytes > 4 && !strcmp(path + bytes - 4, ".csr");
	return text_format("%.*s", (int)(ends ? bytes - 4 : bytes), path);
}

/* --config, else the .cnf beside the request, else what the role has by itself. */
static bool load_profile(const char *stem, const struct sign_options *options, char **ret_path,
	struct profile **ret, struct error *reterr)
{
	OWN(char) char *path =
		options->config ? text_copy(options->config) : text_format("%s.cnf", stem);
	if (!options->config && !file_exists(path)) {
		if (options->extensions)
			return error_set(reterr, ERROR_USAGE,
				"there is no section [%s]: '%s' is missing, and no --config is "
				"given",
				options->extensions, path);
		return profile_builtin(options->issue.role, ret, reterr);
	}
	if (!profile_load(path, ret, reterr))
		return false;
	*ret_path = TAKE(path);
	return true;
}

static bool check_key(const char *path, X509_REQ *request, struct error *reterr)
{
	EVP_PKEY *key = X509_REQ_get0_pubkey(request);
	int bits = EVP_PKEY_get_security_bits(key);
	if (bits >= SECURITY_BITS_MIN)
		return true;
	error_set(reterr, ERROR_INPUT, "cannot sign '%s': its key is too weak (%s, %d bits)", path,
		EVP_PKEY_get0_type_name(key), EVP_PKEY_get_bits(key));
	return error_hint(reterr, "RSA of 2048 bits, P-256 or Ed25519 are strong enough");
}

/* Clients look for the host in the subject alternative names and nowhere else (RFC 9525). */
static bool check_names(
	const char *path, enum role role, const X509 *certificate, struct error *reterr)
{
	if (role == ROLE_CLIENT || X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1) >= 0)
		return true;
	error_set(reterr, ERROR_INPUT,
		"cannot sign '%s' for a %s: it would name no host (no subject alternative name)",
		path, role_name(role));
	return error_hint(reterr, "give the names that clients call: --san DNS:host.example,"
				  "IP:192.0.2.1");
}

/* A certificate may be replaced by its successor, but no key by a slip of the hand. */
static bool check_target(const struct ca *ca, const char *path, struct error *reterr)
{
	OWN(X509) X509 *there = NULL;
	if (!file_exists(path))
		return true;
	if (!bundle_certificate(path, &there, reterr))
		return error_context(reterr, "only a certificate is replaced");
	if (X509_cmp(there, ca_certificate(ca)) != 0)
		return true;
	return error_set(reterr, ERROR_USAGE, "'%s' is the CA's own certificate", path);
}

static bool write_certificate(struct ca *ca, struct issued *issued, struct error *reterr)
{
	OWN(file_set) struct file_set *set = file_set_new();
	OWN(buffer) struct buffer pem = BUFFER(PEM_BYTES_MAX);
	return ca_finish(ca, issued->certificate, set, reterr) &&
	       certificate_complete(&issued->certificate, reterr) &&
	       pem_add_certificate(issued->certificate, &pem, reterr) &&
	       file_set_add(
		       set, issued->certificate_path, FILE_PUBLIC, pem.data, pem.length, reterr) &&
	       file_set_commit(set, true, reterr);
}

bool issue_sign(struct ca *ca, const char *request_path, const struct sign_options *options,
	struct notes *notes, struct notes *refused, struct issued *ret, struct error *reterr)
{
	const struct issue_options *issue = &options->issue;
	OWN(char) char *stem = stem_of(request_path);
	OWN(X509_REQ) X509_REQ *request = NULL;
	OWN(profile) struct profile *profile = NULL;
	OWN(GENERAL_NAMES) GENERAL_NAMES *names = NULL;
	OWN(issued) struct issued issued = { .certificate_path =
						     options->out ? text_copy(options->out)
								  : text_format("%s.crt", stem) };
	if (!request_load(request_path, &request, reterr) ||
		!check_key(request_path, request, reterr) ||
		!check_target(ca, issued.certificate_path, reterr) ||
		!load_profile(stem, options, &issued.cnf_path, &profile, reterr) ||
		!names_parse_all(issue->sans, issue->san_count, &names, reterr))
		return false;
	/* Without a file of ours the request's own names are the only ones there are. */
	if (!names && !issued.cnf_path)
		names = sign_names(request);
	struct issue_source source = { .profile = profile,
		.request = request,
		.key = X509_REQ_get0_pubkey(request),
		.subject = X509_REQ_get_subject_name(request),
		.edited = issued.cnf_path != NULL,
		.names = names };
	if (!profile_section(profile, issue->role, options->extensions, &source.section, reterr) ||
		!issue_begin(ca, &source, issue->days, notes, &issued.certificate, reterr) ||
		!check_names(request_path, issue->role, issued.certificate, reterr) ||
		!write_certificate(ca, &issued, reterr))
		return false;
	sign_compare(request, issued.certificate, refused);
	*ret = issued;
	issued = (struct issued){ 0 };
	return true;
}
