/*
 * mtls.cnf: what a command's options are when neither a flag nor the environment says so. It is
 * OpenSSL's own configuration language, with a section a command:
 *
 *	[serve]
 *	listen = 127.0.0.1:8443
 *	crl    = certs/ca.crl
 */
#ifndef MTLS_CMD_CONFIG_H
#define MTLS_CMD_CONFIG_H

#include "base/base.h"

/* The row of a command's option table. */
#define CONFIG_OPTION \
	{ \
		.name = "config", .value = "FILE", .environment = "MTLS_CONFIG", \
		.help = "read the options that are not given from this file; mtls.cnf is read " \
			"when it is there" \
	}

struct config;

/*
 * Reads the command's section of --config, MTLS_CONFIG, or an mtls.cnf in the working folder, and
 * has `args` look there. A name that the command does not know, or a value that is none of an
 * option's choices, is ERROR_USAGE naming file and name. *ret must outlive the use of `args`; it is
 * NULL when there is no file. Tells its warnings on standard error.
 */
must_check bool config_apply(struct args *args, struct config **ret, struct error *reterr);
/* The same with the section of another command, which knows the same options, and in silence. */
must_check bool config_apply_of(
	struct args *args, const char *command, struct config **ret, struct error *reterr);
/*
 * What has no effect there and was probably meant to have some: sentences, without a line's end. An
 * array, the caller's; `config` may be NULL.
 */
json_t *config_warnings(const struct config *config);
/* The file that config_apply reads; NULL when there is none. */
const char *config_path(const struct args *args);
void config_free(struct config *config);
OWN_DEFINE(config, struct config, config_free);

#endif
