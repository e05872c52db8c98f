/*
 * One self-contained file: style and script stand in it, and its Content-Security-Policy lets
 * nothing else in. It reads without the script, too: only the filters need it.
 */
#include "lab/html.h"

#include "lab/draw.h"

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<meta name=\"color-scheme\" content=\"light dark\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	"style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n"
	"<link rel=\"icon\" href=\"data:,\">\n"
	"<title>mtls lab</title>\n<style>\n"
	":root{--back:#fff;--text:#1a1d21;--faint:#5a636e;--line:#d5dae0;--card:#f6f8fa;"
	"--good:#116329;--bad:#b3140e;--wait:#7d4e00;--sealed:#0a53b3}\n"
	"@media(prefers-color-scheme:dark){:root{--back:#0f1216;--text:#e6e9ed;--faint:#a0a9b4;"
	"--line:#333a43;--card:#191e24;--good:#56d364;--bad:#ff8b83;--wait:#e3b341;"
	"--sealed:#79b8ff}}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0 auto;max-width:60rem;padding:1rem;background:var(--back);color:var(--text);"
	"font:16px/1.5 system-ui,sans-serif}\n"
	"h1{font-size:1.5rem;margin:.5rem 0}\n"
	"form{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.5rem;"
	"position:sticky;top:0;background:var(--back);padding:.5rem 0;z-index:1}\n"
	"label{font-size:.85rem;color:var(--faint)}\n"
	"select,input{display:block;width:100%;font:inherit;padding:.35rem;color:inherit;"
	"background:var(--card);border:1px solid var(--line);border-radius:.3rem}\n"
	"details{border:1px solid var(--line);border-radius:.4rem;margin:.4rem 0;"
	"background:var(--card)}\n"
	"summary{padding:.5rem .7rem;cursor:pointer;display:flex;flex-wrap:wrap;gap:.1rem .7rem}\n"
	"summary b{flex:1 1 14rem}\n"
	"summary span{color:var(--faint)}\n"
	"summary .ok{color:var(--good)}summary .differs{color:var(--bad)}"
	"summary .not-run{color:var(--wait)}\n"
	"details>div{padding:0 .7rem .7rem}\n"
	"p{margin:.4rem 0}\n"
	"svg{width:100%;max-width:34rem;height:auto;font:11px system-ui,sans-serif}\n"
	"svg text{fill:var(--text)}svg path{stroke:var(--text);stroke-width:1.5;fill:none}\n"
	"svg .sealed{stroke:var(--sealed);stroke-width:3}svg .head{fill:var(--text)}"
	"svg .lane{stroke:var(--line)}svg .alert text{fill:var(--bad)}\n"
	"[hidden]{display:none}\n"
	"</style>\n</head>\n<body>\n<h1>mtls lab</h1>\n";

static const char filters[] =
	"<form>\n"
	"<label>Code <input id=\"code\" type=\"search\" placeholder=\"client-expired\"></label>\n"
	"<label>Who refuses <select id=\"side\"><option value=\"\">anybody</option>"
	"<option>server</option><option>client</option><option>own configuration</option>"
	"<option>nobody</option></select></label>\n"
	"<label>Verdict <select id=\"verdict\"><option value=\"\">any</option>"
	"<option value=\"ok\">as expected</option><option value=\"differs\">differs</option>"
	"<option value=\"not-run\">not run</option></select></label>\n"
	"<label>TLS <select id=\"tls\"><option value=\"\">both</option><option>1.2</option>"
	"<option>1.3</option></select></label>\n</form>\n"
	"<p id=\"shown\" role=\"status\"></p>\n<main>\n";

static const char tail[] =
	"</main>\n<p>In the drawings a thick line is encrypted, a thin one is not, and a cross is "
	"what the other side never read.</p>\n<script>\n"
	"'use strict';\n"
	"const get = id => document.getElementById(id);\n"
	"const rows = [...document.querySelectorAll('details')];\n"
	"function filter() {\n"
	"  let shown = 0;\n"
	"  for (const row of rows) {\n"
	"    const hit = row.dataset.code.includes(get('code').value.trim()) &&\n"
	"      ['side', 'verdict', 'tls'].every(n => !get(n).value || get(n).value === "
	"row.dataset[n]);\n"
	"    row.hidden = !hit;\n"
	"    shown += hit;\n"
	"  }\n"
	"  get('shown').textContent = shown + ' of ' + rows.length + ' runs';\n"
	"}\n"
	"document.querySelector('form').addEventListener('input', filter);\n"
	"document.querySelector('form').addEventListener('change', filter);\n"
	"document.querySelector('form').addEventListener('submit', e => e.preventDefault());\n"
	"filter();\n"
	"</script>\n</body>\n</html>\n";

static must_check bool paragraph(
	const char *lead, const char *text, struct buffer *ret, struct error *reterr)
{
	return buffer_format(ret, reterr, "<p>%s", lead) && draw_escaped(text, ret, reterr) &&
	       buffer_text(ret, "</p>\n", reterr);
}

static must_check bool row(
	const struct lab_result *result, struct buffer *ret, struct error *reterr)
{
	const struct lab_run *run = &result->run;
	const struct scenario *scenario = run->scenario;
	struct scenario_expected expected = scenario_expected(scenario, run->version, run->stack);
	const char *tls = run->version == TLS_1_3 ? "1.3" : "1.2";
	const char *verdict = result->not_run               ? "not-run"
			      : result->verdict.as_expected ? "ok"
							    : "differs";
	char observed[LAB_TEXT_BYTES] = "not run", wanted[LAB_TEXT_BYTES];
	if (!result->not_run)
		lab_observed_text(&result->seen, observed);
	lab_expected_text(scenario, run->version, run->stack, wanted);
	return buffer_format(ret, reterr,
		       "<details data-code=\"%s\" data-side=\"%s\" data-verdict=\"%s\" "
		       "data-tls=\"%s\">\n<summary><b>%s</b> <span>TLS %s, %s</span> "
		       "<span>%s</span> "
		       "<span class=\"%s\">%s</span></summary>\n<div>\n",
		       scenario_name(scenario), lab_side_name(expected.refuses), verdict, tls,
		       scenario_name(scenario), tls, run->stack ? "OpenSSL's rules" : "our rules",
		       observed, verdict, verdict) &&
	       paragraph("", scenario->title, ret, reterr) &&
	       paragraph("", scenario->lesson, ret, reterr) &&
	       paragraph("Expected: ", wanted, ret, reterr) &&
	       (!result->not_run || paragraph("Not run: ", result->not_run, ret, reterr)) &&
	       (result->not_run || result->verdict.as_expected ||
		       paragraph("But: ", result->verdict.why, ret, reterr)) &&
	       (!json_array_size(result->seen.messages) ||
		       draw_svg(result->seen.messages, scenario->title, ret, reterr)) &&
	       buffer_text(ret, "</div>\n</details>\n", reterr);
}

bool lab_html(
	const struct lab_result *results, size_t count, struct buffer *ret, struct error *reterr)
{
	struct lab_summary summary = lab_summarize(results, count);
	OWN(char) char *words = lab_summary_text(&summary);
	if (!buffer_text(ret, head, reterr) || !buffer_format(ret, reterr, "<p>%s.</p>\n", words) ||
		!buffer_text(ret, filters, reterr))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!row(&results[i], ret, reterr))
			return false;
	return buffer_text(ret, tail, reterr);
}
