/* The control socket from inside: what an order is to the byte, and an answer that leaves in parts.
 */
#include "net_loop.h"

#include "server/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[] = "/tmp/mtls-control-test.XXXXXX";
static int log_ends[2];

static const char *const trusted[] = { "ca.crt" };
static struct reload_files files = {
	.tls = { .server = true,
		.verify_mode = TLS_VERIFY_REQUIRED,
		.cert = "one.crt",
		.key = "one.key",
		.ca = trusted,
		.ca_count = 1,
		.verify = { .purpose = PURPOSE_CLIENT, .depth_max = -1 } },
};

static int make_files(void **state)
{
	(void)state;
	return !mkdtemp(folder) || chdir(folder) || pipe2(log_ends, O_NONBLOCK) ||
	       system("for name in one ca; do openssl req -x509 -newkey ec -pkeyopt "
		      "ec_paramgen_curve:P-256 -nodes -subj /CN=$name -keyout $name.key -out "
		      "$name.crt 2>>openssl.err || exit; done; chmod 600 one.key");
}

static int remove_files(void **state)
{
	(void)state;
	OWN(char) char *command = text_format("rm -r '%s'", folder);
	close(log_ends[0]);
	close(log_ends[1]);
	return chdir("/") || system(command);
}

static size_t late; /* workers that do not take it */

static size_t publish(void *context, struct snapshot *snapshot)
{
	(void)context;
	(void)snapshot;
	return late;
}

/* ---- A server's half, and callers of the same thread ---- */

static struct {
	struct net_loop *loop;
	struct log log;
	struct reload *reload;
	struct control *control;
} server;

static void start(void)
{
	struct error error;
	server.loop = new_loop();
	server.log = (struct log){ .fd = log_ends[1], .level_min = LOG_INFO };
	files.tls.cert = "one.crt";
	if (!reload_new(server.loop, &files, &server.log, publish, NULL, &server.reload, &error) ||
		!control_new(
			server.loop, "sock", server.reload, &server.log, &server.control, &error))
		fail_msg("%s", error.text);
}

static void end(void)
{
	control_free(TAKE(server.control));
	reload_free(TAKE(server.reload));
	net_loop_free(TAKE(server.loop));
}

static int call(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "sock" };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

static void say(int fd, const void *bytes, size_t count)
{
	assert_int_equal(send(fd, bytes, count, MSG_NOSIGNAL), (ssize_t)count);
}

/* Turns the loop so often; whatever can be done by then is done. */
struct turns {
	struct net_timer *timer;
	int left;
};

static void turned(void *context)
{
	struct turns *turns = context;
	if (turns->left--)
		net_timer_start(turns->timer, 1);
	else
		net_loop_stop(server.loop);
}

static void turn(void)
{
	struct turns turns = { .left = 5 };
	turns.timer = net_timer_new(server.loop, turned, &turns);
	net_timer_start(turns.timer, 1);
	net_loop_run(server.loop);
	net_timer_free(turns.timer);
}

/* What has come so far: appended to `text`, which ends with NUL. True: and that was the end. */
static bool hear(int fd, char *text, size_t room)
{
	size_t length = strlen(text);
	ssize_t got;
	while ((got = recv(fd, text + length, room - 1 - length, 0)) > 0)
		text[length += (size_t)got] = 0;
	return got == 0 || errno == ECONNRESET;
}

static void drop_log(void)
{
	char said[65536];
	while (read(log_ends[0], said, sizeof said) > 0) {
	}
}

/* The answer to these bytes; "" for an end without one. */
static const char *answer(const void *bytes, size_t count)
{
	static char text[16384];
	int fd = call();
	text[0] = 0;
	say(fd, bytes, count);
	turn();
	if (!hear(fd, text, sizeof text))
		fail_msg("'%.*s' is not over: '%s'", (int)count, (const char *)bytes, text);
	close(fd);
	drop_log();
	return text;
}

/* ---- Orders ---- */

static void an_order_is_all_of_its_bytes(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t count;
		const char *shown; /* of an order that there is none of; NULL: reload */
	} rows[] = {
		{ "reload\n", 7, NULL },
		{ "reload\nreload\n", 14, NULL }, /* the second is not looked at */
		{ "reload\n\0\xff\n", 10, NULL },
		{ "reload\0\n", 8, "reload\\x00" },
		{ "reload\0stop\n", 12, "reload\\x00stop" },
		{ "\0reload\n", 8, "\\x00reload" },
		{ "\n", 1, "" },
		{ "\0\n", 2, "\\x00" },
		{ "reload \n", 8, "reload " },
		{ "reload\r\n", 8, "reload\\x0d" },
		{ "Reload\n", 7, "Reload" },
		{ "reloa\n", 6, "reloa" },
		{ "\xff\n", 2, "\\xff" },
	};
	start();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		json_error_t why;
		const char *text = answer(rows[i].bytes, rows[i].count);
		OWN(json_t) json_t *json = json_loads(text, 0, &why);
		if (!json)
			fail_msg("row %zu: '%s'", i, text);
		assert_int_equal(text[strlen(text) - 1], '\n');
		const char *result = json_string_value(json_object_get(json, "result"));
		if (!rows[i].shown) {
			assert_string_equal(result, CONTROL_UNCHANGED);
			continue;
		}
		OWN(char) char *wanted =
			text_format("there is no order '%s', only reload", rows[i].shown);
		assert_string_equal(result, CONTROL_REFUSED);
		assert_string_equal(json_string_value(json_object_get(json, "error")), wanted);
	}
	end();
}

