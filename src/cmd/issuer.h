/* What every command that works in a CA folder shares: which CA, and how its key is opened. */
#ifndef MTLS_CMD_ISSUER_H
#define MTLS_CMD_ISSUER_H

#include "cmd/secret.h"
#include "pki/pki.h"

#define CERTS_OPTION \
	{ \
		.name = "certs", .value = "DIR", .environment = "MTLS_CERTS", .preset = "certs", \
		.help = "folder of certificates and keys" \
	}
#define ISSUER_OPTIONS \
	{ .name = "ca", \
		.value = "FILE", \
		.help = "the CA's certificate, with its key and state beside it (default: " \
			"DIR/ca.crt)" }, \
	{ \
		.name = "ca-pass", .value = SECRET_SOURCES, \
		.help = "where the passphrase of the CA's key comes from" \
	}
#define JSON_OPTION \
	{ \
		.name = "json", .help = "print the result as JSON" \
	}

/* Opens the CA that --ca or --certs names, without its key; the folder is locked from then on. */
must_check bool issuer_open_locked(const struct args *args, struct ca **ret, struct error *reterr);
/* The same with the key; an encrypted one asks for its passphrase where there is a terminal. */
must_check bool issuer_open(const struct args *args, struct ca **ret, struct error *reterr);
must_check bool issuer_unlock(const struct args *args, struct ca *ca, struct error *reterr);

/* A passphrase from the option `name`, NULL in ret->data when none is given. */
must_check bool issuer_passphrase(const struct args *args, const char *name, const char *what,
	struct buffer *ret, struct error *reterr);

/* Prints each note as a warning on stderr. */
void issuer_warn(const struct notes *notes);

#endif
