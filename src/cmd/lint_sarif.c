/* Findings of lint as SARIF: one run, a rule for each code that was found, a result each. */
#include "cmd/lint_sarif.h"

#include <stdio.h>

static json_t *rule_json(const struct lint_rule *rule)
{
	const struct code_info *info = code_info(rule->code);
	json_t *object = json_pack("{s:s, s:{s:s}, s:{s:s}}", "id", info->name, "shortDescription",
		"text", info->text, "defaultConfiguration", "level", lint_level_name(rule->level));
	OWN(char)
	char *help = text_format("%s%s%s%s%s", *info->hint ? "Fix: " : "", info->hint,
		*info->hint && *rule->minds ? ". " : "", *rule->minds ? "Minded by: " : "",
		rule->minds);
	if (*help)
		json_object_set_new(object, "help", json_pack("{s:s}", "text", help));
	return object;
}

/* A path as a URI reference (RFC 3986 section 4.1): what is no plain character is escaped. */
static char *uri_of(const char *path)
{
	static const char plain[] = "-._~/:ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789";
	char *uri = malloc(strlen(path) * 3 + 1), *at = uri;
	if (!uri)
		bug("out of memory for a path");
	for (; *path; path++) {
		if (strchr(plain, *path))
			*at++ = *path;
		else
			at += snprintf(at, 4, "%%%02X", (unsigned char)*path);
	}
	*at = 0;
	return uri;
}

static json_t *result_json(const struct lint_finding *finding)
{
	OWN(char) char *uri = uri_of(finding->file);
	OWN(char)
	char *text =
		text_format("%s%s%s", finding->text, *finding->fix ? ". Fix: " : "", finding->fix);
	json_t *place = json_pack("{s:{s:s}}", "artifactLocation", "uri", uri);
	if (finding->line)
		json_object_set_new(place, "region",
			json_pack("{s:I}", "startLine", (json_int_t)finding->line));
	return json_pack("{s:s, s:s, s:{s:s}, s:[{s:o}]}", "ruleId", code_name(finding->rule->code),
		"level", lint_level_name(finding->rule->level), "message", "text", text,
		"locations", "physicalLocation", place);
}

json_t *lint_sarif(const struct lint_report *report)
{
	json_t *rules = json_array(), *results = json_array();
	for (size_t i = 0; i < report->count; i++) {
		const struct lint_rule *rule = report->findings[i].rule;
		bool known = false;
		for (size_t j = 0; j < i; j++)
			known = known || report->findings[j].rule == rule;
		if (!known)
			json_array_append_new(rules, rule_json(rule));
		json_array_append_new(results, result_json(&report->findings[i]));
	}
	return json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:o}]}", "$schema",
		"https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0", "runs", "tool",
		"driver", "name", "mtls", "version", MTLS_VERSION, "rules", rules, "results",
		results);
}

json_t *lint_finding_json(const struct lint_finding *finding)
{
	json_t *line = finding->line ? json_integer((json_int_t)finding->line) : json_null();
	return json_pack("{s:s, s:o, s:s, s:s, s:s, s:s, s:s}", "file", finding->file, "line", line,
		"code", code_name(finding->rule->code), "severity",
		lint_level_name(finding->rule->level), "text", finding->text, "fix", finding->fix,
		"minds", finding->rule->minds);
}