/* Sixty-three bytes and their newline are an order; a byte more is a hang-up without a word. */
static void an_order_has_a_largest_size(void **state)
{
	(void)state;
	char bytes[200];
	memset(bytes, 'x', sizeof bytes);
	start();
	assert_string_equal(answer(bytes, 64), "");
	assert_string_equal(answer(bytes, sizeof bytes), "");
	bytes[62] = '\n';
	assert_non_null(strstr(answer(bytes, 63), "there is no order 'xxxx"));
	memset(bytes, 1, 62); /* each of which is shown as four */
	assert_non_null(strstr(answer(bytes, 63), "\\\\x01', only reload"));
	end();
}

static void an_order_may_come_in_pieces(void **state)
{
	(void)state;
	static const char order[] = "reload\n";
	char text[1024] = "";
	start();
	int fd = call();
	for (size_t i = 0; i < strlen(order); i++) {
		assert_false(hear(fd, text, sizeof text));
		assert_string_equal(text, "");
		say(fd, order + i, 1);
		turn();
	}
	assert_true(hear(fd, text, sizeof text));
	assert_string_equal(text, "{\"result\": \"unchanged\", \"snapshot\": 1}\n");
	close(fd);
	late = 2;
	fd = call();
	say(fd, order, strlen(order));
	turn();
	text[0] = 0;
	assert_true(hear(fd, text, sizeof text));
	assert_string_equal(text, "{\"result\": \"unchanged\", \"snapshot\": 1, \"late\": 2}\n");
	close(fd);
	late = 0;
	/* Its twin: who leaves before the newline has ordered nothing. */
	fd = call();
	say(fd, order, 6);
	close(fd);
	turn();
	assert_int_equal(reload_counts(server.reload).unchanged, 2);
	drop_log();
	end();
}

/* ---- An answer that leaves in parts ---- */

/* The server's end of the connection: the only socket that has the path and does not listen. */
static int find_accepted(void)
{
	for (int fd = 3; fd < 200; fd++) {
		struct sockaddr_un address = { .sun_family = AF_UNSPEC };
		socklen_t bytes = sizeof address, size = sizeof(int);
		int listens = 1;
		if (getsockname(fd, (struct sockaddr *)&address, &bytes) == 0 &&
			address.sun_family == AF_UNIX && !strcmp(address.sun_path, "sock") &&
			getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && !listens)
			return fd;
	}
	fail_msg("no connection was accepted");
	return -1;
}

/* A long name full of bytes that JSON writes as six: its error does not fit into a small buffer. */
static char long_name[800];

static int call_that_waits(void)
{
	const int smallest = 1;
	int fd = call();
	memset(long_name, 1, sizeof long_name - 1);
	for (size_t i = 100; i < sizeof long_name - 1; i += 100)
		long_name[i] = '/';
	turn();
	assert_int_equal(
		setsockopt(find_accepted(), SOL_SOCKET, SO_SNDBUF, &smallest, sizeof smallest), 0);
	files.tls.cert = long_name;
	say(fd, "reload\n", 7);
	turn();
	files.tls.cert = "one.crt";
	return fd;
}

static void the_rest_of_an_answer_follows(void **state)
{
	(void)state;
	char text[16384] = "";
	json_error_t why;
	start();
	int fd = call_that_waits();
	/* Part of it waits in the server; two more orders and the caller's end change nothing. */
	say(fd, "reload\nreload\n", 14);
	shutdown(fd, SHUT_WR);
	turn();
	assert_int_equal(reload_counts(server.reload).refused, 1);
	assert_int_equal(reload_counts(server.reload).unchanged, 0);
	bool first = hear(fd, text, sizeof text);
	assert_false(first); /* or nothing has waited, and this shows nothing */
	for (int i = 0; i < 50 && !hear(fd, text, sizeof text); i++)
		turn();
	OWN(json_t) json_t *json = json_loads(text, 0, &why);
	if (!json)
		fail_msg("%s: %zu bytes", why.text, strlen(text));
	assert_string_equal(json_string_value(json_object_get(json, "result")), CONTROL_REFUSED);
	assert_int_equal(reload_counts(server.reload).unchanged, 0);
	close(fd);
	drop_log();
	end();
}

static void who_leaves_half_way_leaves_a_place(void **state)
{
	(void)state;
	start();
	for (int i = 0; i < 10; i++) {
		int fd = call_that_waits();
		close(fd);
		turn();
		drop_log();
	}
	assert_non_null(strstr(answer("reload\n", 7), CONTROL_UNCHANGED));
	/* And with one that waits the server can end. */
	int fd = call_that_waits();
	end();
	close(fd);
	drop_log();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_order_is_all_of_its_bytes),
		cmocka_unit_test(an_order_has_a_largest_size),
		cmocka_unit_test(an_order_may_come_in_pieces),
		cmocka_unit_test(the_rest_of_an_answer_follows),
		cmocka_unit_test(who_leaves_half_way_leaves_a_place),
	};
	return cmocka_run_group_tests(tests, make_files, remove_files);
}
