/* The moments at which something is said, and the timer that waits for the next one. */
#include "server/expiry.h"

#include "server/record.h"

#include <stdio.h>

#define DAY_S ((time_t)86400)
/* A clock may be put forward, or a machine sleep: looked at so often at least. */
#define LOOK_S_MAX ((time_t)3600)

/* ---- Stages ---- */

static time_t before_end(const struct end *end, enum expiry_stage stage)
{
	static const struct {
		time_t days, part; /* so many days, and at most this part of its life */
	} certificate[] = { { 30, 3 }, { 7, 6 }, { 1, 12 } };
	static const time_t crl_parts[] = { 4, 10, 40 };
	time_t life = end->until - end->since, i = stage - EXPIRY_SOON;
	if (end->kind == END_CRL)
		return life / crl_parts[i];
	time_t most = life / certificate[i].part, days = certificate[i].days * DAY_S;
	return most < days ? most : days;
}

/* When that stage begins, all being inclusive: the last second of a life is part of it. */
static time_t begin(const struct end *end, long long crl_grace_s, enum expiry_stage stage)
{
	switch (stage) {
	case EXPIRY_GRACE:
		return end->until + 1;
	case EXPIRY_OVER:
		return end->until + 1 + (end->kind == END_CRL ? (time_t)crl_grace_s : 0);
	default:
		return end->until - before_end(end, stage);
	}
}

enum expiry_stage expiry_stage(const struct end *end, long long crl_grace_s, time_t now)
{
	int stage = EXPIRY_OVER;
	if (!end->until)
		return EXPIRY_FAR;
	while (stage > EXPIRY_FAR && now < begin(end, crl_grace_s, (enum expiry_stage)stage))
		stage--;
	return (enum expiry_stage)stage;
}

time_t expiry_next(const struct end *end, long long crl_grace_s, time_t now)
{
	int stage = (int)expiry_stage(end, crl_grace_s, now) + 1;
	return end->until && stage <= EXPIRY_OVER
		       ? begin(end, crl_grace_s, (enum expiry_stage)stage)
		       : 0;
}

/* ---- Words ---- */

/* "6 days", of the largest unit that has one. */
static void format_span(time_t seconds, char target[static 40])
{
	static const struct {
		time_t seconds;
		const char *name;
	} units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
	size_t i = 0;
	while (i < 3 && seconds < units[i].seconds)
		i++;
	long long count = (long long)(seconds / units[i].seconds);
	snprintf(target, 40, "%lld %s%s", count, units[i].name, count == 1 ? "" : "s");
}

char *expiry_sentence(
	const struct end *end, enum expiry_stage stage, long long crl_grace_s, time_t now)
{
	static const struct {
		const char *what, *then;
	} kinds[] = {
		[END_CERTIFICATE] = { "the server's certificate", "no client trusts it" },
		[END_ANCHOR] = { "a CA that is trusted", "every client of it is refused" },
		[END_CRL] = { "a CRL", "every client of its CA is refused" },
	};
	const char *what = kinds[end->kind].what, *then = kinds[end->kind].then;
	char span[40];
	if (stage == EXPIRY_OVER)
		return text_format("%s has expired, and %s", what, then);
	if (stage == EXPIRY_GRACE) {
		format_span(end->until + (time_t)crl_grace_s - now, span);
		return text_format(
			"%s has expired, and counts on for %s, as its grace says", what, span);
	}
	format_span(end->until - now, span);
	return text_format("%s ends in %s, and then %s", what, span, then);
}

/* ---- Watching ---- */

struct watched {
	struct end end;
	enum expiry_stage told;
};

struct expiry {
	const struct log *log;
	long long crl_grace_s;
	struct net_timer *timer;
	struct watched *watched;
	size_t count;
};

static void look(void *context)
{
	struct expiry *expiry = context;
	time_t now = time(NULL), wake = now + LOOK_S_MAX;
	for (size_t i = 0; i < expiry->count; i++) {
		struct watched *one = &expiry->watched[i];
		enum expiry_stage stage = expiry_stage(&one->end, expiry->crl_grace_s, now);
		time_t next = expiry_next(&one->end, expiry->crl_grace_s, now);
		/* What has come several stages further at once is told as it is. */
		if (stage > one->told)
			record_expiry(expiry->log, &one->end, stage, expiry->crl_grace_s, now);
		if (stage > one->told)
			one->told = stage;
		if (next && next < wake)
			wake = next;
	}
	net_timer_start(expiry->timer, (uint64_t)(wake > now ? wake - now : 1) * 1000);
}

struct expiry *expiry_new(struct net_loop *loop, const struct log *log, long long crl_grace_s)
{
	struct expiry *expiry = calloc(1, sizeof *expiry);
	if (!expiry)
		bug("out of memory for dates");
	*expiry = (struct expiry){ .log = log, .crl_grace_s = crl_grace_s };
	expiry->timer = net_timer_new(loop, look, expiry);
	return expiry;
}

static enum expiry_stage told_of(const struct expiry *expiry, const struct end *end)
{
	for (size_t i = 0; i < expiry->count; i++) {
		const struct end *known = &expiry->watched[i].end;
		if (known->kind == end->kind && known->until == end->until &&
			!strcmp(known->name, end->name) && !strcmp(known->serial, end->serial))
			return expiry->watched[i].told;
	}
	return EXPIRY_FAR;
}

void expiry_watch(struct expiry *expiry, const struct tls_context *context)
{
	size_t count;
	struct end *ends = tls_context_ends(context, &count);
	struct watched *watched = calloc(count + 1, sizeof *watched);
	if (!watched)
		bug("out of memory for dates");
	for (size_t i = 0; i < count; i++)
		watched[i] = (struct watched){ ends[i], told_of(expiry, &ends[i]) };
	free(ends);
	free(expiry->watched);
	expiry->watched = watched;
	expiry->count = count;
	look(expiry);
}

void expiry_free(struct expiry *expiry)
{
	if (!expiry)
		return;
	net_timer_free(expiry->timer);
	free(expiry->watched);
	free(expiry);
}
