/* Reloading: all that is named is taken together, or nothing; and a snapshot lives as long as it
 * is held. */
#include "unit.h"

#include "net_loop.h"
#include "server/reload.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/mtls-reload-test.XXXXXX";
static int ends[2];
static char lines[8192];

static const char *const trusted[] = { "live/ca.crt" };
static const struct reload_files files = {
	.tls = { .server = true,
		.verify_mode = TLS_VERIFY_REQUIRED,
		.cert = "live/server.crt",
		.key = "live/server.key",
		.ca = trusted,
		.ca_count = 1,
		.verify = { .purpose = PURPOSE_CLIENT, .depth_max = -1 } },
	.policy_path = "live/mtls.cnf",
};

static int make_files(void **state)
{
	(void)state;
	return !mkdtemp(folder) || chdir(folder) ||
	       system("for name in one two ca; do openssl req -x509 -newkey ec -pkeyopt "
		      "ec_paramgen_curve:P-256 -nodes -subj /CN=$name -keyout $name.key -out "
		      "$name.crt 2>>openssl.err || exit; done; mkdir live");
}

static int remove_files(void **state)
{
	(void)state;
	OWN(char) char *command = text_format("rm -r '%s'", folder);
	return chdir("/") || system(command);
}

/* live/NAME holds what `from` holds; one rename, so that nobody reads a half. */
static void put(const char *from, const char *name)
{
	OWN(char)
	char *command = text_format(
		"cp %s live/new && chmod 600 live/new && mv live/new live/%s", from, name);
	assert_int_equal(system(command), 0);
}

static void put_policy(const char *text)
{
	FILE *file = fopen("policy", "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	put("policy", "mtls.cnf");
}

static int set_up(void **state)
{
	(void)state;
	put("one.crt", "server.crt");
	put("one.key", "server.key");
	put("ca.crt", "ca.crt");
	put_policy("[serve]\n");
	return pipe2(ends, O_NONBLOCK);
}

static int tear_down(void **state)
{
	(void)state;
	close(ends[0]);
	return close(ends[1]);
}

static const char *logged(void)
{
	ssize_t count = read(ends[0], lines, sizeof lines - 1);
	lines[count > 0 ? count : 0] = 0;
	return lines;
}

/* What was published, held. */
struct seen {
	struct net_loop *loop;
	struct snapshot *last;
	int count;
	size_t late; /* workers that do not take it */
};

static size_t publish(void *context, struct snapshot *snapshot)
{
	struct seen *seen = context;
	snapshot_free(seen->last);
	seen->last = snapshot_hold(snapshot);
	seen->count++;
	if (seen->loop)
		net_loop_stop(seen->loop);
	return seen->late;
}

static struct reload *started(struct net_loop *loop, const struct log *log, struct seen *seen)
{
	struct reload *reload = NULL;
	struct error why;
	if (!reload_new(loop, &files, log, publish, seen, &reload, &why))
		fail_msg("%s", why.text);
	assert_int_equal(seen->count, 1);
	assert_ptr_equal(reload_current(reload), seen->last);
	assert_int_equal(seen->last->number, 1);
	assert_string_equal(logged(), "");
	return reload;
}

#define START \
	OWN(net_loop) struct net_loop *loop = new_loop(); \
	const struct log log = { .fd = ends[1], .level_min = LOG_INFO }; \
	struct seen seen = { 0 }; \
	OWN(reload) struct reload *reload = started(loop, &log, &seen)

static struct error error;
static struct reloaded reloaded;

static void what_is_as_it_was_stays(void **state)
{
	(void)state;
	START;
	reloaded.changed = true;
	assert_true(reload_now(reload, "SIGHUP", &reloaded, &error));
	assert_false(reloaded.changed);
	assert_string_equal(logged(), "[SERVER] RELOAD | by=SIGHUP | no file has changed\n");
	/* Touched, or written anew with the same bytes: nobody has to shake hands again. */
	put("one.crt", "server.crt");
	assert_true(reload_now(reload, "a", &reloaded, &error));
	assert_false(reloaded.changed);
	/* The workers are asked whether they have it, each time: with the same one. */
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.last->number, 1);
	assert_int_equal(reloaded.late, 0);
	assert_int_equal(reload_counts(reload).unchanged, 2);
	assert_int_equal(reload_counts(reload).done, 0);
	snapshot_free(seen.last);
}

