/* What a start would load, looked at without starting. */
#include "server/files.h"
#include "server/server.h"
#include "server/snapshot.h"
#include "server/warn.h"

#define DAY_S 86400
/* Time enough to issue a certificate anew, and for whoever makes CRLs to notice. */
#define CERTIFICATE_SOON_S ((time_t)14 * DAY_S)
#define CRL_SOON_S ((time_t)2 * DAY_S)

static void keep(void *context, const char *event, const char *text)
{
	(void)event; /* a name for logs */
	json_array_append_new(context, json_string(text));
}

static void warn_of_end(json_t *warnings, const char *what, time_t until, time_t soon)
{
	char text[CLOCK_RFC3339_BYTES];
	time_t now = time(NULL);
	if (!until || until > now + soon)
		return;
	OWN(char) char *line = text_format("%s %s on %s", what,
		until < now ? "has ended" : "will end soon,", clock_rfc3339(until, text));
	keep(warnings, NULL, line);
}

static void look(const struct server_options *options, const struct snapshot *snapshot,
	struct server_checked *ret)
{
	*ret = (struct server_checked){ .certificate = tls_context_identity(snapshot->tls),
		.has_policy = snapshot->policy != NULL,
		.rules = snapshot->policy ? policy_rule_count(snapshot->policy) : 0,
		.warnings = json_array() };
	/* Whom nobody asks for, no CA can let in. */
	if (options->tls.verify_mode != TLS_VERIFY_NONE)
		ret->trust = tls_context_dates(snapshot->tls);
	warn_each(&options->tls, keep, ret->warnings);
	if (ret->certificate)
		warn_of_end(ret->warnings, "the server's certificate", ret->certificate->not_after,
			CERTIFICATE_SOON_S);
	warn_of_end(ret->warnings, "a CA that is trusted", ret->trust.anchors_until,
		CERTIFICATE_SOON_S);
	warn_of_end(ret->warnings, "a CRL, without which every client of its CA is refused,",
		ret->trust.crls_until, CRL_SOON_S);
}

bool server_check(
	const struct server_options *options, struct server_checked *ret, struct error *reterr)
{
	OWN(snapshot) struct snapshot *snapshot = NULL;
	OWN(files) struct files *files = NULL;
	if (!snapshot_load(&options->tls, options->policy_path, 1, &snapshot, reterr) ||
		(options->root && !files_new(options->root, &files, reterr)))
		return false;
	look(options, snapshot, ret);
	return true;
}

void server_checked_done(struct server_checked *checked)
{
	identity_free(checked->certificate);
	json_decref(checked->warnings);
}
