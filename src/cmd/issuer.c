/* Opening the CA that a command works with. */
#include "cmd/issuer.h"

#include "cmd/commands.h"

#include <stdio.h>

bool issuer_open_locked(const struct args *args, struct ca **ret, struct error *reterr)
{
	const char *path = args_text(args, "ca");
	if (!path)
		return ca_open_locked(args_text(args, "certs"), "ca", ret, reterr);
	const char *file = file_name(path);
	size_t bytes = strlen(file);
	if (bytes <= 4 || strcmp(file + bytes - 4, ".crt") != 0) {
		error_set(reterr, ERROR_USAGE,
			"cannot issue from '%s': its name does not end in .crt", path);
		return error_hint(reterr, "NAME.crt, NAME.key and the CA's state share a folder");
	}
	OWN(char) char *folder =
		file == path ? text_copy(".") : text_format("%.*s", (int)(file - path - 1), path);
	OWN(char) char *name = text_format("%.*s", (int)(bytes - 4), file);
	return ca_open_locked(*folder ? folder : "/", name, ret, reterr);
}

bool issuer_passphrase(const struct args *args, const char *name, const char *what,
	struct buffer *ret, struct error *reterr)
{
	const char *source = args_text(args, name);
	return !source || secret_read(source, what, ret, reterr);
}

bool issuer_unlock(const struct args *args, struct ca *ca, struct error *reterr)
{
	static const char what[] = "the passphrase of the CA's key";
	OWN(buffer) struct buffer passphrase = SECRET;
	if (!issuer_passphrase(args, "ca-pass", what, &passphrase, reterr))
		return false;
	if (ca_unlock(ca, passphrase.data, reterr))
		return true;
	if (reterr->code != CODE_KEY_PASSPHRASE || passphrase.data)
		return false;
	if (secret_can_ask())
		return secret_ask(what, false, &passphrase, reterr) &&
		       ca_unlock(ca, passphrase.data, reterr);
	return error_hint(reterr, "give its source with --ca-pass " SECRET_SOURCES);
}

bool issuer_open(const struct args *args, struct ca **ret, struct error *reterr)
{
	OWN(ca) struct ca *ca = NULL;
	if (!issuer_open_locked(args, &ca, reterr) || !issuer_unlock(args, ca, reterr))
		return false;
	*ret = TAKE(ca);
	return true;
}

void issuer_warn(const struct notes *notes)
{
	for (size_t i = 0; i < notes->count; i++)
		fprintf(stderr, "warning: %s\n", notes->texts[i]);
}