/* Accepted is not in force: neither the first answer nor a later one says so before it is. */
static void who_is_late_is_told_until_it_is_not(void **state)
{
	(void)state;
	static const char late_line[] =
		"[SERVER] RELOAD LATE | by=b | snapshot=2 | late=3 | WARNING: so many workers have "
		"not taken it up after 2 s, and judge by what was loaded before\n";
	START;
	put("two.crt", "server.crt");
	put("two.key", "server.key");
	seen.late = 3;
	assert_true(reload_now(reload, "b", &reloaded, &error));
	assert_true(reloaded.changed);
	assert_int_equal(reloaded.late, 3);
	OWN(char) char *first = text_format("[SERVER] RELOAD | by=b | snapshot=2\n%s", late_line);
	assert_string_equal(logged(), first);
	assert_true(reload_now(reload, "b", &reloaded, &error));
	assert_false(reloaded.changed);
	assert_int_equal(reloaded.late, 3);
	OWN(char) char *second =
		text_format("[SERVER] RELOAD | by=b | no file has changed\n%s", late_line);
	assert_string_equal(logged(), second);
	seen.late = 0;
	assert_true(reload_now(reload, "b", &reloaded, &error));
	assert_int_equal(reloaded.late, 0);
	assert_string_equal(logged(), "[SERVER] RELOAD | by=b | no file has changed\n");
	put("one.crt", "server.crt");
	put("one.key", "server.key");
	snapshot_free(seen.last);
}

static void what_has_changed_is_taken_together(void **state)
{
	(void)state;
	START;
	struct snapshot *first = snapshot_hold(seen.last);
	put("two.crt", "server.crt");
	put("two.key", "server.key");
	assert_true(reload_now(reload, "b", &reloaded, &error));
	assert_true(reloaded.changed);
	assert_string_equal(logged(), "[SERVER] RELOAD | by=b | snapshot=2\n");
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.last->number, 2);
	/* A connection that began under the first keeps all of it. */
	assert_int_equal(first->number, 1);
	assert_non_null(first->tls);
	assert_ptr_not_equal(first->tls, seen.last->tls);
	assert_int_equal(atomic_load(&first->owners), 1);
	snapshot_free(first);
	assert_int_equal(reload_counts(reload).done, 1);
	snapshot_free(seen.last);
}

static void empty_the_certificate(void)
{
	assert_int_equal(truncate("live/server.crt", 0), 0);
}
static void another_key(void)
{
	put("two.key", "server.key");
}
static void no_certificate(void)
{
	assert_int_equal(unlink("live/server.crt"), 0);
}
static void no_ca(void)
{
	assert_int_equal(unlink("live/ca.crt"), 0);
}
static void wrong_policy(void)
{
	put_policy("[policy]\nall = perhaps anyone; *; **\n");
}
static void empty_policy(void)
{
	put_policy("[serve]\n[policy]\n");
}

static const struct {
	void (*spoil)(void);
	const char *code, *why;
} spoilt[] = {
	{ empty_the_certificate, "", "'live/server.crt'" },
	{ another_key, " | code=key-mismatch", "'live/server.key'" },
	{ no_certificate, "", "'live/server.crt': No such file" },
	{ no_ca, "", "'live/ca.crt': No such file" },
	{ wrong_policy, "",
		"'live/mtls.cnf' line 2: the rule 'all': a rule begins with the word allow or "
		"deny" },
	{ empty_policy, "",
		"'live/mtls.cnf' line 2: [policy] has no rule, so that nobody could do anything" },
};

