/* The table of explanations (explain.def), put into words and commands. */
#include "lab/explain.h"

#include "lab/compare.h"

enum { WIDTH = 78 };
#define COMMANDS_BYTES_MAX ((size_t)16 << 10)

#define EXPLAIN(id, why, without, stacks, server, client, says) \
	{ CODE_##id, why, without, stacks, server, client, says },
static const struct explanation explanations[] = {
#include "lab/explain.def"
};
#undef EXPLAIN

const struct explanation *lab_explanation(enum code code)
{
	for (size_t i = 0; i < sizeof explanations / sizeof *explanations; i++)
		if (explanations[i].code == code)
			return &explanations[i];
	return NULL;
}

static const struct scenario *find(const char *name, struct error *reterr)
{
	const struct scenario *scenario = scenario_find(name);
	if (scenario && scenario->code != CODE_NONE)
		return scenario;
	error_set(reterr, ERROR_USAGE, "there is no scenario '%s' to explain", name);
	error_hint(reterr, "mtls lab --list names them all");
	return NULL;
}

/* A heading, then the text in lines. */
static must_check bool section(
	const char *heading, const char *text, struct buffer *ret, struct error *reterr)
{
	size_t column = 0;
	if (!*text)
		return true;
	if (!buffer_format(ret, reterr, "\n%s\n ", heading))
		return false;
	while (*text) {
		size_t word = strcspn(text, " ");
		bool wraps = column && column + 1 + word > WIDTH - 2;
		if (!buffer_format(ret, reterr, "%s %.*s", wraps ? "\n " : "", (int)word, text))
			return false;
		column = (wraps ? 0 : column) + 1 + word;
		text += word + strspn(text + word, " ");
	}
	return buffer_text(ret, "\n", reterr);
}

static must_check bool commands(const struct explanation *about, const char *margin,
	struct buffer *ret, struct error *reterr)
{
	/* TLS 1.2, where the alert arrives within connect, so that s_client always shows it. */
	return buffer_format(ret, reterr,
		"%smtls lab make %s here && cd here\n"
		"%sopenssl s_server -accept 4433 -naccept 1 -www %s &\n"
		"%sopenssl s_client -connect 127.0.0.1:4433 -tls1_2 %s </dev/null\n",
		margin, code_name(about->code), margin, about->server, margin, about->client);
}

static must_check bool results(
	const struct scenario *scenario, struct buffer *ret, struct error *reterr)
{
	static const enum tls_version versions[] = { TLS_1_2, TLS_1_3 };
	char text[LAB_TEXT_BYTES];
	if (!buffer_text(ret, "\nWhat happens\n", reterr))
		return false;
	for (size_t i = 0; i < 4; i++) {
		bool stack = i / 2;
		if (stack && scenario->stack == STACK_SAME)
			continue;
		lab_expected_text(scenario, versions[i % 2], stack, text);
		if (!buffer_format(ret, reterr, "  TLS 1.%d%s: %s\n", i % 2 ? 3 : 2,
			    stack ? ", OpenSSL by itself" : "", text))
			return false;
	}
	return true;
}

bool lab_explain_text(const char *name, struct buffer *ret, struct error *reterr)
{
	const struct scenario *scenario = find(name, reterr);
	const struct explanation *about = scenario ? lab_explanation(scenario->code) : NULL;
	if (!about)
		return false;
	if (!buffer_format(ret, reterr, "%s: %s\n", name, scenario->title) ||
		!section("What it is", scenario->lesson, ret, reterr) ||
		!results(scenario, ret, reterr) ||
		!section("Why it is so", about->why, ret, reterr) ||
		!section("Without it", about->without, ret, reterr) ||
		!section("What others do", about->stacks, ret, reterr) ||
		!section("How to fix it", code_info(scenario->code)->hint, ret, reterr))
		return false;
	if (!about->server)
		return buffer_format(ret, reterr, "\nHow to see it\n  mtls lab %s --draw\n", name);
	return buffer_text(ret, "\nHow to see it with openssl\n", reterr) &&
	       commands(about, "  ", ret, reterr) &&
	       buffer_format(ret, reterr, "  One of the two says: %s\n", about->says);
}

bool lab_explain_json(const char *name, json_t **ret, struct error *reterr)
{
	const struct scenario *scenario = find(name, reterr);
	const struct explanation *about = scenario ? lab_explanation(scenario->code) : NULL;
	OWN(buffer) struct buffer text = BUFFER(COMMANDS_BYTES_MAX);
	if (!about || (about->server && !commands(about, "", &text, reterr)))
		return false;
	*ret = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s?, s:s?}", "scenario", name,
		"title", scenario->title, "lesson", scenario->lesson, "why", about->why, "without",
		about->without, "stacks", about->stacks, "fix", code_info(scenario->code)->hint,
		"commands", text.data, "says", about->says);
	return true;
}
