/* New identities: key, request, certificate and the .cnf that says what they are. */
#include "pki/issue_parts.h"

#include "pki/extensions.h"
#include "pki/name.h"
#include "pki/request.h"

#define PEM_BYTES_MAX ((size_t)1 << 20)

void issued_done(struct issued *issued)
{
	X509_free(issued->certificate);
	free(issued->certificate_path);
	free(issued->key_path);
	free(issued->cnf_path);
	*issued = (struct issued){ 0 };
}

bool issue_begin(struct ca *ca, const struct issue_source *source, int days, struct notes *notes,
	X509 **ret, struct error *reterr)
{
	OWN(X509) X509 *certificate = NULL;
	if (!ca_begin(ca, source->subject, source->key, days, notes, &certificate, reterr) ||
		!extensions_add(source->profile, source->section, ca_certificate(ca), certificate,
			source->request, reterr) ||
		(source->names && !extensions_set_names(certificate, source->names, reterr)))
		return false;
	size_t count;
	const struct profile_warning *warnings = profile_warnings(source->profile, &count);
	for (size_t i = 0; source->edited && i < count; i++)
		notes_add(notes, "%s", warnings[i].text);
	*ret = TAKE(certificate);
	return true;
}

char *issue_name_text(const GENERAL_NAME *name)
{
	int type;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
	const char *kind = type == GEN_DNS     ? "DNS"
			   : type == GEN_URI   ? "URI"
			   : type == GEN_EMAIL ? "email"
					       : NULL;
	if (type == GEN_IPADD)
		return name_address_text(value);
	if (!kind || memchr(ASN1_STRING_get0_data(value), 0, (size_t)ASN1_STRING_length(value)))
		return NULL;
	return text_format("%s:%.*s", kind, ASN1_STRING_length(value),
		(const char *)ASN1_STRING_get0_data(value));
}

/* The body of [alt_names]. What a .cnf would expand or cut off is escaped. */
static char *alternative_names(const GENERAL_NAMES *names)
{
	OWN(char) char *body = text_copy("");
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		OWN(char) char *text = issue_name_text(sk_GENERAL_NAME_value(names, i));
		if (!text)
			bug("a name that was checked has no text");
		char *value = strchr(text, ':');
		*value++ = 0;
		OWN(char) char *line = text_format("%s%s.%d = ", body, text, i + 1);
		for (; *value; value++) {
			char *longer = text_format(
				"%s%s%c", line, strchr("$#\\\"'`;", *value) ? "\\" : "", *value);
			free(line);
			line = longer;
		}
		free(body);
		body = text_format("%s\n", line);
	}
	return TAKE(body);
}

/* The name becomes that of four files, and the common name. */
static bool check_name(const char *name, struct error *reterr)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t bytes = strlen(name);
	bool plain = bytes && bytes <= ISSUE_NAME_BYTES_MAX && *name != '.' && *name != '-';
	for (size_t i = 0; plain && i < bytes; i++)
		plain = strchr(letters, name[i]) || strchr("._-@+:", name[i]);
	if (plain)
		return true;
	char shown[ISSUE_NAME_BYTES_MAX * 4];
	text_escape(shown, sizeof shown, name, bytes);
	error_set(
		reterr, ERROR_USAGE, "'%s' cannot be the name of an identity and its files", shown);
	return error_hint(reterr,
		"up to %d letters, digits and ._-@+: that begin with none of . and -; other names "
		"go into --san or the .cnf",
		ISSUE_NAME_BYTES_MAX);
}

/* --san, or for what serves its own name. */
static bool choose_names(const char *name, const struct issue_options *options, GENERAL_NAMES **ret,
	struct error *reterr)
{
	if (options->san_count)
		return names_parse_all(options->sans, options->san_count, ret, reterr);
	if (options->role == ROLE_CLIENT)
		return true;
	OWN(char) char *own = text_format("%s:%s", name_is_address(name) ? "IP" : "DNS", name);
	if (names_parse(own, ret, reterr))
		return true;
	return error_hint(reterr, "name the host that clients call: --san DNS:host.example");
}

static bool load_profile(const char *path, const char *name, const struct key_type *key_type,
	const struct issue_options *options, char **ret_text, struct profile **ret,
	struct error *reterr)
{
	if (file_exists(path)) {
		if (!options->san_count)
			return profile_load(path, ret, reterr);
		error_set(reterr, ERROR_USAGE,
			"--san does not change '%s', which says what the certificate is", path);
		return error_hint(reterr, "edit its subjectAltName, or take another name");
	}
	OWN(GENERAL_NAMES) GENERAL_NAMES *names = NULL;
	if (!choose_names(name, options, &names, reterr))
		return false;
	OWN(char) char *body = names ? alternative_names(names) : NULL;
	OWN(char)
	char *follow = text_format("`mtls sign %s.csr --role %s` on the request beside it", name,
		role_name(options->role));
	OWN(char) char *text = profile_template(options->role, key_type->bits, name, body, follow);
	if (!profile_parse(path, text, strlen(text), ret, reterr))
		return false;
	*ret_text = TAKE(text);
	return true;
}

