/* mtls doctor: why a handshake fails, who refused, and what to change. */
#include "doctor/doctor.h"
#include "cmd/commands.h"
#include "cmd/config.h"
#include "cmd/side.h"

#include <stdio.h>
#include <unistd.h>

#define TEXT_BYTES_MAX ((size_t)4 << 20)

static const struct option table[] = {
	SIDE_OPTIONS("server"),
	{ .name = "no-cert", .help = "show no certificate, even if the server asks" },
	{ .name = "name",
		.value = "NAME",
		.help = "expect a certificate for this name, and ask for it (default: the URL's "
			"host)" },
	{ .name = "alpn",
		.value = "NAMES",
		.preset = "http/1.1",
		.help = "application protocols to offer, with commas between" },
	{ .name = "server-log",
		.value = "FILE",
		.help = "the file that the server logs to, or a copy: its record is proof" },
	{ .name = "timeout",
		.value = "SECONDS",
		.preset = "10",
		.help = "give up a step after so long, 1 to 600" },
	{ .name = "json", .help = "print steps and findings as JSON" },
	CONFIG_OPTION,
	{ 0 },
};

static void show_progress(void *context, const char *step)
{
	(void)context;
	fprintf(stderr, "\r\033[K%s ...", step);
	fflush(stderr);
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text ? text : "";
}

static bool add_finding(
	const json_t *finding, size_t number, struct buffer *ret, struct error *reterr)
{
	const char *by = text_of(finding, "refused_by");
	const char *fix = text_of(finding, "fix"), *tell = text_of(finding, "server_side");
	bool certain = json_is_true(json_object_get(finding, "certain"));
	return buffer_format(ret, reterr, "%zu. %s: %s [%s]\n", number,
		       certain ? "certain" : "likely", text_of(finding, "text"),
		       text_of(finding, "code")) &&
	       buffer_format(ret, reterr, "   refused by  %s\n   evidence    %s\n",
		       strcmp(by, "own") ? by : "nobody: our own files",
		       text_of(finding, "evidence")) &&
	       (!*fix || buffer_format(ret, reterr, "   fix         %s\n", fix)) &&
	       (!*tell || buffer_format(ret, reterr, "   would tell  %s\n", tell));
}

static bool report_text(const json_t *report, struct buffer *ret, struct error *reterr)
{
	const json_t *steps = json_object_get(report, "steps");
	const json_t *findings = json_object_get(report, "findings");
	for (size_t i = 0; i < json_array_size(steps); i++) {
		const json_t *step = json_array_get(steps, i);
		bool ok = json_is_true(json_object_get(step, "ok"));
		long long ms = json_integer_value(json_object_get(step, "ms"));
		OWN(char) char *took = ms ? text_format(" (%lld ms)", ms) : text_copy("");
		if (!buffer_format(ret, reterr, "%-4s %-20s %s%s\n", ok ? "ok" : "-",
			    text_of(step, "name"), text_of(step, "text"), took))
			return false;
	}
	bool works = json_is_true(json_object_get(report, "works"));
	size_t count = json_array_size(findings);
	const json_t *first = json_array_get(findings, 0);
	bool certain = json_is_true(json_object_get(first, "certain"));
	if (!buffer_format(ret, reterr, "\n%s%s\n", works ? "It works." : "It does not work.",
		    works     ? ""
		    : certain ? ""
			      : " The cause cannot be known from this side; the likeliest first:"))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!add_finding(json_array_get(findings, i), i + 1, ret, reterr))
			return false;
	return true;
}

/* As elsewhere: 0 it works, 3 when nobody was there to refuse, or said anything in time, else 1. */
static int exit_code(const json_t *report)
{
	const json_t *first = json_array_get(json_object_get(report, "findings"), 0);
	const char *code = text_of(first, "code");
	if (json_is_true(json_object_get(report, "works")))
		return 0;
	bool nobody = !strcmp(code, code_name(CODE_CONNECTION_REFUSED)) ||
		      !strcmp(code, code_name(CODE_HOST_UNKNOWN)) ||
		      !strcmp(code, code_name(CODE_HANDSHAKE_TIMEOUT));
	return error_exit_code(nobody ? ERROR_NETWORK : ERROR_CHECK);
}

static bool read_options(
	struct args *args, struct side *side, struct doctor_options *ret, struct error *reterr)
{
	long long seconds = 0;
	const char *folder = args_text(args, "certs");
	OWN(char) char *usual = text_format("%s/client.crt", folder);
	/* A folder without a client's certificate is no mistake: then there is none. */
	bool bare =
		args_flag(args, "no-cert") || (!args_given(args, "cert") && !file_exists(usual));
	if (!side_read(args, "client", bare, side, reterr) ||
		!args_number(args, "timeout", 1, 600, &seconds, reterr))
		return false;
	ret->url = args_operand(args, 0);
	ret->name = args_text(args, "name");
	ret->tls = side->tls;
	if (!args_given(args, "ca") && side->tls.ca_count == 1 && !file_exists(side->tls.ca[0]))
		ret->tls.ca_count = 0;
	if (!args_given(args, "tls-min"))
		ret->tls.version_min = TLS_VERSION_ANY;
	ret->tls.alpn = args_text(args, "alpn");
	ret->server_log = args_text(args, "server-log");
	ret->ms_max = (unsigned)seconds * 1000;
	return true;
}

static int run(struct args *args)
{
	struct error error;
	OWN(side) struct side side = { 0 };
	OWN(config) struct config *config = NULL;
	OWN(json_t) json_t *report = NULL;
	OWN(buffer) struct buffer text = BUFFER(TEXT_BYTES_MAX);
	struct doctor_options wanted = { .progress = NULL };
	if (!config_apply(args, &config, &error) || !read_options(args, &side, &wanted, &error))
		return cmd_fail(&error);
	if (isatty(STDERR_FILENO))
		wanted.progress = show_progress;
	bool ok = doctor_diagnose(&wanted, &report, &error);
	if (wanted.progress)
		fputs("\r\033[K", stderr);
	if (!ok)
		return cmd_fail(&error);
	int code = exit_code(report), printed;
	if (args_flag(args, "json"))
		printed = cmd_print_json(TAKE(report));
	else
		printed = report_text(report, &text, &error) ? cmd_print(text.data, text.length)
							     : cmd_fail(&error);
	return printed ? printed : code;
}

const struct command doctor_command = {
	.name = "doctor",
	.summary = "Says why a handshake fails, who refused, and what to change",
	ONE_OPERAND("URL"),
	.options = table,
	.run = run,
	.details = "Looks at the server without a certificate, at our own files, and then tries "
		   "the handshake and a GET. Each finding is certain, by what our files, the wire "
		   "or the server's log prove, or likely. Certificates come from DIR/client.crt, "
		   "DIR/client.key and DIR/ca.crt unless given.\n"
		   "Exit codes: 0 it works, 1 it does not, 2 usage or input, 3 nobody is there, "
		   "or says nothing in time.",
};
