/* Looking at what a start would load: what is counted, what is warned of, and what is refused. */
#include "certs.h"

#include "server/server.h"

#include <sys/stat.h>

static const char *ca_path, *server_cert, *server_key, *other_key, *with_rules, *without_rules;
static time_t today;

static int make_files(void **state)
{
	(void)state;
	today = time(NULL);
	static const char rules[] = "[policy]\na = deny CN=x; *; /x\nb = allow anyone; *; **\n";
	static const char none[] = "[serve]\nport = 1\n";
	struct made *ca =
		MAKE(NULL, .subject = "CN=CA", .key = "P-256#1", .extensions = CA_EXTENSIONS,
			.not_before = today - DAY, .not_after = today + 100 * DAY);
	struct made *server = MAKE(ca, .subject = "CN=localhost", .extensions = SERVER_EXTENSIONS,
		.not_before = today - DAY, .not_after = today + 50 * DAY);
	ca_path = WRITE("ca.crt", ca->certificate);
	server_cert = WRITE("server.crt", server->certificate);
	server_key = certs_write_key("server.key", server->key, NULL);
	other_key = certs_write_key("other.key", ca->key, NULL);
	with_rules = certs_write_bytes("rules.cnf", rules, strlen(rules));
	without_rules = certs_write_bytes("none.cnf", none, strlen(none));
	return chmod(server_key, 0600);
}

static struct server_options good(void)
{
	return (struct server_options){
		.tls = { .server = true,
			.verify_mode = TLS_VERIFY_REQUIRED,
			.cert = server_cert,
			.key = server_key,
			.ca = &ca_path,
			.ca_count = 1,
			.verify = { .purpose = PURPOSE_CLIENT, .depth_max = -1 } },
	};
}

static struct server_checked checked(const struct server_options *options)
{
	struct server_checked found;
	struct error error;
	if (!server_check(options, &found, &error))
		fail_msg("%s", error.text);
	return found;
}

/* The warnings are these lines and no others. */
static void warns(const struct server_options *options, const char *lines)
{
	struct error error;
	OWN(buffer) struct buffer said = BUFFER(8192);
	struct server_checked found = checked(options);
	size_t i;
	json_t *line;
	assert_true(buffer_text(&said, "", &error));
	json_array_foreach(found.warnings, i, line)
		assert_true(buffer_format(&said, &error, "%s\n", json_string_value(line)));
	assert_string_equal(said.data ? said.data : "", lines);
	server_checked_done(&found);
}

static void what_is_good_is_counted(void **state)
{
	(void)state;
	struct server_options options = good();
	struct server_checked found = checked(&options);
	assert_string_equal(found.certificate->common_name, "localhost");
	assert_int_equal(found.certificate->not_after, today + 50 * DAY);
	assert_int_equal(found.trust.anchors, 1);
	assert_int_equal(found.trust.anchors_until, today + 100 * DAY);
	assert_int_equal(found.trust.crls, 0);
	assert_int_equal(found.trust.crls_until, 0);
	assert_false(found.has_policy);
	assert_int_equal(found.rules, 0);
	assert_int_equal(json_array_size(found.warnings), 0);
	server_checked_done(&found);
}

static void rules_are_counted(void **state)
{
	(void)state;
	struct server_options options = good();
	options.policy_path = with_rules;
	struct server_checked found = checked(&options);
	assert_true(found.has_policy);
	assert_int_equal(found.rules, 2);
	server_checked_done(&found);
	/* The twin: a file without [policy] is none. */
	options.policy_path = without_rules;
	found = checked(&options);
	assert_false(found.has_policy);
	assert_int_equal(found.rules, 0);
	server_checked_done(&found);
}

/* Whom nobody asks for, no CA can let in: its dates are nobody's business then. */
static void trust_counts_where_somebody_is_asked(void **state)
{
	(void)state;
	static const struct {
		enum tls_verify mode;
		size_t anchors;
	} rows[] = { { TLS_VERIFY_REQUIRED, 1 }, { TLS_VERIFY_OPTIONAL, 1 },
		{ TLS_VERIFY_NONE, 0 } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct server_options options = good();
		options.tls.verify_mode = rows[i].mode;
		struct server_checked found = checked(&options);
		assert_int_equal(found.trust.anchors, rows[i].anchors);
		server_checked_done(&found);
	}
}

static char *ends_in(
	const char *what, time_t days, const char *then, const char *name, time_t until)
{
	char text[CLOCK_RFC3339_BYTES];
	return text_format("%s ends in %lld day%s, and then %s: %s, until %s\n", what,
		(long long)days, days == 1 ? "" : "s", then, name, clock_rfc3339(until, text));
}

/* A margin of an hour to each limit: the clock goes on while this runs. */
#define HOUR 3600

