/* The measurement in words and in JSON. */
#include "cmd/bench_report.h"

#include "cmd/commands.h"

#include <inttypes.h>
#include <stdio.h>

#define TEXT_BYTES_MAX ((size_t)64 << 10)

static const double percentiles[] = { 50, 75, 90, 99, 99.9, 99.99 };
#define PERCENTILES (sizeof percentiles / sizeof *percentiles)

void bench_report_progress(void *context, uint64_t done, uint64_t failed, double seconds)
{
	(void)context;
	fprintf(stderr, "\r\033[K%3.0f s  %" PRIu64 " done, %" PRIu64 " failed, %.0f a second",
		seconds, done, failed, (double)done / seconds);
	fflush(stderr);
}

void bench_report_progress_end(void)
{
	fputs("\r\033[K", stderr);
}

const char *bench_report_mode(enum bench_mode mode)
{
	static const char *const names[] = { "requests", "full", "resumed", "idle" };
	return names[mode];
}

static double per_second(const struct bench_result *result)
{
	return result->seconds > 0 ? (double)result->operations.count / result->seconds : 0;
}

/* Microseconds of this process's CPU for one operation. */
static double cpu_us(const struct bench_result *result)
{
	double cpu = result->cpu_user + result->cpu_system;
	return result->operations.count ? cpu * 1e6 / (double)result->operations.count : 0;
}

/* ---- For people ---- */

static void line(struct buffer *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void line(struct buffer *text, const char *format, ...)
{
	char one[512];
	struct error error;
	va_list values;
	va_start(values, format);
	vsnprintf(one, sizeof one, format, values);
	va_end(values);
	if (!buffer_format(text, &error, "%s\n", one))
		bug("a report beyond its limit");
}

static void add_histogram(struct buffer *text, const char *what, const struct histogram *histogram)
{
	if (!histogram->count)
		return;
	line(text, "%s, in milliseconds: mean %.3f, lowest %.3f, highest %.3f", what,
		histogram_mean(histogram) / 1e6, (double)histogram->min_ns / 1e6,
		(double)histogram->max_ns / 1e6);
	for (size_t i = 0; i < PERCENTILES; i++)
		line(text, "  %6g %%  %10.3f", percentiles[i],
			(double)histogram_percentile(histogram, percentiles[i]) / 1e6);
}

static void add_failures(struct buffer *text, const struct bench_result *result)
{
	if (!result->failed)
		return;
	line(text, "%" PRIu64 " failed; the first: %s", result->failed, result->first_error.text);
	for (size_t i = 0; i < CODE_COUNT; i++)
		if (result->errors[i])
			line(text, "  %10" PRIu64 "  %s", result->errors[i],
				i == CODE_NONE ? "(no code)" : code_name((enum code)i));
	for (int i = 400; i < BENCH_STATUSES; i++)
		if (result->statuses[i])
			line(text, "  %10" PRIu64 "  HTTP %d", result->statuses[i], i);
}

int bench_report_text(const struct bench_options *options, const struct bench_result *result)
{
	OWN(buffer) struct buffer text = BUFFER(TEXT_BYTES_MAX);
	line(&text, "%s: %zu connection%s, %zu thread%s, %.2f s", bench_report_mode(options->mode),
		options->connections, options->connections == 1 ? "" : "s", options->threads,
		options->threads == 1 ? "" : "s", result->seconds);
	line(&text, "%" PRIu64 " operations, %.0f a second, %.1f MB received",
		result->operations.count, per_second(result), (double)result->received_bytes / 1e6);
	line(&text, "%" PRIu64 " handshakes, %" PRIu64 " of them resumed", result->handshakes.count,
		result->resumed);
	if (options->mode == BENCH_IDLE)
		line(&text, "%" PRIu64 " connections open at the end", result->held);
	if (options->rate > 0)
		line(&text,
			"rate %.0f a second asked for; %" PRIu64
			" operations were due and not done",
			options->rate, result->overdue);
	add_histogram(&text,
		options->rate > 0 ? "time from when each was due" : "time of an operation",
		&result->operations);
	add_histogram(&text, "time of a handshake", &result->handshakes);
	line(&text, "this client's CPU: %.2f s user, %.2f s system, %.1f microseconds an operation",
		result->cpu_user, result->cpu_system, cpu_us(result));
	add_failures(&text, result);
	return cmd_print(text.data, text.length);
}

/* ---- For programs ---- */

static json_t *histogram_json(const struct histogram *histogram)
{
	json_t *object = json_pack("{s:I, s:f, s:f, s:f}", "count", (json_int_t)histogram->count,
		"mean", histogram_mean(histogram) / 1e3, "min", (double)histogram->min_ns / 1e3,
		"max", (double)histogram->max_ns / 1e3);
	for (size_t i = 0; i < PERCENTILES; i++) {
		char name[16];
		snprintf(name, sizeof name, "p%g", percentiles[i]);
		json_object_set_new(object, name,
			json_real((double)histogram_percentile(histogram, percentiles[i]) / 1e3));
	}
	return object;
}

static json_t *errors_json(const struct bench_result *result)
{
	json_t *object = json_object();
	for (size_t i = 0; i < CODE_COUNT; i++)
		if (result->errors[i])
			json_object_set_new(object,
				i == CODE_NONE ? "other" : code_name((enum code)i),
				json_integer((json_int_t)result->errors[i]));
	return object;
}

static json_t *statuses_json(const struct bench_result *result)
{
	json_t *object = json_object();
	for (int i = 0; i < BENCH_STATUSES; i++) {
		char name[8];
		snprintf(name, sizeof name, "%d", i);
		if (result->statuses[i])
			json_object_set_new(
				object, name, json_integer((json_int_t)result->statuses[i]));
	}
	return object;
}

int bench_report_json(
	const char *url, const struct bench_options *options, const struct bench_result *result)
{
	bool failed = result->first_error.kind != ERROR_NONE;
	json_t *object = json_pack(
		"{s:s, s:s, s:i, s:i, s:f, s:f, s:I, s:f, s:I, s:I, s:I, s:I, s:I}", "url", url,
		"mode", bench_report_mode(options->mode), "connections", (int)options->connections,
		"threads", (int)options->threads, "rate", options->rate, "seconds", result->seconds,
		"operations", (json_int_t)result->operations.count, "per_second",
		per_second(result), "failed", (json_int_t)result->failed, "resumed",
		(json_int_t)result->resumed, "held", (json_int_t)result->held, "overdue",
		(json_int_t)result->overdue, "received_bytes", (json_int_t)result->received_bytes);
	json_object_set_new(object, "operation_us", histogram_json(&result->operations));
	json_object_set_new(object, "handshake_us", histogram_json(&result->handshakes));
	json_object_set_new(object, "errors", errors_json(result));
	json_object_set_new(object, "statuses", statuses_json(result));
	json_object_set_new(object, "first_error",
		failed ? json_string(result->first_error.text) : json_null());
	json_object_set_new(object, "cpu",
		json_pack("{s:f, s:f, s:f}", "user_s", result->cpu_user, "system_s",
			result->cpu_system, "us_per_operation", cpu_us(result)));
	return cmd_print_json(object);
}
