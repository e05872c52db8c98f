/* What a row of the table means: its name, who takes part, what must be seen. */
#include "lab/scenario.h"

const char *scenario_name(const struct scenario *scenario)
{
	return scenario->name ? scenario->name : code_name(scenario->code);
}

const struct scenario *scenario_find(const char *name)
{
	for (size_t i = 0; i < scenarios_count; i++)
		if (!strcmp(scenario_name(&scenarios[i]), name))
			return &scenarios[i];
	return NULL;
}

bool scenario_matches(const struct scenario *scenario, const char *name)
{
	return !strcmp(scenario_name(scenario), name) ||
	       (scenario->code != CODE_NONE && !strcmp(code_name(scenario->code), name));
}

bool scenario_has_server(const struct scenario *scenario)
{
	return scenario->way != WAY_HTTP_SERVER && scenario->way != WAY_SERVER_LEAVES &&
	       scenario->way != WAY_NOBODY;
}

bool scenario_has_client(const struct scenario *scenario)
{
	return scenario->way != WAY_CLIENT_LEAVES;
}

struct scenario_expected scenario_expected(
	const struct scenario *scenario, enum tls_version version, bool stack)
{
	size_t column = version == TLS_1_3;
	if (scenario->accepted || (stack && scenario->stack == STACK_ACCEPTS))
		return (struct scenario_expected){ .alert = -1, .http_status = 200 };
	enum code named = scenario->named[column] ? scenario->named[column] : scenario->code;
	const struct code_info *info = code_info(named);
	int alert = column ? info->alert13 : info->alert12;
	/* A server that lets the handshake be and refuses the request. */
	bool over_http = alert < 0 && (scenario->way == WAY_REQUEST || scenario->way == WAY_STAYS);
	return (struct scenario_expected){ .refuses = info->side,
		.code = named,
		.other_side = scenario->other_side,
		.alert = alert,
		.x509_error = scenario->x509_error ? scenario->x509_error : info->x509_error,
		.http_status = scenario->way == WAY_PLAIN_HTTP ? 400
			       : over_http                     ? 403
							       : 0 };
}