static void what_is_wrong_changes_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof spoilt / sizeof *spoilt; i++) {
		put("one.crt", "server.crt");
		put("one.key", "server.key");
		put("ca.crt", "ca.crt");
		put_policy("[serve]\n");
		START;
		spoilt[i].spoil();
		reloaded.changed = true;
		assert_false(reload_now(reload, "c", &reloaded, &error));
		if (!strstr(error.text, spoilt[i].why))
			fail_msg("row %zu: %s", i, error.text);
		OWN(char)
		char *wanted = text_format("[SERVER] RELOAD REFUSED | by=c%s | why=%s | still "
					   "serving what was loaded at ",
			spoilt[i].code, error.text);
		logged();
		if (strncmp(lines, wanted, strlen(wanted)) != 0)
			fail_msg("row %zu: %s, not %s", i, lines, wanted);
		assert_true(reloaded.changed); /* untouched */
		assert_int_equal(seen.count, 1);
		assert_ptr_equal(reload_current(reload), seen.last);
		assert_int_equal(reload_counts(reload).refused, 1);
		/* And it does not start with that either. */
		struct reload *none = NULL;
		assert_false(reload_new(loop, &files, &log, publish, &seen, &none, &error));
		assert_null(none);
		assert_non_null(strstr(error.text, spoilt[i].why));
		assert_int_equal(seen.count, 1);
		snapshot_free(seen.last);
	}
}

static void rules_come_and_go(void **state)
{
	(void)state;
	START;
	assert_null(seen.last->policy);
	put_policy("[policy]\nall = allow anyone; *; **\n");
	assert_true(reload_now(reload, "d", &reloaded, &error));
	assert_non_null(seen.last->policy);
	assert_int_equal(policy_rule_count(seen.last->policy), 1);
	assert_string_equal(policy_path(seen.last->policy), "live/mtls.cnf");
	put_policy("[policy]\nno = deny anyone; *; /x\nall = allow anyone; *; **\n");
	assert_true(reload_now(reload, "d", &reloaded, &error));
	assert_int_equal(policy_rule_count(seen.last->policy), 2);
	put_policy("[serve]\n");
	assert_true(reload_now(reload, "d", &reloaded, &error));
	assert_null(seen.last->policy);
	assert_int_equal(seen.last->number, 4);
	snapshot_free(seen.last);
}

/* Whoever may read the key is told of, at each reload that takes it. */
static void a_key_that_others_read_is_told_of(void **state)
{
	(void)state;
	START;
	put("two.crt", "server.crt");
	put("two.key", "server.key");
	assert_int_equal(chmod("live/server.key", 0644), 0);
	assert_true(reload_now(reload, "e", &reloaded, &error));
	assert_string_equal(logged(),
		"[SERVER] RELOAD | by=e | snapshot=2\n[SERVER] WARNING: 'live/server.key' can be "
		"read by others: chmod 600 'live/server.key'\n");
	snapshot_free(seen.last);
}

static void give_up(void *context)
{
	net_loop_stop(context);
}

static void a_file_that_changes_is_noticed(void **state)
{
	(void)state;
	START;
	(void)reload;
	/* Watching alone keeps no loop running. */
	OWN(net_timer) struct net_timer *patience = net_timer_new(loop, give_up, loop);
	net_timer_start(patience, 60000);
	seen.loop = loop;
	put_policy("[policy]\nall = allow anyone; GET; /a\n");
	net_loop_run(loop);
	assert_int_equal(seen.count, 2);
	assert_string_equal(logged(), "[SERVER] RELOAD | by=file change | snapshot=2\n");
	snapshot_free(seen.last);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_is_as_it_was_stays),
		TEST(who_is_late_is_told_until_it_is_not),
		TEST(what_has_changed_is_taken_together),
		TEST(what_is_wrong_changes_nothing),
		TEST(rules_come_and_go),
		TEST(a_key_that_others_read_is_told_of),
		TEST(a_file_that_changes_is_noticed),
	};
	return cmocka_run_group_tests(tests, make_files, remove_files);
}