static void a_certificate_that_ends_soon_is_told_of(void **state)
{
	(void)state;
	static const struct {
		time_t days;
		bool told;
	} rows[] = { { 1, true }, { 13, true }, { 29, true }, { 30, false }, { 40, false } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		time_t days = rows[i].days, until = today + days * DAY + HOUR;
		struct made *ca = MAKE(NULL, .subject = "CN=own", .key = "P-256#1",
			.extensions = CA_EXTENSIONS, .not_before = today - 900 * DAY,
			.not_after = until);
		struct made *leaf = MAKE(ca, .subject = "CN=soon", .extensions = SERVER_EXTENSIONS,
			.not_before = today - 900 * DAY, .not_after = until);
		struct server_options options = good();
		const char *path = WRITE("soon.crt", ca->certificate);
		OWN(char)
		char *server = ends_in(
			"the server's certificate", days, "no client trusts it", "CN=soon", until);
		OWN(char)
		char *anchor = ends_in("a CA that is trusted", days,
			"every client of it is refused", "CN=own", until);
		options.tls.cert = WRITE("leaf.crt", leaf->certificate);
		warns(&options, rows[i].told ? server : "");
		options = good();
		options.tls.ca = &path;
		warns(&options, rows[i].told ? anchor : "");
		/* Whom nobody asks for, no CA can let in. */
		options.tls.verify_mode = TLS_VERIFY_NONE;
		warns(&options, "");
	}
}

static void a_crl_that_ends_soon_is_told_of(void **state)
{
	(void)state;
	static const struct {
		time_t days;
		bool told;
	} rows[] = { { 1, true }, { 3, true }, { 4, false }, { 14, false } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		time_t until = today + rows[i].days * DAY + HOUR;
		struct server_options options = good();
		const char *path = certs_write_crl("soon.crl", &made[0],
			&(struct crl_spec){
				.last_update = today - 10 * DAY, .next_update = until });
		options.tls.crl = &path;
		options.tls.crl_count = 1;
		OWN(char)
		char *line = ends_in(
			"a CRL", rows[i].days, "every client of its CA is refused", "CN=CA", until);
		warns(&options, rows[i].told ? line : "");
		/* Counted either way. */
		struct server_checked found = checked(&options);
		assert_int_equal(found.trust.crls, 1);
		assert_int_equal(found.trust.crls_since, today - 10 * DAY);
		assert_int_equal(found.trust.crls_until, until);
		server_checked_done(&found);
	}
}

/* The same dangers that a start warns of. */
static void a_key_that_others_read_is_told_of(void **state)
{
	(void)state;
	struct server_options options = good();
	OWN(char)
	char *line =
		text_format("'%s' can be read by others: chmod 600 '%s'\n", server_key, server_key);
	static const mode_t modes[] = { 0640, 0604, 0644, 0620, 0600, 0400 };
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		assert_int_equal(chmod(server_key, modes[i]), 0);
		warns(&options, modes[i] & 077 ? line : "");
	}
	assert_int_equal(chmod(server_key, 0600), 0);
}

static void a_ca_key_in_reach_is_told_of(void **state)
{
	(void)state;
	struct server_options options = good();
	const char *path = certs_write_key("ca.key", made[0].key, NULL);
	OWN(char)
	char *line = text_format("'%s' can be read by this server, which never needs it: who "
				 "breaks in here can issue certificates\n",
		path);
	warns(&options, line);
	assert_int_equal(unlink(path), 0);
	warns(&options, "");
}

static void absent_certificate(struct server_options *options)
{
	options->tls.cert = "/absent/server.crt";
}
static void absent_key(struct server_options *options)
{
	options->tls.key = "/absent/server.key";
}
static void foreign_key(struct server_options *options)
{
	options->tls.key = other_key;
}
static void absent_policy(struct server_options *options)
{
	options->policy_path = "/absent/mtls.cnf";
}
static void certificate_as_policy(struct server_options *options)
{
	options->policy_path = server_cert;
}
static void absent_root(struct server_options *options)
{
	options->root = "/absent";
}
static void file_as_root(struct server_options *options)
{
	options->root = server_cert;
}

static const struct {
	void (*spoil)(struct server_options *options);
	const char *code, *names;
} spoilt[] = {
	{ absent_certificate, "", "'/absent/server.crt': No such file" },
	{ absent_key, "", "'/absent/server.key': No such file" },
	{ foreign_key, "key-mismatch", "other.key'" },
	{ absent_policy, "", "'/absent/mtls.cnf'" },
	{ certificate_as_policy, "", "server.crt'" },
	{ absent_root, "", "serve the folder '/absent': No such file" },
	{ file_as_root, "", "server.crt': Not a directory" },
};

static void what_is_wrong_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof spoilt / sizeof *spoilt; i++) {
		struct server_options options = good();
		struct server_checked untouched = { .rules = 77 };
		struct error error;
		spoilt[i].spoil(&options);
		if (server_check(&options, &untouched, &error))
			fail_msg("row %zu is good", i);
		if (!strstr(error.text, spoilt[i].names))
			fail_msg("row %zu: %s", i, error.text);
		assert_string_equal(code_name(error.code), spoilt[i].code);
		assert_int_equal(error_exit_code(error.kind), 2);
		assert_int_equal(untouched.rules, 77);
		assert_null(untouched.warnings);
	}
	/* The twin: a folder will do. */
	struct server_options options = good();
	options.root = "/";
	warns(&options, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_good_is_counted),
		cmocka_unit_test(rules_are_counted),
		cmocka_unit_test(trust_counts_where_somebody_is_asked),
		cmocka_unit_test(a_certificate_that_ends_soon_is_told_of),
		cmocka_unit_test(a_crl_that_ends_soon_is_told_of),
		cmocka_unit_test(a_key_that_others_read_is_told_of),
		cmocka_unit_test(a_ca_key_in_reach_is_told_of),
		cmocka_unit_test(what_is_wrong_is_named),
	};
	return cmocka_run_group_tests(tests, make_files, certs_end);
}
