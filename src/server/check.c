/* What a start would load, looked at without starting. */
#include "confine/confine.h"
#include "server/access.h"
#include "server/expiry.h"
#include "server/files.h"
#include "server/plain.h"
#include "server/server.h"
#include "server/snapshot.h"
#include "server/warn.h"

static void keep(void *context, const char *event, const char *text)
{
	(void)event; /* a name for logs */
	json_array_append_new(context, json_string(text));
}

/* What a start would say of it, in one sentence with its name and date. */
static void warn_of_ends(json_t *warnings, const struct tls_context *context, long long crl_grace_s)
{
	size_t count;
	time_t now = time(NULL);
	struct end *ends = tls_context_ends(context, &count);
	for (size_t i = 0; i < count; i++) {
		char text[CLOCK_RFC3339_BYTES];
		enum expiry_stage stage = expiry_stage(&ends[i], crl_grace_s, now);
		if (stage == EXPIRY_FAR)
			continue;
		OWN(char) char *sentence = expiry_sentence(&ends[i], stage, crl_grace_s, now);
		OWN(char) char *line = text_format("%s: %s, until %s", sentence, ends[i].name,
			clock_rfc3339(ends[i].until, text));
		keep(warnings, NULL, line);
	}
	free(ends);
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
	warn_each(&options->tls, snapshot->tls, keep, ret->warnings);
	warn_of_ends(ret->warnings, snapshot->tls, options->tls.verify.crl_grace_s);
}

bool server_check(
	const struct server_options *options, struct server_checked *ret, struct error *reterr)
{
	OWN(snapshot) struct snapshot *snapshot = NULL;
	OWN(files) struct files *files = NULL;
	if (options->user && !confine_knows(options->user, reterr))
		return false;
	if (options->store.where && !store_check(&options->store, reterr))
		return false;
	if (options->control && !net_local_check(options->control, reterr))
		return error_context(reterr, "the control socket");
	if (options->metrics && !plain_has_place(options->metrics, reterr))
		return error_context(reterr, "the metrics");
	if (options->access_log && !access_check(options->access_log, reterr))
		return false;
	if (!snapshot_load(&options->tls, options->policy_path, 1, &snapshot, reterr) ||
		(options->root && !files_new(options->root, &files, reterr)))
		return false;
	if (options->sandbox == CONFINE_REQUIRE && !confine_can(options->user, reterr))
		return false;
	look(options, snapshot, ret);
	return true;
}

void server_checked_done(struct server_checked *checked)
{
	identity_free(checked->certificate);
	json_decref(checked->warnings);
}
