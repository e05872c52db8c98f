/* The members that the two records share with the comparison, and nothing else of them. */
#include "lab/report.h"

/* A request refused by somebody who knows the client: the next record says why. */
enum { STATUS_REFUSED = 403 };

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text ? text : "";
}

static int number_of(const json_t *object, const char *name, int otherwise)
{
	const json_t *number = json_object_get(object, name);
	return json_is_integer(number) ? (int)json_integer_value(number) : otherwise;
}

static enum tls_version version_of(const char *text)
{
	static const struct {
		const char *text;
		enum tls_version version;
	} versions[] = { { "TLSv1.2", TLS_1_2 }, { "TLSv1.3", TLS_1_3 } };
	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
		if (!strcmp(text, versions[i].text))
			return versions[i].version;
	return TLS_VERSION_ANY;
}

static enum code_side side_of(const char *text)
{
	if (!strcmp(text, "server"))
		return SIDE_SERVER;
	return !strcmp(text, "client") ? SIDE_CLIENT : SIDE_NONE;
}

/* {"number": 116, "name": "certificate_required"}: the one that was sent, else the one received. */
static int alert_of(const json_t *object, const char *sent, const char *received)
{
	int number = number_of(json_object_get(object, sent), "number", -1);
	return number >= 0 ? number : number_of(json_object_get(object, received), "number", -1);
}

bool report_from_server(const json_t *record, struct lab_report *ret)
{
	const char *event = text_of(record, "event");
	if (!strcmp(event, "request"))
		*ret = (struct lab_report){ .present = true,
			.alert = -1,
			.http_status = number_of(record, "status", 0),
			.version = version_of(text_of(record, "version")) };
	else if (!strcmp(event, "handshake-failed"))
		*ret = (struct lab_report){ .present = true,
			.refused = side_of(text_of(record, "refused-by")),
			.code = code_from_name(text_of(record, "code")),
			.alert = alert_of(record, "alert-sent", "alert-received"),
			.x509_error = number_of(record, "x509-error", 0),
			.version = version_of(text_of(record, "version")) };
	else if (ret->http_status == STATUS_REFUSED && code_from_name(event) != CODE_NONE) {
		ret->code = code_from_name(event);
		ret->refused = SIDE_SERVER;
	} else
		return false;
	return ret->http_status != STATUS_REFUSED || ret->code != CODE_NONE;
}

void report_from_client(const json_t *answer, struct lab_report *ret)
{
	const json_t *error = json_object_get(answer, "error");
	const json_t *tls = json_object_get(answer, "tls");
	const char *kind = text_of(error, "kind");
	if (!json_is_object(answer))
		return;
	enum { CONFIGURATION = 2 }; /* the exit code of what could not even begin */
	*ret = (struct lab_report){ .present = true,
		.refused = number_of(error, "exit_code", 0) == CONFIGURATION  ? SIDE_OWN
			   : !strcmp(kind, "refused-by-peer")                 ? SIDE_SERVER
			   : !strcmp(kind, "refused-by-us")                   ? SIDE_CLIENT
			   : number_of(answer, "status", 0) == STATUS_REFUSED ? SIDE_SERVER
									      : SIDE_NONE,
		.code = code_from_name(text_of(error, "code")),
		.alert = alert_of(tls, "alert_sent", "alert_received"),
		.x509_error = number_of(error, "x509_error", 0),
		.http_status = number_of(answer, "status", 0),
		.version = version_of(text_of(tls, "version")) };
}

void report_from_probe(const struct probe *probe, struct lab_report *ret)
{
	const struct tls_outcome *outcome = &probe->outcome;
	bool by_us = probe->error.kind == ERROR_REFUSED_BY_US;
	bool by_peer =
		probe->status == STATUS_REFUSED || probe->error.kind == ERROR_REFUSED_BY_PEER;
	*ret = (struct lab_report){ .present = true,
		.refused = by_us     ? SIDE_CLIENT
			   : by_peer ? SIDE_SERVER
				     : SIDE_NONE,
		.code = probe->error.code,
		.alert = outcome->alert_sent >= 0 ? outcome->alert_sent : outcome->alert_received,
		.x509_error = by_us && outcome->refused ? outcome->refused->x509_error : 0,
		.http_status = probe->status,
		.version = version_of(outcome->version ? outcome->version : "") };
}

void report_from_failure(const char *said, int exit_code, struct lab_report *ret)
{
	size_t end = said ? strcspn(said, "\n") : 0, start = end;
	while (start && said[start - 1] != '[')
		start--;
	if (exit_code != 2 || !start || said[end - 1] != ']')
		return;
	OWN(char) char *name = text_format("%.*s", (int)(end - 1 - start), said + start);
	*ret = (struct lab_report){
		.present = true, .refused = SIDE_OWN, .code = code_from_name(name), .alert = -1
	};
}

static json_t *side_json(enum code_side side, int alert, int x509_error, int http_status)
{
	json_t *object =
		json_pack("{s:s?}", "refused_by", side == SIDE_NONE ? NULL : lab_side_name(side));
	if (alert >= 0)
		json_object_set_new(object, "alert", tls_alert_json(alert));
	if (x509_error)
		json_object_set_new(object, "x509_error", json_integer(x509_error));
	if (http_status)
		json_object_set_new(object, "status", json_integer(http_status));
	return object;
}

static json_t *report_json(const struct lab_report *report)
{
	if (!report->present)
		return json_null();
	json_t *object =
		side_json(report->refused, report->alert, report->x509_error, report->http_status);
	if (report->code != CODE_NONE)
		json_object_set_new(object, "code", json_string(code_name(report->code)));
	return object;
}

json_t *lab_result_json(const struct scenario *scenario, const struct lab_observation *observation,
	const struct lab_verdict *verdict)
{
	struct scenario_expected expected =
		scenario_expected(scenario, observation->version, observation->stack);
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:{s:o, s:o}, s:b, s:s}", "scenario",
		scenario_name(scenario), "title", scenario->title, "tls",
		observation->version == TLS_1_3 ? "1.3" : "1.2", "profile",
		observation->stack ? "openssl" : "mtls", "expected",
		side_json(expected.refuses, expected.alert, expected.x509_error,
			expected.http_status),
		"observed", "client", report_json(&observation->client), "server",
		report_json(&observation->server), "as_expected", verdict->as_expected, "why",
		verdict->why);
}
