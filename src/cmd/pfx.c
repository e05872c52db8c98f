/* mtls pfx: leaf, key and CA in one file, in the form that its target reads. */
#include "cmd/commands.h"
#include "cmd/issuer.h"

#include "tls/tls.h"

static const struct option options[] = {
	{ .name = "for",
		.value = "TARGET",
		.choices = PFX_TARGET_CHOICES,
		.preset = "modern",
		.help = "who is to read it" },
	{ .name = "key",
		.value = "FILE",
		.help = "the certificate's key (default: CERT with .key in place of .crt)" },
	{ .name = "key-pass",
		.value = SECRET_SOURCES,
		.help = "where the passphrase of an encrypted key comes from" },
	{ .name = "ca",
		.value = "FILE",
		.repeats = true,
		.help = "the certificate's CA, and intermediates (default: ca.crt beside CERT)" },
	{ .name = "out",
		.value = "FILE",
		.help = "write the PFX there (default: CERT with .pfx in place of .crt)" },
	{ .name = "password",
		.value = SECRET_SOURCES,
		.help = "where the PFX's password comes from; without, one is generated into a "
			"file "
			"beside the PFX, .pfx.pass" },
	JSON_OPTION,
	{ 0 },
};

/* CERT's name with another suffix. */
static char *beside(const char *certificate, const char *suffix)
{
	size_t bytes = strlen(certificate);
	bool ends = bytes > 4 && (!strcmp(certificate + bytes - 4, ".crt") ||
					 !strcmp(certificate + bytes - 4, ".pem"));
	return text_format("%.*s%s", (int)(ends ? bytes - 4 : bytes), certificate, suffix);
}

static char *ca_beside(const char *certificate)
{
	return text_format("%.*sca.crt", (int)(file_name(certificate) - certificate), certificate);
}

static bool gather(
	struct args *args, const char *certificate, struct pfx **ret, struct error *reterr)
{
	OWN(buffer) struct buffer passphrase = SECRET;
	OWN(char) char *key = beside(certificate, ".key");
	OWN(char) char *ca = ca_beside(certificate);
	const char *preset[] = { ca };
	size_t count;
	const char *const *cas = args_list(args, "ca", &count);
	const char *given = args_text(args, "key");
	/* A certificate that brings its chain along, or signed itself, needs no ca.crt. */
	size_t preset_count = file_exists(ca) && strcmp(ca, certificate) != 0;
	return issuer_passphrase(
		       args, "key-pass", "the passphrase of the key", &passphrase, reterr) &&
	       pfx_gather(certificate, given ? given : key, passphrase.data, count ? cas : preset,
		       count ? count : preset_count, ret, reterr);
}

/* A PFX may be replaced by a fresh one, but no key or certificate by a slip of the hand. */
static bool check_target(const char *path, struct error *reterr)
{
	OWN(bundle) struct bundle *there = NULL;
	if (!file_exists(path) || (bundle_read(path, NULL, &there, reterr) && there->pfx))
		return true;
	if (!there && reterr->system)
		return false; /* it cannot even be read */
	return error_set(reterr, ERROR_USAGE, "'%s' exists already and is no PFX", path);
}

static bool read_password(struct args *args, const char *path, struct buffer *ret,
	bool *ret_generated, struct error *reterr)
{
	const char *source = args_text(args, "password");
	OWN(char) char *what = text_format("the password of '%s'", path);
	if (source)
		return secret_read_new(source, what, ret, reterr);
	char password[PFX_PASSWORD_BYTES];
	pfx_password_make(password);
	bool ok = buffer_text(ret, password, reterr);
	explicit_bzero(password, sizeof password);
	*ret_generated = true;
	return ok;
}

/* `password_path` is NULL when the password is a person's: it is written nowhere. */
static bool write_files(const char *path, const char *password_path, struct pfx *pfx,
	const struct pfx_options *wanted, const struct buffer *password, struct error *reterr)
{
	OWN(file_set) struct file_set *set = file_set_new();
	OWN(buffer) struct buffer der = BUFFER(PFX_BYTES_MAX);
	OWN(buffer) struct buffer line = { .bytes_max = SECRET_BYTES_MAX + 1, .secret = true };
	der.secret = true;
	return pfx_make(pfx, password->data, wanted, &der, reterr) &&
	       buffer_format(&line, reterr, "%s\n", password->data) &&
	       file_set_add(set, path, FILE_PRIVATE, der.data, der.length, reterr) &&
	       (!password_path || file_set_add(set, password_path, FILE_PRIVATE, line.data,
					  line.length, reterr)) &&
	       file_set_commit(set, true, reterr) && pfx_check(path, password->data, pfx, reterr);
}

static int report(struct args *args, const char *path, const char *password_path,
	const struct pfx_options *wanted, bool removed)
{
	const struct pfx_form *form = pfx_form(wanted->target);
	OWN(char) char *command = pfx_import_command(wanted->target, path, password_path);
	if (args_flag(args, "json"))
		return cmd_print_json(json_pack("{s:s, s:s, s:s, s:s, s:i, s:s?, s:s}", "pfx", path,
			"for", form->name, "cipher", form->cipher, "mac", form->mac, "rounds",
			pfx_rounds(wanted), "password_file", password_path, "import", command));
	OWN(char) char *where =
		password_path ? text_format("  its password is in %s\n", password_path)
		: removed
			? text_format(
				  "  %s.pass is removed: it held the password of the PFX before\n",
				  path)
			: text_copy("");
	OWN(char) char *text = text_format(
		"%s: for %s, %s, %s MAC, %d rounds; opened again and checked\n%s  import it: %s\n",
		path, form->name, form->cipher, form->mac, pfx_rounds(wanted), where, command);
	return cmd_print(text, strlen(text));
}

static int run(struct args *args)
{
	struct error error;
	struct pfx_options wanted = { 0 };
	const char *certificate = args_operand(args, 0), *out = args_text(args, "out");
	OWN(char) char *path = out ? text_copy(out) : beside(certificate, ".pfx");
	OWN(char) char *password_path = text_format("%s.pass", path);
	OWN(pfx) struct pfx *pfx = NULL;
	OWN(buffer) struct buffer password = SECRET;
	tls_thread_begin();
	if (!pfx_target_parse(args_text(args, "for"), &wanted.target))
		bug("a target that is a choice and none");
	if (!check_target(path, &error) || !gather(args, certificate, &pfx, &error) ||
		!read_password(args, path, &password, &wanted.generated, &error))
		return cmd_fail(&error);
	const char *written = wanted.generated ? password_path : NULL;
	if (!write_files(path, written, pfx, &wanted, &password, &error))
		return cmd_fail(&error);
	bool removed = false;
	if (!written && !pfx_password_retire(password_path, password.data, &removed, &error))
		return cmd_fail(&error);
	return report(args, path, written, &wanted, removed);
}

const struct command pfx_command = {
	.name = "pfx",
	.summary = "Puts a certificate, its key and its CA into a PFX file",
	ONE_OPERAND("CERT"),
	.options = options,
	.run = run,
	.details =
		"For modern and windows it is encrypted with AES-256; for macos, windows-2016, "
		"android and java8 with 3DES and a SHA-1 MAC, which is weaker and which everything "
		"reads.",
};