static bool check_absent(const char *path, bool force, struct error *reterr)
{
	if (force || !file_exists(path))
		return true;
	error_set(reterr, ERROR_INPUT, "'%s' exists already, and is not overwritten", path);
	return error_hint(reterr, "--force replaces key and certificate; to keep the key, sign its "
				  "request again: mtls sign FILE.csr");
}

/* Everything but the certificate: it is made while nobody waits for the CA. */
struct identity_files {
	char *stem, *cnf_text; /* cnf_text: of a .cnf that is not there yet, or NULL */
	struct profile *profile;
	X509_NAME *subject;
	EVP_PKEY *key;
	X509_REQ *request;
	bool force;
};

static void own_identity_files(struct identity_files *files)
{
	free(files->stem);
	free(files->cnf_text);
	profile_free(files->profile);
	X509_NAME_free(files->subject);
	EVP_PKEY_free(files->key);
	X509_REQ_free(files->request);
}

static bool add(struct file_set *set, const char *stem, const char *suffix, enum file_mode mode,
	const struct buffer *content, struct error *reterr)
{
	OWN(char) char *path = text_format("%s.%s", stem, suffix);
	return file_set_add(set, path, mode, content->data, content->length, reterr);
}

static bool write_files(const struct identity_files *files, X509 *certificate, struct file_set *set,
	struct error *reterr)
{
	OWN(buffer) struct buffer cnf = BUFFER(PEM_BYTES_MAX);
	OWN(buffer) struct buffer csr = BUFFER(PEM_BYTES_MAX);
	OWN(buffer) struct buffer crt = BUFFER(PEM_BYTES_MAX);
	OWN(buffer) struct buffer key = BUFFER(PEM_BYTES_MAX);
	key.secret = true;
	return (!files->cnf_text ||
		       (buffer_text(&cnf, files->cnf_text, reterr) &&
			       add(set, files->stem, "cnf", FILE_PUBLIC, &cnf, reterr))) &&
	       key_encode(files->key, NULL, &key, reterr) &&
	       add(set, files->stem, "key", FILE_PRIVATE, &key, reterr) &&
	       pem_add_request(files->request, &csr, reterr) &&
	       add(set, files->stem, "csr", FILE_PUBLIC, &csr, reterr) &&
	       pem_add_certificate(certificate, &crt, reterr) &&
	       add(set, files->stem, "crt", FILE_PUBLIC, &crt, reterr) &&
	       file_set_commit(set, true, reterr);
}

/* Under the CA's lock, so what was free before may be taken by now. */
static bool certify(struct ca *ca, const struct identity_files *files,
	const struct issue_options *options, struct notes *notes, struct issued *ret,
	struct error *reterr)
{
	OWN(file_set) struct file_set *set = file_set_new();
	OWN(issued) struct issued issued = { .certificate_path = text_format("%s.crt", files->stem),
		.key_path = text_format("%s.key", files->stem),
		.cnf_path = text_format("%s.cnf", files->stem) };
	struct issue_source source = { .profile = files->profile,
		.request = files->request,
		.key = files->key,
		.subject = files->subject,
		.edited = !files->cnf_text };
	if (!strcmp(issued.certificate_path, ca_certificate_path(ca)))
		return error_set(reterr, ERROR_USAGE, "'%s' is the CA's own certificate",
			issued.certificate_path);
	if (!check_absent(issued.key_path, files->force, reterr) ||
		!check_absent(issued.certificate_path, files->force, reterr) ||
		!profile_section(files->profile, options->role, NULL, &source.section, reterr) ||
		!issue_begin(ca, &source, options->days, notes, &issued.certificate, reterr) ||
		!ca_finish(ca, issued.certificate, set, reterr) ||
		!certificate_complete(&issued.certificate, reterr) ||
		!write_files(files, issued.certificate, set, reterr))
		return false;
	*ret = issued;
	issued = (struct issued){ 0 };
	return true;
}

bool issue_new(const char *folder, const char *name, const struct key_type *key_type, bool force,
	const struct issue_options *options, issue_open_ca *open, void *context,
	struct notes *notes, struct issued *ret, struct error *reterr)
{
	__attribute__((
		cleanup(own_identity_files))) struct identity_files files = { .force = force };
	OWN(ca) struct ca *ca = NULL;
	if (!check_name(name, reterr))
		return false;
	files.stem = text_format("%s/%s", folder, name);
	OWN(char) char *cnf = text_format("%s.cnf", files.stem);
	OWN(char) char *key = text_format("%s.key", files.stem);
	OWN(char) char *crt = text_format("%s.crt", files.stem);
	return check_absent(key, force, reterr) && check_absent(crt, force, reterr) &&
	       load_profile(
		       cnf, name, key_type, options, &files.cnf_text, &files.profile, reterr) &&
	       profile_subject(files.profile, NULL, NULL, &files.subject, reterr) &&
	       key_make(key_type, &files.key, reterr) &&
	       request_make(files.profile, files.subject, files.key, &files.request, reterr) &&
	       open(context, &ca, reterr) && certify(ca, &files, options, notes, ret, reterr);
}
