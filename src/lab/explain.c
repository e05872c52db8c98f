/* The table of explanations (explain.def), put into words and commands. */
#include "lab/explain.h"

#include "lab/compare.h"

enum { WIDTH = 78 };

#define EXPLAIN(id, why, without, server, client, says) \
	{ CODE_##id, why, without, server, client, NULL, says, NULL },
#define EXPLAIN_SCRIPT(id, why, without, script, says) \
	{ CODE_##id, why, without, NULL, NULL, script, says, NULL },
#define EXPLAIN_ONLY(id, why, without, only) \
	{ CODE_##id, why, without, NULL, NULL, NULL, NULL, only },
static const struct explanation explanations[] = {
#include "lab/explain.def"
};
#undef EXPLAIN
#undef EXPLAIN_SCRIPT
#undef EXPLAIN_ONLY

static const char *const stack_names[LAB_STACKS] = { "OpenSSL", "Go", "Java", ".NET", "GnuTLS",
	"Browsers" };
static const char *const stack_members[LAB_STACKS] = { "openssl", "go", "java", "dotnet", "gnutls",
	"browsers" };

#define STACKS(id, ...) { CODE_##id, { __VA_ARGS__ } },
static const struct {
	enum code code;
	const char *stacks[LAB_STACKS];
} by_stack[] = {
#include "lab/stacks.def"
};
#undef STACKS

const char *const *lab_stacks(enum code code)
{
	for (size_t i = 0; i < sizeof by_stack / sizeof *by_stack; i++)
		if (by_stack[i].code == code)
			return by_stack[i].stacks;
	return NULL;
}

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

/* Words in lines that begin with `margin` spaces; the caller has begun the first one. */
static must_check bool wrapped(
	const char *text, size_t margin, struct buffer *ret, struct error *reterr)
{
	size_t column = 0;
	while (*text) {
		size_t word = strcspn(text, " ");
		bool wraps = column && margin + column + 1 + word > WIDTH;
		if (wraps && !buffer_format(ret, reterr, "\n%*s", (int)margin, ""))
			return false;
		if (!buffer_format(
			    ret, reterr, "%s%.*s", column && !wraps ? " " : "", (int)word, text))
			return false;
		column = (wraps || !column ? 0 : column + 1) + word;
		text += word + strspn(text + word, " ");
	}
	return buffer_text(ret, "\n", reterr);
}

/* A heading, then the text in lines. */
static must_check bool section(
	const char *heading, const char *text, struct buffer *ret, struct error *reterr)
{
	return !*text ||
	       (buffer_format(ret, reterr, "\n%s\n  ", heading) && wrapped(text, 2, ret, reterr));
}

static must_check bool others(enum code code, struct buffer *ret, struct error *reterr)
{
	const char *const *stacks = lab_stacks(code);
	if (!buffer_text(ret, "\nWhat others do\n", reterr))
		return false;
	for (size_t i = 0; stacks && i < LAB_STACKS; i++)
		if (!buffer_format(ret, reterr, "  %-9s ", stack_names[i]) ||
			!wrapped(stacks[i], 12, ret, reterr))
			return false;
	return true;
}

/* Each line of a text behind a margin. */
static must_check bool indented(
	const char *text, const char *margin, struct buffer *ret, struct error *reterr)
{
	while (*text) {
		size_t line = strcspn(text, "\n");
		if (!buffer_format(ret, reterr, "%s%.*s\n", margin, (int)line, text))
			return false;
		text += line + (text[line] == '\n');
	}
	return true;
}

/* TLS 1.2, where the alert arrives within connect, so that s_client always shows it. */
static char *commands(const struct explanation *about)
{
	const char *name = code_name(about->code);
	if (about->script)
		return text_format("mtls lab make %s here && cd here\n%s", name, about->script);
	return text_format("mtls lab make %s here && cd here\n"
			   "openssl s_server -accept 4433 -naccept 1 -www %s &\n"
			   "sleep 1\n"
			   "openssl s_client -connect 127.0.0.1:4433 -tls1_2 %s </dev/null\n",
		name, about->server, about->client);
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
		!others(about->code, ret, reterr) ||
		!section("How to fix it", code_info(scenario->code)->hint, ret, reterr))
		return false;
	if (about->only)
		return section("Why openssl's programs cannot show it", about->only, ret, reterr) &&
		       buffer_format(ret, reterr, "\nHow to see it\n  mtls lab %s --draw\n", name);
	OWN(char) char *lines = commands(about);
	return buffer_text(ret, "\nHow to see it with openssl\n", reterr) &&
	       indented(lines, "  ", ret, reterr) &&
	       buffer_text(ret, "What it says then\n", reterr) &&
	       indented(about->says, "  ", ret, reterr);
}

static json_t *stacks_json(enum code code)
{
	json_t *object = json_object();
	const char *const *stacks = lab_stacks(code);
	for (size_t i = 0; stacks && i < LAB_STACKS; i++)
		json_object_set_new(object, stack_members[i], json_string(stacks[i]));
	return object;
}

bool lab_explain_json(const char *name, json_t **ret, struct error *reterr)
{
	const struct scenario *scenario = find(name, reterr);
	const struct explanation *about = scenario ? lab_explanation(scenario->code) : NULL;
	if (!about)
		return false;
	OWN(char) char *lines = about->only ? NULL : commands(about);
	*ret = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s?, s:s?, s:s?}", "scenario", name,
		"title", scenario->title, "lesson", scenario->lesson, "why", about->why, "without",
		about->without, "stacks", stacks_json(about->code), "fix",
		code_info(scenario->code)->hint, "commands", lines, "says", about->says,
		"not_shown", about->only);
	return true;
}
